"""The pages of saved questions, as operators use them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core.db import db
from portal.members.models import Member
from portal.org.models import OrgUnit
from portal.org.permissions import Role
from portal.query.definitions.models import Definition
from tests import client as distrust
from tests import factories

TEACHER = {"field": "post_category", "op": "eq", "value": "1"}
YOUNG = {"field": "age", "op": "lt", "value": 45}


def a_teacher(unit: OrgUnit, born: date, **values: Any) -> Member:
    """A woman who teaches, born on that day."""
    number = factories.id_number(birth=born, sex="2")
    return factories.make_member(unit, post_category="1", birth_date=born, sex="2", id_number=number, **values)


def links(page: str, text: str) -> list[str]:
    """The addresses behind the links with this text."""
    found = distrust.parse(page).iter(f"{distrust.XHTML}a")
    return [one.get("href", "") for one in found if "".join(one.itertext()).strip() == text]


def test_the_five_numbers_stand_on_the_first_page_and_lead_to_the_list(tree, user_as, client_of) -> None:
    young = a_teacher(tree["a"], date(2000, 1, 1), title_level="412")
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page = browser.get("/").text

    for name in ("分工会会员人数", "45岁以下青年教师", "高职称职工", "未婚人员", "一孩职工"):
        assert name in page
    assert "专任教师，45周岁以下（不含45）" in page
    (address, *_) = [one for one in links(page, "1") if one.endswith("/presets/q2")]
    opened = browser.get(address)
    assert young.name in opened.text
    assert links(opened.text, young.name) == [f"/members/{young.id}"]


def test_who_reads_no_family_sees_no_such_line(tree, user_as, client_of) -> None:
    browser = client_of(user_as(Role.ORG_ADMIN, tree["root"]))

    for path in ("/", "/query/definitions/"):
        page = browser.get(path).text
        assert "高职称职工" in page
        assert [word for word in ("未婚人员", "一孩职工") if word in page] == []
    refused = browser.get("/query/definitions/presets/q8")
    assert refused.status_code == 422
    assert "没有“children_count”这一项，或您无权使用它" in refused.text


def test_a_blank_is_filled_in_by_the_address(tree, user_as, client_of) -> None:
    a_teacher(tree["a"], date(1985, 1, 1))
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    page = browser.get("/query/definitions/presets/q2?b_age=60&b_inclusive=1").text

    assert "专任教师，60周岁以下（含60）" in page
    (whole,) = links(page, "看全部名单")
    assert browser.get(whole).status_code == 200
    wrong = browser.get("/query/definitions/presets/q2?b_age=x")
    assert wrong.status_code == 422
    assert "“年龄（周岁）”：请填写 0 至 999 的整数" in wrong.text


def test_a_question_of_the_query_page_is_saved_opened_changed_and_withdrawn(tree, user_as, client_of) -> None:
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    path = f"/query/definitions/new?q={json.dumps({'all': [TEACHER, YOUNG]})}"
    values: dict[str, Any] = distrust.form_values(distrust.find_form(browser.get(path).text, path, "new")[0])

    said = {"name": "本院青年教师", "note": "{c2} 周岁以下（{c2r}本数）", "reach": "shared", "ticked": ["c2"]}
    saved = browser.post(path, data=values | said)

    assert saved.status_code == 302
    page = browser.get(saved.location).text
    assert "45 周岁以下（不含本数）" in page
    assert 'name="b_c2r"' in page
    definition = db.session.scalars(select(Definition)).one()
    number = definition.id
    changed = browser.post(
        f"/query/definitions/{number}/edit",
        data={"name": "本院青年", "note": "", "reach": "private", "sentence": "年龄 小于「35」"},
    )
    assert changed.status_code == 302
    assert "第 2 版" in browser.get(f"/query/definitions/{number}").text
    assert browser.post(f"/query/definitions/{number}/withdraw").status_code == 302
    assert browser.get(f"/query/definitions/{number}").status_code == 404


def test_a_sentence_that_cannot_be_read_keeps_what_was_typed(tree, user_as, client_of) -> None:
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    answer = browser.post("/query/definitions/new", data={"name": "试", "reach": "private", "sentence": "年龄 很大"})

    assert answer.status_code == 422
    assert "年龄 很大" in answer.text
    assert "读不懂" in answer.text


def test_values_of_another_sentence_are_offered_anew_before_they_are_saved(tree, user_as, client_of) -> None:
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    typed = {"name": "试", "reach": "private", "sentence": "年龄 小于「35」", "ticked": "c1", "seen": "性别 等于「女」"}

    answer = browser.post("/query/definitions/new", data=typed)

    assert answer.status_code == 422
    assert "条件有修改" in answer.text
    assert browser.post("/query/definitions/new", data=typed | {"seen": typed["sentence"]}).status_code == 302


def test_a_broken_one_says_so_in_the_list_and_on_its_page(tree, user_as, client_of) -> None:
    user = user_as(Role.UNION_OPERATOR, tree["root"])
    browser = client_of(user)
    said = {"name": "三院", "reach": "private", "sentence": "所属分工会 在其及以下「机械工程学院分工会（GH02）」"}
    saved = browser.post("/query/definitions/new", data=said)
    tree["b"].is_enabled = False
    db.session.commit()

    page, opened = browser.get("/query/definitions/").text, browser.get(saved.location)

    assert "已失效：代码为“GH02”的单位已停用或不存在" in page
    assert opened.status_code == 422
    assert 'class="figure-number"' not in opened.text


def test_two_days_are_compared_on_a_page(tree, user_as, client_of) -> None:
    member = factories.make_member(tree["a"])
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    page = browser.get("/query/definitions/presets/q1/compare?since=2020-01-01").text

    assert "比上次多 1 人" in page
    assert links(page, member.name) == [f"/members/{member.id}"]
    refused = browser.get("/query/definitions/presets/q1/compare?since=2026-01-02&as_of=2026-01-01")
    assert refused.status_code == 422
    assert "“上次日期”应早于“截至日期”" in refused.text
