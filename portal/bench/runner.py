"""The run: each operation in its cases, then alone for its memory; lines for people, one object for programs."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from portal.core.errors import DomainError

from . import batching, bringing, exporting, memory, pages, paper, place, questions, sending, signin
from .measuring import Case, Timing, Unequal, measure, worst
from .place import Place, Say

# name (as among the goals) -> the cases of the operation; a new one is a function and a line here
OPERATIONS: dict[str, Callable[[Place], list[Case]]] = {
    "list": pages.list_cases,
    "filter": questions.filter_cases,
    "any": questions.any_cases,
    "name": questions.name_cases,
    "id": questions.id_cases,
    "summary": questions.summary_cases,
    "as_of": questions.as_of_cases,
    "export": exporting.export_cases,
    "import": bringing.import_cases,
    "batch": batching.batch_cases,
    "form": paper.form_cases,
    "forms": paper.forms_cases,
    "signin": signin.signin_cases,
    "messages": sending.message_cases,
    "pages_beside_messages": sending.beside_cases,
}
# what is measured with another, where that alone is asked for
ALSO = {"messages": ("pages_beside_messages",)}
NAMES = tuple(OPERATIONS)


def run(instance: Path, *, members: int, only: Sequence[str], say: Say) -> dict[str, Any]:
    """Measure the operations `only` (empty: all) among `members` members and return what the benchmark promises.

    The seeded database is kept in `instance`/bench. `say` takes a line for people as each case is done. Raises
    DomainError for an unknown name, and where a result differs from its floor's.
    """
    for name in only:
        if name not in OPERATIONS:
            raise DomainError(f"没有名为 {name} 的测试项目，可选：{'、'.join(NAMES)}")
    folder = place.seeded(instance, members, say)
    with place.place_at(folder) as here, here.reading():
        say(f"虚构会员 {members} 人（{here.day} 生成），全部记录的 SHA-256：{place.rows_sha256()}")
    timed = {}
    for name in dict.fromkeys(one for first in only for one in (first, *ALSO.get(first, ()))) or NAMES:
        with place.place_at(folder) as here:  # each in a place of its own: one that writes leaves nothing behind
            timed[name] = _timed(here, name, say)
    operations = []
    for name, timings in timed.items():
        peak = memory.peak_mb([sys.executable, "-m", "portal.bench.alone", str(folder), name])
        operations.append(report(name, timings, peak))
        say(f"{name:8} 最差 {operations[-1]['ratio']} 倍，内存峰值 {peak:.0f} MB")
    return {"machine": machine(), "members": members, "operations": operations}


def _timed(here: Place, name: str, say: Say) -> list[Timing]:
    timings = []
    for case in OPERATIONS[name](here):
        try:
            timing = measure(case)
        except Unequal as error:
            raise DomainError(str(error)) from error
        say(
            f"{name:8} {case.name}：下限 {timing.floor_ms:.2f} ms，本系统 {timing.ours_ms:.2f} ms，"
            f"{timing.ratio:.2f} 倍（{timing.rounds} 轮）"
        )
        timings.append(timing)
    return timings


def report(name: str, timings: Sequence[Timing], peak_mb: float) -> dict[str, Any]:
    """Return what is written of one operation: its worst case, in CPU milliseconds, and its peak memory in MB."""
    worst_case = worst(timings)
    return {
        "name": name,
        "ratio": round(worst_case.ratio, 3),
        "floor_ms": round(worst_case.floor_ms, 3),
        "ours_ms": round(worst_case.ours_ms, 3),
        "peak_mb": round(peak_mb, 1),
    }


def machine() -> str:
    """Return what the figures were measured on: processors, Python, database."""
    processors = f"{os.cpu_count()} x {platform.machine()}"
    return f"{processors}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def alone(folder: Path, name: str) -> None:
    """Do every case of one operation twice, without its floor: what its peak memory is measured on."""
    with place.place_at(folder) as here:
        for case in OPERATIONS[name](here):
            for _ in range(2):
                case.ours(case.arrange())
