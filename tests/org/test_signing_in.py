"""Signing in: one answer to every failure, a wait after failures, a forced first change, sessions that really end."""

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select, text, update
from sqlalchemy.orm import Session

from portal.core import crypto, notices
from portal.core import db as database
from portal.core.actors import SHELL, VISITOR
from portal.core.audit import AuditEvent
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import DomainError
from portal.org import attempts, service, sessions
from portal.org.models import LoginFailure, LoginSession, User
from portal.org.permissions import Role
from tests.client import words

PASSWORD = "春江潮水连海平 77"
NEW = "海上明月共潮生 88"


@pytest.fixture
def person(user_as, tree) -> User:
    """Someone who knows her password."""
    return user_as(
        Role.BRANCH_OPERATOR,
        tree["a"],
        username="T20260001",
        name="周晓梅",
        password_hash=crypto.hash_password(PASSWORD),
    )


def sign_in(client, username: str = "T20260001", password: str = PASSWORD, path: str = "/login"):
    return client.submit(path, {"username": username, "password": password})


def actions_of(user: User) -> list[str]:
    """What the trace says of the account, oldest first, without how it was made."""
    events = db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.subject_type == "users", AuditEvent.subject_id == str(user.id))
        .order_by(AuditEvent.id)
    )
    return [event.action for event in events]


def test_the_right_password_opens_a_session(client, person: User) -> None:
    answer = sign_in(client)

    assert (answer.status_code, answer.location) == (302, "/")
    assert "周晓梅" in words(client.get("/").text)
    assert actions_of(person) == ["session.open"]
    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 1


def test_the_cookie_is_not_what_the_database_holds(client, person: User) -> None:
    sign_in(client)
    with client.session_transaction() as session:
        token = session["_user_id"]

    stored = db.session.scalars(select(LoginSession.token_hash)).one()

    assert token != stored
    assert stored == crypto.index("session", token)


def test_every_failure_gets_the_same_answer(client, person: User, user_as) -> None:
    user_as(username="T20260002", password_hash=crypto.hash_password(PASSWORD), is_enabled=False)
    user_as(username="T20260003")  # no password yet
    user_as(username="T20260004", password_hash=crypto.hash_password(PASSWORD), locked_until=now() + timedelta(hours=1))

    answers = [
        sign_in(client, name, password)
        for name, password in (
            ("T20260001", "wrong password"),
            ("nobody", PASSWORD),
            ("T20260002", PASSWORD),
            ("T20260003", PASSWORD),
            ("T20260004", PASSWORD),
        )
    ]

    assert [answer.status_code for answer in answers] == [422] * 5
    bodies = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
    assert len(bodies) == 1
    assert "用户名或密码不正确" in bodies.pop()
    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 0


def test_a_failed_password_never_comes_back_to_the_page(client, person: User) -> None:
    answer = sign_in(client, password="mistyped-secret-123")

    assert "mistyped-secret-123" not in answer.text
    assert 'value="T20260001"' in answer.text


WRONG = "wrong"
HOME, ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "203.0.113.8"}


def try_from(client, place: dict[str, str], password: str = WRONG, username: str = "T20260001") -> int:
    """Sign in from an address, and return the answer's status."""
    return client.post("/login", data={"username": username, "password": password}, environ_base=place).status_code


def test_five_failures_make_their_address_wait_for_fifteen_minutes(client, person: User) -> None:
    begun = now()
    with time_machine.travel(begun, tick=False):
        assert [try_from(client, HOME) for _ in range(5)] == [422] * 5
        waiting = client.post("/login", data={"username": "T20260001", "password": PASSWORD}, environ_base=HOME)
        assert waiting.status_code == 422
        assert "15 分钟" in words(waiting.text)
        assert actions_of(person) == ["session.fail"] * 5 + ["session.lock"]
    with time_machine.travel(begun + timedelta(minutes=14), tick=False):
        assert try_from(client, HOME, PASSWORD) == 422
    with time_machine.travel(begun + timedelta(minutes=16), tick=False):
        assert try_from(client, HOME, PASSWORD) == 302

    assert person.locked_until is None
    assert db.session.scalars(select(LoginFailure)).all() == []


