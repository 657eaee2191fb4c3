"""The member's e-card, and what anyone sees who scans it."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import qr
from portal.core.calendar import now
from portal.core.errors import Absent
from portal.core.web import limiter
from portal.members.models import Member
from portal.org.guards import needs, public
from portal.org.permissions import Permission

from . import service
from .service import Standing

bp = Blueprint("cards", __name__)

SCANS = "240 per minute"  # at the door of a large event one telephone scans everybody


@bp.get("/card")
@needs(Permission.SIGNED_IN)
def card() -> ResponseReturnValue:
    """Show one's own card; who is no member is told so."""
    member = service.own(current_user)
    if member is None:
        return render_template("cards/no_card.html")
    return render_template("cards/card.html", member=member, standing=service.standing(member), Standing=Standing)


@bp.get("/card/code.svg")
@needs(Permission.SIGNED_IN)
def code() -> ResponseReturnValue:
    """Draw this moment's code. A membership that has ended has none."""
    member = service.own(current_user)
    if member is None or service.standing(member) is Standing.INVALID:
        raise Absent
    return Response(qr.svg(_address(member)), mimetype="image/svg+xml")


def _address(member: Member) -> str:
    """Return what the code says: the address that tells whether the card is good, as it is reached from outside."""
    return str(current_app.config["BASE_URL"]) + url_for(".verify", token=service.token(member))


@bp.get("/verify/<path:token>")
@limiter.limit(SCANS)
@public
def verify(token: str) -> ResponseReturnValue:
    """Say whether the card that shows this code is good now, and nothing more about its holder."""
    return render_template("cards/verify.html", standing=service.read(token), Standing=Standing, at=now())
