"""The pages of exports: what is asked before one, the list of one's own, one of them, and its file."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.core.patience import within
from portal.core.web import XLSX, attachment, download, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from .. import listing
from ..addresses import Here
from ..asking import Asked
from . import files, ready, rules, service
from .forms import ExportForm
from .models import KEPT_FOR, LIVE, Export, ExportFormat, ExportState, Secrets
from .service import Chosen, Wish
from .workflow import EXPORT

bp = Blueprint("exports", __name__, url_prefix="/query")

SEE_OTHER = 303
MIMETYPES = {ExportFormat.XLSX: XLSX, ExportFormat.CSV: "text/csv"}
ATTACHED = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}
TONES = {
    ExportState.DONE: "success", ExportState.GIVEN: "success", ExportState.PENDING: "warning",
    ExportState.QUEUED: "info", ExportState.RUNNING: "info", ExportState.REFUSED: "danger",
    ExportState.FAILED: "danger",
}  # fmt: skip


@bp.get("/export")
@needs(Permission.MEMBER_READ)
def of_selection() -> ResponseReturnValue:
    """Ask what is exported of the members that a query has selected."""
    chosen = service.of_selection(current_user, request.args.get("selection", ""))
    form = ExportForm(formdata=None)
    form.columns.data = list(chosen.shown)
    return _page(form, chosen)


@bp.post("/export")
@renders
@needs(Permission.MEMBER_READ)
def start() -> ResponseReturnValue:
    """Export whom a query has selected, or whom the question in the form finds: the file itself, or where it will be.

    `columns` names fields; without any they are those of the list.
    """
    user = current_user._get_current_object()
    chosen = _chosen()
    form = ExportForm()
    if form.validate_on_submit():
        try:
            made = service.ask(user, chosen, _wish(form, chosen))
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            if made.content is not None:
                return download(made.content, MIMETYPES[made.item.format], files.name_of(made.item))
            return redirect(url_for(".detail", id=made.item.id), SEE_OTHER)
    return _page(form, chosen), form.status


def _chosen() -> Chosen:
    if token := request.form.get("selection"):
        return service.of_selection(current_user, token)
    here = Here.read(request.form)
    asked = Asked(service.node_of(current_user, here.q), here.day())
    with within(listing.SECONDS, listing.ADVICE):
        return service.of_question(
            current_user, asked, sort=here.order(current_user), shown=here.shown, back=here.url()
        )


def _wish(form: ExportForm, chosen: Chosen) -> Wish:
    columns = Here.read(request.form).columns
    secrets = form.text("secrets")
    return Wish(
        columns=columns or chosen.shown,
        kind=ExportFormat(form.text("format")),  # type: ignore[call-arg]  # by its value alone
        secrets=Secrets(secrets) if secrets in list(Secrets) else Secrets.MASKED,  # type: ignore[call-arg]  # likewise
        purpose=form.text("purpose"),
        password=form.text("password"),
        template=form.text("template"),
    )


def _page(form: ExportForm, chosen: Chosen) -> str:
    user = current_user._get_current_object()
    shown, more = service.columns_for(user, chosen)
    ticked = set(form.columns.data or ())
    form.secrets.choices = {one.value: one.label for one in rules.offered(user)}
    form.template.choices = {"": "自选的列"} | {one.name: one.label for one in ready.TEMPLATES.values()}
    is_alone = rules.is_alone(user)
    return render_template(
        "query/exports/start.html",
        form=form,
        chosen=chosen,
        columns=shown,
        more=more,
        ticked=ticked,
        is_alone=is_alone,
        ready=service.completeness(user, chosen),
        here=Here.read(request.form),
        selection=request.values.get("selection", ""),
        at_once=service.AT_ONCE_MOST,
    )


@bp.get("/exports/")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """List the exports that wait for this person, and her own."""
    return render_template(
        "query/exports/index.html",
        waiting=service.to_confirm(current_user),
        own=service.exports_of(current_user),
        tones=TONES,
        may_confirm=current_user.holds(rules.CONFIRMS),
    )


@bp.get("/exports/<int:id>")
@needs(Permission.MEMBER_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show what an export is of and how far it is; the page asks again by itself while it is under way."""
    item = service.find(current_user, id)
    is_own = item.owner_id == current_user.id
    is_live = item.state in LIVE
    page = render_template(
        "query/exports/detail.html",
        item=item,
        is_own=is_own,
        is_live=is_live,
        before=service.before(item) if item.state is ExportState.QUEUED else 0,
        steps=EXPORT.open_steps(item, current_user),
        may_withdraw=is_own and bool(EXPORT.open_steps(item, current_user, own=True)),
        too_late=item.state is ExportState.PENDING and service.is_late(item),
        headings=service.headings(item),
        tones=TONES,
        kept_for=KEPT_FOR.days,
    )
    return page, 200, {"Refresh": "3"} if is_live else {}


@bp.post("/exports/<int:id>/file")
@needs(Permission.MEMBER_READ)
def take(id: int) -> ResponseReturnValue:
    """Hand out the finished file to who asked for it, after its trace."""
    item, pieces = service.take(current_user, id)
    return _file(item, pieces)


def _file(item: Export, pieces: object) -> Response:
    headers = {"Content-Disposition": attachment(files.name_of(item)), "Content-Length": str(item.size)}
    return Response(pieces, mimetype=MIMETYPES[item.format], headers=ATTACHED | headers)  # type: ignore[arg-type]  # bytes, piece by piece


@bp.post("/exports/<int:id>/withdraw")
@needs(Permission.MEMBER_READ)
def withdraw(id: int) -> ResponseReturnValue:
    """Take back what is not made yet."""
    service.withdraw(current_user, id)
    flash("已撤回", "success")
    return redirect(url_for(".index"), SEE_OTHER)
