"""Kinds written in words or digits: names, phones, numbers of staff and documents, places."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core import kinds
from portal.core.fields import Field
from portal.core.kinds import FieldError
from portal.core.kinds.words import is_han
from portal.members.catalogue import FIELD

NAME, MOBILE = FIELD["name"], FIELD["mobile"]


def refusal(field: Field, raw: object) -> str:
    with pytest.raises(FieldError) as caught:
        kinds.parse(field, raw)
    assert caught.value.field == field.name
    return caught.value.message


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  张三 ", "张三"),
        ("张\u3000三", "张三"),
        ("张\u200b三\ufeff\u00a0", "张三"),
        ("买买提•吐尔逊", "买买提·吐尔逊"),
        ("买买提‧吐尔逊", "买买提·吐尔逊"),
        ("买买提・吐尔逊", "买买提·吐尔逊"),
        ("买买提．吐尔逊", "买买提·吐尔逊"),
        ("买买提.吐尔逊", "买买提·吐尔逊"),
        ("阿依 · 古丽", "阿依·古丽"),
        ("𠮷田䶮", "𠮷田䶮"),
        ("㛃𬱖𫖯", "㛃𬱖𫖯"),
        ("李〇", "李〇"),
        ("MARY-ANN  O’NEIL", "MARY-ANN O'NEIL"),
        ("José Müller", "José Müller"),
        ("Ｌｉ Ｍｉｎｇ", "Li Ming"),
        ("Jose\u0301", "José"),
    ],
)
def test_a_name_is_kept_in_one_way(typed: str, name: str) -> None:
    assert kinds.parse(NAME, typed) == name


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("李4", "姓名含有非法字符：‹4›"),
        ("王先生", "姓名含有非法字符：‹先生›"),
        ("小明😀", "姓名含有非法字符：‹😀›"),
        ("=cmd()", "姓名含有非法字符：‹=()›"),
        ("J.Smith", "姓名含有非法字符：‹.›"),
        ("·买买提", "姓名含有非法字符：‹·›"),
        ("买买提··吐尔逊", "姓名含有非法字符：‹··›"),
        ("- -", "姓名含有非法字符：‹- -›"),
        ("张", "姓名应为 2 至 50 个字"),
        ("张" * 51, "姓名应为 2 至 50 个字"),
    ],
)
def test_what_is_no_name_is_refused_with_the_character(typed: str, sentence: str) -> None:
    assert refusal(NAME, typed) == sentence


def test_a_name_of_thirty_characters_is_a_name() -> None:
    name = "阿卜杜热合曼·" + "吐" * 24

    assert kinds.parse(NAME, name) == name


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("张三曾𠮷䶮〇㛃𬱖"), min_size=2, max_size=50))
def test_any_han_name_comes_back_as_it_is(name: str) -> None:
    assert kinds.parse(NAME, name) == name
    assert kinds.parse(NAME, kinds.show(NAME, name)) == name


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_name_is_clean_or_refused_and_reading_it_again_changes_nothing(text: str) -> None:
    try:
        name = kinds.parse(NAME, text)
    except FieldError:
        return
    assert name is None or kinds.parse(NAME, name) == name


@pytest.mark.parametrize(
    "extension", [0x3400, 0x4E00, 0x9FFF, 0x20000, 0x2A700, 0x2B740, 0x2B820, 0x2CEB0, 0x30000, 0x31350]
)
def test_every_extension_is_han(extension: int) -> None:
    assert is_han(chr(extension))


@pytest.mark.parametrize("other", ["a", "ア", "가", "々", "1", "·", "⺀"])
def test_other_scripts_are_not_han(other: str) -> None:
    assert not is_han(other)


@pytest.mark.parametrize(
    "typed",
    [
        "13800001234",
        "138 0000 1234",
        "138-0000-1234",
        "+86 13800001234",
        "+8613800001234",
        "008613800001234",
        "8613800001234",
        "１３８００００１２３４",
        "(86)138-0000-1234",
        13800001234,
        13800001234.0,
        "\u202a13800001234\u202c",
    ],
)
def test_a_mobile_is_eleven_digits_however_it_was_written(typed: object) -> None:
    assert kinds.parse(MOBILE, typed) == "13800001234"


@pytest.mark.parametrize("prefix", ["13", "14", "15", "16", "17", "18", "19"])
def test_every_range_of_mobiles_is_taken(prefix: str) -> None:
    assert kinds.parse(MOBILE, f"{prefix}012345678") == f"{prefix}012345678"


@pytest.mark.parametrize(
    "typed", ["12000001234", "1380000123", "138000012345", "1.38E+10", "abc", "86138000012", "0335-8051234"]
)
def test_what_is_no_mobile_is_refused(typed: str) -> None:
    assert refusal(MOBILE, typed) == "手机号码应为 11 位数字，以 13 至 19 开头，请核对"


def test_a_relative_may_have_a_line_with_an_area_code() -> None:
    phone = FIELD["family_members"].rows[3]

    assert kinds.parse(phone, "（0335）8051234") == "0335-8051234"
    assert kinds.parse(phone, "0335 8051234-802") == "0335-8051234-802"
    assert kinds.parse(phone, "+86 138-0000-1234") == "13800001234"
    assert refusal(phone, "没有") == "电话应为手机号码，或带区号的座机号码，请核对"


def test_a_staff_number_keeps_its_zeros_or_is_still_to_come() -> None:
    field = FIELD["staff_no"]

    assert [kinds.parse(field, typed) for typed in ("００１２３", "A 1234", "待发工号")] == [
        "00123",
        "A1234",
        kinds.PENDING_STAFF_NO,
    ]
    for typed in ("123", "1" * 21, "工号1234", "12-34"):
        assert refusal(field, typed) == "工号应为 4 至 20 位数字或字母，请核对"


@pytest.mark.parametrize("typed", [1.30302e17, 130302199001010000, 130302199005010.0, "1.30302E+17", "1.3e17"])
def test_a_document_number_that_was_a_numeric_cell_is_never_repaired(typed: object) -> None:
    assert refusal(FIELD["id_number"], typed) == "证件号码被 Excel 存成了数字，后三位已丢失，请将该列设为文本后重填"


def test_a_document_number_is_cleaned_and_the_old_length_refused() -> None:
    field = FIELD["id_number"]

    assert kinds.parse(field, " '１３０３０２ 19900501\u200b 002ｘ") == "13030219900501002X"
    assert refusal(field, "130302900501001") == "请填写 18 位身份证号码"
    assert refusal(field, "A" * 31) == "证件号码最多 30 个字，现在是 31 个，请缩短"


def test_a_place_is_taken_as_written_or_by_its_code() -> None:
    field = FIELD["native_place"]

    assert kinds.parse(field, "河北秦皇岛") == "河北秦皇岛"
    assert kinds.parse(field, "130302") == "河北省秦皇岛市海港区"
    assert kinds.parse(field, "130323") == "河北省秦皇岛市抚宁县"  # abolished in 2015, and still where someone is from
    assert refusal(field, "远" * 101) == "籍贯最多 100 个字，现在是 101 个，请缩短"


def test_a_remark_keeps_its_lines_and_loses_what_nobody_sees() -> None:
    assert kinds.parse(FIELD["remark"], " 第一行\u200b\r\n第二行\x07 ") == "第一行\n第二行"
    assert refusal(FIELD["remark"], "字" * 501) == "备注最多 500 个字，现在是 501 个，请缩短"
