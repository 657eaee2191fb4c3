"""Every kind of field: what it reads, what it refuses and in which words, what it shows and hides."""

import json
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core import kinds
from portal.core.fields import Field
from portal.core.kinds import FieldError, Kind
from portal.core.kinds.words import is_han
from portal.members.catalogue import FIELD, FIELDS, Section

BORN, STARTED = FIELD["birth_date"], FIELD["work_start_date"]


def refusal(field: Field, raw: object) -> str:
    with pytest.raises(FieldError) as caught:
        kinds.parse(field, raw)
    assert caught.value.field == field.name
    return caught.value.message


def test_every_kind_has_a_line_in_the_table() -> None:
    assert set(kinds.TABLE) == set(Kind)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("nothing", [None, "", "  ", "\u200b\u00a0", "请选择", "未填"])
def test_nothing_typed_is_no_answer(field: Field, nothing: str | None) -> None:
    assert kinds.parse(field, nothing) is None
    assert kinds.show(field, None) == ""
    assert kinds.mask(field, None) == ""


@pytest.mark.parametrize(
    "typed",
    [
        "1990-05-01",
        "1990/5/1",
        "1990.05.01",
        "1990年5月1日",
        "19900501",
        "１９９０－０５－０１",
        " 1990 年 5 月 1 日",
        "1990-5-1",
        date(1990, 5, 1),
        datetime(1990, 5, 1, 8, 30),
        19900501,
    ],
)
def test_a_day_is_read_in_every_usual_way(typed: object) -> None:
    assert kinds.parse(BORN, typed) == date(1990, 5, 1)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1990-02-30", '出生日期"1990-02-30"不是真实存在的日期，请核对'),
        ("1990年13月1日", '出生日期"1990年13月1日"不是真实存在的日期，请核对'),
        ("19901332", '出生日期"19901332"不是真实存在的日期，请核对'),
        ("1890-01-01", '出生日期"1890-01-01"的年份不合理，请核对'),
        ("1990-05", "出生日期请写到日，例如 1990-05-01"),
        ("1990-5/1", '出生日期"1990-5/1"无法识别，请写成 1990-05-01 的样子'),
        ("90.5.1", '出生日期"90.5.1"无法识别，请写成 1990-05-01 的样子'),
        (32994, '出生日期"32994"无法识别，请写成 1990-05-01 的样子'),
        ("五月一日", '出生日期"五月一日"无法识别，请写成 1990-05-01 的样子'),
    ],
)
def test_an_impossible_day_is_refused_by_name(typed: object, sentence: str) -> None:
    assert refusal(BORN, typed) == sentence


@pytest.mark.parametrize(
    "typed", ["1990-10", "1990年10月", "1990.10", "199010", "1990/10", "1990-10-15", date(1990, 10, 15)]
)
def test_a_month_is_the_first_of_its_days(typed: object) -> None:
    assert kinds.parse(STARTED, typed) == date(1990, 10, 1)


@pytest.mark.parametrize("typed", ["1990.1", 1990.1])
def test_a_month_that_a_sheet_has_shortened_is_refused(typed: object) -> None:
    assert refusal(STARTED, typed) == '参加工作时间"1990.1"分不清是 1 月还是 10 月，请写成 1990-01 或 1990-10'


def test_an_unmistakable_month_of_one_digit_is_taken() -> None:
    assert kinds.parse(STARTED, "1990.5") == date(1990, 5, 1)
    assert kinds.parse(STARTED, "1990.01") == date(1990, 1, 1)
    assert kinds.parse(STARTED, "1990-1") == date(1990, 1, 1)


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_days_and_months_come_back_from_page_input_and_store(day: date) -> None:
    month = day.replace(day=1)

    assert kinds.parse(BORN, kinds.show(BORN, day)) == day
    assert kinds.parse(BORN, kinds.to_input(BORN, day)) == day
    assert kinds.from_plain(BORN, kinds.plain(day)) == day
    assert kinds.parse(STARTED, kinds.show(STARTED, month)) == month
    assert kinds.parse(STARTED, kinds.to_input(STARTED, month)) == month
    assert kinds.from_plain(STARTED, kinds.plain(month)) == month


