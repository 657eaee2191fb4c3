"""The pages of HR's departments: which branch each belongs to, and which belong to none yet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.models import OrgUnit
from portal.org.permissions import Permission

from . import departments, service
from .forms import DepartmentForm, DepartmentSearchForm, EndForm, PasteForm

bp = Blueprint("departments", __name__, url_prefix="/units")


@bp.get("/<int:id>/departments")
@needs(Permission.UNIT_READ)
def index(id: int) -> ResponseReturnValue:
    """Show the departments of a union with their branches, and those without."""
    unit = service.find(current_user, id)
    return _page(unit, DepartmentForm(formdata=None), PasteForm(formdata=None))


@bp.post("/<int:id>/departments")
@needs(Permission.DEPARTMENT_MANAGE)
def add(id: int) -> ResponseReturnValue:
    """Let a department belong to a branch below this unit."""
    unit = service.managed(current_user, id, Permission.DEPARTMENT_MANAGE)
    form = DepartmentForm()
    if form.validate_on_submit():
        try:
            if not form.unit.data:
                raise DomainError("请选择分工会", field="unit")
            branch = service.managed(current_user, form.unit.data, Permission.DEPARTMENT_MANAGE)
            line = departments.add(current_user, form.text("department"), branch, starts=form.starts.data)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已登记：{line.name} → {branch.name}", "success")
            return redirect(url_for(".index", id=unit.id))
    return _page(unit, form, PasteForm(formdata=None))


@bp.post("/<int:id>/departments/paste")
@needs(Permission.DEPARTMENT_MANAGE)
def paste(id: int) -> ResponseReturnValue:
    """Take many departments at once."""
    unit = service.managed(current_user, id, Permission.DEPARTMENT_MANAGE)
    form = PasteForm()
    if form.validate_on_submit():
        try:
            new, known = departments.paste(current_user, unit, form.text("pasted"), starts=form.pasted_from.data)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已登记 {new} 个部门{f'，另有 {known} 个本来就有' if known else ''}", "success")
            return redirect(url_for(".index", id=unit.id))
    return _page(unit, DepartmentForm(formdata=None), form)


@bp.route("/departments/<int:id>/end", methods=["GET", "POST"])
@needs(Permission.DEPARTMENT_MANAGE)
def end(id: int) -> ResponseReturnValue:
    """Let a department belong to its branch no more."""
    line = departments.find(current_user, id)
    form = EndForm(data={"on": today()})
    if form.validate_on_submit():
        try:
            departments.end(current_user, line, on=form.on.data)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已结束：{line.name} → {line.unit.name}", "success")
            return redirect(url_for(".index", id=line.unit.parent_id or line.unit_id))
    page = render_template(
        "units/form.html",
        form=form,
        unit=line.unit,
        title=f"结束对应：{line.name}",
        button="确认结束",
        note=f"{line.name}现在对应{line.unit.name}（{departments.span(line)}）。结束后，以前的日期仍按原来的对应。",
    )
    return page, form.status


def _page(unit: OrgUnit, form: DepartmentForm, pasting: PasteForm) -> ResponseReturnValue:
    given = request.args
    word, past, number = given.get("q", "").strip(), bool(given.get("past")), max(1, given.get("page", 1, type=int))
    lines, _ = departments.lines_of(unit, q=word, past=past, page=number)
    here: dict[str, Any] = {"id": unit.id, "q": word or None, "past": "1" if past else None}
    may = current_user.may(Permission.DEPARTMENT_MANAGE, unit)
    is_union = departments.is_union(unit)
    branches = departments.branches(unit) if may and is_union else []
    page = render_template(
        "units/departments.html",
        unit=unit,
        lines=lines,
        span=departments.span,
        word=word,
        past=past,
        search=DepartmentSearchForm(formdata=None, data={"q": word}),
        form=form.offer(branches),
        pasting=pasting,
        branches=branches,
        unmapped=departments.unmapped(unit) if is_union else [],
        is_union=is_union,
        may_manage=may,
        today=today(),
        page=numbered_page(
            ".index",
            total=departments.count(unit, q=word, past=past),
            number=number,
            per_page=departments.PER_PAGE,
            **here,
        ),
    )
    return page, max(form.status, pasting.status)
