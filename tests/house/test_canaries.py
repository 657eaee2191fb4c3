"""The canaries of `songs` where they may be heard, and the places where nobody may: log, store, folder, server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import psycopg
import pytest
from sqlalchemy import make_url

from portal.core.db import Base, db
from portal.core.web import limiter
from portal.joining.models import ApplicationState as S
from tests import client as distrust
from tests.conftest import Prepared
from tests.factories import Canaries
from tests.house import matrix
from tests.house.songs import COVERED, PRINTS, SHEETS, heard_and_leaked, read, songs
from tests.house.walk import Walk
from tests.serving import Server


def shown(walk: Walk) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield (endpoint, method, path, body) of the sheets, and of the questions that an address may ask of a list."""
    adapter = walk.app.url_map.bind("localhost")
    for endpoint, method, place, _ in matrix.rows():
        if endpoint not in SHEETS | PRINTS:
            continue
        here = walk.at(endpoint, place, "member")
        if "application" in here:  # the one with the canaries
            here = here | {"application": dict.fromkeys(S, here["application"][S.SUBMITTED])}
        arguments, body = walk.request(endpoint, here)
        if method == "GET" or endpoint in PRINTS:
            yield endpoint, method, adapter.build(endpoint, arguments), body
    for query in ("q=殷晓澜", "status=all", "per_page=100", "sort=joined"):
        yield "members.index", "GET", f"/members/?{query}", {}
    everybody = urlencode({"q": '{"all":[]}'})
    sealed = "id_number,mobile,home_address,dues_base,honors,resume"
    for query in (f"columns=name,{sealed}", f"columns=name,{sealed}&as_of=2000-01-01", "sort=-age&per_page=100"):
        yield "query.index", "GET", f"/query/?{everybody}&{query}", {}
    family = "spouse,children,family_planning_text,family_members,marital_status"
    for columns in (f"name,{sealed}", "name,mobile", f"name,{family}"):
        body = {"q": '{"all":[]}', "columns": columns, "purpose": "测试用的名册", "format": "xlsx"}
        yield "exports.start", "POST", "/query/export", body
    for query in ("state=submitted", "state=all", "q=殷晓澜"):
        yield "joining.index", "GET", f"/joining/?{query}", {}


@pytest.mark.parametrize("principal", matrix.PRINCIPALS)
def test_no_canary_reaches_who_may_not_read_it(walk: Walk, caplog: pytest.LogCaptureFixture, principal: str) -> None:
    """On the sheets and in what lists may be asked; every other answer of the house is heard with the table."""
    caplog.set_level(logging.INFO)
    leaks, heard = [], set()
    for endpoint, method, path, body in shown(walk):
        limiter.reset()
        browser = walk.browsers[principal]
        answer = browser.get(path) if method == "GET" else browser.post(path, data=body)
        sung, leaked = heard_and_leaked(walk, principal, endpoint, body, read(answer))
        heard |= sung
        leaks += [f"{endpoint} {method} {path}: {song}" for song in leaked]

    assert leaks == []
    assert [song for song in songs(walk) if song.text in caplog.text] == []
    # they were there to leak: who may read them has read them
    expected = {song for song in songs(walk) if song.kind != "secret" and song.place in COVERED.get(principal, set())}
    assert {song for song in heard if song.kind != "secret"} == expected


def test_the_union_prints_the_number_and_a_branch_does_not(walk: Walk) -> None:
    number, salary = walk.canaries["a"][0].secret
    path = f"/members/{walk.ids['places']['a']['member']}/registration-form"

    union = read(walk.browsers["union operator"].post(path))
    branch = read(walk.browsers["operator of a"].post(path))

    assert [number in union, salary in union] == [True, True]
    assert [number in branch, salary in branch, number[-4:] in branch] == [False, False, True]


