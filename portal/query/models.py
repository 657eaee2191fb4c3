"""What the server keeps of a question: the question itself, and the frozen rows that a task is done on."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.calendar import now
from portal.core.crypto import sealed
from portal.core.db import Base, UtcTime
from portal.org.models import User


class Kept(Base):
    """A question that somebody has asked; an address that must not, or cannot, hold it carries `token`.

    `mark` is the keyed index of the text, by which the same question is found again. A question with a number of a
    document or a mobile is secret: it is kept for a day.
    """

    __tablename__ = "kept_questions"
    SEAL_FAMILY: ClassVar[str] = "question"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(22), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    mark: Mapped[str] = mapped_column(String(64))
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    is_secret: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    text = sealed("text_sealed")

    __table_args__ = (UniqueConstraint("user_id", "mark", name="uq_kept_questions_mark"),)

    @property
    def uuid(self) -> str:
        """What the ciphertext is bound to."""
        return self.token


class Selection(Base):
    """The members whom a task is for, frozen when it was started: `member_ids` in the order of the list.

    `back` is the address of the list they were chosen on, `day` the day it held on.
    """

    __tablename__ = "selections"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(22), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    member_ids: Mapped[list[int]] = mapped_column(JSON)
    day: Mapped[date]
    back: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    @property
    def number(self) -> int:
        """How many members there are in it."""
        return len(self.member_ids)
