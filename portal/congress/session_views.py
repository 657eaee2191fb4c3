"""The pages of a session: its day and window, its steps, who has come."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit, web
from portal.core.errors import DomainError
from portal.core.web import renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import papers, seats, service, workflow
from .forms import SessionForm
from .models import SessionState
from .workflow import SESSIONS

bp = Blueprint("congress_sessions", __name__, url_prefix="/congress")

SEE_OTHER, REFUSED = 303, 422


def _user() -> Any:
    return current_user._get_current_object()


@bp.route("/<int:id>/sessions/new", methods=["GET", "POST"])
@needs(Permission.CONGRESS_MANAGE)
def new(id: int) -> ResponseReturnValue:
    """Plan the next session."""
    congress = service.find(_user(), id, Permission.CONGRESS_MANAGE)
    form = SessionForm(data={"grace_days": congress.rule("proposal_grace_days")})
    if form.is_submitted():
        try:
            item = service.plan(_user(), id, form.values())
        except DomainError as error:
            if error.status != REFUSED:
                raise
            form.refuse(error)
        else:
            flash(f"{item.title}已安排", "success")
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    return render_template("congress/session_edit.html", form=form, congress=congress, item=None), form.status


@bp.get("/sessions/<int:id>")
@needs(Permission.CONGRESS_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show a session with who has come."""
    item = service.find_session(_user(), id)
    may_manage = current_user.may(Permission.CONGRESS_MANAGE, item.unit)
    here = {one.delegate_id: one.present for one in item.attendances}
    return render_template(
        "congress/session.html",
        item=item,
        steps=SESSIONS.open_steps(item, _user()),
        events=audit.events_of(item),
        collecting=item.collecting(),
        quorum=workflow.quorum_words(item),
        has_quorum=workflow.has_quorum(item),
        seats=[one for one in seats.of(item.congress, cut=seats.Cut.ALL) if one.sits_on(item.held_on)],
        here=here,
        takes=item.state in (SessionState.CALLED, SessionState.OPEN) and may_manage,
        may_manage=may_manage,
        is_over=item.state in (SessionState.CLOSED, SessionState.CANCELLED),
    )


@bp.route("/sessions/<int:id>/edit", methods=["GET", "POST"])
@needs(Permission.CONGRESS_MANAGE)
def edit(id: int) -> ResponseReturnValue:
    """Change day, place and window of a session."""
    item = service.find_session(_user(), id, Permission.CONGRESS_MANAGE)
    form = SessionForm(data={name: getattr(item, name) for name in service.ARRANGED})
    if form.is_submitted():
        try:
            service.rearrange(_user(), id, form.values())
        except DomainError as error:
            if error.status != REFUSED:
                raise
            form.refuse(error)
        else:
            flash("已保存", "success")
            return redirect(url_for(".detail", id=id), SEE_OTHER)
    return render_template("congress/session_edit.html", form=form, congress=item.congress, item=item), form.status


@bp.post("/sessions/<int:id>/attend")
@needs(Permission.CONGRESS_MANAGE)
def attend(id: int) -> ResponseReturnValue:
    """Write down who has come; each delegate has an input of her own."""
    said = {name[5:]: word for name, word in request.form.items() if name.startswith("seat-")}
    numbers = {int(name): word for name, word in said.items() if name.isascii() and name.isdigit() and len(name) < 10}
    service.attend(
        _user(),
        id,
        present=[number for number, word in numbers.items() if word == "present"],
        excused=[number for number, word in numbers.items() if word == "excused"],
    )
    flash("签到已保存", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/sessions/<int:id>/sheet")
@renders
@needs(Permission.CONGRESS_MANAGE)
def sheet(id: int) -> ResponseReturnValue:
    """Print the 签到表."""
    return web.download(papers.sign_in_sheet(_user(), id), web.PDF, "签到表.pdf")