def test_who_guesses_elsewhere_shuts_nobody_out(client_of, person: User) -> None:
    for _ in range(7):
        assert try_from(client_of(), ELSEWHERE) == 422

    assert try_from(client_of(), ELSEWHERE, PASSWORD) == 422
    assert try_from(client_of(), HOME, PASSWORD) == 302
    assert try_from(client_of(), ELSEWHERE, PASSWORD) == 422  # hers was another address: there one still waits


def test_one_of_many_addresses_of_a_network_waits_with_the_others(client_of, person: User) -> None:
    network = [{"REMOTE_ADDR": f"2001:db8:1:2::{number}"} for number in range(1, 8)]
    for place in network[:5]:
        try_from(client_of(), place)

    assert try_from(client_of(), network[5], PASSWORD) == 422
    assert try_from(client_of(), {"REMOTE_ADDR": "2001:db8:1:3::1"}, PASSWORD) == 302


def storm(client_of, times: int) -> None:
    """Guess so often, four times from each address."""
    for number in range(times):
        assert try_from(client_of(), {"REMOTE_ADDR": f"198.51.100.{number // 4}"}) == 422


def test_a_storm_from_everywhere_locks_the_account_and_its_owner_is_told(client_of, person: User) -> None:
    begun = now()
    with time_machine.travel(begun, tick=False):
        storm(client_of, attempts.STORM - 1)
        assert try_from(client_of(), HOME, PASSWORD) == 302
        assert try_from(client_of(), ELSEWHERE) == 422
        locked = client_of().post("/login", data={"username": "T20260001", "password": PASSWORD}, environ_base=HOME)
    with time_machine.travel(begun + timedelta(minutes=16), tick=False):
        assert try_from(client_of(), HOME, PASSWORD) == 302

    assert (locked.status_code, service.NOT_IN in words(locked.text)) == (422, True)
    assert actions_of(person)[-3:] == ["session.fail", "session.lock_all", "session.open"]
    assert [notice.title for notice in notices.of(person.id)] == ["有人多次尝试登录您的账号"]


def test_failures_of_another_hour_are_no_storm(client_of, person: User) -> None:
    begun = now()
    with time_machine.travel(begun, tick=False):
        storm(client_of, attempts.STORM - 1)
    with time_machine.travel(begun + timedelta(minutes=61), tick=False):
        assert try_from(client_of(), ELSEWHERE) == 422
        assert try_from(client_of(), HOME, PASSWORD) == 302


def test_a_guess_at_nobody_leaves_as_much_of_a_trace_without_the_name(client, person: User) -> None:
    try_from(client, HOME, username="T2026000l")

    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "session.fail")).one()
    assert (event.subject_id, event.actor_label, event.address) == ("", VISITOR.label, "203.0.113.7")
    assert "T2026000l" not in event.sealed_text("")


def test_a_new_password_begins_anew_everywhere(client, client_of, person: User) -> None:
    for _ in range(5):
        try_from(client_of(), ELSEWHERE)
    service.set_password_hash(person, person, crypto.hash_password(NEW))
    db.session.commit()

    assert try_from(client, ELSEWHERE, NEW) == 302
    assert (person.failed_logins, person.failing_since) == (0, None)


def test_the_sweep_forgets_old_failures_alone(client, person: User) -> None:
    begun = now()
    with time_machine.travel(begun, tick=False):
        try_from(client, HOME)
    with time_machine.travel(begun + attempts.KEPT_FOR * 1.01, tick=False):
        try_from(client, ELSEWHERE)
        attempts.sweep()
        db.session.commit()

    assert db.session.scalars(select(LoginFailure.network)).all() == ["203.0.113.8"]


