"""What a file of an export says, read by libraries that have not written it."""

from __future__ import annotations

import csv
import io

import openpyxl
import python_calamine

from portal.core import csv_text


def rows_in(content: bytes) -> list[list[str]]:
    """The rows below the headings, the headings first, as openpyxl and calamine read them: alike."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    assert sheet.freeze_panes == "A3"
    cells = list(sheet.iter_rows(min_row=2))
    assert {cell.data_type for row in cells for cell in row if cell.value is not None} == {"s"}
    assert {cell.number_format for row in cells for cell in row if cell.value is not None} == {"@"}
    # openpyxl leaves the escape of a text that looks like one (ST_Xstring) as it stands; Excel and calamine do not
    texts = [["" if cell.value is None else str(cell.value) for cell in row] for row in cells]
    found = [[text.replace("_x005F_", "_") for text in row] for row in texts]
    other = python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert [[str(text) for text in row] for row in other][1:] == found
    return found


def about(content: bytes) -> dict[str, str]:
    """What the second sheet says."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[1]
    assert sheet.title == "说明"
    return {str(word): str(text) for word, text in sheet.iter_rows(values_only=True)}


def mark(content: bytes) -> str:
    """The line above the headings."""
    return str(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]["A1"].value)


def rows_of_csv(content: bytes) -> list[list[str]]:
    """The rows below the mark, guards taken off."""
    assert content.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    return [[csv_text.unguarded(text) for text in row] for row in rows[1:]]
