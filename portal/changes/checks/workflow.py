"""The way of a check and of its parts: each branch signs, the union ends it."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.actors import Actor
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent
from portal.core.workflow import Step, Workflow
from portal.members import service as members
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Check, CheckPart
from .models import CheckState as C
from .models import PartState as S


def the_unit(item: Check | CheckPart) -> OrgUnit:
    """Where it is done."""
    return item.unit


def fetch_check(actor: Actor, item_id: int) -> Check:
    """Return a check that the actor looks after, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Check = access.fetch(Check, item_id, actor, P.CHANGE_DECIDE)
    return item


def fetch_part(actor: Actor, item_id: int) -> CheckPart:
    """Return a part in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: CheckPart = access.fetch(CheckPart, item_id, actor, P.CHANGE_AGREE)
    return item


def concerns(item: Check | CheckPart, actor: Actor) -> bool:
    """It is about nobody in person."""
    return False


def notify(item: Check | CheckPart, step: Step, actor: Actor, comment: str) -> None:
    """Nobody is told: the page of the check shows how far each branch is."""


def members_of(part: CheckPart) -> list[int]:
    """Return the numbers of those who are on the branch's list now, in order."""
    query = select(Member.id).where(
        Member.unit_id == part.unit_id, Member.membership_status.in_([str(one) for one in members.LIVE])
    )
    return sorted(db.session.scalars(query))


def while_open(item: CheckPart, actor: Actor) -> str:
    """Say that the check is over, where it is."""
    return "" if item.check.state is C.OPEN else "这次核对已经结束，不能再签字或撤回"


def people_of(part: CheckPart) -> list[int]:
    """Return who signs in the branch's own name."""
    return access.people_with(P.CHANGE_AGREE, part.unit, at_unit_only=True)


def by_the_branch(item: CheckPart, actor: Actor) -> str:
    """Say that the branch signs, or that the check is over; a union signs only for a branch that has nobody."""
    if why := while_open(item, actor):
        return why
    own = people_of(item)
    return "名单由分工会自己核对签字，校工会只催办" if own and actor.id not in own else ""


def is_for_branch(part: CheckPart) -> bool:
    """Whether the union has signed in the place of a branch that had nobody."""
    signer = part.signer
    return signer is not None and signer.id not in people_of(part) and signer.may(P.CHANGE_DECIDE, part.unit)


def signed(item: CheckPart, actor: Actor, *, comment: str) -> None:
    """Keep who has signed, when, and for whom."""
    item.signed_at, item.signed_by, item.member_ids = now(), actor.id, members_of(item)


def taken_back(item: CheckPart, actor: Actor, *, comment: str) -> None:
    """Let it wait again."""
    item.signed_at, item.signed_by, item.member_ids = None, None, []


CHECKS = Workflow(
    "checks", "信息核对", Check, (
        Step("close", "结束核对", (C.OPEN,), C.CLOSED, P.CHANGE_DECIDE, at=the_unit,
             confirm="结束后分工会不能再签字，名单仍可查看。"),
    ), fetch_check, concerns, notify,
)  # fmt: skip
CHECK_PARTS = Workflow(
    "check_parts", "分工会信息核对", CheckPart, (
        Step("sign", "核对无误，签字", (S.WAITING,), S.SIGNED, P.CHANGE_AGREE, at=the_unit, effect=signed,
             not_yet=by_the_branch, tone="primary", confirm="签字表示名单上的会员和他们的信息已经核对无误。"),
        Step("take_back", "撤回签字", (S.SIGNED,), S.WAITING, P.CHANGE_AGREE, at=the_unit, effect=taken_back,
             not_yet=by_the_branch),
    ), fetch_part, concerns, notify,
)  # fmt: skip
