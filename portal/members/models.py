"""A member as she is today, as she was, and what happened to her membership.

`Member` and `MemberVersion` share their columns; only `members.history` writes either.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed, sealed_json
from portal.core.db import OPEN_END, Base, UtcTime, label_enum, new_uuid
from portal.core.uploads import Upload
from portal.org.models import InUnit, OrgUnit, User

from .enums import ChangeReason, ChangeType, MembershipStatus, PostKind

if TYPE_CHECKING:
    from portal.core.fields import Field


class MemberColumns:
    """The columns a member has today and has had on any day; named as the catalogue's fields, the branch is `unit_id`.

    A code is stored as the text of its standard. A name that ends in `_sealed` is ciphertext; the property without
    the ending opens it (rows and composites as plain JSON, see `kinds.from_plain`).
    """

    SEAL_FAMILY: ClassVar[str] = "member"  # the same for both tables, so that a version copies the ciphertext

    uuid: Mapped[str]

    # 基本信息
    name: Mapped[str] = mapped_column(String(50))
    sex: Mapped[str | None] = mapped_column(String(1))
    birth_date: Mapped[date | None]
    ethnicity: Mapped[str | None] = mapped_column(String(2))
    native_place: Mapped[str | None] = mapped_column(String(100))
    political_status: Mapped[str | None] = mapped_column(String(2))

    # 证件与户籍
    id_type: Mapped[str] = mapped_column(String(1))
    id_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_number = sealed("id_number_sealed")
    household_type: Mapped[str | None] = mapped_column(String(2))
    household_place: Mapped[str | None] = mapped_column(String(100))

    # 工作信息
    staff_no: Mapped[str | None] = mapped_column(String(20))
    department: Mapped[str | None] = mapped_column(String(60))
    employment_form: Mapped[str | None] = mapped_column(String(1))
    dispatch_company: Mapped[str | None] = mapped_column(String(60))
    employment_status: Mapped[str | None] = mapped_column(String(1))
    post_category: Mapped[str | None] = mapped_column(String(1))
    admin_duty: Mapped[str | None] = mapped_column(String(50))
    admin_rank: Mapped[str | None] = mapped_column(String(1))
    work_start_date: Mapped[date | None]
    school_entry_date: Mapped[date | None]
    dues_base_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    dues_base = sealed("dues_base_sealed")
    is_migrant_worker: Mapped[bool | None]

    # 教育与职称
    education: Mapped[str | None] = mapped_column(String(2))
    degree: Mapped[str | None] = mapped_column(String(3))
    prof_title: Mapped[str | None] = mapped_column(String(8))
    title_level: Mapped[str | None] = mapped_column(String(3))
    skill_level: Mapped[str | None] = mapped_column(String(1))

    # 会籍
    member_no: Mapped[str | None] = mapped_column(String(40))
    join_date: Mapped[date | None]
    membership_status: Mapped[str] = mapped_column(String(16), default=MembershipStatus.ACTIVE.value)

    # 婚育与家庭
    marital_status: Mapped[str | None] = mapped_column(String(2))
    spouse_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    spouse = sealed_json("spouse_sealed")
    children_count: Mapped[int | None]
    children_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    children = sealed_json("children_sealed")
    family_planning: Mapped[str | None] = mapped_column(String(1))
    family_planning_text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    family_planning_text = sealed("family_planning_text_sealed")
    family_members_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    family_members = sealed_json("family_members_sealed")

    # 联系与兴趣
    mobile_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    mobile = sealed("mobile_sealed")
    home_address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    home_address = sealed("home_address_sealed")
    hobbies: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    honors_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    honors = sealed_json("honors_sealed")

    # 简历与备注
    resume_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    resume = sealed_json("resume_sealed")
    remark: Mapped[str | None] = mapped_column(String(500))

    # 内部
    counted_here: Mapped[bool] = mapped_column(default=True)
    retire_track: Mapped[str | None] = mapped_column(String(8))
    retire_date_hr: Mapped[date | None]
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)

    @declared_attr
    def photo(cls) -> Mapped[int | None]:
        """The number of the upload that shows the member."""
        return mapped_column(ForeignKey(Upload.id))


# what is asked for and counted most, in one index: a question of codes is answered from it, a tenth of the table's size
CODES = (
    "sex", "birth_date", "political_status", "ethnicity", "education", "degree", "title_level", "prof_title",
    "skill_level", "post_category", "admin_rank", "employment_form", "employment_status", "marital_status",
    "children_count", "family_planning", "join_date", "school_entry_date", "is_migrant_worker", "household_type",
    "retire_track", "retire_date_hr",
)  # fmt: skip


class Member(MemberColumns, InUnit, Base):
    """A member of the union as she is today. The status says whether she still is one; nobody is deleted."""

    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))

    # for finding only: pinyin without spaces, its initials, the name without dots and spaces, keyed indexes
    name_pinyin: Mapped[str] = mapped_column(String(300))
    name_initials: Mapped[str] = mapped_column(String(50))
    name_plain: Mapped[str] = mapped_column(String(50))
    id_index: Mapped[str | None] = mapped_column(String(64))
    id_tail_index: Mapped[str | None] = mapped_column(String(64), index=True)
    mobile_index: Mapped[str | None] = mapped_column(String(64), index=True)
    mobile_tail_index: Mapped[str | None] = mapped_column(String(64), index=True)

    user: Mapped[User | None] = relationship(User)
    versions: Mapped[list[MemberVersion]] = relationship(
        back_populates="member", order_by="MemberVersion.id", foreign_keys="MemberVersion.member_id"
    )
    changes: Mapped[list[MembershipChange]] = relationship(
        back_populates="member", order_by="(MembershipChange.on_date, MembershipChange.id)"
    )
    posts: Mapped[list[UnionPost]] = relationship(back_populates="member", order_by="(UnionPost.starts, UnionPost.id)")
    child_births: Mapped[list[ChildBirth]] = relationship(
        back_populates="member", order_by="ChildBirth.id", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("id_type", "id_index", name="uq_members_document"),
        UniqueConstraint("member_no", name="uq_members_member_no"),
        UniqueConstraint("staff_no", name="uq_members_staff_no"),
        UniqueConstraint("user_id", name="uq_members_user_id"),
        Index("ix_members_list", "unit_id", "membership_status", "name_pinyin", "id"),
        Index("ix_members_name", "membership_status", "name_pinyin", "id"),
        Index("ix_members_same_name", "name_pinyin", "name"),
        Index("ix_members_id_index", "id_index"),
        Index("ix_members_codes", "membership_status", "counted_here", "unit_id", *CODES),
    )

    def __init__(self, **columns: Any) -> None:
        # the identity stands before any sealed column is set, because ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def trace_label(self) -> str:
        """The member as the trace names her."""
        return f"{self.name}（{self.member_no or '会员证号待定'}）"


class MemberVersion(MemberColumns, InUnit, Base):
    """The member's columns as they held from `valid_from` up to but not including `valid_to`.

    As of day D: `valid_from <= D < valid_to AND superseded_at IS NULL`. A superseded row is what was known before.
    """

    __tablename__ = "member_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    uuid: Mapped[str] = mapped_column(String(36))
    valid_from: Mapped[date]
    valid_to: Mapped[date] = mapped_column(default=OPEN_END)
    recorded_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    batch_id: Mapped[str | None] = mapped_column(String(36))
    reason: Mapped[str] = mapped_column(String(200), default="")

    member: Mapped[Member] = relationship(back_populates="versions", foreign_keys=[member_id])
    recorder: Mapped[User | None] = relationship(User, foreign_keys=[recorded_by])

    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="some_day"),
        Index("ix_member_versions_day", "member_id", "valid_from", "superseded_at"),
        Index("ix_member_versions_batch", "batch_id"),
        Index(
            "ix_member_versions_codes",
            "membership_status",
            "counted_here",
            "valid_to",
            "valid_from",
            "superseded_at",
            "unit_id",
            "member_id",
            *CODES,
        ),
        # two writers who both think theirs is the present version meet here
        Index(
            "uq_member_versions_present",
            "member_id",
            unique=True,
            sqlite_where=(valid_to == OPEN_END) & superseded_at.is_(None),
            postgresql_where=(valid_to == OPEN_END) & superseded_at.is_(None),
        ),
    )


class MembershipChange(Base):
    """One line of 会籍变化记录: what happened to the membership on `on_date`, from and to which unit."""

    __tablename__ = "membership_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id))
    kind: Mapped[ChangeType] = mapped_column(label_enum(ChangeType))
    on_date: Mapped[date]
    reason: Mapped[ChangeReason | None] = mapped_column(label_enum(ChangeReason))
    from_unit_id: Mapped[int | None] = mapped_column(ForeignKey(OrgUnit.id))
    to_unit_id: Mapped[int | None] = mapped_column(ForeignKey(OrgUnit.id))
    recorded_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))

    member: Mapped[Member] = relationship(back_populates="changes")
    from_unit: Mapped[OrgUnit | None] = relationship(foreign_keys=[from_unit_id])
    to_unit: Mapped[OrgUnit | None] = relationship(foreign_keys=[to_unit_id])
    recorder: Mapped[User | None] = relationship(foreign_keys=[recorded_by])

    __table_args__ = (
        Index("ix_membership_changes_member", "member_id", "on_date"),
        Index("ix_membership_changes_day", "on_date", "kind"),
    )


class UnionPost(Base):
    """A post held in the union from `starts` up to and including `ends` (None: open): the only truth about field 30."""

    __tablename__ = "union_posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    kind: Mapped[PostKind] = mapped_column(label_enum(PostKind))
    unit_id: Mapped[int] = mapped_column(ForeignKey(OrgUnit.id), index=True)
    title: Mapped[str] = mapped_column(String(60), default="")
    term: Mapped[str] = mapped_column(String(20), default="")
    starts: Mapped[date]
    ends: Mapped[date | None]

    member: Mapped[Member] = relationship(back_populates="posts")
    unit: Mapped[OrgUnit] = relationship()

    __table_args__ = (CheckConstraint("ends IS NULL OR ends >= starts", name="ends_after_start"),)

    @property
    def trace_label(self) -> str:
        """The post as the trace names it."""
        return f"{self.member.name}·{self.unit.name}{self.kind.label}"

    def holds_on(self, day: date) -> bool:
        """Whether the post is held on `day`."""
        return self.starts <= day and (self.ends is None or day <= self.ends)


class ChildBirth(Base):
    """A child's birth date and sex beside the sealed rows, for queries alone."""

    __tablename__ = "child_births"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    birth_date: Mapped[date] = mapped_column(index=True)
    sex: Mapped[str | None] = mapped_column(String(1))

    member: Mapped[Member] = relationship(back_populates="child_births")


class NumberCounter(Base):
    """The last number given in a scope such as "member_no:GH:2026"; locked while the next is taken."""

    __tablename__ = "number_counters"

    scope: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class SearchText(Base):
    """A search for a number, kept here so that it never stands in an address; the address carries `token`."""

    __tablename__ = "search_texts"
    SEAL_FAMILY: ClassVar[str] = "search"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(22), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    text = sealed("text_sealed")

    @property
    def uuid(self) -> str:
        """What the ciphertext is bound to."""
        return self.token


# Names of columns whose stored form is ciphertext: the trace never shows their values.
SEALED: frozenset[str] = frozenset(
    name.removesuffix("_sealed") for name in MemberColumns.__annotations__ if name.endswith("_sealed")
)
# Every column that both tables carry.
SHARED: tuple[str, ...] = tuple(
    column.name
    for column in MemberVersion.__table__.columns
    if column.name in Member.__table__.columns and column.name != "id"
)


def stored_name(field: Field) -> str:
    """Return the name of the database column of a catalogue field."""
    return f"{field.column_name}_sealed" if field.column_name in SEALED else field.column_name
