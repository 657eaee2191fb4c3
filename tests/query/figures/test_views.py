"""The pages of figures: numbers that open their people, files that read back, one refusal for what one may not see."""

from __future__ import annotations

import io
import re
from datetime import date

import openpyxl
import pdfplumber
import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.org.permissions import Role
from tests import factories
from tests.client import links, words


def member(unit, name, sex):
    born = date(1985, 6, 15)
    number = factories.id_number(birth=born, sex=sex)
    return factories.make_member(unit, name=name, sex=sex, birth_date=born, id_number=number)


@pytest.fixture
def people(tree):
    """Three here: a woman and a man in branch a, a woman in b."""
    member(tree["a"], "张晓梅", "2")
    member(tree["a"], "李建国", "1")
    member(tree["b"], "王雅琴", "2")
    db.session.commit()


def table_of(text):
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    return [[words(f"<!DOCTYPE html><html lang=zh-CN><title>x</title><p>{cell}</p>").removeprefix("x").strip()
             for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]  # fmt: skip


def test_a_report_shows_each_branch_and_opens_its_people(client_of, user_as, tree, people):
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    page = browser.get("/query/reports/basics")

    table = table_of(page.text)
    assert table[0][:4] == ["单位", "合计", "男", "女"]
    assert [line[:4] for line in table[1:]] == [
        [tree["a"].name, "2", "1", "1"],
        [tree["b"].name, "1", "0", "1"],
        [tree["closed"].name, "0", "0", "0"],
        ["未分配（直属本级）", "0", "0", "0"],
        ["合计", "3", "1", "2"],
    ]
    women_of_a = [link for link in links(page.text) if link.startswith("/query/?q=")][2]
    found = browser.get(women_of_a)
    assert "查到 1 人" in words(found.text)
    assert "张晓梅" in words(found.text)


def test_a_branch_sees_its_own_numbers_alone(client_of, user_as, tree, people):
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page = browser.get("/query/reports/basics")

    assert [line[:2] for line in table_of(page.text)[1:]] == [[tree["a"].name, "2"], ["合计", "2"]]
    assert browser.get("/query/reports/basics?unit=GH02").status_code == 404
    assert browser.get("/query/reports/nothing").status_code == 404


def test_who_reads_no_families_has_no_such_report(client_of, user_as, tree, people):
    reader = client_of(user_as(Role.ORG_ADMIN, tree["root"]))

    assert "婚育情况表" not in words(reader.get("/query/reports/").text)
    assert reader.get("/query/reports/families").status_code == 404
    refused = reader.get("/query/summary?by=marital_status")
    assert (refused.status_code, "没有“marital_status”这一项，或您无权使用它" in words(refused.text)) == (422, True)


def test_an_export_reads_back_and_leaves_its_purpose(client_of, user_as, tree, people):
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    refused = browser.post("/query/reports/basics", data={"purpose": "", "kind": "xlsx"})
    sheet = browser.post("/query/reports/basics?unit=GH", data={"purpose": "报送年度统计", "kind": "xlsx"})
    paper = browser.post("/query/reports/ages", data={"purpose": "报送年度统计", "kind": "pdf"})

    assert (refused.status_code, "请填写用途" in words(refused.text)) == (422, True)
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet.data)).active.iter_rows(values_only=True))
    assert rows[0][0] == "会员基本情况汇总表"
    assert rows[1][:4] == ("单位", "合计", "男", "女")
    assert rows[2][:4] == (tree["a"].name, 2, 1, 1)
    assert rows[6][:4] == ("合计", 3, 1, 2)
    assert "报送年度统计" in str(rows[-1][0])
    with pdfplumber.open(io.BytesIO(paper.data)) as document:
        (table,) = document.pages[0].extract_tables()
    assert table[0] == ["年龄", "男", "女", "不明", "合计", "占比%"]
    assert table[-1] == ["合计", "1", "2", "0", "3", "100.0"]
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "report.export")).all()
    assert [(event.reason, event.details["as"]) for event in events] == [
        ("报送年度统计", kind) for kind in ("xlsx", "pdf")
    ]


def test_any_question_is_counted_by_two_fields(client_of, user_as, tree, people):
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    page = browser.get("/query/summary?by=branch&by=sex")

    lines = {line[0]: line[1:] for line in table_of(page.text)}
    assert lines["所属分工会"] == ["男", "女", "未知", "未说明", "未填", "合计", "占比%"]
    assert lines[tree["a"].name] == ["1", "1", "0", "0", "0", "2", "66.7"]
    assert lines["合计"] == ["1", "2", "0", "0", "0", "3", "100.0"]
    assert "还没有选择分组的字段" in words(browser.get("/query/summary").text)


def test_a_summary_is_given_out_with_its_purpose(client_of, user_as, tree, people):
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    address = "/query/summary?by=branch&by=sex"

    refused = browser.post(address, data={"purpose": " ", "kind": "xlsx"})
    file = browser.submit(address, {"purpose": "核对人数"}, action="summary")

    assert (refused.status_code, "请填写用途" in words(refused.text)) == (422, True)
    sheet = openpyxl.load_workbook(io.BytesIO(file.data)).active
    rows = [tuple(value for value in row if value is not None) for row in sheet.iter_rows(values_only=True)]
    assert rows[:4] == [
        ("所属分工会、性别汇总",), ("所属分工会", "男", "女", "未知", "未说明", "未填", "合计", "占比%"),
        (tree["a"].name, 1, 1, 0, 0, 0, 2, 100), ("合计", 1, 1, 0, 0, 0, 2, 100),
    ]  # fmt: skip
    assert any(row and "核对人数" in str(row[0]) for row in rows)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "report.export")).one()
    assert (event.reason, event.details["by"]) == ("核对人数", "branch、sex")
