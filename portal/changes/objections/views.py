"""The pages of objections: the list, filing one, one of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import TextAreaField

from portal.core import audit
from portal.core.errors import DomainError
from portal.core.forms import PortalForm
from portal.core.web import numbered_page
from portal.members import history, sight
from portal.members.catalogue import FIELD
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .models import Objection
from .workflow import OBJECTIONS

bp = Blueprint("objections", __name__, url_prefix="/changes/objections")

SEE_OTHER = 303


class ObjectionForm(PortalForm):
    """Why one does not agree."""

    words = TextAreaField(
        "异议",
        description="哪里不对，应当是什么；可以写上证明在哪里",
        render_kw={"rows": "3", "maxlength": str(service.TEXT_MOST)},
    )


@bp.get("")
@needs(Permission.CHANGE_AGREE)
def index() -> ResponseReturnValue:
    """List what waits for the actor; with `all` in the address every one in scope."""
    number, is_all = max(1, request.args.get("page", 1, type=int)), "all" in request.args
    rows, total = service.objections(current_user, waiting=not is_all, page=number)
    here = {"all": 1} if is_all else {}
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, **here)
    return render_template("changes/objections.html", rows=rows, page=page, is_all=is_all)


@bp.route("/new/<int:version_id>", methods=["GET", "POST"])
@needs(Permission.SIGNED_IN)
def new(version_id: int) -> ResponseReturnValue:
    """Object to one edit of one's own record."""
    form: Any = ObjectionForm()
    if form.validate_on_submit():
        try:
            item = service.file(current_user, version_id, text=form.text("words"))
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("异议已提交", "success")
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    edit = service.find_edit(current_user, version_id)
    return render_template("changes/object.html", edit=edit, form=form), form.status


@bp.get("/<int:id>")
@needs(Permission.SIGNED_IN)
def detail(id: int) -> ResponseReturnValue:
    """Show one objection, to herself and to who may answer."""
    item = service.find(current_user, id)
    is_own = item.member.user_id == current_user.id
    return render_template(
        "changes/objection.html",
        item=item,
        lines=_lines(item),
        is_own=is_own,
        steps=[] if is_own else OBJECTIONS.open_steps(item, current_user),
        events=audit.events_of(item),
    )


def _lines(item: Objection) -> list[tuple[str, str, str, str]]:
    """Return (label, before, what was made of it, now) of every field, as much as the actor may read."""
    found = []
    for name in item.names:
        seen = sight.can_see(current_user._get_current_object(), FIELD[name], item.member)
        rows = (item.before, item.version, item.member)
        before, made, now = (sight.shown(FIELD[name], history.value_of(row, name), seen) for row in rows)
        found.append((FIELD[name].label, before, made, now))
    return found


@bp.post("/<int:id>/withdraw")
@needs(Permission.SIGNED_IN)
def withdraw(id: int) -> ResponseReturnValue:
    """Take one's own objection back."""
    service.withdraw(current_user, id)
    flash("已撤回", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)
