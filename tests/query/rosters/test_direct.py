"""Sheets straight from a result: read back from the PDF and the workbook, and who is refused what."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import openpyxl
import pdfplumber
import pytest
import time_machine
from sqlalchemy import select

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import now, today
from portal.core.db import db
from portal.members import history
from portal.org.models import Grant
from portal.org.permissions import Role
from portal.query import selections
from portal.query.asking import Asked
from portal.query.rosters import direct, papers, worker
from portal.query.rosters.files import FILES
from portal.query.rosters.models import RosterJob
from tests import factories
from tests.client import words
from tests.query.rosters.frozen import pages

HEADINGS = {
    "people": "序号姓名工号所属分工会性别职称",
    "sign_in": "序号姓名工号所属分工会签名备注",
    "sign_for": "序号姓名工号品名签名日期代领人",
}
PLAIN = {
    "title": "教师节签领",
    "item": "购书卡",
    "purpose": "教师节慰问",
    "out": "pdf",
    "columns": ["sex", "prof_title"],
}


@pytest.fixture
def operator(user_as, tree):
    """The operator of branch a."""
    return user_as(Role.BRANCH_OPERATOR, tree["a"], name="周操作")


@pytest.fixture
def people(tree) -> list[Any]:
    """Two members of branch a, one of branch b."""
    named = {"王晓梅": "a", "陈建国": "a", "张文博": "b"}
    made = [factories.make_member(tree[unit], name=name) for name, unit in named.items()]
    db.session.commit()
    return made


def address(actor: Any, asked: Asked | None = None) -> str:
    token = selections.freeze(actor, asked or Asked()).token
    db.session.commit()
    return f"/query/sheets/new?selection={token}"


@pytest.mark.parametrize("kind", HEADINGS)
def test_a_sheet_names_whom_the_query_found(client_of, operator, people, kind):
    answer = client_of(operator).post(address(operator), data=PLAIN | {"kind": kind})

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    [text] = pages(answer.data)
    assert HEADINGS[kind] in text
    assert [text.count(name) for name in ("陈建国", "王晓梅", "张文博")] == [1, 1, 0]
    assert ("海港大学工会教师节签领分工会：外国语学院分工会共2人" in text, "第1/1页" in text) == (True, True)
    assert text.count("购书卡") == (2 if kind == "sign_for" else 0)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "sheet.print")).one()
    assert (event.reason, event.details["count"]) == ("教师节慰问", 2)


def test_the_workbook_holds_the_same_as_of_the_day_shown(client_of, operator, people, tree):
    day = today()
    with time_machine.travel(now() + timedelta(days=5), tick=False):
        history.write(people[0], {"branch": tree["b"]}, SHELL, reason="转会")
        db.session.commit()
        answer = client_of(operator).post(
            address(operator, Asked(day=day)), data=PLAIN | {"kind": "people", "out": "xlsx"}
        )

    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    rows = [[cell.value for cell in row][:4] for row in book["花名册"].iter_rows(min_row=2)]
    assert rows == [
        ["序号", "姓名", "工号", "所属分工会"],
        ["1", "陈建国", people[1].staff_no, "外国语学院分工会"],
        ["2", "王晓梅", people[0].staff_no, "外国语学院分工会"],
    ]
    assert ["用途", "教师节慰问"] in [[cell.value for cell in row] for row in book["说明"].iter_rows()]


def test_many_people_are_printed_branch_by_branch_in_the_background(client_of, user_as, tree, people, monkeypatch):
    keeper = user_as(Role.UNION_OPERATOR, tree["root"])
    monkeypatch.setattr(direct, "IN_ONE", 2)
    browser = client_of(keeper)

    sent = browser.post(address(keeper), data=PLAIN | {"kind": "sign_in"})
    waiting = browser.get(sent.location)
    worker.work()
    ready = browser.get(sent.location)
    answer = browser.post(f"{sent.location}/file")

    assert (sent.status_code, waiting.headers["Refresh"]) == (303, "2")
    assert "每个分工会一份表格" in words(ready.text)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        found = {name: "".join(pages(archive.read(name))) for name in archive.namelist()}
    assert list(found) == ["01-外国语学院分工会-签到表.pdf", "02-机械工程学院分工会-签到表.pdf"]
    counted = [[text.count(name) for name in ("陈建国", "王晓梅", "张文博")] for text in found.values()]
    assert counted == [[1, 1, 0], [0, 0, 1]]
    job = db.session.scalars(select(RosterJob)).one()
    told = [event.action for event in audit.events_of(job)]
    assert (FILES.has(job.uuid), told) == (True, ["roster.papers_finish", "roster.papers_take"])
    keeper.grants[0].revoked_at = now()
    db.session.add(Grant(user=keeper, role=Role.BRANCH_OPERATOR, unit=tree["a"], starts=today()))
    db.session.commit()
    refused = browser.post(f"{sent.location}/file")
    assert (refused.status_code, "不能再下载这份文件" in refused.text) == (403, True)


def test_more_than_a_list_takes_is_not_read_for_a_sheet(client_of, operator, people, monkeypatch):
    monkeypatch.setattr(direct.freezing, "MOST", 1)

    answer = client_of(operator).post(address(operator), data=PLAIN | {"kind": "people", "out": "xlsx"})

    assert (answer.status_code, "一次最多 1 人，现在是 2 人" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"title": "  "}, "请填写标题"),
        ({"purpose": "慰问"}, "请填写用途，4 至 100 个字"),
        ({"kind": "people", "columns": ["mobile"]}, "不能保存到名单中，请重新勾选"),
        ({"kind": "people", "columns": ["marital_status"]}, "婚育、家庭信息不印在花名册上"),
    ],
)
def test_what_cannot_be_printed_is_said_and_kept(client_of, operator, people, changed, sentence):
    answer = client_of(operator).post(address(operator), data=PLAIN | {"kind": "sign_for"} | changed)

    assert (answer.status_code, sentence in answer.text, "购书卡" in answer.text) == (422, True, True)


def test_another_persons_selection_is_absent(client_of, operator, user_as, tree, people):
    other = user_as(Role.BRANCH_OPERATOR, tree["b"])

    assert client_of(other).get(address(operator)).status_code == 404


@pytest.mark.parametrize("number", [1, 4, 8])
def test_columns_are_fitted_to_the_page(number):
    headings = ["序号", "姓名", *(f"很长的一列标题{place}" for place in range(number))]
    rows = [["1", "买买提·吐尔逊江", *("海港大学外国语学院英语教研室" * 2 for _ in range(number))]]

    found = papers.fitted(headings, rows, room=papers.ACROSS)

    widths = [width for _, width in found]
    rest = papers.ACROSS - sum(widths)
    assert widths[-1] == 0
    assert all(width % 2 == 0 and papers.NARROWEST <= width <= papers.WIDEST for width in widths[:-1])
    assert rest >= papers.NARROWEST


def test_a_wide_list_of_people_lies_across(client_of, operator, people):
    columns = ["sex", "birth_date", "ethnicity", "political_status", "department", "education", "prof_title"]

    answer = client_of(operator).post(address(operator), data=PLAIN | {"kind": "people", "columns": columns})

    with pdfplumber.open(io.BytesIO(answer.data)) as pdf:
        [page] = pdf.pages
        right = max(float(line["x1"]) for line in page.rects + page.lines)
        assert (page.width > page.height, right <= page.width - 14 / 25.4 * 72) == (True, True)
