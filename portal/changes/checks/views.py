"""The pages of checks: the union's, with one bar for each branch."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.errors import DomainError
from portal.core.fields import Field
from portal.core.forms import PortalForm, form_class
from portal.core.kinds import Kind
from portal.members.catalogue import Section
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .models import NAME_MOST
from .workflow import CHECKS

bp = Blueprint("checks", __name__, url_prefix="/changes/checks")

SEE_OTHER = 303

_FIELDS = form_class(
    "Fields",
    [
        Field("name", "名称", Kind.TEXT, Section.BASIC, max_length=NAME_MOST, hint="例如：2026 年秋季学期信息核对"),
        Field("due", "完成日期", Kind.DATE, Section.BASIC),
    ],
    required=("name", "due"),
)


class _UnitsForm(PortalForm):
    """Which branches."""

    units = SelectMultipleField(
        "分工会",
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description="不勾选就是全部分工会",
    )


CheckForm: type[PortalForm] = type("CheckForm", (_UnitsForm, _FIELDS), {})


@bp.get("")
@needs(Permission.CHANGE_AGREE)
def index() -> ResponseReturnValue:
    """List the union's checks, or the parts of one's branch."""
    waiting = "waiting" in request.args
    decides = current_user.holds(Permission.CHANGE_DECIDE)
    return render_template(
        "changes/checks.html",
        decides=decides,
        checks=service.checks(current_user) if decides else [],
        parts=[] if decides else service.parts(current_user, waiting=waiting),
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.CHANGE_DECIDE)
def new() -> ResponseReturnValue:
    """Open a check."""
    form: Any = CheckForm()
    form.units.choices = [(unit.id, unit.name) for unit in service.branches(current_user)]
    if form.validate_on_submit():
        typed = form.values()
        try:
            opened = service.open_checks(
                current_user, name=str(typed["name"] or ""), due=typed["due"], unit_ids=form.units.data or ()
            )
        except DomainError as error:
            form.refuse(error)
        else:
            flash("已发起核对，分工会和会员会收到站内信", "success")
            if len(opened) > 1:
                return redirect(url_for(".index"), SEE_OTHER)
            return redirect(url_for(".detail", id=opened[0].id), SEE_OTHER)
    return render_template("changes/check_new.html", form=form), form.status


@bp.get("/<int:id>")
@needs(Permission.CHANGE_DECIDE)
def detail(id: int) -> ResponseReturnValue:
    """Show how far each branch is."""
    check = CHECKS.fetch(current_user, id)
    return render_template(
        "changes/check.html",
        item=check,
        rows=service.progress(check),
        steps=CHECKS.open_steps(check, current_user),
    )


@bp.post("/<int:id>/remind")
@needs(Permission.CHANGE_DECIDE)
def remind(id: int) -> ResponseReturnValue:
    """Remind all branches that have not signed."""
    number = service.remind(current_user, CHECKS.fetch(current_user, id))
    flash(f"已催办 {number} 个分工会", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)
