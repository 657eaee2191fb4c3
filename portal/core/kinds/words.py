"""Kinds that are written in words or digits: texts, names, places, staff numbers, documents, phones."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from portal.core.codes import CodeList
from portal.core.fields import Field, FieldError
from portal.core.kinds.cleaning import fit, for_code, for_name, refusal, visible

PENDING_STAFF_NO = "待发工号"  # the answer of an applicant whose number is not issued yet

_MIDDLE_DOT = "·"
_DOTS = dict.fromkeys(map(ord, "•‧・･．.∙⋅●"), _MIDDLE_DOT)
_TITLES = ("先生", "女士", "小姐", "同志", "老师")
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_IS_HAN = re.compile(f"[{_HAN}]")
_USUAL_NAME = re.compile("[\u4e00-\u9fff]{2,50}")
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_STAFF_NO = re.compile(r"[0-9A-Za-z]{4,20}")
_SCIENTIFIC = re.compile(r"[\d.]+E[+-]?\d+", re.IGNORECASE)


def is_han(character: str) -> bool:
    """Whether `character` is a Chinese character, of any extension (planes 2 and 3 hold no other script), or 〇."""
    return _IS_HAN.match(character) is not None


def is_latin(character: str) -> bool:
    """Whether `character` is a Latin letter, with or without an accent."""
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")


def parse_text(field: Field, raw: object) -> str | None:
    """Return one line of text."""
    return fit(field, for_name(raw)) or None


def parse_long_text(field: Field, raw: object) -> str | None:
    """Return a text that keeps its lines."""
    return fit(field, visible(unicodedata.normalize("NFC", str(raw)), keep_lines=True)) or None


def parse_name(field: Field, raw: object) -> str:
    """Return a person's name: Han with ·, or Latin with space, ' and -; 2 to 50 characters."""
    longest = field.max_length or 50
    if isinstance(raw, str) and len(raw) <= longest and _USUAL_NAME.fullmatch(raw) and not raw.endswith(_TITLES):
        return raw
    name = read_name(raw)
    if wrong := _wrong_in_name(name):
        raise refusal(field, f"含有非法字符：‹{wrong}›")
    if not 2 <= len(name) <= longest:
        raise refusal(field, f"应为 2 至 {longest} 个字")
    return name


def read_name(raw: object) -> str:
    """Return `raw` in the one way a name is written here, unchecked: NFC, · between Han, no space beside Han."""
    name = for_name(raw).replace("’", "'").replace("＇", "'")
    name = "".join(unicodedata.normalize("NFKC", c) if "Ａ" <= c <= "ｚ" and c.isalpha() else c for c in name)
    spread = [" ", *name, " "]
    for place, character in enumerate(spread):
        if ord(character) in _DOTS and _beside(spread, place, -1) and _beside(spread, place, 1):
            spread[place] = _MIDDLE_DOT
    name = "".join(spread).strip()
    return re.sub(rf"(?<=[{_HAN}·]) +(?=[{_HAN}·])", "", name)


def _beside(spread: list[str], place: int, step: int) -> bool:
    """Whether the nearest character that is no space, from `place` in the direction `step`, is Han."""
    place += step
    while 0 < place < len(spread) - 1 and spread[place] == " ":
        place += step
    return is_han(spread[place])


def _wrong_in_name(name: str) -> str:
    """Return what must not stand in a name, or nothing."""
    for title in _TITLES:
        if name.endswith(title):
            return title
    if wrong := "".join(dict.fromkeys(c for c in name if not (is_han(c) or is_latin(c) or c in " '-·"))):
        return wrong
    marks = re.match(r"[ '·-]+", name) or re.search(r"[ '·-]+$|[·-]{2,}", name)
    return marks[0] if marks else ""


def parse_place(field: Field, raw: object) -> str | None:
    """Return a place in words; a known six-digit code becomes its words, anything else is taken as written."""
    text = for_name(raw)
    if isinstance(field.options, CodeList) and (code := for_code(raw)) in field.options:
        text = field.options.label(code)
    return fit(field, text) or None


def parse_staff_no(field: Field, raw: object) -> str:
    """Return a staff number (4 to 20 letters or digits, leading zeros kept) or 「待发工号」."""
    if isinstance(raw, str) and _STAFF_NO.fullmatch(raw):
        return raw
    number = for_code(raw).replace(" ", "")
    if number == PENDING_STAFF_NO:
        return number
    if not _STAFF_NO.fullmatch(number):
        raise refusal(field, "应为 4 至 20 位数字或字母，请核对")
    return number


def document_text(text: str) -> str:
    """Return the number of a document as it is kept: half-width, upper case, without spaces and quotes."""
    return re.sub(r"[\s'’‘`]", "", for_code(text)).upper()


def parse_id_number(field: Field, raw: object) -> str | None:
    """Return the number of a document in its kept form; which document it is, another field says.

    A number that was a numeric cell has lost its last digits and is never repaired (15 significant digits in Excel).
    """
    if isinstance(raw, str) and _EIGHTEEN.fullmatch(raw):
        return fit(field, raw)
    if isinstance(raw, int | float) or _SCIENTIFIC.fullmatch(for_code(raw).replace(" ", "")):
        raise refusal(field, "被 Excel 存成了数字，后三位已丢失，请将该列设为文本后重填")
    number = document_text(str(raw))
    if re.fullmatch(r"\d{15}", number):
        raise FieldError("请填写 18 位身份证号码", field=field.name)
    return fit(field, number) or None


def parse_phone(field: Field, raw: object) -> str:
    """Return a mobile as eleven digits, whatever prefix and separators it was written with."""
    if isinstance(raw, str) and _MOBILE.fullmatch(raw):
        return raw
    number = re.sub(r"[\s()\-‐‑–—]", "", for_code(raw))
    number = re.sub(r"^(?:\+?0{0,2}86)(?=\d{11}$)", "", number)
    if not _MOBILE.fullmatch(number):
        raise refusal(field, "应为 11 位数字，以 13 至 19 开头，请核对")
    return number


def parse_telephone(field: Field, raw: object) -> str:
    """Return a mobile, or a line with its area code and extension, as digits and dashes."""
    number = re.sub(r"[\s‐‑–—]+", "-", for_code(raw)).replace("(", "").replace(")", "-")
    number = re.sub(r"-+", "-", number).strip("-")
    digits = re.sub(r"^(?:\+?0{0,2}86)(?=1\d{10}$)", "", number.replace("-", ""))
    if _MOBILE.fullmatch(digits):
        return digits
    if not re.fullmatch(r"\+?[0-9][0-9-]{4,19}", number):
        raise refusal(field, "应为手机号码，或带区号的座机号码，请核对")
    return number


def parse_web_address(field: Field, raw: object) -> str | None:
    """Return an address that begins with http:// or https:// and names a host."""
    text = for_code(raw)
    try:
        address = urlsplit(text)
        host = address.hostname
    except ValueError:
        host = None
    if not host or address.scheme not in ("http", "https") or re.search(r"[\s<>\"'\\]", text):
        raise refusal(field, "应是完整网址，例如 https://gonghui.example.edu.cn/")
    return fit(field, text)


def tail(text: str) -> str:
    """Return `text` hidden but for its last four characters, fewer of a short one."""
    shown = 4 if len(text) >= 8 else len(text) // 3
    return "*" * (len(text) - shown) + text[len(text) - shown :]
