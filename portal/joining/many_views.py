"""The pages for many applications at once: approve or agree to what was ticked, and the figures by branch."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.forms import PortalForm
from portal.core.web import numbers_in
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import figures, many, proof, service
from .forms import AgreeManyForm, ApproveForm
from .models import ApplicationState, Reason
from .views import filters_of
from .workflow import JOINING

bp = Blueprint("many", __name__, url_prefix="/joining")


@bp.route("/approve-many", methods=["GET", "POST"])
@needs(Permission.JOINING_APPROVE)
def approve() -> ResponseReturnValue:
    """Ask for the one day of the committee's decision, and approve all that were chosen."""
    return _take("approve", ApproveForm(data={"study_date": today()}))


@bp.route("/agree-many", methods=["GET", "POST"])
@needs(Permission.JOINING_OPINE)
def agree() -> ResponseReturnValue:
    """Ask for the branch's words, and agree to all that were chosen."""
    return _take("agree", AgreeManyForm())


def _take(action: str, form: PortalForm) -> ResponseReturnValue:
    """Show whom the step is about to be taken on, or take it and tell what became of each."""
    step = JOINING.step(action)
    if request.method == "GET":
        items = _chosen(action)
        if not items:
            flash(many.NOBODY, "warning")
            return redirect(url_for("joining.index"))
    else:
        ids = _numbers(request.form.get("ids", "").split(","))
        if form.validate():
            typed: dict[str, Any] = form.data | form.values()
            inputs = {name: value for name, value in typed.items() if name != "csrf_token" and value is not None}
            try:
                outcome = many.take(current_user, action, ids, **inputs)
            except DomainError as error:
                form.refuse(error)
            else:
                return render_template("joining/many_done.html", step=step, outcome=outcome)
        items = many.chosen(current_user, ids)
    more = request.args.get("all", 0, type=int) - len(items) if len(items) == many.MOST else 0
    return render_template(
        "joining/many.html", step=step, form=form, items=items, more=more, most=many.MOST, near=proof.near(items)
    ), form.status


def _chosen(action: str) -> list[Any]:
    """Return what was ticked, or, where `all` is in the address, everything that the filters beside it show."""
    given = request.args
    if "all" in given:
        return many.all_ready(current_user, action, filters_of(given))
    return many.chosen(current_user, _numbers(given.getlist("id")))


def _numbers(texts: list[str]) -> list[int]:
    """Return the numbers among `texts` that a row can have."""
    return numbers_in(texts)


@bp.get("/figures")
@needs(Permission.JOINING_READ)
def by_branch() -> ResponseReturnValue:
    """Show by branch how fast applications are dealt with, and why they come back."""
    years = service.year_choices(current_user)
    year = request.args.get("year") or years[0][0]
    rows, total = figures.figures(current_user, year)
    return render_template(
        "joining/figures.html", rows=rows, total=total, year=year, years=years, reasons=list(Reason), S=ApplicationState
    )
