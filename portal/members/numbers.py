"""Member numbers: one counter for each approving unit and year, without gaps and never given twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.core.db import db
from portal.org.models import OrgUnit

from .models import NumberCounter

_GIVEN = re.compile(r"([A-Z0-9-]{1,20})-([0-9]{4})-([0-9]{5})")


def next_member_no(unit: OrgUnit, year: int) -> str:
    """Return the next member number of the approving `unit` for the year of joining: code-year-five digits.

    The counter stays locked until the transaction ends, and a rollback gives the number back; so it is taken last.
    """
    return next_member_nos(unit, year, 1)[0]


def next_member_nos(unit: OrgUnit, year: int, count: int) -> list[str]:
    """Return the next `count` member numbers, 1 or more, as `next_member_no` gives one."""
    last = _advance(scope_of(unit.code, year), count)
    return [f"{unit.code}-{year}-{number:05d}" for number in range(last - count + 1, last + 1)]


def scope_of(code: str, year: int) -> str:
    """Return the scope of the counter of the approving unit with this code."""
    return f"member_no:{code}:{year}"


def values_of(scopes: Iterable[str]) -> dict[str, int]:
    """Return the last number given in each of the scopes, 0 where none was, and lock the counters."""
    wanted = sorted(set(scopes))
    query = select(NumberCounter).where(NumberCounter.scope.in_(wanted)).order_by(NumberCounter.scope)
    found = {row.scope: row.value for row in db.session.scalars(query.with_for_update())}
    return {scope: found.get(scope, 0) for scope in wanted}


def given_in(numbers: Iterable[str]) -> dict[str, int]:
    """Return by scope the highest of those `numbers` that a counter may come to: code-year-five digits."""
    highest: dict[str, int] = {}
    for number in numbers:
        if found := _GIVEN.fullmatch(number):
            scope = scope_of(found[1], int(found[2]))
            highest[scope] = max(highest.get(scope, 0), int(found[3]))
    return highest


def keep_clear(highest: Mapping[str, int]) -> None:
    """Let the counters (by scope) go on behind numbers that were given elsewhere, so that none is given twice."""
    present = values_of(highest)
    for scope, number in sorted(highest.items()):
        if number > present[scope]:
            _advance(scope, number - present[scope])


def put_back(moved: Mapping[str, tuple[int, int]]) -> None:
    """Let the counters (by scope) that stand where they were left, the second number, stand at the first again."""
    for scope, (before, after) in sorted(moved.items()):
        back = update(NumberCounter).where(NumberCounter.scope == scope, NumberCounter.value == after)
        db.session.execute(back.values(value=before).execution_options(synchronize_session=False))


def _advance(scope: str, count: int) -> int:
    step = (
        update(NumberCounter)
        .where(NumberCounter.scope == scope)
        .values(value=NumberCounter.value + count)
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
