"""A sheet as people send it, read as a table of members: its headings, columns and rows.

Nothing is looked up here: what a row means and whether it may be imported, others decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from portal.core import kinds
from portal.core.errors import DomainError
from portal.core.fields import FieldError
from portal.core.kinds import Kind
from portal.core.sheets import Book, Cell, Row, Sheet, Was, too_many

from . import words
from .columns import KEYS, Column, columns_of, give_fields, heading_row
from .headings import CHANGE, field_of, fingerprint
from .lines import people

UNCLEAR = ".1"  # after a column's key in a mapping: what 1990.1 means there, "1", "10", or "" for nothing
NO_HEADINGS = "没有认出表头，请在前 20 行内写上列名，例如：姓名、身份证号、手机号、所属分工会"
NO_PEOPLE = "表头下面没有人员，请检查后重新上传"

# when a text of a kind is taken without a closer look: always, if it is a code, if it is a day in ISO, never
_AS_IT_STANDS, _IN_CODES, _IN_ISO, _NEVER = range(4)
_HOW: dict[Kind, int] = {
    Kind.CHOICE: _IN_CODES, Kind.DATE: _IN_ISO, Kind.MONTH: _IN_ISO, Kind.BOOL: _NEVER,
}  # fmt: skip
_EIGHTEEN = re.compile(r"\d{17}[\dX]")
_MERGED_NOT = frozenset({"name", "mobile", *KEYS})  # what no two people share


@dataclass
class SheetRow:
    """What a row says: texts by the catalogue's names, in a form that `kinds.parse` takes, of cells that are filled.

    `number` is Excel's number of the row; of a csv the record's, with the headings as 1. `problems` are sentences by
    field about cells whose text cannot be used, and those have no text; `warnings` are (field, sentence). `change` has
    the parts of 会籍变化: type, date and reason, where the sheet has them.
    """

    number: int
    texts: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    change: dict[str, str] = field(default_factory=dict)


class SheetRows(Sequence[SheetRow]):
    """The rows of a table, each read when it is asked for."""

    def __init__(self, reader: _Reader, rows: list[Row]) -> None:
        self._reader = reader
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[SheetRow]:
        return map(self._reader.read, self._rows)

    @overload
    def __getitem__(self, place: int) -> SheetRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[SheetRow]: ...
    def __getitem__(self, place: int | slice) -> SheetRow | list[SheetRow]:
        """Return the row at this place among those that count."""
        if isinstance(place, slice):
            return [self._reader.read(row) for row in self._rows[place]]
        return self._reader.read(self._rows[place])


@dataclass
class Table:
    """What was found. `heading_row` is the number of the last row of headings in the sheet, 0 where there is none.

    `offset` is what a row of the sheet is further down than `SheetRow.number` says. `skipped` are (row number, why)
    of rows that are not people; `notes` are sentences about the file as a whole; `problems` are sentences that forbid
    to read it as it is: no headings, or one twice.
    """

    sheet: Sheet
    heading_row: int = 0
    offset: int = 0
    columns: list[Column] = field(default_factory=list)
    rows: Sequence[SheetRow] = ()
    skipped: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def unknown(self) -> list[Column]:
        """Return the columns that nobody has said anything about: to be mapped by hand, or left out."""
        return [column for column in self.columns if column.field is None and not column.is_known]

    @property
    def fingerprint(self) -> str:
        """Return what a mapping of these headings is remembered by."""
        return fingerprint(column.heading for column in self.columns)


def recognise(book: Book, mapping: Mapping[str, str | None] | None = None, *, sheet: str | None = None) -> Table:
    """Return the table in the sheet of this name, or in the first visible one that has headings.

    `mapping` says by `Column.key` which field a column is, None that it is not read; columns it does not name are
    known by their headings. With UNCLEAR after the key it says what 1990.1 means in the column. Raises DomainError on
    `file` if no visible sheet can be read.
    """
    open_sheets = [one for one in book.sheets if not one.hidden and (sheet is None or one.name == sheet)]
    if not any(one.rows for one in open_sheets):
        sentence = next((one.problem for one in open_sheets if one.problem), "没有找到这个工作表，请重新选择")
        raise DomainError(sentence, field="file")
    tables = [_recognised(one, mapping or {}, book) for one in open_sheets if one.rows]
    found = next((table for table in tables if not table.problems), None)
    found = found or next((table for table in tables if table.heading_row), tables[0])
    for table in tables:
        if table is not found and table.heading_row and len(table.rows):
            found.notes.append(f"工作表“{table.sheet.name}”也像名单，没有读取；需要时请另行上传")
    found.notes += [f"工作表“{one.name}”没有读取：{one.problem}" for one in book.sheets if one.problem]
    hidden = "、".join(one.name for one in book.sheets if one.hidden and one.name)
    if hidden:
        found.notes.append(f"隐藏的工作表没有读取：{hidden[:60]}")
    return found


def _recognised(sheet: Sheet, mapping: Mapping[str, str | None], book: Book) -> Table:
    table = Table(sheet)
    if sheet.hidden_rows:
        table.notes.append(f"有 {sheet.hidden_rows} 行被筛选或隐藏，也一并读取了")
    if sheet.cut:
        table.notes.append(f"第 {sheet.cut} 行离表格太远，从那里起没有读取")
    place, texts = heading_row(sheet.rows, mapping)
    if place < 0:
        table.problems.append(NO_HEADINGS)
        return table
    table.heading_row = sheet.rows[place].number
    below = sheet.rows[place + 1 :]
    table.columns = columns_of(texts, below)
    notes, problems = give_fields(table.columns, mapping, below)
    table.notes += notes
    table.problems += problems
    said = {text for row in sheet.rows[max(place - 1, 0) : place + 1] for text in row.texts if text}
    kept, skipped = people(table.columns, below, said)
    if not kept:
        table.problems.append(NO_PEOPLE)
    if len(kept) > book.most_rows:
        table.problems.append(too_many(book.most_rows))
    offset = table.offset = table.heading_row - 1 if book.is_text else 0
    table.skipped = [(number - offset, why) for number, why in skipped]
    reader = _Reader(table.columns, kept, offset, mapping, is_text=book.is_text)
    table.rows = SheetRows(reader, kept)
    if reader.dashes:
        table.notes.append(f"有 {reader.dashes} 个单元格只写了“/”“-”之类，按未填处理")
    return table


class _Reader:
    """Reads rows by the columns that are fields, and remembers the words that it has read: sheets repeat themselves."""

    def __init__(
        self, columns: list[Column], rows: list[Row], offset: int, mapping: Mapping[str, str | None], *, is_text: bool
    ) -> None:
        self._columns = [
            (column.index, column.field, _HOW.get(field_of(column.field).kind, _AS_IT_STANDS))
            for column in columns
            if column.field
        ]
        self._offset = offset
        self._known: dict[tuple[str, str], str | FieldError] = {}
        self._months: dict[tuple[int, int], str | None] = {}  # what 1990.1 means, by row and column
        for column in columns:
            if not column.field or field_of(column.field).kind not in (Kind.DATE, Kind.MONTH):
                continue
            dotted = [row for row in rows if words.DOTTED.fullmatch(_at(row.shown(), column.index))]
            found = words.tenth_or_first([row[column.index] for row in dotted], is_text=is_text)
            for row, month in zip(dotted, found, strict=True):
                if row[column.index].text.endswith(".1"):
                    column.unclear += month is None
                    given = mapping.get(column.key + UNCLEAR)
                    self._months[(row.number, column.index)] = given if given is not None and month is None else month
        used = [index for index, _, _ in self._columns]
        dashed = [row for row in rows if not words.NOTHING.isdisjoint(row.texts)]
        self.dashes = sum(_at(row.texts, index) in words.NOTHING for row in dashed for index in used)

    def read(self, row: Row) -> SheetRow:
        """Return what the row says."""
        said = SheetRow(row.number - self._offset)
        texts, is_plain = row.shown(), row.is_plain
        length = len(texts)
        for index, name, how in self._columns:
            text = texts[index] if index < length else ""
            if not text or text in words.NOTHING:
                continue
            if not (is_plain and self._is_ready(name, how, text)):
                try:
                    text = self._text(said, row, index, name)
                except FieldError as error:
                    said.problems[name] = error.message
                    continue
            if text:
                (said.change if name in CHANGE else said.texts)[name] = text
        self._prefer_document(said, row)
        self._date_of_joining(said)
        return said

    def _is_ready(self, name: str, how: int, text: str) -> bool:
        """Whether a text can be taken as it stands."""
        if how == _AS_IT_STANDS:
            return True
        if how == _IN_CODES:
            return self._known.get((name, text)) == text
        return how == _IN_ISO and words.ISO.fullmatch(text) is not None

    def _text(self, said: SheetRow, row: Row, index: int, name: str) -> str:
        one, cell = field_of(name), row[index]
        if cell.was is Was.ERROR:
            raise FieldError(f"{one.label}是错误值“{cell.text[:20]}”，请改正", field=name)
        if cell.unsolved:
            raise FieldError(f"{one.label}是没有结果的公式，请用 Excel 打开保存一次，或粘贴为数值", field=name)
        if cell.merged and name in _MERGED_NOT:
            raise FieldError(f"{one.label}是合并单元格，请取消合并后逐行填写", field=name)
        if one.kind is Kind.ID_NUMBER and cell.was is Was.NUMBER:
            raise FieldError(
                f"{one.label}被 Excel 存成了数字，后几位可能已丢失，请把该列设为文本格式后重新填写", field=name
            )
        if one.kind in (Kind.DATE, Kind.MONTH):
            text, warning = words.day(one, cell, self._months.get((row.number, index)))
            if warning:
                said.warnings.append((name, warning))
            return text
        if one.kind is Kind.BOOL:
            return words.yes_or_no(cell)
        if one.kind is Kind.CHOICE:
            return self._chosen(name, cell)
        return cell.text

    def _chosen(self, name: str, cell: Cell) -> str:
        key = (name, cell.text)
        if key not in self._known:
            if len(self._known) > 20_000:
                self._known.clear()
            try:
                self._known[key] = words.chosen(field_of(name), cell)
            except FieldError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, FieldError):
            raise found
        return found

    def _prefer_document(self, said: SheetRow, row: Row) -> None:
        """Leave out a birth date that is no whole day where the document's number tells one, and say if they differ."""
        written = said.texts.get("birth_date", "")
        is_rough = "birth_date" in said.problems or any(name == "birth_date" for name, _ in said.warnings)
        if not is_rough and (not written or words.ISO.fullmatch(written) or _is_day(written)):
            return
        number = re.sub(r"[\s'’]", "", said.texts.get("id_number", "")).upper()
        if not _EIGHTEEN.fullmatch(number):
            return
        index = next(index for index, name, _ in self._columns if name == "birth_date")
        told = words.month_of(row[index].text)
        said.texts.pop("birth_date", None)
        said.problems.pop("birth_date", None)
        said.warnings = [(name, sentence) for name, sentence in said.warnings if name != "birth_date"]
        if told is None or told[0] != int(number[6:10]) or int(number[10:12]) not in told[1]:
            born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
            said.warnings.append(
                ("birth_date", f"出生日期“{row[index].text[:20]}”与证件号码中的 {born} 不一致，以证件号码为准")
            )

    def _date_of_joining(self, said: SheetRow) -> None:
        """入会 in the columns of 会籍变化 says the day of joining, where no column of its own does."""
        if "join_date" in said.texts or "change_date" not in said.change:
            return
        kind = said.change.get("change_type", "")
        if kind in ("1", "入会"):
            said.texts["join_date"] = said.change["change_date"]


def _is_day(text: str) -> bool:
    try:
        kinds.parse(field_of("birth_date"), text)
    except FieldError:
        return False
    return True


def _at(texts: Sequence[str], index: int) -> str:
    return texts[index] if index < len(texts) else ""
