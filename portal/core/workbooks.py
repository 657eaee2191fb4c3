"""Workbooks that the house gives out: every cell is text, so that nothing in it is worked out or loses a digit.

The file is written as it goes into its archive (ECMA-376, SpreadsheetML): no library that keeps numbers of people in a
temporary file, and a hundred thousand rows take no more memory than one.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import IO, Protocol, cast
from xml.sax.saxutils import escape, quoteattr

NAME_MOST = 31  # letters of a sheet's name in Excel
TEXT_MOST = 32_767  # of a cell

_BAD_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # ECMA-376's ST_Xstring: _x0041_ would be read as A
_UNSAFE = re.compile(rf"[&<>\r\t{_BAD_IN_XML.pattern[1:-1]}]")
_PIECE = 1 << 16  # letters of XML handed on at once
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]+)?", re.ASCII)
_BAD_IN_NAME = re.compile(r"[\[\]:*?/\\']")


class Style(IntEnum):
    """How a cell looks: the place of its format in the workbook's styles below."""

    PLAIN = 0
    TEXT = 1
    HEADING = 2
    ASKED = 3  # a heading whose column must be filled in
    WRAPPED = 4
    MARKED = 5  # a row in which something is wrong
    REASON = 6
    TITLE = 7
    NUMBER = 8


@dataclass(frozen=True)
class Choice:
    """A drop-down: the first `count` cells below the heading of the column `column` in the sheet `tab`."""

    tab: str
    column: int
    count: int


@dataclass
class Tab:
    """One sheet. Columns are counted from 0, rows by Excel's numbers from 1.

    `rows` are the texts of the first row and those that follow. `heading_row` is the last row of headings, shown with
    the rows above it while one scrolls, 0 for none. `styles` are those of single rows, `cells` those of (row, column),
    which win. With `counts` what is written as a number is one, but in the first column. `choices` and `prompts` (what
    one reads when standing in a cell) hold for a column down to `last_row`. `print_line` stands on top of every page
    that is printed.
    """

    name: str
    rows: Iterable[Sequence[str]] = ()
    heading_row: int = 0
    widths: Mapping[int, float] = field(default_factory=dict)
    styles: Mapping[int, Style] = field(default_factory=dict)
    cells: Mapping[tuple[int, int], Style] = field(default_factory=dict)
    merges: Sequence[tuple[int, int, int, int]] = ()
    choices: Mapping[int, Choice] = field(default_factory=dict)
    prompts: Mapping[int, str] = field(default_factory=dict)
    last_row: int = 0
    hidden: bool = False
    counts: bool = False
    print_line: str = ""


class Sink(Protocol):
    """What takes the bytes of a file, one after the other: a file, a sealed one, memory."""

    def write(self, plain: bytes, /) -> object:
        """Take `plain`."""

    def flush(self) -> object:
        """Hand on what has been taken."""


def write(tabs: Sequence[Tab]) -> bytes:
    """Return the xlsx file with these sheets, of which the first must not be hidden."""
    out = io.BytesIO()
    write_to(out, tabs)
    return out.getvalue()


