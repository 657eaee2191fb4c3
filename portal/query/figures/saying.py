"""What a table says in words: one sentence to copy into a report, and what each column counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.core.calendar import show_date
from portal.org.models import User
from portal.query import asking, showing

from . import monthly
from .ledger import MONTH
from .monthly import CLOSING, OPENING
from .overview import Overview
from .percent import percentages
from .reports import TOTAL, Report, Row
from .summary import Cell, Flow, Summary

_FLOWS = {
    monthly.JOINED: "本月入会的会员",
    monthly.CAME: "本月由其他基层工会转入的会员",
    monthly.MOVED_IN: "本月由本会其他单位调入的会员",
    monthly.RESTORED: "本月由保留会籍恢复为正常的会员",
    monthly.LEFT: "本月转出到其他基层工会的会员",
    monthly.MOVED_OUT: "本月调出到本会其他单位的会员",
    monthly.RETAINED: "本月转为保留会籍的会员",
    monthly.WITHDRAWN: "本月退会的会员",
    monthly.EXPELLED: "本月除名的会员",
    monthly.DIED: "本月去世的会员",
    monthly.GONE: "本月转出、退会或除名的保留会籍会员",
    monthly.UNMATCHED: "会籍变化记录与会员信息的历史不一致的人次，点开看是谁、差在哪里",
    monthly.CORRECTED: "没有会籍变化记录的增减：补录、查重合并、改为在（不在）本单位统计等，增为正、减为负",
}


def columns(actor: User, report: Report) -> list[str]:
    """Return what each column of the report counts, in its order."""
    told = [meaning(actor, cell, report.wish.day) for cell in report.totals.cells]
    return [words.replace("本月", "本年") for words in told] if report.heading == MONTH else told


def meaning(actor: User, cell: Cell | Flow, day: date) -> str:
    """Return what the number counts and as of which day, `day` where the cell has none of its own."""
    if isinstance(cell, Flow):
        return f"{_FLOWS[cell.kind]}（截至{show_date(day)}）"
    words = showing.reading(cell.where, asking.check(actor, cell.where))
    return f"{words}（截至{show_date(cell.day or day)}）"


def of_report(report: Report) -> str:
    """Return the report in one sentence, such as 截至2026年11月21日，本校共有会员2,946人，其中…。"""
    numbers = dict(zip(report.columns, [cell.number for cell in report.totals.cells], strict=True))
    where = f"{report.wish.unit.name}"
    if OPENING in numbers:
        of_year = report.heading == MONTH
        span = f"{report.wish.day.year}年" if of_year else f"{report.wish.day.year}年{report.wish.day.month}月"
        this = "本年" if of_year else "本月"
        who = "保留会籍人员" if report.title.startswith("保留会籍") else "会员"
        beside = (OPENING, CLOSING, monthly.UNMATCHED)
        moved = _listed([(label, number) for label, number in numbers.items() if label not in beside])
        return (
            f"{span}（截至{show_date(report.wish.day)}），{where}期初{who}{numbers[OPENING]:,}人，"
            f"{this}{moved or '没有变动'}，期末{numbers[CLOSING]:,}人。"
        )
    begin = f"截至{show_date(report.wish.day)}，{where}共有会员{numbers[TOTAL]:,}人"
    if report.columns[0] == TOTAL:
        rest = [(label, number) for label, number in numbers.items() if label != TOTAL]
        return _ended(begin, _listed(rest))
    place = report.columns.index(TOTAL)
    return _ended(begin, _shared([(row.label, _number(row, place)) for row in report.rows]))


def _number(row: Row, place: int) -> int:
    return row.cells[place].number


def of_overview(found: Overview) -> str:
    """Return the key figures of a unit in one sentence."""
    members, *others = found.tiles
    rest = "，".join(f"{tile.label}{tile.cell.number:,}人（{tile.share}）" for tile in others[:-1] if tile.cell.number)
    begin = f"截至{show_date(found.wish.day)}，{found.wish.unit.name}共有会员{members.cell.number:,}人"
    return _ended(f"{begin}，平均年龄{found.average_age}岁", rest)


def of_summary(found: Summary, reading: str, day: str) -> str:
    """Return the summary in one sentence; `reading` is the question in words."""
    begin = f"截至{day}，符合“{reading}”的会员共{found.total.number:,}人"
    return _ended(begin, _shared([(line.label, line.total.number) for line in found.lines]))


def _ended(begin: str, rest: str) -> str:
    return f"{begin}，其中{rest}。" if rest else f"{begin}。"


def _listed(numbers: Sequence[tuple[str, int]]) -> str:
    return "，".join(f"{label}{number:,}人" for label, number in numbers if number)


def _shared(numbers: Sequence[tuple[str, int]]) -> str:
    shares = percentages([number for _, number in numbers])
    return "，".join(
        f"{label.replace(' ', '')}{number:,}人（{share}%）"
        for (label, number), share in zip(numbers, shares, strict=True)
        if number
    )
