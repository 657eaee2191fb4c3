"""A frozen list, the part of it that each branch checks, and its rows; a row outlives the member's next transfer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.org.models import InUnit, User

TITLE_MOST, ITEM_MOST, MEASURE_MOST, REASON_MOST = 60, 40, 8, 200  # characters


class RosterKind(LabelEnum):
    """What a list is made for."""

    HOLIDAY = "holiday", "节日慰问"
    HEALTH = "health", "健康体检"
    BIRTHDAY = "birthday", "生日慰问"
    OTHER = "other", "其他"


class RosterState(LabelEnum):
    """How far a list is."""

    DRAFT = "draft", "编制中"
    CHECKING = "checking", "核对中"
    CLOSED = "closed", "已定稿"
    VOID = "void", "已作废"


OPEN: tuple[RosterState, ...] = (RosterState.DRAFT, RosterState.CHECKING)


class PartState(LabelEnum):
    """What a branch has said about its part."""

    WAITING = "waiting", "待核对"
    CONFIRMED = "confirmed", "核对无误"
    OBJECTED = "objected", "有异议"
    ANSWERED = "answered", "已答复，待再核对"


class Roster(InUnit, Base):
    """Who was found on `day`, frozen at `unit`, the unit above all of them.

    `item` is what each of them gets, `share` how much of it in hundredths of `measure`. `columns` are the names of the
    fields whose values the rows hold.
    """

    __tablename__ = "rosters"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_MOST))
    kind: Mapped[RosterKind] = mapped_column(label_enum(RosterKind))
    item: Mapped[str] = mapped_column(String(ITEM_MOST), default="")
    share: Mapped[int]
    measure: Mapped[str] = mapped_column(String(MEASURE_MOST), default="")
    day: Mapped[date]
    columns: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[RosterState] = mapped_column(label_enum(RosterState), default=RosterState.DRAFT, index=True)
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    owner: Mapped[User] = relationship()
    parts: Mapped[list[RosterPart]] = relationship(back_populates="roster", order_by="RosterPart.id")

    @property
    def trace_label(self) -> str:
        """The list as the trace names it."""
        return f"名单“{self.title}”"

    @property
    def is_open(self) -> bool:
        """Whether anything of it may still change."""
        return self.state in OPEN


class RosterPart(InUnit, Base):
    """What of a list belongs to one branch; `objection` and `answer` are the last of each."""

    __tablename__ = "roster_parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    roster_id: Mapped[int] = mapped_column(ForeignKey(Roster.id))
    state: Mapped[PartState] = mapped_column(label_enum(PartState), default=PartState.WAITING)
    objection: Mapped[str] = mapped_column(String(500), default="")
    answer: Mapped[str] = mapped_column(String(500), default="")

    roster: Mapped[Roster] = relationship(back_populates="parts")

    __table_args__ = (UniqueConstraint("roster_id", "unit_id", name="uq_roster_parts_unit"),)

    @property
    def trace_label(self) -> str:
        """The part as the trace names it."""
        return f"{self.roster.trace_label}：{self.unit.name}"


class RosterRow(InUnit, Base):
    """One person of a list, in the branch of its day; `place` is her place in the order of the result.

    A row that was added later has `added_at`, one that was taken off `removed_at`, each with its reason; both stay.
    `member_id` is empty once an undone import has taken the member out of the house again.
    """

    __tablename__ = "roster_rows"
    SEAL_FAMILY: ClassVar[str] = "roster"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), default=new_uuid)
    roster_id: Mapped[int] = mapped_column(ForeignKey(Roster.id))
    part_id: Mapped[int] = mapped_column(ForeignKey(RosterPart.id))
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id, ondelete="SET NULL"), index=True)
    place: Mapped[int]
    name: Mapped[str] = mapped_column(String(50))
    staff_no: Mapped[str] = mapped_column(String(20), default="")
    values_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime | None] = mapped_column(UtcTime)
    added_why: Mapped[str] = mapped_column(String(REASON_MOST), default="")
    removed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    removed_why: Mapped[str] = mapped_column(String(REASON_MOST), default="")
    values = sealed_json("values_sealed")

    roster: Mapped[Roster] = relationship()
    part: Mapped[RosterPart] = relationship()

    __table_args__ = (
        UniqueConstraint("roster_id", "member_id", name="uq_roster_rows_member"),
        Index("ix_roster_rows_part", "part_id", "place"),
    )

    @property
    def trace_label(self) -> str:
        """The row as the trace names it."""
        return f"{self.name}（{self.staff_no or '无工号'}）"


class RosterJobState(LabelEnum):
    """How far the making of a file is."""

    QUEUED = "queued", "排队中"
    RUNNING = "running", "生成中"
    DONE = "done", "已完成"
    FAILED = "failed", "未完成"
    REMOVED = "removed", "文件已清除"


LIVE: tuple[RosterJobState, ...] = (RosterJobState.QUEUED, RosterJobState.RUNNING)


class RosterJob(Base):
    """Sheets for the person who asked for them: `done` of `total` papers are made.

    They are those of a list, or without one those of the members whom `wish` names, as it names them.
    """

    __tablename__ = "roster_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uuid)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    roster_id: Mapped[int | None] = mapped_column(ForeignKey(Roster.id), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_MOST))
    wish: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[RosterJobState] = mapped_column(label_enum(RosterJobState), default=RosterJobState.QUEUED, index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()
    roster: Mapped[Roster | None] = relationship()

    @property
    def trace_label(self) -> str:
        """The job as the trace names it."""
        return f"签领表“{self.title}”" if self.roster_id else f"表格“{self.title}”"
