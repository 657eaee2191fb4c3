"""Accounts and offices in a school: opened, given, ended, reset; and all that must not succeed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.core import audit, notices
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.org import sessions
from portal.org.models import Grant, LoginFailure, LoginSession, User
from portal.org.people import listing, reach, service
from portal.org.permissions import Role
from tests import factories
from tests.client import links, words

PASSWORD = "海上明月共潮生 88"


@pytest.fixture
def people(tree, user_as):
    """The officers of the small school."""
    return {
        "admin": user_as(Role.SUPER_ADMIN, tree["root"], username="admin"),
        "operator": user_as(Role.UNION_OPERATOR, tree["root"], username="caozuo", name="钱操作"),
        "chair": user_as(Role.UNION_CHAIR, tree["root"], username="zhuxi", name="孙主席"),
        "branch": user_as(Role.BRANCH_OPERATOR, tree["a"], username="fenhui", name="李干事"),
        "other": user_as(Role.BRANCH_CHAIR, tree["b"], username="erhui", name="周主席"),
    }


def password_on(page: str) -> str:
    found = re.search(r'slip-password">([^<]+)<', page)
    assert found, words(page)
    return found[1]


def latest(user: User) -> str:
    return notices.of(user.id)[0].title


def office(unit: Any, role: Role = Role.BRANCH_OPERATOR, **days: Any) -> service.Office:
    return service.Office(role, unit, days.get("starts", today()), days.get("ends"))


# --- opening ----------------------------------------------------------------------------------------------------------


def test_an_account_is_opened_and_its_password_shown_once(people, tree, client_of, client) -> None:
    browser = client_of(people["operator"])
    form = {"username": "赵 六.1", "name": "赵六", "role": "branch_operator", "unit": "机械"}

    answer = browser.submit("/people/new", form)

    password = password_on(answer.text)
    user = db.session.scalars(select(User).where(User.username == "赵六.1")).one()
    (grant,) = user.grants
    assert (grant.role, grant.unit.code, grant.starts, grant.ends) == (Role.BRANCH_OPERATOR, "GH02", today(), None)
    assert user.must_change_password
    assert latest(user) == "您担任机械工程学院分工会的分工会操作员"
    assert [event.action for event in audit.events_of(user)] == ["user.open"]
    for path in (f"/people/{user.id}", "/people/"):
        assert password not in browser.get(path).text
    assert password not in str([event.details for event in audit.events_of(user)])
    signed_in = client.submit("/login", {"username": "赵六.1", "password": password})
    assert client.get(signed_in.location).location == "/password"


def test_the_one_unit_of_a_role_need_not_be_typed(people, tree, client_of) -> None:
    answer = client_of(people["admin"]).submit(
        "/people/new", {"username": "second", "name": "第二人", "role": "super_admin", "unit": ""}
    )

    assert password_on(answer.text)
    grant = db.session.scalars(select(Grant).order_by(Grant.id.desc()).limit(1)).one()
    assert (grant.user.username, grant.role, grant.unit_id) == ("second", Role.SUPER_ADMIN, tree["root"].id)


def test_several_units_that_fit_are_offered_and_one_is_chosen(people, tree, client_of) -> None:
    browser = client_of(people["operator"])
    form = {
        "username": "zhaoliu",
        "name": "赵六",
        "role": "branch_chair",
        "unit": "学院",
        "starts": today().isoformat(),
    }

    asked = browser.post("/people/new", data=form)
    chosen = browser.post("/people/new", data=form | {"asked": "学院", "choice": "GH01"})

    assert (asked.status_code, "有 2 个单位符合" in asked.text) == (422, True)
    assert "外国语学院分工会（GH01）" in words(asked.text)
    assert "机械工程学院分工会（GH02）" in words(asked.text)
    assert password_on(chosen.text)
    assert db.session.scalars(select(Grant.unit_id).order_by(Grant.id.desc()).limit(1)).one() == tree["a"].id


def test_another_text_after_the_offer_counts(people, tree, client_of) -> None:
    """Whoever types another unit does not get the one that was ticked before."""
    form = {
        "username": "zhaoliu",
        "name": "赵六",
        "role": "branch_chair",
        "unit": "GH02",
        "starts": today().isoformat(),
    }

    client_of(people["operator"]).post("/people/new", data=form | {"asked": "学院", "choice": "GH01"})

    assert db.session.scalars(select(Grant.unit_id).order_by(Grant.id.desc()).limit(1)).one() == tree["b"].id


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"username": ""}, "请填写用户名"),
        ({"username": "a"}, "用户名应为 2 至 40 个"),
        ({"username": "a<b>c"}, "用户名应为 2 至 40 个"),
        ({"username": "FENHUI"}, "用户名 fenhui 已被使用，可打开该账号加授职责"),
        ({"username": "zhuxi"}, "用户名 zhuxi 已被使用，请换一个"),
        ({"name": "赵"}, "请填写姓名，2 至 50 个字"),
        ({"name": "赵六13912345678"}, "姓名里不应有号码"),
        ({"unit": "无此单位"}, "您的管理范围内没有这样的单位"),
        ({"unit": ""}, "请填写单位代码，或名称的一部分"),
        ({"unit": "GH"}, "不设分工会操作员"),
        ({"unit": "GH03"}, "您的管理范围内没有这样的单位"),  # given up
        ({"role": ""}, "请选择角色"),
        ({"starts": ""}, "起始日期"),
        ({"starts": "1990-01-01"}, "起始日期不合理"),
        ({"ends": "2020-01-01"}, "截止日期不能早于起始日期"),
        ({"ends": "明年"}, "无法识别"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(people, client_of, changed, sentence) -> None:
    form = {
        "username": "zhaoliu",
        "name": "赵六",
        "role": "branch_operator",
        "unit": "GH01",
        "starts": today().isoformat(),
    }
    before = db.session.scalar(select(func.count(User.id)))
    db.session.rollback()

    answer = client_of(people["operator"]).post("/people/new", data=form | changed)

    assert (answer.status_code, sentence in words(answer.text)) == (422, True), words(answer.text)
    assert db.session.scalar(select(func.count(User.id))) == before
    for name, text in (form | changed).items():
        if text and name != "role":
            assert text.replace("<", "&lt;").replace(">", "&gt;") in answer.text


def test_an_identity_number_is_no_user_name(people, tree, client_of) -> None:
    number = factories.id_number()

    answer = client_of(people["operator"]).post(
        "/people/new",
        data={
            "username": number,
            "name": "赵六",
            "role": "branch_operator",
            "unit": "GH01",
            "starts": today().isoformat(),
        },
    )

    assert (answer.status_code, "用户名不能是证件号码" in answer.text) == (422, True)


# --- escalation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["super_admin", "union_chair", "org_admin", "unit_admin", "nonsense"])
def test_another_value_of_the_role_gives_nothing(people, tree, client_of, role) -> None:
    """The form of the operator does not offer it; whoever posts it all the same is refused."""
    browser = client_of(people["operator"])
    form = {"role": role, "unit": "GH", "starts": today().isoformat()}
    before = db.session.scalar(select(func.count(Grant.id)))
    db.session.rollback()

    opened = browser.post("/people/new", data=form | {"username": "zhaoliu", "name": "赵六"})
    given = browser.post(f"/people/{people['branch'].id}/grant", data=form)

    assert [opened.status_code, given.status_code] == [422, 422]
    assert db.session.scalar(select(func.count(Grant.id))) == before


@pytest.mark.parametrize("role", [Role.SUPER_ADMIN, Role.UNION_CHAIR, Role.ORG_ADMIN, Role.UNIT_ADMIN])
def test_the_verb_itself_refuses_a_role_above(people, tree, role) -> None:
    with pytest.raises(DomainError, match="您不能设置") as refusal:
        service.open_officer(people["operator"], "zhaoliu", "赵六", role, tree["root"], today())

    assert refusal.value.field == "role"


def test_nobody_gives_himself_an_office(people, tree, client_of) -> None:
    for who in ("operator", "admin"):
        user = people[who]
        data = {"role": "union_operator", "unit": "GH", "starts": today().isoformat()}

        answer = client_of(user).post(f"/people/{user.id}/grant", data=data)

        assert answer.status_code == 403
        assert len(db.session.get_one(User, user.id).grants) == 1


@pytest.mark.parametrize("verb", ["slip", "unlock", "disable", "enable"])
@pytest.mark.parametrize("whom", ["chair", "admin", "operator"])
def test_the_operator_touches_neither_chair_nor_administrator_nor_herself(people, client_of, verb, whom) -> None:
    before = people[whom].password_hash, people[whom].is_enabled

    answer = client_of(people["operator"]).post(f"/people/{people[whom].id}/{verb}")

    assert (answer.status_code, "slip-password" in answer.text) == (403, False)
    user = db.session.get_one(User, people[whom].id)
    assert (user.password_hash, user.is_enabled) == before


def test_an_officer_who_is_more_elsewhere_is_not_touched(people, tree, user_as, client_of) -> None:
    """A branch's operator who is the union's chair too: whoever resets his password would be the chair."""
    both = user_as(Role.BRANCH_OPERATOR, tree["a"], name="双职")
    db.session.add(Grant(user=both, role=Role.UNION_CHAIR, unit=tree["root"], starts=today() + timedelta(days=30)))
    db.session.commit()

    answer = client_of(people["operator"]).post(f"/people/{both.id}/slip")

    assert (answer.status_code, db.session.get_one(User, both.id).password_hash) == (403, None)


@pytest.mark.parametrize("who", ["branch", "chair", "other"])
def test_who_may_not_manage_comes_to_nothing(people, tree, client_of, who) -> None:
    browser, target = client_of(people[who]), people["branch"]
    paths = [f"/people/{target.id}/{verb}" for verb in ("slip", "disable", "unlock", "enable", "grant")]
    paths += [f"/people/grants/{target.grants[0].id}/end", "/people/new"]

    statuses = {browser.post(path, data={"on": today().isoformat()}).status_code for path in paths}

    assert statuses == {403}
    assert db.session.get_one(User, target.id).is_enabled


def test_the_operator_ends_no_office_of_chair_or_administrator(people, client_of) -> None:
    for whom in ("chair", "admin", "operator"):
        grant = people[whom].grants[0]

        answer = client_of(people["operator"]).post(f"/people/grants/{grant.id}/end", data={"at_once": "y"})

        assert (answer.status_code, db.session.get_one(Grant, grant.id).revoked_at) == (403, None)


def test_a_members_account_of_another_union_is_no_prey(people, tree, user_as, client_of) -> None:
    """Giving her an office and then resetting her password would be a way into her record."""
    root = factories.make_unit(tree["root"], code="XX", name="别的工会", approves_members=True)
    member = factories.make_member(root, name="殷晓澜", staff_no="Y1")
    stranger = user_as(Role.UNION_OPERATOR, tree["a"])
    db.session.commit()
    browser, number = client_of(stranger), member.user.id
    data = {"role": "branch_operator", "unit": "GH01", "starts": today().isoformat()}

    answers = [browser.get(f"/people/{number}"), browser.post(f"/people/{number}/grant", data=data)]
    answers += [browser.post(f"/people/{number}/{verb}") for verb in ("slip", "disable")]
    taken = browser.post("/people/new", data=data | {"username": "Y1", "name": "殷晓澜"})

    assert [answer.status_code for answer in answers] == [404] * 4
    assert (taken.status_code, "已被使用，请换一个" in taken.text) == (422, True)
    assert db.session.get_one(User, number).grants == []


def test_a_former_officer_who_is_a_member_elsewhere_is_no_prey(people, tree, user_as) -> None:
    """Once one's own operator, now a member of another union: the old office gives no key to her account."""
    member = factories.make_member(tree["b"], name="殷晓澜")
    past = Grant(user=member.user, role=Role.BRANCH_OPERATOR, unit=tree["a"], starts=today() - timedelta(days=9))
    past.ends = today() - timedelta(days=1)
    db.session.add(past)
    clerk = user_as(Role.UNION_OPERATOR, tree["a"])
    db.session.commit()

    assert reach.find(clerk, member.user.id) is member.user
    for verb in (service.slip, service.disable):
        with pytest.raises(Forbidden):
            verb(clerk, member.user)
    with pytest.raises(Forbidden):
        service.give(clerk, member.user, office(tree["a"]))


