"""A register kept by hand beside the portal: where everybody stands on each day, as known that day and as known now.

Plain Python that shares no line with what it judges. A day that is over is written down; what is entered later for
that day is a correction, and nothing else may make the two differ.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Effect:
    """From the day `on`, `values` hold for the member: unit, status, counted; up to the day `until`, if there is one.

    `is_new`: her record begins there.
    """

    member_id: int
    on: date
    values: Mapping[str, Any]
    is_new: bool = False
    until: date | None = None


@dataclass(frozen=True)
class Kept:
    """One row of the portal's versions."""

    member_id: int
    unit: int
    status: str
    counted: bool
    valid_from: date
    valid_to: date
    recorded: date
    superseded: date | None


class Line:
    """What one column said, as (first day, value), each until the next."""

    def __init__(self, first: date, value: Any) -> None:
        self._steps: list[tuple[date, Any]] = [(first, value)]

    def on(self, day: date) -> Any:
        """Return what held on `day`."""
        return next((value for first, value in reversed(self._steps) if first <= day), None)

    def put(self, day: date, value: Any, until: date | None = None) -> None:
        """Let `value` hold from `day` until the next step that said something else, or up to `until`."""
        rest = [(until, self.on(until))] if until else []
        following = [step for step in self._steps if step[0] > (until or day)]
        steps = [step for step in self._steps if step[0] < day] + [(day, value), *rest, *following]
        self._steps = [step for place, step in enumerate(steps) if not place or step[1] != steps[place - 1][1]]


@dataclass
class Book:
    """The register; `recorded` are headcounts of days that are over, `corrections` what was entered for them since."""

    lines: dict[int, dict[str, Line]] = field(default_factory=dict)
    recorded: dict[date, Counter[int]] = field(default_factory=dict)
    corrections: dict[date, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def place(self, member_id: int, day: date) -> int | None:
        """Return the unit that counts the member on the day."""
        line = self.lines[member_id]
        if line["status"].on(day) != "active" or not line["counted"].on(day):
            return None
        return int(line["unit"].on(day))

    def enter(self, effect: Effect) -> None:
        """Write down what happened, and what it corrects in days that are over."""
        if effect.is_new:
            said = {"status": "active", "counted": True} | dict(effect.values)
            self.lines[effect.member_id] = {name: Line(effect.on, value) for name, value in said.items()}
            return
        days = [day for day in self.recorded if day >= effect.on]
        before = {day: self.place(effect.member_id, day) for day in days}
        for name, value in effect.values.items():
            self.lines[effect.member_id][name].put(effect.on, value, effect.until)
        for day in days:
            after = self.place(effect.member_id, day)
            if after != before[day]:
                self.corrections[day].update({before[day]: -1})
                self.corrections[day].update({after: 1})

    def headcounts(self, day: date) -> Counter[int]:
        """Return how many each unit has on the day, as known now."""
        places = (self.place(number, day) for number in self.lines)
        return Counter(place for place in places if place is not None)

    def close(self, day: date) -> None:
        """Write down the headcounts of a day that is over."""
        self.recorded[day] = self.headcounts(day)

    def as_known_now(self, day: date) -> Counter[int]:
        """Return what was recorded on the day, with exactly what was entered for it since."""
        found = Counter(self.recorded[day])
        found.update({unit: number for unit, number in self.corrections[day].items() if unit is not None})
        return Counter({unit: number for unit, number in found.items() if number})


def counted(rows: Iterable[Kept], days: Iterable[date], *, as_known_then: bool) -> dict[date, Counter[int]]:
    """Return the headcounts that the versions tell of each of the days, as known that day or as known now."""
    changes: dict[date, Counter[int]] = defaultdict(Counter)
    for row in rows:
        if row.status != "active" or not row.counted or (row.superseded is not None and not as_known_then):
            continue
        first, end = row.valid_from, row.valid_to
        if as_known_then:
            first, end = max(first, row.recorded), min(end, row.superseded or end)
        if first < end:
            changes[first].update({row.unit: 1})
            changes[end].update({row.unit: -1})
    found: dict[date, Counter[int]] = {}
    steps, standing = iter(sorted(changes.items())), Counter[int]()
    step = next(steps, None)
    for day in sorted(days):
        while step is not None and step[0] <= day:
            standing.update(step[1])
            step = next(steps, None)
        found[day] = Counter({unit: number for unit, number in standing.items() if number})
    return found


def each_day(first: date, last: date) -> Iterator[date]:
    """Return the days from `first` to `last`, both included."""
    while first <= last:
        yield first
        first += ONE_DAY


def noon(day: date, millisecond: int = 0) -> datetime:
    """Return an instant of the day that belongs to one act alone."""
    return datetime.fromisoformat(f"{day.isoformat()}T04:00:00+00:00") + timedelta(milliseconds=millisecond)
