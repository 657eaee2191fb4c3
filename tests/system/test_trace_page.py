"""The trace on its page: who reads which part of it, every filter, paging by key, and one event whole."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event as happening
from sqlalchemy import text

from portal.core import audit, settings
from portal.core.actors import CLOCK, SHELL
from portal.core.calendar import now, today
from portal.core.db import db, new_uuid
from portal.members import correcting, history, service
from portal.org.permissions import Role
from portal.standing import service as standing
from portal.standing.models import ChangeKind
from portal.standing.workflow import STANDING
from portal.system import trace
from portal.system.trace import Filters
from tests import factories
from tests.client import XHTML, links, parse, words


@pytest.fixture
def admin(tree, user_as):
    return user_as(Role.SUPER_ADMIN, tree["root"], name="管系统")


def seen(reader, /, **filters) -> list[str]:
    """What the actor reads with these filters, latest first: act and label."""
    return [f"{row.action} {row.subject_label}".strip() for row in trace.page(reader, Filters(**filters)).rows]


def test_each_filter_lets_its_own_through(tree, admin, user_as) -> None:
    other = user_as(name="别操作")
    batch = new_uuid()
    audit.record(other, "unit.found", tree["a"])
    audit.record(other, "user.open", other, batch_id=batch)
    audit.record(CLOCK, "joining.sweep_drafts", batch_id=batch)
    old = audit.record(SHELL, "unit.found", tree["b"])
    old.at = now() - timedelta(days=3)
    db.session.commit()
    label = other.trace_label

    a, account, sweep, b = (
        f"unit.found {tree['a'].name}",
        f"user.open {label}",
        "joining.sweep_drafts",
        f"unit.found {tree['b'].name}",
    )
    assert seen(admin)[:4] == [b, sweep, account, a]
    assert seen(admin, actor="别操作") == seen(admin, actor=other.username) == [account, a]
    assert seen(admin, actor="系统定时任务") == [sweep]
    assert seen(admin, actor="无此人") == []
    assert seen(admin, act="joining.sweep_drafts") == [sweep]
    assert seen(admin, subject=label[1:4]) == [account]
    assert seen(admin, subject="%") == []
    assert seen(admin, item=f"users:{other.id}") == [account]
    assert seen(admin, unit="gh01") == seen(admin, unit=tree["a"].name) == [a, a]  # the first is from its founding
    assert seen(admin, unit="GH")[:2] == [b, a]
    assert seen(admin, unit="NOWHERE") == []
    assert seen(admin, batch=batch) == [sweep, account]
    day = today() - timedelta(days=3)
    assert seen(admin, start=day, end=day) == [b]
    assert seen(admin, start=day + timedelta(days=1)).count(b) == 1  # today's, from its founding


def test_who_reads_a_part_of_the_tree_reads_a_part_of_the_trace(tree, admin, user_as) -> None:
    county = factories.make_unit(tree["root"], code="X1", name="海港区总工会")
    union = factories.make_unit(county, code="X101", name="海港一厂工会")
    db.session.commit()
    keeper = user_as(Role.ORG_ADMIN, county)
    for unit in (county, union, tree["a"]):
        audit.record(SHELL, "unit.found", unit)
    audit.record(SHELL, "setting.change")
    db.session.commit()
    foreign = trace.page(admin, Filters(unit="GH01")).rows[0]

    assert set(seen(keeper)) == {"unit.found 海港区总工会", "unit.found 海港一厂工会"}
    assert seen(user_as(Role.BRANCH_CHAIR, tree["a"])) == []
    assert foreign.unit_id == tree["a"].id
    with pytest.raises(trace.access.Absent):
        trace.find(keeper, foreign.id)


def test_paging_goes_through_all_once_and_the_count_costs_nothing(client_of, admin) -> None:
    for number in range(120):
        audit.record(SHELL, "setting.change", reason=f"第{number}次")
    db.session.commit()
    browser = client_of(admin)
    asked: list[str] = []

    def look(connection, cursor, statement, *rest) -> None:
        asked.append(statement)

    found, path = [], "/system/trace"
    happening.listen(db.engine, "before_cursor_execute", look)
    try:
        while path:
            page = browser.get(path)
            found += re.findall(r"第(\d+)次", page.text)
            onward = [link for link in links(page.text) if "before=" in link]
            path = onward[-1] if onward else ""
    finally:
        happening.remove(db.engine, "before_cursor_execute", look)

    assert [int(number) for number in found] == list(range(119, -1, -1))
    assert [one for one in asked if "count(" in one and "audit_events" in one] == []


def test_a_search_that_finds_too_many_is_not_counted_to_its_end(admin, monkeypatch) -> None:
    for _ in range(7):
        audit.record(SHELL, "setting.change")
    db.session.commit()
    exact = trace.page(admin, Filters(act="setting.change")).total
    monkeypatch.setattr(trace, "COUNTED_MOST", 5)

    assert (exact, trace.page(admin, Filters(act="setting.change")).total) == ("7", "5 多")


@pytest.mark.parametrize(("query", "sentence"), [("start=2026-13-01", "从"), ("end=昨天", "到")])
def test_a_wrong_day_is_named_and_shows_nothing_else(client_of, admin, query: str, sentence: str) -> None:
    page = client_of(admin).get(f"/system/trace?{query}&actor=管系统")

    assert page.status_code == 422
    assert re.search(rf'{sentence}"[^"]+"(不是真实存在的日期|无法识别)', words(page.text))
    assert 'value="管系统"' in page.text
    assert "没有符合条件的日志" in words(page.text)


def test_a_filter_stays_while_paging(client_of, admin) -> None:
    for _ in range(60):
        audit.record(SHELL, "setting.change")
    db.session.commit()

    page = client_of(admin).get("/system/trace?act=setting.change&actor=命令行")

    [onward] = [link for link in links(page.text) if "before=" in link]
    assert "act=setting.change" in onward
    assert "page=2" in onward
    assert "共 60 条" in words(page.text)


def test_an_event_shows_old_and_new_in_chinese(client_of, admin) -> None:
    settings.set(admin, "joining_opinion_days", 9)
    db.session.commit()
    [number] = [row.id for row in trace.page(admin, Filters(act="setting.change")).rows]

    text_ = words(client_of(admin).get(f"/system/trace/{number}").text)

    assert "修改系统设置校验相符" in text_
    assert "分工会提出意见的期限（工作日）59" in text_.replace(" ", "")
    assert "系统设置：分工会提出意见的期限（工作日）" in text_


def test_what_is_secret_is_not_in_the_trace_either(client_of, admin, tree) -> None:
    canaries = factories.canaries()
    member = factories.make_member(tree["a"], **canaries.values)
    db.session.commit()
    history.write(member, {"home_address": "金丝雀新路", "education": "11"}, SHELL, reason="更正")
    db.session.commit()
    [number] = [row.id for row in trace.page(admin, Filters(act="member.edit")).rows]

    page = words(client_of(admin).get(f"/system/trace/{number}").text)

    assert "现住址" in page
    assert "学历（文化程度）" in page
    assert "金丝雀" not in page
    for song in (*canaries.secret, *canaries.family, *canaries.masked):
        assert song not in page


@pytest.mark.tampers
def test_an_event_that_was_changed_says_so(client_of, admin) -> None:
    audit.record(SHELL, "setting.change", reason="原来的理由")
    db.session.commit()
    [number] = [row.id for row in trace.page(admin, Filters(act="setting.change")).rows]
    db.session.execute(text("UPDATE audit_events SET reason = '改过的' WHERE id = :id"), {"id": number})
    db.session.commit()

    assert "校验不符，可能被改动" in words(client_of(admin).get(f"/system/trace/{number}").text)


def test_every_act_has_a_chinese_word() -> None:
    assert [name for name, label in audit.acts("city") if label == name] == []


def test_corrections_stand_out_in_red(tree, admin, user_as, client_of) -> None:
    union, chair = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.UNION_CHAIR, tree["root"])
    member = factories.make_member(tree["a"], name="曾晓梅", department="教务处")
    history.write(member, {"department": "财务处"}, union, reason="工会修改")
    correcting.correct(
        union, member, "department", "图书馆", since=today(), reason="登记有误", seen=service.mark_of(member)
    )
    death = standing.ask(union, standing.Wanted(member, ChangeKind.DEATH, today()))
    STANDING.fire(death, "agree", union)
    mended = standing.ask(union, standing.Wanted(member, ChangeKind.CORRECT, today(), {"note": "认错了人"}))
    STANDING.fire(mended, "decide", chair)
    db.session.commit()

    page = parse(client_of(admin).get(f"/system/trace?unit={tree['a'].code}").text)

    rows = [(row.get("class"), "".join(row.itertext())) for row in page.iter(f"{XHTML}tr")][1:]
    assert (
        len(rows) > len([row for row in rows if row[0]]) == 6
    )  # one by hand; asked, decided, done, and the two edits that this brought
    assert [row[0] == "row-correction" for row in rows] == ["更正" in row[1] for row in rows]
    assert member.membership_status == "active"
