"""The pages for many transfers at once: send those whom a query has found, approve or receive what was ticked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import Absent, DomainError
from portal.core.web import numbers_in
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import selections

from . import many
from .forms import AskForm, ManyForm
from .views import chosen, offered
from .workflow import TRANSFER

bp = Blueprint("transfers_many", __name__, url_prefix="/transfers")


@bp.route("/send-many", methods=["GET", "POST"])
@needs(Permission.TRANSFER_SEND)
def send() -> ResponseReturnValue:
    """Ask where to and why, and begin the transfers of all that a query has found."""
    selection = selections.find(current_user, request.values.get("selection", ""))
    members = many.people(current_user, selection.member_ids)
    if not members:
        raise Absent("选定的会员都不在您可以转出的范围内，请返回查询结果重新选择")
    form = offered(AskForm(), members[0].unit)
    if form.validate_on_submit():
        try:
            outcome = many.send_many(
                current_user, selection.member_ids, to=chosen(form, members[0].unit), occasion=form["occasion"].data,
                note=form.text("note").strip(),
            )  # fmt: skip
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return render_template("transfers/many_done.html", label="提交转会", outcome=outcome)
    return render_template(
        "transfers/send_many.html", form=form, selection=selection, members=members, most=many.MOST,
        more=selection.number - len(members),
    ), form.status  # fmt: skip


@bp.route("/approve-many", methods=["GET", "POST"])
@needs(Permission.TRANSFER_APPROVE)
def approve() -> ResponseReturnValue:
    """Agree to all that were chosen."""
    return _take("approve")


@bp.route("/receive-many", methods=["GET", "POST"])
@needs(Permission.TRANSFER_RECEIVE)
def receive() -> ResponseReturnValue:
    """Receive all that were chosen; their departments stay as they are."""
    return _take("receive")


def _take(action: str) -> ResponseReturnValue:
    """Show whom the step is about to be taken on, or take it and tell what became of each."""
    step, form = TRANSFER.step(action), ManyForm()
    if request.method == "GET":
        items = _chosen(action)
        if not items:
            flash(many.NOBODY, "warning")
            return redirect(url_for("transfers.index"))
        form.ids.data = ",".join(str(item.id) for item in items)
    else:
        ids = _numbers((form.ids.data or "").split(","))
        if form.validate():
            try:
                outcome = many.take(current_user, action, ids, comment=form.text("comment"))
            except DomainError as error:
                form.refuse_or_raise(error)
            else:
                return render_template("transfers/many_done.html", label=step.label, outcome=outcome)
        items = many.chosen(current_user, ids)
    return render_template("transfers/many.html", step=step, form=form, items=items), form.status


def _chosen(action: str) -> list[Any]:
    """Return what was ticked, or, where `all` is in the address, everything that waits for the step."""
    if "all" in request.args:
        return many.all_ready(current_user, action)
    return many.chosen(current_user, _numbers(request.args.getlist("id")))


def _numbers(texts: list[str]) -> list[int]:
    """Return the numbers among `texts` that a row can have."""
    return numbers_in(texts)
