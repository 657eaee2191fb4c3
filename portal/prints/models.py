"""Print jobs: rows are the queue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.org.models import User


class PrintKind(LabelEnum):
    """What a job prints."""

    REGISTRATION = "registration", "登记表"
    APPLICATION = "application", "入会申请书"
    BOTH = "both", "申请书＋登记表（双面）"
    ROSTER = "roster", "新会员审批名册"


class JobState(LabelEnum):
    """How far a job is."""

    QUEUED = "queued", "排队中"
    RUNNING = "running", "打印中"
    DONE = "done", "已完成"
    FAILED = "failed", "未完成"
    CANCELLED = "cancelled", "已取消"
    REMOVED = "removed", "文件已清除"


LIVE: tuple[JobState, ...] = (JobState.QUEUED, JobState.RUNNING)


class PrintJob(Base):
    """One PDF of many members' papers, for the person who asked for it.

    `member_ids` are frozen in the order of the list. `at_joining` prints what was approved, else what holds today.
    What went another way than wished stands by member: `without_photo`, `without_glyph` (member and characters),
    `skipped` (out of the person's scope by then) and `broken` (no paper could be made).
    """

    __tablename__ = "print_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uuid)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    title: Mapped[str] = mapped_column(String(100))
    kind: Mapped[PrintKind] = mapped_column(label_enum(PrintKind))
    at_joining: Mapped[bool]
    double_sided: Mapped[bool]
    check_url: Mapped[str] = mapped_column(String(300))
    member_ids: Mapped[list[int]] = mapped_column(JSON)
    state: Mapped[JobState] = mapped_column(label_enum(JobState), default=JobState.QUEUED, index=True)
    done: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    without_photo: Mapped[list[int]] = mapped_column(JSON, default=list)
    without_glyph: Mapped[list[tuple[int, str]]] = mapped_column(JSON, default=list)
    skipped: Mapped[list[int]] = mapped_column(JSON, default=list)
    broken: Mapped[list[int]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()

    __table_args__ = (Index("ix_print_jobs_owner", "owner_id", "id"),)

    @property
    def total(self) -> int:
        """How many members the job is about."""
        return len(self.member_ids)

    @property
    def trace_label(self) -> str:
        """The job as the trace names it."""
        return self.title
