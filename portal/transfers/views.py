"""The pages of transfers: the list, one of them with its steps, and what a member may ask for herself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from portal.core import audit
from portal.core.errors import DomainError
from portal.core.forms import PortalForm
from portal.core.web import keyed_page
from portal.members import service as members
from portal.org.guards import needs
from portal.org.models import OrgUnit
from portal.org.permissions import Permission

from . import service
from .forms import (
    AskForm,
    FilterForm,
    ForceForm,
    ReceiveForm,
    RerouteForm,
    ResendForm,
    SendForm,
    TargetForm,
    TurnDownForm,
)
from .models import Transfer, TransferState
from .workflow import TRANSFER

bp = Blueprint("transfers", __name__, url_prefix="/transfers")

WORDS = ("comment", "note", "department")  # inputs that may be left empty
STATES = {
    service.TODO: "待我办理",
    service.MOVING: "在途（待审核、待接收）",
    service.OVERDUE: "逾期未办",
    **dict(TransferState.choices()),
    service.ALL: "全部",
}


@bp.get("/")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """List transfers: at first those that wait for this person; and how many are under way, out and in."""
    given = request.args
    filters = filters_of(given)
    number = max(given.get("page", 1, type=int), 1)
    found = service.listing(
        current_user, filters, after=given.get("after", type=int), before=given.get("before", type=int)
    )
    here = {name: text or None for name, text in (asdict(filters) | {"q": filters.name, "name": None}).items()}
    form = FilterForm(formdata=None, data=asdict(filters) | {"q": filters.name})
    form.state.choices = list(STATES.items())
    form.unit.choices = [("", "全部"), *service.unit_choices(current_user)]
    return render_template(
        "transfers/index.html",
        rows=found.rows,
        page=keyed_page(".index", found, number=number, **here),
        form=form,
        filters=filters,
        here=here,
        movable=service.may_take(current_user, found.rows),
        steps=service.ready_steps(current_user),
        under_way=service.under_way(current_user),
        ticked=given.get("ticked") == "1",
        is_cut=any(text for name, text in here.items() if name != "state") or filters.state != service.TODO,
    )


def filters_of(given: MultiDict[str, str]) -> service.Filters:
    """Return the filters that stand in an address."""
    return service.Filters(
        state=given.get("state") or service.TODO,
        way=given.get("way", ""),
        unit=given.get("unit", ""),
        name=given.get("q", "").strip(),
    )


@bp.get("/<int:id>")
@needs(Permission.MEMBER_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one transfer, what may be done about it, and of the person only what the receiver needs."""
    item = service.find(current_user, id)
    return render_template(
        "transfers/detail.html",
        item=item,
        hints=service.warnings(item),
        steps=TRANSFER.open_steps(item, current_user),
        events=audit.events_of(item),
        sex=service.sex_of(item),
        may_read=current_user.may(Permission.MEMBER_READ, item.member.unit),
    )


# --- beginning --------------------------------------------------------------------------------------------------------


@bp.route("/new/<int:member_id>", methods=["GET", "POST"])
@needs(Permission.TRANSFER_SEND)
def send(member_id: int) -> ResponseReturnValue:
    """Ask where to and why, and begin the transfer of a member."""
    member = members.find(current_user, member_id, Permission.TRANSFER_SEND)
    if request.method == "GET" and member.user_id == current_user.id:
        return redirect(url_for(".mine"))
    item = service.open_of(member)
    if request.method == "GET" and item is not None:
        flash(f"{member.name}的转会正在办理", "info")
        return redirect(url_for(".detail", id=item.id))
    form = offered(SendForm(data={"to": request.args.get("to", 0, type=int)}), member.unit)
    if form.validate_on_submit():
        try:
            values = form.values()
            item = service.send(
                current_user, member, to=chosen(form, member.unit), occasion=form["occasion"].data,
                until=values.get("until"), note=form.text("note").strip(),
            )  # fmt: skip
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("；".join([f"已提交{member.name}的转会", *service.warnings(item)]), "success")
            return redirect(url_for(".detail", id=item.id))
    return render_template("transfers/send.html", form=form, member=member), form.status


