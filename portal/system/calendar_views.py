"""The pages of the working-day calendar: the years, one year, and a sum to try."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import workdays
from portal.core.errors import DomainError
from portal.core.workdays import SpanKind
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import working_days
from .forms import CalendarForm, SumForm

bp = Blueprint("calendar", __name__, url_prefix="/system/calendar")

SEE_OTHER = 303


@bp.get("")
@needs(Permission.SYSTEM)
def index() -> ResponseReturnValue:
    """List the years, and reckon the end of a term."""
    form = SumForm(formdata=request.args)
    due = None
    if request.args:
        try:
            values: dict[str, Any] = form.values()
            if values.get("start") and values.get("number"):
                due = workdays.due(values["start"], values["number"])
        except DomainError as error:
            form.refuse(error)
    body = render_template("system/calendar.html", years=working_days.years(), form=form, due=due, SpanKind=SpanKind)
    return body, form.status


@bp.route("/<int:year>", methods=["GET", "POST"])
@needs(Permission.SYSTEM)
def edit(year: int) -> ResponseReturnValue:
    """Show a year, and write it anew."""
    found = working_days.year(year)
    rows = [
        {"kind": one.kind.value, "name": one.name, "starts": f"{one.starts}", "ends": f"{one.ends}"}
        for one in found.spans
    ]
    mark = working_days.mark_of(found)
    form = CalendarForm(data={"source": found.source, "spans": rows, "seen": mark})
    if form.is_submitted():
        try:
            values = form.values()
            spans = cast(list[dict[str, Any]], values.get("spans") or [])
            source, seen = str(values.get("source") or ""), form.seen.data or ""
            changed = working_days.write(current_user._get_current_object(), year, spans, source=source, seen=seen)
        except DomainError as error:
            form.refuse(error)
        else:
            flash(f"{year}年的工作日历已保存" if changed else "没有改动", "success" if changed else "info")
            return redirect(url_for(".index"), SEE_OTHER)
    return render_template("system/calendar_year.html", form=form, found=found), form.status
