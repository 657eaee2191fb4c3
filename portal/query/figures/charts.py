"""Charts of what a table counts: which kinds fit it, and the numbers of one chart as page, script and paper draw them.

A chart never counts anything itself: its numbers are those of the table beside it, and what it leaves out it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from portal.core.calendar import show_date
from portal.core.enums import LabelEnum
from portal.core.kinds import Kind
from portal.members.enums import Sex

from .ledger import MONTH
from .monthly import CLOSING
from .percent import percentages
from .reports import TOTAL, Report
from .summary import Cell, Flow, Summary

MOST_ROWS = 60  # more bars than this are a table, not a picture
MOST_SLICES = 8
MOST_COLUMNS = 10  # as many colours and patterns can be told apart
MOST_BESIDE = 4
SHOWN_EMPTY = 12  # with more rows than this those without anybody are left out of the picture
_ORDERED = (Kind.AGE, Kind.YEARS, Kind.DATE, Kind.MONTH, Kind.INTEGER)


class ChartKind(LabelEnum):
    """How numbers are drawn."""

    PYRAMID = "pyramid", "年龄金字塔"
    STACKED = "stacked", "堆积条形图"
    GROUPED = "grouped", "并列条形图"
    BAR = "bar", "条形图"
    PIE = "pie", "饼图"
    LINE = "line", "折线图"


@dataclass(frozen=True)
class Series:
    """One colour of a chart: its name, and for each label the number and the cell behind it."""

    name: str
    cells: tuple[Cell | Flow, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers, in the order of the labels."""
        return tuple(cell.number for cell in self.cells)


@dataclass(frozen=True)
class Numbers:
    """A table as a chart sees it: labels down, one series or several that take everybody once, all of `total` people.

    `is_ordered`: the labels follow each other as ages and years do. `sides` are the places of men and women among the
    series where the labels are ages.
    """

    title: str
    about: tuple[str, ...]
    heading: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    total: int
    is_ordered: bool = False
    sides: tuple[int, int] | None = None


@dataclass(frozen=True)
class Chart:
    """One drawing of `numbers`; `note` says what is not in the picture."""

    kind: ChartKind
    title: str
    about: tuple[str, ...]
    heading: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    total: int
    note: str = ""

    @property
    def sums(self) -> tuple[int, ...]:
        """The number of each label over all series."""
        return tuple(map(sum, zip(*(one.numbers for one in self.series), strict=True)))

    @property
    def shares(self) -> list[str]:
        """Each label in percent of what the chart shows, together 100.0."""
        return percentages(self.sums)


def of_summary(found: Summary, title: str, about: Sequence[str]) -> Numbers:
    """Return the numbers of a summary; a summary of ages and sex by sex and ages is turned round for the pyramid."""
    labels = tuple(line.label for line in found.lines)
    field, *others = found.fields
    if not others:
        series: tuple[Series, ...] = (Series(TOTAL, tuple(line.total for line in found.lines)),)
    else:
        series = tuple(
            Series(label, tuple(line.cells[place] for line in found.lines))
            for place, (_, label) in enumerate(found.columns)
        )
    codes = [code for code, _ in found.columns]
    if others and field.name == "sex" and others[0].name == "age":
        codes = [line.code for line in found.lines]
        labels, series = (
            tuple(label for _, label in found.columns),
            tuple(Series(line.label, line.cells) for line in found.lines),
        )
        field, others = others[0], [field]
    sides = None
    if others and (field.name, others[0].name) == ("age", "sex"):
        sides = codes.index(Sex.MALE.value), codes.index(Sex.FEMALE.value)
    return Numbers(title, tuple(about), field.label, labels, series, found.total.number, field.kind in _ORDERED, sides)


def of_report(report: Report, about: Sequence[str]) -> Numbers:
    """Return the numbers of a report: the columns that take everybody once, else the one that counts everybody."""
    labels = tuple(row.label for row in report.rows)
    whole = report.columns.index(TOTAL) if TOTAL in report.columns else report.columns.index(CLOSING)
    parts = range(whole) if TOTAL in report.columns and whole else range(whole, whole + 1)
    series = tuple(Series(report.columns[place], tuple(row.cells[place] for row in report.rows)) for place in parts)
    is_of_ages = report.heading == "年龄"
    if report.heading == MONTH:  # the closings of months are not parts of a whole: a table, not a picture
        return Numbers(report.title, tuple(about), report.heading, (), (), 0)
    return Numbers(
        report.title, tuple(about), report.heading, labels, series, report.totals.cells[whole].number,
        is_of_ages, (0, 1) if is_of_ages else None,
    )  # fmt: skip


