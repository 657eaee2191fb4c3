"""Sheets of dues, and the months that each member has paid."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import JSON, ColumnElement, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed, sealed_json
from portal.core.db import Base, UtcTime, new_uuid
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.org.models import InUnit, User

FILE_NAME_MOST = 120  # characters
OPEN_FOR = timedelta(hours=24)  # a preview may be recorded, what was recorded taken back


class SheetState(LabelEnum):
    """How far a sheet is; it follows from what has been done with it."""

    PREVIEW = "preview", "预览"
    RECORDED = "recorded", "已登记"
    UNDONE = "undone", "已撤销"
    EXPIRED = "expired", "已作废"


class Verdict(LabelEnum):
    """What becomes of a row."""

    PAID = "paid", "可登记"
    UNKNOWN = "unknown", "工号不符"
    OTHER_NAME = "other_name", "姓名不符"
    TWICE = "twice", "重复"
    BEFORE = "before", "已登记过"
    WRONG = "wrong", "无法读取"


class DuesSheet(InUnit, Base):
    """One sheet of the finance office about members of its unit and below.

    `lines` are its rows as `service.Line.plain` says them, forgotten once it is settled. `first_month` and `last_month`
    are those that it is about as a whole: a single stray row counts for neither. `counts` has the rows by verdict.
    """

    __tablename__ = "dues_sheets"
    SEAL_FAMILY: ClassVar[str] = "dues_sheet"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    file_name: Mapped[str] = mapped_column(String(FILE_NAME_MOST))
    first_month: Mapped[date | None]
    last_month: Mapped[date | None]
    lines_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    lines = sealed_json("lines_sealed")
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    uploaded_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)  # given up, or forgotten by the clock
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    recorded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)

    uploader: Mapped[User] = relationship(foreign_keys=[uploaded_by])
    recorder: Mapped[User | None] = relationship(foreign_keys=[recorded_by])

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def state(self) -> SheetState:
        """How far it is."""
        if self.recorded_at is not None:
            return SheetState.UNDONE if self.undone_at is not None else SheetState.RECORDED
        return SheetState.EXPIRED if self.ended_at is not None else SheetState.PREVIEW

    @property
    def is_open(self) -> bool:
        """Whether its day is not over: a preview may be recorded, what was recorded taken back."""
        return now() < (self.recorded_at or self.uploaded_at) + OPEN_FOR

    @property
    def trace_label(self) -> str:
        """The sheet as the trace names it."""
        return f"会费表（{self.file_name[:60]}）"

    @classmethod
    def waits(cls) -> ColumnElement[bool]:
        """The condition of those that are neither recorded nor given up."""
        return cls.recorded_at.is_(None) & cls.ended_at.is_(None)

    @classmethod
    def stands(cls) -> ColumnElement[bool]:
        """The condition of those that are recorded and not taken back."""
        return cls.recorded_at.is_not(None) & cls.undone_at.is_(None)


class DuesPaid(Base):
    """A month (its first day) that a member has paid, by which sheet; the amount is as secret as her salary."""

    __tablename__ = "dues_paid"
    SEAL_FAMILY: ClassVar[str] = "dues_paid"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36))
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id))
    month: Mapped[date]
    sheet_id: Mapped[int] = mapped_column(ForeignKey(DuesSheet.id), index=True)
    amount_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    amount = sealed("amount_sealed")

    member: Mapped[Member] = relationship()
    sheet: Mapped[DuesSheet] = relationship()

    __table_args__ = (UniqueConstraint("member_id", "month", name="uq_dues_paid_month"),)