def test_a_right_guess_under_way_when_others_lock_the_account_opens_nothing(person: User) -> None:
    user_id, until = person.id, now() + timedelta(minutes=15)

    def lock(session: Session) -> None:
        database.writes()
        with db.engine.begin() as beside:
            beside.execute(update(User).where(User.id == user_id).values(locked_until=until))

    db.session.rollback()
    db.session.get_one(User, user_id)  # a transaction, whose end is where the slow part begins
    event.listen(db.session, "after_rollback", lock, once=True)
    try:
        with pytest.raises(DomainError, match="须等 15 分钟"):
            service.sign_in("T20260001", PASSWORD, address="127.0.0.1", device="test")
    finally:
        event.remove(db.session, "after_rollback", lock)

    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 0
    assert db.session.get_one(User, user_id).locked_until == until


def test_a_success_forgets_the_failures_before_it(client, person: User) -> None:
    for _ in range(4):
        sign_in(client, password="wrong")
    sign_in(client)
    client.post("/logout")
    for _ in range(4):
        sign_in(client, password="wrong")

    assert sign_in(client).status_code == 302


def test_a_one_time_password_must_be_changed_before_anything_else(client, user_as, tree) -> None:
    once = crypto.start_password()
    user = user_as(
        Role.UNION_OPERATOR,
        tree["root"],
        username="GH-ONE",
        password_hash=crypto.hash_password(once),
        must_change_password=True,
    )
    assert sign_in(client, "GH-ONE", once).status_code == 302

    for path in ("/", "/notices", "/members/", "/joining/", "/devices"):
        answer = client.get(path)
        assert (path, answer.status_code, answer.location) == (path, 302, "/password")

    answer = client.submit("/password", {"current": once, "new": NEW, "again": NEW}, action="password")
    assert answer.status_code == 302
    assert user.must_change_password is False
    assert client.get("/").status_code == 200
    client.post("/logout")
    assert sign_in(client, "GH-ONE", once).status_code == 422
    assert sign_in(client, "GH-ONE", NEW).status_code == 302


@pytest.mark.parametrize(
    ("current", "new", "again", "sentence"),
    [
        ("wrong", NEW, NEW, "当前密码不正确"),
        (PASSWORD, NEW, NEW + "x", "两次输入的新密码不一致"),
        (PASSWORD, "short", "short", "至少 10 个字符"),
        (PASSWORD, "xxT20260001xx", "xxT20260001xx", "过于简单"),
        (PASSWORD, "abababababab", "abababababab", "过于简单"),
        (PASSWORD, PASSWORD, PASSWORD, "不能与当前密码相同"),
        (PASSWORD, "", "", "请填写新密码"),
    ],
)
def test_a_poor_new_password_is_refused_with_its_sentence(
    client_of, person: User, current: str, new: str, again: str, sentence: str
) -> None:
    stored = person.password_hash

    answer = client_of(person).submit("/password", {"current": current, "new": new, "again": again})

    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert person.password_hash == stored


def test_changing_the_password_signs_the_other_devices_out(client_of, person: User) -> None:
    here, elsewhere = client_of(person), client_of(person)
    assert elsewhere.get("/").status_code == 200

    here.submit("/password", {"current": PASSWORD, "new": NEW, "again": NEW})

    assert here.get("/").status_code == 200
    assert elsewhere.get("/").location.startswith("/login")


def test_a_stolen_cookie_is_worth_nothing_after_signing_out(client_of, person: User, app: Flask) -> None:
    browser = client_of(person)
    cookie = browser.get_cookie("portal")
    thief = client_of(None)
    thief.set_cookie("portal", cookie.value)
    assert thief.get("/").status_code == 200

    browser.post("/logout")

    assert thief.get("/").location.startswith("/login")
    assert actions_of(person) == ["session.close"]


def test_signing_out_everywhere_ends_every_session_of_that_person_alone(client_of, person: User, user_as) -> None:
    here, phone, other = client_of(person), client_of(person), client_of(user_as())

    answer = here.post("/devices/sign-out")

    assert answer.location == "/login"
    assert [browser.get("/").status_code for browser in (here, phone, other)] == [302, 302, 200]
    assert actions_of(person) == ["session.close_all"]


