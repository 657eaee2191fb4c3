"""The clock on the wall: instants are stored in UTC, days are those of Asia/Shanghai."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOLIDAYS = Path(__file__).with_name("holidays.csv")
SATURDAY = 5
ONE_DAY = timedelta(days=1)


def now() -> datetime:
    """Return this instant, in UTC and aware of it."""
    return datetime.now(UTC)


def today() -> date:
    """Return the day it is in Shanghai."""
    return local(now()).date()


def local(instant: datetime) -> datetime:
    """Return the same instant on a Shanghai clock."""
    return instant.astimezone(SHANGHAI)


def midnight(day: date) -> datetime:
    """Return the instant at which `day` begins in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


# --- working days ---------------------------------------------------------------------------------------------------


@cache
def _exceptions() -> dict[date, bool]:
    """Whether a day of the State Council's yearly notice is worked; what it does not name is as the week has it."""
    with HOLIDAYS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {date.fromisoformat(row["day"]): row["kind"] == "work" for row in rows}


def is_working_day(day: date) -> bool:
    """Whether people work on `day`: Monday to Friday, but for holidays and the weekends worked for them."""
    return _exceptions().get(day, day.weekday() < SATURDAY)


def working_days(after: date, until: date) -> int:
    """Return how many working days lie after the day `after` up to and including `until`; 0 where none does.

    The day on which something began does not count (《民法典》第二百零一条).
    """
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return sum(map(is_working_day, days))


def working_days_ago(number: int, until: date) -> date:
    """Return the last day after which `number` working days (at least 1) lie up to and including `until`."""
    day = until
    while True:
        number -= is_working_day(day)
        day -= ONE_DAY
        if number == 0:
            return day


# --- how they are shown ---------------------------------------------------------------------------------------------


def show_date(day: date | None) -> str:
    """Return 「2026年9月1日」, or nothing for no date."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def show_time(instant: datetime | None) -> str:
    """Return 「2026-09-01 08:05」 on a Shanghai clock, or nothing."""
    return f"{local(instant):%Y-%m-%d %H:%M}" if instant else ""
