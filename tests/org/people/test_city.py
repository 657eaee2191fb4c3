"""Who gets which answer in a city: the two roles that only a city has, in the form of the table of the school.

A line is: endpoint, method, place of the object, then one sign for each of PRINCIPALS.

    .  done or shown    F  403    A  404    R  refused with a sentence (409, 422)

Places: `own` what is the person's own; `west` the administrator of the other county, her grant, the other county;
`east`, `town` those of the eastern county and its town; `union`, `other`, `branch` those of the union in the east, of
the one in the west, and of the eastern union's branch; `absent` no such row. For the eastern county all of the east is
below.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core.calendar import today
from portal.core.db import db
from portal.core.web import limiter
from portal.joining.models import Application, JoinCode
from portal.joining.models import ApplicationState as S
from portal.org.models import Grant, OrgUnit, User
from portal.org.people import reach
from portal.org.permissions import Role
from tests import factories
from tests.client import DistrustfulClient, links, words
from tests.house.test_matrix import sign

PRINCIPALS = ("city", "east", "west", "town", "union", "other")
ABSENT = 999_999
serial = itertools.count(1)

#                                    C e w t u o
TABLE = """
people.index          GET   -        . . . . . .
people.unit_admins    GET   -        . . . . . .
people.org_admins     GET   -        . . . . . .
people.new            GET   -        . . . . . .
people.detail         GET   east     . . A A A A
people.detail         GET   west     . A . A A A
people.detail         GET   town     . . A . A A
people.detail         GET   union    . . A . . A
people.detail         GET   other    . A . A A .
people.detail         GET   branch   . . A . . A
people.detail         GET   absent   A A A A A A
people.slip           POST  east     . F A A A A
people.slip           POST  west     . A F A A A
people.slip           POST  town     . . A F A A
people.slip           POST  union    . . A . F A
people.slip           POST  other    . A . A A F
people.slip           POST  branch   F F A F . A
people.slip           POST  absent   A A A A A A
people.disable        POST  east     R F A A A A
people.disable        POST  town     R R A F A A
people.disable        POST  union    . . A . F A
people.disable        POST  branch   F F A F . A
people.end            POST  east     R F A A A A
people.end            POST  town     R R A F A A
people.end            POST  union    . . A . F A
people.end            POST  branch   F F A F . A
people.delegations    GET   -        F F F F F F
joining.index         GET   -        . . . . . .
joining.detail        GET   union    . . A . . A
joining.detail        GET   other    . A . A A .
joining.approve       GET   union    F F F F . A
joining.approve       POST  union    F F F F . A
joining.approve       POST  other    F F F F A .
home.act              POST  union    F F A F . A
members.index         GET   -        . . . . . .
members.detail        GET   union    . . A . . A
members.edit          GET   union    F F F F . A
members.reveal        POST  union    F F A F . A
unions.index          GET   -        . . . . . .
unions.code           POST  union    . . A . . A
unions.code           POST  other    . A . A A .
unions.code           POST  branch   R R A R R A
unions.code           POST  east     R R A A A A
units.index           GET   -        . . . . . .
units.detail          GET   union    . . A . . A
units.detail          GET   other    . A . A A .
units.detail          GET   branch   . . A . . A
units.detail          GET   town     . . A . A A
units.new             GET   union    . . A . F F
units.edit            GET   union    . . A . F F
units.edit            GET   branch   . . A . F F
units.rename          GET   union    . . A . F F
units.rename          POST  branch   R R A R F F
units.move            GET   branch   . . A . F F
units.disable         GET   union    . . A . F F
units.disable         POST  branch   . R A R F F
units.enable          POST  branch   R R A R F F
unit_sheets.bring     GET   -        . . . . F F
departments.index     GET   union    . . A . . A
departments.index     GET   other    . A . A A .
departments.index     GET   branch   . . A . . A
departments.index     GET   absent   A A A A A A
departments.add       POST  union    . . A . . A
departments.add       POST  other    . A . A A .
departments.add       POST  branch   R R A R R A
departments.add       POST  absent   A A A A A A
departments.paste     POST  union    . . A . . A
departments.paste     POST  other    . A . A A .
departments.paste     POST  absent   A A A A A A
system.settings       GET   -        F F F F F F
"""
ROLES = {"union": Role.UNIT_ADMIN, "other": Role.UNIT_ADMIN}


@pytest.fixture
def town_of(city: dict[str, OrgUnit], officer: Callable[..., User]) -> dict[str, User]:
    """The administrators of the city, by their units; and the operator of the branch."""
    people = {
        name: officer(
            ROLES.get(name, Role.ORG_ADMIN), city["top" if name == "city" else name], username=f"{name}-admin"
        )
        for name in PRINCIPALS
    }
    return people | {"branch": officer(Role.BRANCH_OPERATOR, city["branch"], username="branch-operator")}


@pytest.fixture
def ids(city: dict[str, OrgUnit], town_of: dict[str, User]) -> dict[str, dict[str, Any]]:
    """The numbers that addresses take, by place."""
    found: dict[str, dict[str, Any]] = {"absent": dict.fromkeys(("user", "grant", "unit", "item", "member"), ABSENT)}
    for name, user in town_of.items():
        unit = city["top" if name == "city" else name]
        found[name] = {"user": user.id, "grant": user.grants[0].id, "unit": unit.id, "code": unit.code}
    for name in ("union", "other"):
        quick = {"staff_no": None, "resume": None}
        item = factories.make_application(city[name], S.BRANCH_OK)
        member = factories.make_member(city[name], **quick)
        db.session.commit()
        found[name] |= {"item": item.id, "member": member.id}
    return found


def request(endpoint: str, here: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments of the address, and the body."""
    if endpoint == "home.act":
        return {"workflow": "joining", "item_id": here["item"], "action": "await_province"}, {}
    kinds = {"end": "grant", "code": "unit"}
    room, verb = endpoint.split(".")
    of_rooms = {"joining": "item", "members": "member", "units": "unit", "departments": "unit"}
    kind = kinds.get(verb) or of_rooms.get(room, "user")
    body = {
        "end": {"on": today().isoformat()},
        "approve": {"study_date": today().isoformat()},
        "reveal": {"field": "id_number", "reason": "核对登记表"},
        # a department is written down once: each who asks names another
        "add": {"department": f"部门{next(serial)}", "unit": here.get("unit", ABSENT)},
        "paste": {"pasted": f"部门{next(serial)}\t{here.get('code')}"},
    }
    return ({"id": here[kind]} if kind in here else {}), body.get(verb, {})


