"""The daily end of the trace, written down outside the database, so that a tail that was cut off is found too.

One line a day: day, number of the last event, its MAC. The file only ever grows; a copy of it on another machine keeps
its worth when this one is lost.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select

from . import audit
from .audit import AuditEvent, AuditHead
from .calendar import today
from .db import db
from .errors import DomainError

HEADING = ("day", "seq", "mac")

_file: Path | None = None


def use(file: Path) -> None:
    """Keep the anchors in `file` (INSTANCE/anchors.csv); the first one makes it, readable by its owner alone."""
    global _file
    _file = file


@dataclass(frozen=True)
class Anchor:
    """The end of the trace as it was on a day."""

    day: date
    seq: int
    mac: str


def drop() -> None:
    """Write down the end of the trace as it is now, unless that stands there already."""
    if _file is None:
        raise RuntimeError("anchors.use() has not been called")
    head = db.session.get(AuditHead, audit.HEAD)
    if head is None or head.seq == 0:
        return
    known = read(_file) if _file.exists() else []
    if known and known[-1].mac == head.mac:
        return
    descriptor = os.open(_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        if os.fstat(descriptor).st_size == 0:
            lines.writerow(HEADING)
        lines.writerow((today().isoformat(), head.seq, head.mac))
        file.flush()
        os.fsync(file.fileno())


def set_aside() -> None:
    """Give the anchors of another trace another name, where a new one begins: nothing has happened in it yet."""
    if _file is not None and _file.exists() and not db.session.scalar(select(AuditHead.seq)):
        _file.replace(_file.with_name(f"anchors-{today():%Y%m%d}.csv"))


def read(file: Path) -> list[Anchor]:
    """Return the anchors in `file`, in its order. Raises DomainError where it is none."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [Anchor(date.fromisoformat(row["day"]), int(row["seq"]), row["mac"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise DomainError(f"锚点文件 {file} 无法读取，请检查文件是否存在、是否完整") from error


def compare(file: Path) -> str | None:
    """Return None if the trace still holds what `file` has written down, else a sentence naming what is gone."""
    for anchor in read(file):
        mac = db.session.scalar(select(AuditEvent.mac).where(AuditEvent.seq == anchor.seq))
        if mac is None:
            last = db.session.scalar(select(AuditHead.seq)) or 0
            return f"日志末尾被截去：{anchor.day} 的锚点记载到第 {anchor.seq} 条，现在只有 {last} 条"
        if mac != anchor.mac:
            return f"日志与 {anchor.day} 的锚点不符：第 {anchor.seq} 条已不是当时的那一条"
    return None
