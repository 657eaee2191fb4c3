"""How many members stand in the units, and in which departments they work: for the pages of the tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.core.db import db
from portal.org.models import OrgUnit

from .models import Member
from .service import LIVE


def living(ids: Sequence[int]) -> dict[int, int]:
    """Return how many living members each of the units with these numbers has, what is below included."""
    below = aliased(OrgUnit)
    path_end = func.substr(OrgUnit.path, 1, func.length(OrgUnit.path) - 1) + "0"
    places = select(below.id).where(below.path >= OrgUnit.path, below.path < path_end).correlate(OrgUnit)
    # the status is asked while counting: as a condition it tempts the database to go through all members by status
    living_ones = func.count(Member.id).filter(Member.membership_status.in_(LIVE))
    counted = select(living_ones).where(Member.unit_id.in_(places))
    query = select(OrgUnit.id, counted.correlate(OrgUnit).scalar_subquery()).where(OrgUnit.id.in_(ids))
    return {row[0]: int(row[1]) for row in db.session.execute(query)}


def departments(union: OrgUnit) -> list[tuple[str, int, int]]:
    """Return (department, how many work there, the unit in which most of them are), those of most members first."""
    places = select(OrgUnit.id).where(union.subtree)
    counted = (
        select(Member.department, Member.unit_id, func.count(Member.id))
        .where(Member.unit_id.in_(places), Member.membership_status.in_(LIVE), Member.department.is_not(None))
        .group_by(Member.department, Member.unit_id)
    )
    numbers: dict[str, Counter[int]] = defaultdict(Counter)
    for department, unit_id, number in db.session.execute(counted):
        numbers[str(department)][unit_id] = number
    found = [(name, units.total(), units.most_common(1)[0][0]) for name, units in numbers.items()]
    return sorted(found, key=lambda line: (-line[1], line[0]))
