"""Every route × method × principal × place of the object, against the table in matrix.py."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.nav import CITY_WORDS, MENU, SCHOOL
from tests.client import words
from tests.conftest import PROOF
from tests.house import matrix
from tests.house.songs import heard_and_leaked, read, songs
from tests.house.walk import Walk

Line = tuple[str, str, str, dict[str, str]]

OF_CITIES = {entry.label for group in MENU for entry in group.items if entry.profile not in ("", SCHOOL)}
CITY = sorted(
    {*CITY_WORDS.values(), *OF_CITIES}
    | {"组织机构管理员", "基层工会管理", "下载基层工会二维码", "省平台", "该用户未注册", "通知重新扫码"}
)


def sign(answer: TestResponse) -> str:
    """Return the answer in the signs of the table; anything else as it is."""
    status, where = answer.status_code, answer.headers.get("Location", "")
    if status in (302, 303):
        return "L" if where.startswith("/login") else "P" if where == "/password" else "."
    return {200: ".", 403: "F", 404: "A", 409: "R", 422: "R"}.get(status, str(status))


def routes(app: Flask) -> set[tuple[str, str]]:
    """Every (endpoint, method) that the house answers."""
    return {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_the_table_names_every_route_and_no_other(app: Flask) -> None:
    assert {(endpoint, method) for endpoint, method, _, _ in matrix.rows()} == routes(app)


def test_the_words_of_a_city_are_those_of_the_manual() -> None:
    assert {"会员管理", "入会审核", "基层工会管理", "基层工会管理员", "组织机构管理员"} <= set(CITY)


def test_no_line_stands_twice() -> None:
    keys = [row[:3] for row in matrix.rows()]

    assert [key for key in keys if keys.count(key) > 1] == []


def test_a_route_with_a_number_has_objects_everywhere(app: Flask) -> None:
    """Where an address names a row, the table says what happens at one's own place, at others' and nowhere."""
    numbered = {rule.endpoint for rule in app.url_map.iter_rules() if {"id", "item_id"} & set(rule.arguments)}
    places = {
        endpoint: {place for _, _, place, _ in lines}
        for endpoint, lines in groupby(sorted(matrix.rows(), key=lambda row: row[0]), key=lambda row: row[0])
    }

    few = {endpoint for endpoint in numbered if not places[endpoint] >= {"a", "absent"}}
    assert few == set()


def by_endpoint() -> list[Any]:
    """The lines of the table, one test for each endpoint."""
    lines = sorted(matrix.rows(), key=lambda row: row[0])
    return [pytest.param(list(of_one), id=endpoint) for endpoint, of_one in groupby(lines, key=lambda row: row[0])]


DOOR = ("stranger", "disabled", "one-time password")  # turned away before any row is looked for


def knocking(walk: Walk, lines: list[Line]) -> Iterator[tuple[Line, str]]:
    """Yield who knocks where: those who are turned away at the door once at each, the others at every place."""
    seen = set()
    for line in lines:
        is_new = line[:2] not in seen
        seen.add(line[:2])
        for principal in walk.principals:
            if is_new or PROOF or principal not in DOOR or line[3][principal] == ".":
                yield line, principal


@pytest.mark.parametrize("lines", by_endpoint())
def test_every_answer_is_the_expected_one(walk: Walk, lines: list[Line], caplog: pytest.LogCaptureFixture) -> None:
    """And whatever comes back tells nobody a canary, and no school a word of the city."""
    caplog.set_level(logging.INFO)
    unexpected = []
    for (endpoint, method, place, expected), principal in knocking(walk, lines):
        answer = walk.send(endpoint, method, place, principal)
        found = sign(answer)
        if found != expected[principal]:
            unexpected.append(f"{endpoint} {method} {place}: {principal} → {found}, not {expected[principal]}")
        page = answer.text if answer.mimetype == "text/html" else ""
        text = read(answer)
        _, body = walk.request(endpoint, walk.at(endpoint, place, principal))
        _, leaked = heard_and_leaked(walk, principal, endpoint, body, text)
        unexpected += [f"{endpoint} {method} {place}: {principal} hears {song}" for song in leaked]
        if method == "GET" and found == "." and any(word in page for word in CITY):  # in what one reads, or in a value
            said = words(page) + page.partition("</title>")[0]
            unexpected += [f"{endpoint} {place}: {principal} reads {word}" for word in CITY if word in said]
        if method == "POST" and found in (".", "L"):
            walk.put_back()

    assert unexpected == []
    assert [song for song in songs(walk) if song.text in caplog.text] == []