def lines() -> list[Any]:
    """The lines of the table."""
    return [
        pytest.param(*line.split()[:3], line.split()[3:], id="-".join(line.split()[:3]))
        for line in TABLE.strip().splitlines()
    ]


@pytest.mark.parametrize(("endpoint", "method", "place", "signs"), lines())
def test_every_answer_is_the_expected_one(
    app: Flask, town_of, ids, client_of, endpoint: str, method: str, place: str, signs: list[str]
) -> None:
    found = []
    for principal in PRINCIPALS:
        arguments, body = request(endpoint, ids.get(place, {}))
        path = app.url_map.bind("localhost").build(endpoint, arguments)
        limiter.reset()
        browser = client_of(town_of[principal])
        kept = _state(ids.get(place, {}))
        found.append(sign(browser.get(path) if method == "GET" else browser.post(path, data=body)))
        _put_back(ids.get(place, {}), kept)

    assert dict(zip(PRINCIPALS, found, strict=True)) == dict(zip(PRINCIPALS, signs, strict=True))


def _state(here: dict[str, int]) -> tuple[Any, ...]:
    user, item = db.session.get(User, here.get("user", 0)), db.session.get(Application, here.get("item", 0))
    kept = (user.is_enabled if user else None, item.state if item else None)
    db.session.rollback()
    return kept


def _put_back(here: dict[str, int], kept: tuple[Any, ...]) -> None:
    """Let the object be as before, for the next who asks for the same."""
    db.session.expire_all()
    user, item = db.session.get(User, here.get("user", 0)), db.session.get(Application, here.get("item", 0))
    if user is not None:
        user.is_enabled, user.must_change_password = kept[0], False
        user.grants[0].ends = None
    if item is not None and item.state is not kept[1]:
        db.session.execute(Application.__table__.update().values(state=kept[1], member_id=None))
        db.session.commit()
    db.session.commit()


