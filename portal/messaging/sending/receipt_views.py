"""Where gateways report: one secret address for each, and the same answer whatever they say."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from portal.core.errors import Absent, TooOften
from portal.core.web import may_go_on
from portal.org.guards import public

from . import receiving
from .gateways import choosing
from .gateways.gateway import Unreadable

bp = Blueprint("receipts", __name__, url_prefix="/messaging/receipts")

FIRST, THEN = "20000 per 10 minutes", "100 per second"


@bp.post("/<gateway>/<token>")
@public
def receive(gateway: str, token: str) -> ResponseReturnValue:
    """Take a report of the gateway in use; what cannot be read, or is about nothing of ours, is thanked for alike."""
    here = choosing.current().gateway
    if not receiving.is_address(gateway, token) or gateway != here.name:
        raise Absent
    if not may_go_on("receipts", FIRST, THEN):
        raise TooOften("回执过于频繁，请稍候重试")
    with suppress(Unreadable):
        receiving.receive(gateway, here.receipts(request.get_data()))
    return Response(here.thanks, mimetype="application/json")
