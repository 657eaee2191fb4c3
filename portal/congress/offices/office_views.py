"""The pages of the proposal committee and of the departments that answer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.org.guards import needs
from portal.org.permissions import Permission

from .. import service as congresses
from ..forms import CommitteeForm, DepartmentForm, HandlerForm
from . import service

bp = Blueprint("congress_offices", __name__, url_prefix="/congress")

SEE_OTHER, REFUSED = 303, 422


def _user() -> Any:
    return current_user._get_current_object()


# --- the committee ----------------------------------------------------------------------------------------------------


@bp.get("/<int:id>/committee")
@needs(Permission.CONGRESS_READ)
def committee(id: int) -> ResponseReturnValue:
    """List who is in the committee."""
    return _committee(id, CommitteeForm(formdata=None))


def _committee(id: int, form: CommitteeForm) -> ResponseReturnValue:
    item = congresses.find(_user(), id)
    body = render_template(
        "congress/committee.html",
        item=item,
        form=form,
        rows=service.committee(item),
        may_manage=current_user.may(Permission.CONGRESS_MANAGE, item.unit),
    )
    return body, form.status


@bp.post("/<int:id>/committee")
@needs(Permission.CONGRESS_MANAGE)
def name_member(id: int) -> ResponseReturnValue:
    """Put somebody into the committee."""
    item = congresses.find(_user(), id, Permission.CONGRESS_MANAGE)
    form = CommitteeForm()
    try:
        form.validate()
        service.name_member(_user(), item, person=form.text("person"), post=form.text("post"))
    except DomainError as error:
        if error.status != REFUSED:
            raise
        form.refuse(error)
        return _committee(id, form)
    flash("已设置", "success")
    return redirect(url_for(".committee", id=id), SEE_OTHER)


@bp.post("/committee/<int:id>/end")
@needs(Permission.CONGRESS_MANAGE)
def end_member(id: int) -> ResponseReturnValue:
    """Let somebody leave the committee."""
    item = service.find_member(_user(), id)
    service.end(_user(), item)
    flash("已结束", "success")
    return redirect(url_for(".committee", id=item.congress_id), SEE_OTHER)


# --- departments ------------------------------------------------------------------------------------------------------


@bp.get("/departments")
@needs(Permission.CONGRESS_READ)
def departments() -> ResponseReturnValue:
    """List the departments that answer."""
    return _departments(DepartmentForm(formdata=None))


def _departments(form: DepartmentForm) -> ResponseReturnValue:
    rows = [(one, service.people_of(one)) for one in service.departments(_user())]
    may_manage = current_user.holds(Permission.CONGRESS_MANAGE)
    return render_template("congress/departments.html", form=form, rows=rows, may_manage=may_manage), form.status


@bp.post("/departments")
@needs(Permission.CONGRESS_MANAGE)
def add_department() -> ResponseReturnValue:
    """Add a department."""
    form = DepartmentForm()
    try:
        form.validate()
        item = service.add_department(_user(), form.text("name"))
    except DomainError as error:
        if error.status != REFUSED:
            raise
        form.refuse(error)
        return _departments(form)
    flash(f"{item.name}已设为承办部门，请设置负责人和经办人", "success")
    return redirect(url_for(".department", id=item.id), SEE_OTHER)


@bp.get("/departments/<int:id>")
@needs(Permission.CONGRESS_READ)
def department(id: int) -> ResponseReturnValue:
    """Show a department with its people."""
    return _department(id, HandlerForm(formdata=None))


def _department(id: int, form: HandlerForm) -> ResponseReturnValue:
    item = service.find_department(_user(), id)
    body = render_template(
        "congress/department.html",
        item=item,
        form=form,
        rows=service.people_of(item),
        may_manage=current_user.may(Permission.CONGRESS_MANAGE, item.unit) and item.is_enabled,
    )
    return body, form.status


@bp.post("/departments/<int:id>")
@needs(Permission.CONGRESS_MANAGE)
def name_handler(id: int) -> ResponseReturnValue:
    """Let somebody answer for a department."""
    form = HandlerForm()
    try:
        form.validate()
        service.name_handler(_user(), id, person=form.text("person"), post=form.text("post"))
    except DomainError as error:
        if error.status != REFUSED:
            raise
        form.refuse(error)
        return _department(id, form)
    flash("已设置", "success")
    return redirect(url_for(".department", id=id), SEE_OTHER)


@bp.post("/departments/<int:id>/close")
@needs(Permission.CONGRESS_MANAGE)
def close_department(id: int) -> ResponseReturnValue:
    """Let a department take no more proposals."""
    service.close_department(_user(), id)
    flash("已停用", "success")
    return redirect(url_for(".departments"), SEE_OTHER)


@bp.post("/handlers/<int:id>/end")
@needs(Permission.CONGRESS_MANAGE)
def end_handler(id: int) -> ResponseReturnValue:
    """Let somebody answer for a department no more."""
    item = service.find_handler(_user(), id)
    service.end(_user(), item)
    flash("已结束", "success")
    return redirect(url_for(".department", id=item.department_id), SEE_OTHER)