# --- level by level ---------------------------------------------------------------------------------------------------


def form(role: str, unit: str, username: str = "xin-lai-de") -> dict[str, str]:
    return {"username": username, "name": "新来的", "role": role, "unit": unit, "starts": today().isoformat()}


@pytest.mark.parametrize(
    ("who", "role", "unit", "made"),
    [
        ("city", "org_admin", "GH01", True),
        ("city", "org_admin", "GH", False),  # not at one's own level
        ("city", "unit_admin", "GH0201", True),
        ("city", "super_admin", "GH", False),
        ("city", "union_chair", "GH0201", False),
        ("east", "org_admin", "GH0101", True),
        ("east", "org_admin", "GH01", False),
        ("east", "org_admin", "GH02", False),
        ("east", "org_admin", "GH010101", False),  # a union is no level
        ("east", "unit_admin", "GH010101", True),
        ("east", "unit_admin", "GH0201", False),
        ("east", "unit_admin", "GH0101", False),
        ("east", "branch_operator", "GH01010101", False),
        ("town", "org_admin", "GH0101", False),
        ("town", "unit_admin", "GH010101", True),
        ("union", "branch_operator", "GH01010101", True),
        ("union", "branch_chair", "GH01010101", True),
        ("union", "unit_admin", "GH010101", False),
        ("union", "union_operator", "GH010101", False),
        ("other", "branch_operator", "GH01010101", False),
    ],
)  # fmt: skip
def test_administrators_are_made_level_by_level(
    city, town_of, client_of: Callable[[User], DistrustfulClient], who: str, role: str, unit: str, made: bool
) -> None:
    """Whatever is posted: the role's own form, another role's value, a unit beside."""
    answer = client_of(town_of[who]).post(f"/people/new?role={role}", data=form(role, unit))

    there = db.session.scalars(select(User).where(User.username == "xin-lai-de")).one_or_none()
    assert (answer.status_code, there is not None) == ((200, True) if made else (422, False)), words(answer.text)
    if there is not None:
        (grant,) = there.grants
        assert (grant.role.value, grant.unit.code) == (role, unit)
        assert not reach.may_look_after(there, town_of[who])


def test_an_administrator_gives_no_office_to_those_beside_and_above(city, town_of, client_of) -> None:
    browser = client_of(town_of["east"])
    data = form("unit_admin", "GH010101")
    for target in ("west", "city", "east", "other"):
        answer = browser.post(f"/people/{town_of[target].id}/grant", data=data)

        assert answer.status_code in (403, 404)
        assert len(db.session.get_one(User, town_of[target].id).grants) == 1


def test_the_menu_of_a_city_reads_as_its_manual(city, town_of, officer, client_of) -> None:
    """秦皇岛市会员实名制数据库平台操作说明: 系统管理→基层工会管理员→新增 and so on, word for word."""
    page = client_of(town_of["city"]).get("/").text
    menu = words(page)
    of_union = words(client_of(town_of["union"]).get("/").text)
    browser = client_of(town_of["city"])

    assert "系统管理 组织机构 账号与权限" in of_union
    assert "会员管理 入会审核" in menu
    assert "工会管理 基层工会管理 系统管理 基层工会管理员 组织机构管理员" in menu
    for path, title in (("unit-admins", "基层工会管理员"), ("org-admins", "组织机构管理员")):
        listed = browser.get(f"/people/{path}")
        assert re.search(rf"系统管理 {title}.{{0,20}}新增", words(listed.text))
    assert "下载基层工会二维码" in browser.get("/joining/unions").text


def test_the_lists_show_their_role_alone(city, town_of, client_of) -> None:
    browser = client_of(town_of["city"])

    unit_admins, org_admins = (links(browser.get(f"/people/{path}").text) for path in ("unit-admins", "org-admins"))

    assert [name for name, user in town_of.items() if f"/people/{user.id}" in unit_admins] == ["union", "other"]
    listed = [name for name, user in town_of.items() if f"/people/{user.id}" in org_admins]
    assert listed == ["city", "east", "west", "town"]


