"""Verbs and lists of checks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select

from portal.core import audit, notices
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import DomainError, Problems
from portal.core.todo import Todo
from portal.members import service as members
from portal.members import sight
from portal.members.catalogue import FIELD, REQUIRED_FULL
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import NAME_MOST, Check, CheckPart, CheckState, PartState
from .workflow import CHECK_PARTS, is_for_branch, members_of, people_of

audit.name_acts({"checks.open": "发起信息核对", "checks.remind": "催办信息核对"})

PER_PAGE = 30


# --- the union's verbs ------------------------------------------------------------------------------------------------


def branches(actor: User) -> list[OrgUnit]:
    """Return the units that take members where the actor may have the records checked, by their codes."""
    units = (unit for unit in access.units(actor, P.CHANGE_DECIDE) if unit.accepts_members and unit.is_enabled)
    return sorted(units, key=lambda unit: unit.code)


def open_checks(actor: User, *, name: str, due: date | None, unit_ids: Collection[int] = ()) -> list[Check]:
    """Ask the branches `unit_ids` (none: all) to check their records by the day `due`, and tell them and the members.

    Each union has a check of its own, by which its people see how far their branches are: who works for two unions
    opens two. Raises Problems for a name or day that will not do.
    """
    errors: dict[str, list[str]] = {}
    title = " ".join(name.split())
    if not 2 <= len(title) <= NAME_MOST:
        errors["name"] = [f"请填写名称，2 至 {NAME_MOST} 个字，例如：2026 年秋季学期信息核对"]
    if due is None or due < today():
        errors["due"] = ["请填写完成日期，今天或以后"]
    places = [unit for unit in branches(actor) if not unit_ids or unit.id in unit_ids]
    if not places:
        errors["units"] = ["请至少选择一个分工会"]
    if errors or due is None:
        raise Problems(errors)
    of_union: dict[int, list[OrgUnit]] = {}
    for place in places:
        of_union.setdefault(access.approving_unit(place).id, []).append(place)
    return [_open(actor, title, due, of_one) for of_one in of_union.values()]


def _open(actor: User, title: str, due: date, places: list[OrgUnit]) -> Check:
    """Open the check of one union, to which all the places belong."""
    check = Check(unit=access.approving_unit(places[0]), name=title, due=due, made_by=actor.id)
    check.parts = [CheckPart(unit=unit) for unit in places]
    db.session.add(check)
    db.session.flush()  # the notices lead to it
    audit.record(actor, "checks.open", check, details={"branches": len(places)})
    words = f"{title}：请在{show_date(due)}前核对"
    notices.tell(_operators(check.parts), f"{words}本分工会会员信息并签字", link="/changes/checks")
    hers = select(Member.user_id).where(
        Member.unit_id.in_([unit.id for unit in places]),
        Member.membership_status.in_([str(one) for one in members.LIVE]),
        Member.user_id.is_not(None),
    )
    everyone = [number for number in db.session.scalars(hers) if number is not None]
    notices.tell(everyone, f"{words}您的会员信息，没有错误请点“一切无误”", link="/members/me")
    return check


def _operators(parts: Collection[CheckPart]) -> set[int]:
    return {number for part in parts for number in people_of(part)}


def remind(actor: User, check: Check) -> int:
    """Tell the operators of all branches that have not signed; return how many branches. Raises DomainError."""
    late = [part for part in check.parts if part.state is PartState.WAITING]
    if check.state is CheckState.CLOSED or not late:
        raise DomainError("没有需要催办的分工会")
    notices.tell(
        _operators(late), f"请尽快完成“{check.name}”：应于{show_date(check.due)}前核对并签字", link="/changes/checks"
    )
    for part in late:
        part.reminded_at = now()
    audit.record(actor, "checks.remind", check, details={"branches": [part.unit.name for part in late]})
    return len(late)


# --- lists ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """How far one branch is: how many are on its list, how many of them have said themselves that all is right."""

    part: CheckPart
    members: int
    confirmed: int
    has_moved: bool
    by_union: bool  # the union has signed for a branch that has nobody

    @property
    def done(self) -> int:
        """What the bar shows of `members`: all of them once the branch has signed."""
        return self.members if self.part.state is PartState.SIGNED else self.confirmed


def progress(check: Check) -> list[Progress]:
    """Return how far each branch is, in the order of their codes."""
    live = [str(one) for one in members.LIVE]
    query = select(Member.unit_id, Member.id, Member.confirmed_at).where(
        Member.unit_id.in_([part.unit_id for part in check.parts]), Member.membership_status.in_(live)
    )
    here: dict[int, dict[int, datetime | None]] = {part.unit_id: {} for part in check.parts}
    for unit_id, member_id, confirmed_at in db.session.execute(query):
        here[unit_id][member_id] = confirmed_at
    return [
        Progress(
            part,
            len(here[part.unit_id]),
            sum(at is not None and at >= check.made_at for at in here[part.unit_id].values()),
            part.state is PartState.SIGNED and sorted(here[part.unit_id]) != part.member_ids,
            is_for_branch(part),
        )
        for part in sorted(check.parts, key=lambda part: part.unit.code)
    ]


def has_moved(part: CheckPart) -> bool:
    """Whether the list of a signed part is no longer the one that was signed."""
    return part.state is PartState.SIGNED and members_of(part) != part.member_ids


@dataclass(frozen=True)
class Line:
    """One member on a branch's list: how many of the 44 are filled, which of the required ones are not."""

    member: Member
    filled: int
    missing: tuple[str, ...]
    confirmed: bool


