"""The proposal committee of a congress, and the departments that answer with their people and leaders in charge."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from portal.core.calendar import today
from portal.core.db import Base, label_enum
from portal.core.enums import LabelEnum
from portal.org.models import Grant, InUnit

from ..models import NAME_MOST, Congress, Person


class CommitteePost(LabelEnum):
    """What somebody is in the proposal committee."""

    HEAD = "head", "主任"
    DEPUTY = "deputy", "副主任"
    MEMBER = "member", "委员"


class HandlerPost(LabelEnum):
    """What somebody is to a department that answers proposals."""

    CLERK = "clerk", "经办人"
    HEAD = "head", "负责人"
    LEADER = "leader", "分管校领导"


class Office(InUnit):
    """An office of a person from `starts` up to and including `ends` (None: open), and the grant that goes with it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    starts: Mapped[date]
    ends: Mapped[date | None]

    @declared_attr
    def person_id(cls) -> Mapped[int]:
        """Whose it is."""
        return mapped_column(ForeignKey(Person.id), index=True)

    @declared_attr
    def person(cls) -> Mapped[Person]:
        """The person herself."""
        return relationship(Person, lazy="joined", innerjoin=True)

    @declared_attr
    def grant_id(cls) -> Mapped[int | None]:
        """The grant that came with it; None where she has no account yet."""
        return mapped_column(ForeignKey(Grant.id))

    @declared_attr
    def grant(cls) -> Mapped[Grant | None]:
        """The grant itself."""
        return relationship(Grant)

    def holds_on(self, day: date | None = None) -> bool:
        """Whether it is held on `day`, by default today."""
        day = day or today()
        return self.starts <= day and (self.ends is None or day <= self.ends)


class CommitteeMember(Office, Base):
    """Somebody in the 提案委员会 of a congress."""

    __tablename__ = "committee_members"

    congress_id: Mapped[int] = mapped_column(ForeignKey(Congress.id), index=True)
    post: Mapped[CommitteePost] = mapped_column(label_enum(CommitteePost))

    congress: Mapped[Congress] = relationship()

    __table_args__ = (CheckConstraint("ends IS NULL OR ends >= starts", name="ends_after_start"),)

    @property
    def title(self) -> str:
        """What she is."""
        return f"{self.congress.title}提案委员会{self.post.label}"

    @property
    def trace_label(self) -> str:
        """The office as the trace names it."""
        return f"{self.person.called}（{self.title}）"


class HandlingDepartment(InUnit, Base):
    """A department that answers proposals (承办部门), as the main one or assisting; it outlives a congress."""

    __tablename__ = "handling_departments"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_MOST))
    is_enabled: Mapped[bool] = mapped_column(default=True)

    people: Mapped[list[Handler]] = relationship(back_populates="department", order_by="Handler.id")

    __table_args__ = (UniqueConstraint("unit_id", "name", name="uq_handling_departments_name"),)

    @property
    def trace_label(self) -> str:
        """The department as the trace names it."""
        return self.name


class Handler(Office, Base):
    """Somebody who answers for a department, or the leader of the school in charge of it."""

    __tablename__ = "handlers"

    department_id: Mapped[int] = mapped_column(ForeignKey(HandlingDepartment.id), index=True)
    post: Mapped[HandlerPost] = mapped_column(label_enum(HandlerPost))

    department: Mapped[HandlingDepartment] = relationship(back_populates="people")

    __table_args__ = (CheckConstraint("ends IS NULL OR ends >= starts", name="ends_after_start"),)

    @property
    def title(self) -> str:
        """What she is."""
        return f"{self.department.name}{self.post.label}"

    @property
    def trace_label(self) -> str:
        """The office as the trace names it."""
        return f"{self.person.called}（{self.title}）"
