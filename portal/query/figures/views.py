"""The pages of figures: the reports of the year, and any question counted by one or two fields."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import web
from portal.core.calendar import today
from portal.core.errors import Absent, DomainError
from portal.core.web import download, renders
from portal.members import search
from portal.org import access
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import keeping, showing
from portal.query.addresses import Here
from portal.query.asking import Asked, check
from portal.query.conditions import Node, QueryError
from portal.query.fields import BY_NAME, askable, can_group, may_ask

from . import exporting, forms
from .forms import ExportForm, ReportForm
from .reports import REPORTS, Wish, unit_of
from .summary import Summary, summary

bp = Blueprint("figures", __name__, url_prefix="/query")

MIMETYPES = {forms.XLSX: web.XLSX, forms.PDF: web.PDF}


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
            return download(content, MIMETYPES[form.kind.data], file_name)
    return _report(name, form)


def _report(name: str, form: ExportForm) -> ResponseReturnValue:
    wish, filters = _wish()
    found = REPORTS[_known(name)][2](current_user, wish)
    links = {id(cell): _link(cell.where, wish) for row in (*found.rows, found.totals) for cell in row.cells}
    body = render_template(
        "query/report.html", name=name, report=found, filters=filters, form=form, link=lambda cell: links[id(cell)]
    )
    return body, form.status


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
    form.validate()
    day = form.as_of.data or today()
    return Wish(unit_of(current_user, code), day, bool(form.is_inclusive.data), bool(form.all_who_studied.data)), form


def _link(where: Node, wish: Wish) -> str:
    return url_for("query.index", q=keeping.written(where), as_of=wish.day.isoformat())


# --- any question, counted ------------------------------------------------------------------------------------------


@bp.get("/summary")
@needs(Permission.MEMBER_READ)
def counted() -> ResponseReturnValue:
    """Count whom the question in the address finds by one or two fields."""
    here, by = Here.read(), [name for name in request.args.getlist("by") if name][:2]
    status, refusal, reading = 200, "", ""
    found: Summary | None = None
    try:
        node = keeping.node_of(current_user, here.q) if here.q else showing.DEFAULT
        asked = Asked(node, here.day())
        reading = showing.reading(node, check(current_user, node))
        found = summary(current_user, asked, by) if by else None
    except QueryError as error:
        refusal, status = error.message, error.status
    links = {}
    if found:
        cells = [cell for line in found.lines for cell in (*line.cells, line.total)] + [*found.totals, found.total]
        links = {id(one): here.url(q=keeping.written(one.where)) for one in cells if keeping.fits_address(one.where)}
    body = render_template(
        "query/summary.html",
        here=here,
        by=by,
        fields=[field for field in askable(current_user) if can_group(field)],
        found=found,
        refusal=refusal,
        reading=reading,
        link=lambda cell: links.get(id(cell), ""),
    )
    return body, status
