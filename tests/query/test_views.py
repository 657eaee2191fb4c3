"""The page of the universal query: what it finds, shows, refuses, freezes."""

from __future__ import annotations

import html
import json
import re
from datetime import date
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from portal.core import patience
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.members import history
from portal.org.permissions import Role
from portal.query import listing, selections
from portal.query.models import Selection
from tests import client as distrust
from tests import factories

YEAR = today().year


def address(question: object, **more: str) -> str:
    """The address of a question."""
    words = {"q": json.dumps(question, ensure_ascii=False), **more}
    return "/query/?" + "&".join(f"{name}={quote(word)}" for name, word in words.items())


def found(page: str) -> list[str]:
    """The names in the rows, in their order."""
    return re.findall(r'<th scope="row" data-label="姓名"><a [^>]*>([^<]*)</a>', page)


def chips(page: str) -> list[tuple[str, str]]:
    """The conditions in force: words, and the address without each."""
    pairs = re.findall(r'<a class="chip" href="([^"]*)">([^<]*)', page)
    return [(words.strip(), url.replace("&amp;", "&")) for url, words in pairs]


def member(unit, name: str, years: int = 40, **values: Any):
    """A member of so many years."""
    birth = date(YEAR - years, 1, 1)
    return factories.make_member(
        unit, name=name, birth_date=birth, sex="2", id_number=factories.id_number(birth=birth), **values
    )


@pytest.fixture
def operator(tree, user_as, client_of):
    """The browser of the union's operator."""
    return client_of(user_as(Role.UNION_OPERATOR, tree["root"]))


@pytest.fixture
def people(tree):
    """Two in branch a, one who has left it, one in branch b; in the order of their names."""
    made = [
        member(tree["a"], "安小青", 30),
        member(tree["a"], "白大山", 58, staff_no="T777001"),
        member(tree["a"], "曹已去"),
        member(tree["b"], "董机械"),
    ]
    history.write(made[2], {"membership_status": "withdrawn"}, SHELL, reason="退会")
    db.session.commit()
    return {one.name: one.id for one in made}


def test_the_page_begins_with_conditions_that_are_seen_and_can_be_taken_off(operator, people):
    page = operator.get("/query/").text

    assert found(page) == ["安小青", "白大山", "董机械"]
    assert [words for words, _ in chips(page)] == ["会籍状态 等于「正常」", "在本单位统计 等于「是」"]
    without = operator.get(chips(page)[0][1]).text
    assert found(without) == ["安小青", "白大山", "曹已去", "董机械"]


def test_a_question_is_read_back_sorted_and_shown_in_the_columns_asked_for(operator, people):
    question = {"all": [{"field": "age", "op": "ge", "value": 40}]}

    page = operator.get(address(question, sort="-age", columns="name,age,branch")).text

    assert found(page) == ["白大山", "曹已去", "董机械"]
    assert found(operator.get(address(question, sort="age")).text)[-1] == "白大山"
    assert "年龄 大于等于「40」" in page
    assert re.findall(r'data-label="年龄">([^<]*)<', page) == ["58 岁", "40 岁", "40 岁"]
    assert 'data-label="会员证号"' not in page
    assert 'aria-sort="descending"' in page


def test_columns_are_added_moved_and_taken_away(operator, people):
    page = operator.get(address({"all": []}, columns="name,age", choosing="1") + "&columns=sex").text
    pairs = re.findall(r'href="([^"]*)#columns" aria-label="([^"]*)"', page)
    ways = {label: url.replace("&amp;", "&") for url, label in pairs}

    def headings(where: str) -> list[str]:
        text = operator.get(where).text
        return re.findall(r'class="sort" href="[^"]*">([^<]*)<', text)

    assert headings(ways["上移性别"]) == ["姓名", "性别", "年龄"]
    assert headings(ways["下移姓名"]) == ["年龄", "姓名", "性别"]
    assert headings(ways["移除年龄"]) == ["姓名", "性别"]
    assert ("上移姓名" in ways, "下移性别" in ways) == (False, False)


