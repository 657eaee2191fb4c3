"""The clock: jobs that run by themselves. Rows are the queue, huey only says when.

A job is a verb without arguments that may run twice without harm; it runs in the app's context, in one transaction of
its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from flask import Flask
from huey import SqliteHuey, crontab
from huey.consumer import Consumer

from . import audit, runs
from . import db as database
from .calendar import now
from .db import db
from .errors import DomainError

log = logging.getLogger("portal.clock")


@dataclass(frozen=True)
class Job:
    """A verb, what people call it, and its time of day (hour and minute in Shanghai).

    A verb that returns a number says how many things it did.
    """

    name: str
    label: str
    verb: Callable[[], object]
    hour: int
    minute: int

    @property
    def when(self) -> str:
        """The time of day in words."""
        return f"每天 {self.hour:02d}:{self.minute:02d}"


@dataclass(frozen=True)
class Queue:
    """Work that waits as rows: what people call it, the verb that works through it, and since when its oldest waits.

    The verb takes `stopping` and manages its transactions.
    """

    name: str
    label: str
    work: Callable[[Callable[[], bool]], object]
    waiting_since: Callable[[], datetime | None]


class _Consumer(Consumer):
    """huey's consumer as threads of the server: signals are the server's."""

    def _set_signal_handlers(self) -> None:
        pass


def run_job(app: Flask, job: Job, number: int | None = None) -> None:
    """Run one job now, in a transaction of its own; an error is logged and the next run tries again.

    What came of it is written down as the run `number`, a new one without it.
    """
    with app.app_context():
        database.writes()
        audit.came_from("clock")
        try:
            if number is None:
                number = runs.begin(job.name, job.label)
                db.session.commit()
            result = job.verb()
            runs.ended(number, result)
            db.session.commit()
            database.run_later()
        except Exception as error:
            db.session.rollback()
            database.forget_later()
            # its words may quote a row, so the log gets its kind only
            log.error("job %s: %s", job.name, type(error).__name__)
            if number is not None:
                _write_down(partial(runs.failed, number, error))


def _write_down(verb: Callable[[], object]) -> None:
    """Write something down, where the database lets us: what cannot be is in the log at least."""
    database.writes()
    try:
        verb()
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        log.error("the runs of the clock: %s", type(error).__name__)


def run_asked(app: Flask, jobs: Sequence[Job], stopping: Callable[[], bool]) -> None:
    """Do what people have asked to be done again."""
    by_name = {job.name: job for job in jobs}
    while not stopping():
        database.writes()
        asked = runs.claim()
        db.session.commit()
        if asked is None:
            return
        number, name = asked
        if name in by_name:
            run_job(app, by_name[name], number)
        else:
            _write_down(partial(runs.failed, number, DomainError("there is no such job")))


BEAT_EVERY = 20.0  # seconds
BEAT_AT_MOST = timedelta(minutes=2)  # since the clock was last alive
ALIVE = "clock-alive"  # the file whose time says when the clock last beat


class Heart(threading.Thread):
    """Says by a file that the clock is alive: it beats while those that tick and work do."""

    def __init__(self, folder: Path, limbs: Sequence[threading.Thread]) -> None:
        super().__init__(name="heart", daemon=True)
        self.folder = folder
        self.limbs = limbs
        self._stopping = threading.Event()

    def run(self) -> None:
        """Beat until stopped."""
        while all(limb.is_alive() for limb in self.limbs):
            beat(self.folder)
            if self._stopping.wait(BEAT_EVERY):
                return

    def stop(self) -> None:
        """End."""
        self._stopping.set()


def beat(folder: Path) -> None:
    """Say that the clock whose rows lie in `folder` is alive now."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ALIVE).touch()


def last_beat(folder: Path) -> datetime | None:
    """Return when the clock whose rows lie in `folder` was last alive; None where none ever was."""
    try:
        return datetime.fromtimestamp((folder / ALIVE).stat().st_mtime, UTC)
    except OSError:
        return None


def is_alive(folder: Path) -> bool:
    """Whether the clock whose rows lie in `folder` lives."""
    last = last_beat(folder)
    return last is not None and now() - last <= BEAT_AT_MOST


