"""From a result to its file: what is exported, what is refused, what waits for a second person."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core import audit, crypto
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.notices import Notice
from portal.members import history
from portal.org.models import Grant
from portal.org.permissions import Role
from portal.query.exports import service, worker
from portal.query.exports.models import Export, ExportState
from portal.query.exports.store import FILES
from tests import factories
from tests.query.exports import books
from tests.query.test_views import address, found

PURPOSE = "节日慰问名册核对"


@pytest.fixture
def operator(user_as, tree):
    return user_as(Role.UNION_OPERATOR, tree["root"], name="殷录入")


@pytest.fixture
def chair(user_as, tree):
    return user_as(Role.UNION_CHAIR, tree["root"], name="殷主席")


@pytest.fixture
def people(tree):
    """Two in branch a, one in b; the names in their order."""
    made = [
        factories.make_member(tree["a"], name="安小青", mobile="13800000001", remark="=1+1", marital_status="10"),
        factories.make_member(tree["a"], name="白大山", mobile="13800000002", staff_no="0012345"),
        factories.make_member(tree["b"], name="董机械", mobile="13800000003"),
    ]
    db.session.commit()
    return made


def selected(browser, page: str = "/query/", **values: str) -> str:
    """Choose 导出 above the list, for all; return where it leads."""
    answer = browser.submit(page, {"task": "exports.of_selection", "scope": "all", **values}, action="select")
    assert answer.status_code == 303
    return answer.location


def export(browser, where: str, **values):
    return browser.submit(where, {"purpose": PURPOSE, **values}, action="export")


def events(action: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def test_the_file_has_the_rows_of_the_list_in_its_order_and_columns(operator, client_of, people):
    browser = client_of(operator)
    list_page = address({"all": []}, columns="name,mobile,remark,staff_no", sort="-name")
    page = browser.get(list_page).text

    answer = export(browser, selected(browser, list_page))

    assert answer.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    rows = books.rows_in(answer.data)
    assert rows[0] == ["姓名", "手机号码", "备注", "工号"]
    assert [row[0] for row in rows[1:]] == found(page) == ["董机械", "白大山", "安小青"]
    assert [row[1] for row in rows[1:]] == ["*******0003", "*******0002", "*******0001"]
    assert rows[3][2] == "=1+1"
    assert rows[2][3] == "0012345"


def test_the_file_says_what_it_is_and_leaves_one_trace(operator, client_of, people):
    browser = client_of(operator)

    answer = export(browser, selected(browser))

    [item] = db.session.scalars(select(Export))
    said = books.about(answer.data)
    assert said["口径"] == "会籍状态 等于「正常」，且 在本单位统计 等于「是」"
    assert (said["用途"], said["操作员"], said["导出编号"]) == (PURPOSE, "殷录入", item.number)
    assert said["截至日期"] == f"{today().year}年{today().month}月{today().day}日"
    assert said["人数"] == "3 人（选定时）"
    assert books.mark(answer.data).startswith("殷录入 ")
    assert all(word in books.mark(answer.data) for word in (PURPOSE, item.number, "海港大学工会"))
    [event] = events("exports.make")
    assert (event.reason, event.details["count"], event.details["number"]) == (PURPOSE, 3, item.number)
    assert item.state is ExportState.GIVEN


def test_a_csv_says_the_same_and_nothing_in_it_is_worked_out(operator, client_of, people):
    browser = client_of(operator)
    list_page = address({"all": []}, columns="name,remark,staff_no")

    answer = export(browser, selected(browser, list_page), format="csv")

    assert answer.mimetype == "text/csv"
    assert books.rows_of_csv(answer.data)[:2] == [["姓名", "备注", "工号"], ["安小青", "=1+1", people[0].staff_no]]
    assert "'=1+1" in answer.text
    assert "'0012345" in answer.text


def test_a_purpose_and_a_column_are_asked_for_and_what_was_typed_stays(operator, client_of, people):
    browser = client_of(operator)
    where = selected(browser)

    answer = export(browser, where, purpose="", columns=["name", "remark"])

    assert answer.status_code == 422
    assert "请填写用途" in answer.text
    ticked = re.findall(r'name="columns" value="(\w+)" checked', answer.text)
    assert ticked == ["name", "remark"]
    assert db.session.scalars(select(Export)).all() == []


def test_the_address_of_contract_takes_a_question(operator, client_of, people):
    browser = client_of(operator)
    question = '{"all":[{"field":"branch","op":"within","value":"GH01"}]}'

    answer = browser.post(
        "/query/export", data={"q": question, "columns": "name,branch", "purpose": PURPOSE, "format": "xlsx"}
    )

    assert books.rows_in(answer.data) == [
        ["姓名", "所属分工会"], ["安小青", "外国语学院分工会"], ["白大山", "外国语学院分工会"],
    ]  # fmt: skip


@pytest.mark.parametrize("column", ["marital_status", "dues_base", "children", "nothing"])
def test_a_field_without_the_right_is_not_had_by_naming_it(user_as, tree, client_of, people, column):
    reader = client_of(user_as(Role.ORG_ADMIN, tree["root"]))
    data = {"q": '{"all":[]}', "columns": f"name,{column}", "purpose": PURPOSE, "format": "xlsx"}

    answer = reader.post("/query/export", data=data)

    assert answer.status_code == 422
    assert "无权使用它" in answer.text
    sorted_by = reader.post("/query/export", data=data | {"columns": "name", "sort": column})
    assert sorted_by.status_code == 422
    data["columns"] = "name"
    assert books.rows_in(reader.post("/query/export", data=data).data)[1] == ["安小青"]


def test_a_branch_exports_its_own_and_its_family_by_itself(user_as, tree, client_of, people):
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    where = selected(browser, address({"all": []}, columns="name,marital_status"))

    answer = export(browser, where)

    assert books.rows_in(answer.data) == [["姓名", "婚姻状况"], ["安小青", "未婚"], ["白大山", ""]]
    assert "证件号码、工资也写全" not in browser.get(where).text
    refused = export(browser, where, secrets="full")
    assert refused.status_code == 422
    assert "您没有导出完整证件号码、工资的权限" in refused.text


def test_full_numbers_wait_for_a_second_person(operator, chair, client_of, people):
    browser, second = client_of(operator), client_of(chair)
    number = people[0].id_number

    asked = export(browser, selected(browser, address({"all": []}, columns="name,id_number")), secrets="full")

    page = browser.get(asked.location).text
    assert "待确认" in page
    assert "下载文件" not in page
    assert "导出待确认" in second.get("/").text
    assert "导出待确认" not in browser.get("/").text
    assert [one.user_id for one in db.session.scalars(select(Notice)) if one.title == "有导出待您确认"] == [chair.id]
    item = db.session.scalars(select(Export)).one()
    assert browser.post(f"/act/exports/{item.id}/confirm").status_code == 403
    worker.work()
    db.session.expire_all()
    assert item.state is ExportState.PENDING
    assert "同意导出" in second.get("/query/exports/1").text
    second.post(f"/act/exports/{item.id}/confirm")
    db.session.rollback()
    worker.work()
    db.session.rollback()
    db.session.expire_all()
    assert item.state is ExportState.DONE
    assert second.post(f"/query/exports/{item.id}/file").status_code == 404
    taken = browser.submit(f"/query/exports/{item.id}", action="file")
    assert books.rows_in(taken.data)[1] == ["安小青", number]
    assert "殷主席" in books.about(taken.data)["确认人"]
    sealed = next(FILES.root().glob("*.sealed")).read_bytes()
    assert sealed[:2] != b"PK"
    assert len(sealed) > len(taken.data)
    assert [len(events(f"exports.{verb}")) for verb in ("ask", "confirm", "finish", "download")] == [1, 1, 1, 1]


def test_a_refusal_names_its_reason_to_who_asked(operator, chair, client_of, people):
    browser, second = client_of(operator), client_of(chair)
    export(browser, selected(browser, address({"all": []}, columns="name,dues_base")), secrets="full")
    item = db.session.scalars(select(Export)).one()
    assert item.needs == ["工资"]

    assert second.post(f"/act/exports/{item.id}/refuse").status_code == 422
    second.post(f"/act/exports/{item.id}/refuse", data={"comment": "只需要会员证号"})

    assert "只需要会员证号" in browser.get("/notices").text
    assert "未同意" in browser.get(f"/query/exports/{item.id}").text
    assert second.post(f"/act/exports/{item.id}/confirm").status_code == 409


def test_family_beyond_a_branch_waits_and_a_day_later_it_is_over(operator, chair, client_of, people):
    browser, second = client_of(operator), client_of(chair)
    export(browser, selected(browser, address({"all": []}, columns="name,marital_status")))
    item = db.session.scalars(select(Export)).one()
    assert (item.state, item.needs) == (ExportState.PENDING, ["跨分工会的婚育与家庭信息"])

    item.created_at = now() - timedelta(hours=25)
    late = second.post(f"/act/exports/{item.id}/confirm")

    assert late.status_code == 422
    assert "已超过确认期限" in late.text
    assert "导出待确认" not in second.get("/").text
    worker.sweep()
    db.session.commit()
    assert item.state is ExportState.EXPIRED
    assert "逾期未确认" in browser.get("/notices").text


@pytest.mark.parametrize(
    "asked", [{"field": "marital_status", "op": "eq", "value": "10"}, {"rows": "children", "age": [0, 20]}]
)
def test_names_found_by_the_family_wait_as_its_columns_do(operator, chair, client_of, tree, asked):
    factories.make_member(
        tree["a"], name="安小青", marital_status="10", children=[{"name": "安安", "birth_date": "2020-05-01"}]
    )
    db.session.commit()
    browser = client_of(operator)

    export(browser, selected(browser, address({"all": [asked]}, columns="name")))

    item = db.session.scalars(select(Export)).one()
    assert (item.state, item.needs) == (ExportState.PENDING, ["跨分工会的婚育与家庭信息"])


def test_where_nobody_else_is_there_the_password_is_asked_again(user_as, tree, client_of, people):
    alone = user_as(Role.UNION_CHAIR, tree["root"], name="殷一人")
    alone.password_hash = crypto.hash_password("海上明月共潮生 88")
    db.session.commit()
    browser = client_of(alone)
    where = selected(browser, address({"all": []}, columns="name,id_number"))

    without = export(browser, where, secrets="full")
    wrong = export(browser, where, secrets="full", password="不是这个密码")
    given = export(browser, where, secrets="full", password="海上明月共潮生 88")

    assert (without.status_code, wrong.status_code) == (422, 422)
    assert "请输入您的登录密码" in without.text
    assert "密码不正确" in wrong.text
    assert "不是这个密码" not in wrong.text
    assert books.rows_in(given.data)[1] == ["安小青", people[0].id_number]
    assert "没有其他可以确认的人" in books.about(given.data)["确认人"]
    assert "敏感信息已导出" in browser.get("/notices").text


def test_a_long_one_is_made_by_the_clock_for_its_owner_alone(operator, chair, client_of, people, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE_MOST", 2)
    browser = client_of(operator)

    asked = export(browser, selected(browser))

    item = db.session.scalars(select(Export)).one()
    page = browser.get(asked.location)
    assert (page.headers["Refresh"], "排队中" in page.text) == ("3", True)
    worker.work()
    db.session.rollback()
    assert "Refresh" not in browser.get(asked.location).headers
    taken = browser.submit(asked.location, action="file")
    assert [row[0] for row in books.rows_in(taken.data)[1:]] == ["安小青", "白大山", "董机械"]
    assert client_of(chair).get(asked.location).status_code == 404
    with time_machine.travel(now() + timedelta(days=8)):
        worker.sweep()
        db.session.commit()
    database.run_later()
    assert db.session.get(Export, item.id).state is ExportState.REMOVED
    assert FILES.names() == []


def test_a_broken_off_one_is_made_anew_and_one_taken_back_is_not(operator, client_of, people, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE_MOST", 0)
    browser = client_of(operator)
    first, second = (export(browser, selected(browser)).location for _ in range(2))
    number = int(first.rpartition("/")[2])
    db.session.get(Export, number).state = ExportState.RUNNING  # its worker was killed
    db.session.commit()
    browser.submit(second, action="withdraw")

    worker.work()

    db.session.rollback()
    states = {one.id: one.state for one in db.session.scalars(select(Export))}
    assert states == {number: ExportState.DONE, number + 1: ExportState.WITHDRAWN}


def test_who_has_left_the_scope_by_then_is_left_out_and_said(user_as, tree, client_of, people, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE_MOST", 0)
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    where = export(browser, selected(browser)).location
    history.write(people[0], {"branch": tree["b"]}, SHELL, reason="转会")
    db.session.commit()

    worker.work()

    db.session.rollback()
    assert "有 1 人在生成文件时已不在申请人的管理范围内" in browser.get(where).text
    assert [row[0] for row in books.rows_in(browser.submit(where, action="file").data)[1:]] == ["白大山"]


def test_a_past_day_is_exported_as_it_was(operator, client_of, people, tree):
    with time_machine.travel(now() - timedelta(days=400)):
        old = factories.make_member(tree["a"], name="安从前", join_date=date(2020, 1, 1))
        db.session.commit()
    history.write(old, {"branch": tree["b"]}, SHELL, reason="转会")
    db.session.commit()
    day = (today() - timedelta(days=30)).isoformat()

    browser = client_of(operator)
    answer = export(browser, selected(browser, address({"all": []}, columns="name,branch,age", as_of=day)))

    assert [row[:2] for row in books.rows_in(answer.data)[1:]] == [["安从前", "外国语学院分工会"]]


@pytest.mark.parametrize("way", ["user.open", "user.slip", "grant.give"])
def test_nobody_makes_herself_a_second_person(operator, chair, client_of, people, way):
    browser, second = client_of(operator), client_of(chair)
    asked = export(browser, selected(browser, address({"all": []}, columns="name,id_number")), secrets="full")
    item = db.session.scalars(select(Export)).one()
    audit.record(operator, way, chair.grants[0] if way == "grant.give" else chair)
    db.session.commit()

    refused = second.post(f"/act/exports/{item.id}/confirm")

    assert "开通、重置的，不能由您确认" in second.get(asked.location).text + refused.text
    db.session.expire_all()
    assert item.state is ExportState.PENDING


@pytest.mark.parametrize("loss", ["grant", "member"])
def test_a_file_is_handed_out_only_to_who_could_still_have_it_made(user_as, tree, client_of, people, monkeypatch, loss):
    monkeypatch.setattr(service, "AT_ONCE_MOST", 0)
    keeper = user_as(Role.BRANCH_OPERATOR, tree["a"])
    other = Grant(user=keeper, role=Role.BRANCH_OPERATOR, unit=tree["b"], starts=today())
    db.session.add(other)
    db.session.commit()
    browser = client_of(keeper)
    page = export(browser, selected(browser, address({"all": []}))).location
    worker.work()
    db.session.rollback()
    assert "董机械" in books.rows_in(browser.submit(page, action="file").data)[-1]

    if loss == "grant":
        other.revoked_at = now()
        db.session.commit()
    else:
        history.write(people[2], {"branch": tree["root"]}, SHELL, reason="调离")
        db.session.commit()
    refused = browser.submit(page, action="file")

    assert refused.status_code == 403
    assert "不能再下载这份文件" in refused.text
    assert len(events("exports.download")) == 1
