"""Lists as people use them: found, counted, added to, taken from; every number follows from the rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from portal.core import audit
from portal.core.calendar import local, now
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.fields import Field
from portal.core.todo import Todo
from portal.members import hanging, search
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.org.units import names

from ..fields import BY_NAME, right_to
from . import freezing
from .models import REASON_MOST, Roster, RosterKind, RosterPart, RosterRow
from .models import PartState as Q
from .models import RosterState as S
from .workflow import CLOSED, PARTS, ROSTERS, SHOWN, ask

audit.name_acts({"roster.add": "增补", "roster.remove": "核减", "roster.restore": "恢复"})

PER_PAGE, MOST_PER_PAGE = 50, 100
CANDIDATES = 20


@dataclass(frozen=True)
class Counts:
    """How many were frozen, added and taken off; what is there now is frozen + added - removed."""

    frozen: int = 0
    added: int = 0
    removed: int = 0

    @property
    def now(self) -> int:
        """How many there are."""
        return self.frozen + self.added - self.removed

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.frozen + other.frozen, self.added + other.added, self.removed + other.removed)


def amount(roster: Roster, people: int) -> str:
    """Return what so many people get together, 应发数; "" where nothing is given."""
    return f"{number(roster, people)}{roster.measure}" if roster.share else ""


def number(roster: Roster, people: int) -> str:
    """Return how much so many people get together, without its measure."""
    whole, rest = divmod(roster.share * people, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)


def each(roster: Roster) -> str:
    """Return what one person gets."""
    return f"{roster.item} {amount(roster, 1)}".strip()


def unit_names(roster: Roster) -> dict[int, str]:
    """Return what the list's units were called on its day, by number: a later name does not reach its papers."""
    day = min(roster.day, local(roster.made_at).date())
    return names.on_day([roster.unit, *(part.unit for part in roster.parts)], day)


@dataclass(frozen=True)
class Told:
    """One act on a list, as its history tells it."""

    at: datetime
    actor_label: str
    action_label: str
    reason: str


def history(roster: Roster) -> list[Told]:
    """Return what was done with a list, the oldest first, with whom it was about."""
    found = []
    for event in audit.events_of(roster):
        person = event.changes.get("person", ["", ""])[1]
        words = "：".join(word for word in (person, event.reason) if word)
        found.append(Told(event.at, event.actor_label, event.action_label, words))
    return found


# --- finding ----------------------------------------------------------------------------------------------------------


def find(actor: User, number: int) -> Roster:
    """Return a list that the actor keeps, locked if the request writes. Raises Absent."""
    item: Roster = ROSTERS.fetch(actor, number)
    return item


def find_part(actor: User, number: int) -> RosterPart:
    """Return a part that the actor keeps or is to check. Raises Absent."""
    item: RosterPart = PARTS.fetch(actor, number)
    return item


def kept(actor: User, *, q: str = "", kind: str = "", state: str = "", page: int = 1) -> tuple[list[Roster], int]:
    """Return a page of the lists that the actor keeps, the newest first, and how many there are.

    `q` is part of a title; `kind` and `state` are values of RosterKind and RosterState, "" is all.
    """
    query: Select[tuple[Roster]] = access.scoped(Roster, actor, P.ROSTER_KEEP)
    if q:
        query = query.where(Roster.title.contains(q, autoescape=True))
    if kind in list(RosterKind):
        query = query.where(Roster.kind == kind)
    if state in list(S):
        query = query.where(Roster.state == state)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Roster.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), total


def to_check(actor: User, *, waiting: bool = False, limit: int = PER_PAGE) -> list[RosterPart]:
    """Return the parts that the actor was asked to check, the newest first; with `waiting` those she has not yet."""
    query = _to_check(actor, waiting=waiting).order_by(RosterPart.roster_id.desc(), RosterPart.unit_id).limit(limit)
    return list(db.session.scalars(query))


def _to_check(actor: User, *, waiting: bool) -> Select[tuple[RosterPart]]:
    query: Select[tuple[RosterPart]] = access.scoped(RosterPart, actor, P.ROSTER_CHECK).join(RosterPart.roster)
    # a list of the branch's own asks nobody
    query = query.where(Roster.unit_id != RosterPart.unit_id, Roster.state.in_([S.CHECKING] if waiting else SHOWN))
    return query.where(RosterPart.state.in_([Q.WAITING, Q.ANSWERED])) if waiting else query


