"""Plans that close, merge or split a unit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.org.models import InUnit, OrgUnit, User

DOCUMENT_MOST, WHY_MOST = 100, 300  # characters


class PlanState(LabelEnum):
    """How far a plan is."""

    PLANNED = "planned", "待生效"
    DONE = "done", "已完成"
    CANCELLED = "cancelled", "已取消"


class Plan(InUnit, Base):
    """What is done to the unit on the day `on`: its members go to `heir`, but for those who go elsewhere.

    `departments` maps a department, as members' records have it, and `people` a member's number, to the number of the
    unit that it goes to. `closes` says that the unit is closed then; `counts` are [words, number] of what was moved.
    """

    __tablename__ = "plans"

    id: Mapped[int] = mapped_column(primary_key=True)
    heir_id: Mapped[int] = mapped_column(ForeignKey(OrgUnit.id), index=True)
    on: Mapped[date]
    document_no: Mapped[str] = mapped_column(String(DOCUMENT_MOST), default="")
    departments: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    people: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    closes: Mapped[bool] = mapped_column(default=True)
    keeps_posts: Mapped[bool] = mapped_column(default=False)
    state: Mapped[PlanState] = mapped_column(label_enum(PlanState), default=PlanState.PLANNED)
    counts: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)
    batch_id: Mapped[str | None] = mapped_column(String(36))
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    made_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)
    hindered: Mapped[str] = mapped_column(String(WHY_MOST), default="")  # why the clock could not carry it out

    heir: Mapped[OrgUnit] = relationship(foreign_keys=[heir_id])
    maker: Mapped[User] = relationship()

    __table_args__ = (
        Index(
            "uq_plans_planned",
            "unit_id",
            unique=True,
            sqlite_where=state == PlanState.PLANNED,
            postgresql_where=state == PlanState.PLANNED,
        ),
    )

    @property
    def trace_label(self) -> str:
        """The plan as the trace names it."""
        return f"撤并方案：{self.unit.name} → {self.heir.name}"
