"""The pages of birthdays: the unions, and how one greets."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import Absent, DomainError
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .forms import BirthdayForm

bp = Blueprint("birthdays", __name__, url_prefix="/messaging/birthdays")

SEE_OTHER = 303
OF_HOUSE = "s:birthday"


@bp.get("/")
@needs(Permission.MESSAGE_TEMPLATE)
def index() -> ResponseReturnValue:
    """List the unions that this person sets the greetings of; of one alone show it at once."""
    units = service.places(current_user)
    if len(units) == 1:
        return redirect(url_for(".detail", id=units[0].id))
    return render_template("messaging/birthdays/index.html", units=[(one, service.of_unit(one)) for one in units])


@bp.route("/<int:id>", methods=["GET", "POST"])
@needs(Permission.MESSAGE_TEMPLATE)
def detail(id: int) -> ResponseReturnValue:
    """Show and set how a union greets."""
    unit = next((one for one in service.places(current_user) if one.id == id), None)
    if unit is None:
        raise Absent
    plan = service.of_unit(unit)
    wording = f"w:{plan.wording_id}" if plan and plan.wording_id else OF_HOUSE
    form = BirthdayForm(
        data={"is_on": bool(plan and plan.is_on), "to_retained": bool(plan and plan.to_retained), "wording": wording}
    )
    form.wording.choices = [(one.ref, f"{one.name}：{one.text}") for one in service.offered(current_user)]
    if form.validate_on_submit():
        try:
            service.change(
                current_user, unit, is_on=bool(form.is_on.data), to_retained=bool(form.to_retained.data),
                wording=form.text("wording"),
            )  # fmt: skip
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已保存生日祝福的设置", "success")
            return redirect(url_for(".detail", id=id), SEE_OTHER)
    page = render_template(
        "messaging/birthdays/detail.html", form=form, unit=unit, plan=plan, greeted=service.latest(unit)
    )
    return page, form.status
