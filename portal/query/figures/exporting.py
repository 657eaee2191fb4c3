"""A report or a summary as a sheet with its definition, or as paper; each leaves a trace with its purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from portal.core import audit, pdf, workbooks
from portal.core.calendar import now, show_date, show_time
from portal.core.db import db, release, writes
from portal.core.patience import within
from portal.core.purpose import stated
from portal.core.workbooks import Style, Tab
from portal.members import printing
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission
from portal.query import asking, listing, showing
from portal.query.asking import Asked

from . import charts, drawing, small
from .charts import Numbers
from .forms import EXAMPLE, WITH_CHART, XLSX
from .reports import TOTAL, Report, Wish
from .shelf import REPORTS
from .summary import Summary, summary

audit.name_acts({"report.export": "导出统计报表"})

MOST_ON_PAPER = 36  # lines of a chart on one page
PAPER = 980  # px between the margins of A4 across
FIRST_WIDTH, WIDTH = 30.0, 12.0
SHARE = "占比%"


@dataclass(frozen=True)
class Given:
    """What is given out: its `lines` (headings, rows, totals), what they count, and the `numbers` that a chart draws.

    `scope` names the units, `details` is what the trace keeps besides.
    """

    title: str
    lines: list[tuple[str, ...]]
    scope: str
    day: date
    definition: str
    numbers: Callable[[Sequence[str]], Numbers]
    details: dict[str, str]


def export(actor: User, name: str, wish: Wish, *, kind: str, purpose: str) -> tuple[str, bytes]:
    """Return name and content of the file with the report `name`; `kind` is xlsx, pdf, or pdf-chart with its chart too.

    Raises DomainError on `purpose` without one, QueryError where the report may not be asked for.
    """
    purpose = stated(purpose, example=EXAMPLE)
    report = REPORTS[name][2](actor, wish)
    given = Given(
        report.title, table(report), f"{wish.unit.name}（含下级）", wish.day,
        "。".join((report.definition, *report.notes)),
        lambda about: charts.of_report(report, about), {"unit": wish.unit.name},
    )  # fmt: skip
    return f"{report.title}-{wish.unit.name}-{wish.day:%Y%m%d}", _give_out(actor, given, kind, purpose)


def export_summary(actor: User, asked: Asked, by: Sequence[str], *, kind: str, purpose: str) -> tuple[str, bytes]:
    """Return name and content of the file with the members the question finds, counted by the fields `by`.

    `kind` as for `export`. Raises DomainError on `purpose` without one, QueryError for what may not be asked,
    TooSlow.
    """
    purpose = stated(purpose, example=EXAMPLE)
    with within(listing.SECONDS, listing.ADVICE):
        found = summary(actor, asked, by)
    reading = showing.reading(asked.where, asking.check(actor, asked.where))
    scope = "、".join(unit.name for unit in access.tops(actor, Permission.MEMBER_READ)) + "（含下级）"
    warning = small.warning(actor, asked.where, found)
    given = Given(
        found.title, summary_table(found), scope, asked.day, f"{reading}。{warning}" if warning else reading,
        lambda about: charts.of_summary(found, found.title, about), {"by": "、".join(by)},
    )  # fmt: skip
    return f"{found.title}-{asked.day:%Y%m%d}", _give_out(actor, given, kind, purpose)


def _give_out(actor: User, given: Given, kind: str, purpose: str) -> bytes:
    """Make the file with no transaction open, then leave its trace."""
    actor_id = actor.id
    about = (
        f"统计范围：{given.scope}　截至：{show_date(given.day)}",
        f"口径：{given.definition}",
        f"用途：{purpose}　操作员：{actor.label}　时间：{show_time(now())}",
    )
    release()
    content = _sheet(given, about) if kind == XLSX else _paper(given, about, has_chart=kind == WITH_CHART)
    writes()
    actor = db.session.get_one(User, actor_id)
    details = {"report": given.title, **given.details, "as": kind}
    audit.record(actor, "report.export", reason=purpose, details=details)
    return content


def table(report: Report) -> list[tuple[str, ...]]:
    """Return the report as texts: headings, rows, and the totals at the end."""
    has_shares = any(row.share for row in report.rows)
    headings = (report.heading, *report.columns, *((SHARE,) if has_shares else ()))
    lines = [
        (row.label, *(str(cell.number) for cell in row.cells), *((row.share,) if has_shares else ()))
        for row in report.rows
    ]
    total = report.totals
    return [
        headings,
        *lines,
        (total.label, *(str(cell.number) for cell in total.cells), *(("100.0",) if has_shares else ())),
    ]


def summary_table(found: Summary) -> list[tuple[str, ...]]:
    """Return the summary as texts: headings, rows, and the totals at the end."""
    lines = [
        (line.label, *(str(cell.number) for cell in line.cells), str(line.total.number), line.percent)
        for line in found.lines
    ]
    return [
        (found.fields[0].label, *(label for _, label in found.columns), TOTAL, SHARE),
        *lines,
        (
            TOTAL,
            *(str(cell.number) for cell in found.totals),
            str(found.total.number),
            "100.0" if found.total.number else "0.0",
        ),
    ]


def _sheet(given: Given, about: tuple[str, ...]) -> bytes:
    rows = [(given.title,), *given.lines, (), *((line,) for line in about)]
    widths = {0: FIRST_WIDTH} | dict.fromkeys(range(1, len(given.lines[0])), WIDTH)
    styles = {1: Style.TITLE, 2: Style.HEADING}
    return workbooks.write([Tab(given.title, rows, heading_row=2, widths=widths, styles=styles, counts=True)])


def _paper(given: Given, about: tuple[str, ...], *, has_chart: bool) -> bytes:
    drawn = charts.chart(given.numbers(about), "") if has_chart else None
    if drawn and len(drawn.labels) > MOST_ON_PAPER:
        drawn = None  # its words would be too small to be read
    html = printing.render(
        "query/report_paper.html",
        title=given.title,
        lines=given.lines,
        about=about,
        picture=drawing.drawing(drawn, PAPER, "paper") if drawn else None,
        note=drawn.note if drawn else "",
    )
    return pdf.render(html).pdf
