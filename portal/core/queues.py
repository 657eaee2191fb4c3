"""Work that waits as rows: one process at a time goes through it, the oldest first.

A lock in a folder ends with the process that holds it, however that ends; the row says how far the work is, so the next
process begins where the last was broken off.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Ask = Callable[[], bool]


def never() -> bool:
    """Work to the end."""
    return False


def work_through(
    folder: Path,
    claim: Callable[[], T | None],
    do: Callable[[T, Callable[[], bool]], None],
    stopping: Callable[[], bool],
) -> None:
    """Do what waits until `stopping()` or nothing is left; nothing at all where another process is at it.

    `claim()` marks the next piece of work as begun and returns it, None for none; `do(work, stopping)` does it and says
    so in its row. The lock is kept in `folder`.
    """
    with _alone(folder) as is_alone:
        while is_alone and not stopping():
            work = claim()
            if work is None:
                return
            do(work, stopping)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
