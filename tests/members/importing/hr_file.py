"""A workbook as a personnel office sends it: titles, merged headings, totals, its own words for columns and values."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import openpyxl
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from tests.factories import Person, a_person

FIRST_ROW = 6  # of people: two titles, an empty row, two rows of headings
# two columns have names that nobody knows: a person confirms once what they are
MAPPING: dict[str, str | None] = {"证照号": "id_number", "岗位": "post_category", "考核结果": None}
DEPARTMENTS = ("教务处", "机械工程学院", "后勤处")

_ABOVE = ("序号", "部门", "教工编号", "姓名", "性别", "民族", "出生年月", "政治面目", "证照号", "联系方式", "参加工作",
          "岗位", "学历学位", "", "专业技术职务", "编制性质", "婚否", "考核结果", "备注")  # fmt: skip
_BELOW = {12: "最高学历", 13: "学位"}


def hr_file(people: Sequence[Person] = (), *, month: int = 9, departments: Sequence[str] = DEPARTMENTS) -> bytes:
    """Return the file of `month` with these people, or three invented ones, spread over the departments in order.

    Departments are merged over their people, each followed by its 小计. What the file says of people beside their
    values: the birth as 1990.5, the month of the first work as a number like 1996.07, words instead of codes, and
    nothing (or a dash) in some cells. Below stand the total and who made the list.
    """
    people = people or [a_person() for _ in range(3)]
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = f"{month}月"
    sheet["A1"] = "海港大学在职教职工花名册"
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet.merge_cells("A1:S1")
    sheet["A2"] = f"人事处  2026年{month}月"
    sheet.merge_cells("A2:S2")
    for column, heading in enumerate(_ABOVE, 1):
        sheet.cell(4, column, heading or None)
        if column - 1 in _BELOW:
            sheet.cell(5, column, _BELOW[column - 1])
        else:
            sheet.merge_cells(start_row=4, end_row=5, start_column=column, end_column=column)
    sheet.merge_cells("M4:N4")
    row = FIRST_ROW
    share = -(-len(people) // len(departments))
    for place, department in enumerate(departments):
        group = people[place * share : (place + 1) * share]
        if not group:
            continue
        begin = row
        for person in group:
            for column, value in enumerate(_cells(row - FIRST_ROW + 1, person), 1):
                if column != 2:
                    sheet.cell(row, column, value)
            row += 1
        sheet.cell(begin, 2, department)
        sheet.merge_cells(start_row=begin, end_row=row - 1, start_column=2, end_column=2)
        sheet.cell(row, 1, "小计")
        sheet.cell(row, 4, f"=COUNTA(D{begin}:D{row - 1})")
        row += 1
    sheet.cell(row, 1, "合计")
    sheet.cell(row, 4, len(people))
    sheet.cell(row + 2, 1, "说明：本表由人事处导出，如有错误请联系人事处。")
    sheet.cell(row + 3, 1, "制表人：")
    sheet.cell(row + 3, 4, "何会计")
    sheet.column_dimensions["I"].width = 22
    return saved(book)


def numbers_of(people: Sequence[Person], departments: Sequence[str] = DEPARTMENTS) -> list[int]:
    """Return the numbers of the rows in which the people of such a file stand."""
    share = -(-len(people) // len(departments))
    return [FIRST_ROW + place + place // share for place in range(len(people))]


def saved(book: openpyxl.Workbook) -> bytes:
    """Return the file of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def workbook(*rows: Iterable[object]) -> bytes:
    """Return an xlsx file with these rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(list(row))
    return saved(book)


def _cells(serial: int, person: Person) -> list[object]:
    values = person.values
    birth, began = values["birth_date"], values["work_start_date"]
    return [
        serial, None, values["staff_no"], values["name"], {"1": "男", "2": "女"}[values["sex"]], "汉",
        f"{birth.year}.{birth.month}", "普通公民", f"'{values['id_number'][:6]} {values['id_number'][6:]}",
        f"+86 {values['mobile'][:3]}-{values['mobile'][3:]}", float(f"{began.year}.{began.month:02}"),
        "专任教师", "本科", None if serial % 2 else "学士", "/" if serial % 3 else "讲师", "在编", "已婚", "合格", None,
    ]  # fmt: skip
