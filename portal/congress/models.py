"""A congress (届), its sessions, delegations and delegates; what one congress decides by stands in its own `rules`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now, today
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.members.models import Member, UnionPost
from portal.org.models import InUnit, User

NAME_MOST, PLACE_MOST, WHY_MOST, FILE_NAME_MOST = 50, 60, 200, 120  # characters
OPEN_FOR = timedelta(hours=24)  # a preview may be recorded, what was recorded taken back


class SessionState(LabelEnum):
    """How far a session is."""

    PLANNED = "planned", "筹备中"
    CALLED = "called", "已通知召开"
    OPEN = "open", "开会中"
    CLOSED = "closed", "已闭幕"
    CANCELLED = "cancelled", "已取消"


class Collecting(LabelEnum):
    """Whether proposals are taken on a day: in the days of grace those that were begun in time."""

    UNSET = "unset", "未定"
    BEFORE = "before", "未开始"
    OPEN = "open", "征集中"
    GRACE = "grace", "宽限期"
    OVER = "over", "已截止"


class DelegateKind(LabelEnum):
    """As what somebody takes part; a formal one alone votes, proposes and counts."""

    FORMAL = "formal", "正式代表"
    OBSERVER = "observer", "列席代表"
    GUEST = "guest", "特邀代表"


class DelegationPost(LabelEnum):
    """What a delegate is in her delegation."""

    NONE = "none", "团员"
    HEAD = "head", "团长"
    DEPUTY = "deputy", "副团长"


class Vacated(LabelEnum):
    """Why a seat became empty before the end of the congress."""

    LEFT_SCHOOL = "left_school", "调离学校"
    RETIRED = "retired", "退休"
    DIED = "died", "去世"
    RESIGNED = "resigned", "辞去代表"
    RECALLED = "recalled", "撤换"
    OTHER = "other", "其他"


class Present(LabelEnum):
    """How a delegate is written down for a session; who is not written down is absent."""

    PRESENT = "present", "到会"
    EXCUSED = "excused", "请假"


class ImportState(LabelEnum):
    """How far a list of delegates is; it follows from what has been done with it."""

    PREVIEW = "preview", "预览"
    RECORDED = "recorded", "已导入"
    UNDONE = "undone", "已撤销"
    EXPIRED = "expired", "已作废"


class Congress(InUnit, Base):
    """One 届 of a union: `number` 8 is 第八届; `ends` is its last day.

    `rules` are the settings of `rules.COPIED` by name, as they were when it was opened: what is set later is for
    the next congress.
    """

    __tablename__ = "congresses"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    starts: Mapped[date]
    ends: Mapped[date]
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)

    sessions: Mapped[list[CongressSession]] = relationship(back_populates="congress", order_by="CongressSession.number")
    delegations: Mapped[list[Delegation]] = relationship(back_populates="congress", order_by="Delegation.place")
    delegates: Mapped[list[Delegate]] = relationship(back_populates="congress", order_by="Delegate.id")

    __table_args__ = (
        UniqueConstraint("unit_id", "number", name="uq_congresses_number"),
        CheckConstraint("ends > starts", name="ends_after_start"),
    )

    def rule(self, name: str) -> int:
        """Return one of its own settings, by the name in the table of settings; yes is 1."""
        return int(self.rules[name])

    @property
    def title(self) -> str:
        """What it is called: 第八届教职工代表大会."""
        return f"第{in_words(self.number)}届教职工代表大会"

    @property
    def trace_label(self) -> str:
        """The congress as the trace names it."""
        return self.title

    def is_present(self, day: date | None = None) -> bool:
        """Whether it is in office on `day`, by default today."""
        return self.starts <= (day or today()) <= self.ends


class CongressSession(InUnit, Base):
    """One 次会议 of a congress, and the days in which it collects proposals.

    A proposal names the session that it was handed in for. `grace_days` are days after `collects_until` in which what
    was begun in time may still be handed in.
    """

    __tablename__ = "congress_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    congress_id: Mapped[int] = mapped_column(ForeignKey(Congress.id), index=True)
    number: Mapped[int]
    state: Mapped[SessionState] = mapped_column(label_enum(SessionState), default=SessionState.PLANNED)
    held_on: Mapped[date | None]
    place: Mapped[str] = mapped_column(String(PLACE_MOST), default="")
    collects_from: Mapped[date | None]
    collects_until: Mapped[date | None]
    grace_days: Mapped[int] = mapped_column(default=0)

    congress: Mapped[Congress] = relationship(back_populates="sessions", lazy="joined", innerjoin=True)
    attendances: Mapped[list[Attendance]] = relationship(back_populates="session", order_by="Attendance.id")

    __table_args__ = (
        UniqueConstraint("congress_id", "number", name="uq_congress_sessions_number"),
        CheckConstraint("collects_until >= collects_from", name="collects_in_order"),
    )

    @property
    def title(self) -> str:
        """What it is called: 第八届教职工代表大会第二次会议."""
        return f"{self.congress.title}第{in_words(self.number)}次会议"

    @property
    def code(self) -> str:
        """What a proposal's number says of it: 0802."""
        return f"{self.congress.number:02d}{self.number:02d}"

    @property
    def trace_label(self) -> str:
        """The session as the trace names it."""
        return self.title

    def collecting(self, day: date | None = None) -> Collecting:
        """Return whether proposals are taken on `day`, by default today."""
        day = day or today()
        if self.collects_from is None or self.collects_until is None or self.state is SessionState.CANCELLED:
            return Collecting.UNSET
        if day < self.collects_from:
            return Collecting.BEFORE
        if day <= self.collects_until:
            return Collecting.OPEN
        return Collecting.GRACE if day <= self.collects_until + timedelta(self.grace_days) else Collecting.OVER


