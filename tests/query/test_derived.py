"""Ages and months of retirement as ranges of birth dates, against the printed formulas and their examples."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.members import retirement
from portal.members.enums import RetireTrack
from portal.query import derived
from tests.query import oracle

T = RetireTrack


@pytest.mark.parametrize(
    ("born", "track", "retires"),
    [
        (date(1964, 12, 31), T.MAN_60, date(2024, 12, 1)),
        (date(1965, 1, 1), T.MAN_60, date(2025, 2, 1)),
        (date(1976, 9, 15), T.MAN_60, date(2039, 9, 1)),
        (date(1981, 9, 30), T.WOMAN_55, date(2039, 9, 1)),
        (date(1975, 1, 2), T.WOMAN_50, date(2025, 2, 1)),
        (date(1984, 11, 1), T.WOMAN_50, date(2039, 11, 1)),
    ],
)
def test_the_examples_of_the_reform(born, track, retires):
    assert retirement.month_of(born, track) == retires


@pytest.mark.parametrize("track", list(T))
def test_the_last_birth_of_a_month_is_the_last(track):
    for months in range(2000 * 12, 2060 * 12):
        month = date(months // 12, months % 12 + 1, 1)
        last = retirement.last_birth(track, month)
        following = (last + timedelta(days=31)).replace(day=1)

        assert retirement.month_of(last, track) <= month < retirement.month_of(following, track)


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1), date(2026, 11, 21)])
def test_who_is_born_by_the_day_has_the_years(day):
    for years in (0, 1, 17, 40, 99):
        last = derived.born_by(years, day)

        assert oracle.whole_years(last, day) >= years > oracle.whole_years(last + timedelta(days=1), day)


def test_nobody_is_a_thousand_years_old():
    assert derived.born_by(2026, date(2026, 11, 21)) == date.min
    assert derived.born_by(3000, date(2026, 11, 21)) == date.min
