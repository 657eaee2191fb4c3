"""Lists of people who ought to join, and which applications are theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, and_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime
from portal.core.enums import LabelEnum
from portal.joining.links import PersonalLink
from portal.joining.models import Application
from portal.members.models import Member
from portal.org.models import InUnit, User

NAME_MOST, DEPARTMENT_MOST = 50, 60  # characters, as of a member


class Standing(LabelEnum):
    """How far someone on a list is; everyone is in exactly one of these."""

    APPROVED = "approved", "已批"
    UNDER_WAY = "under_way", "办理中"
    RETURNED = "returned", "退回修改"
    REFUSED = "refused", "未批准"
    NOT_APPLIED = "not_applied", "未申请"


class ExpectedList(InUnit, Base):
    """A list, such as 2026年9月新入职, of people of its unit and below. A closed one marks nobody any more."""

    __tablename__ = "expected_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)

    people: Mapped[list[ExpectedPerson]] = relationship(back_populates="roll", order_by="ExpectedPerson.id")


class ExpectedPerson(InUnit, Base):
    """One line of a list; `unit_id` is her branch, or the list's unit where her branch is not known."""

    __tablename__ = "expected_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey(ExpectedList.id), index=True)
    staff_no: Mapped[str | None] = mapped_column(String(20), index=True)
    name: Mapped[str] = mapped_column(String(NAME_MOST), index=True)
    department: Mapped[str] = mapped_column(String(DEPARTMENT_MOST), default="")
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id))  # who was a member already, by another way
    link_id: Mapped[int | None] = mapped_column(ForeignKey(PersonalLink.id), unique=True)
    reminders: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcTime)

    roll: Mapped[ExpectedList] = relationship(back_populates="people")
    member: Mapped[Member | None] = relationship()
    link: Mapped[PersonalLink | None] = relationship()
    matches: Mapped[list[ExpectedMatch]] = relationship(back_populates="person")

    __table_args__ = (
        Index(
            "uq_expected_people_staff_no",
            "list_id",
            "staff_no",
            unique=True,
            sqlite_where=and_(staff_no.is_not(None), removed_at.is_(None)),
            postgresql_where=and_(staff_no.is_not(None), removed_at.is_(None)),
        ),
    )

    @property
    def trace_label(self) -> str:
        """The line as the trace names it."""
        return f"{self.name}（应入会）"


class ExpectedMatch(Base):
    """An application that is hers: found by 工号 or name, or sent by her personal link (`by_link`)."""

    __tablename__ = "expected_matches"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(ExpectedPerson.id), index=True)
    by_link: Mapped[bool] = mapped_column(default=False)

    application: Mapped[Application] = relationship()
    person: Mapped[ExpectedPerson] = relationship(back_populates="matches")

    __table_args__ = (UniqueConstraint("application_id", "person_id", name="uq_expected_matches_pair"),)
