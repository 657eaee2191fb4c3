"""Workbooks that go with an import: the template to fill in, and the user's own file back with what is wrong in it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.core import sheets
from portal.core.kinds import Kind, options_of
from portal.core.workbooks import Choice, Style, Tab, apart, write

from .headings import field_of, plain
from .reading import Table

REASON = "错误原因"
SERIAL = "序号"
FIRST, LAST = 2, 10_001  # rows of people in the template
CODES, RULES, MEMBERS = "代码", "填写说明", "会员"
BRANCHES_MOST = 500  # in a drop-down

_WIDE, _REASON_WIDTH = 24.0, 48.0


@dataclass(frozen=True)
class _Asked:
    """A column of the template: the heading, the field it means, what to write there, and an example."""

    heading: str
    field: str
    rule: str
    example: str
    must: bool = False


_CHOOSE = "从下拉列表中选择"
_DAY = "写到日，例如 1990-05-01；本列已设为文本格式，不要改"
# the columns of the national template in its order, then what a union keeps besides
ASKED: tuple[_Asked, ...] = (
    _Asked("姓名", "name", "与证件一致；少数民族姓名中的间隔号写“·”", "买买提·吐尔逊", must=True),
    _Asked("性别", "sex", f"{_CHOOSE}；有 18 位身份证号码的可以不填", "女"),
    _Asked("出生日期", "birth_date", f"{_DAY}；有 18 位身份证号码的可以不填", "1990-05-01"),
    _Asked("民族", "ethnicity", f"{_CHOOSE}，“汉”和“汉族”都可以", "汉族"),
    _Asked("就业状况", "employment_status", _CHOOSE, "在岗"),
    _Asked("有效证件类别", "id_type", f"{_CHOOSE}；不填按号码判断", "居民身份证"),
    _Asked("证件号码", "id_number", "必须是文本；不要粘贴成数字，数字会丢失后三位", "110101199003074530", must=True),
    _Asked("学历", "education", _CHOOSE, "大学本科毕业"),
    _Asked("技能等级", "skill_level", f"{_CHOOSE}；没有的不填", ""),
    _Asked("移动电话", "mobile", "11 位手机号码", "13900001111", must=True),
    _Asked("户籍类型", "household_type", _CHOOSE, "居民户口"),
    _Asked("户籍所在地", "household_place", "写到县（市、区）", "河北省秦皇岛市海港区"),
    _Asked("会籍变化类型", "change_type", f"{_CHOOSE}；历史会员补录时填“入会”", "入会"),
    _Asked("会籍变化日期", "change_date", f"{_DAY}；类型为“入会”时就是入会日期", "2015-09-01"),
    _Asked("会籍变化原因", "change_reason", f"{_CHOOSE}；入会、转入的不填", ""),
    _Asked("政治面貌", "political_status", _CHOOSE, "群众"),
    _Asked("工作单位", "department", "所在部门；没有填所属分工会的，按部门与分工会的对应确定", "教务处"),
    _Asked("籍贯", "native_place", "写到市、县", "河北秦皇岛"),
    _Asked("是否农民工", "is_migrant_worker", _CHOOSE, "否"),
    _Asked("工号", "staff_no", "4 至 20 位数字或字母，前面的 0 不要丢", "00012345"),
    _Asked("所属分工会", "branch", "分工会的名称或代码", "教务处分工会", must=True),
    _Asked("职称", "prof_title", f"{_CHOOSE}；没有的选“无”", "副教授"),
    _Asked("岗位类别", "post_category", f"{_CHOOSE}；双肩挑的选主要岗位", "专任教师"),
    _Asked("婚姻状况", "marital_status", f"{_CHOOSE}；可以不填", ""),
    _Asked("子女数", "children_count", "整数；可以不填", ""),
)
_GENERAL = (
    f"只在“{MEMBERS}”工作表中填写，每人一行；列的次序可以改变，不需要的列可以删去，列名不要改。",
    "所有列都已设为文本格式。从别处复制时请用“选择性粘贴—数值”，否则证件号码会变成数字，后三位丢失。",
    "带“必填”的列每人都要填写；不知道的内容请留空，不要编造。",
    f"一次最多 {sheets.PAGE_ROWS:,} 人。上传后先看到逐行的核对结果，确认以后才会写入。",
)


def template(branches: Sequence[str] = ()) -> bytes:
    """Return the xlsx to fill in: a sheet for the people, the rules, and hidden the words of the drop-downs.

    `branches` are the names that the user may write under 所属分工会; more than 500 get no drop-down.
    """
    headings = [SERIAL, *(asked.heading for asked in ASKED)]
    lists: dict[int, list[str]] = {}
    for column, asked in enumerate(ASKED, 1):
        one = field_of(asked.field)
        if one.kind is Kind.BOOL:
            lists[column] = ["是", "否"]
        elif one.kind is Kind.CHOICE:
            lists[column] = [label for _, label in options_of(one)]
        elif asked.field == "branch" and 0 < len(branches) <= BRANCHES_MOST:
            lists[column] = [*branches]
    places = {column: place for place, column in enumerate(lists)}
    longest = max(map(len, lists.values()))
    codes = [[headings[column] for column in lists]]
    codes += [[words[row] if row < len(words) else "" for words in lists.values()] for row in range(longest)]
    people = Tab(
        MEMBERS,
        [headings],
        heading_row=1,
        widths={column: _width(heading) for column, heading in enumerate(headings)},
        styles={1: Style.HEADING},
        cells={(1, column): Style.ASKED for column, asked in enumerate(ASKED, 1) if asked.must},
        choices={column: Choice(CODES, place, len(lists[column])) for column, place in places.items()},
        prompts={column: _prompt(asked) for column, asked in enumerate(ASKED, 1)},
        last_row=LAST,
    )
    return write([people, _rules(), Tab(CODES, codes, hidden=True)])


def returned_file(raw: bytes, table: Table, reasons: Mapping[int, str], *, most_rows: int = sheets.PAGE_ROWS) -> bytes:
    """Return the user's own sheet as an xlsx with a column 错误原因, in which the rows with a reason are coloured.

    `raw` is the file that `table` was read from, `reasons` are sentences by `SheetRow.number`. Row numbers, values and
    widths stay as they were, all as text; a column 错误原因 that was there before is written anew. Raises what
    `sheets.book_of` raises; call it with no transaction open.
    """
    book = sheets.book_of(io.BytesIO(raw), most_rows=most_rows)
    sheet = next(sheet for sheet in book.sheets if sheet.name == table.sheet.name)
    by_number = {number + table.offset: reason for number, reason in reasons.items()}
    headings = next((row.texts for row in sheet.rows if row.number == table.heading_row), [])
    width = max(len(row.texts) for row in sheet.rows)
    column = next((place for place, text in enumerate(headings) if plain(text) == REASON), width)
    width = max(width, column + 1)
    rows: list[list[str]] = []
    cells: dict[tuple[int, int], Style] = {(table.heading_row, column): Style.HEADING}
    for row in sheet.rows:
        rows += [[] for _ in range(row.number - len(rows) - 1)]
        texts = row.texts + [""] * (width - len(row.texts))
        texts[column] = REASON if row.number == table.heading_row else by_number.get(row.number, "")
        if row.number in by_number:
            cells[(row.number, column)] = Style.REASON
        rows.append(texts)
    return write([
        Tab(
            sheet.name or MEMBERS,
            rows,
            heading_row=table.heading_row,
            widths={**sheet.widths, column: _REASON_WIDTH},
            styles={table.heading_row: Style.HEADING} | dict.fromkeys(by_number, Style.MARKED),
            cells=cells,
            merges=apart(block for block in sheet.merges if not block[1] <= column <= block[3]),
        )
    ])  # fmt: skip


def _width(heading: str) -> float:
    return _WIDE if heading in ("证件号码", "所属分工会", "工作单位", "户籍所在地") else max(8.0, len(heading) * 2.6)


def _prompt(asked: _Asked) -> str:
    return f"{'必填。' if asked.must else ''}{asked.rule}"


def _rules() -> Tab:
    rows: list[list[str]] = [["列名", "是否必填", "填写要求", "示例"]]
    rows += [[asked.heading, "必填" if asked.must else "", asked.rule, asked.example] for asked in ASKED]
    first = len(rows) + 2
    rows += [[], *([text] for text in _GENERAL)]
    return Tab(
        RULES,
        rows,
        heading_row=1,
        widths={0: 18.0, 1: 10.0, 2: 60.0, 3: 26.0},
        styles={1: Style.HEADING} | dict.fromkeys(range(2, len(rows) + 1), Style.WRAPPED),
        merges=[(number, 0, number, 3) for number in range(first, len(rows) + 1)],
    )