# --- the account ------------------------------------------------------------------------------------------------------


def test_a_slip_replaces_the_password_and_ends_the_sessions(people, client_of, client) -> None:
    his, browser = client_of(people["branch"]), client_of(people["operator"])
    assert his.get("/").status_code == 200

    answer = browser.post(f"/people/{people['branch'].id}/slip")

    assert his.get("/").location.startswith("/login")
    client.submit("/login", {"username": "fenhui", "password": password_on(answer.text)})
    assert client.get("/").location == "/password"
    assert answer.headers["Cache-Control"] == "no-store"
    assert latest(people["branch"]) == "您的登录密码已重置"


def test_a_chair_who_forgot_gets_a_slip_of_the_administrator(people, client_of) -> None:
    answer = client_of(people["admin"]).post(f"/people/{people['chair'].id}/slip")

    assert password_on(answer.text)
    assert "孙主席" in answer.text


def test_disabling_ends_what_is_open_at_once_and_enabling_opens_again(people, client_of) -> None:
    his, browser, number = client_of(people["branch"]), client_of(people["operator"]), people["branch"].id

    browser.submit(f"/people/{number}", action="disable")
    shut = his.get("/").location
    browser.submit(f"/people/{number}", action="enable")

    assert shut.startswith("/login")
    user = db.session.get_one(User, number)
    assert user.is_enabled
    assert db.session.scalar(select(func.count(LoginSession.id)).where(LoginSession.user_id == number)) == 0
    actions = [event.action for event in audit.events_of(user) if event.action.startswith("user.")]
    assert actions == ["user.disable", "user.enable"]
    assert [notice.title for notice in notices.of(number)][:2] == ["您的账号已重新启用", "您的账号已停用"]


