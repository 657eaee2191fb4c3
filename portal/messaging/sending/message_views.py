"""One message of the outbox, with what a person may settle about it."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .workflow import MESSAGES

bp = Blueprint("outbox_messages", __name__, url_prefix="/messaging/outbox/messages")


@bp.get("/<int:id>")
@needs(Permission.MESSAGE_SEND)
def detail(id: int) -> ResponseReturnValue:
    """Show what was said to whom, and what became of it."""
    item = service.find_message(current_user, id)
    return render_template(
        "messaging/outbox/message.html",
        item=item,
        phone=service.phone(item),
        steps=MESSAGES.open_steps(item, current_user),
        events=audit.events_of(item),
    )
