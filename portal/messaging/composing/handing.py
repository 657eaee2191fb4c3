"""Handing over: the group is asked again, the snapshot is kept, and each text goes into the outbox once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from portal.core import crypto, notices
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import DomainError
from portal.messaging.sending import outbox
from portal.messaging.sending.outbox import Recipient

from .looking import TAIL, Line, Look, link_of, look, needs_second, over_cap
from .models import Outcome, Sms, SmsPerson


def snapshot(plan: Sms, found: Look) -> None:
    """Keep whom a message is for, as it was confirmed."""
    _forget(plan)
    db.session.add_all(
        SmsPerson(plan_id=plan.id, member_id=line.member.id, outcome=line.outcome) for line in found.lines
    )


def _forget(plan: Sms) -> None:
    for row in db.session.scalars(select(SmsPerson).where(SmsPerson.plan_id == plan.id)):
        db.session.delete(row)
    db.session.flush()  # the same people come again


def hand_over(plan: Sms) -> int:
    """Queue the message for whoever is in its groups now, with the sight of who sends it; return for how many.

    Raises DomainError where it can go to nobody any more, or goes to more people by now than whoever sent it may reach.
    """
    found = look(plan.owner, plan)
    due = [line for line in found.due if not line.empty]
    inside = [line for line in found.inside if not line.empty]
    if not due and not inside:
        raise DomainError("；".join(found.problems) or "分组里已经没有可以收到短信的人")
    _refuse_more(plan, len(due))
    rows = _rows(plan, found.lines)
    if due:
        batch = outbox.open_batch(plan.owner, unit=plan.unit, title=plan.title, template_code=plan.template_no)
        plan.batch = batch
        outbox.queue(plan.owner, batch, [_recipient(plan, line, rows[line.member.id]) for line in due])
    for line in inside:  # each reads her own text
        if line.member.user_id:
            notices.tell([line.member.user_id], plan.title, line.text)
    plan.sent_at = now()
    return len(due)


def _refuse_more(plan: Sms, number: int) -> None:
    """Raise DomainError where the groups have grown, since it was sent, beyond what one person or one day may do."""
    if told := over_cap(plan, number):
        raise DomainError(told)
    if needs_second(plan, number) and not needs_second(plan, plan.expected):
        raise DomainError(f"分组现在有 {number} 人，这么多人须第二人确认，没有发送；请修改后再发")


def _rows(plan: Sms, lines: Iterable[Line]) -> dict[int, SmsPerson]:
    """Bring the snapshot up to now: who has left stays on it as such, who has come is marked as late."""
    known = {row.member_id: row for row in db.session.scalars(select(SmsPerson).where(SmsPerson.plan_id == plan.id))}
    had_snapshot = bool(known)
    found: dict[int, SmsPerson] = {}
    for line in lines:
        row = known.pop(line.member.id, None)
        if row is None:
            row = SmsPerson(plan_id=plan.id, member_id=line.member.id, is_late=had_snapshot)
            db.session.add(row)
        row.outcome = Outcome.EMPTY if line.empty else line.outcome
        row.token = crypto.random_token() if plan.asks_receipt and row.outcome is Outcome.DUE else None
        found[line.member.id] = row
    for row in known.values():
        row.outcome = Outcome.LEFT
    return found


def _recipient(plan: Sms, line: Line, row: SmsPerson) -> Recipient:
    text = line.text + (TAIL.format(link=link_of(plan, row.token)) if row.token else "")
    member = line.member
    return Recipient(member.name, str(member.mobile), text, member.unit_id, member.id, variables=line.values)
