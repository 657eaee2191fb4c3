"""What works in the background: whether it lives, what waits for it, and what came of each timed job.

The page 后台任务, the checks of 系统状态, `/readyz` and `doctor` all read it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core import clock, runs
from portal.core.calendar import now
from portal.core.clock import Job, Queue
from portal.core.runs import JobRun, RunState

from .premises import House

WAIT_AT_MOST = timedelta(minutes=15)  # for a row of a queue on which nobody works
EVERY = timedelta(hours=25)  # a timed job runs each day
FAILURES_SHOWN = 20
TONES = {
    RunState.ASKED: "info", RunState.RUNNING: "info", RunState.DONE: "success", RunState.FAILED: "danger",
    RunState.BROKEN: "danger",
}  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """A timed job and its last run; `is_late` where that is more than a day ago."""

    job: Job
    run: JobRun | None
    is_late: bool


@dataclass(frozen=True)
class Waiting:
    """A queue: since when its oldest row waits, how long that is in words, and its trouble, if it has one now."""

    queue: Queue
    since: datetime | None
    age: str
    trouble: JobRun | None

    @property
    def is_stuck(self) -> bool:
        """Whether something waits for longer than it should."""
        return self.since is not None and now() - self.since > WAIT_AT_MOST


@dataclass(frozen=True)
class Running:
    """All of it: whether the worker lives, when it last said so, its queues and its timed jobs."""

    is_alive: bool
    last_beat: datetime | None
    queues: list[Waiting]
    timed: list[Timed]
    failures: list[JobRun]

    @property
    def failing(self) -> list[Timed]:
        """The timed jobs whose last run failed."""
        return [one for one in self.timed if one.run is not None and one.run.is_failing]


def seen(house: House) -> Running:
    """Return what works in the background of the house, as it is now."""
    latest = runs.latest()
    timed = [Timed(job, run := latest.get(job.name), _is_late(run)) for job in house.jobs]
    timed.sort(key=lambda one: not (one.run and one.run.is_failing))  # what failed stands first
    folder = house.settings.jobs_path
    return Running(
        clock.is_alive(folder), clock.last_beat(folder), waiting(house, latest), timed, runs.failures(FAILURES_SHOWN)
    )


def waiting(house: House, latest: dict[str, JobRun] | None = None) -> list[Waiting]:
    """Return the queues of the house, each with what waits in it; `latest` are the last runs, for their troubles."""
    found = []
    for queue in (one for group in house.queues for one in group):
        since, run = queue.waiting_since(), (latest or {}).get(queue.name)
        trouble = run if run is not None and run.is_failing else None
        found.append(Waiting(queue, since, _age(since), trouble))
    return found


def _is_late(run: JobRun | None) -> bool:
    return run is not None and now() - (run.started_at or run.asked_at) > EVERY


def _age(since: datetime | None) -> str:
    """Return how long that is in words, "" for never."""
    if since is None:
        return ""
    minutes = max(0, int((now() - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 48 * 60 else f"{minutes // (24 * 60)} 天"