def test_a_search_for_a_number_leaves_it_in_no_address(walk: Walk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    browser, canaries = walk.browsers["union operator"], walk.canaries["a"][0]
    for text in (canaries.secret[0], canaries.masked[0]):
        answer = browser.post("/members/search", data={"q": text})

        assert answer.status_code == 303
        assert text not in answer.location
        page = browser.get(answer.location)
        assert "殷晓澜" in page.text
        assert text not in read(page)
        assert text not in caplog.text


def live(walk: Walk) -> list[str]:
    """Let canaries pass through every verb that moves them, and return those that were new in it."""
    operator, union = walk.browsers["operator of a"], walk.browsers["union operator"]
    place, applicant = walk.ids["places"]["a"], walk.canaries["a"][1]
    waiting, member = place["application"][S.SUBMITTED], place["member"]
    new = {"home_address": "金丝雀新路密址", "family_planning_text": "密证号新"}
    steps = [
        operator.submit(f"/members/{member}/edit", new, action="edit"),
        operator.post(f"/act/joining/{waiting}/agree", data={"comment": "同意"}),
        union.submit(f"/joining/{waiting}/approve"),
        union.post(f"/members/{member}/reveal", data={"field": "dues_base", "reason": "核对会费基数"}),
        union.post(f"/members/{member}/registration-form"),
        union.post("/members/search", data={"q": applicant.secret[0]}),
    ]
    assert [step.status_code for step in steps] == [303, 302, 302, 200, 200, 303]
    return list(new.values())


def of(canaries: Canaries) -> list[str]:
    """Return all texts that must not stand in a database."""
    return [*canaries.secret, *canaries.family, *canaries.masked, *canaries.encrypted]


def test_the_database_and_its_journal_hold_no_canary(walk: Walk, prepared: Prepared) -> None:
    texts = [text for both in walk.canaries.values() for canaries in both for text in of(canaries)]
    texts += live(walk)
    db.session.remove()

    stored = dump(prepared)

    assert "殷晓澜".encode() in stored  # what may stand there is found
    assert [text for text in texts if any(form in stored for form in forms(text))] == []


def forms(text: str) -> list[bytes]:
    """Return how a text may stand in a store: as it is, in hexadecimal, escaped by JSON."""
    plain = text.encode()
    escaped = "".join(f"\\u{ord(letter):04x}" if ord(letter) > 127 else letter for letter in text)
    return [plain, plain.hex().encode(), escaped.encode(), escaped.replace("\\", "\\\\").encode()]


def dump(prepared: Prepared) -> bytes:
    """Return all bytes that the database keeps: file and journal, or every table of the server."""
    if prepared.backend == "sqlite":
        paths = sorted(prepared.instance.glob("portal.db*"))
        assert [path.name for path in paths] == ["portal.db", "portal.db-shm", "portal.db-wal"]
        assert paths[2].stat().st_size > 0
        return b"".join(path.read_bytes() for path in paths)
    address = make_url(prepared.uri).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        parts = []
        for table in Base.metadata.tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:  # type: ignore[arg-type]
                parts += [bytes(part) for part in copy]
        return b"".join(parts)


def test_the_folder_holds_no_canary_and_no_picture(walk: Walk, prepared: Prepared) -> None:
    live(walk)
    files = [path for path in prepared.instance.rglob("*") if path.is_file() and not path.name.startswith("portal.db")]
    uploads = [path for path in files if path.parent.name == "uploads"]
    texts = [text for both in walk.canaries.values() for canaries in both for text in of(canaries)]

    assert uploads
    assert [path.name for path in uploads if b"\xff\xd8\xff" in path.read_bytes()] == []
    assert [path.name for path in files for text in texts if text.encode() in path.read_bytes()] == []


def test_a_real_server_says_nothing_of_them(walk: Walk, prepared: Prepared) -> None:
    """What it prints while strangers knock, forms are refused and numbers are searched for."""
    number, mobile = walk.canaries["a"][0].secret[0], walk.canaries["a"][0].masked[0]
    token = walk.ids["places"]["a"]["token"]
    db.session.remove()

    with Server(prepared.instance, prepared.uri) as server:
        statuses = [
            knock(server.address + path, fields)
            for path, fields in (
                (f"/joining/apply/{token}", {"id_number": number, "mobile": mobile, "name": "殷晓澜"}),
                ("/login", {"username": number, "password": mobile}),
                ("/joining/receipt", {"code": number}),
                (f"/members/?q={number}", None),
                (f"/{number}", None),
            )
        ]
        server.stop()
        said = server.log.read_text("utf-8")

    assert statuses == [422, 422, 422, 200, 404]
    assert server.address in said
    assert [text for text in (number, mobile) if text in said] == []


def knock(address: str, fields: dict[str, str] | None) -> int:
    """Send one request as a browser with its cookie and token would, and return the answer's status."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    try:
        with browser.open(address, timeout=20) as answer:
            page = answer.read().decode()
        if fields is None:
            return int(answer.status)
        token = distrust.form_values(distrust.find_form(page, address)[0])["csrf_token"]
        with browser.open(address, urlencode(fields | {"csrf_token": token}).encode(), timeout=20) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code
