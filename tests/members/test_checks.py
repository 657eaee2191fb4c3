"""The rules between the fields of one person, each with its sentence."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.errors import Problems
from portal.members import service
from portal.members.catalogue import REQUIRED_FULL, REQUIRED_QUICK
from tests import factories

DAY = date(2026, 9, 1)


def problems(values, **given) -> dict[str, list[str]]:
    """Return the errors of a check, none if it passes."""
    try:
        service.check(values, today=DAY, **given)
    except Problems as error:
        return error.errors
    return {}


def warnings(values) -> list[str]:
    """Return the warnings of a check that passes."""
    return service.check(values, today=DAY)[1]


def test_a_whole_person_passes_and_gets_what_her_number_tells():
    person = factories.a_person().values
    given = {name: value for name, value in person.items() if name not in ("sex", "birth_date", "id_type")}

    filled, told = service.check(given | {"branch": None}, required=REQUIRED_FULL, today=DAY)

    assert told == []
    assert {name: filled[name] for name in ("sex", "birth_date", "id_type")} == {
        name: person[name] for name in ("sex", "birth_date", "id_type")
    }


def test_every_missing_answer_has_its_sentence():
    errors = problems({}, required=(*REQUIRED_FULL, "photo"))

    assert errors["name"] == ["请填写姓名"]
    assert errors["ethnicity"] == ["请选择民族"]
    assert errors["photo"] == ["请上传照片"]
    assert set(errors) == {*REQUIRED_FULL, "photo"} - {"branch"}
    assert set(problems({}, required=REQUIRED_QUICK)) == set(REQUIRED_QUICK)


def test_nothing_stands_for_none_only_where_it_is_an_answer():
    errors = problems({"family_members": [], "resume": []}, required=("family_members", "resume"))

    assert set(errors) == {"resume"}


def test_the_political_status_is_asked_of_identity_cards_alone():
    passport = {"id_type": "2", "id_number": "E12345678", "sex": "1", "birth_date": date(1990, 5, 1)}

    assert problems(passport, required=("political_status",)) == {}
    card = {"id_type": "1", "id_number": factories.id_number()}
    assert set(problems(card, required=("political_status",))) == {"political_status"}


def test_what_the_number_says_wins_with_exact_sentences():
    number = factories.id_number(birth=date(1990, 5, 1), sex="2")

    assert problems({"id_number": number, "sex": "1", "birth_date": date(1990, 5, 2)}) == {
        "sex": ["性别与身份证号码不一致"],
        "birth_date": ["出生日期与身份证号码不一致（证件为 1990-05-01）"],
    }


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("130302900501123", "请填写 18 位身份证号码"),
        ("130302199002301234", "身份证号码中的出生日期无效"),
        ("990302199005011234", None),
    ],
)
def test_a_number_that_cannot_be_has_its_sentence(number, sentence):
    errors = problems({"id_type": "1", "id_number": number})

    assert set(errors) == {"id_number"}
    assert sentence is None or errors["id_number"] == [sentence]


@pytest.mark.parametrize(
    ("born", "is_right"),
    [
        (date(2010, 9, 1), True),  # sixteen today
        (date(2010, 9, 2), False),
        (date(1926, 9, 1), True),
        (date(1925, 9, 1), False),
        (date(2026, 9, 2), False),
    ],
)
def test_the_age_is_an_error_of_the_birth_date(born, is_right):
    errors = problems({"birth_date": born})

    assert set(errors) == (set() if is_right else {"birth_date"})


CHILD = factories.id_number(birth=date(2015, 6, 1), sex="2", serial=88)
WRONG = CHILD[:-1] + ("1" if CHILD[-1] == "0" else "0")
STUDY = {"start": "2001-09", "end": "2005-07", "place": "海港师范学院"}
WORK = {"start": "2005-07", "end": None, "place": "海港大学"}

RULES = [
    ({"prof_title": "012", "title_level": "411"}, "title_level", "职称与职称级别不一致"),
    ({"work_start_date": date(2026, 10, 1)}, "work_start_date", None),
    ({"school_entry_date": date(2026, 11, 1)}, "school_entry_date", None),
    ({"birth_date": date(1990, 5, 2), "school_entry_date": date(2006, 5, 1)}, "school_entry_date", None),
    ({"spouse": {"name": "王伟"}, "marital_status": "10"}, "spouse", None),
    ({"spouse": {"name": "王伟"}}, "spouse", None),
    ({"children_count": 1, "children": [{"name": "甲"}, {"name": "乙"}]}, "children_count", None),
    ({"children": [{"birth_date": "2026-09-02"}]}, "children", None),
    ({"birth_date": date(1990, 5, 1), "children": [{"birth_date": "2004-04-30"}]}, "children", None),
    (
        {"children_count": 1, "children": []},
        "children",
        "子女信息已勾选“无”，但子女数为 1；不想填写明细的，请不勾选“无”，各行留空",
    ),
    ({"children": [{"name": "甲乙", "birth_date": "2026-09-02"}]}, "children", "甲乙的出生日期不能晚于今天"),
    ({"children": [{"id_number": CHILD}, {"id_number": CHILD}]}, "children", "子女信息中有两行的证件号码相同，请核对"),
    ({"children": [{"name": "甲乙", "id_number": WRONG}]}, "children", "甲乙的证件号码：身份证号码校验位错误，请核对"),
    (
        {"children": [{}, {"id_number": "*" * 14 + CHILD[-4:]}]},
        "children",
        "第 2 个子女的证件号码：请完整填写，不能含有星号",
    ),
    (
        {"children": [{"name": "甲乙", "id_number": CHILD, "birth_date": "2015-06-02"}]},
        "children",
        "甲乙的出生日期与证件号码不一致，请核对",
    ),
    (
        {"children": [{"name": "甲乙", "id_number": CHILD, "sex": "1"}]},
        "children",
        "甲乙的性别与证件号码不一致，请核对",
    ),
    ({"honors": [{"title": "优秀教师", "year": 2027}]}, "honors", "“优秀教师”的年度不能晚于今年"),
    ({"employment_form": "4", "dispatch_company": None}, "dispatch_company", None),
    ({"resume": [{"start": "2026-10", "end": None, "place": "海港大学"}]}, "resume", None),
]


@pytest.mark.parametrize(("values", "name", "sentence"), RULES, ids=[f"{rule[1]}-{n}" for n, rule in enumerate(RULES)])
def test_a_broken_rule_is_an_error_of_its_field(values, name, sentence):
    errors = problems(values)

    assert set(errors) == {name}
    assert sentence is None or errors[name] == [sentence]


ALLOWED = [
    {"prof_title": "012", "title_level": "412"},
    {"school_entry_date": date(2026, 10, 31)},
    {"birth_date": date(1990, 5, 1), "school_entry_date": date(2006, 5, 1)},
    {"spouse": {"name": "王伟"}, "marital_status": "22"},
    {"children_count": 2, "children": [{"name": "甲"}]},
    {"children": [{"birth_date": "2026-09-01"}]},
    {"children_count": 0, "children": []},
    {"children": [{"id_number": CHILD, "birth_date": "2015-06-01", "sex": "2"}, {"id_number": "E12345678"}]},
    {"honors": [{"title": "优秀教师", "year": 2026}, {"title": "先进", "year": None}]},
    {"employment_form": "4", "dispatch_company": "海港人力资源公司"},
    {"birth_date": date(1990, 5, 20), "work_start_date": date(2006, 5, 1)},
    {"resume": [STUDY, WORK]},
]


@pytest.mark.parametrize("values", ALLOWED, ids=[next(iter(values)) + f"-{n}" for n, values in enumerate(ALLOWED)])
def test_what_the_rules_allow_passes_in_silence(values):
    assert service.check(values, today=DAY)[1] == []


WARNED = [
    ({"birth_date": date(1990, 5, 1), "political_status": "03"}, "共青团员"),
    ({"birth_date": date(1990, 5, 1), "work_start_date": date(2006, 4, 1)}, "参加工作"),
    ({"birth_date": date(2006, 5, 1), "sex": "1", "marital_status": "21"}, "法定婚龄"),
    ({"family_planning": "1", "children_count": 2}, "光荣证"),
    ({"family_planning": "1", "children": [{"birth_date": "2016-01-01"}]}, "2015 年"),
    ({"children": [{"is_only_child": True}, {"is_only_child": None}]}, "独生"),
    ({"degree": "2", "education": "21"}, "同等学力"),
    ({"is_migrant_worker": True, "household_type": "1"}, "农民工"),
    ({"employment_form": "4"}, "劳务派遣"),
    ({"resume": [STUDY | {"end": "2005-08"}, WORK]}, "重叠"),
]


@pytest.mark.parametrize(("values", "word"), WARNED, ids=[word for _, word in WARNED])
def test_what_is_odd_warns_and_refuses_nothing(values, word):
    told = warnings(values)

    assert len(told) == 1
    assert word in told[0]


def test_the_level_follows_the_title():
    assert service.check({"prof_title": "012"}, today=DAY)[0]["title_level"] == "412"
