"""The pages of the join codes: which unit has one, and its picture."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import qr
from portal.core.calendar import today
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import codes
from .models import JoinCode

bp = Blueprint("codes", __name__, url_prefix="/joining/codes")

# the session's names for what this browser has been counted for
OPENED = "opened"  # the day, then the codes
BEGUN = "begun"  # the beginnings of the latest forms' keys


@bp.get("")
@needs(Permission.JOINING_CODES)
def index() -> ResponseReturnValue:
    """List the units with their codes."""
    return render_template("joining/codes.html", posters=codes.posters(current_user), address=_address)


@bp.post("/issue/<int:id>")
@needs(Permission.JOINING_CODES)
def issue(id: int) -> ResponseReturnValue:
    """Make the code of a unit that has none."""
    unit = codes.find_unit(current_user, id)
    codes.issue_code(current_user, unit)
    flash(f"已生成{unit.name}的入会码", "success")
    return redirect(url_for(".index"))


@bp.get("/<int:id>.svg")
@needs(Permission.JOINING_CODES)
def svg(id: int) -> ResponseReturnValue:
    """Draw a code for the page."""
    return Response(qr.svg(_address(codes.find_code(current_user, id).token)), mimetype="image/svg+xml")


@bp.get("/<int:id>.png")
@needs(Permission.JOINING_CODES)
def png(id: int) -> ResponseReturnValue:
    """Send a code for a poster."""
    code = codes.find_code(current_user, id)
    answer = Response(qr.png(_address(code.token)), mimetype="image/png")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{code.unit.code}.png")
    return answer


def _address(token: str) -> str:
    """Return what a QR code says: the address of the form, as it is reached from outside."""
    return str(current_app.config["BASE_URL"]) + url_for("joining.apply", token=token)


# --- the public form, as it is counted ------------------------------------------------------------------------------


def follow(code: JoinCode, form_key: str) -> None:
    """Count the request for the form behind `code`, apart from its own transaction.

    A browser's session opens a code once a day; the form with the random `form_key` begins when it is first sent,
    also if it is refused.
    """
    if request.method == "GET":
        day, *seen = session.get(OPENED, [""])
        seen = seen if day == today().isoformat() else []
        if code.id not in seen:
            session[OPENED] = [today().isoformat(), *seen[-9:], code.id]
            codes.count_opening(code)
    elif request.method == "POST" and form_key:
        begun = session.get(BEGUN, [])
        if form_key[:8] not in begun:
            session[BEGUN] = [*begun[-4:], form_key[:8]]
            codes.count_beginning(code)
