"""The clock: jobs that run by themselves. Rows are the queue, huey only says when.

A job is a verb without arguments that may run twice without harm; it runs in the app's context, in one transaction of
its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from huey import SqliteHuey, crontab
from huey.consumer import Consumer

from . import audit
from . import db as database
from .db import db

log = logging.getLogger("portal.clock")


@dataclass(frozen=True)
class Job:
    """A verb and its time of day (hour and minute in Shanghai)."""

    name: str
    verb: Callable[[], object]
    hour: int
    minute: int


class _Consumer(Consumer):
    """huey's consumer as threads of the server: signals are the server's."""

    def _set_signal_handlers(self) -> None:
        pass


def run_job(app: Flask, job: Job) -> None:
    """Run one job now, in a transaction of its own; an error is logged and the next run tries again."""
    with app.app_context():
        database.writes()
        audit.came_from("clock")
        try:
            job.verb()
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            # its words may quote a row, so the log gets its kind only
            log.error("job %s: %s", job.name, type(error).__name__)


def start(app: Flask, jobs: tuple[Job, ...], folder: Path) -> Any:
    """Start the clock in threads of this process and return it; `stop()` ends it. Its own rows lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    huey = SqliteHuey("portal", filename=str(folder / "clock.db"), utc=True)
    for job in jobs:
        hour = (job.hour - 8) % 24  # huey counts in UTC; Shanghai has no summer time
        huey.periodic_task(crontab(hour=hour, minute=job.minute), name=job.name)(_bound(app, job))
    consumer = _Consumer(huey, workers=1, periodic=True, check_worker_health=True)
    consumer.start()
    return consumer


def _bound(app: Flask, job: Job) -> Callable[[], None]:
    def work() -> None:
        run_job(app, job)

    return work
