"""Blanks: parts of a saved question that are filled in each time it is opened.

In the question's JSON `{"blank": "age"}` stands where a value goes, or the rule itself where the blank asks whether the
number is included. A default that begins with "@" is reckoned from the day that the answer holds on.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from portal.core.calendar import show_date
from portal.core.enums import LabelEnum
from portal.core.errors import DomainError

from .. import values
from ..conditions import QueryError

LEAP_YEAR = 2000  # its February has every day that a birthday can fall on
MONTHS = 12
MOST_BLANKS = 12
INCLUDED, EXCLUDED = "1", "0"
_NAMED = re.compile(r"\{(\w+)\}")


class BlankKind(LabelEnum):
    """What is asked for."""

    NUMBER = "number", "数"
    DAY = "day", "日期"
    MONTH = "month", "年月"
    BIRTH_MONTH = "birth_month", "月份"
    TEXT = "text", "文字"
    INCLUSIVE = "inclusive", "含本数"
    CHOICE = "choice", "选项"


@dataclass(frozen=True)
class Option:
    """One answer of a CHOICE: the word in the address, the one on the page, and what it puts into the question."""

    code: str
    label: str
    value: Any


@dataclass(frozen=True)
class Blank:
    """One blank: its name in the question and the address, its label, what it asks for, and its first answer."""

    name: str
    label: str
    kind: BlankKind
    default: str
    options: tuple[Option, ...] = ()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The answers to choose from, as (word, label); none for what is typed."""
        if self.kind is BlankKind.INCLUSIVE:
            return [(EXCLUDED, "不含本数"), (INCLUDED, "含本数")]
        if self.kind is BlankKind.BIRTH_MONTH:
            return [(str(month), f"{month} 月") for month in range(1, MONTHS + 1)]
        return [(option.code, option.label) for option in self.options]


def plain(blank: Blank) -> dict[str, Any]:
    """Return the blank as JSON holds it."""
    return {**asdict(blank), "kind": blank.kind.value, "options": [asdict(option) for option in blank.options]}


def from_plain(data: Mapping[str, Any]) -> Blank:
    """Return the blank that `plain` has written."""
    options = tuple(Option(**option) for option in data["options"])
    return Blank(data["name"], data["label"], BlankKind(data["kind"]), data["default"], options)  # type: ignore[call-arg]  # by its value alone


# --- defaults that follow the day -------------------------------------------------------------------------------------


def _month(day: date, later: int) -> str:
    number = day.year * MONTHS + day.month - 1 + later
    return f"{number // MONTHS:04d}-{number % MONTHS + 1:02d}"


def _school_year(day: date) -> str:
    """Return the 31st of August on which children are counted for the next first day of school."""
    return date(day.year + (day.month > 8), 8, 31).isoformat()


RELATIVE: dict[str, Callable[[date], str]] = {
    "@day": date.isoformat,
    "@year_start": lambda day: date(day.year, 1, 1).isoformat(),
    "@year_end": lambda day: date(day.year, 12, 31).isoformat(),
    "@school_year": _school_year,
    "@half_year_ago": lambda day: date.fromordinal(max(1, day.toordinal() - 180)).isoformat(),
    "@month": lambda day: _month(day, 0),
    "@month+5": lambda day: _month(day, 5),
    "@month+11": lambda day: _month(day, 11),
    "@birth_month": lambda day: str(day.month),
    "@next_birth_month": lambda day: str(day.month % MONTHS + 1),
}


def default_of(word: str, day: date) -> str:
    """Return the default that `word` stands for on `day`."""
    return RELATIVE[word](day) if word.startswith("@") else word


def answers(blanks: Iterable[Blank], given: Mapping[str, str], day: date) -> dict[str, str]:
    """Return what was given for each blank, or its default on `day`, as typed."""
    return {blank.name: (given.get(blank.name) or "").strip() or default_of(blank.default, day) for blank in blanks}


# --- filling in -------------------------------------------------------------------------------------------------------


