"""Issuing: the number is taken last, and what the letter says is kept as it was decided."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.core import audit, kinds
from portal.core.actors import Actor
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.members import history, numbers
from portal.members.catalogue import FIELD
from portal.org import access
from portal.standing.models import ChangeKind, StandingChange

from .models import Letter, LetterState

audit.name_acts({"letters.issue": "开具介绍信"})

_OF_MEMBER = ("name", "sex", "ethnicity", "id_number", "member_no")


def standing_for(change: StandingChange) -> Letter | None:
    """Return the letter of the change that is not void."""
    query = select(Letter).where(Letter.change_id == change.id, Letter.state != LetterState.VOID)
    return db.session.scalars(query).one_or_none()


def issue(change: StandingChange, actor: Actor) -> Letter | None:
    """Issue the letter that goes with a leaving, unless one stands already; nothing for any other kind.

    The counter of the union and year stays locked until the transaction ends, and a rollback gives the number back.
    """
    if change.kind is not ChangeKind.LEAVE or standing_for(change) is not None:
        return None
    union, year = access.approving_unit(change.unit), today().year
    letter = Letter(
        change=change, unit=change.unit, union=union, year=year, serial=numbers.next_in(f"letter:{union.code}:{year}"),
        issued_on=today(), issued_by=actor.id, data=_said(change, actor),
    )  # fmt: skip
    db.session.add(letter)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "letters.issue", letter)
    return letter


def _said(change: StandingChange, actor: Actor) -> dict[str, Any]:
    member = change.member
    texts = {name: kinds.show(FIELD[name], history.value_of(member, name)) for name in _OF_MEMBER}
    birth, joined = member.birth_date, member.join_date
    return texts | {
        "born": f"{birth.year}年{birth.month}月" if birth else "",
        "joined": f"{joined.year}年{joined.month}月" if joined else "",
        "branch": member.unit.name,
        "union": access.approving_unit(change.unit).name,
        "phone": access.approving_unit(change.unit).contact_phone,
        "employer": change.data.get("employer", ""),
        "to_union": change.data.get("union", ""),
        "paid_until": change.data.get("paid_until", ""),
        "reason": "工作调动",
        "effective_on": show_date(change.effective_on),
        "operator": change.asker.label if change.asker else "",
        "approver": actor.label,
    }
