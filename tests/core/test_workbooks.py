"""Workbooks that the house gives out, read back by two other libraries than wrote them."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import openpyxl
import python_calamine

from portal.core import sheets
from portal.core.workbooks import Choice, Style, Tab, apart, letters, write

HOSTILE = ['=HYPERLINK("http://x.example","周雨桐")', "+1+1", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0"]


def opened(raw: bytes) -> openpyxl.Workbook:
    """Open a workbook as another program does."""
    return openpyxl.load_workbook(io.BytesIO(raw))


def test_texts_come_back_as_they_were_whoever_reads_them() -> None:
    rows = [["姓名", "身份证号"], ["周雨桐", "110101199003074530"], [], ["𠮷𬱖·买买提", "  前后 <&> \"'\n二行"]]

    raw = write([Tab("会员", rows)])

    sheet = opened(raw)["会员"]
    assert [[cell.value for cell in row] for row in sheet["A1:B4"]] == [
        ["姓名", "身份证号"], ["周雨桐", "110101199003074530"], [None, None], ["𠮷𬱖·买买提", "  前后 <&> \"'\n二行"],
    ]  # fmt: skip
    fast = python_calamine.load_workbook(io.BytesIO(raw)).get_sheet_by_index(0).to_python()
    assert fast == [["姓名", "身份证号"], ["周雨桐", "110101199003074530"], ["", ""], rows[3]]


def test_nothing_is_ever_worked_out() -> None:
    sheet = opened(write([Tab("会员", [HOSTILE])])).worksheets[0]

    assert [(cell.value, cell.data_type, cell.number_format) for cell in sheet[1]] == [
        (text, "s", "@") for text in HOSTILE
    ]


def test_characters_that_no_cell_can_hold_are_taken_out() -> None:
    sheet = opened(write([Tab("会\x00员", [["周\x00雨\x0b桐\ud800\uffff\x7f", "长" * 40_000]])])).worksheets[0]

    assert (sheet.title, sheet["A1"].value, len(sheet["B1"].value or "")) == ("会员", "周雨桐", 32_767)


def test_the_headings_stay_in_sight_and_drop_downs_name_their_words() -> None:
    codes = Tab("代 码", [["民族", "性别"], ["汉族", "男"], ["回族", "女"]], hidden=True)
    tab = Tab(
        "会员", [["题"], ["民族"]], heading_row=2, widths={0: 20.0}, styles={2: Style.HEADING}, merges=[(1, 0, 1, 3)],
        choices={0: Choice("代 码", 0, 2)}, prompts={0: "请选择", 1: "<写>"}, last_row=100,
    )  # fmt: skip

    book = opened(write([tab, codes]))

    sheet = book["会员"]
    assert (sheet.freeze_panes, sheet.column_dimensions["A"].width, book["代 码"].sheet_state) == ("A3", 20.0, "hidden")
    assert [str(block) for block in sheet.merged_cells.ranges] == ["A1:D1"]
    assert [(str(one.sqref), one.type, one.formula1, one.prompt) for one in sheet.data_validations.dataValidation] == [
        ("A3:A100", "list", "'代 码'!$A$2:$A$3", "请选择"), ("B3:B100", None, None, "<写>"),
    ]  # fmt: skip
    assert (sheet["A2"].font.b, sheet["A1"].font.b) == (True, False)


def test_names_of_sheets_are_such_as_excel_takes() -> None:
    names = ["2026/09:[名单]", "", "x" * 40, "X" * 40, "'a'"]

    assert opened(write([Tab(name) for name in names])).sheetnames == [
        "202609名单", "Sheet2", "x" * 31, f"{'X' * 26}(4)", "a",
    ]  # fmt: skip


def test_every_part_is_well_formed_and_named() -> None:
    with zipfile.ZipFile(io.BytesIO(write([Tab("一", [["1"]]), Tab("二", [["2"]])]))) as archive:
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}  # noqa: S314  # ours

    named = {part.get("PartName", "")[1:] for part in parts["[Content_Types].xml"] if part.get("PartName")}
    assert named == {name for name in parts if name.endswith(".xml") and name != "[Content_Types].xml"}


def test_what_is_written_is_read_as_a_sheet_of_people() -> None:
    book = sheets.book_of(io.BytesIO(write([Tab("会员", [["姓名"], [], ["周雨桐"]]), Tab("码", [["1"]], hidden=True)])))

    assert [(sheet.name, sheet.hidden) for sheet in book.sheets] == [("会员", False), ("码", True)]
    assert [(row.number, row.texts) for row in book.sheets[0].rows] == [(1, ["姓名"]), (3, ["周雨桐"])]


def test_blocks_that_touch_are_not_merged_twice() -> None:
    assert apart([(1, 0, 2, 3), (2, 3, 4, 5), (5, 0, 5, 0), (6, 0, 7, 0), (1, 0, 1_048_576, 16_383)]) == [
        (1, 0, 2, 3), (6, 0, 7, 0),
    ]  # fmt: skip


def test_columns_are_named_as_in_excel() -> None:
    assert [letters(column) for column in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
