"""《交接清单》: what passes, on A4, for both and a witness to sign."""

from __future__ import annotations

from portal.core import audit, pdf
from portal.core import db as database
from portal.core.calendar import now, show_date, show_time
from portal.members import printing
from portal.org.models import User

from . import service, workflow
from .models import Handover


def print_list(actor: User, item: Handover) -> bytes:
    """Return the list as a PDF, and leave the trace; it is made with no transaction open.

    Raises PdfError, Absent.
    """
    number = item.id
    html = printing.render(
        "handover/list.html",
        unit=item.unit.name,
        leaver=f"{item.from_user.name}（{item.from_user.username}）",
        successor=f"{item.to_user.name}（{item.to_user.username}）",
        day=show_date(item.day),
        reason=item.reason,
        offices=[(grant.role.label, grant.unit.name, show_date(grant.starts)) for grant in service.offices_of(item)],
        matters=service.matters(item),
        printed_at=show_time(now()),
        operator=actor.label,
    )
    database.release()
    made = pdf.render(html).pdf
    database.writes()
    audit.record(actor, "handover.print", workflow.fetch(actor, number))
    return made