def test_what_is_done_twice_is_a_sentence(people) -> None:
    operator, user = people["operator"], people["branch"]
    service.disable(operator, user)

    for verb in (service.disable, service.slip, service.unlock):
        with pytest.raises(Conflict):
            verb(operator, user)
    service.enable(operator, user)
    with pytest.raises(Conflict):
        service.enable(operator, user)


@pytest.mark.parametrize("where", ["everywhere", "from one network"])
def test_a_locked_account_is_opened(people, client_of, where) -> None:
    user, until = people["branch"], now() + timedelta(minutes=10)
    if where == "everywhere":
        user.locked_until = until
    else:
        db.session.add(
            LoginFailure(user_id=user.id, network="203.0.113.8", failures=0, last_at=now(), waits_until=until)
        )
    db.session.commit()
    browser = client_of(people["operator"])
    assert "已锁定" in browser.get("/people/?state=locked").text

    browser.submit(f"/people/{people['branch'].id}", action="unlock")

    assert db.session.get_one(User, people["branch"].id).locked_until is None
    assert db.session.scalars(select(LoginFailure)).all() == []
    assert "已锁定" not in words(browser.get(f"/people/{people['branch'].id}").text)


# --- offices ----------------------------------------------------------------------------------------------------------


def test_a_member_without_office_is_given_one_by_her_user_name(people, tree, client_of) -> None:
    member = factories.make_member(tree["a"], name="殷晓澜", staff_no="Y2026001")
    db.session.commit()
    browser = client_of(people["operator"])

    listed = browser.get("/people/?q=Y2026001")
    browser.submit(f"/people/{member.user.id}/grant", {"role": "branch_chair", "unit": "GH01"})

    assert f"/people/{member.user.id}" in links(listed.text)
    (grant,) = db.session.get_one(User, member.user.id).grants
    assert (grant.role, grant.unit_id) == (Role.BRANCH_CHAIR, tree["a"].id)
    assert client_of(member.user).get("/joining/").status_code == 200