def todo(actor: User) -> list[Todo]:
    """Return what waits: parts to check for a branch, objections to answer for who keeps the list."""
    found = []
    if actor.holds(P.ROSTER_CHECK):
        query = _to_check(actor, waiting=True).subquery()
        count = db.session.scalar(select(func.count()).select_from(query)) or 0
        found += [Todo("待核对名单", count, "rosters.index", {"show": "waiting"})] if count else []
    if actor.holds(P.ROSTER_KEEP):
        count = db.session.scalar(select(func.count()).select_from(_objected(actor).subquery())) or 0
        found += [Todo("待答复的名单异议", count, "rosters.index", {"show": "objected"})] if count else []
    return found


def _objected(actor: User) -> Select[Any]:
    query = select(RosterPart).join(RosterPart.roster).where(access.in_scope(Roster, actor, P.ROSTER_KEEP))
    return query.where(RosterPart.state == Q.OBJECTED, Roster.state == S.CHECKING)


def objected(actor: User) -> list[RosterPart]:
    """Return the parts whose objection waits for the actor's answer, the oldest first."""
    return list(db.session.scalars(_objected(actor).order_by(RosterPart.id)))


# --- numbers and rows -------------------------------------------------------------------------------------------------


def counts(roster: Roster, part: RosterPart | None = None) -> dict[int, Counts]:
    """Return the numbers of each part of the list by its number, or of one part alone."""
    query = select(
        RosterRow.part_id,
        func.count(case((RosterRow.added_at.is_(None), 1))),
        func.count(RosterRow.added_at),
        func.count(RosterRow.removed_at),
    ).where(RosterRow.part_id == part.id if part else RosterRow.roster_id == roster.id)
    return {number: Counts(*found) for number, *found in db.session.execute(query.group_by(RosterRow.part_id))}


def totals(rosters: Sequence[Roster]) -> dict[int, int]:
    """Return how many people there are on each of the lists now."""
    query = (
        select(RosterRow.roster_id, func.count().label("people"))
        .where(RosterRow.roster_id.in_([one.id for one in rosters]), RosterRow.removed_at.is_(None))
        .group_by(RosterRow.roster_id)
    )
    return {one.roster_id: int(one.people) for one in db.session.execute(query)}


def rows(roster: Roster, *, part: RosterPart | None = None, q: str = "", page: int = 1) -> tuple[list[RosterRow], int]:
    """Return a page of the rows, branch by branch in the list's order, and how many there are.

    `q` is part of a name or the beginning of a 工号. The caller has found the list, or the part, for the actor.
    """
    query = select(RosterRow).where(_within(roster, part))
    if q:
        query = query.where(
            or_(RosterRow.name.contains(q, autoescape=True), RosterRow.staff_no.istartswith(q, autoescape=True))
        )
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.join(OrgUnit, OrgUnit.id == RosterRow.unit_id).order_by(OrgUnit.code, RosterRow.place)
    return list(db.session.scalars(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE))), total


def all_rows(roster: Roster, part: RosterPart | None = None, *, removed: bool = False) -> list[RosterRow]:
    """Return every row that is there now, with `removed` those taken off too, in their order."""
    query = select(RosterRow).where(_within(roster, part))
    if not removed:
        query = query.where(RosterRow.removed_at.is_(None))
    query = query.join(OrgUnit, OrgUnit.id == RosterRow.unit_id).order_by(OrgUnit.code, RosterRow.place)
    return list(db.session.scalars(query))


def _within(roster: Roster, part: RosterPart | None) -> ColumnElement[bool]:
    return RosterRow.part_id == part.id if part else RosterRow.roster_id == roster.id


def columns(actor: User, roster: Roster, unit: OrgUnit) -> list[Field]:
    """Return the list's columns that the actor may read of the people of `unit`; what is no more is left out."""
    known = [BY_NAME[name] for name in roster.columns if name in BY_NAME]
    return [one for one in known if actor.may(P.MEMBER_READ, unit) and actor.may(right_to(one), unit)]


# --- adding and taking off --------------------------------------------------------------------------------------------


