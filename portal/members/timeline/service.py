"""The time-line as a page shows it: newest first, cut to one matter, page by page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from portal.core.calendar import midnight
from portal.org.models import User

from ..models import Member
from . import papers, record
from .happenings import About, Happening, told

OF_THE_FLOOR = (record, papers)  # loaded, they have declared what they tell

PER_PAGE = 50
LATEST = 8  # that stand on the member's own page


@dataclass(frozen=True)
class Page:
    """A page of the time-line; `counts` has the number of happenings by matter, `total` that of the chosen one."""

    rows: list[Happening]
    total: int
    counts: dict[About, int]

    @property
    def everything(self) -> int:
        """How many happenings there are of all matters."""
        return sum(self.counts.values())


def page(actor: User, member: Member, *, about: str = "", number: int = 1, per_page: int = PER_PAGE) -> Page:
    """Return a page of what the actor may know of the member, whom she may read, or who she is.

    First what is still to come, the farthest day first, then what has happened, by the moment when it was entered,
    newest first. `about` is a value of About, "" for all; `number` counts from 1. The number of questions to the
    database does not grow with what has happened.
    """
    everything = told(actor, member)
    counts = Counter(one.about for one in everything)
    chosen = sorted((one for one in everything if about in ("", one.about.value)), key=_place, reverse=True)
    start = (max(number, 1) - 1) * per_page
    return Page(chosen[start : start + per_page], len(chosen), {one: counts[one] for one in About if counts[one]})


def latest(actor: User, member: Member) -> Page:
    """Return what stands on the member's page: the first few, and how many there are."""
    return page(actor, member, per_page=LATEST)


def _place(one: Happening) -> tuple[bool, datetime, datetime]:
    at = one.at or midnight(one.on or date.min)
    day = midnight(one.on) if one.on else at
    return one.is_coming, day if one.is_coming else at, day
