"""Questions that wait for the clock: rows are the queue."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.org.models import User


class SlowState(LabelEnum):
    """How far a question is."""

    QUEUED = "queued", "排队中"
    RUNNING = "running", "查询中"
    DONE = "done", "已完成"
    FAILED = "failed", "未完成"
    CANCELLED = "cancelled", "已取消"


LIVE: tuple[SlowState, ...] = (SlowState.QUEUED, SlowState.RUNNING)


class SlowQuestion(Base):
    """One question of the person who asked it, with the day it holds on, its order and the columns of its list.

    `number` is how many it has found, `selection` the token of the Selection with them (a week long); `told` says why
    there is no answer.
    """

    __tablename__ = "slow_questions"
    SEAL_FAMILY: ClassVar[str] = "slow_question"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    text = sealed("text_sealed")
    day: Mapped[date]
    sort: Mapped[str] = mapped_column(String(61), default="")
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    state: Mapped[SlowState] = mapped_column(label_enum(SlowState), default=SlowState.QUEUED, index=True)
    number: Mapped[int | None]
    selection: Mapped[str | None] = mapped_column(String(22))
    told: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def is_live(self) -> bool:
        """Whether the answer is still to come."""
        return self.state in LIVE

    @property
    def trace_label(self) -> str:
        """The question as the trace names it, without what it asks."""
        return f"后台查询 {self.id}"
