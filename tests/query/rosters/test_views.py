"""The pages of lists: frozen from a query, refused with what was typed, changed, and what a branch gets to see."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from portal.core.db import db
from portal.org.permissions import Role
from portal.query.rosters import service
from portal.query.rosters.models import Roster, RosterPart, RosterRow, RosterState
from tests import factories
from tests.client import words
from tests.query.rosters.frozen import freeze, pages

TYPED = {"title": "中秋慰问", "kind": "holiday", "item": "月饼", "share": "1.50", "measure": "斤", "columns": ["sex"]}


@pytest.fixture
def keeper(user_as, tree):
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"])


@pytest.fixture
def people(tree) -> list[Any]:
    """Two members of branch a, one of branch b."""
    named = {"王晓梅": "a", "陈建国": "a", "张文博": "b"}
    made = [factories.make_member(tree[unit], name=name, marital_status="21") for name, unit in named.items()]
    db.session.commit()
    return made


@pytest.fixture
def roster(keeper, people) -> Roster:
    """All of them on a list, with their marriages."""
    return freeze(keeper)


def part(roster: Roster, unit: Any) -> RosterPart:
    return next(one for one in roster.parts if one.unit_id == unit.id)


def listed(page: str) -> list[str]:
    """The names in the rows, in their order."""
    return re.findall(r'<th scope="row" class="unbroken" data-label="姓名">(?:<del>)?([^<]*)<', page)


def test_the_whole_result_becomes_a_list(client_of, keeper, people):
    browser = client_of(keeper)
    chosen = browser.post("/query/select", data={"task": "rosters.new", "scope": "all"})

    saved = browser.post(chosen.location, data=TYPED)
    page = browser.get(saved.location)

    assert (saved.status_code, listed(page.text)) == (303, ["陈建国", "王晓梅", "张文博"])
    assert "应发数4.5斤月饼 1.5斤" in words(page.text)
    assert "已存为名单“中秋慰问”，共 3 人" in words(page.text)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"title": " "}, "请填写名单名称"),
        ({"title": "长" * 61}, "最多 60 个字"),
        ({"share": "一份"}, "每人数量或金额应是数字"),
        ({"share": "-1"}, "每人数量或金额应是数字"),
        ({"share": "1.234"}, "每人数量或金额应是数字"),
        ({"measure": ""}, "请填写计量单位"),
        ({"kind": "party"}, "不是有效的选择"),
        ({"columns": ["id_number"]}, "“证件号码”不能保存到名单中"),
    ],
)
def test_what_cannot_be_frozen_is_said_and_kept(client_of, keeper, people, changed, sentence):
    browser = client_of(keeper)
    chosen = browser.post("/query/select", data={"task": "rosters.new", "scope": "all"})

    refused = browser.post(chosen.location, data=TYPED | changed)

    assert (refused.status_code, bool(re.search(sentence, words(refused.text))), 'value="月饼"' in refused.text) == (
        422, True, True,
    )  # fmt: skip
    assert db.session.scalars(select(Roster.id)).all() == []


def test_a_list_is_found_by_name_and_number(client_of, keeper, roster, people, tree):
    browser, place = client_of(keeper), f"/query/rosters/{roster.id}"

    found = {
        query: listed(browser.get(f"{place}?{query}").text)
        for query in ("q=王", f"q={people[2].staff_no}", f"part={part(roster, tree['b']).id}", "q=%25", "part=999999")
    }

    assert list(found.values()) == [["王晓梅"], ["张文博"], ["张文博"], [], ["陈建国", "王晓梅", "张文博"]]
    titles = [words(browser.get(f"/query/rosters/?{query}").text) for query in ("q=春节", "q=中秋", "state=closed")]
    assert ["2027年春节慰问品" in text for text in titles] == [True, False, False]


def test_who_is_taken_off_stays_struck_through_where_one_was(client_of, keeper, roster, people):
    browser = client_of(keeper)
    row = db.session.scalars(select(RosterRow).where(RosterRow.name == "王晓梅")).one()

    sent = browser.post(f"/query/rosters/rows/{row.id}/remove", data={"reason": "已调离", "q": "王", "page": "1"})
    page = browser.get(sent.location)

    assert sent.location.endswith(f"/query/rosters/{roster.id}?q=%E7%8E%8B&page=1")
    assert "<del>王晓梅</del>" in page.text
    assert "存入 3 ＋ 增补 0 － 核减 1" in words(page.text)
    assert browser.post(f"/query/rosters/rows/{row.id}/restore", data={"reason": ""}).status_code == 422
    assert browser.post(f"/query/rosters/rows/{row.id}/restore", data={"reason": "误减"}).status_code == 303
    assert "<del>" not in browser.get(sent.location).text


def test_somebody_is_looked_for_and_added(client_of, keeper, roster, tree):
    newcomer = factories.make_member(tree["b"], name="吴明哲")
    db.session.commit()
    browser, place = client_of(keeper), f"/query/rosters/{roster.id}/add"

    looked = browser.post(place, data={"q": "吴明哲", "reason": ""})
    without = browser.post(place, data={"q": "吴明哲", "reason": "", "member": newcomer.id})
    done = browser.post(place, data={"q": "吴明哲", "reason": "补发", "member": newcomer.id})

    assert ("找到 1 人" in words(looked.text), looked.status_code) == (True, 200)
    assert (without.status_code, "请填写原因" in without.text, "找到 1 人" in words(without.text)) == (422, True, True)
    assert done.status_code == 303
    assert listed(browser.get(done.location).text) == ["陈建国", "王晓梅", "张文博", "吴明哲"]
    assert browser.post(place, data={"q": " ", "reason": "补发"}).status_code == 422
    assert "没有找到这个人" in words(browser.post(place, data={"q": "无此人"}).text)


def test_a_foreign_member_cannot_be_added_by_number(client_of, user_as, people, tree):
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"])
    own = freeze(operator)

    refused = client_of(operator).post(
        f"/query/rosters/{own.id}/add", data={"q": "张", "reason": "补发", "member": people[2].id}
    )

    assert (refused.status_code, len(service.all_rows(own))) == (404, 2)


def test_a_branch_looks_at_its_part_alone_and_prints_it(client_of, user_as, keeper, roster, tree):
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    mine, theirs = (f"/query/rosters/parts/{part(roster, tree[unit]).id}" for unit in ("a", "b"))
    early = browser.get(mine).status_code
    client_of(keeper).post(f"/act/rosters/{roster.id}/put_out")

    page, sheet = browser.get(mine), browser.post(f"{mine}/sheet")

    assert (early, browser.get(theirs).status_code, browser.post(f"{theirs}/sheet").status_code) == (404, 404, 404)
    assert browser.get(f"/query/rosters/{roster.id}").status_code == 404
    assert (listed(page.text), "初婚" in words(page.text), "核减" in page.text.split("<tbody>")[1]) == (
        ["陈建国", "王晓梅"], True, False,
    )  # fmt: skip
    [text] = pages(sheet.data)
    assert ("分工会：外国语学院分工会共2人应发数：2份" in text, "张文博" in text) == (True, False)
    assert browser.post(f"/act/roster_parts/{part(roster, tree['a']).id}/confirm").status_code == 302
    assert "核对无误" in words(client_of(keeper).get(f"/query/rosters/{roster.id}").text)


def test_the_family_stays_out_of_the_whole_table_but_not_of_ones_own(client_of, user_as, keeper, roster, tree):
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"])
    own = freeze(operator)

    books = [
        openpyxl.load_workbook(io.BytesIO(client_of(user).post(f"/query/rosters/{item.id}/export").data))
        for user, item in ((keeper, roster), (operator, own))
    ]

    headings = [[cell.value for cell in book["名单"][2]] for book in books]
    assert ["婚姻状况" in one for one in headings] == [False, True]
    said = [" ".join(str(cell.value) for row in book["说明"].iter_rows() for cell in row) for book in books]
    assert ["未导出的列" in one for one in said] == [True, False]


def test_a_void_list_makes_no_sheets(client_of, keeper, roster):
    browser = client_of(keeper)
    browser.post(f"/act/rosters/{roster.id}/void", data={"comment": "编错了"})

    refused = browser.post(f"/query/rosters/{roster.id}/sheets")

    db.session.refresh(roster)
    assert (roster.state, refused.status_code) == (RosterState.VOID, 422)
    assert "这份名单已作废" in refused.text
    assert "各分工会签领表</button>" not in browser.get(f"/query/rosters/{roster.id}").text
