"""What a branch has done before a membership may lapse: talked to the member, or written to her."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.org.models import InUnit, User

NOTE_MOST = 200  # characters


class WarningKind(LabelEnum):
    """How a member was warned."""

    TALK = "talk", "谈话"
    LETTER = "letter", "书面催告"


class LeavingWarning(InUnit, Base):
    """A warning of the day `on`; the unit is the member's when it was noted down."""

    __tablename__ = "leaving_warnings"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id))
    kind: Mapped[WarningKind] = mapped_column(label_enum(WarningKind))
    on: Mapped[date]
    note: Mapped[str] = mapped_column(String(NOTE_MOST), default="")
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    made_by: Mapped[int] = mapped_column(ForeignKey(User.id))

    member: Mapped[Member] = relationship()
    maker: Mapped[User] = relationship()

    __table_args__ = (Index("ix_leaving_warnings_member", "member_id", "on"),)

    @property
    def trace_label(self) -> str:
        """The warning as the trace names it."""
        return f"{self.member.name}（{self.kind.label}）"
