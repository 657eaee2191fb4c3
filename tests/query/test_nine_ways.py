"""Who has no right to a field gets one refusal, whichever way she asks for it: the same status, the same sentence.

The branch's operator has no right to the salary, the administrator of units none to the family; the union's operator
has both, so that the same requests show that there was something to leak.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from portal.core.calendar import today
from portal.core.db import db
from portal.members import history
from portal.org.permissions import Role
from portal.query.definitions.models import Definition, DefinitionVersion, Reach
from tests import factories

SALARY, MARITAL = "dues_base", "marital_status"
FILLED = {SALARY: {"field": SALARY, "op": "not_empty"}, MARITAL: {"field": MARITAL, "op": "eq", "value": "40"}}
RIGHTS = {SALARY: Role.BRANCH_OPERATOR, MARITAL: Role.ORG_ADMIN}
EVERYBODY = '{"all":[]}'
LEAKS = ("殷有薪", "7654", "7,654", "离婚")

Way = Callable[[Any, str], TestResponse]


def written(field: str) -> str:
    return json.dumps({"all": [FILLED[field]]})


def selected(browser: Any, task: str) -> str:
    """The word for everybody, selected for a task."""
    place = browser.post("/query/select", data={"q": EVERYBODY, "task": task, "scope": "all"}).location
    return str(place).split("selection=")[1]


def by_filter(browser: Any, field: str) -> TestResponse:
    one = FILLED[field]
    row = {"mode": "all", "part": "row:1", "f-1": field, "o-1": one["op"], "v-1": one.get("value", "")}
    return browser.post("/query/run", data=row)


def by_sort(browser: Any, field: str) -> TestResponse:
    return browser.get("/query/?" + urlencode({"q": EVERYBODY, "sort": f"-{field}"}))


def by_group(browser: Any, field: str) -> TestResponse:
    return browser.get("/query/summary?" + urlencode({"q": EVERYBODY, "by": field}))


def by_column(browser: Any, field: str) -> TestResponse:
    return browser.get("/query/?" + urlencode({"q": EVERYBODY, "columns": f"name,{field}"}))


def by_export(browser: Any, field: str) -> TestResponse:
    form = {"q": EVERYBODY, "columns": f"name,{field}", "purpose": "年度统计核对", "format": "xlsx"}
    return browser.post("/query/export", data=form)


def by_print(browser: Any, field: str) -> TestResponse:
    """The columns of a list that is printed branch by branch."""
    form = {"title": "慰问品", "kind": "holiday", "item": "米", "share": "1", "measure": "份", "columns": field}
    return browser.post(f"/query/rosters/new?selection={selected(browser, 'rosters.new')}", data=form)


def by_history(browser: Any, field: str) -> TestResponse:
    return browser.get(
        "/query/?" + urlencode({"q": written(field), "as_of": (today() - timedelta(days=1)).isoformat()})
    )


def by_anothers_preset(browser: Any, field: str) -> TestResponse:
    number = db.session.query(Definition.id).filter(Definition.name == field).scalar()
    return browser.get(f"/query/definitions/{number}")


def by_address(browser: Any, field: str) -> TestResponse:
    return browser.get("/query/?" + urlencode({"q": written(field)}))


def by_batch_edit(browser: Any, field: str) -> TestResponse:
    form = {"selection": selected(browser, "batches.new"), "fields": field, field: "40", "reason": "因"}
    return browser.post("/query/batches/new", data=form)


WAYS: tuple[Way, ...] = (
    by_filter, by_sort, by_group, by_column, by_export, by_print, by_history, by_anothers_preset, by_address,
)  # fmt: skip
# who looks after units keeps no lists and edits nobody
CLOSED = {MARITAL: {by_print, by_batch_edit}, SALARY: set()}


@pytest.fixture
def browsers(tree, user_as, client_of):
    """The browsers of the three, with a member who has a salary and a family, and a question of the union's shared."""
    union = user_as(Role.UNION_OPERATOR, tree["root"])
    member = factories.make_member(
        tree["a"], name="殷有薪", dues_base="7654.32", marital_status="40", spouse=None, staff_no="T7777"
    )
    history.write(member, {"dues_base": "7655.00"}, union, reason="工会修改")
    for field, condition in FILLED.items():
        made = Definition(name=field, note="", reach=Reach.SHARED, unit=tree["root"], owner_id=union.id)
        made.versions.append(
            DefinitionVersion(number=1, question={"all": [condition]}, blanks=[], columns=[], recorded_by=union.id)
        )
        db.session.add(made)
    db.session.commit()
    places = {Role.BRANCH_OPERATOR: tree["a"], Role.ORG_ADMIN: tree["root"]}
    found = {field: client_of(user_as(role, places[role])) for field, role in RIGHTS.items()}
    return found | {"union": client_of(union), "member": member.id}


def sentence(field: str) -> str:
    return f"没有“{field}”这一项，或您无权使用它，请从字段列表中选择"


@pytest.mark.parametrize(
    ("way", "field"),
    [
        pytest.param(way, field, id=f"{way.__name__}-{field}")
        for way in [*WAYS, by_batch_edit]
        for field in (SALARY, MARITAL)
        if way not in CLOSED[field]  # to her altogether: tests/house/matrix.py
    ],
)
def test_every_way_is_refused_with_the_same_sentence(browsers, way, field):
    answer = way(browsers[field], field)

    page = html.unescape(answer.text)
    assert (answer.status_code, sentence(field) in page) == (422, True)
    assert [leak for leak in LEAKS if leak in page] == []
    assert "查到" not in page
    # an invented field is refused no otherwise: nobody learns from the refusal that there is such a one
    FILLED["shoe_size"] = FILLED[field] | {"field": "shoe_size"}
    if way is not by_anothers_preset:
        invented = way(browsers[field], "shoe_size")
        assert (invented.status_code, sentence("shoe_size") in html.unescape(invented.text)) == (422, True)


@pytest.mark.parametrize("field", [SALARY, MARITAL])
def test_who_has_the_right_is_answered_the_same_ways(browsers, field):
    union = browsers["union"]

    answers = {way.__name__: way(union, field) for way in (by_filter, by_column, by_address, by_anothers_preset)}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "by_filter": 303, "by_column": 200, "by_address": 200, "by_anothers_preset": 200,
    }  # fmt: skip
    assert all("殷有薪" in answer.text for name, answer in answers.items() if name != "by_filter")


def test_the_members_own_history_names_the_field_and_shows_nothing_of_it(browsers):
    page = browsers[SALARY].get(f"/members/{browsers['member']}").text
    seen = browsers["union"].get(f"/members/{browsers['member']}").text

    assert ("（无权查看）" in page, "765" in page) == (True, False)
    assert "（无权查看）" not in seen


def test_a_recent_question_with_a_field_that_is_hers_no_more_is_not_read_back(browsers, tree, user_as, client_of):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    browser = client_of(operator)
    by_filter(browser, MARITAL)
    assert "离婚" in browser.get("/query/").text
    operator.grants[0].role = Role.ORG_ADMIN
    db.session.commit()

    page = browser.get("/query/").text

    assert "离婚" not in page
