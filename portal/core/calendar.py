"""The clock on the wall: instants are stored in UTC, days are those of Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
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


def show_date(day: date | None) -> str:
    """Return 「2026年9月1日」, or nothing for no date."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def show_time(instant: datetime | None) -> str:
    """Return 「2026-09-01 08:05」 on a Shanghai clock, or nothing."""
    return f"{local(instant):%Y-%m-%d %H:%M}" if instant else ""