def test_the_same_office_is_not_given_twice(people, tree) -> None:
    with pytest.raises(Conflict, match="已经是外国语学院分工会的分工会操作员"):
        service.give(people["operator"], people["branch"], office(tree["a"]))


def test_an_office_ends_with_its_last_day(people, tree, client_of) -> None:
    grant, browser, last = people["branch"].grants[0], client_of(people["operator"]), today() + timedelta(days=3)

    browser.post(f"/people/grants/{grant.id}/end", data={"on": last.isoformat()})

    grant = db.session.get_one(Grant, grant.id)
    assert (grant.ends, grant.holds_on(last), grant.holds_on(last + timedelta(days=1))) == (last, True, False)
    assert latest(people["branch"]) == f"您在外国语学院分工会的分工会操作员职责结束于{show_date(last)}"
    (event,) = audit.events_of(grant)
    assert (event.action, event.changes) == ("grant.end", {"ends": ["无截止日期", show_date(last)]})


def test_an_office_ends_at_once(people, tree, client_of) -> None:
    his, grant = client_of(people["branch"]), people["branch"].grants[0]
    assert his.get("/joining/").status_code == 200

    client_of(people["operator"]).post(f"/people/grants/{grant.id}/end", data={"on": "", "at_once": "y"})

    assert his.get("/joining/").status_code == 403
    assert his.get("/").status_code == 200  # the account stays


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("", "请填写最后一天，或勾选"),
        ("2020-01-01", "结束日期不能早于"),
        ("2026-02-30", "不是真实存在的日期"),
        ("2099-01-01", "结束日期不能更晚"),
    ],
)
def test_a_wrong_last_day_is_refused_where_it_stands(people, client_of, on, sentence) -> None:
    grant = people["branch"].grants[0]
    grant.ends = today() + timedelta(days=100)
    db.session.commit()

    answer = client_of(people["operator"]).post(f"/people/grants/{grant.id}/end", data={"on": on})

    assert (answer.status_code, sentence in words(answer.text)) == (422, True)
    assert db.session.get_one(Grant, grant.id).ends == today() + timedelta(days=100)


