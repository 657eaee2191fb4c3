"""The file of an export: its rows, and beside them what it is, for whom and from whom."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.core import workbooks
from portal.core.calendar import show_date, show_time
from portal.core.csv_text import guarded
from portal.core.fields import Field
from portal.core.kinds import Kind
from portal.core.workbooks import Sink, Style, Tab
from portal.members import many

from .models import Export, ExportFormat

if TYPE_CHECKING:
    from .making import Order

LEVEL = 1  # of compression: a third larger than the best, at a third of the time
WIDTHS = {
    Kind.ID_NUMBER: 22.0, Kind.PHONE: 15.0, Kind.NAME: 12.0, Kind.STAFF_NO: 14.0, Kind.DATE: 16.0, Kind.MONTH: 14.0,
    Kind.BOOL: 10.0, Kind.AGE: 8.0, Kind.YEARS: 8.0, Kind.INTEGER: 8.0, Kind.UNIT: 26.0, Kind.ROWS: 40.0,
    Kind.COMPOSITE: 40.0, Kind.LONG_TEXT: 40.0, Kind.PLACE: 22.0,
}  # fmt: skip
USUAL_WIDTH = 18.0
ABOUT_WIDTHS = {0: 16.0, 1: 90.0}


@dataclass(frozen=True)
class About:
    """What stands beside the rows: `mark` above them, `lines` (word, text) in a sheet of its own."""

    title: str
    mark: str
    lines: tuple[tuple[str, str], ...]


BY_NOBODY = "本单位及上级没有其他可以确认的人，操作员再次输入密码后导出，并已通知"


def confirmed_by(name: str, at: datetime) -> str:
    """Return the words for who confirmed an export."""
    return f"{name}（{show_time(at)}）"


def about(order: Order, headings: Sequence[str], *, title: str = "") -> About:
    """Return what the file of an order says of itself."""
    at = show_time(order.at)
    lines = [
        *((("格式", f"{title}；“缺项”列写明各行缺少的内容"),) if title else ()),
        ("口径", order.reading),
        ("截至日期", show_date(order.day)),
        ("统计范围", f"{order.unit}（含下级）中操作员可以查看的会员"),
        ("人数", f"{len(order.ids)} 人（选定时）"),
        ("排序", order.order),
        ("列", "、".join(headings)),
        ("号码", order.secrets.label.partition("（")[0]),
        ("用途", order.purpose),
        ("操作员", order.operator),
        ("导出时间", at),
        ("导出编号", order.number),
        *((("确认人", order.confirmed),) if order.confirmed else ()),
        ("说明", "本文件含个人信息，仅限上述用途使用，用完请删除；操作已记入日志。"),
    ]
    mark = f"{order.operator} {at} 导出于{order.unit}　用途：{order.purpose}　编号 {order.number}　请勿外传"
    return About(title or "会员名单", mark, tuple(lines))


def write(
    out: Sink, kind: ExportFormat, said: About, columns: Sequence[tuple[str, Kind]], rows: Iterable[Sequence[str]]
) -> None:
    """Write the file: the mark, the headings, the rows as they come, and in a workbook the sheet 说明.

    `columns` are headings with the kind that says how wide they are.
    """
    headings = [heading for heading, _ in columns]
    if kind is ExportFormat.CSV:
        _csv(out, said, headings, rows)
        return

    def all_rows() -> Iterator[Sequence[str]]:
        yield (said.mark,)
        yield headings
        yield from rows

    widths = {place: WIDTHS.get(kind, USUAL_WIDTH) for place, (_, kind) in enumerate(columns)}
    people = Tab(
        said.title, all_rows(), heading_row=2, widths=widths, styles={1: Style.REASON, 2: Style.HEADING},
        print_line=said.mark,
    )  # fmt: skip
    lines = Tab("说明", said.lines, widths=ABOUT_WIDTHS, cells=_wrapped(len(said.lines)))
    workbooks.write_to(out, [people, lines], level=LEVEL)


def _wrapped(count: int) -> dict[tuple[int, int], Style]:
    first = {(row, 0): Style.TITLE for row in range(1, count + 1)}
    return first | {(row, 1): Style.WRAPPED for row in range(1, count + 1)}


def _csv(out: Sink, said: About, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    text.write("\ufeff")
    writer.writerow([guarded(said.mark)])
    writer.writerow(headings)
    for some in many.in_chunks(rows):
        writer.writerows([guarded(workbooks.clean(one)) for one in row] for row in some)
        out.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
    out.write(text.getvalue().encode())


def name_of(item: Export) -> str:
    """Return the name that the file is kept under."""
    return f"会员名单-{item.unit.name}-{item.number}.{item.format.value}"


def columns_of(fields: Sequence[Field]) -> list[tuple[str, Kind]]:
    """Return the headings of `fields`."""
    return [(one.label, one.kind) for one in fields]
