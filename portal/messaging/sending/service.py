"""What the pages show of the outbox: batches within the actor's scope, and their messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from portal.core import kinds
from portal.core.db import db
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.core.todo import Todo
from portal.members import hanging
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from . import moving
from .models import Batch, BatchState, Message, MessageState
from .workflow import BATCHES, MESSAGES

PER_PAGE = 50
_UNSURE = select(Message.batch_id).where(Message.state == MessageState.UNSURE)
_MOBILE = Setting("mobile", "手机号码", Kind.PHONE, "", "短信").field


@dataclass(frozen=True)
class Counts:
    """How far the messages of a batch are: how many by state, and how many parts are charged for what goes out.

    `billed` is how many parts the gateway says it charges for what it has spoken of, `expected` what we count of the
    same.
    """

    by_state: dict[MessageState, int]
    segments: int
    billed: int = 0
    expected: int = 0

    @property
    def total(self) -> int:
        """How many messages there are."""
        return sum(self.by_state.values())

    def of(self, *states: str) -> int:
        """Return how many are in one of `states`."""
        return sum(number for state, number in self.by_state.items() if state.value in states)


def batches(
    actor: User, *, state: str = "", unsure: bool = False, page: int = 1
) -> tuple[list[tuple[Batch, Counts]], int]:
    """Return a page of what the actor's units have sent, the newest first, and how many there are.

    `state` is a value of BatchState or ""; `unsure` leaves those with messages of which nobody knows what became.
    """
    query = access.scoped(Batch, actor, P.MESSAGE_SEND)
    if state in list(BatchState):
        query = query.where(Batch.state == state)
    if unsure:
        query = query.where(Batch.id.in_(_UNSURE))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    found = list(db.session.scalars(query.order_by(Batch.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)))
    counted = _counted([batch.id for batch in found])
    return [(batch, counted[batch.id]) for batch in found], total


def find(actor: User, batch_id: int) -> Batch:
    """Return a batch in the actor's scope. Raises Absent."""
    item: Batch = BATCHES.fetch(actor, batch_id)
    return item


def find_message(actor: User, message_id: int) -> Message:
    """Return a message of a batch in the actor's scope. Raises Absent."""
    item: Message = MESSAGES.fetch(actor, message_id)
    return item


def counts(batch: Batch) -> Counts:
    """Return how far the messages of a batch are."""
    return _counted([batch.id])[batch.id]


def _counted(batch_ids: list[int]) -> dict[int, Counts]:
    found: dict[int, Counts] = {batch_id: Counts({}, 0) for batch_id in batch_ids}
    query = (
        select(
            Message.batch_id,
            Message.state,
            func.count(),
            func.sum(Message.segments),
            func.coalesce(func.sum(Message.billed), 0),
            func.coalesce(func.sum(case((Message.billed.is_not(None), Message.segments), else_=0)), 0),
        )
        .where(Message.batch_id.in_(batch_ids))
        .group_by(Message.batch_id, Message.state)
    )
    free = (MessageState.STOPPED, MessageState.WRONG_NUMBER)
    for batch_id, state, number, parts, billed, expected in db.session.execute(query):
        before = found[batch_id]
        charged = 0 if state in free else int(parts)
        found[batch_id] = Counts(
            before.by_state | {state: int(number)}, before.segments + charged,
            before.billed + int(billed), before.expected + int(expected),
        )  # fmt: skip
    return found


def messages(batch: Batch, *, state: str = "", page: int = 1) -> tuple[list[Message], int]:
    """Return a page of a batch's messages in their order, and how many there are in that `state` ("": any)."""
    query = select(Message).where(Message.batch_id == batch.id)
    if state in list(MessageState):
        query = query.where(Message.state == state)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return list(db.session.scalars(query.order_by(Message.id).offset((page - 1) * PER_PAGE).limit(PER_PAGE))), total


def fenced(batch: Batch) -> int:
    """Return how many of a batch wait for a person because they stood in a backup that was restored."""
    return db.session.scalar(select(func.count()).select_from(Message).where(moving.older(batch.id))) or 0


def phone(message: Message) -> str:
    """Return the number as anyone may see it who sees the message."""
    return kinds.mask(_MOBILE, message.number) if message.number else "（无号码）"


def oldest_waiting() -> datetime | None:
    """Return when the oldest message was queued whose turn has come, whatever holds it up."""
    return db.session.scalar(select(func.min(Message.queued_at)).where(moving.due()))


def waiting_in(actor: User) -> datetime | None:
    """Return since when the oldest message of the actor's units waits whose turn has come; None where none does."""
    ours = access.scoped(Batch, actor, P.MESSAGE_SEND, Batch.id)
    return db.session.scalar(select(func.min(Message.queued_at)).where(moving.due(), Message.batch_id.in_(ours)))


def todo(actor: User) -> list[Todo]:
    """Return how many batches of the actor's units have messages of which nobody knows whether they arrived."""
    if not actor.holds(P.MESSAGE_SEND):
        return []
    query = access.scoped(Batch, actor, P.MESSAGE_SEND).where(Batch.id.in_(_UNSURE))
    count = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return [Todo("有短信待核实", count, "outbox.index", {"unsure": "1"})] if count else []


hanging.stays("短信和回执", Message)
