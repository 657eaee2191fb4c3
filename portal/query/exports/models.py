"""Exports: each is a row, whether it is given at once, made by the clock, or waits for a second person."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import local, now
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.purpose import MOST
from portal.org.models import InUnit, User

CONFIRMED_WITHIN, KEPT_FOR = timedelta(hours=24), timedelta(days=7)  # from the wish, from the file
EXAMPLE = "报送市总工会会员名册"


class ExportFormat(LabelEnum):
    """What kind of file is made."""

    XLSX = "xlsx", "Excel 工作簿（xlsx）"
    CSV = "csv", "CSV（UTF-8）"


class Secrets(LabelEnum):
    """How numbers of people are written."""

    MASKED = "masked", "号码只写尾号（与列表相同）"
    CONTACT = "contact", "手机号码、住址写全"
    FULL = "full", "证件号码、工资也写全（须第二人确认）"


class ExportState(LabelEnum):
    """How far an export is."""

    PENDING = "pending", "待确认"
    QUEUED = "queued", "排队中"
    RUNNING = "running", "生成中"
    DONE = "done", "可以下载"
    GIVEN = "given", "已导出"
    REFUSED = "refused", "未同意"
    EXPIRED = "expired", "逾期未确认"
    WITHDRAWN = "withdrawn", "已撤回"
    FAILED = "failed", "未完成"
    REMOVED = "removed", "文件已清除"


LIVE: tuple[ExportState, ...] = (ExportState.QUEUED, ExportState.RUNNING)


class Export(InUnit, Base):
    """A file of members for the person who asked for it.

    `unit` is the smallest unit that covers what she may read. `columns` are names of fields in their order, of a ready
    export (`template`) none; `member_ids` are frozen in the order of the list, whose address is `back`. `reading` is
    the question in words, numbers masked. `needs` are the words for what takes a second person; `alone` says that there
    was nobody to ask. `skipped` counts who was out of the owner's scope by the time the file was made.
    """

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uuid)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    template: Mapped[str] = mapped_column(String(20), default="")
    format: Mapped[ExportFormat] = mapped_column(label_enum(ExportFormat))
    secrets: Mapped[Secrets] = mapped_column(label_enum(Secrets))
    columns: Mapped[list[str]] = mapped_column(JSON)
    member_ids: Mapped[list[int]] = mapped_column(JSON)
    day: Mapped[date]
    reading: Mapped[str] = mapped_column(Text)
    sorted_by: Mapped[str] = mapped_column(String(60), default="")
    back: Mapped[str] = mapped_column(Text, default="")
    purpose: Mapped[str] = mapped_column(String(MOST))
    needs: Mapped[list[str]] = mapped_column(JSON, default=list)
    alone: Mapped[bool] = mapped_column(default=False)
    state: Mapped[ExportState] = mapped_column(label_enum(ExportState), index=True)
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    decider: Mapped[User | None] = relationship(foreign_keys=[decided_by])

    __table_args__ = (Index("ix_exports_owner", "owner_id", "id"),)

    @property
    def total(self) -> int:
        """How many members it is about."""
        return len(self.member_ids)

    @property
    def number(self) -> str:
        """What stands on the file and in the trace: the day and the beginning of its random identity."""
        return f"DC{local(self.created_at):%Y%m%d}-{self.uuid[:8].upper()}"

    @property
    def confirm_until(self) -> datetime:
        """When the time to confirm ends."""
        return self.created_at + CONFIRMED_WITHIN

    @property
    def trace_label(self) -> str:
        """The export as the trace names it."""
        return f"导出 {self.number}"
