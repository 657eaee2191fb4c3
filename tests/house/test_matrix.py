"""Every route × method × principal × place of the object, against the table in matrix.py."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.house import matrix
from tests.house.walk import Walk


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


@pytest.mark.parametrize("lines", by_endpoint())
def test_every_answer_is_the_expected_one(walk: Walk, lines: list[tuple[str, str, str, dict[str, str]]]) -> None:
    unexpected = []
    for endpoint, method, place, expected in lines:
        for principal in walk.principals:
            answer = walk.send(endpoint, method, place, principal)
            found = sign(answer)
            if found != expected[principal]:
                unexpected.append(f"{endpoint} {method} {place}: {principal} → {found}, not {expected[principal]}")
            answer.close()
            if method == "POST" and found in (".", "L"):
                walk.put_back()

    assert unexpected == []
