"""What each kind of field can do: read what was typed, show it, hide it, fill an input again.

The table below is the only place that knows; a new kind is a name in kind.py and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from portal.core.calendar import today
from portal.core.fields import Field, FieldError
from portal.core.kinds import choices, days, numbers, rows, words
from portal.core.kinds.choices import options_of
from portal.core.kinds.cleaning import is_empty, refusal
from portal.core.kinds.days import years_between
from portal.core.kinds.kind import Kind
from portal.core.kinds.rows import RowErrors
from portal.core.kinds.words import PENDING_STAFF_NO, tail

__all__ = [
    "PENDING_STAFF_NO", "FieldError", "Kind", "RowErrors", "from_plain", "is_empty", "mask", "missing", "options_of",
    "parse", "plain", "show", "table", "to_input", "years_between",
]  # fmt: skip

HIDDEN = "****"


def _refuse(field: Field, raw: object) -> object:
    raise refusal(field, "由系统写入，不能手工填写")


def _text(field: Field, value: object) -> str:
    return str(value)


def _hidden(field: Field, value: object) -> str:
    return HIDDEN


def _tail(field: Field, value: object) -> str:
    return tail(str(value))


def _label(field: Field, value: object) -> str:
    return choices.label_of(field, value)


def _labels(field: Field, value: object) -> str:
    return "、".join(choices.label_of(field, code) for code in cast("Iterable[object]", value))


def _yes_no(field: Field, value: object) -> str:
    return "是" if value else "否"


def _unit(field: Field, value: object) -> str:
    return str(getattr(value, "name", value))


def _listed(field: Field, value: object) -> str:
    return value if isinstance(value, str) else "；".join(str(line) for line in cast("Iterable[object]", value))


def _age(field: Field, value: object) -> str:
    return f"{years_between(days.as_date(value), today())} 岁"


def _birthday(field: Field, value: object) -> str:
    day = days.as_date(value)
    return f"{day.month}月{day.day}日"


def _years(field: Field, value: object) -> str:
    return f"{years_between(days.as_date(value), today())} 年"


def _completeness(field: Field, value: object) -> str:
    return f"{value}/44 项"


def _parse_rows(field: Field, raw: object) -> object:
    return rows.parse_rows(field, raw, parse)


def _parse_composite(field: Field, raw: object) -> object:
    return rows.parse_composite(field, raw, parse)


def _show_rows(field: Field, value: object) -> str:
    return rows.show_rows(field, value, show)


@dataclass(frozen=True)
class Behaviour:
    """How one kind reads, shows and hides a value that is not empty."""

    parse: Callable[[Field, object], object]
    show: Callable[[Field, object], str] = _text
    mask: Callable[[Field, object], str] = _hidden


TABLE: dict[Kind, Behaviour] = {
    Kind.TEXT: Behaviour(words.parse_text, mask=_tail),
    Kind.LONG_TEXT: Behaviour(words.parse_long_text),
    Kind.NAME: Behaviour(words.parse_name),
    Kind.PLACE: Behaviour(words.parse_place),
    Kind.STAFF_NO: Behaviour(words.parse_staff_no, mask=_tail),
    Kind.ID_NUMBER: Behaviour(words.parse_id_number, mask=_tail),
    Kind.PHONE: Behaviour(words.parse_phone, mask=_tail),
    Kind.TELEPHONE: Behaviour(words.parse_telephone, mask=_tail),
    Kind.WEB_ADDRESS: Behaviour(words.parse_web_address),
    Kind.CHOICE: Behaviour(choices.parse_choice, _label),
    Kind.MULTI_CHOICE: Behaviour(choices.parse_multi_choice, _labels),
    Kind.BOOL: Behaviour(choices.parse_bool, _yes_no),
    Kind.DATE: Behaviour(days.parse_date, days.show_day),
    Kind.MONTH: Behaviour(days.parse_month, days.show_month),
    Kind.END_MONTH: Behaviour(days.parse_end_month, days.show_end_month),
    Kind.INTEGER: Behaviour(numbers.parse_integer),
    Kind.MONEY: Behaviour(numbers.parse_money),
    Kind.PHOTO: Behaviour(_refuse),
    Kind.ROWS: Behaviour(_parse_rows, _show_rows),
    Kind.COMPOSITE: Behaviour(_parse_composite, _show_rows),
    Kind.UNIT: Behaviour(_refuse, _unit),
    Kind.POSTS: Behaviour(_refuse, _listed),
    Kind.CHANGES: Behaviour(_refuse, _listed),
    Kind.AGE: Behaviour(_refuse, _age),
    Kind.BIRTHDAY: Behaviour(_refuse, _birthday),
    Kind.YEARS: Behaviour(_refuse, _years),
    Kind.COMPLETENESS: Behaviour(_refuse, _completeness),
}


def parse(field: Field, raw: object) -> object | None:
    """Return what `raw` (typed text, a list of rows, or a value from a program) says for `field`.

    Nothing typed is None. Raises FieldError with a Chinese sentence that names the field and the way out; for rows
    RowErrors, with a sentence for every cell.
    """
    return None if is_empty(raw) else TABLE[field.kind].parse(field, raw)


def show(field: Field, value: object) -> str:
    """Return `value` in Chinese as a page shows it; nothing for None."""
    if value == "" or (value is None and field.kind is not Kind.END_MONTH):
        return ""
    return TABLE[field.kind].show(field, value)


def mask(field: Field, value: object) -> str:
    """Return `value` hidden: its tail for numbers and texts, else only that there is one; nothing for None."""
    return "" if value is None or value == "" else TABLE[field.kind].mask(field, value)


def missing(field: Field) -> str:
    """Return the sentence for a required field without an answer: 「请填写姓名」, 「请选择民族」."""
    if field.kind is Kind.ROWS:
        return f"请至少填写一行{field.label}" + ("，没有请勾选“无”" if field.or_none else "")
    chosen = field.kind in (Kind.CHOICE, Kind.MULTI_CHOICE, Kind.BOOL, Kind.UNIT)
    return f"请{'上传' if field.kind is Kind.PHOTO else '选择' if chosen else '填写'}{field.label}"


def table(field: Field, value: object) -> list[list[str]]:
    """Return the shown cells of a field of rows, in the order of `field.rows`."""
    return rows.table(field, value, show)


def to_input(field: Field, value: object) -> str:
    """Return `value` as the text that fills an input of the field's kind (ISO for days and months)."""
    if value is None:
        return ""
    if field.kind in (Kind.MONTH, Kind.END_MONTH):
        return f"{days.as_date(value):%Y-%m}"
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(value: object) -> object:
    """Return `value` as JSON can hold it: days in ISO, everything else as it is."""
    if value is None or value.__class__ is str:
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def from_plain(field: Field, value: object) -> object:
    """Return the value of `field` that `plain` has written as `value`."""
    if value is not None and field.kind in (Kind.DATE, Kind.MONTH):
        return days.as_date(value)
    return value
