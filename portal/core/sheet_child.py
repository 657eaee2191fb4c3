"""What the child process of `portal.core.sheets` does: reads a stranger's workbook. Run by `portal.core.child`."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from typing import Any

import openpyxl

MOST_ENTRIES = 400  # files within the archive
MOST_INFLATED = 60 << 20  # bytes of all of them
MOST_ROWS, MOST_COLUMNS = 5_050, 40  # headings and remarks among the rows
MOST_CHARACTERS = 200  # of a cell; a name is shorter

BAD, LARGE, ROWS = b"bad", b"large", b"rows"


def prepare() -> None:
    """Everything is loaded by now."""


def work(raw: bytes) -> list[bytes]:
    """Return the rows of the first visible sheet as JSON, or nothing and the word for why not."""
    try:
        return _rows(raw)
    except Exception:  # whatever a crafted file makes a library raise, the file is what is wrong
        return [b"", BAD]


def _rows(raw: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_INFLATED:
            return [b"", LARGE]
        for entry in entries:
            # no workbook declares document types, and only such a file can make a parser grow
            if entry.filename.endswith((".xml", ".rels")) and _declares(archive.read(entry)):
                return [b"", BAD]
    book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        return [b"", BAD]
    rows: list[list[str]] = []
    blanks = 0
    for row in sheets[0].iter_rows(max_col=MOST_COLUMNS, max_row=1_048_576):
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            blanks += 1
            if blanks > MOST_ROWS:
                break  # formatted to the end of the sheet, or made to look long
            rows.append([])
            continue
        if len(rows) >= MOST_ROWS:
            return [b"", ROWS]
        blanks = 0
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    return [json.dumps(rows, ensure_ascii=False).encode()]


def _declares(xml: bytes) -> bool:
    """Whether a part of the archive declares a document type, or is written so that one could hide."""
    head = xml[:4]
    is_wide = head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head
    return is_wide or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml


def _text(cell: Any) -> str:
    """Return what stands in the cell as a person reads it; a formula stays one, with its sign."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        form = cell.number_format or ""
        return str(value).zfill(len(form)) if form and set(form) == {"0"} else str(value)
    return str(value).strip()[:MOST_CHARACTERS]