def write_to(out: Sink, tabs: Sequence[Tab], *, level: int = 6) -> None:
    """Write the xlsx file with these sheets to `out`, each row as it comes; `level` is that of the compression, 1 to 9.

    The rows of a tab without single cells of another look, and without numbers, take the quick way.
    """
    names = _names(tabs)
    with zipfile.ZipFile(cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr("[Content_Types].xml", _types(len(tabs)))
        archive.writestr("_rels/.rels", _DOOR)
        archive.writestr("xl/workbook.xml", _book(tabs, names))
        archive.writestr("xl/_rels/workbook.xml.rels", _links(len(tabs)))
        archive.writestr("xl/styles.xml", _STYLES)
        for number, tab in enumerate(tabs, 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as sheet:
                _sheet(sheet, tab, dict(zip([tab.name for tab in tabs], names, strict=True)), is_first=number == 1)


def letters(column: int) -> str:
    """Return the letters with which Excel names the column, which is counted from 0."""
    found, rest = "", column + 1
    while rest:
        rest, place = divmod(rest - 1, 26)
        found = chr(65 + place) + found
    return found


def clean(text: str) -> str:
    """Return `text` as a cell can hold it: without control characters, not too long."""
    return _BAD_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:TEXT_MOST]


def _words(text: str) -> str:
    """Return `text` as it stands in the file."""
    return escape(_LIKE_AN_ESCAPE.sub("_x005F_", clean(text)))


def apart(merges: Iterable[tuple[int, int, int, int]], *, most: int = 100_000) -> list[tuple[int, int, int, int]]:
    """Return the merged blocks that do not touch one before them, of which Excel would call the file broken.

    Blocks beyond `most` cells altogether are left out.
    """
    taken: set[tuple[int, int]] = set()
    kept = []
    for top, first, bottom, last in merges:
        size = (bottom - top + 1) * (last - first + 1)
        if size < 2 or size + len(taken) > most:
            continue
        block = {(row, column) for row in range(top, bottom + 1) for column in range(first, last + 1)}
        if not block & taken:
            taken |= block
            kept.append((top, first, bottom, last))
    return kept


# --- one sheet --------------------------------------------------------------------------------------------------------


def _sheet(out: IO[bytes], tab: Tab, names: Mapping[str, str], *, is_first: bool) -> None:
    out.write(_HEAD.encode() + b"<worksheet xmlns=" + quoteattr(f"{_ROOM}/spreadsheetml/2006/main").encode() + b">")
    out.write(_view(tab, is_first).encode())
    if tab.widths:
        columns = "".join(
            f'<col min="{column + 1}" max="{column + 1}" width="{width:.2f}" style="{Style.TEXT}" customWidth="1"/>'
            for column, width in sorted(tab.widths.items())
        )
        out.write(f"<cols>{columns}</cols>".encode())
    out.write(b"<sheetData>")
    named: list[str] = []
    last_styled = max((*tab.styles, *(row for row, _ in tab.cells), 0))
    quick = _Quick(out)
    for number, texts in enumerate(tab.rows, 1):
        if texts:
            if number > last_styled and not tab.counts:
                quick.add(number, texts)
                continue
            named += [letters(column) for column in range(len(named), len(texts))]
            out.write(_row(number, texts, tab, named).encode())
    quick.flush()
    out.write(b"</sheetData>")
    if tab.merges:
        blocks = "".join(
            f'<mergeCell ref="{letters(first)}{top}:{letters(last)}{bottom}"/>'
            for top, first, bottom, last in tab.merges
        )
        out.write(f'<mergeCells count="{len(tab.merges)}">{blocks}</mergeCells>'.encode())
    out.write(_validations(tab, names).encode())
    out.write(b'<pageMargins left="0.4" right="0.4" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>')
    if tab.print_line:
        line = escape(clean(tab.print_line).replace("&", "&&"))[:255]  # a single & is a command there
        out.write(f"<headerFooter><oddHeader>&amp;C{line}</oddHeader></headerFooter>".encode())
    out.write(b"</worksheet>")


def _view(tab: Tab, is_first: bool) -> str:
    selected = ' tabSelected="1"' if is_first else ""
    if not tab.heading_row:
        return f'<sheetViews><sheetView{selected} workbookViewId="0"/></sheetViews>'
    return (
        f'<sheetViews><sheetView{selected} workbookViewId="0"><pane ySplit="{tab.heading_row}" '
        f'topLeftCell="A{tab.heading_row + 1}" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    )


def _row(number: int, texts: Sequence[str], tab: Tab, named: list[str]) -> str:
    style = tab.styles.get(number, Style.TEXT)
    cells = []
    for column, text in enumerate(texts):
        own = tab.cells.get((number, column), style)
        if tab.counts and column and _NUMBER.fullmatch(text):
            cells.append(f'<c r="{named[column]}{number}" s="{Style.NUMBER:d}"><v>{text}</v></c>')
        elif text:
            words = _words(text)
            cells.append(
                f'<c r="{named[column]}{number}" s="{own:d}" t="inlineStr">'
                f'<is><t xml:space="preserve">{words}</t></is></c>'
            )
        elif own is not Style.TEXT:
            cells.append(f'<c r="{named[column]}{number}" s="{own:d}"/>')
    return f'<row r="{number}">{"".join(cells)}</row>'


class _Quick:
    """Rows of nothing but text, put together and handed on in pieces: a long list is made of little else."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._heads: list[str] = []
        self._waiting: list[str] = []
        self._length = 0

    def add(self, number: int, texts: Sequence[str]) -> None:
        """Write the row `number`; an empty text is an empty cell."""
        joined = "\n".join(texts)
        is_plain = (
            len(joined) < TEXT_MOST and joined.count("\n") < len(texts) and "_x" not in joined
            and "\n " not in joined and " \n" not in joined and not _UNSAFE.search(joined)
            and joined == joined.strip(" ")
        )  # fmt: skip
        heads = self._heads
        if len(heads) < len(texts):
            heads += [f'<c r="{letters(column)}' for column in range(len(heads), len(texts))]
        between = f'{number}" s="{Style.TEXT:d}" t="inlineStr"><is><t>'
        if not is_plain:  # spaces at either end would be lost
            texts = [_words(text) for text in texts]
            between = f'{between[:-1]} xml:space="preserve">'
        cells = [f"{head}{between}{text}</t></is></c>" for head, text in zip(heads, texts, strict=False) if text]
        row = f'<row r="{number}">{"".join(cells)}</row>'
        self._waiting.append(row)
        self._length += len(row)
        if self._length > _PIECE:
            self.flush()

    def flush(self) -> None:
        """Hand on what waits."""
        self._out.write("".join(self._waiting).encode())
        self._waiting, self._length = [], 0


def _validations(tab: Tab, names: Mapping[str, str]) -> str:
    found = []
    for column in sorted({*tab.choices, *tab.prompts}):
        attributes = ""
        formula = ""
        if choice := tab.choices.get(column):
            source = letters(choice.column)
            attributes = (
                'type="list" errorStyle="warning" showErrorMessage="1" errorTitle="请核对" error="不在下拉列表中"'
            )
            place = f"'{names[choice.tab]}'!${source}$2:${source}${choice.count + 1}"
            formula = f"<formula1>{escape(place)}</formula1>"
        if prompt := tab.prompts.get(column):
            attributes += f' showInputMessage="1" prompt={quoteattr(clean(prompt)[:250])}'
        cells = f"{letters(column)}{tab.heading_row + 1}:{letters(column)}{tab.last_row}"
        found.append(f'<dataValidation {attributes} allowBlank="1" sqref="{cells}">{formula}</dataValidation>')
    return f'<dataValidations count="{len(found)}">{"".join(found)}</dataValidations>' if found else ""


# --- the parts around -------------------------------------------------------------------------------------------------

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ROOM = "http://schemas.openxmlformats.org"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_OFFICE = f"{_ROOM}/officeDocument/2006/relationships"
_DOOR = (
    f'{_HEAD}<Relationships xmlns="{_ROOM}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)


def _names(tabs: Collection[Tab]) -> list[str]:
    """Return names that Excel takes, each once."""
    found: list[str] = []
    for number, tab in enumerate(tabs, 1):
        name = _BAD_IN_NAME.sub("", clean(tab.name))[:NAME_MOST].strip() or f"Sheet{number}"
        taken = {other.lower() for other in found}
        found.append(name if name.lower() not in taken else f"{name[: NAME_MOST - 5]}({number})")
    return found


def _types(count: int) -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for number in range(1, count + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_ROOM}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{sheets}</Types>'
    )


_STATE = {True: "hidden", False: "visible"}


def _book(tabs: Sequence[Tab], names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" state="{_STATE[tab.hidden]}" r:id="rId{number}"/>'
        for number, (tab, name) in enumerate(zip(tabs, names, strict=True), 1)
    )
    return (
        f'{_HEAD}<workbook xmlns="{_ROOM}/spreadsheetml/2006/main" xmlns:r="{_OFFICE}">'
        f'<bookViews><workbookView activeTab="0"/></bookViews><sheets>{sheets}</sheets></workbook>'
    )


def _links(count: int) -> str:
    sheets = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, count + 1)
    )
    return (
        f'{_HEAD}<Relationships xmlns="{_ROOM}/package/2006/relationships">{sheets}'
        f'<Relationship Id="rId{count + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    )


def _font(extra: str = "", color: str = "FF000000") -> str:
    return f'<font>{extra}<sz val="11"/><color rgb="{color}"/><name val="宋体"/><family val="3"/></font>'


def _fill(color: str) -> str:
    return f'<fill><patternFill patternType="solid"><fgColor rgb="{color}"/></patternFill></fill>'


def _format(font: int = 0, fill: int = 0, border: int = 0, alignment: str = "") -> str:
    return (
        f'<xf numFmtId="49" fontId="{font}" fillId="{fill}" borderId="{border}" xfId="0" applyNumberFormat="1" '
        f'applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">{alignment}</xf>'
    )


_SIDES = "".join(
    f'<{side} style="thin"><color rgb="FFBFBFBF"/></{side}>' for side in ("left", "right", "top", "bottom")
)
_WRAP = '<alignment vertical="center" wrapText="1"/>'
_CENTER = '<alignment horizontal="center" vertical="center" wrapText="1"/>'
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_ROOM}/spreadsheetml/2006/main">'
    f'<fonts count="4">{_font()}{_font("<b/>")}{_font(color="FFC00000")}{_font("<b/>", "FFC00000")}</fonts>'
    '<fills count="5"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    f"{_fill('FFDCE6F1')}{_fill('FFFCE4D6')}{_fill('FFFFF2CC')}</fills>"
    f'<borders count="2"><border/><border>{_SIDES}</border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="9"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    f"{_format()}{_format(1, 2, 1, _CENTER)}{_format(3, 3, 1, _CENTER)}{_format(alignment=_WRAP)}"
    f"{_format(0, 4)}{_format(2, 4, alignment=_WRAP)}{_format(1)}"
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="常规" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
