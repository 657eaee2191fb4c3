"""The pages of delegates: the list, one of them, a list from a file, the cards."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit, web
from portal.core.errors import Conflict, DomainError
from portal.core.web import numbered_page, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import accounts, papers, seats, service
from .forms import CutForm, LeaveForm, RecordForm, SeatForm, UploadForm, offered
from .importing import service as importing
from .importing.judging import Verdict
from .models import Delegate, DelegateImport, DelegateKind, ImportState

bp = Blueprint("seats", __name__, url_prefix="/congress")

SEE_OTHER, REFUSED = 303, 422


def _user() -> Any:
    return current_user._get_current_object()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@bp.get("/<int:id>/seats")
@needs(Permission.CONGRESS_READ)
def index(id: int) -> ResponseReturnValue:
    """List the delegates, by delegation and strokes."""
    item = service.find(_user(), id)
    given = request.args
    cut, kind, delegation = (
        given.get("cut", seats.Cut.SITTING.value),
        given.get("kind", ""),
        given.get("delegation", ""),
    )
    form = CutForm(formdata=None, data={"cut": cut, "kind": kind, "delegation": delegation})
    offered(form, delegation={"": "全部", **{str(one.id): one.name for one in item.delegations}})
    rows = seats.of(item, cut=cut, kind=kind, delegation=_number(delegation))
    may_manage = current_user.may(Permission.CONGRESS_MANAGE, item.unit)
    return render_template("congress/seats.html", item=item, form=form, rows=rows, may_manage=may_manage)


@bp.get("/seats/<int:id>")
@needs(Permission.CONGRESS_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one delegate."""
    return _detail(seats.find(_user(), id))


def _detail(item: Delegate, *, form: Any = None, leaving: Any = None) -> ResponseReturnValue:
    form = form or _seat_form(item, formdata=None)
    leaving = leaving or LeaveForm(formdata=None)
    body = render_template(
        "congress/seat.html",
        item=item,
        form=form,
        leaving=leaving,
        events=audit.events_of(item),
        may_manage=current_user.may(Permission.CONGRESS_MANAGE, item.unit) and item.vacated is None,
        may_open=accounts.may_open(item),
        is_formal=item.kind is DelegateKind.FORMAL,
    )
    return body, max(form.status, leaving.status)


def _seat_form(item: Delegate, **given: Any) -> Any:
    vacancies = seats.of(item.congress, cut=seats.Cut.VACANT)
    known = {str(one.id): f"{one.person.called}（{one.delegation.name}）" for one in vacancies}
    if item.replaces is not None:
        known = {str(item.replaces.id): item.replaces.person.called}
    data = {
        "delegation": str(item.delegation_id),
        "post": item.delegation_post.value,
        "replaces": str(item.replaces_id or ""),
    }
    return offered(
        SeatForm(data=data, **given),
        delegation={str(one.id): one.name for one in item.congress.delegations},
        replaces={"": "不是补选", **known} if item.replaces is None else known,
    )


@bp.post("/seats/<int:id>")
@needs(Permission.CONGRESS_MANAGE)
def edit(id: int) -> ResponseReturnValue:
    """Move a delegate, or make her a head."""
    item = seats.find(_user(), id, Permission.CONGRESS_MANAGE)
    form = _seat_form(item)
    if form.validate_on_submit():
        try:
            seats.rework(
                _user(),
                id,
                delegation=_number(form.text("delegation")),
                post=form.text("post"),
                replaces=_number(form.text("replaces")),
            )
        except DomainError as error:
            if error.status != REFUSED:
                raise
            form.refuse(error)
        else:
            flash("已保存", "success")
            return redirect(url_for(".detail", id=id), SEE_OTHER)
    return _detail(item, form=form)


