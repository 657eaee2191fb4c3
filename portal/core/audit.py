"""The trace: one event for each change, sign-in, refusal, reveal, export and print, chained by HMAC.

`record` adds an unsealed row to the running transaction; a hook seals all of them just before the commit, under the
locked head row, so a savepoint that rolls back takes its events along and two writers never share a place in the
chain.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Table, bindparam, event, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from .actors import Actor
from .calendar import now
from .crypto import chain_mac
from .db import Base, UtcTime, db, new_uuid

GENESIS = "0" * 64
HEAD = 1  # the only row of audit_heads


@dataclass(frozen=True)
class Origin:
    """Where a request comes from: channel web, cli or clock; address is an IP address or empty."""

    channel: str = "cli"
    address: str = ""


SHELL_ORIGIN = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=SHELL_ORIGIN)


def came_from(channel: str, address: str = "") -> None:
    """Say where the acts of this context come from."""
    _origin.set(Origin(channel, address))
    _speaker.set(None)


# who acts under another name than his own, and that name: 「某某代某某」
_speaker: ContextVar[tuple[int, str] | None] = ContextVar("speaker", default=None)


@contextmanager
def speaking_as(actor: Actor, label: str) -> Iterator[None]:
    """Let the trace call `actor` by `label` within the block."""
    before = _speaker.get()
    speak_as(actor, label)
    try:
        yield
    finally:
        _speaker.set(before)


def speak_as(actor: Actor, label: str) -> None:
    """Let the trace call `actor` by `label` until the end of the request."""
    _speaker.set((actor.id, label) if actor.id is not None and label != actor.label else None)


def _label_of(actor: Actor) -> str:
    speaker = _speaker.get()
    return speaker[1] if speaker is not None and speaker[0] == actor.id else actor.label


CORRECTION = "更正"  # what the reason of a correction begins with, in the trace and with the versions

# Chinese words for the acts, for timelines; each floor and room adds its own with `name_acts`.
_labels: dict[str, str] = {"access.refuse": "越权访问被拒"}


_of_one_profile: dict[str, str] = {}


def name_acts(labels: dict[str, str], *, profile: str = "") -> None:
    """Add the Chinese words for a room's acts: {"member.edit": "修改信息"}; `profile` is the only one that has them."""
    _labels.update(labels)
    _of_one_profile.update(dict.fromkeys(labels, profile) if profile else {})


def acts(profile: str) -> list[tuple[str, str]]:
    """Return every act that `profile` has with its Chinese word, in the order of the words."""
    found = [act for act in _labels.items() if _of_one_profile.get(act[0], profile) == profile]
    return sorted(found, key=lambda act: act[1])


class AuditEvent(Base):
    """One act. `seq` and `mac` are set when the transaction commits; old and new values are masked already."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), default=new_uuid)
    seq: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(index=True)
    actor_label: Mapped[str] = mapped_column(String(100))
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(45))
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(40))
    subject_label: Mapped[str] = mapped_column(String(100))
    unit_id: Mapped[int | None] = mapped_column(index=True)
    batch_id: Mapped[str | None] = mapped_column(String(36), index=True)
    reason: Mapped[str] = mapped_column(String(1000))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    mac: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (Index("ix_audit_events_subject", "subject_type", "subject_id"),)

    @property
    def action_label(self) -> str:
        """The act in Chinese."""
        return _labels.get(self.action, self.action)

    @property
    def is_correction(self) -> bool:
        """Whether it says that what stood on record was wrong: the list of the trace has these in red."""
        return self.reason.startswith(CORRECTION) or "correction" in self.details

    def sealed_text(self, previous: str) -> str:
        """Return what the MAC covers: the event before and every column of this one."""
        values = {name: getattr(self, name) for name in _SEALED}
        values["at"] = self.at.isoformat()
        return previous + json.dumps(values, ensure_ascii=False, sort_keys=True)


class AuditHead(Base):
    """The end of the chain; the row every writer locks last."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    mac: Mapped[str] = mapped_column(String(64))


# made once: every request that changes anything comes by here
_EVENTS, _HEADS = cast(Table, AuditEvent.__table__), cast(Table, AuditHead.__table__)
_WRITTEN = tuple(column.key for column in _EVENTS.columns if column.key != "id")
_SEALED = tuple(name for name in _WRITTEN if name != "mac")
_UNSEALED_ROWS = select(AuditEvent).where(AuditEvent.seq.is_(None)).order_by(AuditEvent.id)
_WRITE = insert(_EVENTS)
_HEAD = select(_HEADS.c.seq, _HEADS.c.mac).where(_HEADS.c.id == HEAD).with_for_update()
_MOVE_HEAD = update(_HEADS).where(_HEADS.c.id == HEAD).values(seq=bindparam("to_seq"), mac=bindparam("to_mac"))

UNSEALED = "unsealed events"  # of a session: a query before the commit has had some written


