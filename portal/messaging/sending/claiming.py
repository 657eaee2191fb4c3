"""What a worker takes in hand: claimed and committed before the gateway hears of it, each person asked about again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update

from portal.core import crypto, settings
from portal.core.actors import CLOCK
from portal.core.calendar import local, now
from portal.core.db import db
from portal.core.errors import Conflict
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.members.service import LIVE

from . import moving
from .gateways.gateway import Parcel
from .models import GOING, Batch, BatchState, Message
from .models import MessageState as M
from .workflow import BATCHES

# Says of a batch's members, by number, who may not be written to now, and why in a few words.
Check = Callable[[Batch, Sequence[int]], dict[int, str]]

GONE, DIED, OTHER_NUMBER = "已不是会员", "已去世", "手机号码已更改"


@dataclass(frozen=True)
class Claim:
    """A message in hand: `attempt` counts how often it was."""

    id: int
    attempt: int
    parcel: Parcel


_checks: list[Check] = []


def ask_too(check: Check) -> None:
    """Let `check` be asked as well, at the moment of sending."""
    if check not in _checks:
        _checks.append(check)


def ask_no_more(check: Check) -> None:
    """Let `check` not be asked any more."""
    _checks.remove(check)


def claim(worker: str, gateway: str, most: int) -> list[Claim]:
    """Take up to `most` messages whose turn has come in hand for `worker`, and return them.

    The caller commits before it sends. On PostgreSQL rows that another worker is just taking are passed over; on
    SQLite it waits for its commit.
    """
    found: list[Claim] = []
    for batch in _going():
        if not _is_begun(batch):
            continue
        while len(found) < most:
            rows = list(
                db.session.execute(
                    select(
                        Message.id, Message.uuid, Message.member_id, Message.attempts, Message.number_index,
                        Message.number_sealed, Message.text_sealed, Message.variables_sealed,
                    )
                    .where(Message.batch_id == batch.id, moving.due())
                    .order_by(Message.id)
                    .limit(most - len(found))
                    .with_for_update(skip_locked=True)
                )
            )  # fmt: skip
            if not rows:
                break
            barred = _barred(batch, {row.member_id: row.number_index for row in rows if row.member_id is not None})
            for why in set(barred.values()):
                moving.kept_back([row.id for row in rows if barred.get(row.member_id) == why], why)
            taken = [row for row in rows if row.member_id not in barred]
            if not taken:
                continue
            db.session.execute(
                update(Message)
                .where(Message.id.in_([row.id for row in taken]), Message.state == M.QUEUED)
                .values(
                    state=M.SENDING, claimed_by=worker, claimed_at=now(), attempts=Message.attempts + 1,
                    gateway=gateway, gateway_id=None, error="",
                )
                .execution_options(synchronize_session=False)
            )  # fmt: skip
            found += [_claimed(row, batch) for row in taken]
        if len(found) >= most:
            break
    return found


def _is_begun(batch: Batch) -> bool:
    """Mark the batch as begun before any of its rows is locked; whether it goes still: somebody may be stopping it."""
    if batch.state is BatchState.QUEUED:
        try:
            BATCHES.fire(batch, "begin", CLOCK, own=True)
        except Conflict:
            db.session.refresh(batch)
    return batch.state in GOING


def _going() -> list[Batch]:
    """Return the batches of which something may be sent now, the urgent ones first."""
    begun = Batch.scheduled_at.is_(None) | (Batch.scheduled_at <= now())
    query = select(Batch).where(Batch.state.in_(GOING), begun)
    if is_quiet(now()):
        query = query.where(~Batch.respects_quiet)
    waits = exists().where(Message.batch_id == Batch.id, moving.due())
    return list(db.session.scalars(query.where(waits).order_by(Batch.priority.desc(), Batch.id)))


def is_quiet(moment: datetime) -> bool:
    """Whether `moment` lies in the quiet hours of the settings, on a Shanghai clock."""
    begins, ends = int(settings.value("messaging_quiet_from")), int(settings.value("messaging_quiet_until"))
    hour = local(moment).hour
    if begins <= ends:
        return begins <= hour < ends
    return hour >= begins or hour < ends


def _claimed(row: object, batch: Batch) -> Claim:
    uuid, attempt = row.uuid, row.attempts + 1  # type: ignore[attr-defined]  # a row of the query above

    def opened(name: str) -> str:
        return crypto.open_sealed(
            getattr(row, f"{name}_sealed"), bound_to=f"{Message.SEAL_FAMILY}|{name}|{uuid}"
        ).decode()

    variables = json.loads(opened("variables")) if row.variables_sealed is not None else {}  # type: ignore[attr-defined]  # the same
    parcel = Parcel(
        moving.key_of(uuid, attempt), opened("number"), opened("text"), batch.signature, batch.template_code, variables
    )
    return Claim(row.id, attempt, parcel)  # type: ignore[attr-defined]  # the same


def _barred(batch: Batch, numbers: dict[int, str]) -> dict[int, str]:
    """Return who of the members may not be written to now, and why; `numbers` are the indexes of those queued for."""
    if not numbers:
        return {}
    barred: dict[int, str] = {}
    for check in _checks:
        barred |= check(batch, list(numbers))
    now_so = select(Member.id, Member.membership_status, Member.mobile_index).where(Member.id.in_(numbers))
    for member_id, status, index in db.session.execute(now_so):
        if status == MembershipStatus.DECEASED:
            barred[member_id] = DIED
        elif status not in LIVE:
            barred[member_id] = GONE
        elif index != numbers[member_id]:
            barred.setdefault(member_id, OTHER_NUMBER)
    return barred


def finished() -> list[int]:
    """Return the numbers of the batches that go on though nothing of them waits or is in hand."""
    open_still = exists().where(Message.batch_id == Batch.id, Message.state.in_((M.QUEUED, M.SENDING)))
    any_at_all = exists().where(Message.batch_id == Batch.id)
    return list(db.session.scalars(select(Batch.id).where(Batch.state.in_(GOING), any_at_all, ~open_still)))


def finish(batch_id: int) -> None:
    """End a batch, if nobody has by now."""
    with suppress(Conflict):
        BATCHES.fire(db.session.get_one(Batch, batch_id), "finish", CLOCK, own=True)
