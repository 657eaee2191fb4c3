"""Checks of the records, and the part of each branch."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now, today
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.org.models import InUnit, User

NAME_MOST = 60  # characters


class CheckState(LabelEnum):
    """Whether a check goes on."""

    OPEN = "open", "进行中"
    CLOSED = "closed", "已结束"


class PartState(LabelEnum):
    """How far a branch is."""

    WAITING = "waiting", "待核对"
    SIGNED = "signed", "核对无误"


class Check(InUnit, Base):
    """One check that the union (`unit`) has opened, to be done by the day `due`."""

    __tablename__ = "info_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_MOST))
    due: Mapped[date]
    state: Mapped[CheckState] = mapped_column(label_enum(CheckState), default=CheckState.OPEN)
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    made_by: Mapped[int] = mapped_column(ForeignKey(User.id))

    parts: Mapped[list[CheckPart]] = relationship(back_populates="check", order_by="CheckPart.id")

    @property
    def is_late(self) -> bool:
        """Whether the day has passed."""
        return self.state is CheckState.OPEN and self.due < today()

    @property
    def trace_label(self) -> str:
        """The check as the trace names it."""
        return self.name


class CheckPart(InUnit, Base):
    """What one branch has to look at. `member_ids` are those who were on its list when it signed."""

    __tablename__ = "info_check_parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    check_id: Mapped[int] = mapped_column(ForeignKey(Check.id), index=True)
    state: Mapped[PartState] = mapped_column(label_enum(PartState), default=PartState.WAITING)
    signed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    signed_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    member_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)

    check: Mapped[Check] = relationship(back_populates="parts")
    signer: Mapped[User | None] = relationship(foreign_keys=[signed_by])

    __table_args__ = (UniqueConstraint("check_id", "unit_id", name="uq_info_check_parts_unit"),)

    @property
    def trace_label(self) -> str:
        """The part as the trace names it."""
        return f"{self.check.name}：{self.unit.name}"
