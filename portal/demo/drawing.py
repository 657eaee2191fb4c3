"""Drawing by lot, the same for the same seed."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Drawn = TypeVar("Drawn")


class Urn(Generic[Drawn]):
    """Lots of different weight: `Urn({"01": 90, None: 2}).draw(rng)`."""

    def __init__(self, weights: Mapping[Drawn, float] | Iterable[tuple[Drawn, float]]) -> None:
        pairs = list(weights.items() if isinstance(weights, Mapping) else weights)
        self._lots = [lot for lot, _ in pairs]
        self._bounds = list(accumulate(weight for _, weight in pairs))

    def draw(self, rng: Random) -> Drawn:
        """Return one lot; it stays in the urn."""
        return self._lots[bisect(self._bounds, rng.random() * self._bounds[-1], hi=len(self._lots) - 1)]


def happens(rng: Random, chance: float) -> bool:
    """Whether something of this chance (0 to 1) happens now."""
    return rng.random() < chance


def day_between(rng: Random, first: date, last: date) -> date:
    """Return a day from `first` to `last`, both possible; `first` where the two are the wrong way round."""
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))


def years_on(day: date, years: int, months: int = 0) -> date:
    """Return the same day `years` and `months` later or earlier, the last of the month where it does not exist."""
    month = day.year * 12 + day.month - 1 + years * 12 + months
    for last in (day.day, 30, 29, 28):
        try:
            return date(month // 12, month % 12 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
