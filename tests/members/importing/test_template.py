"""The template that people fill in, and their own file back with what is wrong in it."""

from __future__ import annotations

import io

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from portal.core import kinds, sheets
from portal.members.importing import reading
from portal.members.importing.headings import field_of
from portal.members.importing.template import ASKED, RULES, returned_file, template
from tests.factories import a_person
from tests.members.importing import hr_file
from tests.members.importing.hr_file import saved, workbook

HEADINGS = [
    "序号", "姓名", "性别", "出生日期", "民族", "就业状况", "有效证件类别", "证件号码", "学历", "技能等级", "移动电话",
    "户籍类型", "户籍所在地", "会籍变化类型", "会籍变化日期", "会籍变化原因", "政治面貌", "工作单位", "籍贯",
    "是否农民工", "工号", "所属分工会", "职称", "岗位类别", "婚姻状况", "子女数",
]  # fmt: skip


def opened(raw: bytes) -> openpyxl.Workbook:
    """Open a workbook as another program does."""
    return openpyxl.load_workbook(io.BytesIO(raw))


def table(raw: bytes, mapping: dict[str, str | None] | None = None) -> reading.Table:
    """Return the table of a file."""
    return reading.recognise(sheets.book_of(io.BytesIO(raw)), mapping)


def colour(cell: Cell) -> str:
    """Return the colour behind a cell."""
    return str(cell.fill.fgColor.rgb) if cell.fill.patternType else ""


def test_the_template_has_the_national_columns_then_ours_all_as_text() -> None:
    book = opened(template(["教务处分工会", "后勤分工会"]))

    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == HEADINGS
    assert sheet.freeze_panes == "A2"
    formats = {letter: dimension.number_format for letter, dimension in sheet.column_dimensions.items()}
    assert formats == {cell.column_letter: "@" for cell in sheet[1]}
    assert [(one.title, one.sheet_state) for one in book.worksheets][1:] == [(RULES, "visible"), ("代码", "hidden")]


def test_every_word_of_a_drop_down_is_one_that_the_import_takes() -> None:
    book = opened(template(["教务处分工会", "后勤分工会"]))
    people, codes = book.worksheets[0], book["代码"]
    offered = {}
    for one in people.data_validations.dataValidation:
        if one.type != "list":
            continue
        heading = people[f"{str(one.sqref).split(':')[0]}"].offset(-1).value
        first, last = one.formula1.replace("'代码'!", "").replace("$", "").split(":")
        offered[heading] = [row[0].value for row in codes[f"{first}:{last}"]]

    asked = {one.heading: one.field for one in ASKED}
    assert offered.pop("所属分工会") == ["教务处分工会", "后勤分工会"]
    assert offered["性别"] == ["男", "女", "未知", "未说明"]
    assert set(offered) == {
        "性别", "民族", "就业状况", "有效证件类别", "学历", "技能等级", "户籍类型", "会籍变化类型", "会籍变化原因",
        "政治面貌", "是否农民工", "职称", "岗位类别", "婚姻状况",
    }  # fmt: skip
    for heading, options in offered.items():
        assert all(options)
        for word in options:
            kinds.parse(field_of(asked[heading]), word)


def test_the_rules_speak_of_every_column() -> None:
    rows = [[cell.value for cell in row] for row in opened(template())[RULES].iter_rows()]

    assert [row[0] for row in rows[1 : len(ASKED) + 1]] == HEADINGS[1:]
    assert [row[0] for row in rows if row[1] == "必填"] == ["姓名", "证件号码", "移动电话", "所属分工会"]


def test_a_filled_template_is_read_whole() -> None:
    book = opened(template(["教务处分工会"]))
    sheet = book.worksheets[0]
    for column, asked in enumerate(ASKED, 2):
        sheet.cell(2, column, asked.example or None)

    found = table(saved(book))

    assert (found.problems, found.unknown, found.skipped) == ([], [], [])
    assert [note for note in found.notes if "隐藏" not in note] == []
    row = found.rows[0]
    assert (row.number, row.problems, row.texts["join_date"]) == (2, {}, "2015-09-01")
    for name, text in row.texts.items():
        if name != "branch":
            assert kinds.parse(field_of(name), text) is not None


def test_an_empty_template_has_nobody() -> None:
    assert table(template()).problems == [reading.NO_PEOPLE]


def test_the_users_own_file_comes_back_with_the_reasons() -> None:
    people = [a_person() for _ in range(4)]
    raw = hr_file.hr_file(people)
    found = table(raw, hr_file.MAPPING)
    numbers = [row.number for row in found.rows]

    back = opened(returned_file(raw, found, {numbers[1]: "证件号码：校验位错误；手机号码：应为 11 位"})).worksheets[0]

    before = opened(raw).worksheets[0]
    assert isinstance(back, Worksheet)
    assert back.title == before.title
    assert back["T5"].value == "错误原因"
    assert [row[0].value for row in back["T6:T14"] if row[0].value] == ["证件号码：校验位错误；手机号码：应为 11 位"]
    assert back[f"T{numbers[1]}"].value == "证件号码：校验位错误；手机号码：应为 11 位"
    marked = {number: {colour(cell) for cell in back[number] if cell.column != 2} for number in numbers[:2]}
    assert marked == {numbers[0]: {""}, numbers[1]: {"FFFFF2CC"}}  # B is merged over the department
    for column in "DEFGHIJM":
        for number in (1, 4, 5, *numbers):
            assert (back[f"{column}{number}"].value or "") == str(before[f"{column}{number}"].value or "")
    assert back.column_dimensions["I"].width == 22.0
    assert {str(block) for block in before.merged_cells.ranges} == {str(block) for block in back.merged_cells.ranges}
    assert {cell.data_type for row in back.iter_rows() for cell in row if cell.value} == {"s"}


def test_the_mended_file_is_read_again_and_its_reasons_are_written_anew() -> None:
    raw = workbook(("姓名", "工号"), ("周雨桐", "T1"), ("吴迪", "T0002"))
    once = returned_file(raw, table(raw), {2: "工号：应为 4 至 20 位"})

    found = table(once)
    twice = opened(returned_file(once, found, {3: "x"})).worksheets[0]

    assert (found.unknown, [row.texts["name"] for row in found.rows]) == ([], ["周雨桐", "吴迪"])
    assert [[cell.value for cell in row] for row in twice.iter_rows()] == [
        ["姓名", "工号", "错误原因"], ["周雨桐", "T1", None], ["吴迪", "T0002", "x"],
    ]  # fmt: skip


def test_a_csv_comes_back_as_a_workbook_with_its_own_columns() -> None:
    raw = "名单\n姓名,工号\n周雨桐,0001\n=1+1,0002\n".encode("gbk")
    found = table(raw)
    assert [row.number for row in found.rows] == [2, 3]  # the headings are 1

    back = opened(returned_file(raw, found, {3: "姓名含有非法字符"})).worksheets[0]

    assert [[cell.value for cell in row] for row in back.iter_rows()] == [
        ["名单", None, None], ["姓名", "工号", "错误原因"], ["周雨桐", "0001", None],
        ["=1+1", "0002", "姓名含有非法字符"],
    ]  # fmt: skip