@pytest.mark.parametrize("order", ["name", "-age", "member_no"])
def test_pages_go_on_from_the_last_row_and_back_from_the_first(operator, people, order):
    def beside(page: str, which: str) -> str:
        return re.findall(rf'rel="{which}" href="([^"]*)"', page)[0].replace("&amp;", "&")

    whole = found(operator.get(address({"all": []}, sort=order)).text)
    pages = [operator.get(address({"all": []}, per_page="2", sort=order)).text]
    while 'rel="next"' in pages[-1]:
        assert "after=" in beside(pages[-1], "next")
        pages.append(operator.get(beside(pages[-1], "next")).text)
    back = [pages[-1]]
    while 'rel="prev"' in back[-1]:
        assert "before=" in beside(back[-1], "prev")
        back.append(operator.get(beside(back[-1], "prev")).text)

    assert len(whole) >= 4
    assert [name for page in pages for name in found(page)] == whole
    assert [found(page) for page in back[::-1]] == [found(page) for page in pages]


def test_nobody_is_said_and_a_refusal_is_one_sentence(operator, people):
    empty = operator.get(address({"any": []}))
    unknown = operator.get(address({"all": [{"field": "shoe_size", "op": "eq", "value": 1}]}))
    broken = operator.get("/query/?q=%7B")

    assert (empty.status_code, "没有符合条件的会员" in empty.text) == (200, True)
    assert (unknown.status_code, "第 1 个条件：没有“shoe_size”这一项，或您无权使用它" in unknown.text) == (422, True)
    assert (broken.status_code, "不是有效的 JSON" in broken.text) == (422, True)


def test_a_past_day_is_answered_from_the_history_and_says_so(operator, people, tree):
    day = today().isoformat()

    page = operator.get(address({"all": []}, as_of="2020-01-01")).text
    future = operator.get(address({"all": []}, as_of=f"{YEAR + 10}-01-01", columns="name,age")).text

    assert ("按 2020-01-01 的历史记录统计" in page, found(page)) == (True, [])
    assert "读取的是今天的数据" in future
    assert re.findall(r'data-label="年龄">([^<]*)<', future)[0] == "40 岁"
    assert "历史记录" not in operator.get(address({"all": []}, as_of=day)).text


def test_a_branch_sees_its_own_alone(tree, user_as, client_of, people):
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page = browser.get(address({"all": []})).text

    assert found(page) == ["安小青", "白大山", "曹已去"]


def test_a_number_never_stands_in_an_address(operator, people):
    number = factories.id_number()

    answer = operator.get(address({"all": [{"field": "id_number", "op": "eq", "value": number}]}))

    assert (answer.status_code, "证件号码和手机号码不能写在网址里" in answer.text) == (422, True)


# --- tasks ------------------------------------------------------------------------------------------------------------


def test_a_task_begins_with_the_ticked_rows_frozen(operator, people):
    here = address({"all": []}, sort="-name")
    page = operator.get(here).text
    assert "打印登记表、申请书、名册" in page

    ticked = [people["董机械"], people["安小青"], 999_999]
    answer = operator.post(
        "/query/select",
        data={"q": '{"all":[]}', "sort": "-name", "task": "prints.of_selection", "scope": "ticked", "ids": ticked},
    )

    kept = db.session.query(Selection).one()
    assert answer.location == f"/prints/selection?selection={kept.token}"
    assert kept.member_ids == [people["董机械"], people["安小青"]]
    start = operator.get(answer.location).text
    assert "已选定 2 人" in start
    assert "sort=-name" in start  # the way back


