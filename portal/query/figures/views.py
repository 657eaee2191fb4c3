"""The pages of figures: the reports of the year, and any question counted by one or two fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import web
from portal.core.calendar import ONE_DAY, show_date, today
from portal.core.errors import Absent, DomainError
from portal.core.patience import TooSlow, within
from portal.core.web import download, renders
from portal.members import search
from portal.org import access
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import keeping, listing, showing
from portal.query.addresses import Here
from portal.query.asking import Asked, check
from portal.query.conditions import QueryError
from portal.query.fields import BY_NAME, askable, can_group, may_ask

from . import charts, drawing, exporting, forms, ledger, monthly, overview, saying, small
from .charts import Numbers
from .forms import ExportForm, ReportForm
from .reports import Wish, unit_of
from .shelf import REPORTS
from .summary import Cell, Flow, Summary, summary

bp = Blueprint("figures", __name__, url_prefix="/query")

PEOPLE_PER_PAGE = 100
WIDE, NARROW = 880, 320  # px of a drawing on a desk and on a phone
WORDS = frozenset(
    {"unit", "as_of", "is_inclusive", "all_who_studied", "is_public", "q", "by", "columns", "sort", "per_page"}
)
OPTIONS = {"basics": ("is_inclusive", "all_who_studied"), "education": ("all_who_studied",), "families": ("is_public",)}
MIMETYPES = {forms.XLSX: web.XLSX, forms.PDF: web.PDF, forms.WITH_CHART: web.PDF}


@bp.get("/reports/")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """List the reports."""
    shown = [(name, title, about) for name, (title, about, _) in REPORTS.items() if _may_see(name)]
    return render_template("query/reports.html", reports=shown)


@bp.get("/reports/<name>")
@needs(Permission.MEMBER_READ)
def report(name: str) -> ResponseReturnValue:
    """Show one report."""
    return _report(name, ExportForm(formdata=None))


@bp.post("/reports/<name>")
@renders
@needs(Permission.MEMBER_READ)
def export(name: str) -> ResponseReturnValue:
    """Give the report out as a file."""
    form = ExportForm()
    if form.validate_on_submit():
        try:
            wish, _ = _wish()
            user = current_user._get_current_object()
            file_name, content = exporting.export(
                user, _known(name), wish, kind=form.kind.data, purpose=form.text("purpose")
            )
        except DomainError as error:
            form.refuse(error)
        else:
            return _file(form.kind.data, file_name, content)
    return _report(name, form)


def _file(kind: str, name: str, content: bytes) -> ResponseReturnValue:
    return download(content, MIMETYPES[kind], f"{name}.{kind.partition('-')[0]}")


def _report(name: str, form: ExportForm) -> ResponseReturnValue:
    wish, filters = _wish()
    make = REPORTS[_known(name)][2]
    try:
        found = make(current_user, wish)
    except DomainError as error:
        filters.refuse(error)
        body = render_template("query/report.html", name=name, report=None, filters=filters, wish=wish)
        return body, error.status
    about = [charts.about_day(wish.unit.name, wish.day), f"口径：{found.definition}"]
    body = render_template(
        "query/report.html",
        name=name,
        report=found,
        said=saying.of_report(found),
        meanings=saying.columns(current_user, found),
        picture=_picture(charts.of_report(found, about), lambda cell: _link(cell, name, wish)),
        wish=wish,
        filters=filters,
        form=form,
        options=OPTIONS.get(name, ()),
        months=_months(name, wish),
        export_url=url_for(".export", name=name, **_words()),
        link=lambda cell: _link(cell, name, wish),
    )
    return body, form.status


@bp.get("/reports/<name>/moves")
@needs(Permission.MEMBER_READ)
def moved(name: str) -> ResponseReturnValue:
    """List who is behind a number of the monthly report or the ledger that came or went."""
    wish, _ = _wish()
    kind = monthly.KINDS.get(request.args.get("kind", ""), "")
    balance, is_month = (monthly.BALANCES | ledger.BALANCES).get(name), name in monthly.BALANCES
    if balance is not None and "kind" not in request.args:
        return redirect(_report_url(name, wish))
    columns = balance.columns if balance and is_month else (*balance.columns, monthly.UNMATCHED) if balance else ()
    if balance is None or kind not in columns or wish.day > today():
        raise Absent
    row = request.args.get("row", "")
    number = max(1, request.args.get("page", 1, type=int))
    first = (number - 1) * PEOPLE_PER_PAGE
    behind = monthly.behind if is_month else ledger.behind
    people, total = behind(current_user, wish, balance, kind, row, first=first, most=PEOPLE_PER_PAGE)

    def page(other: int) -> str:
        return _report_url(name, wish, ".moved", row=row, kind=monthly.code_of(kind), page=str(other))

    return render_template(
        "query/moved.html",
        people=people,
        kind=kind,
        wish=wish,
        title=balance.title,
        where=unit_of(current_user, row).name if row and is_month else wish.unit.name,
        span=_span(wish, row, is_month=is_month),
        report_url=_report_url(name, wish),
        page={
            "total": total,
            "number": number,
            "first_url": page(1),
            "prev_url": page(number - 1) if number > 1 else "",
            "next_url": page(number + 1) if first + PEOPLE_PER_PAGE < total else "",
        },
    )


def _span(wish: Wish, row: str, *, is_month: bool) -> str:
    """Return which month or year a list is of; `row` of a ledger is the month, such as 2026-03."""
    if is_month:
        return f"{wish.day.year}年{wish.day.month}月"
    month = next((first.month for word, first, _ in ledger.months(wish) if word == row), None)
    if row and month is None:
        raise Absent
    return f"{wish.day.year}年{month}月" if month else f"{wish.day.year}年"


def _known(name: str) -> str:
    if name not in REPORTS or not _may_see(name):
        raise Absent
    return name


def _may_see(name: str) -> bool:
    return name != "families" or may_ask(current_user, BY_NAME["marital_status"])


def _wish() -> tuple[Wish, ReportForm]:
    """Return what the address asks for, and the form that shows it. Raises Absent for a unit out of scope."""
    form = ReportForm(request.args)
    if not request.args:
        form.is_inclusive.data = True
    units = access.tops(current_user, Permission.MEMBER_READ)
    code = form.unit.data or units[0].code
    form.unit.choices, _ = search.units_to_choose(current_user, code)
    form.unit.data = code
    is_sound = form.validate()
    day = form.as_of.data if is_sound and form.as_of.data else today()
    choices = [bool(one.data) for one in (form.is_inclusive, form.all_who_studied, form.is_public)]
    return Wish(unit_of(current_user, code), day, *choices), form


def _link(cell: Cell | Flow, name: str, wish: Wish) -> str:
    """Return the address of the people behind a number."""
    if isinstance(cell, Flow):
        return _report_url(name, wish, ".moved", row=cell.row, kind=monthly.code_of(cell.kind))
    return url_for("query.index", q=keeping.written(cell.where), as_of=(cell.day or wish.day).isoformat())


def _picture(numbers: Numbers, link: Callable[[Cell | Flow], str]) -> dict[str, Any] | None:
    """Return what the macro `picture` draws, of the kind that the address names or that fits best."""
    drawn = charts.chart(numbers, request.args.get("chart", ""))
    if drawn is None:
        return None
    endpoint, here = request.endpoint or "", (request.view_args or {}) | _words()
    return {
        "chart": drawn,
        "kinds": [(kind, url_for(endpoint, **(here | {"chart": kind.value}))) for kind in charts.fitting(numbers)],
        "wide": drawing.drawing(drawn, WIDE, "wide"),
        "narrow": drawing.drawing(drawn, NARROW, "narrow"),
        "data": charts.data(drawn, link),
        "spoken": charts.spoken(drawn),
    }


def _words() -> dict[str, Any]:
    """Return what the address asks for; a word that no page of figures knows is left out."""
    return {name: words for name, words in request.args.to_dict(flat=False).items() if name in WORDS}


def _report_url(name: str, wish: Wish, endpoint: str = ".report", **more: Any) -> str:
    return url_for(endpoint, name=name, unit=wish.unit.code, as_of=wish.day.isoformat(), **more)


def _months(name: str, wish: Wish) -> list[tuple[str, str]]:
    """Return (words, address) of the months before and after, or of the years for a ledger."""
    if name in ledger.BALANCES:
        year = wish.day.year
        ends = [date(year - 1, 12, 31), min(today(), date(year + 1, 12, 31))]
        told = [(f"{end.year}年", _report_url(name, replace(wish, day=end))) for end in ends if end.year != year]
        other = next(one for one in ledger.BALANCES if one != name)
        return [*told, (ledger.BALANCES[other].title, _report_url(other, wish))]
    if name not in monthly.BALANCES:
        return []
    before = wish.day.replace(day=1) - ONE_DAY
    found = [(f"上月（{before.year}年{before.month}月）", _report_url(name, replace(wish, day=before)))]
    after = (wish.day.replace(day=28) + 4 * ONE_DAY).replace(day=1)  # the first of the next month
    if after <= today():
        last = min(today(), (after.replace(day=28) + 4 * ONE_DAY).replace(day=1) - ONE_DAY)
        found.append((f"下月（{after.year}年{after.month}月）", _report_url(name, replace(wish, day=last))))
    return found


# --- one unit on one page -------------------------------------------------------------------------------------------


@bp.get("/overview")
@needs(Permission.MEMBER_READ)
def one_page() -> ResponseReturnValue:
    """Show a unit on one page."""
    wish, filters = _wish()
    try:
        found = overview.overview(current_user, wish)
    except DomainError as error:  # a day so far away that nobody's month of retirement can be told
        filters.refuse(error)
        return render_template("query/overview.html", found=None, wish=wish, filters=filters), error.status
    month = found.month and {
        "columns": found.month.columns,
        "cells": found.month.totals.cells,
        "title": found.month.title,
        "meanings": saying.columns(current_user, found.month),
    }
    return render_template(
        "query/overview.html",
        found=found,
        wish=wish,
        filters=filters,
        month=month,
        definition=overview.definition(found),
        meaning=lambda cell: saying.meaning(current_user, cell, wish.day),
        said=saying.of_overview(found),
        report=lambda name: _report_url(name, wish),
        link=lambda cell: _link(cell, "monthly", wish),
    )


# --- any question, counted ------------------------------------------------------------------------------------------


@bp.get("/summary")
@needs(Permission.MEMBER_READ)
def counted() -> ResponseReturnValue:
    """Count whom the question in the address finds by one or two fields."""
    return _counted(ExportForm(formdata=None))


@bp.post("/summary")
@renders
@needs(Permission.MEMBER_READ)
def export_counted() -> ResponseReturnValue:
    """Give the summary out as a file."""
    form, here = ExportForm(), Here.read()
    if form.validate_on_submit():
        try:
            asked, user = _asked(here), current_user._get_current_object()
            found = exporting.export_summary(user, asked, _by(), kind=form.kind.data, purpose=form.text("purpose"))
        except DomainError as error:
            form.refuse(error)
        else:
            return _file(form.kind.data, *found)
    return _counted(form)


def _by() -> list[str]:
    """Return the names of the fields to count by, two at most."""
    return [name for name in request.args.getlist("by") if name][:2]


def _asked(here: Here) -> Asked:
    """Return the question of the address. Raises QueryError."""
    return Asked(keeping.node_of(current_user, here.q) if here.q else showing.DEFAULT, here.day())


def _counted(form: ExportForm) -> ResponseReturnValue:
    here, by = Here.read(), _by()
    status, refusal, reading = form.status, "", ""
    found: Summary | None = None
    try:
        asked = _asked(here)
        node = asked.where
        reading = showing.reading(node, check(current_user, node))
        with within(listing.SECONDS, listing.ADVICE):
            found = summary(current_user, asked, by) if by else None
    except (QueryError, TooSlow) as error:
        refusal, status = error.message, error.status
    links = {}
    if found:
        cells = [cell for line in found.lines for cell in (*line.cells, line.total)] + [*found.totals, found.total]
        links = {id(one): here.url(q=keeping.written(one.where)) for one in cells if keeping.fits_address(one.where)}
    picture, said = None, ""
    if found:
        about = [f"截至 {show_date(asked.day)}", f"口径：{reading}"]
        picture = _picture(charts.of_summary(found, found.title, about), lambda cell: links.get(id(cell), ""))
        said = saying.of_summary(found, reading, show_date(asked.day))
    body = render_template(
        "query/summary.html",
        form=form,
        export_url=url_for(".export_counted", **_words()),
        picture=picture,
        said=said,
        warning=small.warning(current_user, asked.where, found) if found else "",
        meaning=f"{reading}（截至{show_date(here.day())}）" if found else "",
        here=here,
        by=by,
        fields=[field for field in askable(current_user) if can_group(field)],
        found=found,
        refusal=refusal,
        reading=reading,
        link=lambda cell: links.get(id(cell), ""),
    )
    return body, status