def test_what_is_over_is_not_ended_again(people) -> None:
    grant = people["branch"].grants[0]
    service.end_grant(people["operator"], grant, None)

    with pytest.raises(Conflict):
        service.end_grant(people["operator"], grant, None)


# --- the last one -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", ["operator", "chair"])
def test_the_last_one_stays(people, tree, user_as, whom) -> None:
    admin, last = people["admin"], people[whom]

    for verb in (
        lambda: service.disable(admin, last),
        lambda: service.end_grant(admin, last.grants[0], None),
        lambda: service.end_grant(admin, last.grants[0], today()),
    ):
        with pytest.raises(DomainError, match=r"最后一位.*请先设置接任的人"):
            verb()
    assert (last.is_enabled, last.grants[0].ends, last.grants[0].revoked_at) == (True, None, None)


def test_who_has_a_successor_may_go(people, tree, user_as) -> None:
    user_as(Role.UNION_OPERATOR, tree["root"], starts=today() + timedelta(days=5))
    admin, grant = people["admin"], people["operator"].grants[0]

    with pytest.raises(DomainError, match="最后一位"):
        service.end_grant(admin, grant, today() + timedelta(days=3))  # a day between them
    service.end_grant(admin, grant, today() + timedelta(days=4))

    assert grant.ends == today() + timedelta(days=4)


@pytest.mark.parametrize("standing", ["disabled", "ended", "elsewhere", "lent"])
def test_a_successor_who_cannot_act_does_not_count(people, tree, user_as, standing) -> None:
    other = user_as(Role.UNION_OPERATOR, tree["a"] if standing == "elsewhere" else tree["root"])
    if standing == "disabled":
        other.is_enabled = False
    elif standing == "ended":
        other.grants[0].revoked_at = now()
    elif standing == "lent":
        other.grants[0].lender = people["chair"]
    db.session.commit()

    with pytest.raises(DomainError, match="最后一位"):
        service.disable(people["admin"], people["operator"])


