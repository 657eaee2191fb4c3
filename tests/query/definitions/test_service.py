"""Saved questions: who sees, runs and changes them, their versions and blanks, and what becomes of broken ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden
from portal.members import history
from portal.org.models import User
from portal.org.permissions import Role
from portal.query import asking
from portal.query.conditions import QueryError
from portal.query.definitions import offers, questions, service
from portal.query.definitions.models import Definition, Reach
from portal.query.definitions.offers import Draft
from portal.query.definitions.presets import BY_KEY
from tests import factories

YOUNG: dict[str, Any] = {"all": [
    {"field": "post_category", "op": "eq", "value": "1"}, {"field": "age", "op": "lt", "value": 45},
]}  # fmt: skip
SINGLE = {"all": [{"field": "marital_status", "op": "eq", "value": "10"}]}


def wanted(data: Any = YOUNG, *, reach: Reach = Reach.PRIVATE, ticked: tuple[str, ...] = (), **said: Any) -> Any:
    """What somebody asks to save."""
    draft = Draft(data, said.pop("columns", ()), said.pop("sort", ""))
    return service.Wanted(
        said.pop("name", "青年教师"), "四十五岁以下", reach, said.pop("unit", None), draft, frozenset(ticked)
    )


def saved(owner: User, data: Any = YOUNG, **said: Any) -> Definition:
    """A definition that stands in the database."""
    made = service.save(owner, wanted(data, **said))
    db.session.commit()
    return made


def count(actor: User, definition: Definition, **given: str) -> int:
    """How many it finds, asked by `actor`."""
    return asking.count(actor, questions.opened(actor, service.question_of(definition), given).asked)


def test_who_no_longer_matches_drops_out_at_once(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    people = [factories.make_member(tree["a"], post_category="1", birth_date=None) for _ in range(3)]
    definition = saved(clerk, {"all": [{"field": "post_category", "op": "eq", "value": "1"}]})
    before = count(clerk, definition)

    history.write(people[0], {"post_category": "2"}, SHELL, reason="转岗")
    db.session.commit()

    assert (before, count(clerk, definition)) == (3, 2)


def test_a_ticked_value_is_asked_for_each_time(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    definition = saved(clerk, ticked=("c2",))

    assert definition.present.question["all"][1] == {
        "field": "age", "op": {"blank": "c2r"}, "value": {"blank": "c2"},
    }  # fmt: skip
    question = service.question_of(definition)
    read = [questions.opened(clerk, question, given).reading for given in ({}, {"c2": "50", "c2r": "1"})]
    assert read == [
        "岗位类别 等于「专任教师」，且 年龄 小于「45」",
        "岗位类别 等于「专任教师」，且 年龄 小于等于「50」",
    ]


def test_a_new_version_leaves_the_old_one_as_it_was(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    definition = saved(clerk)
    old = dict(definition.present.question)

    service.revise(clerk, definition, wanted({"all": [{"field": "age", "op": "le", "value": 35}]}))
    service.revise(clerk, definition, wanted({"all": [{"field": "age", "op": "le", "value": 35}]}, name="换了名称"))
    db.session.commit()

    assert [(one.number, one.question == old) for one in definition.versions] == [(1, True), (2, False)]
    assert definition.name == "换了名称"


def test_private_shared_and_official_are_seen_by_the_right_people(tree, user_as) -> None:
    clerk, chair = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_CHAIR, tree["a"])
    mate, other = user_as(Role.BRANCH_OPERATOR, tree["a"]), user_as(Role.BRANCH_OPERATOR, tree["b"])
    made = {
        "own": saved(chair, name="own"),
        "here": saved(chair, name="here", reach=Reach.SHARED, unit=tree["a"]),
        "all": saved(clerk, name="all", reach=Reach.SHARED, unit=tree["root"]),
        "official": saved(clerk, name="official", reach=Reach.OFFICIAL),
    }

    seen = {who: [one.name for one in service.saved(user)] for who, user in
            {"clerk": clerk, "chair": chair, "mate": mate, "other": other}.items()}  # fmt: skip

    assert seen == {
        "clerk": ["official", "all", "here"],
        "chair": ["own", "here", "official", "all"],
        "mate": ["official", "all", "here"],
        "other": ["official", "all"],
    }
    with pytest.raises(Absent):
        service.find(other, made["here"].id)
    with pytest.raises(Absent):
        service.find(clerk, made["own"].id)


def test_an_ordinary_operator_copies_instead_of_overwriting(tree, user_as) -> None:
    clerk, mate = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])
    shared = saved(clerk, reach=Reach.SHARED, unit=tree["root"], ticked=("c2",))
    official = saved(clerk, reach=Reach.OFFICIAL)

    for definition in (shared, official):
        with pytest.raises(Forbidden, match="另存为"):
            service.revise(mate, definition, wanted(SINGLE))
        with pytest.raises(Forbidden, match="另存为"):
            service.withdraw(mate, definition)
    with pytest.raises(Forbidden, match="官方口径由校工会"):
        service.save(mate, wanted(reach=Reach.OFFICIAL))
    with pytest.raises(DomainError, match="管理范围内的单位"):
        service.save(mate, wanted(reach=Reach.SHARED, unit=tree["root"]))
    question = service.question_of(shared)
    draft = offers.of_question(question, {"c2": "40", "c2r": "0"})
    copied = service.save(mate, service.Wanted("我的", "", Reach.PRIVATE, None, draft, frozenset({"c2+c2r"})))
    assert copied.present.question == shared.present.question
    assert [one["name"] for one in copied.present.blanks] == ["c2", "c2r"]


def test_a_copy_of_a_preset_keeps_its_blanks(tree, user_as) -> None:
    mate = user_as(Role.BRANCH_OPERATOR, tree["a"])
    preset = BY_KEY["q2"]
    draft = offers.of_question(preset, questions.opened(mate, preset, {}).answers)
    ticked = frozenset(one.name for one in draft.offers if one.is_taken)

    copied = service.save(mate, service.Wanted("青年", preset.note, Reach.PRIVATE, None, draft, ticked))

    again = questions.opened(mate, service.question_of(copied), {"age": "40", "inclusive": "1"})
    assert again.caption == "专任教师，40周岁以下（含40）"
    assert again.reading.endswith("年龄 小于等于「40」")


def test_nobody_runs_or_saves_what_she_may_not_read(tree, user_as) -> None:
    clerk, reader = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.ORG_ADMIN, tree["root"])
    official = saved(clerk, SINGLE, reach=Reach.OFFICIAL)
    by_column = saved(clerk, reach=Reach.OFFICIAL, columns=("name", "children_count"))

    with pytest.raises(QueryError, match="没有“marital_status”这一项，或您无权使用它"):
        count(reader, official)
    with pytest.raises(QueryError, match="没有“children_count”这一项，或您无权使用它"):
        count(reader, by_column)
    with pytest.raises(QueryError, match="没有“marital_status”这一项，或您无权使用它"):
        service.save(reader, wanted(SINGLE))
    assert service.saved(reader) == []


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"all": [{"field": "shoe_size", "op": "eq", "value": "42"}]}, "没有“shoe_size”这一项"),
        ({"all": [{"field": "sex", "op": "eq", "value": "7"}]}, "性别"),
        ({"all": [{"field": "branch", "op": "within", "value": "GH77"}]}, "代码为“GH77”的单位已停用或不存在"),
        ({"all": [{"field": "branch", "op": "within", "value": "GH03"}]}, "代码为“GH03”的单位已停用或不存在"),
        ({"all": [{"field": "age", "op": "lt", "value": {"blank": "gone"}}]}, "没有“gone”这个填空项"),
    ],
)
def test_what_is_gone_breaks_the_definition_and_it_never_runs(tree, user_as, broken, why) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    factories.make_member(tree["a"])
    definition = saved(clerk)
    definition.present.question = broken
    db.session.commit()

    said = questions.broken(service.question_of(definition))

    assert why in said
    with pytest.raises(QueryError, match="口径已失效"):
        count(clerk, definition)
    assert service.saved(clerk) == [definition]


def test_a_number_of_a_document_or_a_mobile_is_not_saved(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    for op, value in (("eq", "13900001234"), ("tail", "1234")):
        with pytest.raises(DomainError, match="不能保存证件号码或手机号码"):
            service.save(clerk, wanted({"all": [{"field": "mobile", "op": op, "value": value}]}))
    db.session.rollback()
    assert saved(clerk, {"all": [{"field": "mobile", "op": "empty"}]}).id


def test_a_withdrawn_one_is_nowhere_any_more(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    definition = saved(clerk)

    service.withdraw(clerk, definition)
    db.session.commit()

    assert service.saved(clerk) == []
    with pytest.raises(Absent):
        service.find(clerk, definition.id)


def test_words_name_only_blanks_that_are_there(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    words = wanted(ticked=("c2",))

    assert service.save(clerk, replace(words, note="{c2} 岁以下（{c2r}本数）")).id
    with pytest.raises(DomainError, match=r"说明中的“\{age\}”没有对应的填空项"):
        service.save(clerk, replace(words, note="{age} 岁以下"))
    db.session.rollback()
