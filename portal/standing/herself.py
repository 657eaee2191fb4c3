"""What a member asks for about her own membership (4c): to leave, to have it restored, to give it up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import IO, Any

from sqlalchemy import select

from portal.core import audit
from portal.core import db as database
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.members import service as members
from portal.members.models import Member
from portal.org.models import User

from . import rules, service
from .models import ChangeKind, StandingChange
from .workflow import STANDING, tell_deciders

WISH = "本人在网上申请"  # where she wrote nothing else


def ways_of(member: Member) -> list[tuple[ChangeKind, str]]:
    """Return what the member may ask for herself in her present status, each with why not ("" where she may)."""
    found = []
    for kind in rules.BY_HERSELF:
        if member.membership_status in rules.RULES[kind].sources:
            try:
                rules.check(member, kind, today())
            except DomainError as error:
                found.append((kind, error.message))
            else:
                found.append((kind, ""))
    return found


def wishes(member: Member) -> list[StandingChange]:
    """Return what the member has asked for herself, newest first."""
    query = select(StandingChange).where(
        StandingChange.member_id == member.id, StandingChange.kind.in_(rules.BY_HERSELF)
    )
    return [item for item in db.session.scalars(query.order_by(StandingChange.id.desc())) if item.is_wish]


def submit(
    actor: User,
    kind: ChangeKind,
    on: date | None,
    facts: Mapping[str, Any],
    *,
    scan: IO[bytes] | None = None,
    scan_name: str = "",
) -> StandingChange:
    """Ask for a change of the actor's own membership, with a `scan` beside it; `on` None is today.

    Who would give it up is talked to by her branch first; the union is told of all else at once. Raises Absent for
    who is no member, Conflict where a change is under way, DomainError and Problems as `rules.check` and `check_facts`.
    """
    papers = service.read_scan(scan, scan_name)
    database.writes()
    member = members.own(actor, to_write=True)
    if member is None or kind not in rules.BY_HERSELF:
        raise Absent
    if (other := service.open_of(member)) is not None:
        what = other.kind.label if other.is_wish else "会籍变动"
        raise Conflict(f"您已有一件{what}在办理，请等它办结；要改的请先撤回")
    day = on or today()
    rules.check(member, kind, day)
    kept = rules.check_facts(kind, facts, asked=rules.asked_of_herself(kind))
    item = StandingChange(
        member=member, unit=member.unit, kind=kind, effective_on=day, data={"wish": WISH} | kept, asked_by=actor.id
    )
    db.session.add(item)
    db.session.flush()  # the trace, the papers and the notice name it by number
    for paper in papers:
        service.add_paper(actor, item, paper)
    changes = {"kind": ("", kind.label), "effective_on": ("", show_date(day))}
    audit.record(actor, "standing.ask", item, changes=changes)
    tell_deciders(item, actor)
    return item


def take_back(actor: User) -> None:
    """Take back what the actor has asked for herself. Raises Absent where nothing of hers is open."""
    member = members.own(actor, to_write=True)
    item = service.open_of(member) if member is not None else None
    if item is None or not item.is_wish:
        raise Absent
    STANDING.fire(item, "take_back", actor, own=True)
