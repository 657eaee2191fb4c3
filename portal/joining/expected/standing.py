"""How far the people on a list are: the numbers, and the people behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from portal.core.db import db
from portal.core.errors import Absent
from portal.joining.models import Application
from portal.joining.models import ApplicationState as S
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import ExpectedList, ExpectedMatch, ExpectedPerson, Standing

PER_PAGE = 50
APPLIED = "applied"  # everyone but 未申请
RANKS: dict[S, int] = {
    S.APPROVED: 4,
    S.SUBMITTED: 3,
    S.BRANCH_OK: 3,
    S.WAIT_PROVINCE: 3,
    S.ALREADY_HERE: 3,
    S.RETURNED: 2,
    S.REJECTED: 1,
}


@dataclass(frozen=True)
class Numbers:
    """How many of a list stand where: everyone in exactly one, so that the five add up to all."""

    by_standing: Mapping[Standing, int]

    @property
    def total(self) -> int:
        """应入会."""
        return sum(self.by_standing.values())

    @property
    def applied(self) -> int:
        """已申请: everyone but 未申请."""
        return self.total - self.by_standing[Standing.NOT_APPLIED]


@dataclass(frozen=True)
class Row:
    """Someone on a list as a page shows her; what the actor may not open is None."""

    person: ExpectedPerson
    standing: Standing
    application_id: int | None
    member_id: int | None


def find(actor: User, list_id: int, permission: P = P.JOINING_READ) -> ExpectedList:
    """Return a list of which `permission` reaches the actor at least someone. Raises Absent."""
    own = access.scoped(ExpectedPerson, actor, permission, ExpectedPerson.list_id)
    visible = or_(access.in_scope(ExpectedList, actor, permission), ExpectedList.id.in_(own))
    roll = db.session.scalars(select(ExpectedList).where(visible, ExpectedList.id == list_id)).one_or_none()
    if roll is None:
        raise Absent
    return roll


def people_of(
    actor: User, *columns: Any, permission: P = P.JOINING_READ, standing: str = "", unit: str = ""
) -> Select[Any]:
    """Return a SELECT of `columns` and the `standing` of everyone on lists whom the actor may see.

    Of several applications of one person the one that has come furthest counts. `standing` cuts to a value of
    Standing, or to APPLIED; `unit` to the code of a branch.
    """
    best = (
        select(ExpectedMatch.person_id, func.max(case(RANKS, value=Application.state, else_=0)).label("rank"))
        .join(Application, Application.id == ExpectedMatch.application_id)
        .group_by(ExpectedMatch.person_id)
        .subquery()
    )
    word = case(
        (or_(ExpectedPerson.member_id.is_not(None), best.c.rank == 4), Standing.APPROVED.value),
        (best.c.rank == 3, Standing.UNDER_WAY.value),
        (best.c.rank == 2, Standing.RETURNED.value),
        (best.c.rank == 1, Standing.REFUSED.value),
        else_=Standing.NOT_APPLIED.value,
    )
    query = access.scoped(ExpectedPerson, actor, permission, *columns, word.label("standing"))
    query = query.outerjoin(best, best.c.person_id == ExpectedPerson.id).where(ExpectedPerson.removed_at.is_(None))
    if standing == APPLIED:
        query = query.where(word != Standing.NOT_APPLIED.value)
    elif standing:
        query = query.where(word == standing)
    if unit:
        query = query.where(ExpectedPerson.unit_id.in_(select(OrgUnit.id).where(OrgUnit.code == unit)))
    return query


def _numbers(actor: User, column: Any, condition: ColumnElement[bool] | None = None) -> dict[int, Numbers]:
    people = people_of(actor, column.label("place"))
    if condition is not None:
        people = people.where(condition)
    table = people.subquery()
    found: dict[int, dict[Standing, int]] = {}
    query = select(table.c.place, table.c.standing, func.count()).group_by(table.c.place, table.c.standing)
    for place, standing, number in db.session.execute(query):
        found.setdefault(place, dict.fromkeys(Standing, 0))[Standing(standing)] = number  # type: ignore[call-arg]  # by its value alone
    return {place: Numbers(by_standing) for place, by_standing in found.items()}


def lists(actor: User) -> list[tuple[ExpectedList, Numbers]]:
    """Return the lists on which the actor sees someone, newest first, with the numbers of whom the actor sees."""
    numbers = _numbers(actor, ExpectedPerson.list_id)
    own = access.scoped(ExpectedList, actor, P.JOINING_READ, ExpectedList.id)
    query = select(ExpectedList).where(or_(ExpectedList.id.in_(numbers), ExpectedList.id.in_(own)))
    none = Numbers(dict.fromkeys(Standing, 0))
    return [(roll, numbers.get(roll.id, none)) for roll in db.session.scalars(query.order_by(ExpectedList.id.desc()))]


def by_unit(actor: User, roll: ExpectedList) -> list[tuple[OrgUnit, Numbers]]:
    """Return the numbers of a list for each branch, by the branches' codes; together they are the list's own."""
    numbers = _numbers(actor, ExpectedPerson.unit_id, ExpectedPerson.list_id == roll.id)
    units = db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(numbers)).order_by(OrgUnit.code))
    return [(unit, numbers[unit.id]) for unit in units]


def sum_of(parts: list[Numbers]) -> Numbers:
    """Return the numbers of several parts together."""
    return Numbers({standing: sum(part.by_standing[standing] for part in parts) for standing in Standing})


def people(
    actor: User, roll: ExpectedList, *, standing: str = "", unit: str = "", page: int = 1
) -> tuple[list[Row], int]:
    """Return one page of the people on a list, 50 each, and how many there are; cut as by `people_of`."""
    query = people_of(actor, ExpectedPerson, standing=standing, unit=unit).where(ExpectedPerson.list_id == roll.id)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    found = db.session.execute(query.order_by(ExpectedPerson.id).offset((page - 1) * PER_PAGE).limit(PER_PAGE)).all()
    theirs = _applications([person.id for person, _ in found])
    return [_row(actor, person, Standing(word), theirs.get(person.id)) for person, word in found], total  # type: ignore[call-arg]  # by its value alone


def _applications(person_ids: list[int]) -> dict[int, Application]:
    """Return the application of each that has come furthest, the newest of equals."""
    query = (
        select(ExpectedMatch.person_id, Application)
        .join(Application, Application.id == ExpectedMatch.application_id)
        .where(ExpectedMatch.person_id.in_(person_ids))
        .order_by(case(RANKS, value=Application.state, else_=0), Application.id)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def _row(actor: User, person: ExpectedPerson, standing: Standing, item: Application | None) -> Row:
    """Link what the actor may open: a branch sees of its own people that they applied, elsewhere too, but not there."""
    member = person.member
    return Row(
        person,
        standing,
        item.id if item is not None and actor.may(P.JOINING_READ, item.unit) else None,
        member.id if member is not None and actor.may(P.MEMBER_READ, member.unit) else None,
    )