class Delegation(Base):
    """A 代表团 of a congress; `place` is its place in every list. Who heads it says the delegate's own row."""

    __tablename__ = "delegations"

    id: Mapped[int] = mapped_column(primary_key=True)
    congress_id: Mapped[int] = mapped_column(ForeignKey(Congress.id))
    place: Mapped[int]
    name: Mapped[str] = mapped_column(String(NAME_MOST))

    congress: Mapped[Congress] = relationship(back_populates="delegations")
    delegates: Mapped[list[Delegate]] = relationship(back_populates="delegation", order_by="Delegate.id")

    __table_args__ = (UniqueConstraint("congress_id", "name", name="uq_delegations_name"),)


class Person(InUnit, Base):
    """Somebody of the staff who takes part, a member of the union or not.

    A member's facts are read from her own record; the columns here are those of somebody who is none. `account` is
    how she signs in: a member's own, or `user`.
    """

    __tablename__ = "congress_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), unique=True)
    name: Mapped[str | None] = mapped_column(String(NAME_MOST))
    staff_no: Mapped[str | None] = mapped_column(String(20))
    sex: Mapped[str | None] = mapped_column(String(1))
    birth_date: Mapped[date | None]
    ethnicity: Mapped[str | None] = mapped_column(String(2))
    post_category: Mapped[str | None] = mapped_column(String(1))
    department: Mapped[str | None] = mapped_column(String(60))

    member: Mapped[Member | None] = relationship()
    user: Mapped[User | None] = relationship()

    __table_args__ = (
        UniqueConstraint("unit_id", "staff_no", name="uq_congress_people_staff_no"),
        CheckConstraint("member_id IS NOT NULL OR name IS NOT NULL", name="member_or_named"),
    )

    @property
    def who(self) -> Member | Person:
        """Whoever says name, 工号, sex, birth date, ethnicity, post and department: the member, or this row."""
        return self.member or self

    @property
    def called(self) -> str:
        """Her name."""
        return str(self.who.name)

    @property
    def account(self) -> User | None:
        """The account that she signs in with, if there is one."""
        return self.member.user if self.member is not None else self.user

    @property
    def trace_label(self) -> str:
        """She as the trace names her."""
        return self.called


class DelegateImport(InUnit, Base):
    """A list of delegates from a file. `lines` are its rows as `importing.Line.plain` says them, sealed, and forgotten
    once it is settled; `counts` has the rows by verdict."""

    __tablename__ = "delegate_imports"
    SEAL_FAMILY: ClassVar[str] = "delegate_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    congress_id: Mapped[int] = mapped_column(ForeignKey(Congress.id), index=True)
    file_name: Mapped[str] = mapped_column(String(FILE_NAME_MOST))
    lines_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    lines = sealed_json("lines_sealed")
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    uploaded_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    recorded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)  # taken back, given up, or forgotten by the clock

    congress: Mapped[Congress] = relationship()
    uploader: Mapped[User] = relationship()

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def state(self) -> ImportState:
        """How far it is."""
        if self.recorded_at is not None:
            return ImportState.RECORDED if self.ended_at is None else ImportState.UNDONE
        return ImportState.PREVIEW if self.ended_at is None else ImportState.EXPIRED

    @property
    def is_open(self) -> bool:
        """Whether its day is not over: a preview may be recorded, what was recorded taken back."""
        return now() < (self.recorded_at or self.uploaded_at) + OPEN_FOR

    @property
    def trace_label(self) -> str:
        """The list as the trace names it."""
        return f"代表名单（{self.file_name[:60]}）"


