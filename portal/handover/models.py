"""Handings-over."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now, show_date
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.org.models import InUnit, User

# an office that passes: the numbers of both grants, whether the new one was made for it, the old one's former end, and
# how it was ended
Passing = dict[str, int | str | bool | None]


class HandoverState(LabelEnum):
    """Where a handing-over stands."""

    WAITING = "waiting", "待交接"
    DONE = "done", "已交接"
    CANCELLED = "cancelled", "已取消"


class Ending(LabelEnum):
    """What became of the old office."""

    BEFORE = "before", "交接日前一天结束"
    AT_ONCE = "at_once", "立即结束"
    BY_ITSELF = "by_itself", "到期结束"


class Handover(InUnit, Base):
    """One officer's work passes to another with the day `day`; `unit_id` is the highest unit of what passes.

    `passing` names each office: the grant that ends, the one that begins, and the former end of the old one, so that
    a handing-over can be cancelled before its day. `counts` is what passed, as (label, number): the to-dos when it was
    arranged, and the rows that changed hands on the day.
    """

    __tablename__ = "handovers"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    to_user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    day: Mapped[date] = mapped_column(index=True)
    state: Mapped[HandoverState] = mapped_column(label_enum(HandoverState), default=HandoverState.WAITING)
    reason: Mapped[str] = mapped_column(String(200), default="")
    passing: Mapped[list[Passing]] = mapped_column(JSON)
    counts: Mapped[list[tuple[str, int]]] = mapped_column(JSON, default=list)
    batch_id: Mapped[str | None] = mapped_column(String(36), index=True)
    arranged_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    arranged_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)

    from_user: Mapped[User] = relationship(foreign_keys=[from_user_id])
    to_user: Mapped[User] = relationship(foreign_keys=[to_user_id])
    arranger: Mapped[User] = relationship(foreign_keys=[arranged_by])

    __table_args__ = (
        # of two who arrange the same person's at once, one finds it done
        Index(
            "uq_handovers_waiting",
            "from_user_id",
            unique=True,
            sqlite_where=(state == HandoverState.WAITING),
            postgresql_where=(state == HandoverState.WAITING),
        ),
    )

    @property
    def trace_label(self) -> str:
        """The handing-over as the trace names it."""
        return f"{self.from_user.name} → {self.to_user.name}（{show_date(self.day)}）"