def test_all_that_are_found_are_frozen_in_order_and_printed(operator, people):
    question = '{"all":[{"field":"age","op":"ge","value":40}]}'
    answer = operator.post(
        "/query/select", data={"q": question, "task": "prints.of_selection", "scope": "all", "sort": "-age"}
    )
    token = answer.location.split("=")[1]

    started = operator.post("/prints/start", data={"scope": "selection", "selection": token, "kind": "roster"})

    assert db.session.query(Selection).one().member_ids[0] == people["白大山"]
    assert started.status_code == 303
    assert "选中的会员 3 人" in operator.get(started.location).text


def test_nobody_ticked_is_refused(operator, people):
    answer = operator.post("/query/select", data={"task": "prints.of_selection", "scope": "ticked"})

    assert (answer.status_code, "没有选中会员" in answer.text) == (422, True)


def test_who_forgot_the_task_finds_the_rows_ticked_as_they_were(operator, people):
    sent = {"q": '{"all":[]}', "sort": "-name", "task": "", "scope": "ticked", "ids": [people["董机械"]]}

    answer = operator.post("/query/select", data=sent)

    ticked = re.findall(r'name="ids" value="(\d+)" form="task" checked', answer.text)
    assert (answer.status_code, ticked) == (422, [str(people["董机械"])])
    assert "没有办理" in answer.text
    assert "请先在列表上方选择要办理的事项" in answer.text


def test_a_selection_is_its_owners_alone(operator, people, tree, user_as, client_of):
    place = operator.post("/query/select", data={"task": "prints.of_selection", "scope": "all"}).location

    other = client_of(user_as(Role.UNION_CHAIR, tree["root"])).get(place)

    assert (operator.get(place).status_code, other.status_code) == (200, 404)


# --- the form of conditions -------------------------------------------------------------------------------------------

GROUPS = {
    "mode": "all",
    "part": ["row:1", "box:2", "2:3", "2:4"],
    "f-1": "membership_status", "o-1": "eq", "v-1": "active",
    "mode-2": "any",
    "f-3": "age", "o-3": "between", "v-3": ["25", "35"],
    "f-4": "branch", "o-4": "within", "v-4": "GH02",
}  # fmt: skip


def form_of(page: str) -> dict[str, list[str]]:
    """What the form of conditions sends as it stands, several values of a name in their order."""
    sent: dict[str, list[str]] = {}
    for element in distrust.find_form(page, "", "/query/run")[0].iter():
        name, kind = element.get("name"), str(element.tag).removeprefix(distrust.XHTML)
        if not name or kind == "button" or (element.get("type") == "checkbox" and element.get("checked") is None):
            continue
        value = element.get("value") or element.text or ""
        if kind == "select":
            options = list(element.iter(f"{distrust.XHTML}option"))
            chosen = next((one for one in options if one.get("selected") is not None), options[0])
            value = chosen.get("value") or ""
        sent.setdefault(name, []).append(value)
    return sent


def test_the_form_becomes_an_address_and_comes_back_from_it(operator, people):
    place = operator.post("/query/run", data=GROUPS).location

    page = operator.get(place).text
    sent = form_of(page)

    assert found(page) == ["安小青", "董机械"]
    assert "q=%7B%22all%22" in place
    again = operator.post("/query/run", data=sent).location
    assert again == place


def test_rows_come_and_go_without_a_script(operator, people):
    page = operator.post("/query/build", data=GROUPS | {"act": "add-2"}).text
    fresh = form_of(page)

    assert fresh["part"] == ["row:1", "box:2", "2:3", "2:4", "2:5"]
    assert (fresh["v-3"], fresh["v-4"]) == (["25", "35"], ["GH02"])
    chosen = operator.post("/query/build", data=fresh | {"f-5": "sex", "act": "refresh"}).text
    assert re.search(r'<select[^>]*name="v-5".*?>男<', chosen)


def test_a_refused_form_keeps_what_was_typed(operator, people):
    answer = operator.post("/query/run", data=GROUPS | {"v-3": ["25", "x"]})

    assert (answer.status_code, "第 2 个条件“年龄 介于”" in answer.text) == (422, True)
    assert 'value="x"' in answer.text


