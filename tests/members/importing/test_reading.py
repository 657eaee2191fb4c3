"""Sheets as people send them: which row has the headings, which column is which, which rows are people."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from portal.core import kinds, sheets
from portal.core.sheets import Cell, Was
from portal.core.workbooks import Tab, write
from portal.members.importing import headings, reading, words
from portal.members.importing.headings import field_of, fingerprint, meant
from tests.factories import a_person
from tests.members.importing import hr_file
from tests.members.importing.hr_file import saved, workbook

# the national template's columns in their order, and the second regional system's
NATIONAL = (
    "序号", "姓名", "性别", "出生日期", "民族", "就业状况", "有效证件类别", "证件号码", "学历", "技能等级", "移动电话",
    "户籍类型", "户籍所在地", "会籍变化类型", "会籍变化日期", "会籍变化原因", "政治面貌", "工作单位", "籍贯",
    "是否农民工", "是否导入成功", "错误原因",
)  # fmt: skip
REGIONAL = (
    "用户名", "姓名", "性别", "出生日期", "民族", "移动电话", "有效证件类别", "证件号码", "所属企业/工会", "邮箱",
    "工会会员号", "工种", "企业工号", "职称", "参加工作年份", "微信号", "支付宝账号", "就业状况", "户籍类型", "学历",
    "技术等级", "会籍变化类型", "会籍变化日期", "会籍变化原因",
)  # fmt: skip
HEADINGS = ("姓名", "身份证号", "手机号", "分工会")


def table(raw: bytes, mapping: dict[str, str | None] | None = None) -> reading.Table:
    """Return the table of a file."""
    return reading.recognise(sheets.book_of(io.BytesIO(raw)), mapping)


def fields(found: reading.Table) -> dict[str, str]:
    """Return the fields of the columns by their headings."""
    return {column.heading: column.field for column in found.columns if column.field}


def only(*cells: object, heading: str, **others: str) -> reading.SheetRow:
    """Return what a row says of a column with this heading."""
    raw = workbook(("姓名", "身份证号", heading), *(("周雨桐", "110101199003074530", cell) for cell in cells))
    return table(raw).rows[0]


def test_a_sheet_of_a_personnel_office_is_read_after_one_mapping() -> None:
    people = [a_person() for _ in range(7)]

    found = table(hr_file.hr_file(people), hr_file.MAPPING)

    assert found.problems == []
    assert [row.number for row in found.rows] == hr_file.numbers_of(people)
    assert [row.problems for row in found.rows] == [{}] * 7
    for row, person in zip(found.rows, people, strict=True):
        said = {name: kinds.parse(field_of(name), text) for name, text in row.texts.items() if name != "branch"}
        values = person.values
        assert said | {"birth_date": None, "degree": None, "prof_title": None} == {
            "name": values["name"], "sex": values["sex"], "ethnicity": "01", "political_status": "13",
            "id_number": values["id_number"], "staff_no": values["staff_no"], "mobile": values["mobile"],
            "department": said["department"], "employment_form": "1", "post_category": "1", "education": "21",
            "work_start_date": values["work_start_date"], "marital_status": "20",
            "birth_date": None, "degree": None, "prof_title": None,
        }  # fmt: skip
    assert [row.texts["department"] for row in found.rows] == ["教务处"] * 3 + ["机械工程学院"] * 3 + ["后勤处"]
    assert [row.warnings for row in found.rows] == [[]] * 7  # a birth of 1990.5 says what the number says
    assert [why for _, why in found.skipped] == ["合计行"] * 4 + ["填表说明或签字"] * 2
    assert "“/”" in found.notes[-1]


def test_before_the_mapping_the_sheet_says_what_it_needs() -> None:
    found = table(hr_file.hr_file())

    assert found.heading_row == 5
    assert [(column.letter, column.heading, column.suggested) for column in found.unknown] == [
        ("I", "证照号", "id_number"), ("L", "岗位", None), ("R", "考核结果", None),
    ]  # fmt: skip


def test_the_next_month_has_the_same_fingerprint() -> None:
    september, october = table(hr_file.hr_file(month=9)), table(hr_file.hr_file(month=10))

    assert september.fingerprint == october.fingerprint
    assert fingerprint(["姓名", "9月工资"]) == fingerprint(["10月工资", "姓 名*"])
    assert fingerprint(["姓名"]) != fingerprint(["姓名", "工号"])


@pytest.mark.parametrize("blanks", [0, 1, 18])
def test_the_headings_stand_in_any_of_the_first_twenty_rows(blanks: int) -> None:
    rows = [
        ("会员名册",),
        *[("第", "页")] * blanks,
        HEADINGS,
        ("周雨桐", "110101199003074530", "13900001111", "教务处分工会"),
    ]

    found = table(workbook(*rows))

    assert found.heading_row == blanks + 2
    assert found.rows[0] == reading.SheetRow(
        blanks + 3,
        {"name": "周雨桐", "id_number": "110101199003074530", "mobile": "13900001111", "branch": "教务处分工会"},
    )


def test_a_heading_below_the_twentieth_row_is_none() -> None:
    rows = [("说明",)] * 20
    (problem,) = table(workbook(*rows, HEADINGS, ("周雨桐", "1"))).problems

    assert "没有认出表头" in problem


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("身份证号", "id_number"), ("身份证号码", "id_number"), ("证件号码", "id_number"), ("手机号", "mobile"),
        ("移动电话", "mobile"), ("联系电话", "mobile"), ("分工会", "branch"), ("所属分工会", "branch"),
        ("部门", "department"), ("工作单位", "department"), ("职称", "prof_title"), ("学历", "education"),
        ("文化程度", "education"), ("证件类别", "id_type"), ("有效证件类别", "id_type"), ("技能等级", "skill_level"),
        ("*姓 名：", "name"), ("２．性别（必填）", "sex"), ("出生日期(YYYY-MM-DD)", "birth_date"),
        ("工资（会费计缴基数）", "dues_base"), ("ＸＭ", None), ("单位意见", None),
    ],
)  # fmt: skip
def test_headings_are_known_by_their_usual_names(heading: str, field: str | None) -> None:
    match = meant(heading)

    assert (match.field if match else None) == field


def test_every_field_that_a_sheet_may_have_is_known_by_its_label_and_no_name_means_two() -> None:
    for name in headings.NAMES:
        match = meant(field_of(name).label)
        assert match is not None
        assert match.field == name
    spoken = [headings.plain(word) for names in headings.OTHER_NAMES.values() for word in names]
    assert sorted(spoken) == sorted(set(spoken))


def test_the_national_template_is_known_whole() -> None:
    found = table(workbook(NATIONAL, [str(number) for number in range(22)], (1, "周雨桐", "女")))

    assert found.unknown == []
    assert [column.heading for column in found.columns if column.is_known] == ["序号", "是否导入成功", "错误原因"]


def test_two_lines_of_headings_are_one_in_a_workbook_and_in_text() -> None:
    above = ["姓名", "身份证号", "会籍变化", None, None, "手机号"]
    below = [None, None, "类型", "日期", "原因", None]
    person = ["周雨桐", "110101199003074530", "1 入会", "2015-09-01", "", "13900001111"]
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in (above, below, person):
        sheet.append(row)
    sheet.merge_cells("C1:E1")
    text = "\n".join(",".join(cell or "" for cell in row) for row in (above, below, person)).encode()

    in_book, in_text = table(saved(book)), table(text)

    for found in (in_book, in_text):
        assert list(fields(found).values()) == [
            "name", "id_number", "change_type", "change_date", "change_reason", "mobile"
        ]  # fmt: skip
        assert found.rows[0].change == {"change_type": "1", "change_date": "2015-09-01"}
        assert found.rows[0].texts["join_date"] == "2015-09-01"  # 入会 is joining
    assert (in_book.rows[0].number, in_text.rows[0].number) == (3, 2)  # in a csv the headings are 1


def test_headings_of_other_people_below_a_heading_are_not_the_members() -> None:
    above = ["姓名", "身份证号", "家庭情况", None, "配偶", None, "人事情况", None]
    below = [None, None, "婚姻状况", "子女数", "姓名", "手机号", "职称", "文化程度"]

    found = table(
        workbook(above, below, ["周雨桐", "110101199003074530", "已婚", 1, "吴迪", "13900001111", "讲师", "本科"])
    )

    assert fields(found) == {
        "姓名": "name", "身份证号": "id_number", "婚姻状况": "marital_status", "子女数": "children_count",
        "职称": "prof_title", "文化程度": "education",
    }  # fmt: skip
    assert [column.heading for column in found.unknown] == ["配偶姓名", "配偶手机号"]


@pytest.mark.parametrize("columns", [4, 8])
def test_a_second_line_about_a_spouse_alone_is_never_the_heading(columns: int) -> None:
    above = ["姓名", "身份证号", "配偶", *[None] * 5]
    below = [None, None, "姓名", "手机号", "民族", "工作单位", "学历", "职称"][:columns]

    found = table(workbook(above, below, ["周雨桐", "110101199003074530", "吴迪", "13900001111"]))

    assert found.heading_row == 2
    assert fields(found) == {"姓名": "name", "身份证号": "id_number"}
    assert found.rows[0].texts["name"] == "周雨桐"


def test_a_column_without_a_heading_is_asked_about_where_it_is_filled() -> None:
    numbers = ["13900001111", "13900002222", "13900003333"]
    raw = workbook(
        ("姓名", "工号", None, None), *(("周雨桐", f"T{number}", number) for number in numbers), (None,) * 3 + ("x",)
    )

    found = table(raw)

    assert [(column.letter, column.heading, column.suggested) for column in found.unknown] == [
        ("C", "（没有列名）", "mobile")
    ]  # fmt: skip
    assert [row.texts["mobile"] for row in table(raw, {"#3": "mobile"}).rows] == numbers


def test_rows_of_rules_below_the_headings_are_left_out() -> None:
    rules = ("与身份证一致", "18位，请设为文本格式", "11位数字", "请填写全称")

    found = table(workbook(HEADINGS, rules, ("周雨桐", "110101199003074530", "13900001111", "教务处")))

    assert ([row.number for row in found.rows], found.skipped) == ([3], [(2, "填写提示")])


def test_the_regional_template_is_known_but_for_what_the_union_does_not_keep() -> None:
    person = ("u1", "周雨桐", "女", "19900307", "汉族", "13900001111", "身份证",
              "110101199003074530", "机械厂工会", "", "", "", "0007", "工程师", 2012, "", "", "在岗", "非农业", "本科",
              "高级技师", "2", "2012.9.1", "")  # fmt: skip
    found = table(workbook(REGIONAL, person))

    assert [column.heading for column in found.unknown] == ["邮箱", "工种", "微信号", "支付宝账号"]
    assert found.rows[0].texts == {
        "name": "周雨桐", "sex": "女", "birth_date": "19900307", "ethnicity": "汉族", "mobile": "13900001111",
        "id_type": "1", "id_number": "110101199003074530", "branch": "机械厂工会", "staff_no": "0007",
        "prof_title": "工程师", "work_start_date": "2012-01", "employment_status": "在岗", "household_type": "1",
        "education": "本科", "skill_level": "1",
    }  # fmt: skip
    assert found.rows[0].warnings == [("work_start_date", "参加工作时间只有年份 2012，按当年 1 月登记，请核对")]
    assert found.rows[0].change == {"change_type": "2", "change_date": "2012.9.1"}


def test_the_same_heading_twice_is_a_sentence_and_a_mapping_settles_it() -> None:
    raw = workbook((*HEADINGS, "手机号"), ("周雨桐", "110101199003074530", "13900001111", "教务处", "13900002222"))

    assert table(raw).problems == ["手机号码有重复的列：C 列“手机号”、E 列“手机号”，请删去一列，或在列的对应中只选一列"]
    found = table(raw, {"手机号": None, "手机号(2)": "mobile"})
    assert found.problems == []
    assert found.rows[0].texts["mobile"] == "13900002222"


def test_of_two_names_for_one_field_the_plainer_is_taken_and_said_so() -> None:
    raw = workbook(
        ("姓名", "身份证号", "联系电话", "手机号"), ("周雨桐", "110101199003074530", "0335-8050000", "13900001111")
    )

    found = table(raw)

    assert found.rows[0].texts["mobile"] == "13900001111"
    assert found.notes == ["手机号码采用“手机号”一列，“联系电话”没有读取"]


def test_without_a_number_of_anybody_nothing_is_read() -> None:
    assert table(workbook(("姓名", "性别", "部门"), ("周雨桐", "女", "教务处"))).problems == [
        "没有“身份证号”一列，也没有“工号”一列，无法认出每一行是哪一位，请补上或在列的对应中选择"
    ]


def test_rows_that_are_nobody_are_left_out_and_said_so() -> None:
    person = ("周雨桐", "110101199003074530", "13900001111", "教务处")
    rows = [
        HEADINGS, ("必填", "文本", "必填", "必填"), ("示例：张三", "110101199003074530", "", ""), person, HEADINGS,
        ("小计", "", 1, ""), ("合 计：1人",), ("吴迪", None, None, "教务处"), ("填表说明：一、本表由分工会填写",),
        ("二、请勿改动列名",), ("审核人：", "何会计"),
    ]  # fmt: skip

    found = table(workbook(*rows))

    assert [(row.number, row.texts["name"]) for row in found.rows] == [(4, "周雨桐"), (8, "吴迪")]
    assert found.skipped == [
        (2, "填写提示"), (3, "示例"), (5, "重复的表头"), (6, "合计行"), (7, "合计行"), (9, "填表说明或签字"),
        (10, "填表说明或签字"), (11, "填表说明或签字"),
    ]  # fmt: skip


def test_rows_with_a_serial_number_alone_are_empty() -> None:
    found = table(workbook(("序号", *HEADINGS), (1, "周雨桐", "110101199003074530"), (2,), (3,)))

    assert [row.number for row in found.rows] == [2]
    assert found.skipped == [(3, "没有内容"), (4, "没有内容")]


def test_a_wrong_row_stays_a_row() -> None:
    rows = [
        HEADINGS,
        ("合计", "110101199003074530", "", ""),
        ("周雨桐", "", "", ""),
        ("", "110101199003074530", "", ""),
    ]

    assert [row.number for row in table(workbook(*rows)).rows] == [2, 3, 4]


def test_a_number_in_the_column_of_documents_is_an_error_and_never_repaired() -> None:
    row = table(workbook(("姓名", "身份证号"), ("周雨桐", 110101199003074530), ("吴迪", 1.10101e17))).rows[0]

    assert "id_number" not in row.texts
    assert row.problems == {
        "id_number": "证件号码被 Excel 存成了数字，后几位可能已丢失，请把该列设为文本格式后重新填写"
    }


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("1990-1-5", "1990-01-05"), ("1990/01/05", "1990-01-05"), ("19900105", "1990-01-05"), (19900105, "1990-01-05"),
        ("1990.1.5", "1990-01-05"), ("1990年1月5日", "1990-01-05"), (date(1990, 1, 5), "1990-01-05"),
        (32878, "1990-01-05"), ("1990-01-05 00:00:00", "1990-01-05"),
    ],
)  # fmt: skip
def test_days_are_taken_as_sheets_write_them(cell: object, text: str) -> None:
    row = only(cell, heading="来校时间")

    one = field_of("school_entry_date")
    assert kinds.to_input(one, kinds.parse(one, row.texts[one.name])) == text
    assert row.warnings == []


@pytest.mark.parametrize(
    ("cell", "text"), [("1990.5", "1990-05-01"), ("1990年5月", "1990-05-01"), (1990.05, "1990-05-01")]
)
def test_a_month_is_the_first_of_it_and_said_so(cell: object, text: str) -> None:
    row = only(cell, heading="入会日期")

    assert row.texts["join_date"] == text
    assert row.warnings == [("join_date", f"入会日期只写到月，按 {text} 登记，请核对")]


def test_1990_1_is_january_as_text_october_beside_two_digits_and_else_nobody_can_tell() -> None:
    column = "参加工作时间"

    typed = only("1990.1", heading=column)
    beside = only(1990.1, 1996.07, heading=column)
    alone = only(1990.1, 1996.7, heading=column)

    assert (typed.texts["work_start_date"], len(typed.warnings)) == ("1990-01", 1)
    assert (beside.texts["work_start_date"], len(beside.warnings)) == ("1990-10", 1)
    assert alone.problems == {
        "work_start_date": "参加工作时间“1990.1”分不清是 1 月还是 10 月，请写成 1990-01 或 1990-10"
    }
    in_csv = f"姓名,身份证号,{column}\n周雨桐,110101199003074530,1990.1\n".encode("gbk")
    assert list(table(in_csv).rows[0].problems) == ["work_start_date"]


@pytest.mark.parametrize(("answer", "texts"), [("10", "1990-10"), ("1", "1990-01"), ("", None)])
def test_what_nobody_can_tell_is_asked_once(answer: str, texts: str | None) -> None:
    raw = workbook(("姓名", "身份证号", "参加工作时间"), ("周雨桐", "110101199003074530", 1990.1))

    found = table(raw, {"参加工作时间.1": answer})

    assert [column.unclear for column in found.columns] == [0, 0, 1]
    assert found.rows[0].texts.get("work_start_date") == texts
    assert found.rows[0].problems == {}
    assert len(found.rows[0].warnings) == 1


@pytest.mark.parametrize(
    ("cell", "warnings"),
    [
        ("1990.3", []), ("1990-03-07", []), (1990.3, []), ("1990/3/7", []),
        ("不详", [("birth_date", "出生日期“不详”与证件号码中的 1990-03-07 不一致，以证件号码为准")]),
        ("1991.3", [("birth_date", "出生日期“1991.3”与证件号码中的 1990-03-07 不一致，以证件号码为准")]),
    ],
)  # fmt: skip
def test_a_birth_that_is_written_roughly_leaves_the_word_to_the_document(cell: object, warnings: list[object]) -> None:
    row = only(cell, heading="出生年月")

    assert row.texts.get("birth_date") in (None, "1990-03-07", "1990/3/7")
    assert (row.problems, row.warnings) == ({}, warnings)


@pytest.mark.parametrize(
    ("heading", "cell", "text"),
    [
        ("性别", "1 男", "1"), ("性别", "2-女", "2"), ("性别", "男", "男"), ("性别", 1, "1"), ("民族", "汉", "汉"),
        ("民族", "01", "01"), ("民族", 1, "01"), ("民族", "01 汉族", "01"), ("民族", "汉族(01)", "01"),
        ("政治面貌", "13群众", "13"), ("学历", "21", "21"), ("职称", 13, "013"), ("证件类型", "身份证", "1"),
        ("户籍类型", "1.非农业家庭户口", "1"), ("就业状况", "在职", "1"), ("技能等级", "高级工", "3"),
        ("婚姻状况", "离异", "40"), ("是否农民工", "√", "是"), ("是否农民工", "×", "否"), ("学历", "看不懂", "看不懂"),
    ],
)  # fmt: skip
def test_codes_and_words_are_both_taken(heading: str, cell: object, text: str) -> None:
    row = only(cell, heading=heading)

    assert next(value for name, value in row.texts.items() if name not in ("name", "id_number")) == text


def test_a_code_that_belies_its_word_is_an_error() -> None:
    assert only("1 女", heading="性别").problems == {"sex": "性别“1 女”的代码与文字不一致，请核对"}


def test_every_other_word_for_a_code_is_one_of_the_codes() -> None:
    for name, other in words.WORDS.items():
        for word, code in other.items():
            assert words.chosen(field_of(name), Cell(word)) in {code, word}
            assert kinds.parse(field_of(name), code) == code


@pytest.mark.parametrize("cell", ["/", "-", "——", "N/A"])
def test_a_dash_is_nothing(cell: str) -> None:
    assert set(only(cell, heading="职称").texts) <= {"name", "id_number"} | ({"prof_title"} if cell == "N/A" else set())


def test_formulas_errors_and_merged_people_are_told() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["姓名", "身份证号", "职务", "手机号"])
    sheet.append(["周雨桐", "110101199003074530", "=A1", "13900001111"])
    sheet.append(["吴迪", "110101199003074610", "#REF!", None])
    sheet["C3"].data_type = "e"
    sheet.merge_cells("D2:D3")

    first, second = table(saved(book)).rows

    assert first.problems == {"admin_duty": "职务是没有结果的公式，请用 Excel 打开保存一次，或粘贴为数值"}
    assert list(second.problems.values()) == [
        "职务是错误值“#错误”，请改正", "手机号码是合并单元格，请取消合并后逐行填写"
    ]  # fmt: skip


def test_the_sheet_with_the_list_is_found_and_the_others_are_named() -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.title = "填写说明"
    first.append(["请在第二个工作表填写"])
    for title, name in (("名单", "周雨桐"), ("离职", "吴迪")):
        sheet = book.create_sheet(title)
        sheet.append(["姓名", "工号"])
        sheet.append([name, "T0001"])
    book.create_sheet("代码").sheet_state = "hidden"

    found = table(saved(book))

    assert (found.sheet.name, found.rows[0].texts["name"]) == ("名单", "周雨桐")
    assert found.notes == ["工作表“离职”也像名单，没有读取；需要时请另行上传", "隐藏的工作表没有读取：代码"]
    chosen = reading.recognise(sheets.book_of(io.BytesIO(saved(book))), sheet="离职")
    assert chosen.rows[0].texts["name"] == "吴迪"


def test_ten_thousand_people_are_taken_and_not_one_more() -> None:
    rows = [["职工名单"], ["姓名", "工号"], *([f"周{number}", f"T{number:05}"] for number in range(10_001))]

    assert len(table(write([Tab("名单", rows[:-1])])).rows) == 10_000
    assert table(write([Tab("名单", rows)])).problems == ["文件超过 10000 行，请分成几个文件上传"]
    many = sheets.book_of(io.BytesIO(write([Tab("名单", rows)])), most_rows=sheets.COMMAND_ROWS)
    assert len(reading.recognise(many).rows) == 10_001


def test_a_number_keeps_what_it_was() -> None:
    book = sheets.book_of(io.BytesIO(workbook(("姓名", "工号"), ("周雨桐", 7))))

    assert book.sheets[0].rows[1][1] == Cell("7", Was.NUMBER)
