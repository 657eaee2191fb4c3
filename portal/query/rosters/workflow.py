"""The ways of a list and of its parts: a list goes to the branches and is closed; a branch confirms or objects."""

from __future__ import annotations

from sqlalchemy import func, select

from portal.core import db as database
from portal.core import notices
from portal.core.actors import Actor
from portal.core.db import db
from portal.core.errors import Absent
from portal.core.workflow import Step, Workflow
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import OPEN, PartState, Roster, RosterPart
from .models import PartState as Q
from .models import RosterState as S

CLOSED = "名单已定稿或作废，不能再改动"
SHOWN: tuple[S, ...] = (S.CHECKING, S.CLOSED)  # to the branches


def the_unit(item: Roster) -> OrgUnit:
    """Where the list is kept."""
    return item.unit


def the_branch(part: RosterPart) -> OrgUnit:
    """Where the part is checked."""
    return part.unit


def the_keeper(part: RosterPart) -> OrgUnit:
    """Where the list of the part is kept."""
    return part.roster.unit


def nobody(item: Roster | RosterPart, actor: Actor) -> bool:
    """A list is about many: whoever is in charge of it may stand on it herself."""
    return False


# --- the list ---------------------------------------------------------------------------------------------------------


def fetch(actor: Actor, item_id: int) -> Roster:
    """Return a list in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Roster = access.fetch(Roster, item_id, actor, P.ROSTER_KEEP)
    return item


def has_branches(item: Roster) -> bool:
    """Whether anybody below the list's own unit has a part to check."""
    query = select(RosterPart.id).where(RosterPart.roster_id == item.id, RosterPart.unit_id != item.unit_id)
    return db.session.scalar(query.limit(1)) is not None


def _nobody_to_ask(item: Roster, actor: Actor) -> str:
    return "" if has_branches(item) else "名单上的人都在本级，不需要发分工会核对，可以直接定稿"


def _objections(item: Roster, actor: Actor) -> str:
    query = select(func.count(RosterPart.id)).where(RosterPart.roster_id == item.id, RosterPart.state == Q.OBJECTED)
    number = db.session.scalar(query) or 0
    return f"还有 {number} 个分工会的异议没有答复，请先答复" if number else ""


def notify(item: Roster, step: Step, actor: Actor, comment: str) -> None:
    """Tell the branches of a list that they are to check."""
    if step.action != "put_out":
        return
    for part in item.parts:
        ask(part)


def ask(part: RosterPart) -> None:
    """Tell the branch of a part that it is to check it."""
    people = access.people_with(P.ROSTER_CHECK, part.unit)
    notices.tell(people, f"请核对名单：{part.roster.title}", part.unit.name, f"/query/rosters/parts/{part.id}")


ROSTERS = Workflow(
    "rosters", "名单", Roster, (
        Step("put_out", "发分工会核对", (S.DRAFT,), S.CHECKING, P.ROSTER_KEEP, at=the_unit, not_yet=_nobody_to_ask,
             tone="primary", confirm="各分工会只看到自己的部分，可以确认“核对无误”或提出异议。"),
        Step("close", "定稿", OPEN, S.CLOSED, P.ROSTER_KEEP, at=the_unit, not_yet=_objections,
             confirm="定稿后不能再增补、核减，分工会也不能再提异议。"),
        Step("void", "作废", OPEN, S.VOID, P.ROSTER_KEEP, at=the_unit, comment_required=True, tone="danger",
             confirm="作废后名单只能查看，不能再核对、打印或恢复。"),
    ), fetch, nobody, notify,
)  # fmt: skip


# --- the part of a branch ---------------------------------------------------------------------------------------------


def fetch_part(actor: Actor, part_id: int) -> RosterPart:
    """Return a part that the actor keeps or is to check, the list locked before it if the request writes.

    A branch sees its part from when it is asked on. Raises Absent.
    """
    if not isinstance(actor, User):
        raise Absent
    roster_id = db.session.scalar(select(RosterPart.roster_id).where(RosterPart.id == part_id))
    lists = select(Roster).where(Roster.id == roster_id)
    parts = select(RosterPart).where(RosterPart.id == part_id)
    if database.is_writing():
        lists, parts = lists.with_for_update(of=Roster), parts.with_for_update(of=RosterPart)
    roster = db.session.scalars(lists.execution_options(populate_existing=True)).one_or_none()
    part = db.session.scalars(parts.execution_options(populate_existing=True)).one_or_none()
    if roster is None or part is None:
        raise Absent
    is_asked = roster.state in SHOWN and actor.may(P.ROSTER_CHECK, part.unit)
    if not is_asked and not actor.may(P.ROSTER_KEEP, roster.unit):
        raise Absent
    return part


def _while_checked(part: RosterPart, actor: Actor) -> str:
    if part.roster.state is S.DRAFT:
        return "名单还没有发分工会核对"
    return "" if part.roster.state is S.CHECKING else CLOSED


def _objected(part: RosterPart, actor: Actor, *, comment: str) -> None:
    part.objection, part.answer = comment[:500], ""


def _answered(part: RosterPart, actor: Actor, *, comment: str) -> None:
    part.answer = comment[:500]


def notify_of_part(part: RosterPart, step: Step, actor: Actor, comment: str) -> None:
    """Tell who keeps the list of an objection, and the branch of an answer or of a change."""
    link, title = f"/query/rosters/parts/{part.id}", part.roster.title
    if step.action == "object":
        people = access.people_with(P.ROSTER_KEEP, part.roster.unit)
        notices.tell(people, f"{part.unit.name}对名单有异议：{title}", comment, link)
    elif step.action in ("answer", "recheck"):
        word = "名单异议已答复" if step.action == "answer" else "名单有变动，请再核对"
        notices.tell(access.people_with(P.ROSTER_CHECK, part.unit), f"{word}：{title}", comment, link)


PARTS = Workflow(
    "roster_parts", "名单核对", RosterPart, (
        Step("confirm", "核对无误", (Q.WAITING, Q.ANSWERED), Q.CONFIRMED, P.ROSTER_CHECK, at=the_branch,
             not_yet=_while_checked, tone="primary"),
        Step("object", "提出异议", (Q.WAITING, Q.ANSWERED, Q.CONFIRMED), Q.OBJECTED, P.ROSTER_CHECK, at=the_branch,
             not_yet=_while_checked, effect=_objected, comment_required=True),
        Step("answer", "答复异议", (Q.OBJECTED,), Q.ANSWERED, P.ROSTER_KEEP, at=the_keeper, not_yet=_while_checked,
             effect=_answered, comment_required=True, tone="primary"),
        Step("recheck", "请分工会再核对", (Q.CONFIRMED,), Q.WAITING, P.ROSTER_KEEP, at=the_keeper,
             not_yet=_while_checked),
    ), fetch_part, nobody, notify_of_part,
)  # fmt: skip


def asked(state: PartState) -> bool:
    """Whether a part in this state waits for its branch."""
    return state in (Q.WAITING, Q.ANSWERED)