@bp.post("/seats/<int:id>/leave")
@needs(Permission.CONGRESS_MANAGE)
def leave(id: int) -> ResponseReturnValue:
    """Let a delegate go before her time."""
    item = seats.find(_user(), id, Permission.CONGRESS_MANAGE)
    form = LeaveForm()
    try:
        said: dict[str, Any] = form.values()
        seats.leave(_user(), id, why=form.text("why"), on=said["on"], note=str(said.get("note") or ""))
    except DomainError as error:
        if error.status != REFUSED:
            raise
        form.refuse(error)
        return _detail(item, leaving=form)
    flash("已登记出缺", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/seats/<int:id>/account")
@renders
@needs(Permission.CONGRESS_MANAGE)
def account(id: int) -> ResponseReturnValue:
    """Open the account of a delegate who is no member, and show its one-time password once."""
    return render_template("congress/slip.html", slip=accounts.open_for(_user(), id), id=id)


@bp.post("/<int:id>/cards")
@renders
@needs(Permission.CONGRESS_MANAGE)
def cards(id: int) -> ResponseReturnValue:
    """Print the 代表证 of all."""
    return web.download(papers.cards(_user(), id), web.PDF, "代表证.pdf")


# --- a list from a file -----------------------------------------------------------------------------------------------


@bp.route("/<int:id>/imports", methods=["GET", "POST"])
@renders
@needs(Permission.CONGRESS_MANAGE)
def imports(id: int) -> ResponseReturnValue:
    """Take a list of delegates."""
    form = UploadForm()
    if form.validate_on_submit():
        try:
            if not form.file.data:
                raise DomainError("请选择代表名单", field="file")
            item = importing.upload(_user(), id, form.file.data.read(), form.file.data.filename or "")
        except DomainError as error:
            if error.status != REFUSED:
                raise
            form.refuse(error)
        else:
            return redirect(url_for(".preview", id=item.id), SEE_OTHER)
    congress = service.find(_user(), id, Permission.CONGRESS_MANAGE)
    return render_template(
        "congress/imports.html", form=form, item=congress, imports=importing.of(congress)
    ), form.status


@bp.get("/imports/<int:id>")
@needs(Permission.CONGRESS_MANAGE)
def preview(id: int) -> ResponseReturnValue:
    """Show what a list would become, or has become."""
    return _preview(importing.find(_user(), id), RecordForm(formdata=None))


def _preview(item: DelegateImport, form: RecordForm) -> ResponseReturnValue:
    only, number = request.args.get("only", ""), max(1, request.args.get("page", 1, type=int))
    lines, total = importing.lines(item, only=only, page=number)
    form.seen.data = str(importing.seatable(item))
    address: dict[str, Any] = {"id": item.id, "only": only or None}
    body = render_template(
        "congress/preview.html",
        item=item,
        form=form,
        lines=lines,
        only=only,
        filters=[(one.value, one.label, item.counts.get(one.value, 0)) for one in Verdict],
        page=numbered_page(".preview", total=total, number=number, per_page=importing.PER_PAGE, **address),
        number=importing.seatable(item),
        is_preview=item.state is ImportState.PREVIEW,
        may_undo=importing.may_undo(item),
    )
    return body, form.status


@bp.post("/imports/<int:id>/record")
@needs(Permission.CONGRESS_MANAGE)
def record(id: int) -> ResponseReturnValue:
    """Seat whom was looked at."""
    form = RecordForm()
    try:
        item = importing.record(_user(), id, seen=_number(form.text("seen")))
    except DomainError as error:
        if error.status not in (REFUSED, Conflict.status):
            raise
        form.refuse(error)
        return _preview(importing.find(_user(), id), form)
    flash("代表已导入，24 小时内可以撤销", "success")
    return redirect(url_for("congress.detail", id=item.congress_id), SEE_OTHER)


@bp.post("/imports/<int:id>/undo")
@needs(Permission.CONGRESS_MANAGE)
def undo(id: int) -> ResponseReturnValue:
    """Take a list back."""
    item = importing.undo(_user(), id)
    flash("已撤销，这份名单导入的代表都已取消", "success")
    return redirect(url_for("congress.detail", id=item.congress_id), SEE_OTHER)


@bp.post("/imports/<int:id>/discard")
@needs(Permission.CONGRESS_MANAGE)
def discard(id: int) -> ResponseReturnValue:
    """Give up a preview."""
    congress_id = importing.discard(_user(), id)
    flash("已放弃，没有导入代表", "success")
    return redirect(url_for(".imports", id=congress_id), SEE_OTHER)