def lines(part: CheckPart, *, page: int = 1) -> tuple[list[Line], int]:
    """Return a page of the branch's members by name, and how many there are."""
    ids = members_of(part)
    query = select(Member).where(Member.id.in_(ids)).order_by(Member.name_pinyin, Member.id)
    rows = db.session.scalars(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    return [_line(part, member) for member in rows], len(ids)


def _line(part: CheckPart, member: Member) -> Line:
    filled = sight.raw_value(member, "completeness")
    missing = tuple(FIELD[name].label for name in REQUIRED_FULL if sight.raw_value(member, name) in (None, "", []))
    confirmed = member.confirmed_at is not None and member.confirmed_at >= part.check.made_at
    return Line(member, filled, missing, confirmed)


def checks(actor: User) -> list[Check]:
    """Return the checks that the actor looks after, latest first."""
    query = access.scoped(Check, actor, P.CHANGE_DECIDE).order_by(Check.id.desc()).limit(PER_PAGE)
    return list(db.session.scalars(query))


def parts(actor: User, *, waiting: bool = False) -> list[CheckPart]:
    """Return the parts of the actor's branches, latest first; only those still to be signed if `waiting`."""
    query = _waiting(actor) if waiting else access.scoped(CheckPart, actor, P.CHANGE_AGREE)
    return list(db.session.scalars(query.order_by(CheckPart.id.desc()).limit(PER_PAGE)))


def _waiting(actor: User) -> Select[Any]:
    query: Select[Any] = access.scoped(CheckPart, actor, P.CHANGE_AGREE).join(CheckPart.check)
    return query.where(CheckPart.state == PartState.WAITING, Check.state == CheckState.OPEN)


def find_part(actor: User, part_id: int) -> CheckPart:
    """Return a part in the actor's scope. Raises Absent."""
    item: CheckPart = CHECK_PARTS.fetch(actor, part_id)
    return item


def todo(actor: User) -> list[Todo]:
    """Return how many parts a branch's people have still to sign; the union's remind and do not sign."""
    if not actor.holds(P.CHANGE_AGREE) or actor.holds(P.CHANGE_DECIDE):
        return []
    count = db.session.scalar(select(func.count()).select_from(_waiting(actor).subquery())) or 0
    return [Todo("信息核对", count, "checks.index", {"waiting": "1"})] if count else []
