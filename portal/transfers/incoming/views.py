"""The pages of those who come from another union."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.errors import DomainError
from portal.core.web import numbered_page, renders
from portal.members.enums import IdType
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .forms import AcceptForm, CutForm, IncomingForm
from .models import Incoming, IncomingState
from .workflow import INCOMING, branches

bp = Blueprint("incoming", __name__, url_prefix="/transfers/incoming")


@bp.get("/")
@needs(Permission.JOINING_READ)
def index() -> ResponseReturnValue:
    """List who comes: at first who waits for the union."""
    state, number = request.args.get("state", ""), max(1, request.args.get("page", 1, type=int))
    rows, total = service.listing(current_user, state, number)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, state=state or None)
    form = CutForm(formdata=None, data={"state": state or IncomingState.WAITING.value})
    form.state.choices = [*IncomingState.choices(), (service.ALL, "全部")]
    may_record = current_user.holds(Permission.TRANSFER_RECEIVE)
    return render_template("transfers/incomings.html", rows=rows, page=page, form=form, may_record=may_record)


@bp.route("/new", methods=["GET", "POST"])
@renders
@needs(Permission.TRANSFER_RECEIVE)
def new() -> ResponseReturnValue:
    """Ask who comes and where from, with a scan of the letter."""
    units = service.places(current_user)
    form = IncomingForm().offer(units)
    if request.method == "GET":
        form["id_type"].data = IdType.IDENTITY_CARD.value  # what most people have
        if len(units) == 1:
            form["to"].data = units[0].id
    else:
        try:
            item = _record(form, units)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已登记，等待校工会接收", "success")
            return redirect(url_for(".detail", id=item.id))
    return render_template("transfers/incoming_new.html", form=form), form.status


def _record(form: Any, units: list[Any]) -> Incoming:
    values = form.values(check=lambda said: service.check({k: v for k, v in said.items() if k in service.ASKED}))
    unit = next((one for one in units if one.id == form["to"].data), None)
    if unit is None:
        raise DomainError("请选择转入单位", field="to")
    letter = service.Letter(form.text("from_union"), form.text("letter_no"), values.pop("letter_date", None))
    file = form["letter"].data
    return service.record(
        current_user._get_current_object(), unit, values, letter=letter, scan=file.stream if file else None
    )


@bp.get("/<int:id>")
@needs(Permission.JOINING_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one, with what may be done about it."""
    item = service.find(current_user, id)
    return render_template(
        "transfers/incoming.html",
        item=item,
        lines=service.sheet(current_user, item),
        steps=INCOMING.open_steps(item, current_user),
        events=audit.events_of(item),
        accepted=item.state is IncomingState.ACCEPTED,
    )


@bp.post("/<int:id>/letter")
@needs(Permission.JOINING_READ)
def letter(id: int) -> ResponseReturnValue:
    """Show the scan of the letter; who looks leaves a trace."""
    content, mimetype = service.letter_of(current_user, service.find(current_user, id))
    suffix = "pdf" if mimetype == "application/pdf" else "jpg"
    headers = {
        "Content-Disposition": f'attachment; filename="letter-{id}.{suffix}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, mimetype=mimetype, headers=headers)


@bp.route("/<int:id>/accept", methods=["GET", "POST"])
@needs(Permission.TRANSFER_APPROVE)
def accept(id: int) -> ResponseReturnValue:
    """Ask for her branch, and make her a member."""
    item = service.find(current_user, id)
    step = INCOMING.step("accept")
    if request.method == "GET" and step not in INCOMING.open_steps(item, current_user):
        flash("现在不能接收，请看办理记录", "warning")
        return redirect(url_for(".detail", id=item.id))
    form = AcceptForm(data={"unit_id": item.unit_id}).offer(branches(item))
    if form.validate_on_submit():
        try:
            INCOMING.fire(item, "accept", current_user, unit_id=form.unit_id.data)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已接收，会籍从今天起在本校，入会日期不变", "success")
            return redirect(url_for(".detail", id=item.id))
    return render_template("transfers/incoming_accept.html", form=form, item=item, step=step), form.status


@bp.post("/<int:id>/slip")
@renders
@needs(Permission.TRANSFER_APPROVE)
def slip(id: int) -> ResponseReturnValue:
    """Print the slip that goes back to the union she comes from."""
    made = service.slip(current_user._get_current_object(), id)
    headers = {"Content-Disposition": 'inline; filename="slip.pdf"', "Cache-Control": "no-store"}
    return Response(made, mimetype="application/pdf", headers=headers)