class Delegate(InUnit, Base):
    """A seat of a congress from `starts` up to and including `ends`.

    `vacated` says why it became empty early; then `ends` was moved to that day, and a formal seat is a vacancy until
    another row `replaces` it. A member's seat has its `post` among the union's posts (field 30, groups of messages).
    A proposal names its author and its seconders by these rows.
    """

    __tablename__ = "delegates"

    id: Mapped[int] = mapped_column(primary_key=True)
    congress_id: Mapped[int] = mapped_column(ForeignKey(Congress.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    delegation_id: Mapped[int] = mapped_column(ForeignKey(Delegation.id), index=True)
    kind: Mapped[DelegateKind] = mapped_column(label_enum(DelegateKind))
    delegation_post: Mapped[DelegationPost] = mapped_column(label_enum(DelegationPost), default=DelegationPost.NONE)
    starts: Mapped[date]
    ends: Mapped[date]
    vacated: Mapped[Vacated | None] = mapped_column(label_enum(Vacated))
    why: Mapped[str] = mapped_column(String(WHY_MOST), default="")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("delegates.id"), unique=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey(DelegateImport.id), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey(UnionPost.id), unique=True)
    made_post: Mapped[bool] = mapped_column(default=False)  # the post came with the seat, and goes if it is undone

    congress: Mapped[Congress] = relationship(back_populates="delegates", lazy="joined", innerjoin=True)
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    delegation: Mapped[Delegation] = relationship(back_populates="delegates", lazy="joined", innerjoin=True)
    replaces: Mapped[Delegate | None] = relationship(remote_side=[id], back_populates="replaced_by")
    replaced_by: Mapped[Delegate | None] = relationship(back_populates="replaces", uselist=False)
    post: Mapped[UnionPost | None] = relationship()

    __table_args__ = (
        CheckConstraint("ends >= starts", name="ends_after_start"),
        Index(
            "uq_delegates_seat",
            "congress_id",
            "person_id",
            unique=True,
            sqlite_where=vacated.is_(None),
            postgresql_where=vacated.is_(None),
        ),
        Index(
            "uq_delegates_head",
            "delegation_id",
            unique=True,
            sqlite_where=(delegation_post == DelegationPost.HEAD) & vacated.is_(None),
            postgresql_where=(delegation_post == DelegationPost.HEAD) & vacated.is_(None),
        ),
    )

    def sits_on(self, day: date | None = None) -> bool:
        """Whether the seat is held on `day`, by default today."""
        return self.starts <= (day or today()) <= self.ends

    @classmethod
    def sitting(cls, day: date) -> ColumnElement[bool]:
        """The condition of the seats that are held on `day`."""
        return (cls.starts <= day) & (cls.ends >= day)

    @property
    def is_vacancy(self) -> bool:
        """Whether a formal seat is empty and nobody has come after."""
        return self.vacated is not None and self.kind is DelegateKind.FORMAL and self.replaced_by is None

    @property
    def trace_label(self) -> str:
        """The seat as the trace names it."""
        return f"{self.person.called}（{self.congress.title}{self.kind.label}）"


class Attendance(Base):
    """That a delegate came to a session, or was excused."""

    __tablename__ = "congress_attendances"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey(CongressSession.id))
    delegate_id: Mapped[int] = mapped_column(ForeignKey(Delegate.id), index=True)
    present: Mapped[Present] = mapped_column(label_enum(Present))
    noted_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    session: Mapped[CongressSession] = relationship(back_populates="attendances")
    delegate: Mapped[Delegate] = relationship()

    __table_args__ = (UniqueConstraint("session_id", "delegate_id", name="uq_congress_attendances_seat"),)


_DIGITS = "零一二三四五六七八九"


def in_words(number: int) -> str:
    """Return a number from 1 to 99 as a title says it: 十二."""
    tens, ones = divmod(number, 10)
    return ("十" if tens == 1 else f"{_DIGITS[tens]}十" if tens else "") + (_DIGITS[ones] if ones or not tens else "")
