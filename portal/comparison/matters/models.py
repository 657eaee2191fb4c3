"""What is to be done about a member: she seems to have left, retired, or to belong to another branch."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.org.models import InUnit, OrgUnit, User

NOTE_MOST = 200  # characters


class MatterKind(LabelEnum):
    """What is about to be done; nothing of it happens by itself."""

    LEAVE = "leave", "拟办离职"
    RETIRE = "retire", "拟办退休"
    TRANSFER = "transfer", "拟办转会"


class MatterState(LabelEnum):
    """How far it is."""

    OPEN = "open", "待办"
    DONE = "done", "已办结"
    DISMISSED = "dismissed", "不予办理"


class Matter(InUnit, Base):
    """One thing to be done about a member of the unit; `to_unit_id` is where a transfer goes, None if undecided."""

    __tablename__ = "matters"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    kind: Mapped[MatterKind] = mapped_column(label_enum(MatterKind))
    to_unit_id: Mapped[int | None] = mapped_column(ForeignKey(OrgUnit.id))
    note: Mapped[str] = mapped_column(String(NOTE_MOST), default="")
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    made_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    state: Mapped[MatterState] = mapped_column(label_enum(MatterState), default=MatterState.OPEN, index=True)

    member: Mapped[Member] = relationship()
    to_unit: Mapped[OrgUnit | None] = relationship(foreign_keys=[to_unit_id])
    maker: Mapped[User] = relationship()

    __table_args__ = (
        Index(
            "uq_matters_open",
            "member_id",
            "kind",
            unique=True,
            sqlite_where=state == MatterState.OPEN,
            postgresql_where=state == MatterState.OPEN,
        ),
    )

    @property
    def trace_label(self) -> str:
        """The matter as the trace names it."""
        return f"{self.kind.label}：{self.member.name}"
