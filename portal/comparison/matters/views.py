"""The pages of matters: what is to be done, and one of them with the buttons."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import SelectField

from portal.core import audit
from portal.core.forms import AddressForm
from portal.core.web import numbered_page
from portal.members import cases
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .models import MatterKind, MatterState
from .workflow import MATTERS

# the door on the member's page that does what a matter is about; rooms that are not there have none
FORMS = {
    MatterKind.LEAVE: "standing.leave",
    MatterKind.RETIRE: "standing.retire",
    MatterKind.TRANSFER: "transfers.send",
}

bp = Blueprint("matters", __name__, url_prefix="/comparison/matters")


class CutForm(AddressForm):
    """What the list is cut to; it stands in the address."""

    state = SelectField("情况", validate_choice=False, choices=dict([*MatterState.choices(), (service.ALL, "全部")]))
    kind = SelectField("事项", validate_choice=False, choices=dict([("", "全部"), *MatterKind.choices()]))


@bp.get("")
@needs(Permission.MEMBER_EDIT)
def index() -> ResponseReturnValue:
    """List what is to be done."""
    given = request.args
    state, kind = given.get("state", ""), given.get("kind", "")
    number = max(1, given.get("page", 1, type=int))
    rows, total = service.matters(current_user, state=state, kind=kind, page=number)
    here: dict[str, Any] = {name: text for name, text in (("state", state), ("kind", kind)) if text}
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, **here)
    form = CutForm(formdata=None, data={"state": state or MatterState.OPEN.value, "kind": kind})
    return render_template("comparison/matters.html", rows=rows, page=page, form=form, is_cut=bool(here))


@bp.get("/<int:id>")
@needs(Permission.MEMBER_EDIT)
def detail(id: int) -> ResponseReturnValue:
    """Show one matter."""
    item = service.find(current_user, id)
    is_open = item.state is MatterState.OPEN
    doors = cases.doors_for(current_user._get_current_object(), item.member) if is_open else []
    return render_template(
        "comparison/matter.html",
        item=item,
        steps=MATTERS.open_steps(item, current_user),
        events=audit.events_of(item),
        is_open=is_open,
        doors=[door for door in doors if door.endpoint == FORMS[item.kind]],
    )
