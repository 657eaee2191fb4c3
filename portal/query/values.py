"""The value of a condition: read as the field and its rule ask for it, written as JSON and in Chinese words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, cast

from portal.core import kinds
from portal.core.errors import DomainError
from portal.core.fields import Field
from portal.core.kinds import Kind, choices
from portal.core.kinds.cleaning import for_code, for_name, is_empty
from portal.core.kinds.operators import Operator
from portal.core.kinds.words import read_name
from portal.members import documents
from portal.members.catalogue import Section

One = str | int | bool | date
Value = One | tuple[One, ...] | None

LONGEST_TEXT = 100
LONGEST_LIST = 5000
MOST_COUNTED = 999
WITHOUT = frozenset({Operator.EMPTY, Operator.NOT_EMPTY})
LISTS = frozenset({Operator.IN, Operator.NOT_IN})
_CODED = frozenset({Kind.CHOICE, Kind.MULTI_CHOICE, Kind.POSTS})
_COUNTED = frozenset({Kind.INTEGER, Kind.AGE, Kind.YEARS, Kind.COMPLETENESS})
_BIRTHDAY = re.compile(r"(\d{1,2})[-月](\d{1,2})日?")
_UNIT_WORDS = re.compile(r".*（([A-Z0-9-]{1,20})）", re.DOTALL)
_LEAP = 2000  # a year that has every day a birthday can fall on
_DAY = Field("day", "日期", Kind.DATE, Section.MEMBERSHIP)


def parse(field: Field, op: Operator, raw: object) -> Value:
    """Return what `raw` says for the rule `op` of `field`: one value, a tuple of several, None for a rule without.

    Raises DomainError with a sentence that says what the value should be.
    """
    if op in WITHOUT:
        if raw is not None:
            raise DomainError("这条规则不需要填值，请删去")
        return None
    if op in LISTS:
        if not isinstance(raw, list):
            raise DomainError("请给出一组值")
        if len(raw) > LONGEST_LIST:
            raise DomainError(f"一次最多 {LONGEST_LIST} 个值，现在是 {len(raw)} 个")
        return tuple(dict.fromkeys(_one(field, op, one) for one in raw))
    if op is Operator.BETWEEN:
        if not isinstance(raw, list) or len(raw) != 2:
            raise DomainError("请给出起、止两个值")
        low, high = (_one(field, op, one) for one in raw)
        # a birthday may run over the turn of the year
        if field.kind is not Kind.BIRTHDAY and cast("int", low) > cast("int", high):
            raise DomainError("起始值大于截止值，请对调")
        return (low, high)
    return _one(field, op, raw)


def day(raw: object) -> date:
    """Return the day that the text `raw` writes, as 2026-09-01 or in any way a date field takes. Raises DomainError."""
    found = kinds.parse(_DAY, raw) if isinstance(raw, str) else None
    if not isinstance(found, date):
        raise DomainError("请填写日期，例如 2026-09-01")
    return found


def _one(field: Field, op: Operator, raw: object) -> One:
    if is_empty(raw) or not isinstance(raw, str | int | float):
        raise DomainError("请填写值")
    if isinstance(raw, str) and len(raw) > LONGEST_TEXT:
        raise DomainError(f"最多 {LONGEST_TEXT} 个字，请缩短")
    found = _read(field, op, raw)
    if found == "":
        raise DomainError("请填写值")
    return found


def _read(field: Field, op: Operator, raw: str | float) -> One:
    kind = field.kind
    if kind in _COUNTED:
        return _counted(field, raw)
    if kind in _CODED:
        return choices.parse_choice(field, raw)
    if kind is Kind.BIRTHDAY:
        return _birthday(str(raw))
    if kind is Kind.UNIT:
        named = _UNIT_WORDS.fullmatch(str(raw))
        return named[1] if named else for_code(raw)
    if op is Operator.TAIL:
        text = for_code(raw).upper()
        if not re.fullmatch(r"[0-9]{3}[0-9X]" if kind is Kind.ID_NUMBER else r"[0-9]{4}", text):
            raise DomainError("请填写末四位")
        return text
    if kind is Kind.ID_NUMBER:
        return documents.normalise(str(raw))
    if kind is Kind.NAME:
        return read_name(raw)
    if kind is Kind.STAFF_NO:
        return for_code(raw).replace(" ", "")
    if kind in (Kind.PHONE, Kind.BOOL, Kind.DATE, Kind.MONTH):
        return cast("One", kinds.parse(field, raw))
    return for_name(raw)


def _counted(field: Field, raw: str | float) -> int:
    text = for_code(raw)
    if isinstance(raw, bool) or not re.fullmatch(r"[0-9]{1,3}", text):
        raise DomainError(f"{field.label}应是 0 至 {MOST_COUNTED} 的整数")
    return int(text)


def _birthday(text: str) -> str:
    found = _BIRTHDAY.fullmatch(for_code(text))
    try:
        made = date(_LEAP, int(found[1]), int(found[2])) if found else None
    except ValueError:
        made = None
    if made is None:
        raise DomainError("生日请写成月-日，例如 05-01")
    return f"{made:%m-%d}"


def plain(value: Value) -> Any:
    """Return `value` as JSON holds it: days in ISO, several as a list."""
    return kinds.plain(value)


def words(field: Field, value: One, name_of: Callable[[str], str]) -> str:
    """Return one value in Chinese words from which `parse` makes the same again.

    `name_of` gives the name of a unit by its code.
    """
    if field.kind is Kind.UNIT:
        return f"{name_of(str(value))}（{value}）"
    if field.kind in _CODED:
        label = choices.label_of(field, value)
        return label if choices.parse_choice(field, label) == value else str(value)
    if field.kind is Kind.BIRTHDAY:
        month, of_month = str(value).split("-")
        return f"{int(month)}月{int(of_month)}日"
    return kinds.show(field, value) if field.kind in (Kind.BOOL, Kind.DATE, Kind.MONTH) else str(value)
