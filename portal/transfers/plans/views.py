"""The pages of plans: the list, a new one with its preview, and one of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.models import OrgUnit
from portal.org.permissions import Permission

from . import service
from .forms import PlanForm
from .workflow import PLANS

bp = Blueprint("plans", __name__, url_prefix="/transfers/plans")


@bp.get("/")
@needs(Permission.UNIT_MANAGE)
def index() -> ResponseReturnValue:
    """List the plans, the latest first."""
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.plans(current_user, number)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE)
    return render_template("transfers/plans.html", rows=rows, page=page)


@bp.get("/<int:id>")
@needs(Permission.UNIT_MANAGE)
def detail(id: int) -> ResponseReturnValue:
    """Show one plan, and what it has done."""
    item = service.find(current_user, id)
    return render_template(
        "transfers/plan.html",
        item=item,
        named=service.named(item),
        steps=PLANS.open_steps(item, current_user),
        events=audit.events_of(item),
    )


@bp.route("/new/<int:unit_id>", methods=["GET", "POST"])
@needs(Permission.UNIT_MANAGE)
def new(unit_id: int) -> ResponseReturnValue:
    """Ask where the members of a unit go and when; show what that does, and only then do it."""
    unit = service.unit_for(current_user, unit_id)
    heirs = service.heirs(current_user, unit)
    form = PlanForm(data={"on": today(), "closes": True}).offer(heirs)
    shown = None
    if form.validate_on_submit():
        try:
            wish = _wish(form, heirs)
            if "confirm" in request.form:
                item = service.make(current_user, unit, wish)
                flash("已办理" if item.done_at else "已保存，到生效日期自动办理", "success")
                return redirect(url_for(".detail", id=item.id))
            shown = service.preview(current_user, unit, wish)
        except DomainError as error:
            form.refuse_or_raise(error)
    page = render_template(
        "transfers/plan_new.html",
        form=form,
        unit=unit,
        may_part=service.may_part(current_user, unit),
        departments=service.departments(current_user, unit),
        shown=shown,
    )
    return page, form.status


def _wish(form: Any, heirs: list[OrgUnit]) -> service.Wish:
    heir = next((unit for unit in heirs if unit.id == form.heir.data), None)
    if heir is None:
        raise DomainError("请选择会员转到哪个单位", field="heir")
    return service.Wish(
        heir, form.values()["on"], document_no=form.text("document_no"), lines=form.text("lines"),
        closes=bool(form.closes.data), keeps_posts=bool(form.keeps_posts.data),
    )  # fmt: skip
