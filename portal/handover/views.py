"""The pages of handing over."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import lists, service
from .forms import ArrangeForm, LeaverForm
from .workflow import HANDOVER, fetch

bp = Blueprint("handover", __name__, url_prefix="/handover")

REFUSED = (409, 422)


@bp.get("/")
@needs(Permission.HANDOVER)
def index() -> ResponseReturnValue:
    """List the handings-over within one's scope, newest first; `before` is the number of the last one seen.

    `batch` cuts the list to those of one term.
    """
    before, batch = request.args.get("before", type=int), request.args.get("batch", "")
    rows = service.listed(current_user, before, batch)
    shown = rows[: service.PER_PAGE]
    older_url = url_for(".index", before=shown[-1].id, batch=batch or None) if len(rows) > len(shown) else None
    return render_template(
        "handover/index.html",
        rows=shown,
        earlier=before is not None,
        batch=batch,
        older_url=older_url,
        may_arrange=current_user.holds(Permission.ACCOUNT_MANAGE),
    )


@bp.route("/new", methods=["GET", "POST"])
@renders
@needs(Permission.HANDOVER)
def new() -> ResponseReturnValue:
    """Ask whose work passes, show what that is, and arrange it."""
    leaver = LeaverForm(request.args)
    if not leaver.text("from_username").strip():
        return render_template("handover/new.html", leaver=leaver, plan=None)
    form = ArrangeForm(data={"day": today()})
    try:
        user = service.find_leaver(current_user, leaver.text("from_username"))
        plan = service.plan(current_user, user)
    except DomainError as error:
        leaver.refuse(error)
        return render_template("handover/new.html", leaver=leaver, plan=None), leaver.status
    if form.validate_on_submit():
        name = user.name
        try:
            item, password = service.with_new_account(
                current_user,
                user.id,
                form.text("to_username"),
                day=form.values()["day"],
                name=form.text("to_name"),
                reason=form.text("reason"),
            )
        except DomainError as error:
            if error.status not in REFUSED:
                raise
            form.refuse(error)
            try:
                plan = service.plan(current_user, service.find_leaver(current_user, leaver.text("from_username")))
            except DomainError as gone:  # somebody else was faster
                leaver.refuse(gone)
                return render_template("handover/new.html", leaver=leaver, plan=None), leaver.status
        else:
            if password:
                return render_template(
                    "handover/slip.html", item=item, slip=service.slip_of(current_user, item, password)
                )
            flash(f"已安排{name}的交接" if item.state.value == "waiting" else f"{name}的工作已交接", "success")
            return redirect(url_for(".detail", id=item.id))
    return render_template("handover/new.html", leaver=leaver, plan=plan, form=form), form.status


@bp.get("/<int:id>")
@needs(Permission.HANDOVER)
def detail(id: int) -> ResponseReturnValue:
    """Show one handing-over."""
    item = fetch(current_user, id)
    return render_template(
        "handover/detail.html",
        item=item,
        offices=service.offices_of(item),
        matters=service.matters(item),
        open_steps=HANDOVER.open_steps(item, current_user),
    )


@bp.post("/<int:id>/list")
@renders
@needs(Permission.HANDOVER)
def print_list(id: int) -> ResponseReturnValue:
    """Print the 《交接清单》 to sign."""
    item = fetch(current_user, id)
    pdf = lists.print_list(current_user, item)
    headers = {"Content-Disposition": 'inline; filename="handover.pdf"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)
