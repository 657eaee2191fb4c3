"""Documents that prove who someone is: which number is well formed, and what it says about its holder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from stdnum.cn import ric

from portal.core.calendar import today
from portal.core.fields import FieldError
from portal.core.kinds import missing
from portal.core.kinds.words import document_text, parse_id_number
from portal.members.catalogue import COUNTY, FIELD
from portal.members.enums import IdType, Sex

# the first two digits of GB/T 2260
PROVINCES = frozenset(
    {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83}
)
RESIDENCE_AREAS = ("810000", "820000", "830000")  # 香港, 澳门, 台湾
FIRST_YEAR = 1880

_OTHER_FORMS = {
    IdType.PASSPORT: re.compile(r"[A-Z0-9]{5,20}"),
    IdType.HONGKONG_MACAO_PASS: re.compile(r"[HM][0-9]{8}([0-9]{2})?"),
    IdType.TAIWAN_PASS: re.compile(r"[0-9]{8}|[0-9]{10}[A-Z0-9]"),
    IdType.OFFICER_CARD: re.compile(r"[A-Z0-9\u4e00-\u9fff-]{5,30}"),
    IdType.OTHER: re.compile(r"[A-Z0-9\u4e00-\u9fff-]{2,30}"),
}
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_OLD_FOREIGNER = re.compile(r"[A-Z]{3}[0-9]{12}")


@dataclass(frozen=True)
class Document:
    """A number that can be what it claims to be, and what can be read from it.

    `sex` and `birth_date` are None where the number does not tell; `warnings` are Chinese sentences that refuse
    nothing.
    """

    id_type: IdType
    number: str
    sex: Sex | None = None
    birth_date: date | None = None
    warnings: tuple[str, ...] = field(default=())


def normalise(text: str) -> str:
    """Return `text` as the number is kept and compared: half-width, upper case, without spaces and quotes."""
    return document_text(text)


def read(id_type: str | None, text: object) -> Document:
    """Return what the number `text` of a document of `id_type` says (GB 11643 for those of 18 digits).

    Without `id_type` the number's form decides: 18 digits that begin with 81, 82 or 83 are a residence card, with 9 a
    foreigner's card, else an identity card; three letters and twelve digits an old foreigner's card; H or M and 8 or
    10 digits a 通行证; anything else is refused. Raises FieldError on `id_number`.
    """
    number = parse_id_number(FIELD["id_number"], text) if text is not None else None
    if not isinstance(number, str):
        raise _refused(missing(FIELD["id_number"]))
    kind = IdType(id_type) if id_type else _kind_of(number)  # type: ignore[call-arg]  # by its value alone
    if kind is IdType.TAIWAN_PASS:
        number = re.sub(r"[()]", "", number)
    if kind in _OTHER_FORMS:
        if not _OTHER_FORMS[kind].fullmatch(number):
            raise _refused(f"{kind.label}号码的格式不正确，请核对证件类型和号码")
        return Document(kind, number)
    if kind is IdType.FOREIGNER_CARD and _OLD_FOREIGNER.fullmatch(number):
        return Document(kind, number)
    return _eighteen(kind, number)


def _kind_of(number: str) -> IdType:
    """Return the type that the form of `number` tells."""
    if _EIGHTEEN.fullmatch(number):
        if number[:2] in ("81", "82", "83"):
            return IdType.RESIDENCE_CARD
        return IdType.FOREIGNER_CARD if number[0] == "9" else IdType.IDENTITY_CARD
    if _OLD_FOREIGNER.fullmatch(number):
        return IdType.FOREIGNER_CARD
    if _OTHER_FORMS[IdType.HONGKONG_MACAO_PASS].fullmatch(number):
        return IdType.HONGKONG_MACAO_PASS
    if re.fullmatch(r"[0-9]+X?", number):
        return IdType.IDENTITY_CARD
    raise _refused("无法识别证件号码，请核对；不是居民身份证的，请选择证件类型")


def _eighteen(kind: IdType, number: str) -> Document:
    """Read the 18 digits of GB 11643 that three types of card share."""
    if not _EIGHTEEN.fullmatch(number):
        raise _refused("请填写 18 位身份证号码" if kind is IdType.IDENTITY_CARD else f"请填写 18 位{kind.label}号码")
    told = _kind_of(number)
    if kind is IdType.RESIDENCE_CARD and number[:6] not in RESIDENCE_AREAS:
        raise _refused("港澳台居民居住证号码以 810000、820000 或 830000 开头，请核对证件类型和号码")
    if kind is not told:
        raise _refused(f"该号码是{told.label}的号码，证件类型请改选“{told.label}”，或核对号码")
    if kind is not IdType.FOREIGNER_CARD and int(number[:2]) not in PROVINCES:
        raise _refused("身份证号码前两位不是省级行政区划代码，请核对")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = None
    if born is None or born.year < FIRST_YEAR or born > today():
        raise _refused("身份证号码中的出生日期无效")
    if ric.calc_check_digit(number) != number[17]:
        raise _refused("身份证号码校验位错误，请核对")
    warnings = []
    if kind is IdType.IDENTITY_CARD and number[:6] not in COUNTY:
        warnings.append("身份证号码前六位不在行政区划代码表中，请核对")
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return Document(kind, number, sex, born, tuple(warnings))


def _refused(sentence: str) -> FieldError:
    return FieldError(sentence, field="id_number")
