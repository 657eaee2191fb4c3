"""The outbox: what was sent and how far it came, and the way out of the house."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import SelectField

from portal.core import audit, clock
from portal.core.forms import AddressForm
from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import outbox, receiving, service
from .gateways import choosing
from .models import BatchState, MessageState
from .workflow import BATCHES

bp = Blueprint("outbox", __name__, url_prefix="/messaging/outbox")

SEE_OTHER = 303
ALL = [("", "全部")]


class CutForm(AddressForm):
    """What the list of batches is cut to; it stands in the address."""

    state = SelectField("情况", validate_choice=False, choices=dict([*ALL, *BatchState.choices()]))


class MessageCutForm(AddressForm):
    """What the list of messages is cut to."""

    state = SelectField("情况", validate_choice=False, choices=dict([*ALL, *MessageState.choices()]))


@bp.get("")
@needs(Permission.MESSAGE_SEND)
def index() -> ResponseReturnValue:
    """List what the actor's units have sent."""
    state, unsure = request.args.get("state", ""), bool(request.args.get("unsure"))
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.batches(current_user, state=state, unsure=unsure, page=number)
    here: dict[str, Any] = ({"state": state} if state else {}) | ({"unsure": "1"} if unsure else {})
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, **here)
    form = CutForm(formdata=None, data={"state": state})
    return render_template(
        "messaging/outbox/index.html", rows=rows, page=page, form=form, is_cut=bool(here), gateway=_gateway(),
        is_alive=clock.is_alive(current_app.config["SETTINGS"].jobs_path), waiting=service.waiting_in(current_user),
    )  # fmt: skip


@bp.get("/<int:id>")
@needs(Permission.MESSAGE_SEND)
def detail(id: int) -> ResponseReturnValue:
    """Show a batch and what became of its messages."""
    item = service.find(current_user, id)
    state = request.args.get("state", "")
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.messages(item, state=state, page=number)
    page = numbered_page(
        ".detail", total=total, number=number, per_page=service.PER_PAGE, id=id, **({"state": state} if state else {})
    )
    return render_template(
        "messaging/outbox/detail.html",
        item=item,
        counts=service.counts(item),
        states=MessageState,
        rows=rows,
        page=page,
        form=MessageCutForm(formdata=None, data={"state": state}),
        is_cut=bool(state),
        phone=service.phone,
        fenced=service.fenced(item),
        steps=BATCHES.open_steps(item, current_user),
        events=audit.events_of(item),
        gateway=_gateway(),
    )


@bp.post("/<int:id>/release")
@needs(Permission.MESSAGE_SEND)
def release(id: int) -> ResponseReturnValue:
    """Let go out what waits from before a restore."""
    item = service.find(current_user, id)
    number = outbox.release(current_user, item, reason=request.form.get("reason", ""))
    flash(f"已恢复发送 {number} 条")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.get("/gateway")
@needs(Permission.SYSTEM)
def gateway() -> ResponseReturnValue:
    """Show by which gateway messages leave, how fast, and where it is to report."""
    outlet = choosing.current()
    name = outlet.gateway.name
    path = url_for("receipts.receive", gateway=name, token=receiving.token(name))
    address = f"{current_app.config['BASE_URL']}{path}" if name != "console" else ""
    return render_template(
        "messaging/outbox/gateway.html", name=name, label=_gateway(), pace=outlet.pace, address=address,
        waiting=service.oldest_waiting(),
    )  # fmt: skip


def _gateway() -> str:
    return choosing.LABELS[choosing.current().gateway.name]
