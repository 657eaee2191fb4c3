"""Documents: every type, every trap, and the sentence for each."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.calendar import today
from portal.core.fields import FieldError
from portal.members import documents
from portal.members.enums import IdType, Sex

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643


def whole(seventeen: str) -> str:
    """Return the number with its check digit, counted by hand from the standard, apart from the code."""
    total = sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True))
    return seventeen + "10X98765432"[total % 11]


def refusal(id_type: str | None, text: object) -> str:
    with pytest.raises(FieldError) as caught:
        documents.read(id_type, text)
    assert caught.value.field == "id_number"
    return caught.value.message


WOMAN = whole("13030219900501002")
MAN = whole("13030219900501001")
ENDS_IN_X = next(number for n in range(1, 999) if (number := whole(f"13030219900501{n:03d}")).endswith("X"))


def test_an_identity_card_tells_sex_and_birth() -> None:
    assert documents.read(None, WOMAN) == documents.Document(IdType.IDENTITY_CARD, WOMAN, Sex.FEMALE, date(1990, 5, 1))
    assert documents.read("1", MAN).sex is Sex.MALE


@pytest.mark.parametrize(
    "dress",
    [
        str.lower,
        lambda n: f" '{n[:6]} {n[6:14]}\u200b {n[14:]}\u00a0",
        lambda n: f"‘{n}",
        lambda n: "".join(chr(ord(c) + 0xFEE0) for c in n),
    ],
)
def test_dress_does_not_matter(dress) -> None:
    assert documents.read(None, dress(ENDS_IN_X)).number == ENDS_IN_X
    assert documents.normalise(dress(ENDS_IN_X)) == ENDS_IN_X


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (WOMAN[:-1] + str((int(WOMAN[-1]) + 1) % 10), "身份证号码校验位错误，请核对"),
        (whole("13030219900230002"), "身份证号码中的出生日期无效"),
        (whole("13030219901301002"), "身份证号码中的出生日期无效"),
        (whole("13030218791231002"), "身份证号码中的出生日期无效"),
        (whole(f"130302{today() + timedelta(days=1):%Y%m%d}002"), "身份证号码中的出生日期无效"),
        (whole("13030299991231002"), "身份证号码中的出生日期无效"),
        (
            whole("03030219900501002"),
            "身份证号码前两位不是省级行政区划代码，请核对",
        ),
        (whole("16030219900501002"), "身份证号码前两位不是省级行政区划代码，请核对"),
        ("130302900501001", "请填写 18 位身份证号码"),
        ("１３０３０２９００５０１００１", "请填写 18 位身份证号码"),
        (WOMAN[:-1], "请填写 18 位身份证号码"),
        (WOMAN + "1", "请填写 18 位身份证号码"),
        ("", "请填写证件号码"),
        ("  ", "请填写证件号码"),
        (None, "请填写证件号码"),
        (1.30302e17, "证件号码被 Excel 存成了数字，后三位已丢失，请将该列设为文本后重填"),
        (130302199005010000, "证件号码被 Excel 存成了数字，后三位已丢失，请将该列设为文本后重填"),
        ("1.30302E+17", "证件号码被 Excel 存成了数字，后三位已丢失，请将该列设为文本后重填"),
    ],
)
def test_each_mistake_has_its_sentence_whether_the_type_is_given_or_not(number: object, sentence: str) -> None:
    assert refusal(None, number) == sentence
    assert refusal("1", number) == sentence


def test_an_unknown_county_only_warns() -> None:
    young = documents.read(None, whole("13999919900501002"))
    abolished = documents.read(None, whole("13032319900501002"))

    assert (young.birth_date, young.warnings) == (date(1990, 5, 1), ("身份证号码前六位不在行政区划代码表中，请核对",))
    assert abolished.warnings == ()


@pytest.mark.parametrize("serial", ["996", "997", "998", "999"])
def test_the_serials_of_centenarians_are_numbers_like_others(serial: str) -> None:
    assert documents.read(None, whole(f"13030219300501{serial}")).birth_date == date(1930, 5, 1)


@pytest.mark.parametrize("area", ["810000", "820000", "830000"])
def test_a_residence_card_is_known_by_its_area(area: str) -> None:
    number = whole(f"{area}19900501002")

    assert documents.read(None, number) == documents.Document(
        IdType.RESIDENCE_CARD, number, Sex.FEMALE, date(1990, 5, 1)
    )
    assert documents.read("5", number) == documents.read(None, number)
    assert refusal("1", number) == "该号码是港澳台居民居住证的号码，证件类型请改选“港澳台居民居住证”，或核对号码"
    assert refusal(None, number[:-1] + ("1" if number[-1] != "1" else "2")) == "身份证号码校验位错误，请核对"


def test_a_residence_card_has_no_other_area() -> None:
    sentence = "港澳台居民居住证号码以 810000、820000 或 830000 开头，请核对证件类型和号码"

    assert refusal("5", whole("81010019900501002")) == sentence
    assert refusal(None, whole("81010019900501002")) == sentence
    assert refusal("5", WOMAN) == sentence
    assert refusal("5", "8100001990") == "请填写 18 位港澳台居民居住证号码"


def test_a_foreigners_card_is_new_or_old() -> None:
    new = whole("91101011990050100")

    assert refusal(None, new) == "身份证号码中的出生日期无效"
    new = whole("91184019900501002")
    assert documents.read(None, new) == documents.Document(IdType.FOREIGNER_CARD, new, Sex.FEMALE, date(1990, 5, 1))
    assert documents.read("6", new) == documents.read(None, new)
    assert documents.read(None, "usa130390050112") == documents.Document(IdType.FOREIGNER_CARD, "USA130390050112")
    assert refusal("6", WOMAN) == "该号码是居民身份证的号码，证件类型请改选“居民身份证”，或核对号码"
    assert refusal("6", "12") == "请填写 18 位外国人永久居留身份证号码"
    assert refusal("1", new) == "该号码是外国人永久居留身份证的号码，证件类型请改选“外国人永久居留身份证”，或核对号码"


@pytest.mark.parametrize(
    ("id_type", "typed", "number"),
    [
        (None, "h12345678", "H12345678"),
        (None, "M1234567801", "M1234567801"),
        ("3", "Ｈ１２３４５６７８", "H12345678"),
        ("2", "e 1234 5678", "E12345678"),
        ("2", "12345", "12345"),
        ("4", "01234567", "01234567"),
        ("4", "0123456789（B）", "0123456789B"),
        ("7", "军字第2001988号", "军字第2001988号"),
        ("9", "AB-12", "AB-12"),
    ],
)
def test_other_documents_are_taken_by_their_form_and_tell_nothing(id_type: str | None, typed: str, number: str) -> None:
    document = documents.read(id_type, typed)

    assert (document.number, document.sex, document.birth_date, document.warnings) == (number, None, None, ())
    assert document.id_type == (id_type or IdType.HONGKONG_MACAO_PASS)


@pytest.mark.parametrize(
    ("id_type", "typed", "sentence"),
    [
        (None, "E12345678", "无法识别证件号码，请核对；不是居民身份证的，请选择证件类型"),
        (None, "张三", "无法识别证件号码，请核对；不是居民身份证的，请选择证件类型"),
        (None, "H1234567", "无法识别证件号码，请核对；不是居民身份证的，请选择证件类型"),
        ("1", "E12345678", "请填写 18 位身份证号码"),
        ("2", "E123", "护照号码的格式不正确，请核对证件类型和号码"),
        ("2", "E1234567<", "护照号码的格式不正确，请核对证件类型和号码"),
        ("3", "A12345678", "港澳居民来往内地通行证号码的格式不正确，请核对证件类型和号码"),
        ("4", "0123456", "台湾居民来往大陆通行证号码的格式不正确，请核对证件类型和号码"),
        ("7", "军", "军官证号码的格式不正确，请核对证件类型和号码"),
    ],
)
def test_what_fits_no_form_is_refused(id_type: str | None, typed: str, sentence: str) -> None:
    assert refusal(id_type, typed) == sentence


@settings(deadline=None, max_examples=300)
@given(
    province=st.integers(10, 80),
    rest=st.integers(0, 9999),
    year=st.integers(1870, 2035),
    month=st.integers(0, 13),
    day=st.integers(0, 32),
    serial=st.integers(0, 999),
)
def test_any_seventeen_digits_are_right_if_province_and_day_are(
    province: int, rest: int, year: int, month: int, day: int, serial: int
) -> None:
    number = whole(f"{province:02d}{rest:04d}{year:04d}{month:02d}{day:02d}{serial:03d}")
    known = {
        11,
        12,
        13,
        14,
        15,
        21,
        22,
        23,
        31,
        32,
        33,
        34,
        35,
        36,
        37,
        41,
        42,
        43,
        44,
        45,
        46,
        50,
        51,
        52,
        53,
        54,
        61,
        62,
        63,
        64,
        65,
        71,
    }
    try:
        born = date(year, month, day)
    except ValueError:
        born = None
    right = province in known and born is not None and year >= 1880 and born <= today()

    try:
        document = documents.read(None, number)
    except FieldError:
        document = None

    assert (document is not None) == right
    if document is not None:
        assert (document.birth_date, document.sex) == (born, Sex.MALE if serial % 2 else Sex.FEMALE)


@settings(deadline=None)
@given(place=st.integers(0, 16), add=st.integers(1, 9))
def test_any_one_wrong_digit_is_noticed(place: int, add: int) -> None:
    wrong = WOMAN[:place] + str((int(WOMAN[place]) + add) % 10) + WOMAN[place + 1 :]

    refusal(None, wrong)


@settings(deadline=None)
@given(id_type=st.sampled_from([None, *(one.value for one in IdType)]), text=st.text(max_size=30))
def test_whatever_comes_is_read_or_refused(id_type: str | None, text: str) -> None:
    try:
        document = documents.read(id_type, text)
    except FieldError as error:
        document = None
        told = error.field
    assert document is None or documents.read(document.id_type, document.number) == document
    assert document is not None or told == "id_number"