@pytest.mark.parametrize(
    ("start", "day", "years"),
    [
        (date(2004, 2, 29), date(2023, 2, 27), 18),
        (date(2004, 2, 29), date(2023, 2, 28), 19),
        (date(2004, 2, 29), date(2024, 2, 28), 19),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(1990, 5, 1), date(2026, 4, 30), 35),
        (date(1990, 5, 1), date(2026, 5, 1), 36),
    ],
)
def test_years_are_whole_years(start: date, day: date, years: int) -> None:
    assert kinds.years_between(start, day) == years


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.kind is Kind.CHOICE], ids=lambda field: field.name
)
def test_every_choice_is_taken_by_code_and_by_label(field: Field) -> None:
    for code, label in kinds.options_of(field):
        assert kinds.parse(field, code) == code
        assert kinds.parse(field, label) == code
        assert kinds.show(field, code) == label
        assert kinds.parse(field, kinds.to_input(field, code)) == code


@pytest.mark.parametrize(
    ("name", "typed", "code"),
    [
        ("ethnicity", "汉", "01"),
        ("ethnicity", "汉族", "01"),
        ("ethnicity", "达斡尔", "31"),
        ("political_status", "党员", "01"),
        ("political_status", "团员", "03"),
        ("political_status", "普通公民", "13"),
        ("political_status", "无党派人士(民主人士)", "12"),
        ("political_status", "无党派人士（民主人士）", "12"),
        ("education", "本科", "21"),
        ("education", "大专", "31"),
        ("education", "硕士", "14"),
        ("prof_title", "讲师", "013"),
        ("prof_title", "研究馆员", "641"),
        ("prof_title", "教授级高级工程师", "L01"),
        ("employment_status", "退养(内退)", "7"),
    ],
)
def test_the_usual_other_names_are_taken(name: str, typed: str, code: str) -> None:
    assert kinds.parse(FIELD[name], typed) == code


def test_a_word_outside_the_list_is_refused_with_the_word() -> None:
    assert refusal(FIELD["ethnicity"], "火星族") == '民族"火星族"不在国标代码表中'
    assert refusal(FIELD["post_category"], "厨师") == '岗位类别"厨师"不是可选项，请从列表中选择'
    assert refusal(FIELD["ethnicity"], "长" * 99) == f'民族"{"长" * 20}…"不在国标代码表中'


def test_hobbies_are_kept_once_in_the_order_of_the_list() -> None:
    hobbies = FIELD["hobbies"]

    assert kinds.parse(hobbies, ["99", "01", "01", ""]) == ["01", "99"]
    assert kinds.parse(hobbies, "阅读、羽毛球，其他") == ["01", "20", "99"]
    assert kinds.parse(hobbies, []) is None
    assert kinds.show(hobbies, ["01", "99"]) == "羽毛球、其他"
    assert kinds.parse(hobbies, kinds.show(hobbies, ["07", "23"])) == ["07", "23"]


def test_ten_hobbies_are_enough() -> None:
    assert kinds.parse(FIELD["hobbies"], [f"{n:02d}" for n in range(1, 11)]) == [f"{n:02d}" for n in range(1, 11)]
    assert refusal(FIELD["hobbies"], [f"{n:02d}" for n in range(1, 12)]) == "兴趣爱好最多选 10 项，现在选了 11 项"


@pytest.mark.parametrize(
    ("typed", "value"), [("是", True), ("否", False), ("1", True), ("0", False), (True, True), (False, False)]
)
def test_yes_and_no_are_two_answers_and_nothing_is_a_third(typed: object, value: bool) -> None:
    field = FIELD["is_migrant_worker"]

    assert kinds.parse(field, typed) is value
    assert kinds.parse(field, kinds.to_input(field, value)) is value
    assert kinds.parse(field, kinds.show(field, value)) is value
    assert refusal(field, "也许") == "是否农民工请选择“是”或“否”"


