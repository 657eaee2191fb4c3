"""A question too slow for a page is asked by the clock, with the rights of who asked, and its answer kept."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.core import patience
from portal.core.db import db
from portal.core.notices import Notice
from portal.org.permissions import Role
from portal.query import listing
from portal.query.models import Selection
from portal.query.slow import service, worker
from portal.query.slow.models import SlowQuestion, SlowState
from tests import client as distrust
from tests import factories
from tests.query.test_views import address

MANY = [{"field": "remark", "op": "contains", "value": "无" * 40}] * 60


@pytest.fixture
def operator(tree, user_as):
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"], name="张操作")


@pytest.fixture
def browser(tree, operator, client_of):
    """Her browser, with two members in branch a and one in b."""
    for unit, name in (("a", "安小青"), ("a", "白大山"), ("b", "董机械")):
        factories.make_member(tree[unit], name=name, marital_status="10", spouse=None)
    db.session.commit()
    return client_of(operator)


def ask(browser, question: object = None, **words: str):
    """Send a question to the clock."""
    return browser.post("/query/slow/", data={"q": json.dumps(question or {"all": []}), **words})


@pytest.mark.parametrize("way", ["export", "definition"])
def test_no_other_page_keeps_the_house_waiting(browser, monkeypatch, way):
    monkeypatch.setattr(patience, "STEPS", 1)
    monkeypatch.setattr(listing, "SECONDS", 0.001)
    question = json.dumps({"any": MANY})

    answer = (
        browser.get("/query/definitions/presets/q20")
        if way == "definition"
        else browser.post("/query/export", data={"q": question, "purpose": "节日慰问名册核对", "format": "xlsx"})
    )

    assert (answer.status_code, "用时超过 2 秒" in answer.text) == (422, True)


def test_from_the_stopped_page_to_the_answer_and_on_to_a_task(browser, operator, monkeypatch):
    monkeypatch.setattr(patience, "STEPS", 1)
    monkeypatch.setattr(listing, "SECONDS", 0.001)
    question = {"any": [*MANY, {"field": "branch", "op": "within", "value": "GH01"}]}
    stopped = browser.get(address(question, sort="-name", columns="name,age"))
    assert (stopped.status_code, "在后台运行" in stopped.text) == (422, True)
    monkeypatch.setattr(patience, "STEPS", 10_000)
    monkeypatch.setattr(listing, "SECONDS", 60)
    form = distrust.form_values(distrust.find_form(stopped.text, "", "/query/slow/")[0])

    place = browser.post("/query/slow/", data=form).location
    waiting = browser.get(place)
    assert ("完成后会有站内信" in waiting.text, waiting.headers["Refresh"]) == (True, "3")
    worker.work()

    page = browser.get(place)
    assert "查到 2 人" in page.text
    assert re.findall(r'<a href="/members/\d+">([^<]*)</a>', page.text) == ["白大山", "安小青"]
    assert re.findall(r'data-label="年龄">', page.text) != []
    assert "Refresh" not in page.headers
    told = db.session.query(Notice).filter(Notice.user_id == operator.id).order_by(Notice.id.desc()).first()
    assert (told.title, told.body, told.link) == ("后台查询完成了", "查到 2 人，结果保留 7 天。", place)
    going = browser.post(f"{place}/task", data={"task": "batches.new"})
    assert "已选定 2 人" in browser.get(going.location).text
    assert place in browser.get(going.location).text  # the way back
    assert browser.post(f"{place}/task", data={"task": "x"}).status_code == 422
    assert "查询条件" in browser.get("/query/slow/").text


def test_the_rights_are_those_of_the_moment(browser, operator, tree):
    question = {"field": "marital_status", "op": "not_empty"}
    place = ask(browser, question).location
    kept = ask(browser, question).location
    worker.work()
    assert browser.get(kept).status_code == 200
    later = ask(browser, question).location
    operator.grants[0].role = Role.ORG_ADMIN
    db.session.commit()

    worker.work()

    item = db.session.get(SlowQuestion, int(later.rsplit("/", 1)[1]))
    db.session.refresh(item)
    assert (item.state, item.selection) == (SlowState.FAILED, None)
    assert "没有“marital_status”这一项，或您无权使用它" in browser.get(later).text
    refused = browser.get(place)
    assert (refused.status_code, "安小青" in refused.text) == (422, False)
    assert "查到" not in refused.text
    listed = browser.get("/query/slow/").text
    assert ("查询中有您现在无权使用的字段" in listed, re.findall(r'data-label="人数">(\d+)', listed)) == (True, [])


def test_a_branch_is_answered_of_its_own_and_a_stranger_sees_none_of_it(browser, tree, user_as, client_of):
    clerk = client_of(user_as(Role.BRANCH_OPERATOR, tree["b"]))
    place = ask(clerk).location
    worker.work()

    assert ("查到 1 人" in clerk.get(place).text, browser.get(place).status_code) == (True, 404)


def test_what_is_given_up_is_not_answered_and_too_many_do_not_wait(browser):
    places = [ask(browser).location for _ in range(service.WAITING_MOST)]
    refused = ask(browser)
    assert (refused.status_code, "您还有 3 个后台查询没有完成" in refused.text) == (422, True)
    assert service.waiting_since() is not None

    browser.post(f"{places[0]}/cancel")
    worker.work()

    assert [db.session.get(SlowQuestion, int(one.rsplit("/", 1)[1])).state for one in places] == [
        SlowState.CANCELLED, SlowState.DONE, SlowState.DONE,
    ]  # fmt: skip
    assert browser.post(f"{places[1]}/cancel").status_code == 409
    assert service.waiting_since() is None


def test_what_takes_far_too_long_ends_with_advice_and_what_was_broken_off_is_done_anew(browser, monkeypatch):
    monkeypatch.setattr(patience, "STEPS", 1)
    monkeypatch.setattr(worker, "SECONDS", 0.001)
    place = ask(browser, {"any": MANY}).location
    worker.work()
    assert "查询超过 10 分钟，已停止" in browser.get(place).text
    monkeypatch.setattr(worker, "SECONDS", 60)
    lost = ask(browser).location
    item = db.session.get(SlowQuestion, int(lost.rsplit("/", 1)[1]))
    item.state, item.started_at = SlowState.RUNNING, datetime.now(UTC)
    db.session.commit()
    worker.work()
    assert "查询中" in browser.get(lost).text

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=False):
        worker.work()

    assert "查到 3 人" in browser.get(lost).text


def test_an_answer_is_kept_for_a_week(browser):
    place = ask(browser).location
    worker.work()
    db.session.query(Selection).delete()
    db.session.commit()

    assert "名单没有保留" in browser.get(place).text
    assert browser.post(f"{place}/task", data={"task": "batches.new"}).status_code == 409
    assert ask(browser, {"all": [{"field": "shoe_size", "op": "eq", "value": 1}]}).status_code == 422
