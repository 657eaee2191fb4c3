"""A report as a sheet with its definition, or as paper; each leaves a trace with its purpose."""

from __future__ import annotations

from portal.core import audit, pdf, workbooks
from portal.core.calendar import now, show_date, show_time
from portal.core.db import db, release, writes
from portal.core.purpose import stated
from portal.core.workbooks import Style, Tab
from portal.members import printing
from portal.org.models import User

from . import charts, drawing
from .forms import EXAMPLE, WITH_CHART, XLSX
from .reports import Report, Wish
from .shelf import REPORTS

audit.name_acts({"report.export": "导出统计报表"})

MOST_ON_PAPER = 36  # lines of a chart on one page
PAPER = 980  # px between the margins of A4 across
FIRST_WIDTH, WIDTH = 30.0, 12.0
SHARE = "占比%"


def export(actor: User, name: str, wish: Wish, *, kind: str, purpose: str) -> tuple[str, bytes]:
    """Return name and content of the file with the report `name`; `kind` is xlsx, pdf, or pdf-chart with its chart too.

    Raises DomainError on `purpose` without one, QueryError where the report may not be asked for.
    """
    purpose = stated(purpose, example=EXAMPLE)
    actor_id, unit_name = actor.id, wish.unit.name
    report = REPORTS[name][2](actor, wish)
    lines = table(report)
    about = (
        f"统计范围：{unit_name}（含下级）　截至：{show_date(wish.day)}",
        f"口径：{report.definition}",
        f"用途：{purpose}　操作员：{actor.label}　时间：{show_time(now())}",
    )
    release()
    content = (
        _sheet(report, lines, about) if kind == XLSX else _paper(report, lines, about, has_chart=kind == WITH_CHART)
    )
    writes()
    actor = db.session.get_one(User, actor_id)
    audit.record(
        actor, "report.export", reason=purpose, details={"report": report.title, "unit": unit_name, "as": kind}
    )
    return f"{report.title}-{unit_name}-{wish.day:%Y%m%d}.{kind.partition('-')[0]}", content


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


def _sheet(report: Report, lines: list[tuple[str, ...]], about: tuple[str, ...]) -> bytes:
    rows = [(report.title,), *lines, (), *((line,) for line in about)]
    widths = {0: FIRST_WIDTH} | dict.fromkeys(range(1, len(lines[0])), WIDTH)
    styles = {1: Style.TITLE, 2: Style.HEADING}
    return workbooks.write([Tab(report.title, rows, heading_row=2, widths=widths, styles=styles, counts=True)])


def _paper(report: Report, lines: list[tuple[str, ...]], about: tuple[str, ...], *, has_chart: bool) -> bytes:
    drawn = charts.chart(charts.of_report(report, about), "") if has_chart else None
    if drawn and len(drawn.labels) > MOST_ON_PAPER:
        drawn = None  # its words would be too small to be read
    html = printing.render(
        "query/report_paper.html",
        title=report.title,
        lines=lines,
        about=about,
        picture=drawing.drawing(drawn, PAPER, "paper") if drawn else None,
        note=drawn.note if drawn else "",
    )
    return pdf.render(html).pdf
