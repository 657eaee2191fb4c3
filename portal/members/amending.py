"""A record that others have agreed to change, from its day on, and one that its member has found right as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.errors import Absent
from portal.org.models import User

from . import history, service, turning
from .checks import check_change
from .models import Member


def amend(
    member: Member, values: Mapping[str, Any], actor: Actor, *, since: date, reason: str, batch_id: str
) -> list[str]:
    """Set `values` (parsed, by catalogue name) from the day `since` (today or before), and return warnings.

    The caller has locked the member and judged the request. What follows from a new document (sex, birth date) or a
    new title (its level) is set too. Raises Problems for values that break a rule by now, DomainError where somebody
    else holds the document, or nothing is on record as of that day.
    """
    written, warnings = check_change(service.current_of(member), values, today=today())
    service.refuse_taken(member, written)
    turning.write_from(member, written, actor, since=since, reason=reason, batch_id=batch_id)
    return warnings


def confirm(actor: User) -> None:
    """Let the actor say that her own record is right as it is: the day is kept in her history. Raises Absent."""
    member = service.own(actor, to_write=True)
    if member is None:
        raise Absent
    history.write(member, {"confirmed_at": now()}, actor, reason="本人核对无误")