def test_the_devices_page_lists_ones_own_sessions(client_of, person: User, user_as) -> None:
    token = sessions.open_session(person, address="203.0.113.7", device="Phone-Of-Zhou")
    sessions.open_session(user_as(), address="203.0.113.8", device="Phone-Of-Someone")
    assert token

    page = words(client_of(person).get("/devices").text)

    assert "203.0.113.7" in page
    assert "203.0.113.8" not in page


def test_disabling_an_account_ends_its_sessions_at_once(client_of, person: User) -> None:
    browser = client_of(person)
    assert browser.get("/").status_code == 200

    person.is_enabled = False

    assert browser.get("/").location.startswith("/login")


@pytest.mark.parametrize(
    ("idle", "open_"), [(sessions.IDLE - timedelta(minutes=1), True), (sessions.IDLE * 1.01, False)]
)
def test_an_idle_session_ends_by_itself(client_of, person: User, idle: timedelta, open_: bool) -> None:
    browser = client_of(person)

    with time_machine.travel(now() + idle, tick=False):
        assert browser.get("/").status_code == (200 if open_ else 302)


def test_even_a_busy_session_ends_after_a_week(client_of, person: User) -> None:
    browser, begun = client_of(person), now()
    for day in range(1, 22):
        with time_machine.travel(begun + timedelta(hours=7) * day, tick=False):
            assert browser.get("/").status_code == 200, day

    with time_machine.travel(begun + sessions.LONGEST + timedelta(hours=7), tick=False):
        assert browser.get("/").status_code == 302


def test_last_seen_is_marked_at_most_every_five_minutes(client_of, person: User) -> None:
    browser, begun = client_of(person), now()

    def seen() -> timedelta:
        return db.session.scalars(select(LoginSession.last_seen_at)).one() - begun

    with time_machine.travel(begun + timedelta(minutes=4), tick=False):
        browser.get("/")
        assert seen() < timedelta(minutes=1)
    with time_machine.travel(begun + timedelta(minutes=6), tick=False):
        browser.get("/")
        assert seen() > timedelta(minutes=5)


def test_the_sweep_removes_what_has_ended_and_only_that(person: User) -> None:
    sessions.open_session(person, address="", device="old")
    db.session.commit()
    db.session.execute(text("UPDATE login_sessions SET last_seen_at = '2020-01-01 00:00:00+00'"))
    sessions.open_session(person, address="", device="new")
    db.session.commit()

    sessions.sweep()
    db.session.commit()

    assert db.session.scalars(select(LoginSession.device)).all() == ["new"]


def test_after_signing_in_one_arrives_where_one_wanted(client, person: User) -> None:
    wanted = client.get("/notices")
    assert wanted.location == "/login?next=/notices"

    assert sign_in(client, path=wanted.location).location == "/notices"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "/%09/evil.example",
        "/%0a/evil.example",
        "/%0d%0aX-Injected: 1",
    ],
)
def test_signing_in_never_leads_outside(client, person: User, target: str) -> None:
    answer = client.post("/login?next=" + target, data={"username": "T20260001", "password": PASSWORD})

    assert (answer.status_code, answer.location) == (302, "/")


def test_a_form_without_its_token_is_refused(client, person: User) -> None:
    answer = client.post("/login", data={"username": "T20260001", "password": PASSWORD}, csrf=False)

    assert answer.status_code == 400
    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 0


def test_too_many_tries_from_one_address_are_answered_later(client, person: User) -> None:
    answers = [client.post("/login", data={"username": f"nobody{number}", "password": "x"}) for number in range(31)]

    assert [answer.status_code for answer in answers] == [422] * 30 + [429]
    assert answers[-1].headers["Retry-After"]


def test_the_first_account_and_its_password(tree, client) -> None:
    password = crypto.start_password()
    user = service.open_account(
        SHELL, username="first", name="超级管理员", password_hash=crypto.hash_password(password)
    )
    service.give(SHELL, user, Role.SUPER_ADMIN, tree["root"])
    db.session.commit()

    assert sign_in(client, "first", password).status_code == 302
    assert client.get("/").location == "/password"
