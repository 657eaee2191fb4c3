"""The page of what works in the background: alive or not, what waits, what failed, and the button to do it again."""

from __future__ import annotations

from datetime import timedelta

from portal.core import clock, runs, settings
from portal.core.actors import SHELL
from portal.core.calendar import now
from portal.core.db import db
from portal.core.runs import RunState
from portal.org.permissions import Role
from portal.system import checks
from portal.system.premises import House
from tests import factories
from tests.client import words

SECRET = "110101199003070011"


def test_the_administrator_sees_what_failed_and_lets_it_run_again(client_of, user_as, tree, app, prepared) -> None:
    clock.beat(prepared.instance / "jobs")
    runs.ended(runs.begin("audit.anchor", "记下日志锚点"), 4)
    runs.failed(runs.begin("sessions.sweep", "清理过期的登录"), ValueError(SECRET))
    runs.trouble("queue.prints", "打印", OSError(SECRET))
    browser = client_of(user_as(Role.SUPER_ADMIN, tree["root"]))
    house = House(app.config["SETTINGS"], app.extensions["queues"], app.extensions["jobs"])
    told = {one.word: one for one in checks.findings(house)}["jobs"]

    page = browser.get("/system/jobs")
    answer = browser.submit("/system/jobs", action="/system/jobs/sessions.sweep/retry")
    after = words(browser.get("/system/jobs").text)
    again = browser.post("/system/jobs/sessions.sweep/retry", data={})

    shown = words(page.text)
    assert (told.is_wrong, "清理过期的登录、打印" in told.sentence) == (True, True)
    assert "2 个问题" in shown
    assert "状态正在运行" in shown
    assert "清理过期的登录 每天 03:30 失败" in shown
    assert "程序出错（ValueError）" in shown
    assert "打印 出错 — — 文件或网络出错（OSError），连续 1 次" in shown
    assert SECRET not in page.text
    assert answer.status_code == 303
    assert "清理过期的登录 每天 03:30 等待运行" in after
    assert again.status_code == 409
    assert runs.latest()["sessions.sweep"].state is RunState.ASKED


def test_a_dead_worker_and_what_waits_for_it_are_seen_by_all_who_need_to(client_of, user_as, tree) -> None:
    sender = user_as(Role.UNION_OPERATOR, tree["root"])
    admin = user_as(Role.SUPER_ADMIN, tree["root"])
    message = factories.make_message(tree["a"])
    message.queued_at = now() - timedelta(minutes=40)
    settings.set(SHELL, "messaging_quiet_from", 8)  # as it ends at eight, there is none
    db.session.commit()

    jobs = words(client_of(admin).get("/system/jobs").text)
    outbox = words(client_of(sender).get("/messaging/outbox").text)

    assert "状态没有运行" in jobs
    assert "发送短信 一直没人处理" in jobs
    assert "40 分钟" in jobs
    assert "后台程序没有运行，短信暂时发不出去" in outbox
