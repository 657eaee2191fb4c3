"""The quick way of rows of text into a workbook: the same cells as the careful way, whatever stands in them."""

from __future__ import annotations

import io

import openpyxl
import pytest
import python_calamine

from portal.core import workbooks
from portal.core.workbooks import Style, Tab

ROWS = [
    ("姓名", "备注", "工号"),
    ("周&<晓>梅", "第一行\n第二行", "0012345"),
    (" 前有空格", "后有空格 ", ""),
    ("", "", "=1+1"),
    ("_x0041_", "x\r\ny\tz", "'"),
    ("控\x0b制\x00字符\ud800", "𠮷", "\u00a0"),
    ("长" * 40_000, "短", "-1"),
    ("只有一格",),
]


def cells(content: bytes) -> list[list[str]]:
    return [
        [str(text) for text in row]
        for row in python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    ]


@pytest.mark.parametrize("row", ROWS)
def test_both_ways_write_the_same(row: tuple[str, ...]) -> None:
    quick = workbooks.write([Tab("甲", [("题", "二", "三"), row], heading_row=1, styles={1: Style.HEADING})])
    careful = workbooks.write(
        [Tab("甲", [("题", "二", "三"), row], heading_row=1, styles={1: Style.HEADING, 2: Style.TEXT})]
    )

    assert cells(quick) == cells(careful)
    assert len(cells(quick)) == 2


def test_texts_stay_what_they_are_in_another_library() -> None:
    content = workbooks.write([Tab("甲", ROWS[:4], heading_row=1, print_line="周晓梅 & 导出")])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [[cell.value or "" for cell in row] for row in sheet.iter_rows()] == [list(row) for row in ROWS[:4]]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert sheet.freeze_panes == "A2"
    assert sheet.oddHeader.center.text == "周晓梅 && 导出"
