"""Whether the house can serve: a word for strangers, sentences for the administrator."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.core import clock, crypto
from portal.core.calendar import now
from portal.core.db import db
from portal.org.permissions import Role
from portal.prints.models import JobState, PrintJob, PrintKind
from portal.system import checks, premises
from tests.client import words


@pytest.fixture
def jobs(app, prepared):
    clock.beat(prepared.instance / "jobs")
    for path in prepared.instance.glob("portal.db*"):
        path.chmod(0o600)  # as the commands make it
    return prepared.instance / "jobs"


def a_job(user, state: JobState, minutes: int) -> PrintJob:
    job = PrintJob(
        owner_id=user.id, title="选中的会员 1 人", kind=PrintKind.REGISTRATION, at_joining=False, double_sided=False,
        check_url="", member_ids=[1], state=state, created_at=now() - timedelta(minutes=minutes),
    )  # fmt: skip
    db.session.add(job)
    db.session.commit()
    return job


def test_a_house_that_serves_says_ok_and_nothing_else(client, jobs) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "ok\n", "text/plain")


def test_a_dead_clock_is_one_word(client, jobs) -> None:
    old = (now() - clock.BEAT_AT_MOST * 1.1).timestamp()
    os.utime(jobs / clock.ALIVE, (old, old))

    answer = client.get("/readyz")

    assert (answer.status_code, answer.text) == (503, "worker\n")


@pytest.mark.parametrize(
    ("state", "minutes", "answer"), [("queued", 20, "queue\n"), ("queued", 10, "ok\n"), ("running", 600, "ok\n")]
)
def test_a_queue_that_nobody_works_at_is_told(client, jobs, user_as, state, minutes, answer) -> None:
    a_job(user_as(), JobState(state), minutes)

    assert client.get("/readyz").text == answer


def test_one_that_waits_behind_another_is_not_forgotten(client, jobs, user_as) -> None:
    user = user_as()
    a_job(user, JobState.RUNNING, 60)
    a_job(user, JobState.QUEUED, 50)

    assert client.get("/readyz").text == "ok\n"


def test_a_full_disk_is_told(client, jobs, monkeypatch) -> None:
    monkeypatch.setattr(premises, "LEAST_FREE", 1 << 60)

    assert client.get("/readyz").text == "disk\n"


def test_an_old_database_is_told(client, jobs) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    db.session.commit()
    try:
        answer = client.get("/readyz")
    finally:
        db.session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": checks.migrations()[0]})
        db.session.commit()

    assert (answer.status_code, answer.text) == (503, "migration\n")


def test_a_key_that_is_gone_or_anothers_is_told(client, jobs, prepared, user_as, monkeypatch, common_ring) -> None:
    user_as()
    monkeypatch.setattr(crypto, "_keys", crypto.Keys.fresh())
    monkeypatch.setattr(crypto, "_derived", {})
    anothers = client.get("/readyz").text
    crypto.use(common_ring)
    kept = (prepared.instance / "keys.json").read_bytes()
    (prepared.instance / "keys.json").unlink()
    try:
        gone = client.get("/readyz").text
    finally:
        (prepared.instance / "keys.json").write_bytes(kept)
        (prepared.instance / "keys.json").chmod(0o600)

    assert (anothers, gone) == ("key\n", "key\n")


def test_the_administrator_reads_sentences(client_of, user_as, tree, jobs, app, monkeypatch) -> None:
    browser = client_of(user_as(Role.SUPER_ADMIN, tree["root"]))
    away = replace(app.config["SETTINGS"], base_url="https://gonghui.example.edu.cn")
    monkeypatch.setitem(app.config, "SETTINGS", away)
    well = words(browser.get("/system/health").text)

    (jobs / clock.ALIVE).unlink()
    ill = words(browser.get("/system/health").text)

    assert "个问题" not in well
    assert "对外网址 正常 https://gonghui.example.edu.cn" in well
    assert "1 个问题" in ill
    assert "定时任务 有问题 定时任务没有运行：请运行 python3 -m portal run" in ill
    assert "数据库完整性" not in well  # the doctor's, since it takes long
