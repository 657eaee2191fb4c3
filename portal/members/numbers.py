"""Member numbers: one counter for each approving unit and year, without gaps and never given twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlalchemy import select, text, update

from portal.core.db import db
from portal.org.models import OrgUnit

from .many import in_chunks
from .models import NumberCounter

Series = tuple[str, int]  # the code of the approving unit, and the year of joining

_GIVEN = re.compile(r"([A-Z0-9-]{1,20})-([0-9]{4})-([0-9]{5})")
# one statement, so that two who begin the same series at once do not both begin it; both databases know it
_ADVANCE = text(
    "INSERT INTO number_counters (scope, value) VALUES (:scope, :step) "
    "ON CONFLICT (scope) DO UPDATE SET value = number_counters.value + excluded.value"
)


def next_member_no(unit: OrgUnit, year: int) -> str:
    """Return the next member number of the approving `unit` for the year of joining: code-year-five digits.

    The counter stays locked until the transaction ends, and a rollback gives the number back; so it is taken last.
    """
    return next_member_nos(unit, year, 1)[0]


def next_member_nos(unit: OrgUnit, year: int, count: int) -> list[str]:
    """Return the next `count` member numbers, 1 or more, as `next_member_no` gives one."""
    return take({(unit.code, year): count})[unit.code, year]


def take(wanted: Mapping[Series, int]) -> dict[Series, list[str]]:
    """Return for each series its next member numbers, as many as are `wanted`, 1 or more, as `next_member_no` does."""
    last = _advance({scope_of(*series): count for series, count in wanted.items()})
    given: dict[Series, list[str]] = {}
    for (code, year), count in wanted.items():
        end = last[scope_of(code, year)]
        given[code, year] = [f"{code}-{year}-{number:05d}" for number in range(end - count + 1, end + 1)]
    return given


def next_in(scope: str) -> int:
    """Return the next number of another series, from 1: without gaps, as `next_member_no`; `scope` is of at most 60."""
    return _advance({scope: 1})[scope]


def scope_of(code: str, year: int) -> str:
    """Return the scope of the counter of the approving unit with this code."""
    return f"member_no:{code}:{year}"


def values_of(scopes: Iterable[str]) -> dict[str, int]:
    """Return the last number given in each of the scopes, 0 where none was, and lock the counters."""
    return _advance(dict.fromkeys(scopes, 0))


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
    _advance({scope: number - present[scope] for scope, number in highest.items() if number > present[scope]})


def put_back(moved: Mapping[str, tuple[int, int]]) -> None:
    """Let the counters (by scope) that stand where they were left, the second number, stand at the first again."""
    for scope, (before, after) in sorted(moved.items()):
        back = update(NumberCounter).where(NumberCounter.scope == scope, NumberCounter.value == after)
        db.session.execute(back.values(value=before).execution_options(synchronize_session=False))


def _advance(steps: Mapping[str, int]) -> dict[str, int]:
    """Let the counters (by scope) go on by so many each, the new ones from 0, and return where they stand then.

    They are locked in the order of their scopes by everybody, so that no two wait for each other.
    """
    if not steps:
        return {}
    scopes = sorted(steps)
    db.session.connection().execute(_ADVANCE, [{"scope": scope, "step": steps[scope]} for scope in scopes])
    found: dict[str, int] = {}
    for chunk in in_chunks(scopes):
        query = select(NumberCounter.scope, NumberCounter.value).where(NumberCounter.scope.in_(chunk))
        found |= {row.scope: row.value for row in db.session.execute(query)}
    return found
