"""Every route says who may, takes numbers as numbers, changes nothing on GET, and turns a stranger away."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.routing.converters import IntegerConverter

from portal.core.web import limiter
from portal.org.permissions import Permission
from tests import client as distrust
from tests.house import matrix
from tests.house.walk import Walk
from tests.serving import command

# Open to everyone is what the table says, and nothing else.
PUBLIC = {endpoint for endpoint, _, _, signs in matrix.rows() if signs["stranger"] != "L"}
# What stands in an address beside numbers: random tokens, files of ours, and names that a table must know.
WORDS = {"token", "filename", "workflow", "action", "role", "preset", "name", "gateway"}
WITHOUT_TOKEN = {"receipts.receive"}  # a gateway has no form of ours: the word in its address is the secret
SEGMENT = re.compile(r"[a-z][a-z0-9-]*(\.(svg|png|pdf))?|<[^<>]+>(\.(svg|png|pdf))?")


def rules(app: Flask) -> list[Rule]:
    """Every rule of the house."""
    return list(app.url_map.iter_rules())


def test_every_route_says_who_may(app: Flask) -> None:
    known = {str(permission) for permission in Permission} | {"public"}

    said = {rule.endpoint: getattr(app.view_functions[rule.endpoint], "_permission", None) for rule in rules(app)}

    assert {endpoint: word for endpoint, word in said.items() if word not in known} == {}


def test_only_what_the_table_opens_is_public(app: Flask) -> None:
    public = {rule.endpoint for rule in rules(app) if app.view_functions[rule.endpoint]._permission == "public"}

    assert public == PUBLIC


def test_numbers_are_numbers_and_words_are_few(app: Flask) -> None:
    loose = {
        f"{rule.rule}: {argument}"
        for rule in rules(app)
        for argument in rule.arguments
        if not isinstance(rule._converters[argument], IntegerConverter) and argument not in WORDS
    }

    assert loose == set()


def test_addresses_are_small_letters_with_dashes(app: Flask) -> None:
    odd = {
        rule.rule
        for rule in rules(app)
        for segment in rule.rule.strip("/").split("/")
        if rule.rule != "/" and not SEGMENT.fullmatch(segment)
    }

    assert odd == set()


def test_only_get_and_post_are_used(app: Flask) -> None:
    used = {method for rule in rules(app) for method in rule.methods or ()}

    assert used == {"GET", "HEAD", "OPTIONS", "POST"}


def test_the_command_names_the_same_routes(app: Flask) -> None:
    done = command(Path(app.instance_path), "routes", "--json", uri=app.config["SQLALCHEMY_DATABASE_URI"])

    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert {(row["path"], *row["methods"]) for row in listed} == {
        (rule.rule, *sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})) for rule in rules(app)
    }
    assert [row["path"] for row in listed if not row["permission"]] == []


def stranger_lines() -> list[Any]:
    """The lines of the table behind the sign-in, each with an object that is there."""
    lines = {(endpoint, method): place for endpoint, method, place, _ in reversed(matrix.rows()) if place != "absent"}
    return [pytest.param(*key, place, id="-".join(key)) for key, place in lines.items() if key[0] not in PUBLIC]


@pytest.mark.parametrize(("endpoint", "method", "place"), stranger_lines())
def test_a_stranger_is_sent_to_the_sign_in_and_told_nothing(walk: Walk, endpoint: str, method: str, place: str) -> None:
    answer = walk.send(endpoint, method, place, "stranger")

    where = answer.headers["Location"]
    assert (answer.status_code, where.split("?")[0]) == (302, "/login")
    assert not [name for name in ("殷晓澜", "外国语学院") if name in answer.text]


@pytest.mark.parametrize("endpoint", sorted(PUBLIC))
def test_a_public_page_shows_a_stranger_nobody(walk: Walk, endpoint: str) -> None:
    """It was there to leak: members and applicants with that name stand in the database."""
    places = [place for one, method, place, _ in matrix.rows() if (one, method) == (endpoint, "GET")]
    for place in places:
        answer = walk.send(endpoint, "GET", place, "stranger")
        assert "殷晓澜" not in answer.get_data().decode(errors="replace")
        answer.close()


def test_every_post_needs_its_token(walk: Walk, app: Flask) -> None:
    """By whoever may do it: the token is asked before anything else happens."""
    accepted = []
    for endpoint, method, place, signs in matrix.rows():
        who = [name for name, sign in signs.items() if sign in ".L" and name not in ("stranger", "disabled")]
        if method != "POST" or not who or endpoint in WITHOUT_TOKEN:
            continue
        limiter.reset()
        arguments, body = walk.request(endpoint, walk.at(endpoint, place, who[0]))
        path = app.url_map.bind("localhost").build(endpoint, arguments)
        answer = walk.browsers[who[0]].post(path, data=body, csrf=False)
        if answer.status_code != 400:
            accepted.append(f"{endpoint} as {who[0]}: {answer.status_code}")

    assert accepted == []


def test_another_sites_token_is_refused(walk: Walk) -> None:
    mine, other = walk.browsers["union operator"], walk.browsers["union chair"]
    with other.session_transaction() as session:
        session["csrf_token"] = "0" * 40

    answer = mine.post("/logout", data={"csrf_token": other.csrf_token()})

    assert answer.status_code == 400
    assert mine.get("/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/no-such-page", "/members/x", "/members/-1", "/members/1.5", "/members/", "/Members/1"]
)
def test_what_is_not_there_is_one_page(client: distrust.DistrustfulClient, path: str) -> None:
    answer = client.get(path)

    assert (path, answer.status_code) == (path, 302 if path == "/members/" else 404)


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_a_number_no_row_can_have_is_absent(walk: Walk, number: int) -> None:
    browser = walk.browsers["union operator"]

    answers = [browser.get(f"/{room}/{number}") for room in ("members", "joining")]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_absent_and_foreign_pages_are_the_same_to_the_letter(walk: Walk) -> None:
    browser = walk.browsers["operator of a"]
    for room, kind in (("members", "member"), ("joining", "application")):
        there = walk.ids["places"]["b"][kind]
        number = there if isinstance(there, int) else next(iter(there.values()))
        foreign, absent = browser.get(f"/{room}/{number}"), browser.get(f"/{room}/999999")

        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert foreign.text == absent.text
        assert dict(foreign.headers) == dict(absent.headers)
