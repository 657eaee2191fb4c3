"""What the clock did: a row for each run of a timed job, and for each stretch of trouble with a queue.

An error is kept by its kind and the place in the program where it arose: its own words may quote a row. Of each job the
newest runs are kept, so that the table stays small. Nothing here commits; the clock does.
"""

from __future__ import annotations

import traceback
from datetime import datetime
from pathlib import Path

from sqlalchemy import Index, String, delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from . import audit
from .actors import Actor
from .calendar import now
from .db import Base, UtcTime, db, label_enum
from .enums import LabelEnum
from .errors import Conflict, DomainError

KEPT = 30  # runs of each job
ERROR_MOST = 200  # characters
ROOT = Path(__file__).resolve().parents[2]

audit.name_acts({"job.ask": "重新运行后台任务"})


class RunState(LabelEnum):
    """How far a run is."""

    ASKED = "asked", "等待运行"
    RUNNING = "running", "正在运行"
    DONE = "done", "完成"
    FAILED = "failed", "失败"
    BROKEN = "broken", "中断"


FAILING: tuple[RunState, ...] = (RunState.FAILED, RunState.BROKEN)
OPEN: tuple[RunState, ...] = (RunState.ASKED, RunState.RUNNING)


class JobRun(Base):
    """One run of the job `name`, asked for by a person (`asked_by`, "" for the clock's own).

    `done` is how many things it did, None where it does not count. For a queue `times` says how often in a row it
    failed in the same way.
    """

    __tablename__ = "job_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(60))
    state: Mapped[RunState] = mapped_column(label_enum(RunState))
    asked_by: Mapped[str] = mapped_column(String(100), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    done: Mapped[int | None]
    times: Mapped[int] = mapped_column(default=1)
    error: Mapped[str] = mapped_column(String(ERROR_MOST), default="")

    __table_args__ = (Index("ix_job_runs_name", "name", "id"),)

    @property
    def is_failing(self) -> bool:
        """Whether it did not do what it was to do."""
        return self.state in FAILING

    @property
    def trace_label(self) -> str:
        """The run as the trace names it."""
        return f"后台任务“{self.label}”"


def told(error: BaseException) -> str:
    """Return the kind of an error and where in the program it arose, without a word of its own."""
    name = type(error).__name__
    if isinstance(error, DBAPIError):
        kind = "数据库没有应答或正忙"
    elif isinstance(error, DomainError):
        kind = "办理时被拒绝"
    elif isinstance(error, OSError):
        kind = "文件或网络出错"
    else:
        kind = "程序出错"
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(ROOT)]
    ours = [frame for frame in places if "site-packages" not in frame.filename]
    where = f"，{Path(ours[-1].filename).relative_to(ROOT)} 第 {ours[-1].lineno} 行" if ours else ""
    return f"{kind}（{name}{where}）"[:ERROR_MOST]


# --- by the clock -----------------------------------------------------------------------------------------------------


def begin(name: str, label: str) -> int:
    """Write down that a job begins, forget its oldest runs, and return the number of the run."""
    newest = select(JobRun.id).where(JobRun.name == name).order_by(JobRun.id.desc()).limit(KEPT - 1)
    kept = list(db.session.scalars(newest))
    if len(kept) == KEPT - 1:
        db.session.execute(delete(JobRun).where(JobRun.name == name, JobRun.id < kept[-1]))
    row = JobRun(name=name, label=label, state=RunState.RUNNING, started_at=now())
    db.session.add(row)
    db.session.flush()  # its number is how it is found again
    return row.id


def claim() -> tuple[int, str] | None:
    """Take the oldest run that somebody has asked for in hand: its number and its job. None where nobody has."""
    asked = select(JobRun.id, JobRun.name).where(JobRun.state == RunState.ASKED).order_by(JobRun.id)
    for number, name in db.session.execute(asked):
        mine = update(JobRun).where(JobRun.id == number, JobRun.state == RunState.ASKED)
        if db.session.execute(mine.values(state=RunState.RUNNING, started_at=now())).rowcount == 1:  # type: ignore[attr-defined]  # of an UPDATE
            return number, name
    return None


def ended(number: int, result: object) -> None:
    """Write down that a run is over; a `result` that is a number says how many things it did."""
    done = result if isinstance(result, int) and not isinstance(result, bool) else None
    _over(number, RunState.DONE, done=done)


def failed(number: int, error: BaseException) -> None:
    """Write down that a run did nothing, and for what kind of reason."""
    _over(number, RunState.FAILED, error=told(error))


def _over(number: int, state: RunState, **values: object) -> None:
    db.session.execute(update(JobRun).where(JobRun.id == number).values(state=state, ended_at=now(), **values))


def break_off() -> int:
    """Mark what a clock that is gone had begun, and return how many; what another one still does says so at its end."""
    running = update(JobRun).where(JobRun.state == RunState.RUNNING)
    found = db.session.execute(running.values(state=RunState.BROKEN, ended_at=now(), error="后台程序在运行中被中断"))
    return int(found.rowcount)  # type: ignore[attr-defined]  # of an UPDATE


def trouble(name: str, label: str, error: BaseException) -> None:
    """Write down that a queue failed; the same trouble again only counts on."""
    last = _last(name)
    if last is not None and last.is_failing and last.error == told(error):
        again = update(JobRun).where(JobRun.id == last.id)
        db.session.execute(again.values(times=JobRun.times + 1, ended_at=now()))
    else:
        failed(begin(name, label), error)


def is_troubled(name: str) -> bool:
    """Whether the last thing written down of a queue is its failure."""
    last = _last(name)
    return last is not None and last.is_failing


def well(name: str, label: str) -> None:
    """Write down that a queue that failed works again."""
    ended(begin(name, label), None)


def _last(name: str) -> JobRun | None:
    return db.session.scalars(select(JobRun).where(JobRun.name == name).order_by(JobRun.id.desc()).limit(1)).first()


# --- for people -------------------------------------------------------------------------------------------------------


def latest() -> dict[str, JobRun]:
    """Return the last run of each job by its name."""
    newest = select(func.max(JobRun.id)).group_by(JobRun.name)
    return {row.name: row for row in db.session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}


def failures(most: int) -> list[JobRun]:
    """Return the newest runs that failed, at most so many."""
    query = select(JobRun).where(JobRun.state.in_(FAILING)).order_by(JobRun.id.desc())
    return list(db.session.scalars(query.limit(most)))


def ask(actor: Actor, name: str) -> JobRun:
    """Ask the clock to do again a job whose last run failed. Raises Conflict where it did not, or is on its way."""
    last = _last(name)
    if last is None or not last.is_failing:
        raise Conflict("这项任务没有失败，或已经在重新运行，请刷新后查看")
    row = JobRun(name=name, label=last.label, state=RunState.ASKED, asked_by=actor.label[:100])
    db.session.add(row)
    audit.record(actor, "job.ask", row)
    return row
