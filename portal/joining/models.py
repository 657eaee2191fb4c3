"""Join codes, applications and their receipts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import settings
from portal.core.calendar import local, midnight, now, today
from portal.core.crypto import random_token, sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.core.workdays import working_days, working_days_ago
from portal.members.models import Member
from portal.org.models import InUnit, JoinForm, User


class ApplicationState(LabelEnum):
    """Where an application stands, in the words an operator reads."""

    DRAFT = "draft", "填写中"
    SUBMITTED = "submitted", "待分工会意见"
    BRANCH_OK = "branch_ok", "待校工会审批"
    WAIT_PROVINCE = "wait_province_reg", "等待省平台注册"
    RETURNED = "returned", "退回修改"
    ALREADY_HERE = "already_here", "疑似已有会籍"
    APPROVED = "approved", "已批准"
    REJECTED = "rejected", "未批准"
    WITHDRAWN = "withdrawn", "已撤回"
    EXPIRED = "expired", "逾期未改"


class Reason(LabelEnum):
    """Why an application is returned or not approved: for counting; the words beside it are for the applicant."""

    WRONG = "wrong", "信息有误"
    MISSING = "missing", "材料不全"
    NOT_OURS = "not_ours", "非本单位职工"
    DUPLICATE = "duplicate", "重复申请"
    PHOTO = "photo", "照片不合格"
    OTHER = "other", "其他"


# the states in which a person's application is under way; she has at most one
LIVE: tuple[ApplicationState, ...] = (
    ApplicationState.SUBMITTED,
    ApplicationState.BRANCH_OK,
    ApplicationState.WAIT_PROVINCE,
    ApplicationState.RETURNED,
)
# the states in which the applicant waits for the union's people
WAITING = frozenset({ApplicationState.SUBMITTED, ApplicationState.BRANCH_OK, ApplicationState.ALREADY_HERE})

settings.declare(
    Setting(
        "joining_opinion_days", "分工会提出意见的期限（工作日）", Kind.INTEGER, 5, "入会", low=1, high=60,
        hint="从收到申请的次日起算；超过后标为逾期，校工会可以不等意见",
    ),
    Setting(
        "joining_returned_days", "退回的申请保留天数", Kind.INTEGER, 30, "入会", low=7, high=365,
        hint="申请人在这些天内没有修改提交，申请自动失效，可以重新扫码申请",
    ),
    Setting(
        "joining_province_link", "省级平台注册网址", Kind.WEB_ADDRESS, "", "入会", profile="city",
        hint="申请人还没有在省级平台注册时，页面上给出这个网址；留空则只给出提示",
    ),
    Setting(
        "joining_enterer_approves", "录入人可以批准自己录入的申请", Kind.BOOL, True, "入会",
        hint="选“否”时须由另一位有批准权限的人批准；只有一人有权限的单位请选“是”",
    ),
)  # fmt: skip


def opinion_days() -> int:
    """Return within how many working days after the one on which it was asked a branch gives its opinion."""
    return int(settings.value("joining_opinion_days"))


def overdue_before() -> datetime:
    """Return the instant before which a branch must have been asked for its opinion to be overdue now."""
    return midnight(working_days_ago(opinion_days() + 1, today())) + timedelta(days=1)


def overdue_days(item: Application) -> int:
    """Return how many working days the branch's opinion is overdue; 0 where it is in time or not waited for."""
    if item.asked_at is None or item.state != ApplicationState.SUBMITTED:
        return 0
    return max(0, working_days(local(item.asked_at).date(), today()) - opinion_days())


class JoinCode(InUnit, Base):
    """The code on a unit's poster. It is public, so its token stands as it is; a revoked one opens nothing."""

    __tablename__ = "join_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(22), unique=True, default=random_token)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        Index(
            "uq_join_codes_live",
            "unit_id",
            unique=True,
            sqlite_where=revoked_at.is_(None),
            postgresql_where=revoked_at.is_(None),
        ),
    )

    @property
    def is_open(self) -> bool:
        """Whether the code opens its form: it stands, and its unit takes members."""
        return self.revoked_at is None and self.unit.is_enabled and self.unit.accepts_members

    @property
    def trace_label(self) -> str:
        """The code as the trace names it."""
        return f"{self.unit.name}的入会码"