_wakes: set[threading.Event] = set()  # of each thread that looks into queues
STOP_WITHIN = 12.0  # seconds, for what a queue has in hand: a message that a gateway has must be written down
LOOK_EVERY = 10.0  # seconds; for what another process has queued, or a process that is gone has left


def wake() -> None:
    """Let the queues of this process be looked at now."""
    for one in tuple(_wakes):
        one.set()


class Queues(threading.Thread):
    """A thread that works through long jobs, one queue after the other."""

    def __init__(self, app: Flask, queues: Sequence[Queue]) -> None:
        super().__init__(name="queues", daemon=True)
        self.app = app
        self.queues = queues
        self._troubled: dict[str, bool] = {}
        self._stopping = threading.Event()
        self._wake = threading.Event()
        _wakes.add(self._wake)

    def run(self) -> None:
        """Look into every queue when woken, and every ten seconds."""
        while not self._stopping.is_set():
            self._wake.clear()
            for queue in self.queues:
                with self.app.app_context():
                    audit.came_from("clock")
                    self._work(queue)
            self._wake.wait(LOOK_EVERY)
        _wakes.discard(self._wake)

    def _work(self, queue: Queue) -> None:
        """Work through one queue, and write down where it fails, and that it works again."""
        try:
            queue.work(self._stopping.is_set)
            if self._is_troubled(queue):
                _write_down(partial(runs.well, queue.name, queue.label))
            self._troubled[queue.name] = False
        except Exception as error:
            db.session.rollback()
            log.error("queue %s: %s", queue.name, type(error).__name__)
            self._troubled[queue.name] = True
            _write_down(partial(runs.trouble, queue.name, queue.label, error))

    def _is_troubled(self, queue: Queue) -> bool:
        """Whether its last trouble is still written down as such; asked of the database once in a life."""
        if queue.name not in self._troubled:
            database.reads()
            self._troubled[queue.name] = runs.is_troubled(queue.name)
            database.release()
        return self._troubled[queue.name]

    def stop(self) -> None:
        """End after what is in hand."""
        self._stopping.set()
        wake()


class Clock:
    """The threads that tick, those that work through queues, and the one that tells of them."""

    def __init__(self, consumer: Consumer, queues: Sequence[Queues], heart: Heart) -> None:
        self.consumer = consumer
        self.queues = queues
        self.heart = heart

    def stop(self, *, graceful: bool = False) -> None:
        """End; what a queue has in hand it finishes in a few seconds, or resumes at the next start.

        `graceful` waits for a job that is running.
        """
        self.heart.stop()
        for working in self.queues:
            working.stop()
        self.consumer.stop(graceful=graceful)
        until = time.monotonic() + STOP_WITHIN
        for working in self.queues:
            working.join(max(0.0, until - time.monotonic()))


def start(app: Flask, jobs: tuple[Job, ...], queues: tuple[tuple[Queue, ...], ...], folder: Path) -> Clock:
    """Start the clock in threads of this process and return it; `stop()` ends it. Its own rows lie in `folder`.

    Each group of `queues` has a thread of its own: what is long does not hold up what belongs to another group.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with app.app_context():
        _write_down(runs.break_off)
    huey = SqliteHuey("portal", filename=str(folder / "clock.db"), utc=True)
    for job in jobs:
        hour = (job.hour - 8) % 24  # huey counts in UTC; Shanghai has no summer time
        huey.periodic_task(crontab(hour=hour, minute=job.minute), name=job.name)(_bound(app, job))
    consumer = _Consumer(huey, workers=1, periodic=True, check_worker_health=True)
    consumer.start()
    asked = Queue("clock.asked", "重新运行的任务", partial(run_asked, app, jobs), lambda: None)
    working = [Queues(app, group) for group in (*queues, (asked,))]
    for one in working:
        one.start()
    heart = Heart(folder, (*working, consumer.scheduler, *(thread for _, thread in consumer.worker_threads)))
    heart.start()
    return Clock(consumer, working, heart)


def _bound(app: Flask, job: Job) -> Callable[[], None]:
    def work() -> None:
        run_job(app, job)

    return work
