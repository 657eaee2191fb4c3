"""Sheets that people bring, as rows of cells in words: a workbook, old or new, a csv file, or pasted text.

What a file says is read in a child process with limits of time and memory; a file that was made to hurt is refused in
one sentence, and nothing of it is ever written.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, overload

from . import sheet_cells, sheet_child, sheet_xml, workers
from .enums import LabelEnum
from .errors import Busy, DomainError

PAGE_ROWS, COMMAND_ROWS = 10_000, 50_000  # the most that a page and a command take
LARGEST = 5 << 20  # bytes of a file, where a caller says nothing
ROWS_MOST = 5_000
BYTES_FOR_A_ROW = 1 << 10
SMALL_ROWS, SMALL_MEGABYTES, SECONDS_FOR_A_MEGABYTE = 20_000, 2, 4  # beyond which a file may take more than others
SAID_MOST = 20_000
MERGED_MOST = 500_000  # cells that show what another one holds

KINDS = "请上传 xlsx、xls 或 csv 文件"
SENTENCES = {
    sheet_cells.BAD: f"文件无法读取，可能已损坏或不是真正的 Excel 文件；{KINDS}",
    sheet_cells.LARGE: "文件展开后过大，请只保留需要的工作表和列，另存后重新上传",
    sheet_cells.ROWS: "文件超过 {rows} 行，请分成几个文件上传",
    sheet_cells.COLUMNS: f"表格超过 {sheet_cells.MOST_COLUMNS} 列，请删去不需要的列，另存后重新上传",
    sheet_cells.MERGED: "合并的单元格太多，请全选后取消合并，另存后重新上传",
    sheet_cells.LOCKED: "文件加了密码，请去掉密码，另存为 xlsx 后重新上传",
    sheet_cells.OTHER: f"这种格式（ods、xlsb）不能读取，请用 Excel 或 WPS 另存为 xlsx 后上传；{KINDS}",
    sheet_cells.WEB: "这不是表格文件，而是改了扩展名的网页，请用 Excel 或 WPS 打开，另存为 xlsx 后上传",
    sheet_cells.BINARY: f"这不是表格文件，或含有不能识别的字符；{KINDS}",
    sheet_cells.BROKEN: "文件不完整，或编码混乱，请用 Excel 或 WPS 打开核对，另存为 xlsx 后上传",
    sheet_cells.EMPTY: "文件里没有可读的内容（隐藏的工作表不读取），请检查后重新选择",
    workers.OVERRAN: "文件太复杂，没有在限定的时间内读完，请只保留需要的工作表和列，另存后重新上传",
}
QUEUE = "上传表格的人较多，请稍候再试"

_LINE = re.compile(f"[^{sheet_cells.NEXT_ROW}]+".encode())

_READER = workers.Worker(sheet_child.__file__, seconds=9, memory=160 << 20, queue=3)
_LARGE_READER = workers.Worker(sheet_child.__file__, seconds=9, memory=320 << 20, queue=1)

Rows = list[list[str]]


class Was(LabelEnum):
    """What stood in a cell before it became words."""

    TEXT = sheet_cells.TEXT, "文本"
    NUMBER = sheet_cells.NUMBER, "数字"
    DATE = sheet_cells.DATE, "日期"
    BOOL = sheet_cells.BOOL, "逻辑值"
    ERROR = sheet_cells.ERROR, "错误值"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell as a person reads it; days in ISO, a number with the zeros that its format shows.

    `was` tells a number from a text that looks like one: of a number of more than 15 digits the last are lost.
    `formula` says that the value was worked out, `unsolved` that it never was, the text is the formula then;
    `merged` that it stands in another cell of the same merged block.
    """

    text: str = ""
    was: Was = Was.TEXT
    formula: bool = False
    unsolved: bool = False
    merged: bool = False


NOTHING = Cell()
_WAS = {kind.value: kind for kind in Was}