class CodeDay(Base):
    """How often a code was opened on a day in Shanghai, and how many of those began to fill in its form."""

    __tablename__ = "code_days"

    code_id: Mapped[int] = mapped_column(ForeignKey(JoinCode.id), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    opened: Mapped[int] = mapped_column(default=0)
    begun: Mapped[int] = mapped_column(default=0)


class Application(InUnit, Base):
    """One application from its first save on. The member and her status begin only at its approval."""

    __tablename__ = "applications"
    SEAL_FAMILY: ClassVar[str] = "application"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    state: Mapped[ApplicationState] = mapped_column(label_enum(ApplicationState), default=ApplicationState.DRAFT)
    form: Mapped[JoinForm] = mapped_column(label_enum(JoinForm))
    code_id: Mapped[int | None] = mapped_column(ForeignKey(JoinCode.id), index=True)

    # what was filled in: one sealed blob by catalogue name; beside it only what lists and checks need
    data_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    data = sealed_json("data_sealed")
    # (a draft, which nobody but its holder reads, has these in the blob alone: NULL is for drafts)
    name: Mapped[str] = mapped_column(String(50), nullable=True)
    id_type: Mapped[str] = mapped_column(String(1), nullable=True)
    id_index: Mapped[str] = mapped_column(String(64), index=True, nullable=True)
    wrong_fields: Mapped[list[str]] = mapped_column(JSON, default=list)

    # what was promised and agreed to, as it read on that day
    pledge_version: Mapped[str] = mapped_column(String(20))
    pledge_text: Mapped[str] = mapped_column(String(500))
    consent_version: Mapped[str] = mapped_column(String(20))
    consented_at: Mapped[datetime] = mapped_column(UtcTime)
    sensitive_consented_at: Mapped[datetime | None] = mapped_column(UtcTime)

    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    saved_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when a draft was last saved
    submitted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcTime)  # since when it waits where it is: sent, sent on, again
    opinion_at: Mapped[datetime | None] = mapped_column(UtcTime)
    returned_at: Mapped[datetime | None] = mapped_column(UtcTime)
    rescan_asked_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when she was last asked to scan again
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    answer: Mapped[str] = mapped_column(String(500), default="")  # what the applicant is told: why returned, why not
    return_reason: Mapped[Reason | None] = mapped_column(label_enum(Reason))  # of the last return
    reject_reason: Mapped[Reason | None] = mapped_column(label_enum(Reason))
    study_date: Mapped[date | None]  # 研究日期: the day of the committee's decision, from which the membership runs
    meeting: Mapped[str] = mapped_column(String(100), default="")  # 会议名称或文号 of that decision
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id), index=True)

    code: Mapped[JoinCode | None] = relationship()
    member: Mapped[Member | None] = relationship()
    receipts: Mapped[list[Receipt]] = relationship(back_populates="application", order_by="Receipt.id")

    __table_args__ = (
        Index("ix_applications_list", "state", "unit_id", "id"),
        CheckConstraint(
            "state = 'draft' OR (name IS NOT NULL AND id_type IS NOT NULL AND id_index IS NOT NULL)", name="filled"
        ),
        # two forms of one person sent at the same moment meet here
        Index(
            "uq_applications_live",
            "id_type",
            "id_index",
            unique=True,
            sqlite_where=state.in_(LIVE),
            postgresql_where=state.in_(LIVE),
        ),
    )

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def waiting_days(self) -> int | None:
        """How many days it has waited for the union's people; None where it does not wait for them."""
        if self.submitted_at is None or self.state not in WAITING:
            return None
        return (today() - local(self.submitted_at).date()).days

    @property
    def trace_label(self) -> str:
        """The application as the trace names it."""
        return f"{self.name}的入会申请"


class Receipt(Base):
    """What the sender of one form holds: a code, of which only the keyed hash is kept.

    `is_first` tells the receipt of the application itself from one given for a later form of the same person, which
    looks the same from outside but opens nothing.
    """

    __tablename__ = "application_receipts"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    form_key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    is_first: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)

    application: Mapped[Application] = relationship(back_populates="receipts")
