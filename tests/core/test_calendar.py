"""Working days: the week, the State Council's holidays and the weekends worked for them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from portal.core import calendar

FREE_2026 = 33  # 3 元旦, 9 春节, 3 清明, 5 劳动节, 3 端午, 3 中秋, 7 国庆
WORKED_2026 = {"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"}


def test_the_notice_of_2026_is_kept_whole() -> None:
    named = calendar._exceptions()
    days = [day for day in named if day.year == 2026]

    assert len([day for day in days if not named[day]]) == FREE_2026
    assert {day.isoformat() for day in days if named[day]} == WORKED_2026
    assert all(day.weekday() >= calendar.SATURDAY for day in days if named[day])


@pytest.mark.parametrize(
    ("day", "works"),
    [("2026-11-20", True), ("2026-11-21", False), ("2026-10-01", False), ("2026-10-10", True), ("2031-10-01", True)],
)
def test_a_day_is_worked_as_the_notice_says_else_as_the_week_has_it(day: str, works: bool) -> None:
    assert calendar.is_working_day(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("after", "until", "number"),
    [
        ("2026-11-16", "2026-11-16", 0),  # a Monday: its own day does not count
        ("2026-11-16", "2026-11-23", 5),
        ("2026-11-20", "2026-11-22", 0),  # a weekend
        ("2026-09-30", "2026-10-10", 3),  # over the national holiday: 8, 9 and the Saturday worked for it
        ("2026-02-13", "2026-02-24", 2),  # over the Spring Festival: the Saturday before, the Tuesday after
        ("2026-11-23", "2026-11-16", 0),
    ],
)
def test_working_days_are_counted_from_the_next_day(after: str, until: str, number: int) -> None:
    assert calendar.working_days(date.fromisoformat(after), date.fromisoformat(until)) == number


@pytest.mark.parametrize("until", [date(2026, month, day) for month in range(1, 13) for day in (1, 9, 17, 25)])
@pytest.mark.parametrize("number", [1, 6])
def test_counting_back_finds_the_last_day_that_is_so_long_ago(number: int, until: date) -> None:
    found = calendar.working_days_ago(number, until)

    assert calendar.working_days(found, until) == number
    assert calendar.working_days(found + calendar.ONE_DAY, until) == number - 1


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert calendar.midnight(date(2026, 9, 1)) == datetime(2026, 8, 31, 16, tzinfo=UTC)
