"""A sheet of dues as the finance office writes it, read as lines: who by 工号, which month, how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from portal.core import kinds
from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.fields import Field, FieldError
from portal.core.kinds import PENDING_STAFF_NO, Kind
from portal.core.kinds.cleaning import for_code, visible
from portal.core.sheets import Book, Row, Sheet
from portal.members.catalogue import FIELD, Section
from portal.members.importing import headings

HEADING_WITHIN = 20  # rows
STAFF_NO, NAME, MONTH, AMOUNT = "staff_no", "name", "month", "amount"
LABELS = {STAFF_NO: "工号", NAME: "姓名", MONTH: "月份", AMOUNT: "金额"}
_MONTHS = frozenset({
    "月份", "年月", "缴费月份", "交费月份", "会费月份", "缴纳月份", "所属月份", "所属期", "会费所属期", "费款所属期",
    "缴费年月", "交费年月", "扣款月份", "扣缴月份",
})  # fmt: skip
_AMOUNTS = frozenset({
    "金额", "会费", "会费金额", "缴费金额", "交费金额", "应缴会费", "应交会费", "实缴会费", "实交会费", "实缴金额",
    "扣款金额", "扣缴金额", "工会会费", "本月会费", "应缴金额", "应交金额", "会员会费",
})  # fmt: skip
TOTALS = frozenset({"合计", "总计", "小计", "共计"})
NO_STAFF_NO = "没有认出“工号”一列，请在前 20 行内写上列名：工号、姓名、月份、金额（姓名、金额可以没有）"
NO_MONTH = "表中没有“月份”一列，请选择这张表是哪个月的会费"
NOBODY = "列名下面没有人员，请检查后重新上传"
AHEAD_MOST = 12  # months that may be paid beforehand
EARLIEST = date(2000, 1, 1)

MONTH_FIELD = Field(MONTH, "月份", Kind.MONTH, Section.WORK)
AMOUNT_FIELD = Field(AMOUNT, "金额", Kind.MONEY, Section.WORK, low=0, high=100_000)


@dataclass
class Line:
    """One row; `number` is its number in Excel, `amount` in yuan as text, `problem` empty where all is well."""

    number: int
    staff_no: str = ""
    name: str = ""
    month: date | None = None
    amount: str | None = None
    problem: str = ""


@dataclass
class Reading:
    """What was read; `columns` are the headings used, `unused` those of others."""

    lines: list[Line] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def read(book: Book, month: date | None = None) -> Reading:
    """Return the lines of the first visible sheet that has a column 工号.

    `month` (a first day) is that of every row without one of its own. Raises DomainError on `file` where there is no
    such sheet or nobody on it, on `month` where no row says which month it is.
    """
    sheet, top, columns = _sheet_of(book)
    if MONTH not in columns and month is None:
        raise DomainError(NO_MONTH, field="month")
    used = set(columns.values())
    heads = [visible(cell.text) for cell in top]
    found = Reading(
        columns=[label for name, label in LABELS.items() if name in columns],
        unused=[text for place, text in enumerate(heads) if text and place not in used],
    )
    for row in sheet.rows:
        if row.number > top.number:
            cells = {name: visible(row[place].text) for name, place in columns.items()}
            if any(cells.values()) and not _is_total(row, cells):
                found.lines.append(_line(row.number, cells, month))
    if not found.lines:
        raise DomainError(NOBODY, field="file")
    return found


def _sheet_of(book: Book) -> tuple[Sheet, Row, dict[str, int]]:
    for sheet in book.sheets:
        if sheet.hidden or sheet.problem:
            continue
        for row in sheet.rows[:HEADING_WITHIN]:
            columns = _columns(row)
            if STAFF_NO in columns:
                return sheet, row, columns
    raise DomainError(NO_STAFF_NO, field="file")


def _columns(row: Row) -> dict[str, int]:
    """Return the place of each column that the headings in `row` name; the first of a kind counts."""
    columns: dict[str, int] = {}
    for place, text in enumerate(row.shown()):
        meant, plain = headings.meant(text), headings.plain(text)
        name = meant.field if meant is not None else ""
        if name in (STAFF_NO, NAME):
            columns.setdefault(name, place)
        elif plain in _MONTHS:
            columns.setdefault(MONTH, place)
        elif plain.partition("(")[0] in _AMOUNTS:
            columns.setdefault(AMOUNT, place)
    return columns


def _is_total(row: Row, cells: dict[str, str]) -> bool:
    return not cells[STAFF_NO][:1].isdigit() and any(headings.plain(text) in TOTALS for text in row.shown())


def _line(number: int, cells: dict[str, str], month: date | None) -> Line:
    """Read one row; the first thing that is wrong is its problem, and then nothing of it counts."""
    line = Line(number, staff_no=for_code(cells[STAFF_NO])[:20], name=cells.get(NAME, "")[:50], month=month)
    try:
        staff_no = kinds.parse(FIELD[STAFF_NO], cells[STAFF_NO])
        if staff_no in (None, PENDING_STAFF_NO):
            raise FieldError("没有工号")
        line.staff_no = str(staff_no)
        if cells.get(MONTH):
            line.month = kinds.parse(MONTH_FIELD, cells[MONTH])  # type: ignore[assignment]  # a month is a date
        if line.month is None:
            raise FieldError("没有月份")
        check_month(line.month)
        amount = kinds.parse(AMOUNT_FIELD, cells.get(AMOUNT))
        line.amount = None if amount is None else str(amount)
    except FieldError as error:
        line.problem = error.message
    return line


def check_month(month: date) -> None:
    """Raise FieldError on `month` for one too far ahead, or before any that this house may know."""
    here = today()
    ahead = (month.year - here.year) * 12 + month.month - here.month
    if ahead > AHEAD_MOST or month < EARLIEST:
        raise FieldError(f"月份{month.year}年{month.month}月不合理，请核对", field=MONTH)


def span(months: Sequence[date]) -> tuple[date, date] | None:
    """Return the first and the last month that the sheet as a whole is about; None for no month.

    These are the months with at least half as many rows as the commonest: a stray row counts for neither.
    """
    counts = Counter(months)
    if not counts:
        return None
    main = [month for month, number in counts.items() if number * 2 >= max(counts.values())]
    return min(main), max(main)