def test_one_super_administrator_is_always_left(people, tree, user_as, client_of) -> None:
    """The last one is only ever oneself; two who do it to each other are in test_two_at_once.py."""
    second = user_as(Role.SUPER_ADMIN, tree["root"], name="第二人")

    first = client_of(second).post(f"/people/{people['admin'].id}/disable")
    last = client_of(second).post(f"/people/{second.id}/disable")
    ended = client_of(second).post(f"/people/grants/{second.grants[0].id}/end", data={"at_once": "y"})

    assert [first.status_code, last.status_code, ended.status_code] == [302, 403, 403]


# --- the list ---------------------------------------------------------------------------------------------------------


def names(actor: User, **filters: str) -> set[str]:
    return {row.user.username for row in listing.page(actor, listing.Filters(**filters)).rows}


def test_the_list_is_cut_to_what_is_asked(people, tree) -> None:
    admin = people["admin"]
    people["other"].is_enabled = False
    audit.record(people["chair"], "session.open", people["chair"])
    db.session.commit()

    assert names(admin) == {"admin", "caozuo", "zhuxi", "fenhui", "erhui"}
    assert names(admin, q="干事") == {"fenhui"}
    assert names(admin, q="ZHUXI") == {"zhuxi"}
    assert names(admin, q="机械工程") == names(admin, q="GH02") == {"erhui"}
    assert names(admin, role="branch_operator") == {"fenhui"}
    assert names(admin, unit="GH01") == {"fenhui"}
    assert names(admin, state="off") == {"erhui"}
    assert names(admin, state="on") == {"admin", "caozuo", "zhuxi", "fenhui"}
    assert names(admin, state="never") == {"admin", "caozuo", "fenhui", "erhui"}
    assert names(admin, role="nonsense") == names(admin, state="nonsense") == names(admin, q="%") == set()


def test_the_list_shows_ones_own_subtree_alone(people, tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["a"], username="local")

    assert names(clerk) == {"local", "fenhui"}
    assert names(clerk, q="zhuxi") == names(clerk, q="海港大学工会") == names(clerk, unit="GH02") == set()
    with pytest.raises(Absent):
        reach.find(clerk, people["chair"].id)


@pytest.mark.parametrize("sort", list(listing.Sort))
def test_pages_follow_each_other_both_ways(people, tree, user_as, sort) -> None:
    for number in range(7):
        user_as(Role.BRANCH_OPERATOR, tree["b"], username=f"n{number}", name="同名")
    admin, filters = people["admin"], listing.Filters()
    whole = [row.user.username for row in listing.page(admin, filters, sort=sort).rows]

    forward, after = [], None
    while True:
        page = listing.page(admin, filters, sort=sort, after=after, per_page=5)
        forward += [row.user.username for row in page.rows]
        if page.after is None:
            break
        after = page.after
    back = listing.page(admin, filters, sort=sort, before=page.rows[0].user.id, per_page=5)

    assert forward == whole
    assert len(whole) == len(set(whole)) == 12
    assert [row.user.username for row in back.rows] == whole[5:10]


def test_the_page_of_an_account_tells_who_gave_what_and_when(people, tree, user_as, client_of) -> None:
    browser = client_of(people["operator"])
    browser.submit(
        f"/people/{people['branch'].id}/grant", {"role": "branch_chair", "unit": "GH02", "ends": "2090-12-31"}
    )
    sessions.open_session(people["branch"], address="127.0.0.1", device="Test")
    db.session.commit()

    page = words(browser.get(f"/people/{people['branch'].id}").text)

    assert "分工会主席 机械工程学院分工会" in page
    assert "至 2090年12月31日 钱操作 有效" in page
    assert "登录中的设备1 台" in page
    assert "从未登录" in page
