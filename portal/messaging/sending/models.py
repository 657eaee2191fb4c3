"""The outbox: a batch and its messages. A row is the queue; its state says how far it is, in words for people."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed, sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.org.models import SIGNATURE_MOST, InUnit, User

TITLE_MOST = 60  # characters
ORDINARY, URGENT = 0, 10  # priorities: the higher goes first


class BatchState(LabelEnum):
    """How far a batch is."""

    QUEUED = "queued", "排队中"
    SENDING = "sending", "发送中"
    STOPPED = "stopped", "已停止"
    DONE = "done", "已发完"


GOING: tuple[BatchState, ...] = (BatchState.QUEUED, BatchState.SENDING)


class MessageState(LabelEnum):
    """How far a message is."""

    QUEUED = "queued", "排队中"
    SENDING = "sending", "发送中"
    SUBMITTED = "submitted", "已提交"
    DELIVERED = "delivered", "已送达"
    WRONG_NUMBER = "wrong_number", "号码错误"
    UNREACHABLE = "unreachable", "暂时无法接收"
    REFUSED = "refused", "被拒"
    UNSURE = "unsure", "待核实"
    STOPPED = "stopped", "已停止"


class Batch(InUnit, Base):
    """What one person sends at once, at the unit on whose behalf; without `owner` the clock sends it.

    It begins at `scheduled_at`, at once without; while `respects_quiet` it rests in the quiet hours of the settings.
    `signature` stands in 【】 before each text, as it was when the batch was opened, "" for none.
    `template_code` is the number under which the gateway has filed the words, for those that take no free text.
    """

    __tablename__ = "message_batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uuid)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_MOST))
    state: Mapped[BatchState] = mapped_column(label_enum(BatchState), default=BatchState.QUEUED, index=True)
    signature: Mapped[str] = mapped_column(String(SIGNATURE_MOST), default="")
    template_code: Mapped[str] = mapped_column(String(40), default="")
    priority: Mapped[int] = mapped_column(default=ORDINARY)
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    respects_quiet: Mapped[bool] = mapped_column(default=True)
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User | None] = relationship()
    messages: Mapped[list[Message]] = relationship(back_populates="batch", order_by="Message.id")

    @property
    def trace_label(self) -> str:
        """The batch as the trace names it."""
        return f"短信“{self.title}”"


class Message(InUnit, Base):
    """One text to one number: what was said to whom, and how far it came.

    `unit` is the branch of the person on the day it was queued. `epoch` is the life of the database in which it was
    queued: after a restore it is an older one, and the row waits for a person. `claimed_by` names the worker that has
    it in hand; `segments` is how many parts we count, `billed` how many the gateway says it charges, None where it has
    not said; `variables` are what fills the filed template, by name in their order; `gateway_id` is the gateway's own
    number of it; `error` the gateway's word or our reason, never a value of the person's.
    """

    __tablename__ = "messages"
    SEAL_FAMILY: ClassVar[str] = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uuid)
    batch_id: Mapped[int] = mapped_column(ForeignKey(Batch.id))
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id, ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(50))
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    number = sealed("number_sealed")
    number_index: Mapped[str] = mapped_column(String(64), index=True)
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    text = sealed("text_sealed")
    variables_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    variables = sealed_json("variables_sealed")
    segments: Mapped[int]
    billed: Mapped[int | None]
    state: Mapped[MessageState] = mapped_column(label_enum(MessageState), default=MessageState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    epoch: Mapped[str] = mapped_column(String(40), default="")
    next_try_at: Mapped[datetime | None] = mapped_column(UtcTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    claimed_by: Mapped[str] = mapped_column(String(40), default="")
    gateway: Mapped[str] = mapped_column(String(20), default="")
    gateway_id: Mapped[str | None] = mapped_column(String(80))
    error: Mapped[str] = mapped_column(String(80), default="")
    queued_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)

    batch: Mapped[Batch] = relationship(back_populates="messages")

    __table_args__ = (
        UniqueConstraint("batch_id", "number_index", name="uq_messages_number"),
        Index("ix_messages_batch", "batch_id", "state", "id"),
        Index("ix_messages_gateway", "gateway", "gateway_id"),
    )

    @property
    def trace_label(self) -> str:
        """The message as the trace names it."""
        return f"短信“{self.batch.title}”给 {self.name}"
