"""Batch edits: what is to be changed from which day, and what becomes of each member."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import JSON, ColumnElement, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.org.models import User

OPEN_FOR = timedelta(hours=24)  # a preview may be written, what was written taken back
LONGEST_DOCUMENT, LONGEST_REASON, LONGEST_NOTE = 60, 100, 200  # characters


class BatchState(LabelEnum):
    """How far a batch edit is; it follows from what has been done with it."""

    PREVIEW = "preview", "预览"
    WRITTEN = "written", "已修改"
    UNDONE = "undone", "已撤销"
    EXPIRED = "expired", "已作废"


class Outcome(LabelEnum):
    """What becomes of a member."""

    CHANGE = "change", "修改"
    SAME = "same", "不变"
    REFUSED = "refused", "不能改"


class BatchEdit(Base):
    """One edit of many members, of the person who made it.

    `asked` has the new values by catalogue name as JSON holds them, null to empty a field; they hold from `day` on.
    `counts` has the number of members by outcome. `back` is the address of the list that they were chosen on.
    """

    __tablename__ = "batch_edits"
    SEAL_FAMILY: ClassVar[str] = "batch_edit"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    asked_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    asked = sealed_json("asked_sealed")
    day: Mapped[date]
    document_no: Mapped[str] = mapped_column(String(LONGEST_DOCUMENT), default="")
    reason: Mapped[str] = mapped_column(String(LONGEST_REASON))
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    back: Mapped[str] = mapped_column(Text, default="")
    previewed_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)  # given up, or forgotten by the clock
    batch_id: Mapped[str | None] = mapped_column(String(36), unique=True)
    written_at: Mapped[datetime | None] = mapped_column(UtcTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def state(self) -> BatchState:
        """How far it is."""
        if self.written_at is not None:
            return BatchState.UNDONE if self.undone_at is not None else BatchState.WRITTEN
        return BatchState.EXPIRED if self.ended_at is not None else BatchState.PREVIEW

    @property
    def is_open(self) -> bool:
        """Whether its day is not over: a preview may be written, what was written taken back."""
        return now() < (self.written_at or self.previewed_at) + OPEN_FOR

    @property
    def number(self) -> int:
        """How many members it is about."""
        return sum(self.counts.values())

    @property
    def trace_label(self) -> str:
        """The edit as the trace names it."""
        return f"批量修改（{self.number} 人）"

    @classmethod
    def waits(cls) -> ColumnElement[bool]:
        """The condition of those that are neither written nor given up."""
        return cls.written_at.is_(None) & cls.ended_at.is_(None)


class BatchEditRow(Base):
    """What becomes of one member, in the order of the list.

    `note` says why she is left out, or what to look at. `version` was her last one when this was found out; `kept`
    says why an undo has left her as she is.
    """

    __tablename__ = "batch_edit_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_edit_id: Mapped[int] = mapped_column(ForeignKey(BatchEdit.id))
    number: Mapped[int]
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    outcome: Mapped[Outcome] = mapped_column(label_enum(Outcome))
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    version: Mapped[int | None]
    kept: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")

    __table_args__ = (UniqueConstraint("batch_edit_id", "number", name="uq_batch_edit_rows_number"),)