def test_the_number_is_told_meanwhile(operator, people):
    assert operator.post("/query/count", data=GROUPS).json["count"] == 2
    assert "请填写值" in operator.post("/query/count", data=GROUPS | {"v-3": []}).json["said"]


def test_a_whole_number_is_asked_by_post_kept_and_counted(operator, people, tree):
    number = factories.id_number(birth=date(1980, 5, 1))
    factories.make_member(tree["a"], name="尤其人", id_number=number, birth_date=date(1980, 5, 1), sex="2")
    db.session.commit()
    form = {"mode": "all", "part": ["row:1", "row:2"], "f-1": "id_number", "o-1": "eq", "v-1": number,
            "f-2": "sex", "o-2": "eq", "v-2": "2"}  # fmt: skip

    place = operator.post("/query/run", data=form).location

    page = operator.get(place).text
    assert (found(page), number[-4:] in page) == (["尤其人"], True)
    assert re.fullmatch(r"/query/\?q=~[\w-]{22}", place)
    assert "号码" in operator.post("/query/count", data=form).json["said"]
    sent = form_of(page)
    assert found(operator.get(operator.post("/query/run", data=sent).location).text) == ["尤其人"]
    one_less = [url for words, url in chips(page) if words.startswith("性别")]
    assert found(operator.get(one_less[0]).text) == ["尤其人"]
    for _ in range(58):
        operator.post("/query/run", data=form)
    assert operator.post("/query/run", data=form).status_code == 429


def test_the_question_goes_on_to_be_saved(operator, people):
    place = operator.post("/query/run", data=GROUPS).location

    saving = re.findall(r'href="(/query/definitions/new[^"]*)">保存查询', operator.get(place).text)[0]

    assert "年龄 介于「25」、「35」" in html.unescape(operator.get(html.unescape(saving)).text)


def test_the_last_questions_are_listed(operator, people):
    operator.post("/query/run", data=GROUPS)

    assert "会籍状态 等于「正常」，且 （年龄 介于「25」、「35」" in operator.get("/query/").text


def test_anothers_kept_question_is_gone(operator, people, tree, user_as, client_of):
    form = {"mode": "all", "part": "row:1", "f-1": "mobile", "o-1": "tail", "v-1": "0001"}
    place = operator.post("/query/run", data=form).location

    answer = client_of(user_as(Role.UNION_CHAIR, tree["root"])).get(place)

    assert (answer.status_code, "没有保留下来" in answer.text) == (422, True)


def test_no_way_around_the_page_takes_longer(operator, people, monkeypatch):
    monkeypatch.setattr(patience, "STEPS", 1)
    monkeypatch.setattr(listing, "SECONDS", 0.001)
    monkeypatch.setattr(selections, "SECONDS", 0.001)
    words = address({"any": [{"field": "remark", "op": "contains", "value": "无" * 40}] * 250}).partition("?")[2]
    question = parse_qs(words)["q"][0]

    counted = operator.get(f"/query/summary?{words}&by=sex")
    frozen = operator.post("/query/select", data={"q": question, "scope": "all", "task": "exports.of_selection"})

    assert (counted.status_code, "用时超过 2 秒，已停止" in counted.text) == (422, True)
    assert (frozen.status_code, "选定会员用时过长，已停止" in frozen.text) == (422, True)


def test_what_takes_too_long_is_refused_with_its_conditions_kept(operator, people, monkeypatch):
    monkeypatch.setattr(patience, "STEPS", 1)
    monkeypatch.setattr(listing, "SECONDS", 0.001)
    many = [{"field": "remark", "op": "contains", "value": "无" * 40}] * 250

    page = operator.get(address({"any": many}))

    assert (page.status_code, "用时超过 2 秒，已停止" in page.text) == (422, True)
    assert page.text.count('name="part"') == 250
    monkeypatch.setattr(listing, "SECONDS", 60)
    assert operator.get("/query/").status_code == 200
