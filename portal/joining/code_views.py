"""The pages of the join codes: which unit has one, and its picture."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import qr
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import codes

bp = Blueprint("codes", __name__, url_prefix="/joining/codes")


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
