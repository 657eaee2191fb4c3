"""What the clock did is written down: runs with their results, failures without their words, troubles of queues."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.core import clock, runs
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.clock import Job, Queue
from portal.core.db import db
from portal.core.errors import Conflict, DomainError
from portal.core.runs import JobRun, RunState
from portal.jobs import JOBS, QUEUES
from portal.messaging.sending.models import Message, MessageState
from tests import factories, starting
from tests.serving import settings_of

SECRET = "身份证 110101199003070011"


def a_job(verb: Callable[[], object], name: str = "tests.job") -> Job:
    return Job(name, "测试任务", verb, hour=3, minute=5)


def all_runs() -> list[JobRun]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(JobRun).order_by(JobRun.id)))


def run(app: Flask, job: Job) -> JobRun:
    db.session.remove()
    clock.run_job(app, job)
    return all_runs()[-1]


def test_a_run_says_when_it_was_and_how_many_it_did(app) -> None:
    counted, uncounted = run(app, a_job(lambda: 7)), run(app, a_job(lambda: None))

    assert [(one.state, one.done, one.error) for one in (counted, uncounted)] == [
        (RunState.DONE, 7, ""), (RunState.DONE, None, ""),
    ]  # fmt: skip
    assert counted.ended_at is not None
    assert counted.started_at is not None
    assert timedelta(0) <= counted.ended_at - counted.started_at < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(SECRET), "程序出错（ValueError"),
        (DomainError(SECRET), "办理时被拒绝（DomainError"),
        (OSError(SECRET), "文件或网络出错（OSError"),
    ],
)
def test_a_failure_changes_nothing_and_is_told_without_its_words(app, caplog, error: Exception, said: str) -> None:
    def half_done() -> None:
        factories.make_unit(None, code="HALF", name="半途工会")
        raise error

    failed = run(app, a_job(half_done))

    assert (failed.state, failed.done) == (RunState.FAILED, None)
    assert failed.error.startswith(said)
    assert "tests/core/test_clock.py 第" in failed.error
    assert "110101" not in failed.error + caplog.text
    assert db.session.scalar(select(func.count()).select_from(factories.OrgUnit)) == 0


def test_one_that_failed_is_done_again_when_somebody_asks_and_only_then(app) -> None:
    outcomes: list[Exception | int] = [ValueError(SECRET), 3]

    def moody() -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    job = a_job(moody)
    run(app, job)
    database.writes()
    asked = runs.ask(SHELL, job.name)
    assert (asked.state, asked.asked_by) == (RunState.ASKED, SHELL.label)
    with pytest.raises(Conflict, match="已经在重新运行"):
        runs.ask(SHELL, job.name)
    db.session.commit()
    db.session.remove()

    clock.run_asked(app, [job], lambda: False)
    clock.run_asked(app, [job], lambda: False)

    assert [(one.state, one.done) for one in all_runs()] == [(RunState.FAILED, None), (RunState.DONE, 3)]
    assert runs.latest()[job.name].done == 3
    with pytest.raises(Conflict, match="没有失败"):
        runs.ask(SHELL, job.name)


def test_what_a_killed_clock_had_begun_is_broken_off_at_the_next_start(app, prepared) -> None:
    runs.begin("tests.job", "测试任务")
    db.session.commit()
    db.session.remove()

    ticking = clock.start(app, (), (), prepared.instance / "jobs")
    ticking.stop()

    (left,) = all_runs()
    assert (left.state, left.error) == (RunState.BROKEN, "后台程序在运行中被中断")
    assert clock.is_alive(prepared.instance / "jobs")


def test_the_table_stays_small(app) -> None:
    other = runs.begin("tests.other", "别的任务")
    numbers = [runs.begin("tests.job", "测试任务") for _ in range(runs.KEPT + 5)]

    left = list(db.session.scalars(select(JobRun.id).order_by(JobRun.id)))

    assert left == [other, *numbers[-runs.KEPT :]]
    db.session.rollback()


def test_a_queue_in_trouble_is_written_down_once_and_its_recovery_too(app, prepared) -> None:
    rounds: list[int] = []
    enough = threading.Event()

    def work(stopping: Callable[[], bool]) -> None:
        rounds.append(1)
        if len(rounds) == 4:
            enough.set()
        if len(rounds) in (1, 2):
            raise ValueError(SECRET)

    queue = Queue("tests.queue", "测试队列", work, lambda: None)
    db.session.remove()
    ticking = clock.start(app, (), ((queue,),), prepared.instance / "jobs")
    while not enough.wait(0.05):
        clock.wake()
    ticking.stop()

    trouble, well = all_runs()
    assert (trouble.state, trouble.times, "110101" in trouble.error) == (RunState.FAILED, 2, False)
    assert (well.state, well.label) == (RunState.DONE, "测试队列")


def test_every_job_and_queue_has_a_name_and_a_word_of_its_own() -> None:
    queues = [queue for group in QUEUES for queue in group]
    names, labels = [one.name for one in (*JOBS, *queues)], [one.label for one in (*JOBS, *queues)]

    assert len(names) == len(set(names))
    assert len(labels) == len(set(labels))
    assert all(labels)
    assert max(map(len, names)) <= JobRun.__table__.c.name.type.length  # type: ignore[attr-defined]  # a String


def test_a_worker_of_its_own_does_what_a_web_process_has_queued_and_asked_for(app, tree, prepared) -> None:
    runs.failed(runs.begin("attempts.sweep", "清理登录失败记录"), ValueError(SECRET))
    runs.ask(SHELL, "attempts.sweep")
    factories.make_batch(tree["a"], people=2)
    db.session.commit()
    db.session.remove()
    environment = settings_of(prepared.instance, prepared.uri)

    with (prepared.instance / "worker.log").open("wb") as log:
        process = starting.start(("worker",), environment, log, log)
        try:
            for _ in range(300):
                last = runs.latest()["attempts.sweep"].state
                sent = list(db.session.scalars(select(Message.state)))
                db.session.rollback()
                db.session.expire_all()
                if last is RunState.DONE and MessageState.QUEUED not in sent and MessageState.SENDING not in sent:
                    break
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)

    assert (last, sent, code) == (RunState.DONE, [MessageState.SUBMITTED] * 2, 0)
    assert clock.is_alive(prepared.instance / "jobs")
    assert SECRET not in (prepared.instance / "worker.log").read_text("utf-8")
