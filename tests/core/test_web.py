"""How much a stranger may send, by route, and who is one; what the limits count in."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal.core.web import STRANGERS_BYTES, Counters, limiter
from portal.joining.questions import FULL
from portal.members.catalogue import FIELD
from portal.org.guards import PUBLIC, permission_of
from portal.org.permissions import Role
from tests import factories
from tests.client import DistrustfulClient, client_of
from tests.house.everything import photo

TOO_LONG = "长" * (STRANGERS_BYTES // 3 + 1)


@pytest.fixture
def code(tree):
    """The join code of branch a."""
    return factories.make_code(tree["a"])


def public_posts(app: Flask) -> set[str]:
    """The endpoints to which a stranger may post."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and permission_of(app.view_functions[rule.endpoint]) == PUBLIC
    }


def test_only_the_forms_with_a_photo_take_files_from_strangers(app: Flask) -> None:
    takes = {name for name in public_posts(app) if getattr(app.view_functions[name], "_takes_files", False)}

    assert takes == {"joining.apply", "joining.revise", "drafts.resume", "expected.invited"}


def test_a_stranger_sends_no_more_than_a_form_can_hold(app: Flask, client: DistrustfulClient, code) -> None:
    for path in ("/login", "/activate", "/joining/receipt", "/joining/receipt/withdraw", "/members/search"):
        answer = client.post(path, data={"username": TOO_LONG, "code": "x"})
        assert (path, answer.status_code) == (path, 413)
    pictures = client.post("/login", data={"username": "x", "file": (io.BytesIO(b"x" * STRANGERS_BYTES), "x.jpg")})
    assert pictures.status_code == 413


def test_the_joining_form_takes_a_photo_but_no_more_text(client: DistrustfulClient, code) -> None:
    path = f"/joining/apply/{code.token}"
    large = io.BytesIO(photo().read() + b"\0" * STRANGERS_BYTES)

    words = client.post(path, data={"name": TOO_LONG, "photo": (photo(), "me.jpg")})
    with_photo = client.submit(path, {"name": "周晓", "photo": (large, "me.jpg")})

    assert (words.status_code, with_photo.status_code) == (413, 422)
    assert "照片已保存" in with_photo.text


@pytest.mark.parametrize("path", ["/members/?q=%00", "/query/reports/basics?unit=a%00"])
def test_a_nul_in_an_address_is_refused_by_either_database(app: Flask, user_as, tree, path) -> None:
    answer = client_of(app, user_as(Role.UNION_OPERATOR, tree["root"])).get(path)

    assert (answer.status_code, "看不见的控制字符" in answer.text) == (422, True)


@pytest.mark.parametrize("path", ["/joining/apply/%00", "/help/%00", "/query/reports/%00", "/handover/new/%00"])
def test_a_nul_names_nothing_in_a_path(app: Flask, user_as, tree, path) -> None:
    answer = client_of(app, user_as(Role.UNION_OPERATOR, tree["root"])).get(path)

    assert answer.status_code == 404


def test_a_nul_in_a_form_is_refused_by_either_database(client: DistrustfulClient, code) -> None:
    answer = client.submit(f"/joining/apply/{code.token}", {"name": "周\0晓"})

    assert (answer.status_code, "看不见的控制字符" in answer.text) == (422, True)


def test_whoever_is_signed_in_sends_what_her_pages_need(app: Flask, user_as) -> None:
    browser = client_of(app, user_as())

    assert browser.post("/members/search", data={"q": TOO_LONG}).status_code == 403


def test_the_longest_form_that_fits_its_fields_is_far_below(app: Flask) -> None:
    longest = 0
    for name in FULL:
        field = FIELD[name]
        columns = field.rows or (field,)
        times = (field.max_rows or 1) if field.rows else 1
        longest += times * sum(100 + 3 * (column.max_length or 100) for column in columns)

    assert longest < STRANGERS_BYTES / 2


def test_counters_begin_anew_after_their_time_and_old_ones_go(app: Flask) -> None:
    begun = datetime(2026, 9, 1, 8, tzinfo=UTC)
    with time_machine.travel(begun, tick=False):
        counters = Counters()
        assert [counters.incr(key, 30) for key in ("a", "a", "b", "a")] == [1, 2, 1, 3]
    with time_machine.travel(begun + timedelta(seconds=29), tick=False):
        assert (counters.incr("a", 30), counters.get("b")) == (4, 1)
    with time_machine.travel(begun + timedelta(seconds=30), tick=False):
        assert (counters.incr("a", 90), counters.get("b")) == (1, 0)
        counters.incr("c", 20)
    with time_machine.travel(begun + timedelta(seconds=61), tick=False):
        threads = threading.active_count()
        assert counters.incr("d", 30) == 1
        assert sorted(counters.expirations) == ["a", "d"]
        assert threading.active_count() <= threads


def test_the_limits_count_in_them(app: Flask) -> None:
    assert isinstance(limiter.storage, Counters)