class Row(Sequence[Cell]):
    """The cells of a row; `number` is the row's number in Excel, `texts` are the cells' texts without merged ones."""

    __slots__ = ("kinds", "marks", "merged", "number", "texts")

    def __init__(self, number: int, texts: list[str], kinds: str) -> None:
        self.number = number
        self.texts = texts
        self.kinds = kinds
        self.marks: dict[int, str] | None = None
        self.merged: dict[int, Cell] | None = None

    def __len__(self) -> int:
        return max(len(self.texts), max(self.merged, default=-1) + 1 if self.merged else 0)

    def __iter__(self) -> Iterator[Cell]:
        return (self[place] for place in range(len(self)))

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but text in the row, no number, no formula, no merged cell."""
        return self.marks is None and self.merged is None and not self.kinds.strip(sheet_cells.TEXT)

    def shown(self) -> list[str]:
        """Return the texts of the cells, merged ones too; not to be changed."""
        return self.texts if self.merged is None else [cell.text for cell in self]

    @overload
    def __getitem__(self, place: int) -> Cell: ...
    @overload
    def __getitem__(self, place: slice) -> list[Cell]: ...
    def __getitem__(self, place: int | slice) -> Cell | list[Cell]:
        """Return the cell in column `place`, beginning with 0; an empty one beyond the last that is filled."""
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        if place < 0:
            place += len(self)
        if self.merged is not None and place in self.merged:
            return self.merged[place]
        if not 0 <= place < len(self.texts):
            if 0 <= place < max(len(self), sheet_cells.MOST_COLUMNS):
                return NOTHING
            raise IndexError(place)
        mark = self.marks.get(place) if self.marks is not None else None
        return Cell(self.texts[place], _WAS[self.kinds[place]], mark == sheet_xml.FORMULA, mark == sheet_xml.NO_VALUE)


@dataclass
class Sheet:
    """One sheet. `rows` are those that hold something; of a hidden sheet, and of one with a `problem`, none are read.

    `problem` is a sentence, or empty. `widths` are those of columns, in characters; `merges` the merged blocks as
    (first row, first column, last row, last column), rows by number, columns from 0. `hidden_rows` counts the rows
    that a filter hides; `cut` is the number of a row so far below the table that nothing from there was read, or 0.
    """

    name: str
    hidden: bool = False
    rows: list[Row] = field(default_factory=list)
    problem: str = ""
    widths: dict[int, float] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: int = 0
    cut: int = 0


@dataclass
class Book:
    """A file: its sheets in their order; a csv has one without a name, and `is_text`. `most_rows` were asked for."""

    sheets: list[Sheet]
    is_text: bool = False
    most_rows: int = PAGE_ROWS


def book_of(stream: IO[bytes], *, most_rows: int = PAGE_ROWS) -> Book:
    """Return what an xlsx, xls (also WPS's et), or a csv file in UTF-8, UTF-16 or GB 18030 says.

    It is read in a child process; call it with no transaction open. At most `most_rows` rows, beside headings, and
    about 1 kB for each are taken. Raises DomainError on `file` for any other file, a larger one, one with a password,
    and one that was made to hurt; Busy where too many wait.
    """
    return _book(stream, most_rows, max(10 << 20, most_rows * BYTES_FOR_A_ROW))


def rows_of_file(stream: IO[bytes], *, most_rows: int = ROWS_MOST) -> Rows:
    """Return the texts of a file's first visible sheet as `book_of` reads it, empty rows too.

    A formula that was never worked out stays one, with its sign. Raises what `book_of` raises, and DomainError for a
    file above 5 MB, or 1 kB for each of `most_rows` where that is more.
    """
    book = _book(stream, most_rows, max(LARGEST, most_rows * BYTES_FOR_A_ROW))
    sheet = next(sheet for sheet in book.sheets if not sheet.hidden)
    if sheet.problem:
        raise _refused(sheet.problem)
    rows: Rows = []
    for row in sheet.rows:
        rows += [[] for _ in range(row.number - len(rows) - 1)]
        rows.append(row.texts)
    return rows


def rows_of_text(text: str, *, most_rows: int = ROWS_MOST) -> Rows:
    """Return the rows of pasted text, whose cells are kept apart by tabs, commas, or where there are none by spaces.

    Raises DomainError on `file` for more than `most_rows` rows.
    """
    if sum(bool(line.strip()) for line in text.splitlines()) > most_rows + 20:
        raise _refused(f"超过 {most_rows} 行，请分几次办理")
    return sheet_child.rows_in(text)


def _book(stream: IO[bytes], most_rows: int, largest: int) -> Book:
    raw = stream.read(largest + 1)
    if not raw:
        raise _refused("文件是空的，请检查后重新选择")
    if len(raw) > largest:
        raise _refused(f"文件超过 {largest >> 20}MB，请只保留需要的工作表和列，另存后重新上传")
    megabytes = len(raw) >> 20
    is_large = most_rows > SMALL_ROWS and megabytes >= SMALL_MEGABYTES
    reader, more = (_LARGE_READER, megabytes * SECONDS_FOR_A_MEGABYTE) if is_large else (_READER, 0)
    try:
        first, *parts = reader.ask(raw, str(most_rows).encode(), more_seconds=more)
    except workers.WorkFailed as error:
        if error.word == workers.QUEUE:
            raise Busy(QUEUE) from error
        word = workers.OVERRAN if error.word == workers.OVERRAN else sheet_cells.LARGE
        raise _refused(SENTENCES[word]) from error
    if not first:
        raise _refused(_sentence(parts[0].decode(), most_rows))
    told = json.loads(first)
    book = Book([], told["is_text"], most_rows)
    for about, lines in zip(told["sheets"], parts, strict=True):
        word = about.get("refused", "")
        sheet = Sheet(about["name"], about["hidden"], problem=_sentence(word, most_rows) if word else "")
        said: dict[str, str] = {}  # sheets repeat themselves: what was said before is kept once
        for line in _LINE.finditer(
            lines
        ):  # one at a time: all of them in words are several times what they are in bytes
            number, kinds, *texts = line[0].decode().split(sheet_cells.NEXT_CELL)
            keep = said.setdefault if len(said) < SAID_MOST else said.get
            sheet.rows.append(Row(int(number), [keep(text, text) for text in texts], sys.intern(kinds)))
        sheet.hidden_rows, sheet.cut = about.get("hidden_rows", 0), about.get("cut", 0)
        sheet.merges = [tuple(block) for block in about.get("merges", [])]
        for begin, end, width in about.get("widths", []):
            sheet.widths |= dict.fromkeys(range(int(begin), int(end) + 1), width)
        _mark(sheet, about.get("marks", []))
        book.sheets.append(sheet)
    if not any(sheet.rows for sheet in book.sheets):
        raise _refused(next(sheet.problem for sheet in book.sheets if sheet.problem))
    return book


def _mark(sheet: Sheet, marks: list[tuple[int, int, str]]) -> None:
    """Write on the rows which cells are formulas, and what the others of a merged block show."""
    by_number = {row.number: row for row in sheet.rows} if marks or sheet.merges else {}
    for number, column, mark in marks:
        if row := by_number.get(number):
            row.marks = row.marks or {}
            row.marks[column] = mark
    left = MERGED_MOST
    for top, first, bottom, last in sheet.merges:
        owner = by_number.get(top)
        shown = owner[first] if owner and first < len(owner.texts) else NOTHING
        if not shown.text:
            continue
        copy = Cell(shown.text, shown.was, shown.formula, shown.unsolved, merged=True)
        covered = range(first, min(last, sheet_cells.MOST_COLUMNS - 1) + 1)
        numbers = range(top, bottom + 1) if bottom - top < len(by_number) else [*by_number]
        left -= len(numbers) * len(covered)
        if left < 0:
            sheet.rows, sheet.problem = [], SENTENCES[sheet_cells.MERGED]
            return
        for number in numbers:
            row = by_number.get(number)
            if row is not None and top <= number <= bottom:
                row.merged = row.merged or {}
                row.merged |= {place: copy for place in covered if (number, place) != (top, first)}


def too_many(most_rows: int) -> str:
    """Return the sentence for a file of more than `most_rows` rows."""
    return _sentence(sheet_cells.ROWS, most_rows)


def _sentence(word: str, most_rows: int) -> str:
    return SENTENCES[word].format(rows=most_rows)


def _refused(sentence: str) -> DomainError:
    return DomainError(sentence, field="file")
