"""The clock on the wall."""

from __future__ import annotations

from datetime import UTC, date, datetime

from portal.core import calendar


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert calendar.midnight(date(2026, 9, 1)) == datetime(2026, 8, 31, 16, tzinfo=UTC)
