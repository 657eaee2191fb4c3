"""The manual fits the pages: each leads to its section, and every word that a step quotes stands on some page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask, render_template

from portal import nav
from portal.help import manual
from portal.org.permissions import ROLES
from tests import client as distrust
from tests.house import matrix
from tests.house.walk import Walk

ROOT = Path(__file__).resolve().parents[2]
QUOTED = re.compile(r"「([^」]+)」")
PICTURE = re.compile(r'/static/help/([a-z]+)\.webp"')
MOST = 60_000  # bytes of a picture
PROFILES = sorted(ROLES)
PARTS = [(profile, part) for profile in PROFILES for part in manual.parts(profile)]
# a page's own part; what a file, a picture or a phone's answer is has no title for a link to stand beside
READERS = ("union operator", "operator of a", "union chair", "super administrator", "member", "stranger")


def page_of(app: Flask, profile: str, part: str) -> str:
    """Return the part of the manual as it is read in `profile`."""
    before, app.config["PROFILE"] = app.config["PROFILE"], profile
    try:
        with app.test_request_context("/help/member"):
            title, tasks = manual.parts(profile)[part], manual.tasks_of(part, profile)
            return render_template("help/part.html", part=part, title=title, tasks=tasks, is_city=profile == "city")
    finally:
        app.config["PROFILE"] = before


# --- the words of the pages -------------------------------------------------------------------------------------------


@cache
def phrases() -> frozenset[str]:
    """Return every phrase of the templates and the code that may come to a page whole."""
    found: set[str] = set()
    for path in (ROOT / "templates").rglob("*.html"):
        if path.parent.name != "tasks":
            found |= {piece.strip() for piece in re.split(r"[<>{}\"'%\n]|\|", path.read_text("utf-8"))}
    for path in (ROOT / "portal").rglob("*.py"):
        if path.parent.name != "help":
            strings = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant))
            found |= {node.value.strip() for node in strings if isinstance(node.value, str)}
    return frozenset(found)


def on_a_page(word: str) -> bool:
    """Whether `word` stands somewhere; 确认 comes before the label of any step that asks again."""
    return word in phrases() or (word.startswith("确认") and word.removeprefix("确认") in phrases())


def task_as_read(app: Flask, task: manual.Task, profile: str) -> str:
    """Return one task as it is read in `profile`."""
    before, app.config["PROFILE"] = app.config["PROFILE"], profile
    try:
        with app.test_request_context("/help/"):
            return render_template(f"help/tasks/{task.name}.html", is_city=profile == "city")
    finally:
        app.config["PROFILE"] = before


READ = [(profile, task) for profile in PROFILES for task in manual.TASKS if task.profile in ("", profile)]


@pytest.mark.parametrize(("profile", "task"), READ, ids=lambda one: getattr(one, "name", one))
def test_every_quoted_word_stands_on_a_page(app: Flask, profile: str, task: manual.Task) -> None:
    quoted = QUOTED.findall(task_as_read(app, task, profile))

    assert quoted, "a task names what to press"
    assert [word for word in quoted if not on_a_page(word)] == []


def test_a_word_that_no_page_has_would_be_noticed() -> None:
    assert on_a_page("提交申请")
    assert on_a_page("确认退回修改")
    assert not on_a_page("提交申")
    assert not on_a_page("确认申")


@pytest.mark.parametrize(("profile", "task"), READ, ids=lambda one: getattr(one, "name", one))
def test_every_task_is_numbered_steps(app: Flask, profile: str, task: manual.Task) -> None:
    text = task_as_read(app, task, profile)

    assert text.count("<ol>") == 1
    assert text.count("<li>") >= 1


# --- the parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "part"), PARTS)
def test_every_part_has_its_tasks_and_pictures(app: Flask, profile: str, part: str) -> None:
    page = distrust.parse(page_of(app, profile, part))
    ids = {element.get("id") for element in page.iter()}
    text = page_of(app, profile, part)

    tasks = manual.tasks_of(part, profile)
    assert len(tasks) > 3
    assert {task.name for task in tasks} <= ids
    for name in PICTURE.findall(text):
        assert (ROOT / f"static/help/{name}.webp").stat().st_size <= MOST


def test_every_picture_is_shown_somewhere(app: Flask) -> None:
    shown = {name for profile, part in PARTS for name in PICTURE.findall(page_of(app, profile, part))}

    assert {path.stem for path in (ROOT / "static/help").iterdir()} == shown


def test_a_school_reads_no_word_of_the_city(app: Flask) -> None:
    city = {role.label for role in set(ROLES["city"]) - set(ROLES["school"])} | {"省平台", "通知重新扫码"}

    for part in manual.parts("school"):
        assert [word for word in city if word in page_of(app, "school", part)] == []
    assert set(manual.parts("city")) > set(manual.parts("school"))


def test_what_members_read_needs_no_sign_in(walk: Walk) -> None:
    stranger = walk.browsers["stranger"]

    index, member, other = (stranger.get(f"/help/{part}") for part in ("", "member", "union_operator"))

    assert (index.status_code, member.status_code, other.status_code) == (200, 200, 302)
    assert "扫码申请入会" in index.text
    assert "校工会操作员" not in index.text
    assert "首次登录或忘记密码" in member.text
    assert "校工会操作员手册" in walk.browsers["member"].get("/help/").text


# --- 帮助 beside the titles -------------------------------------------------------------------------------------------


def help_links(text: str) -> list[str]:
    """Return where 帮助 leads on the page."""
    return [one.get("href", "") for one in distrust.parse(text).iter() if one.get("class") == "help-link"]


def pages(walk: Walk) -> Iterator[tuple[str, str, str]]:
    """Give endpoint, reader and text of every page that somebody opens, each once."""
    done = set()
    for endpoint, method, place, expected in matrix.rows():
        for reader in READERS:
            if (
                method == "GET"
                and expected[reader] == "."
                and endpoint not in done
                and endpoint.split(".")[0] != "help"
            ):
                answer = walk.send(endpoint, method, place, reader)
                if answer.status_code == 200 and answer.mimetype == "text/html":
                    done.add(endpoint)
                    yield endpoint, reader, answer.text
                answer.close()


def test_every_page_leads_to_a_section_that_is_there(walk: Walk) -> None:
    anchors: dict[tuple[str, str], set[str | None]] = {}
    wrong, seen = [], set()

    for endpoint, reader, text in pages(walk):
        seen.add(endpoint)
        links = help_links(text)
        for link in links:
            path, _, anchor = link.partition("#")
            if (reader, path) not in anchors:
                page = walk.browsers[reader].get(path)
                anchors[reader, path] = {one.get("id") for one in distrust.parse(page.text).iter()}
            if not anchor or anchor not in anchors[reader, path]:
                wrong.append(f"{endpoint} for {reader}: {link}")
        if len(links) != 1:
            wrong.append(f"{endpoint} for {reader} has {len(links)} links to the manual")

    assert wrong == []
    assert len(seen) > 40


def test_every_line_of_the_menu_has_its_task() -> None:
    endpoints = {entry.endpoint for group in nav.MENU for entry in group.items} - {"help.index"}

    assert endpoints - set(manual.PLACES) == {
        endpoint for endpoint in endpoints - set(manual.PLACES) if endpoint.split(".")[0] in manual.PLACES
    }


def test_the_table_names_what_exists(app: Flask) -> None:
    known = set(app.view_functions) | set(app.blueprints)
    names = {task.name for task in manual.TASKS}

    assert set(manual.PLACES) - known == set()
    assert set(manual.PLACES.values()) | set(manual.INSTEAD) | set(manual.INSTEAD.values()) <= names
    assert len(names) == len(manual.TASKS)


def test_who_has_several_offices_is_led_to_the_one_that_does_it() -> None:
    both = ["branch_operator", "union_operator"]

    assert manual.place_of("joining.detail", both, "school") == ("branch_operator", "opine")
    assert manual.place_of("joining.approve", both, "school") == ("union_operator", "approve")
    assert manual.place_of("joining.detail", ["union_operator"], "school") == ("union_operator", "approve")
    assert manual.place_of("cards.card", both, "school") == ("member", "card")
    assert manual.place_of("nowhere", both, "school") == ("branch_operator", "")
    assert manual.place_of("nowhere", [], "school") == ("member", "")