def filled(blank: Blank, text: str) -> Any:
    """Return what the answer `text` puts into the question, in its JSON. Raises QueryError naming the blank."""
    try:
        return _FILL[blank.kind](blank, text)
    except (DomainError, ValueError) as error:
        rest = error.message if isinstance(error, DomainError) else "请填写 0 至 999 的整数"
        raise QueryError(f"“{blank.label}”：{rest}") from None


def _number(blank: Blank, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise ValueError(text)
    return int(text)


def _chosen(blank: Blank, text: str) -> Any:
    for option in blank.options:
        if option.code == text:
            return option.value
    raise QueryError("请从列表中选择")


def _birth_month(blank: Blank, text: str) -> list[str]:
    if text not in dict(blank.choices):
        raise QueryError("请选择 1 至 12 月")
    return [f"{int(text):02d}-01", f"{int(text):02d}-{monthrange(LEAP_YEAR, int(text))[1]:02d}"]


def _rule(blank: Blank, text: str) -> str:
    if text not in dict(blank.choices):
        raise QueryError("请选择含本数或不含本数")
    return "le" if text == INCLUDED else "lt"


_FILL: dict[BlankKind, Callable[[Blank, str], Any]] = {
    BlankKind.NUMBER: _number,
    BlankKind.DAY: lambda blank, text: values.day(text).isoformat(),
    BlankKind.MONTH: lambda blank, text: text,
    BlankKind.BIRTH_MONTH: _birth_month,
    BlankKind.TEXT: lambda blank, text: text,
    BlankKind.INCLUSIVE: _rule,
    BlankKind.CHOICE: _chosen,
}


def resolved(template: Any, blanks: Iterable[Blank], given: Mapping[str, str]) -> Any:
    """Return the question's JSON with every blank filled in from `given`, which has an answer for each.

    Raises QueryError for an answer that cannot be, and for a placeholder that no blank stands behind.
    """
    known = {blank.name: blank for blank in blanks}

    def fill(part: Any) -> Any:
        if isinstance(part, list):
            return [fill(one) for one in part]
        if not isinstance(part, dict):
            return part
        if part.keys() == {"blank"}:
            blank = known.get(str(part["blank"]))
            if blank is None:
                raise QueryError(f"没有“{str(part['blank'])[:30]}”这个填空项，请重新保存口径")
            return filled(blank, given[blank.name])
        return {name: fill(one) for name, one in part.items()}

    return fill(template)


def plainer(data: Any) -> Any:
    """Return a question's JSON without the empty `all` that an answer such as 不限 leaves among others."""
    if not isinstance(data, dict) or not isinstance(data.get("all"), list):
        return data
    return {**data, "all": [plainer(part) for part in data["all"] if part != {"all": []}]}


def used_in(template: Any) -> set[str]:
    """Return the names of the blanks that stand in a question, or in a part of it."""
    if isinstance(template, list):
        return {name for part in template for name in used_in(part)}
    if not isinstance(template, dict):
        return set()
    if template.keys() == {"blank"}:
        return {str(template["blank"])}
    return {name for part in template.values() for name in used_in(part)}


# --- said in words ----------------------------------------------------------------------------------------------------


def words(blank: Blank, text: str) -> str:
    """Return an answer as a caption says it."""
    match blank.kind:
        case BlankKind.INCLUSIVE:
            return "含" if text == INCLUDED else "不含"
        case BlankKind.DAY:
            try:
                return show_date(values.day(text))
            except DomainError:
                return text
        case BlankKind.CHOICE | BlankKind.BIRTH_MONTH:
            return dict(blank.choices).get(text, text)
    return text


def caption(note: str, blanks: Iterable[Blank], given: Mapping[str, str]) -> str:
    """Return the words of a definition with the answers in the place of `{name}`."""
    told = {blank.name: words(blank, given[blank.name]) for blank in blanks}
    return _NAMED.sub(lambda found: told.get(found[1], found[0]), note)


def unfilled(note: str, names: Collection[str]) -> str:
    """Return the first name in braces in `note` that is none of `names`; "" where all are known."""
    return next((name for name in _NAMED.findall(note) if name not in names), "")
