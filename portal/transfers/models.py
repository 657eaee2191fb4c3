"""Transfers of members between branches."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, case
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import settings
from portal.core.calendar import local, midnight, now, today
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.core.workdays import working_days, working_days_ago
from portal.members.models import Member
from portal.org.models import InUnit, OrgUnit, User

NOTE_MOST, DEPARTMENT_MOST = 500, 60  # characters

settings.declare(
    Setting(
        "transfers_days", "转会审核、接收的期限（工作日）", Kind.INTEGER, 5, "校内转会", low=1, high=60,
        hint="从轮到办理的次日起算；超过后标为逾期，并提醒一次，不会自动办理",
    ),
    Setting(
        "transfers_force_days", "可以强制接收的期限（工作日）", Kind.INTEGER, 15, "校内转会", low=5, high=90,
        hint="交给转入单位后超过这些天仍未接收，校工会可以写明理由强制接收",
    ),
)  # fmt: skip


class TransferState(LabelEnum):
    """Where a transfer stands; a refusal of the receiver is SENT again, with `turned_down` as its mark."""

    ASKED = "asked", "待转出单位确认"
    SENT = "sent", "待审核"
    APPROVED = "approved", "待接收"
    RECEIVED = "received", "已接收"
    RETURNED = "returned", "退回修改"
    REFUSED = "refused", "不同意转会"
    WITHDRAWN = "withdrawn", "已撤回"
    CANCELLED = "cancelled", "已取消"


S = TransferState

# the states in which a member's transfer is open; she has at most one
OPEN: tuple[TransferState, ...] = (S.ASKED, S.SENT, S.APPROVED, S.RETURNED)
# 在途: it has left the branch's hands and has not arrived; who is under way counts in the old branch alone
UNDER_WAY: tuple[TransferState, ...] = (S.SENT, S.APPROVED)
# the states in which the receiver sees it: while it is on its way to her, and for good once she has taken it
SEEN_BY_RECEIVER: tuple[TransferState, ...] = (*UNDER_WAY, S.RECEIVED)
# the states in which somebody in an office is waited for within the days of the setting
WAITING: tuple[TransferState, ...] = (S.ASKED, S.SENT, S.APPROVED)


class Occasion(LabelEnum):
    """Why somebody moves."""

    POST = "post", "岗位调动"
    DEPARTMENT = "department", "部门调整"
    LOAN = "loan", "校内借调"
    MISPLACED = "misplaced", "所属单位登记有误"
    OTHER = "other", "其他"


class TurnDown(LabelEnum):
    """Why the receiver does not take somebody: only for these, since 《工会会员会籍管理办法》 says it should."""

    WRONG_PERSON = "wrong_person", "人员有误"
    NOT_ARRIVED = "not_arrived", "未到岗"
    NOT_OURS = "not_ours", "不属本单位"
    OTHER = "other", "其他"


def days_allowed() -> int:
    """Return within how many working days after the one on which it was asked an office acts."""
    return int(settings.value("transfers_days"))


def days_to_force() -> int:
    """Return after how many working days without an answer of the receiver the union may act for it."""
    return int(settings.value("transfers_force_days"))


def overdue_before() -> datetime:
    """Return the instant before which an office must have been asked to be overdue now."""
    return midnight(working_days_ago(days_allowed() + 1, today())) + timedelta(days=1)


class Transfer(InUnit, Base):
    """One member on her way from the unit `unit` to `to_unit`; she is in the old one until it is received."""

    __tablename__ = "transfers"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    to_unit_id: Mapped[int] = mapped_column(ForeignKey(OrgUnit.id), index=True)
    state: Mapped[TransferState] = mapped_column(label_enum(TransferState), default=TransferState.SENT)
    occasion: Mapped[Occasion] = mapped_column(label_enum(Occasion))
    until: Mapped[date | None]  # the day on which a loan is to end
    note: Mapped[str] = mapped_column(String(NOTE_MOST), default="")  # the sender's words
    from_department: Mapped[str] = mapped_column(String(DEPARTMENT_MOST), default="")  # hers when it was begun
    batch_id: Mapped[str | None] = mapped_column(String(36), index=True)

    begun_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    begun_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    asked_herself: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when the union was first asked
    waiting_since: Mapped[datetime] = mapped_column(UtcTime, default=now)  # since when it lies where it lies
    handed_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when the receiver of now was first asked
    turned_down: Mapped[TurnDown | None] = mapped_column(label_enum(TurnDown))  # the mark; the next decision removes it
    turned_down_note: Mapped[str] = mapped_column(String(NOTE_MOST), default="")
    wanted_back: Mapped[bool] = mapped_column(default=False)  # the sender has asked the union to cancel it
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    was_forced: Mapped[bool] = mapped_column(default=False)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)

    member: Mapped[Member] = relationship()
    to_unit: Mapped[OrgUnit] = relationship(foreign_keys=[to_unit_id], lazy="joined", innerjoin=True)
    beginner: Mapped[User] = relationship()

    __table_args__ = (
        Index("ix_transfers_list", "state", "unit_id", "id"),
        Index(
            "uq_transfers_open",
            "member_id",
            unique=True,
            sqlite_where=state.in_(OPEN),
            postgresql_where=state.in_(OPEN),
        ),
    )

    # one of many that are taken at once: the verb tells the offices in one notice, so the step tells none
    is_one_of_many = False

    @classmethod
    def places(cls) -> tuple[Any, ...]:
        """A transfer is seen from the unit that sends, and from the one that receives while it leads there.

        What was returned, withdrawn, refused or cancelled leads nowhere: its member is nobody's there.
        """
        return (cls.unit_id, case((cls.state.in_(SEEN_BY_RECEIVER), cls.to_unit_id)))

    @property
    def is_under_way(self) -> bool:
        """Whether it has been sent and has not arrived."""
        return self.state in UNDER_WAY

    @property
    def waiting_days(self) -> int:
        """How many working days it has waited for an office; 0 where it waits for none."""
        return working_days(local(self.waiting_since).date(), today()) if self.state in WAITING else 0

    @property
    def overdue_days(self) -> int:
        """How many working days the office that it waits for is late."""
        return max(0, self.waiting_days - days_allowed())

    @property
    def days_with_receiver(self) -> int | None:
        """How many working days ago the receiver of now was first asked; None where it was not."""
        return working_days(local(self.handed_at).date(), today()) if self.handed_at else None

    @property
    def trace_label(self) -> str:
        """The transfer as the trace names it."""
        return f"{self.member.name}：{self.unit.name} → {self.to_unit.name}"
