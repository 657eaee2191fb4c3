"""Member numbers: one counter for each approving unit and year, without gaps and never given twice."""

from __future__ import annotations

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from portal.core.db import db
from portal.org.models import OrgUnit

from .models import NumberCounter


def next_member_no(unit: OrgUnit, year: int) -> str:
    """Return the next member number of the approving `unit` for the year of joining: code-year-five digits.

    The counter stays locked until the transaction ends, and a rollback gives the number back; so it is taken last.
    """
    return f"{unit.code}-{year}-{_next(f'member_no:{unit.code}:{year}'):05d}"


def _next(scope: str) -> int:
    step = (
        update(NumberCounter)
        .where(NumberCounter.scope == scope)
        .values(value=NumberCounter.value + 1)
        .returning(NumberCounter.value)
        .execution_options(synchronize_session=False)
    )
    number = db.session.scalar(step)
    if number is None:
        try:
            with db.session.begin_nested():
                db.session.execute(insert(NumberCounter).values(scope=scope, value=0))
        except IntegrityError:
            pass  # someone else has just begun the same year
        number = db.session.scalar(step)
    if number is None:
        raise LookupError(f"no counter {scope}")
    return number
