"""A letter of introduction: what it says, its number, and whether the other union has answered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import settings
from portal.core.calendar import today
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.org.models import InUnit, OrgUnit, User
from portal.standing.models import StandingChange

settings.declare(
    Setting(
        "standing_letter_days", "介绍信的有效期（天）", Kind.INTEGER, 90, "会籍变动", low=15, high=365,
        hint="印在介绍信上，自开具之日起",
    ),
    Setting(
        "standing_receipt_days", "没有收到回执时提醒的天数", Kind.INTEGER, 90, "会籍变动", low=15, high=365,
        hint="介绍信开具后超过这些天没有登记回执，提醒校工会和分工会",
    ),
)  # fmt: skip


class LetterState(LabelEnum):
    """How far a letter is; a number once given stays, also where it is void."""

    ISSUED = "issued", "待回执"
    RECEIVED = "received", "已收回执"
    VOID = "void", "已作废"


class Letter(InUnit, Base):
    """One letter of the union `union_id`; its unit is the member's. `data` is what it says, as it was decided."""

    __tablename__ = "letters"
    SEAL_FAMILY: ClassVar[str] = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    change_id: Mapped[int] = mapped_column(ForeignKey(StandingChange.id), index=True)
    union_id: Mapped[int] = mapped_column(ForeignKey(OrgUnit.id))
    year: Mapped[int]
    serial: Mapped[int]
    state: Mapped[LetterState] = mapped_column(label_enum(LetterState), default=LetterState.ISSUED)
    issued_on: Mapped[date]
    issued_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    received_on: Mapped[date | None]
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    data_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    data = sealed_json("data_sealed")

    change: Mapped[StandingChange] = relationship()
    union: Mapped[OrgUnit] = relationship(foreign_keys=[union_id])
    issuer: Mapped[User | None] = relationship(foreign_keys=[issued_by])

    __table_args__ = (
        UniqueConstraint("union_id", "year", "serial", name="uq_letters_number"),
        CheckConstraint("received_on IS NULL OR state = 'received'", name="received"),
        Index("ix_letters_list", "state", "issued_on"),
        # a change has one letter that stands
        Index(
            "uq_letters_standing",
            "change_id",
            unique=True,
            sqlite_where=state != LetterState.VOID,
            postgresql_where=state != LetterState.VOID,
        ),
    )

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def number(self) -> str:
        """The number as it is printed: 字第 2026-0012 号."""
        return f"字第 {self.year}-{self.serial:04d} 号"

    @property
    def waiting_days(self) -> int:
        """For how many days the receipt has been waited for; 0 where it is not."""
        return (today() - self.issued_on).days if self.state is LetterState.ISSUED else 0

    @property
    def is_overdue(self) -> bool:
        """Whether the receipt is waited for longer than it should take."""
        return self.state is LetterState.ISSUED and self.issued_on < overdue_before()

    @property
    def trace_label(self) -> str:
        """The letter as the trace names it."""
        return f"{self.change.member.name}的介绍信（{self.number}）"


def overdue_before() -> date:
    """Return the day before which a letter must have been issued for its receipt to be overdue today."""
    return today() - timedelta(days=int(settings.value("standing_receipt_days")))
