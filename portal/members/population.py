"""How many members stand in the units, and in which departments they work: for the pages of the tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select

from portal.core.db import db
from portal.org.models import OrgUnit

from .models import Member
from .service import LIVE


def living(paths: Sequence[tuple[int, str]]) -> dict[int, int]:
    """Return how many living members each of the (unit number, path) has, what is below included."""
    return {number: _living_below(path) for number, path in paths}


def _living_below(path: str) -> int:
    counted = select(func.count(Member.id)).join(OrgUnit, OrgUnit.id == Member.unit_id)
    within = (OrgUnit.path >= path) & (OrgUnit.path < path[:-1] + "0")
    return db.session.scalar(counted.where(within, Member.membership_status.in_(LIVE))) or 0


def departments(union: OrgUnit) -> list[tuple[str, int, int]]:
    """Return (department, how many work there, the unit in which most of them are), those of most members first."""
    places = select(OrgUnit.id).where(OrgUnit.path >= union.path, OrgUnit.path < union.path_end)
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
