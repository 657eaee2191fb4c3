"""A list of delegates as a school writes it, read as lines of plain texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.core.errors import DomainError
from portal.core.kinds.cleaning import visible
from portal.core.sheets import Book, Row, Sheet
from portal.members.importing import headings

HEADING_WITHIN, ROWS_MOST = 20, 3000
TOTALS = frozenset({"合计", "总计", "小计", "共计"})
OF_A_PERSON = ("name", "staff_no", "sex", "birth_date", "ethnicity", "post_category", "department")
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "delegation": ("代表团", "所在代表团", "代表团名称", "所属代表团"),
    "kind": ("代表类别", "代表类型", "代表性质", "代表身份"),
    "post": ("团内职务", "代表团职务", "团职务"),
    "starts": ("任期开始", "任期起", "任期开始日期", "任职开始"),
    "ends": ("任期截止", "任期止", "任期结束", "任期截止日期", "任职截止"),
}
_OTHER = {headings.plain(word): name for name, words in _OTHERS.items() for word in words}
NO_COLUMNS = (
    "没有认出“姓名”和“代表团”两列，请在前 20 行内写上列名：姓名、工号、代表团、代表类别、性别、任期开始、任期截止"
)
NOBODY = "列名下面没有人员，请检查后重新上传"


@dataclass(frozen=True)
class Raw:
    """One row; `number` is its number in Excel, `cells` its texts by field."""

    number: int
    cells: Mapping[str, str]

    def cell(self, name: str) -> str:
        """Return what stands in a column, "" where there is none."""
        return self.cells.get(name, "")


def read(book: Book) -> list[Raw]:
    """Return the rows of the first visible sheet that has columns 姓名 and 代表团. Raises DomainError on `file`."""
    sheet, top, columns = _sheet_of(book)
    found = []
    for row in sheet.rows:
        if row.number <= top.number:
            continue
        cells = {name: visible(row[place].text) for name, place in columns.items()}
        if any(cells.values()) and headings.plain(cells["name"]) not in TOTALS:
            found.append(Raw(row.number, cells))
    if not found:
        raise DomainError(NOBODY, field="file")
    if len(found) > ROWS_MOST:
        raise DomainError(f"一次最多导入 {ROWS_MOST} 名代表，请分几个文件", field="file")
    return found


def _sheet_of(book: Book) -> tuple[Sheet, Row, dict[str, int]]:
    for sheet in book.sheets:
        if sheet.hidden or sheet.problem:
            continue
        for row in sheet.rows[:HEADING_WITHIN]:
            columns = _columns(row)
            if "name" in columns and "delegation" in columns:
                return sheet, row, columns
    raise DomainError(NO_COLUMNS, field="file")


def _columns(row: Row) -> dict[str, int]:
    """Return the place of each column that the headings in `row` name; the first of a kind counts."""
    columns: dict[str, int] = {}
    for place, text in enumerate(row.shown()):
        own = _OTHER.get(headings.plain(text))
        meant = None if own else headings.meant(text)
        name = own or (meant.field if meant is not None and meant.field in OF_A_PERSON else "")
        if name:
            columns.setdefault(name, place)
    return columns
