"""What happens to a membership: the line of 会籍变化记录, the versions from its day on, and what follows from both.

《工会会员会籍管理办法》: a membership begins, moves, is retained and ends on a day. That day may lie before the one on
which it is entered (design: history), but never before what already happened to the membership, and never ahead: what
is to come waits as a row of its request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from portal.core import audit
from portal.core.actors import Actor
from portal.core.calendar import show_date, today
from portal.core.db import db, new_uuid
from portal.core.errors import DomainError
from portal.org.models import OrgUnit

from . import dating, history
from .enums import ChangeReason, ChangeType
from .models import SHARED, Member, MembershipChange

Listener = Callable[[Actor, Member, MembershipChange], None]

_listeners: list[Listener] = []


def afterwards(listener: Listener) -> None:
    """Let `listener` follow every turn, in the same transaction: a room ends what is open and cannot go on."""
    _listeners.append(listener)


def earliest(member: Member) -> date:
    """Return the first day from which something may still happen to the membership: the last on record, or later."""
    first = min(version.valid_from for version in member.versions)
    return max([first, *(change.on_date for change in member.changes)])


def check_day(member: Member, on: date) -> None:
    """Raise DomainError on `on` for a day to come, or before what already happened to the membership."""
    if on > today():
        raise DomainError("生效日期不能晚于今天，请核对", field="on")
    first = earliest(member)
    if on < first:
        last = max(member.changes, key=lambda change: (change.on_date, change.id), default=None)
        why = f"最近一次会籍变化（{last.kind.label}）在" if last and last.on_date == first else "系统中的记录始于"
        raise DomainError(f"{member.name}{why}{show_date(first)}，生效日期不能早于这一天，请核对", field="on")


def turn(
    member: Member,
    actor: Actor,
    kind: ChangeType,
    *,
    on: date,
    values: Mapping[str, Any],
    reason: str,
    because: ChangeReason | None = None,
    batch_id: str | None = None,
) -> MembershipChange:
    """Let `kind` happen to the membership on the day `on` (today or before), and return its line.

    `values` are what holds from that day (`membership_status`, `branch`, `employment_status` …), by catalogue name;
    `reason` stands with the version, `because` with the line. The caller has locked the member and judged the case.
    Raises DomainError as `check_day`.
    """
    check_day(member, on)
    before = member.unit
    unit: OrgUnit = values.get("branch", before)
    write_from(member, values, actor, since=on, reason=reason, batch_id=batch_id)
    change = MembershipChange(
        member=member,
        kind=kind,
        on_date=on,
        reason=because,
        from_unit_id=None if kind in _COMING else before.id,
        to_unit_id=None if kind in _GOING else unit.id,
        recorded_by=actor.id,
    )
    db.session.add(change)
    db.session.flush()  # the listeners may ask what stands on record
    for listener in _listeners:
        listener(actor, member, change)
    return change


_COMING = frozenset({ChangeType.JOINED, ChangeType.TRANSFERRED_IN, ChangeType.RESTORED})
_GOING = frozenset({
    ChangeType.TRANSFERRED_OUT, ChangeType.EXPELLED, ChangeType.WITHDRAWN, ChangeType.DIED, ChangeType.MERGED,
})  # fmt: skip


def write_from(
    member: Member,
    values: Mapping[str, Any],
    actor: Actor,
    *,
    since: date,
    reason: str,
    batch_id: str | None = None,
) -> bool:
    """Set `values` from the day `since` (today or before) on, and return whether that changed anything.

    As `history.write`; from a day in the past each value goes on until the next version that said something else of
    its field. Raises DomainError on `on` where nothing is on record as of that day.
    """
    if since >= today():
        return history.write(member, values, actor, reason=reason, batch_id=batch_id) is not None
    db.session.flush()  # what follows goes past the session
    held = history.version_on(member, since)
    if held is None:
        raise DomainError(f"系统中没有{member.name}在{show_date(since)}的记录，请改填更晚的日期", field="on")
    changes = history.differences(held, values)
    if not changes:
        return False
    new: dict[str, Any] = {"uuid": member.uuid, "title_level": held.title_level}
    history.put(new, {name: pair[1] for name, pair in changes.items()})
    asked = {name: value for name, value in new.items() if name in SHARED and value is not getattr(held, name)}
    pieces = [
        dating.Piece(member.id, version.id, version.valid_from, version.valid_to, max(since, version.valid_from), part)
        for version, part in dating.carried(dating.held_from([member.id], since, SHARED)[member.id], asked)
    ]
    dating.write(pieces, actor, reason=reason, batch_id=batch_id or new_uuid())
    db.session.expire(member)
    history.derive(member, changes)
    told = {name: history.traced(name, *pair) for name, pair in changes.items()}
    audit.record(
        actor, "member.edit", member, changes=told, reason=reason, batch_id=batch_id,
        details={"since": since.isoformat()},
    )  # fmt: skip
    return True
