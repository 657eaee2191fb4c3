"""Rows of cells, as sheets and chats have them, read as people: which column is which, and what is wrong in a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portal.core import kinds
from portal.core.errors import DomainError
from portal.core.fields import FieldError
from portal.core.kinds import PENDING_STAFF_NO
from portal.members import names
from portal.members.catalogue import FIELD
from portal.org.models import OrgUnit

from .models import DEPARTMENT_MOST

HEADING_WITHIN = 20  # rows
STAFF_NO, NAME, DEPARTMENT, UNIT = "staff_no", "name", "department", "unit"
HEADINGS: dict[str, tuple[str, ...]] = {
    STAFF_NO: ("工号", "职工号", "教工号", "员工号", "人员编号", "职工编号", "员工编号", "人事编号", "工作证号"),
    NAME: ("姓名", "名字", "职工姓名", "员工姓名", "教工姓名", "人员姓名"),
    DEPARTMENT: ("部门", "单位", "学院", "院系", "工作单位", "工作部门", "所在部门", "所在单位", "所属部门", "部门名称",
                 "单位名称", "工作单位(部门)"),
    UNIT: ("分工会", "所属分工会", "所在分工会", "分工会名称", "工会"),
}  # fmt: skip
LABELS = {STAFF_NO: "工号", NAME: "姓名", DEPARTMENT: "部门", UNIT: "分工会"}
TOTALS = frozenset({"合计", "总计", "小计", "共计"})
NO_NAME = "没有认出“姓名”一列，请在第一行写上列名：工号、姓名、部门、分工会（部门和分工会可以没有）"
MOST_OF = 0.6  # of a column's cells must look like what the column is taken for

_NAME = re.compile(r"[\u3007\u3400-\u9fff\U00020000-\U0003ffff]{2,4}|[^\W\d_]+(?:[·•][^\W\d_]+)+")
_PLACE = re.compile(r".*(处|院|部|系|室|中心|所|馆|办|科|组|会|厂|公司|学校|机关|后勤)$")
# no telephone and no document
_NUMBER = re.compile(r"(?=.*\d)(?!1[3-9]\d{9}$)(?!\d{17}[\dXx]$)[0-9A-Za-z]{4,20}")


@dataclass
class Line:
    """One row; `number` is its place in what was brought, beginning with 1; `problem` is empty where all is well."""

    number: int
    staff_no: str | None = None
    name: str = ""
    department: str = ""
    unit: OrgUnit | None = None
    unit_text: str = ""
    problem: str = ""


@dataclass
class Reading:
    """What was read; `columns` are the headings used, `unused` those of other columns."""

    lines: list[Line] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def read(rows: Sequence[Sequence[str]], units: Mapping[str, OrgUnit]) -> Reading:
    """Return the people in `rows`; `units` are the units they may belong to, by name and by code.

    Columns are known by their headings in any of the first 20 rows, else by what stands in them. Empty rows and totals
    are left out. Raises DomainError on `people` where no column holds names.
    """
    top, columns = _by_heading(rows)
    if NAME not in columns:
        top, columns = -1, _by_content(rows, units)
    if NAME not in columns:
        raise DomainError(NO_NAME, field="people")
    headings = [plain(cell) for cell in rows[top]] if top >= 0 else []
    unused = [text for place, text in enumerate(headings) if text and place not in columns.values()]
    found = Reading(columns=[LABELS[name] for name in LABELS if name in columns], unused=unused)
    for number, row in enumerate(rows, 1):
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in columns.items()}
        filled = [text for text in cells.values() if text]
        if number - 1 > top and filled and not TOTALS & {plain(cell) for cell in row}:
            found.lines.append(_line(number, cells, units))
    return found


def plain(cell: str) -> str:
    """Return a heading or the name of a unit without spaces and colons, half-width, as it is looked up."""
    return re.sub(r"[\s*：:]", "", unicodedata.normalize("NFKC", cell))


def _by_heading(rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    """Return the place of the heading row and each column's; the first column of a kind counts."""
    for number, row in enumerate(rows[:HEADING_WITHIN]):
        columns: dict[str, int] = {}
        for place, cell in enumerate(row):
            for name, words in HEADINGS.items():
                if plain(cell) in words:
                    columns.setdefault(name, place)
        if NAME in columns:
            return number, columns
    return -1, {}


def _by_content(rows: Sequence[Sequence[str]], units: Mapping[str, OrgUnit]) -> dict[str, int]:
    """Return the columns by what most of their cells look like."""
    shares: dict[str, dict[int, float]] = {name: {} for name in LABELS}
    for place in range(max(map(len, rows), default=0)):
        cells = [plain(row[place]) for row in rows if place < len(row) and row[place].strip()]
        if not cells:
            continue

        def share(fits: list[bool], total: int = len(cells)) -> float:
            return sum(fits) / total

        shares[UNIT][place] = share([cell in units for cell in cells])
        shares[STAFF_NO][place] = share([_NUMBER.fullmatch(cell) is not None for cell in cells])
        shares[DEPARTMENT][place] = share([_PLACE.fullmatch(cell) is not None for cell in cells])
        is_name = [_NAME.fullmatch(cell) is not None and not _PLACE.fullmatch(cell) for cell in cells]
        shares[NAME][place] = share(is_name)
    columns: dict[str, int] = {}
    for name in (UNIT, NAME, STAFF_NO, DEPARTMENT):
        free = {place: part for place, part in shares[name].items() if place not in columns.values()}
        best = max(free, key=lambda place: free[place], default=-1)
        if best >= 0 and free[best] >= MOST_OF:
            columns[name] = best
    return columns


def _line(number: int, cells: Mapping[str, str], units: Mapping[str, OrgUnit]) -> Line:
    """Read one row; the first thing that is wrong is its problem."""
    line = Line(number, name=cells.get(NAME, ""), department=" ".join(cells.get(DEPARTMENT, "").split()))
    line.unit_text, line.staff_no = cells.get(UNIT, ""), cells.get(STAFF_NO, "") or None
    try:
        formula = next((LABELS[name] for name, text in cells.items() if text.startswith("=")), None)
        if formula:
            raise FieldError(f"{formula}是公式，请粘贴为数值后再试")
        line.name, _ = names.normalise_name(line.name)
        number_given = kinds.parse(FIELD["staff_no"], line.staff_no) if line.staff_no else None
        line.staff_no = None if number_given in (None, PENDING_STAFF_NO) else str(number_given)
        if len(line.department) > DEPARTMENT_MOST:
            raise FieldError(f"部门最多 {DEPARTMENT_MOST} 个字，请缩短")
        if line.unit_text:
            line.unit = units.get(plain(line.unit_text))
            if line.unit is None:
                raise FieldError(f"分工会“{line.unit_text[:30]}”不在本名单的范围内，或不接收会员")
    except FieldError as error:
        line.problem = error.message
    return line
