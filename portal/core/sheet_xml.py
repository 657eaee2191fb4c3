"""Looking through an xlsx before any library reads it: a part of the child process of `portal.core.sheets`.

Sheets are inflated piece by piece, so that a million rows that are only coloured cost time and no memory. Whatever a
crafted file slips past these patterns meets the limits of the process.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import IO, Any
from xml.etree import ElementTree  # nothing that declares a document type comes here
from xml.sax.saxutils import unescape

from portal.core import sheet_cells
from portal.core.sheet_cells import (
    BAD,
    COLUMNS,
    DAY,
    FORM,
    LARGE,
    MERGED,
    OTHER,
    ROWS,
    UNSOLVED,
    WRONG,
    Hints,
    Refused,
    column_of,
)

MOST_ENTRIES = 20_000  # files within the archive: sheets of people may hold their photos
MOST_INFLATED = 1 << 30  # bytes of a sheet's XML, most of it rows that are only coloured
MOST_STRINGS, MOST_STYLES, MOST_SMALL = 3_000, 24 << 20, 4 << 20  # bytes of the other parts; strings: for each row
MOST_ROW = 8 << 20  # bytes of one row
MOST_MERGES = 20_000
MOST_SHEETS = 100
MOST_FORMATS = 65_490  # of cells, as Excel has it
MOST_NAMED = 200  # styles that are looked for by name
GAP = 2_000  # empty rows after which a sheet is at its end
LEAN = 8 << 20  # bytes beyond four times those of the rows that hold something: the others are left out then
CHUNK = 1 << 20

# what is to be said of a cell besides
FORMULA, NO_VALUE = "f", "F"

_ROW = re.compile(rb"<(?:\w+:)?row(?:\s[^>]*[^/>])?>|</(?:\w+:)?row\s*>")  # one that closes itself holds nothing
_ROWS_BEGIN = re.compile(rb"<(?:\w+:)?sheetData(?:\s[^>]*)?/?>")
_ROWS_END = re.compile(rb"</(?:\w+:)?sheetData\s*>")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t|f|is)[\s/>]")
_NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d{1,7})["']""")
_FAR = re.compile(rb"""\sr=["'](?:[A-Z]{3}|[J-Z][A-Z]|I[W-Z])\d+["'](?:[^>]*[^/>])?>(?!</)""")
_FAR_LAST = re.compile(rb"""\sr=["'](?:[A-Z]{3}|[J-Z][A-Z]|I[W-Z])""")
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")
_WIDTH = re.compile(rb"<(?:\w+:)?col\s[^>]*>")
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c(\s[^>]*)>\s*<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>([^<]*)</(?:\w+:)?f\s*>)\s*"""
    rb"(<(?:\w+:)?v(?:\s[^>]*)?>[^<])?"
)
_PLACE = re.compile(rb"""\sr=["']([A-Z]{1,3})\d{1,7}["']""")
_IS_TEXT = re.compile(rb"""\st=["']str["']""")  # whose value may be empty
_ERROR = re.compile(rb"""<(?:\w+:)?c\s(?=[^>]*\bt=["']e["'])[^>]*?r=["']([A-Z]{1,3})\d{1,7}["']""")
# 1990年5月 and the like, which Chinese programs mean by these numbers without saying so
_CHINESE_DAYS = frozenset({27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58})

Formats = dict[bytes, tuple[int, int] | None]


@dataclass
class _Look:
    """What looking through the XML of a sheet has found; `cut` is the first row that is too far below the others."""

    most_rows: int
    styles: re.Pattern[bytes] | None
    formats: Formats
    keeps: bool
    hints: Hints
    head: bytes = b""
    kept: list[bytes] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    last: int = 0
    hidden_rows: int = 0
    cut: int = 0
    marks: list[list[object]] = field(default_factory=list)
    merges: list[list[int]] = field(default_factory=list)


def read(raw: bytes, most_rows: int) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return what is to be said about each sheet of the workbook, and its rows as one. Raises Refused."""
    from python_calamine import load_workbook  # the parent needs none

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = archive.infolist()
        names = {entry.filename.replace("\\", "/").lower(): entry for entry in entries}
        if "mimetype" in names or "xl/workbook.bin" in names:
            raise Refused(OTHER)
        if len(entries) > MOST_ENTRIES:
            raise Refused(LARGE)
        sheets, date_1904 = _sheets(archive, names)
        parts = {
            name: _small(archive, names, name, most)
            for name, most in (("xl/sharedstrings.xml", MOST_STRINGS * most_rows), ("xl/styles.xml", MOST_STYLES))
            if name in names
        }
        formats = _formats(parts.get("xl/styles.xml", b""))
        about: list[dict[str, Any]] = []
        rows: list[bytes] = []
        book: Any = None
        left = most_rows
        for place, (name, hidden, path) in enumerate(sheets):
            about.append({"name": name, "hidden": hidden})
            rows.append(b"")
            if hidden or path not in names:
                continue
            try:
                look = _looked(archive, names[path], formats, Hints(date_1904=date_1904), left)
                if look.keeps:
                    clean = _clean(look, parts, date_1904)
                    look.kept = []
                    grid = load_workbook(io.BytesIO(clean)).get_sheet_by_index(0)
                else:
                    book = book or load_workbook(io.BytesIO(raw))
                    grid = book.get_sheet_by_index(place)
                found = sheet_cells.lines(grid, look.hints, left)
            except Refused as refused:
                about[-1]["refused"] = refused.reason
                continue
            left -= len(found)
            rows[-1] = sheet_cells.NEXT_ROW.join(found).encode()
            about[-1] |= {"marks": look.marks, "merges": look.merges, "widths": _widths(look.head),
                          "hidden_rows": look.hidden_rows, "cut": look.cut}  # fmt: skip
    return about, rows


def _small(archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo], name: str, most: int) -> bytes:
    """Return a part of the archive that a library may see. Raises Refused."""
    entry = names.get(name)
    if entry is None:
        raise Refused(BAD)
    if entry.file_size > most:
        raise Refused(LARGE)
    xml = archive.read(entry)
    if _declares(xml):
        raise Refused(BAD)
    return xml


def _declares(xml: bytes) -> bool:
    """Whether a part declares a document type, which no workbook does, or is written so that one could hide."""
    head = xml[:4]
    is_wide = head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head
    return is_wide or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml


def _sheets(archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo]) -> tuple[list[tuple[str, bool, str]], bool]:
    """Return (name, hidden, path) of each sheet in the book's order, and whether its days count from 1904."""
    book = ElementTree.fromstring(_small(archive, names, "xl/workbook.xml", MOST_SMALL))  # noqa: S314  # declares nothing
    links = ElementTree.fromstring(_small(archive, names, "xl/_rels/workbook.xml.rels", MOST_SMALL))  # noqa: S314  # so
    targets: dict[str, str] = {}
    for link in links:
        target = link.get("Target", "").replace("\\", "/").lower()
        targets[link.get("Id", "")] = target[1:] if target.startswith("/") else f"xl/{target}"
    found = []
    date_1904 = False
    for element in book.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "workbookPr":
            date_1904 = element.get("date1904", "") in ("1", "true")
        if tag == "sheet":
            key = next((value for name, value in element.items() if name.endswith("}id")), "")
            path = targets.get(key, "")
            is_grid = "chartsheet" not in path and "dialogsheet" not in path
            hidden = element.get("state", "visible") != "visible" or not is_grid
            found.append((sheet_cells.words(element.get("name", "")), hidden, path))
    if not found:
        raise Refused(BAD)
    if len(found) > MOST_SHEETS:
        raise Refused(LARGE)
    return found, date_1904


def _formats(styles: bytes) -> Formats:
    """Return the styles that show zeros, as (digits, decimals), and as None those that mean a day without saying so.

    Raises Refused where there are more than Excel knows.
    """
    codes: dict[int, str] = {2: "0.00"}
    for tag in re.findall(rb"<(?:\w+:)?numFmt\s[^>]*>", styles):
        number, code = re.search(rb'numFmtId="(\d{1,6})"', tag), re.search(rb'formatCode="([^"]*)"', tag)
        if number and code:
            codes[int(number[1])] = code[1].decode("utf-8", "replace")
    begin = max(styles.find(b"cellXfs"), 0)
    cells = styles[begin : max(styles.find(b"cellXfs", begin + 7), 0)]
    if cells.count(b"numFmtId=") > MOST_FORMATS:
        raise Refused(LARGE)
    found: Formats = {}
    for place, tag in enumerate(re.findall(rb"<(?:\w+:)?xf\s[^>]*>", cells)):
        number = re.search(rb'numFmtId="(\d{1,6})"', tag)
        form = int(number[1]) if number else 0
        zeros = re.fullmatch(r"(0{1,30})(?:\.(0{1,15}))?(?:_[ )])?", codes.get(form, ""))
        if zeros and zeros[0][:2] != "0" and (len(zeros[1]) > 1 or zeros[2]):
            found[str(place).encode()] = (len(zeros[1]), len(zeros[2] or ""))
        elif form not in codes and form in _CHINESE_DAYS:
            found[str(place).encode()] = None
    return found


def _looked(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    formats: Formats,
    hints: Hints,
    most_rows: int,
    keeps: bool = False,
) -> _Look:
    """Look through a sheet piece by piece; where it is large for what it holds, keep the rows that hold something.

    Raises Refused.
    """
    if entry.file_size > MOST_INFLATED:
        raise Refused(LARGE)
    pattern = rb"""<(?:\w+:)?c\s(?=[^>]*\ss=["'](%s)["'])[^>]*?r=["']([A-Z]{1,3})\d{1,7}["']"""
    which = b"|".join(formats) if len(formats) <= MOST_NAMED else rb"\d{1,6}"
    look = _Look(
        most_rows=most_rows,
        styles=re.compile(pattern % which) if formats else None,
        formats=formats,
        keeps=keeps,
        hints=hints,
    )
    with archive.open(entry) as stream:
        held = _head(look, stream)
        if not look.head:
            return look  # an empty sheet
        end = None
        while end is None:
            tag, start = b"", 0
            end = _ROWS_END.search(held)
            if not end and not _VALUE.search(held):  # nothing but colours, up to the last row, which may go on
                held = held[max(held.rfind(b"<", 0, max(held.rfind(b"<row"), held.rfind(b":row")) + 1), 0) :]
            for found in _ROW.finditer(held, 0, end.start() if end else len(held)):
                if found[0][1:2] == b"/":
                    _take(look, tag, held[start : found.end()])
                    tag = b""
                else:
                    tag, start = found[0], found.start()
            held = held[end.start() if end else start if tag else max(held.rfind(b"<"), 0) :]
            if len(held) > MOST_ROW:
                raise Refused(LARGE)
            chunk = b"" if end else stream.read(CHUNK)
            if not chunk and not end:
                raise Refused(BAD)  # cut off
            held += chunk
        while chunk := stream.read(CHUNK):
            _merges(look, held)
            held = held[-300:] + chunk
        _merges(look, held)
    if not keeps and (look.cut or entry.file_size > LEAN + 4 * look.size):
        return _looked(archive, entry, formats, Hints(date_1904=hints.date_1904), most_rows, keeps=True)
    return look


def _head(look: _Look, stream: IO[bytes]) -> bytes:
    """Keep what stands before the rows, and return what has been read beyond. Raises Refused."""
    held = b""
    while chunk := stream.read(CHUNK):
        held += chunk
        if begin := _ROWS_BEGIN.search(held):
            look.head = held[: begin.end()]
            if _declares(look.head):
                raise Refused(BAD)
            if begin[0].endswith(b"/>"):
                look.head = b""
            return held[begin.end() :]
        if len(held) > MOST_ROW:
            raise Refused(LARGE)
    raise Refused(BAD)


def _take(look: _Look, tag: bytes, row: bytes) -> None:
    """Look at one row that has begun with `tag`; cells that are only coloured close themselves."""
    given = _NUMBER.search(tag)
    number = int(given[1]) if given else look.last + 1
    if look.cut or row.count(b"</") <= 1 or not _VALUE.search(row):
        return
    if look.rows and (number - look.last > GAP or number > 2 * look.most_rows + GAP):
        look.cut = number
        return
    look.rows += 1
    look.size += len(row)
    if look.rows > look.most_rows:
        raise Refused(ROWS)
    if _FAR_LAST.match(row, max(row.rfind(b" r="), 0)) and _FAR.search(row):
        raise Refused(COLUMNS)
    look.last = number
    look.hidden_rows += b'hidden="1"' in tag or b'hidden="true"' in tag
    if look.keeps:
        look.kept.append(row)
    if b"<f" in row or b":f" in row:
        for about, formula, value in _FORMULA.findall(row):
            place = _PLACE.search(about)
            column = column_of(place[1]) if place else 0
            is_solved = value or _IS_TEXT.search(about)
            look.marks.append([number, column, FORMULA if is_solved else NO_VALUE])
            if not is_solved:
                look.hints.add(number, column, UNSOLVED, unescape(formula[:2000].decode("utf-8", "replace")))
    if b'"e"' in row or b"'e'" in row:
        for name in _ERROR.findall(row):
            look.hints.add(number, column_of(name), WRONG)
    if look.styles is not None:
        for style, name in look.styles.findall(row):
            if style in look.formats:
                form = look.formats[style]
                look.hints.add(number, column_of(name), FORM if form else DAY, form)


def _merges(look: _Look, xml: bytes) -> None:
    for left, top, right, bottom in _MERGE.findall(xml):
        one = [int(top), column_of(left), int(bottom), column_of(right)]
        if one not in look.merges[-8:]:  # the pieces overlap
            look.merges.append(one)
        if len(look.merges) > MOST_MERGES:
            raise Refused(MERGED)


def _widths(head: bytes) -> list[list[float]]:
    """Return [first column, last column, width] as far as columns are read."""
    found = []
    for tag in _WIDTH.findall(head)[: sheet_cells.MOST_COLUMNS]:
        values = {name: float(value) for name, value in re.findall(rb'\s(min|max|width)="(\d{1,5}(?:\.\d{1,9})?)', tag)}
        if len(values) == 3 and values[b"min"] <= sheet_cells.MOST_COLUMNS:
            last = min(values[b"max"], sheet_cells.MOST_COLUMNS)
            found.append([values[b"min"] - 1, last - 1, values[b"width"]])
    return found


_ROOM = "http://schemas.openxmlformats.org"
_BOOK = f"""<workbook xmlns="{_ROOM}/spreadsheetml/2006/main" xmlns:r="{_ROOM}/officeDocument/2006/relationships">
<workbookPr date1904="%d"/><sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>"""
_LINKS = f"""<Relationships xmlns="{_ROOM}/package/2006/relationships">
<Relationship Id="rId1" Type="{_ROOM}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_ROOM}/officeDocument/2006/relationships/styles" Target="styles.xml"/>
<Relationship Id="rId3" Type="{_ROOM}/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/>
</Relationships>"""
_DOOR = f"""<Relationships xmlns="{_ROOM}/package/2006/relationships">
<Relationship Id="rId1" Type="{_ROOM}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>
</Relationships>"""


def _clean(look: _Look, parts: dict[str, bytes], date_1904: bool) -> bytes:
    """Return an archive of one sheet with nothing but the rows that were kept."""
    prefix = re.match(rb"<(\w+:)?", look.kept[0] if look.kept else b"")
    space = (prefix[1] or b"") if prefix else b""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("_rels/.rels", _DOOR)
        archive.writestr("xl/workbook.xml", _BOOK % date_1904)
        archive.writestr("xl/_rels/workbook.xml.rels", _LINKS)
        archive.writestr("xl/styles.xml", parts.get("xl/styles.xml", b"<styleSheet/>"))
        archive.writestr("xl/sharedStrings.xml", parts.get("xl/sharedstrings.xml", b"<sst/>"))
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(look.head)
            for row in look.kept:
                sheet.write(row)
            sheet.write(b"</%ssheetData></%sworksheet>" % (space, space))
    return out.getvalue()
