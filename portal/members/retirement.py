"""When a member is likely to retire: the gradual raising of the age from 2025 on.

《国务院关于渐进式延迟法定退休年龄的办法》 (in force 2025-01-01): men 60 → 63 and women of 55 → 58 by one month for
every four, women of 50 → 55 by one month for every two. A reminder only: the personnel office's date wins over it.
"""

from __future__ import annotations

from datetime import date

from .enums import AdminRank, PostCategory, RetireTrack, Sex, TitleLevel

MONTHS = 12
_START = 2025 * MONTHS  # January 2025, counted in months from the year 0
HIGH_TITLES = frozenset({TitleLevel.FULL, TitleLevel.ASSOCIATE, TitleLevel.SENIOR})
HIGH_RANKS = frozenset({AdminRank.SCHOOL, AdminRank.DIVISION, AdminRank.DEPUTY_DIVISION})
WORKER = PostCategory.WORKER

# track -> the old age in years, of how many months one is added, and how many at most
RULES: dict[RetireTrack, tuple[int, int, int]] = {
    RetireTrack.MAN_60: (60, 4, 36),
    RetireTrack.WOMAN_60: (60, 4, 36),
    RetireTrack.WOMAN_55: (55, 4, 36),
    RetireTrack.WOMAN_50: (50, 2, 60),
}


def track_of(
    *, track: str | None, sex: str | None, title_level: str | None, admin_rank: str | None, post_category: str | None
) -> RetireTrack | None:
    """Return the rule somebody retires by: the one written down, else as sex, title, rank and post have it.

    Men 60; women of a high title or of a rank from 副处 up 60, workers 50, others 55. None for an unknown sex.
    """
    if track:
        return RetireTrack(track)  # type: ignore[call-arg]  # by its value alone
    if sex == Sex.MALE:
        return RetireTrack.MAN_60
    if sex != Sex.FEMALE:
        return None
    if title_level in HIGH_TITLES or admin_rank in HIGH_RANKS:
        return RetireTrack.WOMAN_60
    return RetireTrack.WOMAN_50 if post_category == WORKER else RetireTrack.WOMAN_55


def month_of(birth: date, track: RetireTrack) -> date:
    """Return the first day of the month in which somebody born on `birth` retires by `track`."""
    return _month(_retires(birth.year * MONTHS + birth.month - 1, track))


def last_birth(track: RetireTrack, month: date) -> date | None:
    """Return the first day of the latest month of birth that retires by `track` in `month` or before; None: nobody.

    Who is born later retires later, so a condition on the month is one on the birth date.
    """
    old, _, most = RULES[track]
    wanted = month.year * MONTHS + month.month - 1
    born = wanted - old * MONTHS  # without any delay; the delay moves the birth back by `most` months at most
    while _retires(born, track) > wanted and born >= wanted - old * MONTHS - most:
        born -= 1
    return _month(born) if born >= MONTHS else None


def _retires(born: int, track: RetireTrack) -> int:
    old, every, most = RULES[track]
    reached = born + old * MONTHS
    late = reached - _START
    return reached + (min(most, late // every + 1) if late >= 0 else 0)


def _month(number: int) -> date:
    return date(number // MONTHS, number % MONTHS + 1, 1)
