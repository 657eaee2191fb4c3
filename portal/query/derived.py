"""Conditions on what is not stored but follows from a stored day: years, and the month of retirement."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, case, false, or_

from portal.core.calendar import ONE_DAY
from portal.core.kinds import years_between
from portal.core.kinds.operators import Operator
from portal.members import retirement
from portal.members.enums import RetireTrack, Sex
from portal.members.models import Member, MemberVersion

Truth = ColumnElement[bool]
_O = Operator


def born_by(years: int, day: date) -> date:
    """Return the last start date from which at least `years` whole years have passed on `day`; date.min if too many."""
    try:
        start = day.replace(year=day.year - years)
    except ValueError:  # 29 February, or a year before the first
        if day.year <= years:
            return date.min
        start = day.replace(year=day.year - years, day=28)
    while years_between(start, day) < years:
        start -= ONE_DAY
    while start < date.max and years_between(start + ONE_DAY, day) >= years:
        start += ONE_DAY
    return start


def years(column: Any, op: Operator, value: Any, day: date) -> Truth:
    """Return the condition that the whole years from the day in `column` to `day` compare so with `value`."""

    def least(number: int) -> Truth:
        return cast("Truth", column <= born_by(number, day))

    def most(number: int) -> Truth:
        return cast("Truth", column > born_by(number + 1, day))

    match op:
        case _O.LT:
            return most(value - 1)
        case _O.LE:
            return most(value)
        case _O.GT:
            return least(value + 1)
        case _O.GE:
            return least(value)
        case _O.BETWEEN:
            return and_(least(value[0]), most(value[1]))
    listed = value if isinstance(value, tuple) else (value,)
    found = or_(false(), *(and_(least(number), most(number)) for number in listed))
    return ~found if op in (_O.NE, _O.NOT_IN) else found


def track(table: type[Member] | type[MemberVersion]) -> ColumnElement[str]:
    """Return the rule each row retires by as `members.retirement.track_of` tells it; empty where the sex is unknown."""
    woman = table.sex == Sex.FEMALE.value
    is_high = or_(
        table.title_level.in_(sorted(retirement.HIGH_TITLES)), table.admin_rank.in_(sorted(retirement.HIGH_RANKS))
    )
    return case(
        (table.retire_track.is_not(None), table.retire_track),
        (table.sex == Sex.MALE.value, RetireTrack.MAN_60.value),
        (and_(woman, is_high), RetireTrack.WOMAN_60.value),
        (and_(woman, table.post_category == retirement.WORKER.value), RetireTrack.WOMAN_50.value),
        (woman, RetireTrack.WOMAN_55.value),
        else_="",
    )


def retiring(op: Operator, value: Any, table: type[Member] | type[MemberVersion]) -> Truth:
    """Return the condition on the month of retirement: the personnel office's day, else what the birth date tells."""
    by_office, born, rule = table.retire_date_hr, table.birth_date, track(table)
    known = or_(by_office.is_not(None), and_(born.is_not(None), rule != ""))
    if op in (_O.EMPTY, _O.NOT_EMPTY):
        return known if op is _O.NOT_EMPTY else ~known
    first, last = _months(op, value)
    written = and_(by_office.is_not(None), *_within(by_office, first, _next(last) if last else None))
    reckoned = [
        and_(rule == one.value, *_within(born, _after(one, first), _after(one, _next(last)) if last else None))
        for one in RetireTrack
    ]
    found = or_(written, and_(by_office.is_(None), born.is_not(None), or_(*reckoned)))
    return and_(known, ~found) if op is _O.NE else found


def _months(op: Operator, value: Any) -> tuple[date | None, date | None]:
    """Return the first and the last month that `op` admits, None for no limit."""
    match op:
        case _O.BETWEEN:
            return value[0], value[1]
        case _O.LT:
            return None, _before(value)
        case _O.LE:
            return None, value
        case _O.GT:
            return _next(value), None
        case _O.GE:
            return value, None
    return value, value


def _within(column: Any, first: date | None, end: date | None) -> list[Truth]:
    return ([column >= first] if first else []) + ([column < end] if end else [])


def _after(rule: RetireTrack, month: date | None) -> date | None:
    """Return the first birth date that retires in `month` or later by `rule`."""
    if month is None:
        return None
    earlier = retirement.last_birth(rule, _before(month))
    return _next(earlier) if earlier else date.min


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _before(month: date) -> date:
    return (month.replace(day=1) - ONE_DAY).replace(day=1)
