"""What becomes of a unit's members, and of all that hangs on the unit, when it is closed, merged or split.

The members move in one transaction with few statements, however many they are. The floor does not know its rooms: each
declares what of its own hangs on a unit, how much that is, and what is done about it; the roof hands that in here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, func, insert, select, update

from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import db
from portal.org.models import OrgUnit

from . import many, turning
from .enums import ChangeReason, ChangeType
from .models import Member, MembershipChange
from .service import LIVE

_CHANGES = cast(Table, MembershipChange.__table__)


@dataclass(frozen=True)
class Ending:
    """The end of `unit` (what is below it included), or of its part that leaves.

    `moved` are the numbers of its members, each with the unit that she goes to; `heir` takes what belongs to no member.
    `closes` says that nothing is left of the unit, `keeps_posts` that posts go along with those who hold them.
    """

    unit: OrgUnit
    heir: OrgUnit
    moved: Mapping[int, OrgUnit]
    on: date
    batch_id: str
    closes: bool
    keeps_posts: bool

    @property
    def reason(self) -> str:
        """The words for the traces."""
        return f"{self.unit.name}撤并"


@dataclass(frozen=True)
class Follower:
    """What of a room hangs on a unit: in words, how much it is, and what to do about it in the same transaction."""

    label: str
    count: Callable[[OrgUnit], int]
    follow: Callable[[Actor, Ending], None]


_followers: list[Follower] = []
_declared: list[Follower] = []


def use(followers: Iterable[Follower]) -> None:
    """Let these look after what is their own, each time a unit ends; the members have moved by then."""
    _followers[:] = followers


def go_along(label: str, model: type[Any], open_states: Collection[Any]) -> None:
    """Let the open rows of `model` go along with the member they are about: her unit decides on them.

    She goes by herself, or with all others when her unit ends. `model` has a `member_id`, a `unit` and a `state`;
    `label` says what the rows are.
    """

    def count(unit: OrgUnit) -> int:
        query = select(func.count()).select_from(model)
        return db.session.scalar(query.where(_at(model, unit), model.state.in_(open_states))) or 0

    def follow(actor: Actor, ending: Ending) -> None:
        query = select(model).where(many.among(model.member_id, ending.moved), model.state.in_(open_states))
        for item in db.session.scalars(query.order_by(model.id).with_for_update(of=model)):
            item.unit, item.unit_id = ending.moved[item.member_id], ending.moved[item.member_id].id

    def after(actor: Actor, member: Member, change: MembershipChange) -> None:
        elsewhere = select(model).where(model.member_id == member.id, model.unit_id != member.unit_id)
        query = elsewhere.where(model.state.in_(open_states)).order_by(model.id)
        for item in db.session.scalars(query.with_for_update(of=model)):
            item.unit, item.unit_id = member.unit, member.unit_id

    turning.afterwards(after)
    _declared.append(Follower(label, count, follow))


def inherit(label: str, model: type[Any], *living: ColumnElement[bool]) -> None:
    """Let the unit's own rows of `model`, as far as `living` holds, go to its heir when it closes.

    They belong to no member: a group, a wording, a list of people who are expected. `label` says what they are.
    """

    def count(unit: OrgUnit) -> int:
        return db.session.scalar(select(func.count()).select_from(model).where(_at(model, unit), *living)) or 0

    def follow(actor: Actor, ending: Ending) -> None:
        if ending.closes:
            db.session.execute(update(model).where(_at(model, ending.unit), *living).values(unit_id=ending.heir.id))

    _declared.append(Follower(label, count, follow))


def _at(model: type[Any], unit: OrgUnit) -> ColumnElement[bool]:
    below = select(OrgUnit.id).where(unit.subtree)
    return cast(ColumnElement[bool], model.unit_id.in_(below))


def hanging_on(unit: OrgUnit) -> list[tuple[str, int]]:
    """Return what hangs on the unit and those below, in words with its number; what there is none of is left out."""
    counted = [(follower.label, follower.count(unit)) for follower in (*_followers, *_declared)]
    return [(label, number) for label, number in counted if number]


def living(unit: OrgUnit) -> list[tuple[int, str | None, str | None]]:
    """Return number, department and 工号 of the living members of the unit and of those below, by number."""
    query = select(Member.id, Member.department, Member.staff_no).where(
        _at(Member, unit), Member.membership_status.in_(LIVE)
    )
    return [(row.id, row.department, row.staff_no) for row in db.session.execute(query.order_by(Member.id))]


def move(actor: Actor, ending: Ending) -> None:
    """Move the members from today on, each with a line of 会籍变化记录, and let every room follow.

    The caller holds the tree and has judged the case; it leaves the one trace of the batch.
    """
    many.lock(ending.moved)
    query = select(Member.id, Member.unit_id).where(many.among(Member.id, ending.moved))
    before = {row.id: row.unit_id for row in db.session.execute(query)}
    edits = {number: {"branch": ending.moved[number]} for number in before}
    many.write(edits, actor, reason=ending.reason, batch_id=ending.batch_id)
    at, day = now(), today()
    lines = [
        {
            "member_id": number, "kind": ChangeType.MOVED_BRANCH, "on_date": day, "reason": ChangeReason.MOVED_BRANCH,
            "from_unit_id": before[number], "to_unit_id": ending.moved[number].id, "recorded_at": at,
            "recorded_by": actor.id,
        }
        for number in sorted(before)
    ]  # fmt: skip
    if lines:
        db.session.execute(insert(_CHANGES), lines)
    db.session.flush()
    db.session.expire_all()  # the statements went past the session
    for follower in (*_followers, *_declared):
        follower.follow(actor, ending)