def candidates(actor: User, roster: Roster, text: str) -> list[tuple[Member, str]]:
    """Return whom `text` (a name or a 工号) may mean, each with why she cannot be added, or "".

    Raises DomainError on `q` for nothing.
    """
    if not text.strip():
        raise DomainError("请填写姓名或工号", field="q")
    query = access.scoped(Member, actor, P.ROSTER_KEEP).where(search.matches(text.strip()))
    query = query.where(Member.unit_id.in_(_below(roster.unit))).order_by(Member.id).limit(CANDIDATES)
    found = list(db.session.scalars(query))
    there = select(RosterRow.member_id, RosterRow.removed_at).where(
        RosterRow.roster_id == roster.id, RosterRow.member_id.in_([one.id for one in found])
    )
    removed = {one.member_id: one.removed_at for one in db.session.execute(there)}
    why = {True: "已在名单上", False: "已核减，请在名单中恢复"}
    return [(one, why[removed[one.id] is None] if one.id in removed else "") for one in found]


def _below(unit: OrgUnit) -> Select[Any]:
    return select(OrgUnit.id).where(unit.subtree)


def add(actor: User, roster: Roster, member_id: int, *, reason: str) -> RosterRow:
    """Put a member on the list, in her branch of its day, or of today where she had none then.

    Raises Absent for one out of scope, DomainError for one that is there, a reason missing, and a closed list.
    """
    reason = _open(roster, reason)
    known = select(RosterRow.id).where(RosterRow.roster_id == roster.id, RosterRow.member_id == member_id)
    if db.session.scalar(known) is not None:
        raise DomainError("这位会员已在名单上；如已核减，请在名单中点“恢复”")
    today_s: Member = access.fetch(Member, member_id, actor, P.ROSTER_KEEP)
    row = next(freezing.on_day(actor, [member_id], roster.day), today_s)
    if not roster.unit.covers(row.unit):
        raise DomainError(f"{today_s.name}当时不在“{roster.unit.name}”，不能加入这份名单")
    is_new = row.unit_id not in {part.unit_id for part in roster.parts}
    part = freezing.parts_for(roster, {row.unit_id})[row.unit_id]
    if is_new and roster.state is S.CHECKING and part.unit_id != roster.unit_id:
        ask(part)
    last = db.session.scalar(select(func.max(RosterRow.place)).where(RosterRow.roster_id == roster.id)) or 0
    fields = columns(actor, roster, roster.unit)
    made = freezing.frozen(actor, roster, part, row, fields, last + 1)
    made.added_at, made.added_why = now(), reason
    db.session.add(made)
    _tell(actor, part, "roster.add", made, reason)
    return made


def find_row(actor: User, number: int) -> RosterRow:
    """Return a row of a list that the actor keeps, the list locked if the request writes. Raises Absent."""
    roster_id = db.session.scalar(select(RosterRow.roster_id).where(RosterRow.id == number))
    if roster_id is None:
        raise Absent
    find(actor, roster_id)
    return db.session.scalars(select(RosterRow).where(RosterRow.id == number)).one()


def remove(actor: User, row: RosterRow, *, reason: str) -> None:
    """Take a person off the list; the row stays, struck through. Raises DomainError as `add` does."""
    reason = _open(row.roster, reason)
    if row.removed_at is not None:
        raise DomainError(f"{row.name}已经核减，请刷新后查看")
    row.removed_at, row.removed_why = now(), reason
    _tell(actor, row.part, "roster.remove", row, reason)


def restore(actor: User, row: RosterRow, *, reason: str) -> None:
    """Put a person back who was taken off. Raises DomainError as `add` does."""
    reason = _open(row.roster, reason)
    if row.removed_at is None:
        raise DomainError(f"{row.name}没有核减，请刷新后查看")
    row.removed_at, row.removed_why = None, ""
    _tell(actor, row.part, "roster.restore", row, reason)


def _open(roster: Roster, reason: str) -> str:
    if not roster.is_open:
        raise DomainError(CLOSED)
    reason = " ".join(reason.split())
    if not reason:
        raise DomainError("请填写原因，例如“退休返聘，按规定发放”", field="reason")
    return reason[:REASON_MOST]


def _tell(actor: User, part: RosterPart, act: str, row: RosterRow, reason: str) -> None:
    """Leave the trace with the list, and let a branch that has confirmed its part look again."""
    audit.record(
        actor, act, part.roster, reason=reason, changes={"person": ("", f"{row.trace_label} {part.unit.name}")}
    )
    if part.state is Q.CONFIRMED:
        PARTS.fire(part, "recheck", actor, comment=f"{row.name}：{reason}")


hanging.stays("已存名单中的行", RosterRow)
