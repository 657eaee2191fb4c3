"""Setting a password by what only the member knows, and the slip of the branch."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core import audit, crypto, notices
from portal.core.actors import SHELL
from portal.core.calendar import now, today
from portal.core.db import db
from portal.members import history
from portal.members.activation import service
from portal.members.enums import MembershipStatus
from portal.org import sessions
from portal.org.models import Grant, LoginSession, User
from portal.org.permissions import Role
from tests import factories
from tests.client import find_form, links, words

PASSWORD = "海上明月共潮生 88"


@pytest.fixture
def member(tree):
    one = factories.make_member(tree["a"], name="殷晓澜", staff_no="Y2026001", mobile="13912345678")
    db.session.commit()
    return one


def claim(member, **changed):
    """What the member types."""
    typed = {
        "who": member.staff_no,
        "id_number": member.id_number,
        "mobile": member.mobile,
        "new": PASSWORD,
        "again": PASSWORD,
    }
    return typed | changed


def sign_in(client, username, password=PASSWORD):
    return client.submit("/login", {"username": username, "password": password})


def acts(row):
    return [event.action for event in audit.events_of(row)]


# --- by oneself -------------------------------------------------------------------------------------------------------


def test_the_sign_in_page_leads_to_it(client):
    assert "/activate" in links(client.get("/login").text)


@pytest.mark.parametrize("who", ["Y2026001", "y2026001 ", "殷晓澜", "殷 晓澜"])
def test_a_member_sets_her_password_by_number_or_name(client, member, who):
    answer = client.submit("/activate", claim(member, who=who))

    assert (answer.status_code, answer.location) == (302, "/login")
    assert "用户名 Y2026001" in words(client.get("/login").text)
    assert sign_in(client, "Y2026001").location == "/"
    assert (acts(member.user)[-2:], acts(member)[-1]) == (["user.activate", "session.open"], "member.activate_try")


def test_numbers_may_be_typed_as_people_type_them(client, member):
    number = " ".join(re.findall(".{1,6}", member.id_number.lower()))

    answer = client.submit("/activate", claim(member, id_number=number, mobile="+86 139-1234-5678"))

    assert answer.location == "/login"


def test_all_her_devices_are_signed_out_and_she_is_told(client, client_of, member):
    client_of(member.user)
    member.user.failed_logins, member.user.locked_until = 3, now() + timedelta(minutes=10)
    member.user.must_change_password = True
    db.session.commit()

    client.submit("/activate", claim(member))

    user = member.user
    assert db.session.scalars(select(LoginSession)).all() == []
    assert [notice.title for notice in notices.of(user.id)] == ["您的登录密码已重新设置"]
    assert (user.failed_logins, user.locked_until, user.must_change_password) == (0, None, False)


def test_a_member_without_an_account_gets_one(client, member):
    member.user_id = None
    db.session.flush()
    db.session.delete(db.session.scalars(select(User)).one())
    db.session.commit()

    client.submit("/activate", claim(member))

    assert member.user.username == "Y2026001"
    assert acts(member.user)[-2:] == ["user.open", "user.activate"]
    assert sign_in(client, "Y2026001").location == "/"


def test_where_her_staff_number_is_another_users_name_the_member_number_is_hers(client, member, user_as):
    member.user_id = None
    db.session.flush()
    other = db.session.scalars(select(User)).one()
    db.session.commit()

    client.submit("/activate", claim(member))

    assert member.user.id != other.id
    assert member.user.username == member.member_no
    assert other.password_hash is None


def test_a_retired_member_activates_too(client, member):
    history.write(member, {"membership_status": MembershipStatus.RETAINED.value}, SHELL, reason="退休")
    db.session.commit()

    assert client.submit("/activate", claim(member)).location == "/login"


def leave(member, status):
    history.write(member, {"membership_status": status}, SHELL, reason="测试")


def disable(member):
    member.user.is_enabled = False


def hold(member):
    give(member, Role.UNION_CHAIR, member.unit)
    member.user.password_hash = "a hash"


REFUSED = {
    "another staff number": lambda member: {"who": "Y2026002"},
    "another name": lambda member: {"who": "殷晓兰"},
    "another document": lambda member: {"id_number": factories.id_number()},
    "no document": lambda member: {"id_number": "？？？"},
    "another mobile": lambda member: {"mobile": "13912345679"},
    "no mobile": lambda member: {"mobile": "无"},
    "nothing right": lambda member: {"who": "x", "id_number": "x", "mobile": "x"},
    "left": lambda member: leave(member, "withdrawn") or {},
    "transferred": lambda member: leave(member, "transferred_out") or {},
    "expelled": lambda member: leave(member, "expelled") or {},
    "dead": lambda member: leave(member, "deceased") or {},
    "disabled": lambda member: disable(member) or {},
    "in office with a password": lambda member: hold(member) or {},
}


KEPT = {"in office with a password": "a hash"}  # None for everyone else


def same_for_all(page):
    """The page without what was typed, so that two answers can be compared."""
    return re.sub(r'value="[^"]*"', "value", page.text)


@pytest.mark.parametrize("why", REFUSED)
def test_whatever_is_wrong_gets_one_answer(client, member, why):
    changed = REFUSED[why](member)
    db.session.commit()

    answer = client.submit("/activate", claim(member, **changed))
    other = client.submit("/activate", claim(member, who="谁也不是", id_number="x", mobile="x"))

    assert (answer.status_code, other.status_code) == (422, 422)
    assert service.ANSWER in words(answer.text)
    assert same_for_all(answer) == same_for_all(other)
    assert PASSWORD not in answer.text
    user = db.session.scalars(select(User)).one()
    assert (user.password_hash, "user.activate" in acts(user)) == (KEPT.get(why), False)


@pytest.mark.parametrize(
    ("new", "again", "says"),
    [
        (PASSWORD, PASSWORD + "x", "两次输入的新密码不一致"),
        ("短", "短", "新密码至少 10 个字符"),
        ("Y2026001-Y2026001", "Y2026001-Y2026001", "不能包含用户名"),
    ],
)
def test_a_bad_password_is_told_under_its_field_and_costs_no_try(client, member, new, again, says):
    answer = client.submit("/activate", claim(member, new=new, again=again))

    assert (answer.status_code, says in words(answer.text)) == (422, True)
    assert "member.activate_try" not in acts(member)


def test_a_password_with_the_user_name_is_refused_also_where_the_name_was_typed(client, member):
    answer = client.submit("/activate", claim(member, who="殷晓澜", new="Y2026001-Y2026001", again="Y2026001-Y2026001"))

    assert "不能包含用户名" in words(answer.text)
    assert member.user.password_hash is None


@pytest.mark.parametrize("known", ["who", "id_number", "mobile"])
def test_after_five_wrong_tries_even_the_right_ones_wait_a_day(client, member, known):
    wrong = {"who": "谁也不是", "id_number": "x", "mobile": "x"}
    del wrong[known]
    for _ in range(service.TRIES):
        client.submit("/activate", claim(member, **wrong))

    locked = client.submit("/activate", claim(member))
    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        free = client.submit("/activate", claim(member))

    assert (locked.status_code, service.ANSWER in words(locked.text)) == (422, True)
    assert free.location == "/login"


def test_who_guesses_elsewhere_does_not_keep_her_from_activating(client_of, member):
    for number in range(service.TRIES_FROM_ALL - 1):
        elsewhere = {"REMOTE_ADDR": f"203.0.113.{number // 4}"}
        client_of().post("/activate", data=claim(member, mobile="x"), environ_base=elsewhere)

    assert client_of().post("/activate", data=claim(member)).location == "/login"


def test_too_many_tries_from_everywhere_are_enough_for_a_day(client_of, member):
    for number in range(service.TRIES_FROM_ALL):
        elsewhere = {"REMOTE_ADDR": f"203.0.113.{number // 4}"}
        client_of().post("/activate", data=claim(member, mobile="x"), environ_base=elsewhere)

    locked = client_of().post("/activate", data=claim(member))

    assert (locked.status_code, service.ANSWER in words(locked.text)) == (422, True)


def test_one_address_that_guesses_is_slowed_down(client, member):
    answers = [client.post("/activate", data=claim(member, who="x", new="1", again="1")) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [422] * 20 + [429]


def test_a_wrong_answer_costs_the_time_of_a_right_one(client, member, monkeypatch):
    hashed = []
    hash_password = crypto.hash_password
    monkeypatch.setattr(crypto, "hash_password", lambda password: hashed.append(1) or hash_password(password))

    client.submit("/activate", claim(member, id_number="x", mobile="x", who="x"))
    wrong = len(hashed)
    client.submit("/activate", claim(member))

    assert (wrong, len(hashed)) == (1, 2)


def test_who_takes_office_before_her_first_password_may_still_set_it(client, member):
    give(member, Role.BRANCH_OPERATOR, member.unit)

    assert client.submit("/activate", claim(member)).location == "/login"


# --- the slip ---------------------------------------------------------------------------------------------------------


def printed(answer):
    """Return user name and password that stand on the slip."""
    username = re.search(r'<dt>用户名</dt><dd><span class="value">([^<]+)<', answer.text)
    password = re.search(r'<strong class="slip-password">([a-z2-9-]{14})</strong>', answer.text)
    assert username is not None
    assert password is not None
    return username[1], password[1]


def test_the_branch_prints_a_one_time_password(client, client_of, member, user_as, tree):
    device = client_of(member.user)
    operator = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"], name="殷操作"))
    page = operator.get(f"/members/{member.id}")
    _, address = find_form(page.text, page.request.path, "slip")

    answer = operator.post(address)
    username, password = printed(answer)

    assert answer.headers["Cache-Control"] == "no-store"
    assert device.get("/").location.startswith("/login")
    assert acts(member.user)[-1] == "user.slip"
    assert sign_in(client, username, password).location == "/"
    assert client.get("/").location == "/password"
    assert [notice.title for notice in notices.of(member.user.id)] == ["您的登录密码已在现场重置"]


def test_after_a_slip_her_own_secrets_stay_closed_for_a_week(client, client_of, member, user_as, tree):
    operator = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    handed = now()
    with time_machine.travel(handed, tick=False):
        username, password = printed(operator.post(f"/members/{member.id}/slip"))
        assert sign_in(client, username, password).location == "/"
        change = {"current": password, "new": PASSWORD, "again": PASSWORD}
        assert client.submit("/password", change, action="password").status_code == 302

    def look(after):
        with time_machine.travel(handed + after, tick=False):
            sign_in(client, username)
            return client.post(f"/members/{member.id}/reveal", data={"field": "id_number"})

    early, late = look(timedelta(days=6)), look(timedelta(days=8))

    assert (early.status_code, late.status_code) == (422, 200)
    assert "7 天内不能自行查看" in words(early.text)
    assert acts(member).count("member.reveal") == 1


def test_the_slip_is_shown_once(client_of, member, user_as, tree):
    operator = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    _, first = printed(operator.post(f"/members/{member.id}/slip"))
    _, second = printed(operator.post(f"/members/{member.id}/slip"))

    assert first != second
    assert not crypto.check_password(member.user.password_hash, first)
    assert crypto.check_password(member.user.password_hash, second)
    assert first not in operator.get(f"/members/{member.id}").text
    assert operator.get(f"/members/{member.id}/slip").status_code == 405


def give(member, role, unit, **days):
    db.session.add(Grant(user=member.user, role=role, unit=unit, starts=today() - timedelta(days=9), **days))
    db.session.commit()


@pytest.mark.parametrize(
    ("by", "office", "place", "status"),
    [
        (Role.BRANCH_OPERATOR, None, "a", 200),
        (Role.BRANCH_OPERATOR, Role.BRANCH_OPERATOR, "a", 403),
        (Role.BRANCH_OPERATOR, Role.BRANCH_CHAIR, "a", 403),
        (Role.BRANCH_CHAIR, Role.BRANCH_OPERATOR, "a", 403),
        (Role.BRANCH_OPERATOR, Role.UNION_OPERATOR, "root", 403),
        (Role.UNION_OPERATOR, None, "a", 200),
        (Role.UNION_OPERATOR, Role.BRANCH_OPERATOR, "a", 200),
        (Role.UNION_OPERATOR, Role.BRANCH_CHAIR, "b", 200),
        (Role.UNION_OPERATOR, Role.UNION_OPERATOR, "root", 403),
        (Role.UNION_OPERATOR, Role.UNION_CHAIR, "root", 403),
        (Role.UNION_OPERATOR, Role.SUPER_ADMIN, "root", 403),
        (Role.UNION_OPERATOR, Role.SUPER_ADMIN, "a", 403),
        (Role.UNION_CHAIR, None, "a", 403),
        (Role.SUPER_ADMIN, None, "a", 403),
    ],
)
def test_nobody_resets_someone_beside_or_above_her(client_of, member, user_as, tree, by, office, place, status):
    if office:
        give(member, office, tree[place])
    browser = client_of(user_as(by, tree["a" if by in (Role.BRANCH_OPERATOR, Role.BRANCH_CHAIR) else "root"]))
    before = member.user.password_hash

    sheet = browser.get(f"/members/{member.id}")
    answer = browser.post(f"/members/{member.id}/slip")

    assert answer.status_code == status
    assert (member.user.password_hash != before) == (status == 200)
    assert (f"/members/{member.id}/slip" in sheet.text) == (status == 200)


def test_an_office_that_begins_tomorrow_counts_and_one_that_has_ended_does_not(client_of, member, user_as, tree):
    operator = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    give(member, Role.BRANCH_CHAIR, tree["a"], ends=today() - timedelta(days=1))
    assert operator.post(f"/members/{member.id}/slip").status_code == 200

    tomorrow = today() + timedelta(days=1)
    db.session.add(Grant(user=member.user, role=Role.BRANCH_CHAIR, unit=tree["a"], starts=tomorrow))
    db.session.commit()

    assert operator.post(f"/members/{member.id}/slip").status_code == 403


def test_nobody_prints_a_slip_for_herself_for_a_stranger_or_for_one_who_left(client_of, member, user_as, tree):
    give(member, Role.BRANCH_OPERATOR, tree["a"])
    herself = client_of(member.user)
    abroad = factories.make_member(tree["b"])
    gone = factories.make_member(tree["a"])
    leave(gone, "withdrawn")
    locked_out = factories.make_member(tree["a"])
    disable(locked_out)
    db.session.commit()

    answers = [herself.post(f"/members/{one.id}/slip").status_code for one in (member, abroad, gone, locked_out)]

    assert answers == [403, 404, 403, 403]


def test_a_slip_opens_the_account_of_a_member_who_has_none(client, client_of, member, user_as, tree):
    member.user_id = None
    db.session.flush()
    db.session.delete(db.session.scalars(select(User)).one())
    operator = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    username, password = printed(operator.post(f"/members/{member.id}/slip"))

    assert username == "Y2026001"
    assert sign_in(client, username, password).location == "/"


def test_sessions_that_begin_after_the_slip_are_not_ended(client, client_of, member, user_as, tree):
    operator = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    username, password = printed(operator.post(f"/members/{member.id}/slip"))
    sign_in(client, username, password)

    assert len(sessions.of(member.user)) == 1
    assert member.user.must_change_password is True
    assert member.join_date >= date(2020, 1, 1)
