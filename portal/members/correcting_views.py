"""The pages on which the union corrects a field of a member from a past day, or the day of a line of her record."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError, Forbidden
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import correcting, history, service, sight
from .catalogue import FIELD
from .forms import ChooseForm, RedateForm, correct_form
from .models import Member

bp = Blueprint("corrections", __name__, url_prefix="/members")

SEE_OTHER = 303


@bp.route("/<int:id>/correct", methods=["GET", "POST"])
@needs(Permission.MEMBER_EDIT_UNION)
def correct(id: int) -> ResponseReturnValue:
    """Choose a field and a day, see which days it touches, and correct it."""
    member = service.find(current_user, id, Permission.MEMBER_EDIT_UNION)
    fields = correcting.correctable(current_user, member)
    if not fields:
        raise Forbidden(correcting.OWN if member.user_id == current_user.id else "您不能更正该会员的信息")
    choice = ChooseForm(request.args)
    choice.field.choices = [(field.name, field.label) for field in fields]
    name = choice.field.data or ""
    if name not in {field.name for field in fields} and not correcting.is_for_two(current_user, member, name):
        return _chosen(member, choice)
    since = choice.since.data or today()
    try:
        reach = correcting.reach(current_user, member, name, since)
    except DomainError as error:
        choice.refuse(error)
        return _chosen(member, choice)
    return _corrected(member, name, since, reach)


def _chosen(member: Member, choice: ChooseForm) -> ResponseReturnValue:
    return render_template("members/correct_choose.html", member=member, choice=choice), choice.status


def _corrected(member: Member, name: str, since: date, reach: correcting.Reach) -> ResponseReturnValue:
    is_secret = sight.is_secret(FIELD[name])
    held = correcting.held(current_user, member, name, since)
    filled: dict[str, Any] = {} if is_secret else {name: history.value_of(held, name)}
    form = correct_form(name)(data=filled)
    if form.is_submitted():
        try:
            warnings = correcting.correct(
                current_user, member, name, form.values([FIELD[name]])[name], since=since, reason=form.text("reason"),
                document_no=form.text("document_no"), seen=int(form.text("seen") or 0),
            )  # fmt: skip
        except Forbidden:
            raise
        except DomainError as error:
            form.refuse(error)
        else:
            flash("已更正", "success")
            for warning in warnings:
                flash(warning, "warning")
            return redirect(url_for("members.detail", id=member.id), SEE_OTHER)
    else:
        form["seen"].data = str(service.mark_of(member))
    page = render_template(
        "members/correct.html", member=member, form=form, input=form[name], reach=reach, is_secret=is_secret
    )
    return page, form.status


@bp.route("/<int:id>/lines/<int:line_id>", methods=["GET", "POST"])
@needs(Permission.MEMBER_EDIT_UNION)
def redate(id: int, line_id: int) -> ResponseReturnValue:
    """Correct the day of a line of 会籍变化记录."""
    member = service.find(current_user, id, Permission.MEMBER_EDIT_UNION)
    line = correcting.line_of(current_user, member, line_id)
    form = RedateForm(data={"on": line.on_date, "seen": str(service.mark_of(member))})
    if form.validate_on_submit():
        try:
            correcting.redate(
                current_user, member, line, on=form["on"].data, reason=form.text("reason"),
                document_no=form.text("document_no"), seen=int(form.text("seen") or 0),
            )  # fmt: skip
        except DomainError as error:
            form.refuse(error)
        else:
            flash("已更正", "success")
            return redirect(url_for("members.detail", id=member.id), SEE_OTHER)
    page = render_template(
        "members/redate.html", member=member, line=line, form=form, why_not=correcting.why_not(line),
        span=correcting.span(line),
    )  # fmt: skip
    return page, form.status
