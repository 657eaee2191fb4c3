"""The pages of the tree as people use them: look, search, found, set up, rename, move, close, departments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.core.calendar import today
from portal.core.db import db
from portal.joining.models import ApplicationState as S
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Role
from portal.org.units import departments, names, service
from tests import factories
from tests.client import DistrustfulClient, links, words

K = UnitKind
Units = dict[str, OrgUnit]
Browse = Callable[[User | None], DistrustfulClient]


@pytest.fixture
def keeper(city: Units) -> User:
    """Who looks after the whole city."""
    user = factories.make_user(Role.SUPER_ADMIN, city["root"])
    db.session.commit()
    return user


@pytest.fixture
def browser(client_of: Browse, keeper: User) -> DistrustfulClient:
    """Her browser."""
    return client_of(keeper)


@pytest.fixture
def eastern(client_of: Browse, city: Units) -> DistrustfulClient:
    """The browser of who looks after the east county."""
    user = factories.make_user(Role.ORG_ADMIN, city["east"])
    db.session.commit()
    return client_of(user)


def rows(page: str) -> list[str]:
    """The names of the units that a list leads to, by number."""
    return [link for link in links(page) if link.startswith("/units/") and link[7:].isdigit()]


def shown(page: str, units: Units) -> list[str]:
    """The keys of the units that a list leads to, in its order."""
    keys = {f"/units/{unit.id}": key for key, unit in units.items()}
    found = [keys.get(link, link) for link in rows(page)]
    return list(dict.fromkeys(found))


# --- looking ----------------------------------------------------------------------------------------------------------


def test_the_tree_shows_one_level_with_its_numbers(browser: DistrustfulClient, city: Units) -> None:
    for _ in range(3):
        factories.make_member(city["shop"])
    db.session.commit()

    top = browser.get("/units/")
    county = browser.get(f"/units/?unit={city['east'].id}")

    assert shown(top.text, city) == ["root", "east", "west"]
    assert "东港区总工会 GH01 县（区）总工会 5 3 看下级" in words(top.text)
    assert "会员 3 人（含下级）" in words(county.text)
    assert f'<a href="/units/?unit={city["root"].id}">海港市总工会</a>' in county.text  # the way
    assert shown(county.text, city) == ["east", "town"]


def test_one_sees_ones_own_part_of_the_tree(eastern: DistrustfulClient, city: Units) -> None:
    assert shown(eastern.get("/units/").text, city) == ["east", "town"]
    assert shown(eastern.get("/units/?q=总工会").text, city) == ["east"]
    assert [eastern.get(f"/units/?unit={city[name].id}").status_code for name in ("west", "root")] == [404, 404]
    assert eastern.get(f"/units/{city['west'].id}").status_code == 404
    page = eastern.get(f"/units/{city['town'].id}").text
    assert [link for link in links(page) if link.endswith(f"unit={city['east'].id}")]
    assert [link for link in links(page) if link.endswith((f"unit={city['root'].id}", f"/{city['root'].id}"))] == []


def test_the_chair_reads_and_has_no_buttons(client_of: Browse, city: Units) -> None:
    chair = factories.make_user(Role.UNION_CHAIR, city["root"])
    db.session.commit()
    browser = client_of(chair)

    page = browser.get(f"/units/{city['west'].id}")

    assert page.status_code == 200
    assert [word for word in ("更名", "调整上级", "停用", "修改设置", "新增下级") if word in words(page.text)] == []
    assert [link for link in links(browser.get("/units/").text) if "import" in link or "/new" in link] == []


def test_who_has_several_units_sees_them_first(client_of: Browse, city: Units) -> None:
    user = factories.make_user(Role.ORG_ADMIN, city["west"])
    factories.make_user(Role.ORG_ADMIN, city["town"])
    from portal.org import service as org

    org.give(user, user, Role.ORG_ADMIN, city["town"])
    org.give(user, user, Role.ORG_ADMIN, city["firm"])  # lies below the town
    db.session.commit()

    assert shown(client_of(user).get("/units/").text, city) == ["town", "west"]


def test_search_finds_names_old_names_and_codes(browser: DistrustfulClient, keeper: User, city: Units) -> None:
    service.rename(keeper, city["firm"], "海港重工公司工会")
    service.disable(keeper, city["other"])
    db.session.commit()

    for text, found in (
        ("公司", ["firm", "other"]), ("海港机械", ["firm"]), ("gh0101", ["town", "firm", "shop", "office", "other"]),
        ("%", []), ("没有这个", []),
    ):  # fmt: skip
        assert (text, shown(browser.get(f"/units/?q={text.replace('%', '%25')}").text, city)) == (text, found)
    page = words(browser.get("/units/?q=海港机械").text)
    assert "曾用名：海港机械公司工会" in page
    assert "东港区总工会 / 东港区第一街道工会" in page
    assert "海港食品公司工会 已停用" in words(browser.get("/units/?q=食品").text)


def test_pages_go_by_the_code_of_the_last_row(browser: DistrustfulClient, city: Units) -> None:
    for number in range(1, 8):
        factories.make_unit(city["west"], code=f"W{number}", name=f"第{number}工会", kind=K.UNION)
    db.session.commit()
    seen: list[list[str]] = []
    address = f"/units/?unit={city['west'].id}&per_page=3"
    while True:
        page = browser.get(address)
        seen.append(
            [row.split()[0] for row in words(page.text).split("操作 ")[1].split("共 7 条")[0].split("查看：")[1:]]
        )
        onward = [link for link in links(page.text) if "after=" in link]
        if not onward:
            break
        address = onward[0]

    assert seen == [["第1工会", "第2工会", "第3工会"], ["第4工会", "第5工会", "第6工会"], ["第7工会"]]
    back = next(link for link in links(page.text) if "before=" in link)
    assert "第4工会" in words(browser.get(back).text)
    assert "第3工会" not in words(browser.get(back).text)


def test_a_page_asks_the_database_little(browser: DistrustfulClient, city: Units) -> None:
    for number in range(40):
        factories.make_unit(city["west"], code=f"W{number:02}", name=f"第{number}工会", kind=K.UNION)
    db.session.commit()
    asked: list[str] = []

    def counts(*given: object) -> None:
        asked.append(str(given[2]))

    event.listen(db.engine, "before_cursor_execute", counts)
    try:
        browser.get(f"/units/?unit={city['west'].id}")
    finally:
        event.remove(db.engine, "before_cursor_execute", counts)

    assert len([statement for statement in asked if "SELECT" in statement]) < 20


# --- changing ---------------------------------------------------------------------------------------------------------


def test_found_set_up_and_rename(browser: DistrustfulClient, city: Units) -> None:
    answer = browser.submit(f"/units/{city['west'].id}/new", {"name": "西山第一街道工会", "kind": ["town"]})
    made = db.session.query(OrgUnit).filter_by(code="GH0201").one()
    assert answer.location == f"/units/{made.id}"
    page = browser.get(answer.location, follow_redirects=True)
    assert "已新增西山第一街道工会，代码 GH0201" in words(page.text)

    browser.submit(f"/units/{made.id}/edit", {"contact_phone": "0335-8051111", "join_form": ["quick"]})
    browser.submit(f"/units/{made.id}/rename", {"name": "西山新街道工会", "on": today().isoformat()})

    page = browser.get(f"/units/{made.id}")
    assert "0335-8051111" in words(page.text)
    assert "入会申请表快速申请" in words(page.text)
    assert "西山新街道工会" in words(page.text)
    assert f"西山第一街道工会 最初 {today().year}年" in words(page.text)
    assert [word for word in ("建立组织", "修改单位设置", "单位更名") if word not in words(page.text)] == []


def test_a_refused_form_keeps_what_was_typed(browser: DistrustfulClient, city: Units) -> None:
    new = browser.submit(
        f"/units/{city['town'].id}/new", {"name": "海港渔业公司工会", "code": "GH02", "contact_phone": "0335-77"}
    )
    named = browser.submit(f"/units/{city['town'].id}/rename", {"name": "", "on": "昨天"})

    assert (new.status_code, named.status_code) == (422, 422)
    assert "单位代码 GH02 已被使用，请换一个；不填则自动编号" in words(new.text)
    assert 'value="海港渔业公司工会"' in new.text
    assert 'value="0335-77"' in new.text
    assert "请填写新名称" in words(named.text)
    assert names.names_of(city["town"]) == []


def test_a_coming_name_is_shown_and_taken_back(browser: DistrustfulClient, city: Units) -> None:
    day = today() + timedelta(days=5)
    browser.submit(f"/units/{city['west'].id}/rename", {"name": "西山新区总工会", "on": day.isoformat()})
    page = browser.get(f"/units/{city['west'].id}")
    assert "西山新区总工会 未到日期" in words(page.text)

    browser.submit(f"/units/{city['west'].id}", action="cancel")

    assert "西山新区总工会" not in words(browser.get(f"/units/{city['west'].id}").text).split("办理记录")[0]


def test_move_by_finding_the_new_parent(browser: DistrustfulClient, city: Units) -> None:
    address = f"/units/{city['firm'].id}/move"
    page = browser.get(f"{address}?q=西山")
    assert "选择西山区总工会 西山区总工会 GH02 县（区）总工会 0" in words(page.text)
    assert "海港机械公司工会和下级共 3 个单位、0 名会员" in words(page.text)
    assert "一车间分工会" not in words(page.text)  # no place for a union
    assert "没有找到可以作为上级的单位" in words(browser.get(f"{address}?q=火星").text)
    assert "请选择新的上级" in words(browser.post(f"{address}?q=西山").text)
    assert "不能把海港机械公司工会移到它自己下面" in words(browser.post(address, data={"parent": city["firm"].id}).text)

    answer = browser.post(f"{address}?q=西山", data={"parent": city["west"].id})

    assert answer.location == f"/units/{city['firm'].id}"
    assert city["shop"].path == f"{city['west'].path}{city['firm'].id}/{city['shop'].id}/"


def test_a_foreign_side_of_a_move_is_absent(eastern: DistrustfulClient, city: Units) -> None:
    before = city["firm"].path
    for what, where in (("firm", "west"), ("firm", "root"), ("west", "east")):
        answer = eastern.post(f"/units/{city[what].id}/move", data={"parent": city[where].id})
        assert (what, where, answer.status_code) == (what, where, 404)
    assert eastern.post(f"/units/{city['firm'].id}/move", data={"parent": 999_999}).status_code == 404
    assert city["firm"].path == before
    assert "GH02" not in eastern.get(f"/units/{city['firm'].id}/move?q=GH").text


def test_close_and_open(browser: DistrustfulClient, city: Units) -> None:
    member = factories.make_member(city["shop"])
    db.session.commit()
    page = browser.get(f"/units/{city['firm'].id}/disable")
    assert (
        "海港机械公司工会及其下级还有 1 名会员（其中：一车间分工会 1 人），不能停用。"
        "请用“撤并方案”把他们一次转到其他单位，或逐个转出，然后再停用" in words(page.text)
    )
    assert "确认停用" not in page.text
    assert browser.post(f"/units/{city['shop'].id}/disable").status_code == 422
    assert member.unit.is_enabled
    factories.make_application(city["other"], S.RETURNED)
    address = f"/units/{city['other'].id}/disable"
    assert "有 1 份入会申请已退回、本人正在修改" in words(browser.get(address).text)
    factories.make_application(city["other"])
    page = words(browser.get(address).text)
    assert "海港食品公司工会（含下级）还有 1 份入会申请没有办结，不能停用" in page
    assert "确认停用" not in page

    assert "以及下级 5 个单位" not in words(browser.get(f"/units/{city['west'].id}/disable").text)
    browser.submit(f"/units/{city['west'].id}/disable")
    assert "西山区总工会 已停用" in words(browser.get("/units/").text)
    browser.submit(f"/units/{city['west'].id}", {"below": "1"}, action="enable")
    assert "已停用" not in words(browser.get("/units/").text)


# --- departments ------------------------------------------------------------------------------------------------------


def test_departments_are_written_down_with_one_click_and_ended(browser: DistrustfulClient, city: Units) -> None:
    factories.make_member(city["office"], department="财务部")
    factories.make_member(city["shop"], department="二车间")
    db.session.commit()
    address = f"/units/{city['firm'].id}/departments"
    page = browser.get(address).text
    assert "二车间 1 人" in words(page)
    assert f'<option value="{city["office"].id}" selected>机关分工会' in page  # where most of them are

    browser.post(address, data={"department": "财务部", "unit": city["office"].id})

    page = browser.get(address).text
    assert "财务部 机关分工会 最初至现在 结束" in words(page)
    assert "财务部 1 人" not in words(page)
    line = departments.lines_of(city["firm"])[0][0]
    browser.submit(f"/units/departments/{line.id}/end", {"on": today().isoformat()})
    assert "财务部 机关分工会" not in words(browser.get(address).text)
    assert "财务部 机关分工会" in words(browser.get(f"{address}?past=1").text)
    assert browser.post(f"/units/departments/{line.id}/end", data={"on": today().isoformat()}).status_code == 409


def test_many_departments_are_pasted(browser: DistrustfulClient, city: Units) -> None:
    address = f"/units/{city['firm'].id}/departments"
    refused = browser.submit(address, {"pasted": "财务部\t火星分工会"}, action="paste")
    assert refused.status_code == 422
    assert "第 1 行：没有找到分工会“火星分工会”" in words(refused.text)
    assert "财务部\t火星分工会" in refused.text
    assert departments.lines_of(city["firm"]) == ([], False)

    browser.submit(
        address, {"pasted": "财务部\t机关分工会\n一车间\t一车间分工会", "pasted_from": "2024-01-01"}, action="paste"
    )

    assert "一车间 一车间分工会 2024年1月1日至现在" in words(browser.get(address).text)


def test_who_looks_after_one_union_writes_its_departments_and_nothing_else(client_of: Browse, city: Units) -> None:
    """基层工会管理员: the table is hers, the union and its branches are not hers to change."""
    clerk = client_of(factories.make_user(Role.UNIT_ADMIN, city["firm"]))
    db.session.commit()
    address = f"/units/{city['firm'].id}"
    page = clerk.get(address).text

    clerk.submit(f"{address}/departments", {"pasted": "财务部\t机关分工会"}, action="paste")
    clerk.post(f"{address}/departments", data={"department": "二车间", "unit": city["shop"].id})
    (_, finance), _ = departments.lines_of(city["firm"])
    strange = clerk.get(f"/units/{city['other'].id}/departments")
    clerk.submit(f"/units/departments/{finance.id}/end", {"on": today().isoformat()})

    assert "登记和查看" in page
    assert [one in links(page) for one in (f"{address}/rename", f"{address}/edit", f"{address}/new")] == [False] * 3
    assert strange.status_code == 404
    assert [(one.name, one.unit.code) for one in departments.lines_of(city["firm"])[0]] == [("二车间", "GH01010101")]


def test_a_foreign_branch_is_absent_for_departments(eastern: DistrustfulClient, city: Units) -> None:
    strange = factories.make_unit(city["west"], code="W1", name="西山公司工会", kind=K.UNION)
    db.session.commit()

    answer = eastern.post(f"/units/{city['firm'].id}/departments", data={"department": "财务部", "unit": strange.id})

    assert answer.status_code == 404
    assert departments.lines_of(strange) == ([], False)


def test_a_county_is_told_to_go_into_a_union(browser: DistrustfulClient, city: Units) -> None:
    page = browser.get(f"/units/{city['east'].id}/departments").text

    assert "要登记部门，请先进入一个基层工会" in words(page)
    assert "一次登记多个" not in words(page)
