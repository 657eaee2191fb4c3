"""Cells of a workbook in words, as a person reads them: a part of the child process of `portal.core.sheets`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

MOST_COLUMNS = 256
HEADINGS = 50  # titles, headings and remarks among the rows, beyond those that are allowed
MOST_LETTERS = 600  # a row's share of the letters that a sheet may have

# why a file is not read
BAD, LARGE, ROWS, COLUMNS, MERGED, LOCKED = "bad", "large", "rows", "columns", "merged", "locked"
OTHER, WEB, BINARY, BROKEN, EMPTY = "other", "web", "binary", "broken", "empty"
# what stood in a cell: one letter for each cell of a row
TEXT, NUMBER, DATE, BOOL, ERROR = "t", "n", "d", "b", "e"
# between the cells and the rows that the child hands over: no text has them
NEXT_CELL, NEXT_ROW = "\x1f", "\x1e"

_KINDS = {float: NUMBER, bool: BOOL, datetime.date: DATE, datetime.datetime: DATE}
_NONE: dict[int, tuple[str, Any]] = {}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_EPOCH, _EPOCH_1904 = datetime.date(1899, 12, 30), datetime.date(1904, 1, 1)
_LAST_SERIAL = 2_958_465  # 9999-12-31


class Refused(Exception):
    """The file is not read; `reason` is one of the words above."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# what the XML tells of a cell that its value does not
UNSOLVED, WRONG, FORM, DAY = "unsolved", "wrong", "form", "day"


@dataclass
class Hints:
    """What the values of a sheet do not tell themselves, by row number and column (from 0), as (what, of which).

    UNSOLVED with the formula, which was never worked out; WRONG, an error; FORM with the digits and decimals that a
    number's format shows; DAY, a number that means one.
    """

    rows: dict[int, dict[int, tuple[str, Any]]] = field(default_factory=dict)
    date_1904: bool = False

    def add(self, number: int, column: int, what: str, of_which: Any = None) -> None:
        """Keep the first thing that is said about a cell."""
        self.rows.setdefault(number, {}).setdefault(column, (what, of_which))


def column_of(letters: bytes) -> int:
    """Return the place of the column with these letters, beginning with 0."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1


def line(number: int, texts: list[str], letters: str) -> str:
    """Return a row as the child hands it over; `texts` hold no control characters but tabs and ends of lines."""
    return NEXT_CELL.join([str(number), letters, *texts])


def lines(grid: Any, hints: Hints, most_rows: int) -> list[str]:
    """Return the rows of calamine's `grid` that hold something. Raises Refused where there is too much."""
    found: list[str] = []
    letters_left = MOST_LETTERS * most_rows
    for number, first, values in _rows(grid, hints):
        texts = [""] * first + [words(value) if value.__class__ is str else _text(value) for value in values]
        kinds = [TEXT] * first + [_KINDS.get(value.__class__, TEXT) for value in values]
        for column, (what, of_which) in hints.rows.get(number, _NONE).items():
            texts += [""] * (column + 1 - len(texts))
            kinds += [TEXT] * (column + 1 - len(kinds))
            value = values[column - first] if 0 <= column - first < len(values) else ""
            if cell := _hinted(value, what, of_which, hints.date_1904):
                texts[column], kinds[column] = cell
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        one = line(number, texts, "".join(kinds[: len(texts)]))
        letters_left -= len(one)
        if len(texts) > MOST_COLUMNS:
            raise Refused(COLUMNS)
        if letters_left < 0:
            raise Refused(LARGE)
        if len(found) >= most_rows:
            raise Refused(ROWS)
        found.append(one)
    return found


def _rows(grid: Any, hints: Hints) -> Iterator[tuple[int, int, list[Any]]]:
    """Return (row number, first column, values); the grid ends where values do, formulas may stand below."""
    first = grid.start[1] if grid.start else 0
    if first > MOST_COLUMNS:
        raise Refused(COLUMNS)
    number = 0
    for number, values in enumerate(grid.iter_rows(), 1):
        yield number, first, values
    for below in sorted(row for row in hints.rows if row > number):
        yield below, 0, []


def _hinted(value: Any, what: str, of_which: Any, date_1904: bool) -> tuple[str, str] | None:
    """Return a cell of which more is known than its value, or None where that changes nothing."""
    if what == WRONG:
        return words(value if isinstance(value, str) else "") or "#错误", ERROR
    if what == UNSOLVED:
        return (words("=" + of_which), TEXT) if value == "" else None
    if value.__class__ is not float:
        return None
    if what == FORM:
        return _digits(value, *of_which), NUMBER
    if not 0 < value <= _LAST_SERIAL:
        return None
    first = _EPOCH_1904 if date_1904 else _EPOCH
    return (first + datetime.timedelta(days=int(value))).isoformat(), DATE


def _text(value: Any) -> str:
    """Return what stands in a cell that is no text as a person reads it."""
    if value.__class__ is float:
        return _digits(value)
    if value.__class__ is bool:
        return "是" if value else "否"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)  # a time of the day


def _digits(value: float, digits: int = 1, decimals: int = 0) -> str:
    """Return a number with the zeros that its format shows; Excel keeps 15 digits."""
    if decimals:
        return f"{value:.{min(decimals, 15)}f}"
    if value.is_integer() and abs(value) < 1e21:
        whole = int(value)
        text = str(whole) if abs(whole) < 10**15 else f"{Decimal(f'{value:.15g}'):f}"
        return text.zfill(min(digits, 30))
    return f"{value:.15g}"


def words(text: str) -> str:
    """Return `text` without control characters and the spaces around it."""
    return text.strip() if text.isprintable() else _CONTROL.sub("", text).strip()
