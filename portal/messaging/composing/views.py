"""The pages of messages: the list, whom and in which words, the check page, and what became of it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.errors import DomainError
from portal.core.web import PDF, download, numbered_page, renders
from portal.messaging.bulletins import service as bulletins
from portal.messaging.groups import resolving
from portal.messaging.signatures import signature_of
from portal.messaging.wordings import service as wordings
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import selections

from . import service
from .forms import BLANK, ComposeForm, CutForm, FillForm
from .looking import alone_today, look, needs_second, typed_of
from .models import Outcome, Sms, SmsState
from .workflow import PLANS

bp = Blueprint("composing", __name__, url_prefix="/messaging/plans")

SEE_OTHER = 303
TONES = {
    SmsState.SENT: "success", SmsState.WAITING: "info", SmsState.PENDING: "warning", SmsState.STOPPED: "danger",
    SmsState.REFUSED: "danger",
}  # fmt: skip
SHOWN = 20  # people of a kind on the check page


def _page() -> int:
    return max(1, request.args.get("page", 1, type=int))


@bp.get("/")
@needs(Permission.MESSAGE_SEND)
def index() -> ResponseReturnValue:
    """List the messages of this person's units."""
    state = request.args.get("state", "")
    found, total = service.page_of(current_user, state, _page())
    here: dict[str, Any] = {"state": state} if state else {}
    return render_template(
        "messaging/composing/index.html",
        plans=found,
        page=numbered_page(".index", total=total, number=_page(), per_page=service.PER_PAGE, **here),
        form=CutForm(formdata=None, data={"state": state}),
        tones=TONES,
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MESSAGE_SEND)
def new() -> ResponseReturnValue:
    """Ask whom a message is for, and in which words: groups, whom a query has selected, or who has not read."""
    user = current_user._get_current_object()
    ids, audience = _given()
    form = ComposeForm()
    form.groups.choices = [(one.ref, f"{one.name}（{one.note}）") for one in resolving.offers(user)]
    form.wording.choices = [(one.ref, f"{one.name}：{one.text}") for one in wordings.ready(user)]
    if request.method == "GET":
        form.groups.data = request.args.getlist("group")
    if form.validate_on_submit():
        try:
            plan = service.compose(
                user, form.text("wording"), base_url=current_app.config["BASE_URL"], member_ids=ids, audience=audience,
                groups=() if ids is not None else form.groups.data or (),
            )  # fmt: skip
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return redirect(url_for(".detail", id=plan.id), SEE_OTHER)
    page = render_template("messaging/composing/new.html", form=form, ids=ids, audience=audience)
    return page, form.status


def _given() -> tuple[list[int] | None, str]:
    if token := request.args.get("selection", ""):
        return list(selections.find(current_user, token).member_ids), "查询结果中选定的人"
    if number := request.args.get("bulletin", 0, type=int):
        item = bulletins.find(current_user, number)
        return bulletins.unread_ids(current_user, item), f"未读“{item.title}”的人"
    return None, ""


@bp.get("/<int:id>")
@needs(Permission.MESSAGE_SEND)
def detail(id: int) -> ResponseReturnValue:
    """Show the check page of a draft, or what became of a message."""
    plan = service.find(current_user, id)
    if plan.state is SmsState.DRAFT:
        return _check(plan, FillForm(formdata=None, data=_typed(plan)))
    outcome = request.args.get("outcome", "")
    people, total = service.people(current_user, plan, outcome, _page())
    here: dict[str, Any] = {"outcome": outcome} if outcome else {}
    return render_template(
        "messaging/composing/detail.html",
        plan=plan,
        tally=service.tally(plan),
        outcomes=Outcome,
        people=people,
        outcome=outcome,
        page=numbered_page(".detail", total=total, number=_page(), per_page=service.PER_PAGE, id=id, **here),
        steps=PLANS.open_steps(plan, current_user),
        when=service.when(plan),
        text=plan.said["text"],
        typed=typed_of(plan),
        events=audit.events_of(plan),
        tones=TONES,
    )


def _typed(plan: Sms) -> dict[str, Any]:
    return {
        "title": plan.title, "is_essential": plan.is_essential, "asks_receipt": plan.asks_receipt,
        "send_at": service.when(plan).replace(" ", "T") if plan.send_at else "",
    }  # fmt: skip


def _check(plan: Sms, form: FillForm) -> ResponseReturnValue:
    user = current_user._get_current_object()
    found = look(user, plan)
    shown = [*found.due, *found.inside]
    number = min(max(1, request.args.get("row", 1, type=int)), max(1, len(shown)))
    page = render_template(
        "messaging/composing/check.html",
        plan=plan,
        form=form,
        found=found,
        blanks=[(f"{BLANK}{place}", name, value) for place, (name, value) in enumerate(typed_of(plan).items())],
        line=shown[number - 1] if shown else None,
        number=number,
        total=len(shown),
        more=SHOWN,
        signature=signature_of(plan.unit),
        alone_today=alone_today(plan),
        needs_second=needs_second(plan, len(found.due)),
        is_own=plan.owner_id == user.id,
        tones=TONES,
    )
    return page, form.status


@bp.post("/<int:id>/fill")
@needs(Permission.MESSAGE_SEND)
def fill(id: int) -> ResponseReturnValue:
    """Keep what was typed and show the check page again."""
    plan = service.find(current_user, id)
    form = FillForm()
    if form.validate_on_submit():
        typed = {name: request.form.get(f"{BLANK}{place}", "") for place, name in enumerate(typed_of(plan))}
        try:
            wanted = service.Wanted(
                form.text("title"), typed, bool(form.is_essential.data), bool(form.asks_receipt.data), form.moment()
            )
            service.fill(current_user, plan, wanted)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return redirect(url_for(".detail", id=id), SEE_OTHER)
    return _check(plan, form)


@bp.post("/<int:id>/send")
@needs(Permission.MESSAGE_SEND)
def send(id: int) -> ResponseReturnValue:
    """Send to exactly those whom the page has named."""
    plan = service.find(current_user, id)
    service.send(current_user, plan, seen=request.form.get("seen", ""))
    flash(f"“{plan.title}”：{plan.state.label}，{plan.expected} 人", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/trial")
@needs(Permission.MESSAGE_SEND)
def trial(id: int) -> ResponseReturnValue:
    """Send the first text to oneself."""
    service.trial(current_user, service.find(current_user, id))
    flash("已发到您自己的手机，请核对", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/calls")
@renders
@needs(Permission.MESSAGE_SEND)
def calls(id: int) -> ResponseReturnValue:
    """Hand out the sheet of those who have to be called."""
    user = current_user._get_current_object()
    name, content = service.call_sheet(user, service.find(user, id))
    return download(content, PDF, name)


@bp.post("/<int:id>/remind")
@needs(Permission.MESSAGE_SEND)
def remind(id: int) -> ResponseReturnValue:
    """Begin a message to those who have not said that they got it."""
    again = service.remind(current_user, service.find(current_user, id))
    return redirect(url_for(".detail", id=again.id), SEE_OTHER)
