"""Sheets that people bring: read as they are, refused where they were made to hurt."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from portal.core import sheets
from portal.core.errors import DomainError
from tests import doors

SHEET = "xl/worksheets/sheet1.xml"
ROWS = [["工号", "姓名"], ["0020260001", "周雨桐"], ["20260002", "欧阳·买买提"]]


def refusal(raw: bytes) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(DomainError) as caught:
        sheets.rows_of_file(io.BytesIO(raw))
    assert caught.value.field == "file"
    return caught.value.message


def test_a_workbook_is_read_as_people_see_it() -> None:
    raw = doors.workbook(("0020260001", "周雨桐"), (20260002, "欧阳·买买提"), heading=("工号", "姓名"))

    assert sheets.rows_of_file(io.BytesIO(raw)) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("sign", [",", "\t", ";", "，", "、"])
def test_a_csv_file_is_read_in_every_usual_writing(encoding: str, sign: str) -> None:
    text = "\r\n".join(sign.join(row) for row in ROWS)

    assert sheets.rows_of_file(io.BytesIO(text.encode(encoding))) == ROWS


def test_text_from_a_chat_is_kept_apart_by_spaces() -> None:
    assert sheets.rows_of_text("工号 姓名\n0020260001  周雨桐\n20260002　欧阳·买买提") == ROWS


def test_quoted_cells_keep_their_commas() -> None:
    assert sheets.rows_of_text('工号,姓名,部门\n20260001,周雨桐,"教务处, 考务科"')[1] == [
        "20260001",
        "周雨桐",
        "教务处, 考务科",
    ]


def test_a_lone_quotation_mark_swallows_nothing() -> None:
    assert sheets.rows_of_text('2026"0001,周雨桐\n20260002,吴迪') == [['2026"0001', "周雨桐"], ["20260002", "吴迪"]]


def test_zeros_that_only_the_format_shows_are_kept() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append([7])
    book.active["A1"].number_format = "00000000"
    out = io.BytesIO()
    book.save(out)

    assert sheets.rows_of_file(io.BytesIO(out.getvalue())) == [["00000007"]]


def test_a_formula_stays_one_and_is_not_worked_out() -> None:
    raw = doors.workbook(("=1+1", '=HYPERLINK("http://x.example","周雨桐")'))

    assert sheets.rows_of_file(io.BytesIO(raw))[1] == ["=1+1", '=HYPERLINK("http://x.example","周雨桐")']


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "空的"),
        (b"PK\x03\x04not really", "无法读取"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "无法读取"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "不是表格文件"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4, "不是表格文件"),
        (b"%PDF-1.7\x00\x01\x02", "不是表格文件"),
        (b"a" * (5 << 20) + b"b", "超过 5MB"),
    ],
)
def test_what_is_no_sheet_is_refused(raw: bytes, words: str) -> None:
    assert words in refusal(raw)


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")

    assert "无法读取" in refusal(out.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = doors.changed(doors.workbook(("1", "周雨桐")), SHEET, b" " * (70 << 20))
    assert len(bomb) < 1 << 20

    assert "过大" in refusal(bomb)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(encoding: str) -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'

    assert "无法读取" in refusal(doors.changed(doors.workbook(("1", "周雨桐")), SHEET, laughs.encode(encoding)))


def test_a_row_at_the_end_of_the_world_takes_no_time() -> None:
    far = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
        b"</sheetData></worksheet>"
    )

    assert sheets.rows_of_file(io.BytesIO(doors.changed(doors.workbook(("1", "x")), SHEET, far)))[0] == ["1"]


def test_more_than_five_thousand_rows_are_refused() -> None:
    assert "5000 行" in refusal(doors.workbook(*((str(number), "周雨桐") for number in range(5_100))))
    with pytest.raises(DomainError, match="5000 行"):
        sheets.rows_of_text("周雨桐\n" * 5_021)