# --- what an applicant reads ------------------------------------------------------------------------------------------


def test_no_page_for_applicants_sends_them_to_a_branch(city, client) -> None:
    """In a city one asks one's own union; the wording of a school stays in a school."""
    token = factories.make_code(city["union"]).token
    item = factories.make_application(city["union"], S.BRANCH_OK)
    confirm = "/joining/entry/confirm/none"
    paths = [f"/joining/apply/{token}", "/joining/apply/none", "/joining/receipt", confirm, "/activate"]

    pages = {path: words(client.get(path).text) for path in paths}

    assert {path: "分工会" in page for path, page in pages.items()} == dict.fromkeys(paths, False)
    assert "请与本单位工会联系" in pages[paths[0]]
    assert "版本 2026-11" in pages[paths[0]]
    assert item.consent_version == "2026-11"


def test_an_applicant_of_a_school_is_sent_to_her_branch(tree, client) -> None:
    page = words(client.get(f"/joining/apply/{factories.make_code(tree['a']).token}").text)

    assert "请与所在分工会联系" in page
    assert "版本 2026-09" in page


# --- one code for a union ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("nonsense", b"\x89PNG")])
def test_a_union_has_one_code_however_often_it_is_downloaded(city, town_of, client_of, kind, begin) -> None:
    browser = client_of(town_of["union"])
    path = f"/joining/unions/{city['union'].id}/code"
    assert "下载时生成" in browser.get("/joining/unions").text

    first, second = (browser.post(path, data={"kind": kind}) for _ in range(2))

    assert first.data == second.data
    assert first.data.startswith(begin)
    assert [code.unit_id for code in db.session.scalars(select(JoinCode))] == [city["union"].id]
    assert "查看" in browser.get("/joining/unions").text


def test_a_branch_of_a_city_has_no_code_of_its_own(city, town_of, client_of) -> None:
    city["branch"].accepts_members = True
    db.session.commit()
    browser = client_of(town_of["union"])

    answer = browser.post(f"/joining/codes/issue/{city['branch'].id}")

    assert (answer.status_code, "每个基层工会只有一个二维码" in answer.text) == (422, True)
    assert "装卸一队" not in words(browser.get("/joining/codes").text)
    assert db.session.scalars(select(JoinCode)).all() == []


def test_unions_without_administrator_are_found(city, town_of, client_of) -> None:
    town_of["other"].is_enabled = False
    db.session.commit()
    browser = client_of(town_of["city"])

    lacking = words(browser.get("/joining/unions?lack=admin").text)
    named = words(browser.get("/joining/unions?q=港务").text)

    assert ("第二食品有限公司工会" in lacking, "第一港务有限公司工会" in lacking) == (True, False)
    assert ("第二食品有限公司工会" in named, "第一港务有限公司工会" in named) == (False, True)


def test_pages_of_unions_follow_each_other(city, town_of, client_of) -> None:
    from portal.joining import unions

    for number in range(5):
        factories.make_unit(city["town"], code=f"GH01019{number}", name=f"第{number}厂工会", kind=city["union"].kind,
                            approves_members=True)  # fmt: skip
    db.session.commit()
    actor = town_of["city"]
    whole = [row.unit.code for row in unions.page(actor).rows]

    first = unions.page(actor, per_page=3)
    second = unions.page(actor, per_page=3, after=first.after)
    back = unions.page(actor, per_page=3, before=second.before)

    assert [row.unit.code for row in first.rows + second.rows] == whole[:6]
    assert back.rows == first.rows
    assert (first.before, back.before, first.total, len(whole)) == (None, None, 7, 7)


def test_grants_of_other_roles_stay_unseen(city, town_of, officer, client_of) -> None:
    """A page tells how many offices lie beyond one's scope, not which."""
    both = town_of["union"]
    db.session.add(Grant(user=both, role=Role.UNIT_ADMIN, unit=city["other"], starts=today()))
    db.session.commit()

    page = words(client_of(town_of["east"]).get(f"/people/{both.id}").text)

    assert "另有 1 项不在您的管理范围内" in page
    assert "第二食品" not in page
    assert client_of(town_of["east"]).post(f"/people/{both.id}/slip").status_code == 403