@bp.route("/mine", methods=["GET", "POST"])
@needs(Permission.SIGNED_IN)
def mine() -> ResponseReturnValue:
    """Show a member her own transfers, and let her ask for one."""
    member = members.own(current_user)
    if member is None:
        return render_template("members/no_record.html")
    form = offered(AskForm(), member.unit)
    if form.validate_on_submit():
        try:
            service.ask(
                current_user, to=chosen(form, member.unit), occasion=form["occasion"].data,
                note=form.text("note").strip(),
            )  # fmt: skip
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已提交，请等待本单位确认", "success")
            return redirect(url_for(".mine"))
    return render_template(
        "transfers/mine.html", form=form, member=member, items=service.own(current_user),
        open_item=service.open_of(member), asked=TransferState.ASKED,
    ), form.status  # fmt: skip


@bp.post("/mine/take-back")
@needs(Permission.SIGNED_IN)
def take_back() -> ResponseReturnValue:
    """Take back what one has asked for."""
    service.take_back(current_user)
    flash("已撤回", "success")
    return redirect(url_for(".mine"))


# --- steps with inputs ------------------------------------------------------------------------------------------------


@bp.route("/<int:id>/resend", methods=["GET", "POST"])
@needs(Permission.TRANSFER_SEND)
def resend(id: int) -> ResponseReturnValue:
    """Mend what was returned, and send it again."""
    item = service.find(current_user, id)
    form = offered(ResendForm(data={"to": item.to_unit_id, "note": item.note}), item.unit)
    return _decide(item, "resend", form)


@bp.route("/<int:id>/reroute", methods=["GET", "POST"])
@needs(Permission.TRANSFER_APPROVE)
def reroute(id: int) -> ResponseReturnValue:
    """Ask who is to receive instead."""
    item = service.find(current_user, id)
    return _decide(item, "reroute", offered(RerouteForm(data={"to": item.to_unit_id}), item.unit))


@bp.route("/<int:id>/force", methods=["GET", "POST"])
@needs(Permission.TRANSFER_APPROVE)
def force(id: int) -> ResponseReturnValue:
    """Ask why the union acts for a receiver that is very late."""
    return _decide(service.find(current_user, id), "force", ForceForm())


@bp.route("/<int:id>/receive", methods=["GET", "POST"])
@needs(Permission.TRANSFER_RECEIVE)
def receive(id: int) -> ResponseReturnValue:
    """Ask for the new department, and take her over."""
    return _decide(service.find(current_user, id), "receive", ReceiveForm())


@bp.route("/<int:id>/turn-down", methods=["GET", "POST"])
@needs(Permission.TRANSFER_RECEIVE)
def turn_down(id: int) -> ResponseReturnValue:
    """Ask why she is not received."""
    return _decide(service.find(current_user, id), "turn_down", TurnDownForm())


def _decide(item: Transfer, action: str, form: PortalForm) -> ResponseReturnValue:
    """Show the page of a step with inputs, or take the step and go back to the transfer."""
    step = TRANSFER.step(action)
    if request.method == "GET" and step not in TRANSFER.open_steps(item, current_user):
        flash(f"这份转会现在不能{step.label}，请看办理记录", "warning")
        return redirect(url_for(".detail", id=item.id))
    if form.validate_on_submit():
        try:
            inputs: dict[str, Any] = {
                name: value for name, value in form.data.items() if name not in ("csrf_token", "to", "elsewhere")
            }
            inputs |= form.values()
            if isinstance(form, TargetForm):
                inputs["to"] = chosen(form, item.unit)
            inputs |= {name: inputs[name] or "" for name in WORDS if name in inputs}
            TRANSFER.fire(item, action, current_user, **inputs)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已{step.label}", "success")
            return redirect(url_for(".detail", id=item.id))
    return render_template("transfers/decide.html", item=item, step=step, form=form), form.status


def offered(form: Any, unit: OrgUnit) -> Any:
    """Return the form with the units that somebody of `unit` may go to."""
    return form.offer(service.targets(unit), is_city=current_app.config["PROFILE"] == "city")


def chosen(form: TargetForm, unit: OrgUnit) -> OrgUnit:
    """Return the unit that was chosen in the form. Raises DomainError on its input."""
    return service.target(unit, form.to.data or 0, form.text("elsewhere") if "elsewhere" in form else "")
