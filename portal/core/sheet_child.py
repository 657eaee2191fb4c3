"""What the child process of `portal.core.sheets` does: reads a stranger's sheet. Run by `portal.core.child`."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import sys
from collections import Counter
from pathlib import Path
from typing import Any

if not __package__:  # the child runs this file by its path; the others of the package hold no key and no setting either
    sys.path.append(str(Path(__file__).parents[2]))

from portal.core import csv_text, sheet_cells, sheet_xml
from portal.core.sheet_cells import (
    BAD,
    BINARY,
    BROKEN,
    COLUMNS,
    EMPTY,
    LARGE,
    LOCKED,
    MERGED,
    MOST_COLUMNS,
    ROWS,
    TEXT,
    WEB,
    Hints,
    Refused,
)

_SEPARATORS = ("\t", ",", "，", "；", ";", "、", "|")


def prepare() -> None:
    """Load the library that reads workbooks."""
    import python_calamine  # noqa: F401  # loaded once, before the forks


def work(raw: bytes, most_rows: bytes) -> list[bytes]:
    """Return what the file `raw` says, or nothing and the word for why not.

    The first part is JSON about its sheets, then comes one part for each: its rows that hold something, each as its
    number, the letters for what stood in its cells, and the texts, kept apart by NEXT_CELL and NEXT_ROW. More than
    `most_rows` rows, beside headings, are refused.
    """
    try:
        return _read(raw, int(most_rows) + sheet_cells.HEADINGS)
    except Refused as refused:
        return [b"", refused.reason.encode()]
    except MemoryError:
        return [b"", LARGE.encode()]
    except BaseException as error:  # whatever a crafted file makes a library raise, the file is what is wrong
        return [b"", (LOCKED if type(error).__name__ == "PasswordError" else BAD).encode()]


def _read(raw: bytes, most_rows: int) -> list[bytes]:
    is_text = False
    if raw.startswith(b"PK"):
        about, rows = sheet_xml.read(raw, most_rows)
    elif raw.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        about, rows = _old(raw, most_rows)
    else:
        is_text = True
        about, rows = [{"name": "", "hidden": False}], [_text_rows(raw, most_rows)]
    if not any(rows):
        raise Refused(next((sheet["refused"] for sheet in about if sheet.get("refused")), EMPTY))
    return [json.dumps({"sheets": about, "is_text": is_text}, ensure_ascii=False).encode(), *rows]


def _old(raw: bytes, most_rows: int) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Read the binary format of Excel 97 and WPS."""
    if "EncryptedPackage".encode("utf-16-le") in raw or _has_password(raw):
        raise Refused(LOCKED)
    from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook  # the parent needs none

    book = load_workbook(io.BytesIO(raw))
    about: list[dict[str, Any]] = []
    rows: list[bytes] = []
    left = most_rows
    for place, one in enumerate(book.sheets_metadata[: sheet_xml.MOST_SHEETS]):
        hidden = one.visible != SheetVisibleEnum.Visible or one.typ != SheetTypeEnum.WorkSheet
        about.append({"name": sheet_cells.words(one.name), "hidden": hidden})
        rows.append(b"")
        if hidden:
            continue
        grid = book.get_sheet_by_index(place)
        merges = grid.merged_cell_ranges or []
        try:
            if len(merges) > sheet_xml.MOST_MERGES:
                raise Refused(MERGED)
            found = sheet_cells.lines(grid, Hints(), left)
        except Refused as refused:
            about[-1]["refused"] = refused.reason
            continue
        left -= len(found)
        rows[-1] = sheet_cells.NEXT_ROW.join(found).encode()
        about[-1]["merges"] = [[top + 1, first, bottom + 1, last] for (top, first), (bottom, last) in merges]
    return about, rows


def _has_password(raw: bytes) -> bool:
    """Whether one of the first records of the workbook says that the others are encrypted ([MS-XLS] 2.4.117)."""
    place = raw.find(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    for _ in range(4):
        if place < 0 or place + 4 > len(raw):
            return False
        kind, length = struct.unpack_from("<HH", raw, place)
        if kind == 0x002F:
            return True
        place += 4 + length
    return False


def _text_rows(raw: bytes, most_rows: int) -> bytes:
    text = _decoded(raw)
    if sum(text.count(sign) for sign in "\n\r\x85\u2028\u2029") > 4 * most_rows:
        raise Refused(ROWS)
    found = [(number, row) for number, row in enumerate(rows_in(text), 1) if any(row)]
    if len(found) > most_rows:
        raise Refused(ROWS)
    if any(len(row) > MOST_COLUMNS for _, row in found):
        raise Refused(COLUMNS)
    lines = [sheet_cells.line(number, [*map(_words, row)], TEXT * len(row)) for number, row in found]
    return sheet_cells.NEXT_ROW.join(lines).encode()


def _words(text: str) -> str:
    return sheet_cells.words(csv_text.unguarded(text))


def _decoded(raw: bytes) -> str:
    """Return the text in UTF-8, UTF-16 with its mark, or GB 18030, the last of which nearly anything can be."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig"] if raw.startswith(b"\xef\xbb\xbf") else ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8" and sum(byte >= 0xC0 for byte in raw[: error.start][:100_000]) > 20:
                break  # so many characters are no accident: it is UTF-8, cut off or mixed
            continue
        if re.match(r"\s*<(!doctype|html|\?xml|meta|table|head|style)", text, re.IGNORECASE):
            raise Refused(WEB)
        if re.search(r"[\x00-\x08\x0e-\x1f]", text):
            raise Refused(BINARY)
        return text
    raise Refused(BINARY if sum(byte < 9 for byte in raw[:4096]) > 4 else BROKEN)


def rows_in(text: str) -> list[list[str]]:
    """Return the rows of `text`, whose cells are kept apart by tabs, commas, or where there are none by spaces."""
    lines = text.lstrip("\ufeff").splitlines()
    found = Counter(sign for line in lines for sign in _SEPARATORS if sign in line)
    filled = sum(bool(line.strip()) for line in lines)
    sign = next((sign for sign in _SEPARATORS if found[sign] * 2 >= filled > 0), None)
    if sign is None:
        return [line.split() for line in lines]
    if '"' in text and text.count('"') % 2 == 0 and sign in ("\t", ","):
        try:
            return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=sign)]
        except csv.Error:
            pass  # quotation marks that mean nothing
    return [[cell.strip().strip('"') for cell in line.split(sign)] if line.strip() else [] for line in lines]
