"""Working days: the week, the State Council's holidays, the weekends worked for them, vacations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask

from portal.core import settings, workdays
from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.workdays import CalendarSpan, SpanKind

# Written by hand from the notices of 2024-11-12 and 2025-11-04: days without work, and weekend days that are worked.
FREE = {
    2025: 1 + 8 + 3 + 5 + 3 + 8,  # 元旦, 春节, 清明, 劳动节, 端午, 国庆和中秋
    2026: 3 + 9 + 3 + 5 + 3 + 3 + 7,  # 元旦, 春节, 清明, 劳动节, 端午, 中秋, 国庆
}
WORKED = {
    2025: {"2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"},
    2026: {"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"},
}
WINTER_2025, SUMMER_2025 = ("寒假", "2025-01-11", "2025-02-16"), ("暑假", "2025-07-12", "2025-08-31")
WINTER_2026, SUMMER_2026 = ("寒假", "2026-01-24", "2026-03-01"), ("暑假", "2026-07-11", "2026-08-30")

# start, working days, end, what the sum has to say; counted on a paper calendar
BY_HAND = [
    # 国庆 with the weekend days worked for it
    ("2025-09-26", 5, "2025-10-10", ["周末 1 天", "国庆节、中秋节 8 天", "9月28日"]),
    ("2025-09-30", 3, "2025-10-11", ["国庆节、中秋节 8 天", "计入调休上班的10月11日"]),
    ("2025-09-30", 15, "2025-10-28", ["周末 5 天", "国庆节、中秋节 8 天"]),
    ("2026-09-18", 5, "2026-09-24", ["周末 1 天", "9月20日"]),
    ("2026-09-24", 10, "2026-10-15", ["周末 1 天", "中秋节 3 天", "国庆节 7 天", "10月10日"]),
    ("2026-09-30", 3, "2026-10-10", ["国庆节 7 天", "10月10日"]),
    # across 寒假, with 春节 and its worked weekends within it
    ("2025-01-10", 1, "2025-02-17", ["寒假 37 天"]),
    ("2025-01-08", 15, "2025-03-05", ["寒假 37 天", "周末 4 天"]),
    ("2026-01-22", 10, "2026-03-12", ["寒假 37 天", "周末 2 天"]),
    # inside 暑假, and into it
    ("2025-07-20", 5, "2025-09-05", ["暑假 42 天"]),
    ("2025-07-10", 2, "2025-09-01", ["暑假 51 天"]),
    ("2026-08-01", 1, "2026-08-31", ["暑假 29 天"]),
    # 劳动节, and an ordinary week
    ("2026-04-29", 5, "2026-05-09", ["劳动节 5 天", "5月9日"]),
    ("2026-11-16", 5, "2026-11-23", ["周末 2 天"]),
]


def add(*vacations: tuple[str, str, str]) -> None:
    """Write vacations into the calendar."""
    for name, starts, ends in vacations:
        first, last = date.fromisoformat(starts), date.fromisoformat(ends)
        db.session.add(CalendarSpan(year=first.year, kind=SpanKind.VACATION, name=name, starts=first, ends=last))
    db.session.flush()
    workdays.forget()


@pytest.fixture
def vacations(app: Flask) -> Iterator[None]:
    """The vacations of an invented school."""
    add(WINTER_2025, SUMMER_2025, WINTER_2026, SUMMER_2026)
    yield
    db.session.rollback()


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_notice_of_a_year_is_kept_whole(year: int) -> None:
    spans = workdays.shipped(year)
    worked = {day.isoformat() for span in spans if span.kind is SpanKind.WORK for day in span.days()}
    free = [day for span in spans if span.kind is SpanKind.FREE for day in span.days()]

    assert (len(free), len(set(free)), worked) == (FREE[year], FREE[year], WORKED[year])
    assert all(date.fromisoformat(day).weekday() >= workdays.SATURDAY for day in worked)


def test_terms_end_as_the_table_says_and_their_sums_close(vacations: None) -> None:
    for start, number, end, parts in BY_HAND:
        began, ended = date.fromisoformat(start), date.fromisoformat(end)

        found = workdays.due(began, number)

        assert (start, number, found.day.isoformat()) == (start, number, end)
        assert [part for part in parts if part not in found.words] == [], found.words
        out = sum(int(word.split()[0]) for word in found.words.partition("除去")[2].replace("、", " ").split(" ")
                  if word.isdigit())  # fmt: skip
        assert (ended - began).days == number + out, found.words
        assert workdays.working_days(began, ended) == number
        assert workdays.add_working_days(began, number) == ended
        assert "按周末计算" not in found.words


def test_a_term_of_days_that_ends_in_a_vacation_ends_on_the_first_working_day_after(vacations: None) -> None:
    found = workdays.due_in_days(date(2026, 6, 1), 60)

    assert found.day == date(2026, 8, 31)
    assert found.words == "从2026年6月1日起 60 天，到2026年7月31日，那天是暑假，顺延到其后第一个工作日2026年8月31日。"
    assert workdays.due_in_days(date(2026, 9, 2), 30).day == date(2026, 10, 8)  # into 国庆
    assert workdays.due_in_days(date(2026, 9, 1), 30).day == date(2026, 10, 8)
    assert workdays.due_in_days(date(2026, 11, 1), 30).day == date(2026, 12, 1)  # a Tuesday


def test_vacations_count_where_the_setting_says_so_but_no_term_ends_in_one(vacations: None) -> None:
    settings.set(SHELL, "calendar_skips_vacations", "0")
    workdays.forget()

    assert workdays.working_days(date(2026, 7, 10), date(2026, 7, 17)) == 5
    assert workdays.due(date(2026, 7, 9), 5).day == date(2026, 8, 31)
    assert workdays.due(date(2026, 7, 1), 5).day == date(2026, 7, 8)


def test_a_year_nobody_has_written_has_its_weekends_and_says_so(app: Flask) -> None:
    found = workdays.due(date(2031, 9, 29), 3)

    assert found.day == date(2031, 10, 2)
    assert found.words == "从2031年9月29日起 3 个工作日，到2031年10月2日。2031年还没有节假日安排，按周末计算。"


@pytest.mark.parametrize("number", [1, 6])
def test_counting_back_finds_the_last_day_that_is_so_long_ago(vacations: None, number: int) -> None:
    for until in (date(2026, month, day) for month in range(1, 13) for day in (1, 9, 17, 25)):
        found = workdays.working_days_ago(number, until)

        assert workdays.working_days(found, until) == number
        assert workdays.working_days(found + timedelta(days=1), until) == number - 1


@pytest.mark.parametrize(
    ("after", "until", "number"),
    [
        ("2026-11-16", "2026-11-16", 0),  # a Monday: its own day does not count
        ("2026-11-20", "2026-11-22", 0),  # a weekend
        ("2026-09-30", "2026-10-10", 3),  # over the national holiday: 8, 9 and the Saturday worked for it
        ("2026-02-13", "2026-02-24", 2),  # over the Spring Festival: the Saturday before, the Tuesday after
        ("2026-11-23", "2026-11-16", 0),
    ],
)
def test_working_days_are_counted_from_the_next_day(app: Flask, after: str, until: str, number: int) -> None:
    assert workdays.working_days(date.fromisoformat(after), date.fromisoformat(until)) == number
