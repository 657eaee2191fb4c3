"""Questions as a form holds them: whatever can be asked comes back from the form as it went in."""

from __future__ import annotations

import json

import pytest
from werkzeug.datastructures import MultiDict

from portal.query import building, conditions
from portal.query.building import Box, Draft, Fixed, Row
from portal.query.conditions import QueryError
from tests.query.asked import Asker
from tests.query.people import populate

GROUPS = {
    "all": [
        {"field": "age", "op": "between", "value": [30, 44]},
        {"any": [
            {"field": "post_category", "op": "in", "value": ["1", "2"]},
            {"field": "join_date", "op": "ge", "value": "2020-02-29"},
            {"field": "birthday", "op": "eq", "value": "05-01"},
        ]},
        {"field": "counted_here", "op": "eq", "value": True},
        {"field": "work_start_date", "op": "lt", "value": "2001-09-01"},
        {"field": "name", "op": "in", "value": ["张三", "李四"]},
        {"field": "remark", "op": "empty"},
        {"rows": "children", "age": [3, 6]},
        {"post": "04"},
        {"change": "1", "from": "2026-01-01", "to": "2026-12-31"},
    ]
}  # fmt: skip


def words_of(draft: Draft) -> MultiDict:
    """What the form sends as it stands."""
    words = MultiDict({"mode": draft.mode})

    def row(one: Row, box: str) -> None:
        words.add("part", f"{box}:{one.key}")
        words.add(f"f-{one.key}", one.field)
        words.add(f"was-{one.key}", one.field)
        words.add(f"o-{one.key}", one.op)
        words.add(f"kept-{one.key}", one.kept)
        for value in one.values:
            words.add(f"v-{one.key}", value)

    for part in draft.parts:
        if isinstance(part, Row):
            row(part, "row")
        elif isinstance(part, Fixed):
            words.add("part", f"fixed:{part.key}")
            words.add(f"place-{part.key}", str(part.place))
        else:
            words.add("part", f"box:{part.key}")
            words.add(f"mode-{part.key}", part.mode)
            for one in part.rows:
                row(one, part.key)
    return words


def through_form(question):
    """The question after it has been shown, sent and read."""
    node = conditions.parse(question)
    return conditions.plain(Draft.read(words_of(Draft.of(node))).node(node))


def test_groups_dates_lists_and_rows_go_through_the_form():
    assert through_form(GROUPS) == conditions.plain(conditions.parse(GROUPS))
    assert [type(part) for part in Draft.of(conditions.parse(GROUPS)).parts].count(Box) == 1


def test_what_a_form_cannot_show_stays_as_it_is():
    question = {
        "any": [
            {"not": {"field": "mobile", "op": "empty"}},
            {"all": [{"any": [{"field": "age", "op": "lt", "value": 30}, {"post": "04"}]}, {"post": "06"}]},
            {"field": "sex", "op": "in", "value": []},
            {"any": []},
            {"field": "sex", "op": "eq", "value": "1"},
        ]
    }

    assert through_form(question) == question
    assert [type(part).__name__ for part in Draft.of(conditions.parse(question)).parts] == ["Fixed"] * 4 + ["Row"]


def test_a_number_is_kept_until_another_is_typed():
    question = {"all": [{"any": [{"field": "mobile", "op": "tail", "value": "1234"}, {"post": "04"}]}]}
    node = conditions.parse(question)
    draft = Draft.read(words_of(Draft.of(node)))
    row = next(iter(draft.rows()))

    assert (row.values, row.kept) == ([], "0.0")
    assert conditions.plain(draft.node(node)) == question
    row.values = ["9999"]
    assert conditions.plain(draft.node(node))["all"][0]["any"][0]["value"] == "9999"
    row.values, row.op = [], "eq"
    with pytest.raises(QueryError, match="请填写值"):
        draft.node(node)


def test_a_single_condition_and_everybody():
    lone = {"field": "sex", "op": "eq", "value": "1"}

    assert through_form(lone) == {"all": [lone]}
    assert through_form({"not": lone}) == {"all": [{"not": lone}]}
    assert through_form({"all": []}) == {"all": []}
    assert through_form({"any": []}) == {"all": [{"any": []}]}


def test_another_field_lets_go_of_rule_and_value():
    words = MultiDict([("part", "row:1"), ("was-1", "age"), ("f-1", "sex"), ("o-1", "between"), ("v-1", "30")])

    row = next(iter(Draft.read(words).rows()))

    assert (row.field, row.op, row.values) == ("sex", "eq", [])
    # whoever passes by 照片 with the arrow keys is not left with 值为空
    words = MultiDict([("part", "row:1"), ("was-1", "photo"), ("f-1", "sex"), ("o-1", "empty")])
    assert next(iter(Draft.read(words).rows())).op == "eq"


def test_the_buttons():
    draft = Draft.empty()
    for act in ("add", "box", "add-3", "remove-1", "nonsense", "remove-99"):
        draft.change(act)
    assert [part.key for part in draft.parts] == ["2", "3"]
    assert [row.key for row in draft.rows()] == ["2", "4", "5"]
    draft.change("remove-4")
    draft.change("remove-5")
    assert [part.key for part in draft.parts] == ["2"]  # a box without rows goes
    draft.change("remove-2")
    assert [row.field for row in draft.rows()] == [""]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (Row("1", "age", "lt"), "第 1 个条件“年龄 小于”：请填写值"),
        (Row("1", "sex", "in"), "第 1 个条件“性别 属于”：请至少给出一个值"),
        (Row("1", "child_age", "between", ["3", "x"]), "第 1 个条件“子女年龄”"),
        (Row("1", "post", "holds", [""]), "第 1 个条件：工会职务中没有"),
        (Row("1", "nothing", "eq", ["1"]), "没有“nothing”这一项"),
    ],
)
def test_a_row_that_says_too_little_is_refused_and_never_left_out(row, sentence):
    with pytest.raises(QueryError, match=sentence):
        Draft("all", [row]).node(None)


def test_what_was_forged_is_refused():
    draft = Draft("all", [Fixed("1", 7)])
    with pytest.raises(QueryError, match="已不在原来的查询里"):
        draft.node(conditions.EVERYBODY)


def test_random_questions_go_through_the_form(app, tree):
    asker = Asker(populate(tree, 12), seed=7)
    for _ in range(120):
        question = asker.question()
        node = conditions.parse(question)
        expected = conditions.plain(node if building.tops(node) != (node,) else conditions.All((node,)))
        assert through_form(question) == expected, json.dumps(question, ensure_ascii=False)
