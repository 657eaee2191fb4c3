"""How a union greets, and whom it has greeted in which year."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime
from portal.members.models import Member
from portal.messaging.wordings.models import Wording
from portal.org.models import InUnit


class BirthdayPlan(InUnit, Base):
    """Whether and how the union `unit` greets its members; without a wording in the words of the house."""

    __tablename__ = "birthday_plans"

    id: Mapped[int] = mapped_column(primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=False)
    to_retained: Mapped[bool] = mapped_column(default=False)
    wording_id: Mapped[int | None] = mapped_column(ForeignKey(Wording.id))

    wording: Mapped[Wording | None] = relationship()

    __table_args__ = (UniqueConstraint("unit_id", name="uq_birthday_plans_unit"),)

    @property
    def trace_label(self) -> str:
        """The plan as the trace names it."""
        return f"{self.unit.name}生日祝福"


class Greeting(Base):
    """That a member was greeted in the year: the row that no second greeting passes."""

    __tablename__ = "birthday_greetings"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id, ondelete="CASCADE"))
    year: Mapped[int]
    has_number: Mapped[bool]
    greeted_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    member: Mapped[Member] = relationship()

    __table_args__ = (UniqueConstraint("member_id", "year", name="uq_birthday_greetings_year"),)
