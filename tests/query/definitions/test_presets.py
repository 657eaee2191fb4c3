"""Presets: hand counts over a small population, and a branch's own number is the union's number for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine

from portal.core.db import db
from portal.org.models import OrgUnit
from portal.org.permissions import Role
from portal.query import asking, conditions
from portal.query.asking import Asked
from portal.query.conditions import QueryError
from portal.query.definitions import counting, questions, service
from portal.query.definitions.presets import BY_KEY, PRESETS
from tests import factories
from tests.query.definitions import seeded
from tests.query.definitions.seeded import TODAY, letters
from tests.query.people import noon, populate

ALL = "ABCDEFILM"  # in good standing and counted here

# preset, answers, and by hand who is found on 2026-11-21
COUNTS: list[tuple[str, dict[str, str], str]] = [
    ("q1", {}, ALL),
    ("q2", {}, "BILM"),
    ("q2", {"inclusive": "1"}, "ABILM"),
    ("q2", {"age": "42", "inclusive": "0"}, "ILM"),
    ("q3", {}, "CDIL"),
    ("q3", {"inclusive": "0"}, "CIL"),
    ("q4", {}, "AB"),
    ("q5", {}, ALL),
    ("q6", {}, "CL"),
    ("q6", {"single": "alone"}, "CDFL"),
    ("q6", {"age": "31"}, ""),
    ("q7", {}, "CL"),
    ("q7", {"sex": "woman"}, "L"),
    ("q7", {"to_age": "29"}, ""),
    ("q8", {}, "ABF"),
    ("q9", {}, "M"),
    ("q9-none", {}, "E"),
    ("q10", {}, "F"),
    ("q11", {}, "ABIL"),
    ("q11", {"month": "2"}, "C"),
    ("q11-next", {}, "D"),
    ("q12-men", {}, "BCEM"),
    ("q12-men", {"age": "40"}, "BEM"),
    ("q12-men", {"age": "50"}, "E"),
    ("q12-single", {}, "L"),
    ("q12-married", {}, "ADF"),
    ("q12-married", {"age": "40"}, "AF"),
    ("q13", {}, ALL),
    ("q13", {"also": "retained"}, "ABCDEFGILM"),
    ("q14", {}, "ABM"),
    ("q14", {"high": "3"}, "M"),
    ("q14", {"low": "4", "high": "11"}, "AB"),
    ("q15", {"as_of": "2026-08-31"}, "AB"),
    ("q15", {"as_of": "2026-08-30"}, ""),
    ("q15", {"as_of": "2026-08-31", "school": "kindergarten"}, "M"),
    ("q15", {"as_of": "2026-08-31", "school": "middle"}, ""),
    ("q15", {"school": "middle"}, "M"),
    ("q16", {}, "E"),
    ("q16-year", {}, "EF"),
    ("q17", {}, "G"),
    ("q18", {}, "L"),
    ("q18", {"from_day": "2026-09-02"}, ""),
    ("q18-left", {}, "HK"),
    ("q18-left", {"to_day": "2026-05-01"}, "K"),
    ("q19", {}, "C"),
    ("q19-parties", {}, "C"),
    ("q19-party", {}, "AL"),
    ("q20", {}, ALL),
    ("q20", {"least": "1"}, ""),
    ("q20-required", {}, "F"),
    ("q20-confirm", {}, "BCDEFILM"),
    ("q20-confirm", {"before": "2026-11-02"}, ALL),
    ("women", {}, "ADFIL"),
    ("degrees", {}, "ALM"),
    ("dispatched", {}, "C"),
    ("migrants", {}, "C"),
]


@pytest.fixture
def today(app: Any) -> Iterator[None]:
    """The day of the hand counts."""
    with time_machine.travel(noon(TODAY), tick=False):
        yield


@pytest.fixture
def people(tree: dict[str, OrgUnit]) -> dict[str, Any]:
    """The thirteen, by letter."""
    tree["empty"] = factories.make_unit(tree["root"], code="GH04", name="体育部分工会")
    return seeded.seed(tree)


def test_every_preset_is_counted_by_hand() -> None:
    assert {key for key, _, _ in COUNTS} == set(BY_KEY)


def test_each_finds_whom_the_hand_counts(tree, people, today, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    found = [letters(clerk, questions.opened(clerk, BY_KEY[key], given)) for key, given, _ in COUNTS]

    assert [(key, given, got) for (key, given, _), got in zip(COUNTS, found, strict=True)] == COUNTS


def test_its_words_are_filled_in(tree, today, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    captions = [questions.opened(clerk, preset, {}).caption for preset in PRESETS]

    assert [caption for caption in captions if "{" in caption or not caption] == []
    said = {key: questions.opened(clerk, BY_KEY["q2"], {"inclusive": key}).caption for key in "01"}
    assert said == {"0": "专任教师，45周岁以下（不含45）", "1": "专任教师，45周岁以下（含45）"}


@pytest.mark.parametrize(
    ("key", "day", "given", "who"),
    [
        ("q2", "2026-11-20", {}, "ABILM"),  # the day before her birthday she is 44
        ("q1", "2026-02-28", {}, "ABCDEFGHIKM"),  # as they were then: one has come, three have gone since
        ("q17", "2026-02-28", {}, ""),
        ("q17", "2026-03-01", {}, "G"),
        ("q11", "2026-11-04", {"month": "11"}, "ABHIL"),  # the day before he died
        ("q3", "2026-02-27", {"age": "30", "inclusive": "0"}, "CI"),  # 29 until the 28th of a common year
        ("q3", "2026-02-28", {"age": "30", "inclusive": "0"}, "I"),
        ("q18", "2026-11-20", {"from_day": "2026-01-01", "to_day": "2026-12-31"}, "L"),
    ],
)
def test_a_past_day_is_asked_of_the_history(tree, people, today, user_as, key, day, given, who) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    found = questions.opened(clerk, BY_KEY[key], {**given, "as_of": day})

    assert letters(clerk, found) == who


def test_who_was_here_without_a_record_is_told(tree, people, today, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    days = [date(2025, 1, 9), date(2025, 1, 10), TODAY]
    told = [counting.unknown_then(clerk, Asked(day=day)) for day in days]

    assert told == [13, 1, 0]


def test_branches_add_up_with_the_empty_the_closed_and_those_in_none(tree, people, today, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    table = counting.table(clerk, questions.opened(clerk, BY_KEY["q1"], {}))

    assert table is not None
    assert table.headings == ("所属分工会", "合计", "男", "女")
    assert table.rows == (
        ("海港大学工会（直属，未分配）", (1, 1, 0)),
        ("外国语学院分工会", (4, 2, 2)),
        ("机械工程学院分工会", (3, 1, 2)),
        ("已撤销分工会（已停用）", (1, 0, 1)),
        ("体育部分工会", (0, 0, 0)),
    )
    assert table.total == (9, 4, 5)


def test_titles_are_counted_with_those_who_have_not_said(tree, people, today, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    table = counting.table(clerk, questions.opened(clerk, BY_KEY["q5"], {}))

    assert table is not None
    assert table.rows == (
        ("正高", (1,)), ("副高", (1,)), ("中级", (1,)), ("员级（初级）", (1,)), ("未填", (5,)),
    )  # fmt: skip
    assert table.total == (9,)


@pytest.mark.parametrize(("place", "families"), [("root", 2), ("a", 1), ("b", 2)])
def test_a_couple_is_one_family_where_both_are_found(tree, people, today, user_as, place, families) -> None:
    role = Role.UNION_OPERATOR if place == "root" else Role.BRANCH_OPERATOR
    actor = user_as(role, tree[place])

    (told,) = counting.beside(actor, questions.opened(actor, BY_KEY["q8"], {}))

    assert (told.label, told.number) == ("家庭（户）", families)


def test_the_retained_are_told_by_their_reason(tree, people, today, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    told = counting.beside(clerk, questions.opened(clerk, BY_KEY["q17"], {}))

    assert [(one.label, one.number) for one in told] == [("退休", 1)]


def test_a_branch_has_the_number_that_the_union_has_for_it(tree, people, today, user_as) -> None:
    populate({name: tree[name] for name in ("root", "a", "b")}, 120)
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    chairs = {place: user_as(Role.BRANCH_CHAIR, tree[place]) for place in ("a", "b", "empty", "closed")}
    differing, counted = [], 0

    for preset in PRESETS:
        for place, chair in chairs.items():
            own = asking.count(chair, questions.opened(chair, preset, {}).asked)
            whole = questions.opened(clerk, preset, {})
            within = {"field": "branch", "op": "within", "value": tree[place].code}
            theirs = Asked(conditions.parse({"all": [whole.data, within]}), whole.asked.day)
            counted += own
            if own != asking.count(clerk, theirs):
                differing.append((preset.key, place))

    assert differing == []
    assert counted > 400  # there was something to differ


# --- who may ask ------------------------------------------------------------------------------------------------------


def test_who_reads_no_family_is_refused_as_for_a_field_that_is_not_there(tree, people, today, user_as) -> None:
    reader = user_as(Role.ORG_ADMIN, tree["root"])  # reads members, not their families
    refused = []

    for preset in PRESETS:
        try:
            questions.opened(reader, preset, {})
        except QueryError as error:
            refused.append((preset.key, error.message.split("：", 1)[1]))

    assert [key for key, _ in refused] == [
        "q6", "q7", "q8", "q9", "q9-none", "q10", "q12-single", "q12-married", "q14", "q15",
    ]  # fmt: skip
    with pytest.raises(QueryError) as unknown:
        conditions.parse({"all": [{"field": "shoe_size", "op": "eq", "value": 42}]})
    assert {sentence.replace("“", "”").split("”")[2] for _, sentence in refused} == {
        unknown.value.message.replace("“", "”").split("”")[2]
    }
    assert [one.key for one in service.presets(reader)] == [one.key for one in PRESETS if one.key not in dict(refused)]


def test_the_first_page_leaves_out_what_may_not_be_asked(tree, people, today, user_as) -> None:
    clerk, reader = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.ORG_ADMIN, tree["root"])

    shown = {one.key: number for one, number, _ in service.common(clerk)}

    assert shown == {"q1": 9, "q2": 4, "q4": 2, "q6": 2, "q8": 3}
    assert [one.key for one, _, _ in service.common(reader)] == ["q1", "q2", "q4"]
    assert service.common(user_as()) == []


def test_a_first_page_of_a_great_house_counts_nothing_before_it_is_asked(
    tree, people, today, user_as, monkeypatch
) -> None:
    clerk, chair = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_CHAIR, tree["b"])
    monkeypatch.setattr(service, "COUNTED_AT_ONCE", 12)

    assert [number for _, number, _ in service.common(clerk)] == [None] * 5
    assert [number for _, number, _ in service.common(chair)] == [3, 2, 1, 1, 2]


def test_questions_counted_at_once_have_the_numbers_that_each_has_alone(tree, people, today, user_as) -> None:
    for actor in (user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_CHAIR, tree["a"])):
        for day in ("2026-02-28", "2026-11-21"):
            asked = [questions.opened(actor, preset, {"as_of": day}).asked for preset in PRESETS]

            assert asking.counts(actor, asked) == [asking.count(actor, one) for one in asked]


@pytest.mark.parametrize(
    ("key", "given", "sentence"),
    [
        ("q2", {"age": "四十五"}, "“年龄（周岁）”：请填写 0 至 999 的整数"),
        ("q2", {"inclusive": "x"}, "“含本数”：请选择含本数或不含本数"),
        ("q6", {"single": "widow"}, "“范围”：请从列表中选择"),
        ("q11", {"month": "13"}, "“月份”：请选择 1 至 12 月"),
        ("q18", {"from_day": "2026-02-30"}, "“变化日期起”："),
        ("q1", {"as_of": "昨天"}, "“截至日期”："),
    ],
)
def test_an_answer_that_cannot_be_is_refused_by_its_name(tree, today, user_as, key, given, sentence) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    with pytest.raises(QueryError) as error:
        questions.opened(clerk, BY_KEY[key], given)

    assert error.value.message.startswith(sentence)
    db.session.rollback()
