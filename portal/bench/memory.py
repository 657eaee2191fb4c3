"""Peak memory: an operation alone in a new process, watched from outside together with its children."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from .measuring import family_of

LOOK_EVERY = 0.02  # seconds


class Failed(Exception):
    """The process that was to be watched ended with an error."""


def peak_mb(command: Sequence[str]) -> float:
    """Run `command` and return the most memory, in MB, that it and its descendants held together.

    Shared pages count once (PSS, proc(5)). Raises Failed if it ends with anything but 0.
    """
    most = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:  # noqa: S603  # our own module, by name
        while child.poll() is None:
            most = max(most, sum(_held_kb(pid) for pid in family_of(child.pid)))
            time.sleep(LOOK_EVERY)
        complaint = child.stderr.read().decode(errors="replace") if child.stderr else ""
    if child.returncode != 0:
        raise Failed(f"测量内存的进程失败（退出码 {child.returncode}）：{complaint.strip()[-300:]}")
    return most / 1024


def _held_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
