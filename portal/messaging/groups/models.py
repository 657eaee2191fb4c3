"""A group: people who are named, or a question that finds them, with people added to it and taken out by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime
from portal.members.models import Member
from portal.org.models import InUnit, User
from portal.query.definitions.models import Definition

NAME_MOST = 40  # characters


class Group(InUnit, Base):
    """Whom a message may be sent to: `unit` keeps it, and whoever works below may use it too where it `is_shared`.

    The question is a saved definition, a preset by its key, or one of the group's own; without any of them the group
    has the people who were added and no others. A withdrawn one is kept for the trace.
    """

    __tablename__ = "message_groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_MOST))
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    is_shared: Mapped[bool] = mapped_column(default=False)
    definition_id: Mapped[int | None] = mapped_column(ForeignKey(Definition.id))
    preset: Mapped[str] = mapped_column(String(20), default="")
    question: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()
    definition: Mapped[Definition | None] = relationship()
    people: Mapped[list[GroupPerson]] = relationship(back_populates="group", order_by="GroupPerson.id")

    @property
    def is_asked(self) -> bool:
        """Whether a question finds its people."""
        return bool(self.definition_id or self.preset or self.question is not None)

    @property
    def trace_label(self) -> str:
        """The group as the trace names it."""
        return f"分组“{self.name}”"


class GroupPerson(Base):
    """Somebody who was added to a group by hand, or taken out of what its question finds (`is_out`)."""

    __tablename__ = "message_group_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id))
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id, ondelete="CASCADE"), index=True)
    is_out: Mapped[bool] = mapped_column(default=False)
    added_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    added_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    group: Mapped[Group] = relationship(back_populates="people")
    member: Mapped[Member] = relationship()
    adder: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("group_id", "member_id", name="uq_message_group_people_member"),)
