"""The way of an objection: whoever stands at the level that edited answers it, or sets the record back."""

from __future__ import annotations

from sqlalchemy import select

from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.workflow import Step, Workflow
from portal.members import amending, history
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Objection
from .models import ObjectionState as S


def the_branch(item: Objection) -> OrgUnit:
    """Where it is answered if the branch edited."""
    return item.unit


def the_union(item: Objection) -> OrgUnit:
    """Where it is answered if the union edited."""
    return access.approving_unit(item.unit)


def fetch(actor: Actor, item_id: int) -> Objection:
    """Return an objection in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Objection = access.fetch(Objection, item_id, actor, P.CHANGE_AGREE)
    return item


def concerns(item: Objection, actor: Actor) -> bool:
    """Whether it is the actor's own."""
    return actor.id is not None and item.member.user_id == actor.id


def by_another(item: Objection, actor: Actor) -> str:
    """Say that whoever made the edit does not judge it."""
    is_hers = actor.id is not None and item.version.recorded_by == actor.id
    return "这是您自己所做的修改，须由其他有权限的人员答复" if is_hers else ""


def answered(item: Objection, actor: Actor, *, comment: str) -> None:
    """Leave the record as it is, and say why."""
    item.answer, item.decided_at = comment, now()


def set_back(item: Objection, actor: Actor, *, comment: str) -> None:
    """Let the record say again what it said before the edit. Raises DomainError where it has been edited since."""
    query = select(Member).where(Member.id == item.member_id).with_for_update(of=Member)
    member = db.session.scalars(query.execution_options(populate_existing=True)).one()
    for name in item.names:
        if not history.same(history.value_of(member, name), history.value_of(item.version, name)):
            raise DomainError("这些信息此后又有修改，不能直接改回，请修改会员信息后点“答复”")
    old = {name: history.value_of(item.before, name) for name in item.names}
    amending.amend(member, old, actor, since=today(), reason="本人有异议，改回原来的内容", batch_id=item.uuid)
    item.answer, item.decided_at = comment, now()


def withdrawn(item: Objection, actor: Actor, *, comment: str) -> None:
    """Close it without an answer."""
    item.decided_at = now()


def notify(item: Objection, step: Step, actor: Actor, comment: str) -> None:
    """Tell the member what became of it."""
    if item.member.user_id not in (None, actor.id):
        title = f"您对修改{item.labels}的异议{item.state.label}"
        notices.tell([item.member.user_id or 0], title[:200], comment, f"/changes/objections/{item.id}")


_BACK = "会员信息改回修改以前的内容，会员会收到通知。"
OBJECTIONS = Workflow(
    "objections", "异议", Objection, (
        Step("answer", "答复", (S.WAITING_BRANCH,), S.ANSWERED, P.CHANGE_AGREE, at=the_branch, effect=answered,
             not_yet=by_another, comment_required=True),
        Step("set_back", "改回", (S.WAITING_BRANCH,), S.SET_BACK, P.CHANGE_AGREE, at=the_branch, effect=set_back,
             not_yet=by_another, tone="primary", confirm=_BACK),
        Step("answer_by_union", "答复", (S.WAITING_UNION,), S.ANSWERED, P.CHANGE_DECIDE, at=the_union, effect=answered,
             not_yet=by_another, comment_required=True),
        Step("set_back_by_union", "改回", (S.WAITING_UNION,), S.SET_BACK, P.CHANGE_DECIDE, at=the_union,
             effect=set_back, not_yet=by_another, tone="primary", confirm=_BACK),
        Step("withdraw", "撤回", (S.WAITING_BRANCH, S.WAITING_UNION), S.WITHDRAWN, own=True, effect=withdrawn,
             tone="danger", confirm="撤回后这次异议结束。"),
    ), fetch, concerns, notify,
)  # fmt: skip
