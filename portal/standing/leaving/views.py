"""The pages of candidates: the list, and one of them with the warning and the proposal."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import values

from ..dues.owing import LEAVES_AFTER
from ..dues.showing import month_words
from . import service
from .forms import ProposeForm, WarnForm

bp = Blueprint("leaving", __name__, url_prefix="/standing/leaving")

REFUSED, GONE_ON = 422, 409
SEE_OTHER = 303


@bp.get("")
@needs(Permission.STANDING_READ)
def index() -> ResponseReturnValue:
    """List who has paid no dues for six months."""
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.candidates(current_user._get_current_object(), page=number)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE)
    return render_template("standing/leaving/index.html", rows=rows, page=page, months=LEAVES_AFTER)


@bp.get("/<int:id>")
@needs(Permission.STANDING_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one of them."""
    return _detail(id, WarnForm(formdata=None, data={"on": today().isoformat()}), ProposeForm(formdata=None))


def _detail(id: int, warn_form: WarnForm, propose_form: ProposeForm) -> ResponseReturnValue:
    one = service.find(current_user._get_current_object(), id)
    body = render_template(
        "standing/leaving/detail.html",
        one=one,
        warnings=service.warnings_of(one.member),
        warn_form=warn_form,
        propose_form=propose_form,
        is_candidate=one.account.owed >= LEAVES_AFTER,
        month_words=month_words,
    )
    return body, max(warn_form.status, propose_form.status)


@bp.post("/<int:id>/warn")
@needs(Permission.STANDING_ASK)
def warn(id: int) -> ResponseReturnValue:
    """Note down a talk or a letter."""
    form, user = WarnForm(), current_user._get_current_object()
    try:
        on = _day(form)
        service.warn(user, id, kind=form.text("kind"), on=on, note=form.text("note"))
    except DomainError as error:
        form.refuse_or_raise(error)
        return _detail(id, form, ProposeForm(formdata=None))
    flash("已登记", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


def _day(form: WarnForm) -> values.date:
    try:
        return values.day(form.text("on"))
    except DomainError as error:
        raise DomainError(error.message, field="on") from error


@bp.post("/<int:id>/propose")
@needs(Permission.STANDING_ASK)
def propose(id: int) -> ResponseReturnValue:
    """Propose that the membership lapses; the chair decides."""
    form, user = ProposeForm(), current_user._get_current_object()
    try:
        service.propose(user, id, situation=form.text("situation"))
    except DomainError as error:
        if error.status not in (REFUSED, GONE_ON):
            raise
        form.refuse(error)
        return _detail(id, WarnForm(formdata=None), form)
    flash("已提出自动退会，等待校工会主席决定", "success")
    return redirect(url_for(".index"), SEE_OTHER)