def fitting(numbers: Numbers) -> tuple[ChartKind, ...]:
    """Return the kinds that draw these numbers legibly, the best first; none where there is nothing to draw."""
    shown = _shown(numbers)
    if not numbers.total or len(shown) > MOST_ROWS:
        return ()
    found: list[ChartKind] = []
    if numbers.sides and any(sum(numbers.series[side].numbers) for side in numbers.sides):
        found.append(ChartKind.PYRAMID)
    if len(numbers.series) > 1:
        used = [one for one in numbers.series if sum(one.numbers)]
        if len(used) <= MOST_COLUMNS:
            found.append(ChartKind.STACKED)
        if len(used) <= MOST_BESIDE:
            found.append(ChartKind.GROUPED)
            if numbers.is_ordered:
                found.append(ChartKind.LINE)
        return tuple(found)
    found.append(ChartKind.BAR)
    if sum(number > 0 for number in numbers.series[0].numbers) <= MOST_SLICES:
        found.append(ChartKind.PIE)
    if numbers.is_ordered:
        found.append(ChartKind.LINE)
    return tuple(found)


def chart(numbers: Numbers, wanted: str) -> Chart | None:
    """Return the chart of the kind `wanted`, of the best kind where that does not fit; None where none does."""
    kinds = fitting(numbers)
    if not kinds:
        return None
    kind = next((one for one in kinds if one.value == wanted), kinds[0])
    places = _shown(numbers)
    notes = []
    if kind is ChartKind.PIE:
        places = [place for place, number in enumerate(numbers.series[0].numbers) if number]
    elif len(places) < len(numbers.labels):
        notes.append(f"人数为 0 的 {len(numbers.labels) - len(places)} 项没有画出")
    series = numbers.series
    if kind is ChartKind.PYRAMID and numbers.sides:
        series = tuple(series[side] for side in numbers.sides)
        left_out = numbers.total - sum(sum(one.numbers) for one in series)
        if left_out:
            notes.append(f"另有性别不明的 {left_out} 人没有画出")
    elif len(series) > 1:
        series = tuple(one for one in series if sum(one.numbers))
    cut = tuple(Series(one.name, tuple(one.cells[place] for place in places)) for one in series)
    return Chart(
        kind, numbers.title, numbers.about, numbers.heading, tuple(numbers.labels[place] for place in places), cut,
        numbers.total, "；".join(notes),
    )  # fmt: skip


def _shown(numbers: Numbers) -> list[int]:
    """Return the places of the labels that are drawn: all of a few, those with somebody of many."""
    everything = list(range(len(numbers.labels)))
    if len(everything) <= SHOWN_EMPTY or numbers.is_ordered:
        return everything
    return [place for place in everything if any(one.numbers[place] for one in numbers.series)]


def data(drawn: Chart, link: Callable[[Cell | Flow], str]) -> dict[str, Any]:
    """Return the chart as the page's script reads it; `link` tells the address of the people behind a cell."""
    return {
        "kind": drawn.kind.value,
        "title": drawn.title,
        "about": list(drawn.about),
        "note": drawn.note,
        "heading": drawn.heading,
        "labels": list(drawn.labels),
        "shares": drawn.shares,
        "series": [
            {"name": one.name, "numbers": list(one.numbers), "links": [link(cell) for cell in one.cells]}
            for one in drawn.series
        ],
        "total": drawn.total,
    }


def spoken(drawn: Chart) -> str:
    """Return what the picture shows, for whoever does not see it; the table beside it has every number."""
    sums = drawn.sums
    most = max(range(len(sums)), key=lambda place: sums[place])
    whole = f"{drawn.kind.label}：{drawn.title}，共 {drawn.total} 人"
    return f"{whole}，{drawn.labels[most]}最多，{sums[most]} 人。各项人数见表格。"


def about_day(unit_name: str, day: Any) -> str:
    """Return the line that says where and when was counted."""
    return f"{unit_name}　截至 {show_date(day)}"