def test_children_are_counted_from_none_to_twelve() -> None:
    field = FIELD["children_count"]

    assert [kinds.parse(field, typed) for typed in ("0", "１２", 3, 3.0)] == [0, 12, 3, 3]
    for typed in ("13", "-1", "1.5", "两个"):
        assert refusal(field, typed) == "子女数应为 0 至 12 的整数"


def test_money_has_two_decimals_and_limits() -> None:
    field = FIELD["dues_base"]

    assert [kinds.parse(field, typed) for typed in ("5200", "¥5,200.5", "99999.99", 0)] == [
        "5200.00",
        "5200.50",
        "99999.99",
        "0.00",
    ]
    assert refusal(field, "100000") == "工资（会费计缴基数）应不小于 0 元且小于 100000 元"
    for typed in ("-1", "1.234", "五千", "1e5", "NaN"):
        assert refusal(field, typed) == "工资（会费计缴基数）应为金额，最多两位小数，例如 5200.00"


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("mobile", "13800001234", "*******1234"),
        ("id_number", "13030219900501002X", "**************002X"),
        ("id_number", "E1234", "****4"),
        ("home_address", "秦皇岛市海港区文化路1号", "********化路1号"),
        ("dues_base", "5200.00", "****"),
        ("spouse", {"name": "李四"}, "****"),
        ("children_count", 0, "****"),
        ("marital_status", "20", "****"),
    ],
)
def test_a_mask_shows_a_tail_at_most(name: str, value: object, hidden: str) -> None:
    assert kinds.mask(FIELD[name], value) == hidden


@settings(deadline=None)
@given(st.text(min_size=1, max_size=120))
def test_a_mask_never_shows_more_than_half(text: str) -> None:
    hidden = kinds.mask(FIELD["home_address"], text)

    assert len(hidden) == len(text)
    assert hidden[: -(-len(text) // 2)] == "*" * -(-len(text) // 2)


@pytest.mark.parametrize(
    "name",
    ["photo", "branch", "union_post", "membership_changes", "age", "birthday", "membership_years", "completeness"],
)
def test_what_the_system_writes_cannot_be_typed(name: str) -> None:
    assert refusal(FIELD[name], "一") == f"{FIELD[name].label}由系统写入，不能手工填写"


def test_derived_fields_are_counted_from_their_day() -> None:
    this_year = kinds.today()

    assert kinds.show(FIELD["age"], date(this_year.year - 36, 1, 1)) == "36 岁"
    assert kinds.show(FIELD["birthday"], date(1990, 5, 1)) == "5月1日"
    assert kinds.show(FIELD["membership_years"], date(this_year.year - 3, 1, 1)) == "3 年"
    assert kinds.show(FIELD["completeness"], 30) == "30/44 项"


def test_what_is_missing_is_asked_for_in_the_right_word() -> None:
    asked = {name: kinds.missing(FIELD[name]) for name in ("name", "ethnicity", "photo", "resume", "family_members")}

    assert asked == {
        "name": "请填写姓名",
        "ethnicity": "请选择民族",
        "photo": "请上传照片",
        "resume": "请至少填写一行个人简历",
        "family_members": "请至少填写一行家庭主要成员及其工作单位，没有请勾选“无”",
    }


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.kind is not Kind.PHOTO], ids=lambda field: field.name
)
@settings(deadline=None)
@given(
    raw=st.one_of(
        st.text(max_size=40),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.lists(st.text(max_size=5), max_size=3),
        st.dictionaries(st.sampled_from(["name", "start", "phone"]), st.text(max_size=9), max_size=3),
    )
)
def test_whatever_comes_is_read_or_refused_in_chinese(field: Field, raw: object) -> None:
    try:
        value, refused = kinds.parse(field, raw), None
    except FieldError as error:
        value, refused = None, error
    assert refused is None or (refused.field == field.name and any(map(is_han, refused.message)))
    assert isinstance(kinds.show(field, value), str)
    assert kinds.from_plain(field, json.loads(json.dumps(kinds.plain(value)))) == value


def test_sections_follow_each_other_as_the_dictionary_has_them() -> None:
    order = list(
        dict.fromkeys(field.section for field in sorted(FIELDS, key=lambda field: field.number or 0) if field.number)
    )

    assert order == list(Section)
