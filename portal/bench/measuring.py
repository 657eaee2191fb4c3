"""Timing: floor and candidate in turn, CPU time of all processes, medians, equal results."""

from __future__ import annotations

import contextlib
import gc
import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROUNDS_LEAST, ROUNDS_MOST = 5, 51
SLOW_SECONDS, SLOW_ROUNDS = 5.0, 3  # what takes longer is measured so many times
SECONDS_FOR_A_CASE = 3.0
SETTLED_AFTER = 100  # looks, a hundredth of a second apart, that descendants are given to come to rest


class Unequal(Exception):
    """Floor and candidate gave different results, so their times mean nothing."""


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Case:
    """One comparison: `floor()` is the least it could cost, `ours(arranged)` what the portal does.

    `arrange()` prepares each call of `ours`, untimed. `same(floor's result, our result)` tells whether both found the
    same. `per` is how many things one call makes: times are for one of them. `has_children`: ours works in processes of
    its own too, whose clocks are followed. `by_the_wall`: both wait for something that is no processor, so that the
    time is that of the clock on the wall.
    """

    name: str
    floor: Callable[[], Any]
    ours: Callable[[Any], Any]
    same: Callable[[Any, Any], bool]
    arrange: Callable[[], Any] = _nothing
    per: int = 1
    has_children: bool = False
    by_the_wall: bool = False


@dataclass(frozen=True)
class Timing:
    """The medians of one case in CPU milliseconds."""

    case: str
    floor_ms: float
    ours_ms: float
    rounds: int

    @property
    def ratio(self) -> float:
        """How many times the floor we cost."""
        return self.ours_ms / self.floor_ms


def worst(timings: Sequence[Timing]) -> Timing:
    """Return the timing with the largest ratio: an operation is as good as its worst case."""
    return max(timings, key=lambda timing: timing.ratio)


def rounds_for(floor_seconds: float, ours_seconds: float) -> int:
    """Return how many rounds to measure what takes so long: 3 beyond 5 s, else 5 at least, more of what is quick."""
    if max(floor_seconds, ours_seconds) > SLOW_SECONDS:
        return SLOW_ROUNDS
    return max(ROUNDS_LEAST, min(ROUNDS_MOST, int(SECONDS_FOR_A_CASE / (floor_seconds + ours_seconds))))


def measure(case: Case) -> Timing:
    """Time floor and candidate in turn, A B A B, after one untimed call of each.

    Raises Unequal if any two results differ.
    """
    rounds = rounds_for(*_round(case))
    pairs = [_round(case) for _ in range(rounds)]
    floor, ours = (statistics.median(side) * 1000 / case.per for side in zip(*pairs, strict=True))
    return Timing(case.name, floor, ours, rounds)


def _round(case: Case) -> tuple[float, float]:
    arranged = case.arrange()
    timed = _waited if case.by_the_wall else _timed
    floor_seconds, expected = timed(case.floor)
    our_seconds, found = (_followed if case.has_children else timed)(lambda: case.ours(arranged))
    if not case.same(expected, found):
        raise Unequal(f"「{case.name}」的结果与下限的结果不一致，用时不能比较")
    return floor_seconds, our_seconds


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()  # nobody pays for another's litter
    begun = time.process_time()
    result = call()
    return time.process_time() - begun, result


def _waited(call: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    begun = time.perf_counter()
    result = call()
    return time.perf_counter() - begun, result


def _followed(call: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    follower = Follower()
    with follower:
        begun = time.process_time()
        result = call()
        own = time.process_time() - begun
    return own - follower.cost + follower.used, result


class Follower(threading.Thread):
    """Follows the CPU clocks of all descendants while the block runs, and until what they began has settled.

    Forks that nobody waits for count in nobody's resource usage, so each is looked at every millisecond, and what it
    had used when last seen stays. `used` is their CPU time in seconds, `cost` that of the looking, to be taken off.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.cost = 0.0
        self._at_first = _clocks()
        self._last = dict(self._at_first)
        self._over = threading.Event()

    @property
    def used(self) -> float:
        """What the descendants have used since the block began."""
        return sum(self._last.values()) - sum(self._at_first.values())

    def __enter__(self) -> Follower:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.join()
        before = -1.0
        for _ in range(SETTLED_AFTER):
            if self.used == before:
                return
            before = self.used
            time.sleep(0.01)
            self._last |= _clocks()

    def run(self) -> None:
        """Look until the block is over."""
        while not self._over.wait(0.001):
            self._last |= _clocks()
            self.cost = time.thread_time()


def _clocks() -> dict[int, float]:
    clocks = {}
    for pid in family_of(os.getpid())[1:]:
        with contextlib.suppress(OSError):  # it has just ended
            clocks[pid] = time.clock_gettime((~pid << 3) | 2)  # a process's CPU clock, as clock_getcpuclockid(3) has it
    return clocks


def family_of(pid: int) -> list[int]:
    """Return the process `pid` and all that descend from it, itself first (Linux)."""
    found = [pid]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found
