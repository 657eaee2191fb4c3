"""What is asked for about a membership, how far it is, and the papers that came with it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.uploads import Upload
from portal.members.models import Member, MembershipChange
from portal.org.models import InUnit, User


class ChangeKind(LabelEnum):
    """What is to happen to the membership; what each does stands in `rules`."""

    LEAVE = "leave", "调离（转出会籍）"
    LEAVE_JOBLESS = "leave_jobless", "离职未就业"
    RETIRE = "retire", "退休"
    RETIRE_VETERAN = "retire_veteran", "离休"
    RESIGN = "resign", "退职"
    LAID_OFF = "laid_off", "下岗待岗"
    UNEMPLOYED = "unemployed", "失业"
    ARMY = "army", "服兵役"
    RESTORE = "restore", "恢复会籍"
    WITHDRAW = "withdraw", "退会"
    LAPSE = "lapse", "自动退会"
    EXPEL = "expel", "开除会籍"
    DEATH = "death", "去世"
    CORRECT = "correct", "错误更正"
    REDATE = "redate", "更正除名（自动退会）日期"


class StandingState(LabelEnum):
    """How far a change of status is."""

    SUBMITTED = "submitted", "待审批"
    SCHEDULED = "scheduled", "已同意，待生效"
    DONE = "done", "已办结"
    RETURNED = "returned", "退回修改"
    REFUSED = "refused", "不予办理"
    WITHDRAWN = "withdrawn", "已撤回"


# the states in which a change is under way; a member has at most one
OPEN: tuple[StandingState, ...] = (StandingState.SUBMITTED, StandingState.SCHEDULED, StandingState.RETURNED)


class StandingChange(InUnit, Base):
    """One change of one member's status, from its asking to its end; the unit is hers when it was asked for.

    `data` holds what was written with it, by the names of `rules.FACTS`; after a correction the line that it took out
    of the record, too. `before` is what the correction of it would bring back.
    """

    __tablename__ = "standing_changes"
    SEAL_FAMILY: ClassVar[str] = "standing"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    kind: Mapped[ChangeKind] = mapped_column(label_enum(ChangeKind))
    state: Mapped[StandingState] = mapped_column(label_enum(StandingState), default=StandingState.SUBMITTED)
    effective_on: Mapped[date]
    data_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    data = sealed_json("data_sealed")

    asked_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)
    batch_id: Mapped[str | None] = mapped_column(String(36), index=True)  # of what was asked for at once
    filing_no: Mapped[str] = mapped_column(String(60), default="")  # 上级工会备案号 of an expulsion
    line_id: Mapped[int | None] = mapped_column(ForeignKey(MembershipChange.id))  # what it wrote, or is to correct
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    member: Mapped[Member] = relationship()
    line: Mapped[MembershipChange | None] = relationship()
    asker: Mapped[User | None] = relationship(foreign_keys=[asked_by])
    decider: Mapped[User | None] = relationship(foreign_keys=[decided_by])
    papers: Mapped[list[StandingPaper]] = relationship(back_populates="change", order_by="StandingPaper.id")

    __table_args__ = (
        CheckConstraint("filing_no = '' OR kind = 'expel'", name="filed_expulsion"),
        Index("ix_standing_changes_list", "state", "unit_id", "id"),
        Index("ix_standing_changes_due", "state", "effective_on"),
        Index(
            "uq_standing_changes_open",
            "member_id",
            unique=True,
            sqlite_where=state.in_(OPEN),
            postgresql_where=state.in_(OPEN),
        ),
    )

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def is_open(self) -> bool:
        """Whether it is under way."""
        return self.state in OPEN

    @property
    def is_wish(self) -> bool:
        """Whether the member has asked for it herself."""
        return "wish" in self.data

    @property
    def waits_for_talk(self) -> bool:
        """Whether she has asked to give up her membership, and the branch has not talked to her yet (4c)."""
        return (
            self.kind is ChangeKind.WITHDRAW
            and self.state is StandingState.SUBMITTED
            and self.asked_by is not None
            and self.asked_by == self.member.user_id
        )

    @property
    def is_correction(self) -> bool:
        """Whether it takes back what stands on record: the trace marks it."""
        return self.kind in (ChangeKind.CORRECT, ChangeKind.REDATE)

    @property
    def trace_label(self) -> str:
        """The change as the trace names it."""
        return f"{self.member.name}：{self.kind.label}"


class StandingPaper(Base):
    """A scan that came with a change: a private upload."""

    __tablename__ = "standing_papers"

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey(StandingChange.id), index=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey(Upload.id))
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    added_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))

    change: Mapped[StandingChange] = relationship(back_populates="papers")
    upload: Mapped[Upload] = relationship()
