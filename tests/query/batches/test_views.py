"""The pages of a batch edit: from the list to the fields, the preview, the writing and back."""

from __future__ import annotations

import html
import re

import pytest

from portal.core.db import db
from portal.members.models import Member
from portal.org.permissions import Role
from tests import factories


@pytest.fixture
def browser(tree, user_as, client_of):
    """The browser of the union's operator."""
    return client_of(user_as(Role.UNION_OPERATOR, tree["root"]))


@pytest.fixture
def people(tree):
    """Two of branch a and one of branch b."""
    made = [factories.make_member(tree[unit], name=name, department="教务处") for unit, name in
            (("a", "安小青"), ("a", "白大山"), ("b", "董机械"))]  # fmt: skip
    db.session.commit()
    return [one.id for one in made]


def chosen(browser, ids: list[int]) -> str:
    """The word for the members ticked on the list."""
    form = {"q": '{"all":[]}', "task": "batches.new", "scope": "ticked", "ids": ids}
    return browser.post("/query/select", data=form).location.split("=")[1]


def outcomes(page: str) -> list[tuple[str, str]]:
    return re.findall(
        r'data-label="姓名"><a [^>]*>([^<]*)</a>.*?data-label="结果"><span [^>]*>([^<]*)<', page, re.DOTALL
    )


def test_from_the_list_to_the_change_and_back(browser, people):
    token = chosen(browser, people[:2])
    start = browser.get(f"/query/batches/new?selection={token}").text
    assert "已选定 2 人" in start
    assert 'value="department"' in start
    assert 'value="id_number"' not in start

    asked = browser.get(f"/query/batches/new?selection={token}&fields=&fields=department&fields=dispatch_company").text
    assert re.findall(r'name="(clear-[^"]*)"', asked) == ["clear-dispatch_company"]
    form = {"selection": token, "fields": ["department", "dispatch_company"], "department": "研究生院",
            "clear-dispatch_company": "y", "day": "2020-01-01", "reason": "部门合并"}  # fmt: skip
    place = browser.post("/query/batches/new", data=form).location

    preview = browser.get(place).text
    assert outcomes(preview) == [("安小青", "修改"), ("白大山", "修改")]
    assert "工作单位（部门）：教务处 → 研究生院" in preview
    assert "修改 2 人" in preview
    back = html.unescape(re.findall(r'class="btn" href="([^"]*)">返回查询结果', preview)[0])
    assert "安小青" in browser.get(back).text

    done = browser.post(f"{place}/write", data={"seen": "2"})
    assert "24 小时内可以撤销" in browser.get(done.location).text
    assert [one.department for one in db.session.query(Member).order_by(Member.id)] == [
        "研究生院",
        "研究生院",
        "教务处",
    ]
    assert "工作单位（部门） → 研究生院；劳务派遣单位 → 清空" in browser.get("/query/batches/").text
    assert "已全部撤销" in browser.get(browser.post(f"{place}/undo").location).text
    assert {one.department for one in db.session.query(Member)} == {"教务处"}
    assert browser.post(f"{place}/undo").status_code == 409


def test_a_refused_form_says_what_is_missing_and_keeps_what_was_typed(browser, people):
    token = chosen(browser, people)
    form = {
        "selection": token,
        "fields": ["education", "remark", "work_start_date"],
        "remark": "备",
        "clear-remark": "y",
    }
    form |= {"day": "2026-02-30", "work_start_date": "去年"}

    refused = browser.post("/query/batches/new", data=form)

    assert refused.status_code == 422
    for sentence in (
        "请选择学历（文化程度）",
        "备注已勾选“清空”，请不要再填新值，或取消勾选",
        "请填写原因，会员本人可以看到",
        "参加工作时间",
    ):
        assert sentence in html.unescape(refused.text)
    assert 'value="去年"' in refused.text
    assert db.session.query(Member).filter(Member.remark == "备").count() == 0
    form |= {"education": "21", "clear-remark": "", "work_start_date": "2020-01", "reason": "因"}
    wrong_day = browser.post("/query/batches/new", data=form)
    assert (wrong_day.status_code, "2026-02-30" in wrong_day.text) == (422, True)
    assert "请至少选择一个要修改的字段" in browser.get(f"/query/batches/new?selection={token}&fields=").text
    unknown = browser.get(f"/query/batches/new?selection={token}&fields=id_number")
    assert (unknown.status_code, "没有“id_number”这一项，或您无权使用它" in unknown.text) == (422, True)


def test_a_change_in_between_stops_the_writing_and_offers_to_look_again(browser, people, tree, user_as, client_of):
    token = chosen(browser, people)
    form = {"selection": token, "fields": "remark", "remark": "批", "day": "", "reason": "部门合并"}
    place = browser.post("/query/batches/new", data=form).location
    other = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))
    sheet = other.post("/query/batches/new", data=form | {"selection": chosen(other, people[:1])}).location
    other.post(f"{sheet}/write", data={"seen": "1"})

    answer = browser.post(f"{place}/write", data={"seen": "3"})

    assert (answer.status_code, "安小青（共 1 人）在预览之后有了变化" in answer.text) == (409, True)
    assert browser.get(browser.post(f"{place}/again").location).text.count("修改 2 人") == 1
    assert other.get(place).status_code == 404
    assert browser.get(browser.post(f"{place}/discard").location).text.count("还没有批量修改过") == 1
