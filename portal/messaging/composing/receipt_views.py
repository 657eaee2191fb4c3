"""The page behind the address in a message: one tap says that it has arrived. Nothing on it tells who is meant."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.core.errors import TooOften
from portal.core.web import is_within
from portal.org.guards import public

from . import service

bp = Blueprint("message_receipts", __name__, url_prefix="/r")

SEE_OTHER = 303
TRIES = "120 per 10 minutes"  # of one network, where many phones may share an address


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Show the button, or that it was pressed."""
    _pace()
    row = service.by_token(token)
    return render_template("messaging/composing/receipt.html", row=row, unit=row.plan.unit.name)


@bp.post("/<token>")
@public
def confirm(token: str) -> ResponseReturnValue:
    """Keep that the message has arrived."""
    _pace()
    service.acknowledge(service.by_token(token))
    return redirect(url_for(".show", token=token), SEE_OTHER)


def _pace() -> None:
    if not is_within(TRIES, "message receipt"):
        raise TooOften("打开得过于频繁，请稍候再试")