def record(
    actor: Actor,
    action: str,
    item: Any = None,
    *,
    changes: dict[str, tuple[Any, Any]] | None = None,
    reason: str = "",
    batch_id: str | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add an event to the running transaction and return it.

    `action` is subject.verb; `item` any row with an id (its `trace_label`, `name` or nothing names it, its `unit_id`
    places it); `changes` maps field names to (old, new) as they may be read by anyone who reads the trace, so secrets
    are masked by the caller; `reason` is what the person wrote. An item whose `is_correction` is true is marked as one.
    """
    origin = _origin.get()
    subject_type, subject_id = "", ""
    if item is not None:
        if item.id is None:
            db.session.flush()  # the event names its subject by number
        subject_type, subject_id = item.__tablename__, str(item.id)
    row = AuditEvent(
        uuid=new_uuid(),
        at=now(),
        actor_id=actor.id,
        actor_label=_label_of(actor)[:100],
        channel=origin.channel,
        address=origin.address,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_label=str(getattr(item, "trace_label", None) or getattr(item, "name", None) or "")[:100],
        unit_id=getattr(item, "unit_id", None),
        batch_id=batch_id,
        reason=reason[:1000],
        changes={name: list(pair) for name, pair in (changes or {}).items()},
        details=(details or {}) | ({"correction": True} if getattr(item, "is_correction", False) else {}),
    )
    db.session.add(row)
    return row


def here() -> str:
    """Return the address that the acts of this context come from; empty for the shell and the clock."""
    return _origin.get().address


def addresses(action: str, *, item: Any = None, actor: Actor | None = None, since: datetime | None = None) -> list[str]:
    """Return from where `action` was done, once for each time: on the row `item`, by `actor`, after `since`.

    What is None does not count. By this tries are limited: nobody can set the trace back.
    """
    query = select(AuditEvent.address).where(AuditEvent.action == action)
    if item is not None:
        query = query.where(AuditEvent.subject_type == item.__tablename__, AuditEvent.subject_id == str(item.id))
    if actor is not None:
        query = query.where(AuditEvent.actor_id == actor.id)
    if since is not None:
        query = query.where(AuditEvent.at > since)
    return list(db.session.scalars(query))


def head() -> str:
    """Return the MAC at the end of the chain: it is another one after every change in the house, whoever made it."""
    return db.session.scalar(select(AuditHead.mac).where(AuditHead.id == HEAD)) or ""


def events_of(item: Any) -> list[AuditEvent]:
    """Return the events of one row, oldest first."""
    return list(
        db.session.scalars(
            select(AuditEvent)
            .where(AuditEvent.subject_type == item.__tablename__, AuditEvent.subject_id == str(item.id))
            .order_by(AuditEvent.id)
        )
    )


@event.listens_for(AuditEvent, "before_insert")
def _goes_unsealed(mapper: object, connection: object, row: AuditEvent) -> None:
    """Remember an event that a query between `record` and the commit has had written."""
    if session := object_session(row):
        session.info[UNSEALED] = True


@event.listens_for(Session, "before_commit")
def _seal(session: Session) -> None:
    if session.in_nested_transaction():
        return
    fresh = [row for row in session.new if isinstance(row, AuditEvent)]
    for row in fresh:
        session.expunge(row)  # it is written below, sealed
    session.flush()  # what else waits takes its locks before that of the chain
    # nobody else's unsealed rows are visible here: they are sealed before they are committed
    written = session.scalars(_UNSEALED_ROWS).all() if session.info.pop(UNSEALED, False) else []
    if not written and not fresh:
        return
    connection = session.connection()
    seq, mac = connection.execute(_HEAD).one()
    for row in (*written, *fresh):
        row.seq = seq = seq + 1
        row.mac = mac = chain_mac(row.sealed_text(mac))
    if fresh:
        connection.execute(_WRITE, [{name: getattr(row, name) for name in _WRITTEN} for row in fresh])
    connection.execute(_MOVE_HEAD, {"to_seq": seq, "to_mac": mac})


def end_fits() -> bool:
    """Whether the last event was sealed with the keys in use, which says that they are this database's."""
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).first()
    return last is None or holds(last)


def holds(event: AuditEvent) -> bool:
    """Whether an event is as it was sealed, after the one before it; `verify` asks the whole chain."""
    before = db.session.scalar(select(AuditEvent.mac).where(AuditEvent.seq == (event.seq or 0) - 1))
    return event.mac == chain_mac(event.sealed_text(before or GENESIS))


def verify() -> str | None:
    """Check the whole chain. Returns None if it holds, else a Chinese sentence naming the first event that does not."""
    previous, expected = GENESIS, 1
    order = select(AuditEvent).order_by(AuditEvent.seq.nulls_last())
    with db.session.scalars(order.execution_options(yield_per=1000)) as rows:
        for row in rows:
            if row.seq != expected:
                return f"第 {expected} 条日志缺失或未封存"
            if row.mac != chain_mac(row.sealed_text(previous)):
                return f"第 {row.seq} 条日志（{row.at:%Y-%m-%d %H:%M:%S} UTC {row.action}）与校验码不符，可能被改动"
            previous, expected = row.mac, expected + 1
    head = db.session.get(AuditHead, HEAD)
    if head is None or (head.seq, head.mac) != (expected - 1, previous):
        return f"日志末尾与链头不符：日志共 {expected - 1} 条，链头记载 {head.seq if head else 0} 条"
    return None
