"""What the rest of the room asks of the outbox: open a batch, queue its messages, stop and resume it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, insert, select

from portal.core import audit, clock, crypto, settings
from portal.core import db as database
from portal.core.actors import Actor
from portal.core.calendar import now
from portal.core.db import db, new_uuid
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.messaging.segments import segments
from portal.messaging.signatures import signature_of
from portal.org.models import OrgUnit
from portal.org.permissions import Permission

from . import claiming, moving
from .models import GOING, ORDINARY, TITLE_MOST, Batch, Message
from .models import MessageState as M
from .workflow import BATCHES

settings.declare(
    Setting(
        "messaging_quiet_from", "晚上几点起不发短信", Kind.INTEGER, 21, "短信", low=0, high=24,
        hint="到点后还没有发出的等到早上；与下一项相同时不分时段",
    ),
    Setting(
        "messaging_quiet_until", "早上几点起才发短信", Kind.INTEGER, 8, "短信", low=0, high=24,
        hint="夜里留下的短信到这个时候依次发出",
    ),
)  # fmt: skip

DIGITS_LEAST, DIGITS_MOST = 11, 15  # a mobile of the mainland; with the code of a country (E.164)
NO_NUMBER = "没有可用的手机号码"

_MESSAGES = cast(Table, Message.__table__)


@dataclass(frozen=True)
class Recipient:
    """Who gets which text: `name` as pages show it, `number` whole, `unit_id` her branch today, `text` as she reads it.

    `variables` fill the template that the gateway has filed (`Batch.template_code`), by name and in their order; None
    where there is none. `member_id` is None for somebody who is no member; of a member it is asked again at the moment
    of sending whether she may be written to.
    """

    name: str
    number: str
    text: str
    unit_id: int
    member_id: int | None = None
    variables: Mapping[str, str] | None = None


def open_batch(
    actor: Actor,
    *,
    unit: OrgUnit,
    title: str,
    template_code: str = "",
    scheduled_at: datetime | None = None,
    priority: int = ORDINARY,
    respects_quiet: bool = True,
) -> Batch:
    """Add an empty batch at `unit`, for `queue`; the clock may open one that nobody asked for.

    `template_code` is the gateway's number of the template, `priority` ORDINARY or URGENT.

    Raises Forbidden without the right to send at the unit, DomainError for a title that is empty or too long.
    """
    _may_send(actor, unit)
    title = title.strip()
    if not title or len(title) > TITLE_MOST:
        raise DomainError(f"请填写标题，不超过 {TITLE_MOST} 个字", field="title")
    batch = Batch(
        unit=unit, owner_id=actor.id, title=title, template_code=template_code, scheduled_at=scheduled_at,
        priority=priority, respects_quiet=respects_quiet, signature=signature_of(unit),
    )  # fmt: skip
    db.session.add(batch)
    db.session.flush()  # its messages name it by number
    return batch


def queue(actor: Actor, batch: Batch, people: Sequence[Recipient]) -> int:
    """Queue a message for each of `people` within the caller's transaction, and return for how many numbers.

    A number that the batch has already is left out: nobody gets a batch twice. One that can be no number is kept as
    号码错误, so that it is seen. Raises Forbidden without the right, Conflict for a batch that has ended.
    """
    _may_send(actor, batch.unit)
    if batch.state not in GOING:
        raise Conflict("这批短信已停止或已发完，不能再加入收信人")
    seen = set(db.session.scalars(select(Message.number_index).where(Message.batch_id == batch.id)))
    life, at = moving.epoch(), now()
    rows, waiting, charged = [], 0, 0
    for one in people:
        index = (
            crypto.index("mobile", one.number) if one.number else crypto.index("mobile", f"|{one.member_id}|{one.name}")
        )
        if index in seen:
            continue
        seen.add(index)
        uuid, parts, good = new_uuid(), segments(one.text, batch.signature), _is_number(one.number)
        waiting += good
        charged += parts if good else 0
        rows.append({
            "uuid": uuid, "batch_id": batch.id, "member_id": one.member_id, "unit_id": one.unit_id,
            "name": one.name, "number_index": index, "segments": parts, "epoch": life, "queued_at": at,
            "number_sealed": _sealed("number", uuid, one.number), "text_sealed": _sealed("text", uuid, one.text),
            "variables_sealed": None if one.variables is None
            else _sealed("variables", uuid, json.dumps(dict(one.variables), ensure_ascii=False)),
            "state": M.QUEUED if good else M.WRONG_NUMBER, "error": "" if good else NO_NUMBER,
            "settled_at": None if good else at,
        })  # fmt: skip
    if rows:
        db.session.execute(insert(_MESSAGES), rows)
    database.later(clock.wake)
    audit.record(
        actor, "messages.queue", batch, batch_id=batch.uuid,
        details={"messages": waiting, "segments": charged, "without": len(rows) - waiting},
    )  # fmt: skip
    return waiting


def stop(actor: Actor, batch: Batch, *, comment: str = "") -> None:
    """Let nothing more of the batch go out. Raises Forbidden, or Conflict where it has ended."""
    BATCHES.fire(batch, "stop", actor, comment=comment)


def resume(actor: Actor, batch: Batch, *, comment: str = "") -> None:
    """Go on with a batch that was stopped. Raises Forbidden, or Conflict where it was not."""
    BATCHES.fire(batch, "resume", actor, comment=comment)


def release(actor: Actor, batch: Batch, *, reason: str) -> int:
    """Let go out what waits from before a restore, on the word of a person, and return how many.

    Raises Forbidden without the right, DomainError without a reason, or where nothing waits so.
    """
    _may_send(actor, batch.unit)
    if not reason.strip():
        raise DomainError("请填写恢复发送的理由：这些短信在恢复备份之前可能已经发过", field="reason")
    number = moving.release(batch)
    if not number:
        raise Conflict("这批短信没有等待恢复发送的")
    audit.record(actor, "messages.release", batch, reason=reason.strip(), details={"messages": number})
    database.later(clock.wake)
    return number


def waiting_since() -> datetime | None:
    """Return since when the oldest message waits whose turn has come; None where none does."""
    going = select(Batch.id).where(Batch.state.in_(GOING), Batch.scheduled_at.is_(None))
    oldest = select(func.min(Message.queued_at)).where(moving.due(), Message.batch_id.in_(going))
    return None if claiming.is_quiet(now()) else db.session.scalar(oldest)


def _sealed(name: str, uuid: str, value: str) -> bytes:
    return crypto.seal(value.encode(), bound_to=f"{Message.SEAL_FAMILY}|{name}|{uuid}")


def _is_number(number: str) -> bool:
    return number.isascii() and number.isdigit() and DIGITS_LEAST <= len(number) <= DIGITS_MOST


def _may_send(actor: Actor, unit: OrgUnit) -> None:
    """The clock sends what the union has told it to; of all others it is asked."""
    if actor.id is not None and not actor.may(Permission.MESSAGE_SEND, unit):
        raise Forbidden("您没有以该单位名义发送短信的权限")
