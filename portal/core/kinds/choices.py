"""Kinds that choose: one code, several codes, yes or no."""

from __future__ import annotations

from functools import cache

from portal.core.codes import CodeList
from portal.core.enums import LabelEnum
from portal.core.fields import Field, FieldError
from portal.core.kinds.cleaning import for_code, is_empty, quoted, refusal

_YES = {"是", "1", "true", "yes", "y"}
_NO = {"否", "0", "false", "no", "n"}


def parse_choice(field: Field, raw: object) -> str:
    """Return the code that was chosen; its label, or another name of it, is taken too."""
    text = for_code(raw)
    if isinstance(field.options, CodeList):
        code = field.options.code_of(text)
        if code is None:
            raise refusal_of_code(field, raw)
        return code
    value = _words_of(field.options).get(text) if field.options is not None else None
    if value is None:
        raise refusal(field, f"{quoted(raw)}不是可选项，请从列表中选择")
    return value


@cache
def _words_of(options: type[LabelEnum]) -> dict[str, str]:
    """Return what people may write for an option, its value or its word, to the value; the first one wins."""
    words: dict[str, str] = {}
    for value, label in options.choices():
        words.setdefault(value, value)
        words.setdefault(for_code(label), value)
    return words


def refusal_of_code(field: Field, raw: object) -> FieldError:
    """Return the error for a word that the national list does not hold."""
    return refusal(field, f"{quoted(raw)}不在国标代码表中")


def parse_multi_choice(field: Field, raw: object) -> list[str] | None:
    """Return the chosen codes in the order of the list, each once; a text is divided at commas and 、."""
    words = [str(word) for word in raw] if isinstance(raw, list | tuple) else _divided(raw)
    chosen = {parse_choice(field, word) for word in words if not is_empty(word)}
    if field.max_rows is not None and len(chosen) > field.max_rows:
        raise refusal(field, f"最多选 {field.max_rows} 项，现在选了 {len(chosen)} 项")
    return [value for value, _ in options_of(field) if value in chosen] or None


def parse_bool(field: Field, raw: object) -> bool:
    """Return True for 是, False for 否."""
    text = for_code(raw).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise refusal(field, "请选择“是”或“否”")


def options_of(field: Field) -> list[tuple[str, str]]:
    """Return the (value, label) pairs that the field offers."""
    return field.options.choices() if field.options is not None else []


def label_of(field: Field, value: object) -> str:
    """Return the Chinese word of a code, or the code where the list no longer knows it."""
    if isinstance(field.options, CodeList):
        return field.options.label(str(value))
    return dict(options_of(field)).get(str(value), str(value))


def _divided(raw: object) -> list[str]:
    text = for_code(raw)
    for mark in "、;，；":
        text = text.replace(mark, ",")
    return text.split(",")
