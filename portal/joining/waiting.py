"""How many applications lie at a unit: for the page of the tree that closes it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from portal.core.db import db
from portal.org.models import OrgUnit

from .models import Application
from .models import ApplicationState as S

UNDECIDED = (S.SUBMITTED, S.BRANCH_OK, S.WAIT_PROVINCE)


def undecided(unit: OrgUnit) -> int:
    """Return how many applications to the unit and those below wait for a decision."""
    return _count(unit, UNDECIDED)


def returned(unit: OrgUnit) -> int:
    """Return how many applications to the unit and those below are being mended; they may be sent again."""
    return _count(unit, (S.RETURNED,))


def _count(unit: OrgUnit, states: Collection[S]) -> int:
    places = select(OrgUnit.id).where(unit.subtree)
    query = select(func.count()).select_from(Application)
    return db.session.scalar(query.where(Application.unit_id.in_(places), Application.state.in_(states))) or 0
