"""Kinds of days and months, and what is counted from them."""

from __future__ import annotations

import re
from calendar import isleap
from datetime import date, datetime

from portal.core.calendar import show_date
from portal.core.fields import Field
from portal.core.kinds.cleaning import for_code, quoted, refusal

_DAY = (
    re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"),
    re.compile(r"(\d{4})(年)(\d{1,2})月(\d{1,2})日?"),
    re.compile(r"(\d{4})()(\d{2})(\d{2})"),
)
_MONTH = (
    re.compile(r"(\d{4})([-/.])(\d{1,2})"),
    re.compile(r"(\d{4})(年)(\d{1,2})月?"),
    re.compile(r"(\d{4})()(\d{2})"),
)
_NOW = {"至今", "今", "现在"}
FIRST_YEAR, LAST_YEAR = 1900, 2100


def parse_date(field: Field, raw: object) -> date:
    """Return the day written as 1990-05-01, 1990/5/1, 1990.05.01, 1990年5月1日 or 19900501."""
    if isinstance(raw, date):
        return _whole_day(raw)
    text = _written(raw)
    for form in _DAY:
        if found := form.fullmatch(text):
            return _day(field, raw, int(found[1]), int(found[3]), int(found[4]))
    if any(form.fullmatch(text) for form in _MONTH):
        raise refusal(field, "请写到日，例如 1990-05-01")
    raise refusal(field, f"{quoted(raw)}无法识别，请写成 1990-05-01 的样子")


def parse_month(field: Field, raw: object) -> date:
    """Return the first day of the month written as 1990-05, 1990年5月, 1990.05 or 199005; a whole day serves too.

    1990.1 is refused: a sheet makes it of 1990.10.
    """
    if isinstance(raw, date):
        return _whole_day(raw).replace(day=1)
    text = _written(raw)
    for form in _DAY:
        if found := form.fullmatch(text):
            return _day(field, raw, int(found[1]), int(found[3]), int(found[4])).replace(day=1)
    for form in _MONTH:
        if found := form.fullmatch(text):
            if found[2] == "." and found[3] == "1":
                year = found[1]
                raise refusal(field, f"{quoted(raw)}分不清是 1 月还是 10 月，请写成 {year}-01 或 {year}-10")
            return _day(field, raw, int(found[1]), int(found[3]), 1)
    raise refusal(field, f"{quoted(raw)}无法识别，请写成 1990-05 的样子")


def parse_end_month(field: Field, raw: object) -> date | None:
    """Return a month as `parse_month` does; 「至今」 is None."""
    return None if isinstance(raw, str) and for_code(raw) in _NOW else parse_month(field, raw)


def show_day(field: Field, value: object) -> str:
    """Return 「1990年5月1日」."""
    return show_date(as_date(value))


def show_month(field: Field, value: object) -> str:
    """Return 「1990年5月」."""
    day = as_date(value)
    return f"{day.year}年{day.month}月"


def show_end_month(field: Field, value: object) -> str:
    """Return 「1990年5月」, or 「至今」 for none."""
    return "至今" if value is None else show_month(field, value)


def as_date(value: object) -> date:
    """Return the date that `value` is or writes in ISO ("1990-05-01", "1990-05")."""
    if isinstance(value, date):
        return value
    text = str(value)
    return date.fromisoformat(text if len(text) > 7 else f"{text}-01")


def years_between(start: date, day: date) -> int:
    """Return the whole years from `start` to `day`; 29 February is complete on 28 February of a common year."""
    reached = (day.month, day.day) >= (start.month, start.day)
    if (start.month, start.day, day.month, day.day) == (2, 29, 2, 28):
        reached = not isleap(day.year)
    return day.year - start.year - (not reached)


def _whole_day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _written(raw: object) -> str:
    return re.sub(r"\s", "", for_code(raw))


def _day(field: Field, raw: object, year: int, month: int, day: int) -> date:
    try:
        made = date(year, month, day)
    except ValueError:
        raise refusal(field, f"{quoted(raw)}不是真实存在的日期，请核对") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise refusal(field, f"{quoted(raw)}的年份不合理，请核对")
    return made
