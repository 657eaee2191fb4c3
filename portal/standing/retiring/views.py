"""The pages of the list: who retires soon, the days of many, the file."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.core.forms import PortalForm
from portal.core.web import XLSX, download, numbered_page, renders
from portal.members import search
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import values

from . import coming, service
from .coming import Order
from .forms import CutForm, PurposeForm, submit_form

bp = Blueprint("retiring", __name__, url_prefix="/standing/retiring")

REFUSED, GONE_ON = 422, 409
SEE_OTHER = 303


def _cut() -> dict[str, Any]:
    """Return what the address cuts the list to."""
    given = request.args
    months = given.get("months", coming.MONTHS, type=int)
    order = given.get("order", "")
    return {
        "months": min(max(months, 0), coming.MONTHS_MOST),
        "unit": given.get("unit", ""),
        "order": Order(order) if order in list(Order) else Order.DATE,  # type: ignore[call-arg]  # by its value alone
    }


@bp.get("")
@needs(Permission.STANDING_READ)
def index() -> ResponseReturnValue:
    """List who is to retire within some months, or should have."""
    return _index(PurposeForm(formdata=None))


def _index(form: PurposeForm) -> ResponseReturnValue:
    user, cut = current_user._get_current_object(), _cut()
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = coming.people(user, **cut, page=number)
    here = {"months": cut["months"], "unit": cut["unit"] or None, "order": cut["order"].value}
    filters = CutForm(formdata=None, data={**here, "months": str(cut["months"]), "unit": cut["unit"]})
    units, is_cut = search.units_to_choose(user, cut["unit"])
    filters.unit.choices = {"": "全部"} | dict(units)
    filters.unit.description = "单位较多，请逐级选择：选中上级查询后，可再选它的下级" if is_cut else ""
    body = render_template(
        "standing/retiring/index.html",
        rows=rows,
        form=form,
        filters=filters,
        page=numbered_page(".index", total=total, number=number, per_page=coming.PER_PAGE, **here),
        here=here,
        may_ask=any(row.may_ask for row in rows),
        until=coming.last_month(cut["months"]),
    )
    return body, form.status


@bp.post("/submit")
@needs(Permission.STANDING_ASK)
def submit() -> ResponseReturnValue:
    """Ask for the day of each who was ticked, then begin all of them."""
    user = current_user._get_current_object()
    ids = [int(one) for one in request.form.getlist("ids") if one.isascii() and one.isdigit() and len(one) < 10]
    rows = service.chosen(user, ids)
    is_sent = request.form.get("act") == "submit"
    form = submit_form(rows)() if is_sent else submit_form(rows)(formdata=None)
    if is_sent and form.validate_on_submit():
        try:
            days = {row.member.id: _day(form, row.member.id) for row in rows}
            outcome = service.submit(user, days, document_no=form.text("document_no"))
        except DomainError as error:
            if error.status not in (REFUSED, GONE_ON):
                raise
            form.refuse(error)
        else:
            flash(f"已提交 {len(outcome.done)} 人的退休，等待校工会审批", "success")
            for one in outcome.skipped:
                flash(f"{one.name}没有提交：{one.why}", "warning")
            return redirect(url_for(".index"), SEE_OTHER)
    if not rows:
        flash("请先勾选要办理退休的会员", "warning")
        return redirect(url_for(".index"), SEE_OTHER)
    page = render_template("standing/retiring/submit.html", rows=rows, form=form, day_field=service.day_field)
    return page, form.status


def _day(form: PortalForm, member_id: int) -> date:
    name = service.day_field(member_id)
    try:
        return values.day(form.text(name))
    except DomainError as error:
        raise DomainError(error.message, field=name) from error


@bp.post("/export")
@renders
@needs(Permission.STANDING_READ)
def export() -> ResponseReturnValue:
    """Give the whole list as a workbook."""
    form = PurposeForm()
    try:
        name, content = service.export(current_user._get_current_object(), **_cut(), purpose=form.text("purpose"))
    except DomainError as error:
        form.refuse_or_raise(error)
        return _index(form)
    return download(content, XLSX, name)
