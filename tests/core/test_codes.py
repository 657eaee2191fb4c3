"""The national code lists: each with its source, complete, without doubles, and found by what people write."""

import re
from pathlib import Path

import pytest

from portal.core.codes import CodeList
from portal.members import catalogue
from portal.members.catalogue import (
    COUNTY,
    DEGREE,
    EDUCATION,
    ETHNICITY,
    POLITICAL_STATUS,
    PROF_TITLE,
    RELATION,
)
from portal.members.enums import MARRIED, Marital, TitleLevel

LISTS = [COUNTY, DEGREE, EDUCATION, ETHNICITY, POLITICAL_STATUS, PROF_TITLE, RELATION]


@pytest.mark.parametrize("codes", LISTS, ids=repr)
def test_every_list_names_its_source_and_holds_no_code_twice(codes: CodeList) -> None:
    lines = codes.path.read_text("utf-8").splitlines()
    numbers = [line.split(",")[0] for line in lines[2:]]

    assert re.match(r"# GB/T \d+", lines[0])
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("codes", LISTS, ids=repr)
def test_every_label_and_other_name_leads_to_one_code(codes: CodeList) -> None:
    offered = codes.choices()

    assert codes is COUNTY or len({label for _, label in offered}) == len(offered)
    assert [label for code, label in offered if codes.label(codes.code_of(label) or "") != label] == []
    assert [code for code, _ in offered if codes.code_of(code) != code] == []


def test_there_are_56_peoples_spelt_as_the_standard_spells_them() -> None:
    peoples = [label for code, label in ETHNICITY.choices() if code <= "56"]

    assert len(peoples) == 56
    assert {"达斡尔族", "仫佬族", "仡佬族", "珞巴族"} <= set(peoples)
    assert (ETHNICITY.label("01"), ETHNICITY.label("56")) == ("汉族", "基诺族")


def test_the_usual_answers_stand_first() -> None:
    assert [code for code, _ in EDUCATION.choices()][:8] == ["11", "14", "21", "31", "41", "61", "71", "81"]
    assert [code for code, _ in DEGREE.choices()][:4] == ["0", "2", "3", "4"]
    assert [code for code, _ in PROF_TITLE.choices()][:5] == ["999", "011", "012", "013", "014"]
    assert ETHNICITY.choices()[0] == ("01", "汉族")


def test_political_status_has_its_thirteen() -> None:
    assert [code for code, _ in POLITICAL_STATUS.choices()] == [f"{number:02d}" for number in range(1, 14)]


def test_the_last_digit_of_a_national_title_is_its_level() -> None:
    level = {"1": "411", "2": "412", "3": "420", "4": "434", "5": "435", "6": "435"}
    national = [code for code, _ in PROF_TITLE.choices() if code.isdigit() and code != "999"]

    assert len(national) > 180
    assert {code: catalogue.level_of_title(code) for code in national} == {code: level[code[2]] for code in national}


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("教授", TitleLevel.FULL),
        ("副教授", TitleLevel.ASSOCIATE),
        ("讲师", TitleLevel.MIDDLE),
        ("助教", TitleLevel.ASSISTANT),
        ("实验员", TitleLevel.STAFF),
        ("正高级工程师", TitleLevel.FULL),
        ("正高级实验师", TitleLevel.FULL),
        ("一级教师（中小学）", TitleLevel.MIDDLE),
        ("无", TitleLevel.NONE),
    ],
)
def test_newer_titles_have_a_level_of_their_own(title: str, level: TitleLevel) -> None:
    assert catalogue.level_of_title(PROF_TITLE.code_of(title)) == level


def test_every_title_has_a_known_level_and_no_title_none() -> None:
    assert {catalogue.level_of_title(code) for code, _ in PROF_TITLE.choices()} <= {level.value for level in TitleLevel}
    assert (catalogue.level_of_title(None), catalogue.level_of_title("888")) == (None, None)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("河北秦皇岛", "130300"),
        ("秦皇岛", "130300"),
        ("河北省秦皇岛市", "130300"),
        ("河北", "130000"),
        ("北京市", "110000"),
        ("北京海淀", "110108"),
        ("河北省秦皇岛市海港区", "130302"),
        ("河北抚宁区", "130306"),
        ("广西", "450000"),
        ("香港", "810000"),
        ("１３０３０２", "130302"),
        ("130323", "130323"),
    ],
)
def test_a_place_is_found_by_its_usual_names(words: str, code: str) -> None:
    assert COUNTY.code_of(words) == code


@pytest.mark.parametrize("words", ["朝阳区", "火星", "", "139999"])
def test_what_could_be_two_places_or_none_has_no_code(words: str) -> None:
    assert COUNTY.code_of(words) is None


def test_an_abolished_county_is_read_but_not_offered() -> None:
    assert "130323" in COUNTY
    assert COUNTY.label("130323") == "河北省秦皇岛市抚宁县"
    assert "130323" not in dict(COUNTY.choices())
    assert "130306" in dict(COUNTY.choices())


def test_an_unknown_code_shows_itself() -> None:
    assert ETHNICITY.label("77") == "77"
    assert "77" not in ETHNICITY


def test_a_label_wins_over_another_name_and_the_current_over_the_abolished(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "# GB/T 1\ncode,label,aliases,level,common,ended\n1,甲,乙 丙,,,1990\n2,乙,丁,,,\n3,戊,丙,,1,\n",
        "utf-8",
    )
    codes = CodeList("试", file)

    assert [codes.code_of(word) for word in ("乙", "丙", "丁", "甲", "己")] == ["2", "3", "2", "1", None]
    assert codes.choices() == [("3", "戊"), ("2", "乙")]


def test_married_is_four_codes() -> None:
    assert {code for code in Marital if code in MARRIED} == {"20", "21", "22", "23"}
