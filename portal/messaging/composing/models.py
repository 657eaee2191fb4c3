"""A message before it is sent: groups and wording; and what became of each person once it was."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.messaging.sending.models import Batch
from portal.org.models import InUnit, User

TITLE_MOST = 60  # characters


class SmsState(LabelEnum):
    """How far a message is."""

    DRAFT = "draft", "编写中"
    PENDING = "pending", "待第二人确认"
    WAITING = "waiting", "待发送"
    SENT = "sent", "已交发送"
    STOPPED = "stopped", "已停止"
    REFUSED = "refused", "未同意"


class Outcome(LabelEnum):
    """What becomes of one person."""

    DUE = "due", "发送"
    INSIDE = "inside", "只发站内信"
    NO_NUMBER = "no_number", "没有手机号"
    DOUBLE = "double", "号码与他人重复"
    GONE = "gone", "已离开或去世"
    EMPTY = "empty", "填空没有内容"
    LEFT = "left", "发送时已不在分组里"


class Sms(InUnit, Base):
    """What somebody is about to send for a unit: to `groups`, or to `member_ids` whom a list has selected.

    `said` holds the text with its blanks and what was typed for them. `expected` is how many the button named,
    `mark` stands for text and groups, so that the same is noticed within a day. `of_plan_id` is the message that this
    one reminds of.
    """

    __tablename__ = "message_plans"
    SEAL_FAMILY: ClassVar[str] = "message_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uuid)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_MOST))
    groups: Mapped[list[str]] = mapped_column(JSON)
    member_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    audience: Mapped[str] = mapped_column(String(300), default="")
    said_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    said = sealed_json("said_sealed")
    template_no: Mapped[str] = mapped_column(String(40), default="")
    is_essential: Mapped[bool] = mapped_column(default=False)
    asks_receipt: Mapped[bool] = mapped_column(default=False)
    base_url: Mapped[str] = mapped_column(String(200), default="")
    send_at: Mapped[datetime | None] = mapped_column(UtcTime)
    expected: Mapped[int] = mapped_column(default=0)
    mark: Mapped[str] = mapped_column(String(64), default="")
    of_plan_id: Mapped[int | None] = mapped_column(ForeignKey("message_plans.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey(Batch.id))
    state: Mapped[SmsState] = mapped_column(label_enum(SmsState), default=SmsState.DRAFT, index=True)
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()
    batch: Mapped[Batch | None] = relationship()

    @property
    def trace_label(self) -> str:
        """The message as the trace names it."""
        return f"短信“{self.title}”"


class SmsPerson(Base):
    """One person of a message that was confirmed or sent: the snapshot of whom it was for.

    `is_late` says that she came into the group after it was confirmed; `token` is the word in the address by which she
    says that she has got it.
    """

    __tablename__ = "message_plan_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey(Sms.id))
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id, ondelete="CASCADE"), index=True)
    outcome: Mapped[Outcome] = mapped_column(label_enum(Outcome))
    is_late: Mapped[bool] = mapped_column(default=False)
    token: Mapped[str | None] = mapped_column(String(22), unique=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)

    plan: Mapped[Sms] = relationship()
    member: Mapped[Member] = relationship()

    __table_args__ = (
        UniqueConstraint("plan_id", "member_id", name="uq_message_plan_people_member"),
        Index("ix_message_plan_people_outcome", "plan_id", "outcome"),
    )
