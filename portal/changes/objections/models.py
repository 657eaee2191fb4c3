"""Objections: against one edit of one's own record, within some days, answered or set back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.members.catalogue import FIELD
from portal.members.models import Member, MemberVersion
from portal.org.models import InUnit


class ObjectionState(LabelEnum):
    """Where an objection stands."""

    WAITING_BRANCH = "waiting_branch", "待分工会答复"
    WAITING_UNION = "waiting_union", "待校工会答复"
    ANSWERED = "answered", "已答复"
    SET_BACK = "set_back", "已改回"
    WITHDRAWN = "withdrawn", "已撤回"


WAITING = (ObjectionState.WAITING_BRANCH, ObjectionState.WAITING_UNION)


class Objection(InUnit, Base):
    """A member's objection to the edit that wrote `version_id` after `before_id`; `fields` are the names."""

    __tablename__ = "objections"
    SEAL_FAMILY: ClassVar[str] = "objection"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(MemberVersion.id), unique=True)
    before_id: Mapped[int] = mapped_column(ForeignKey(MemberVersion.id))
    fields: Mapped[str] = mapped_column(String(1000))  # catalogue names, with commas between
    state: Mapped[ObjectionState] = mapped_column(label_enum(ObjectionState))
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    text = sealed("text_sealed")
    filed_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answer: Mapped[str] = mapped_column(String(500), default="")

    member: Mapped[Member] = relationship()
    version: Mapped[MemberVersion] = relationship(foreign_keys=[version_id])
    before: Mapped[MemberVersion] = relationship(foreign_keys=[before_id])

    __table_args__ = (Index("ix_objections_list", "state", "unit_id", "id"),)

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def names(self) -> list[str]:
        """The catalogue names of what was edited."""
        return self.fields.split(",")

    @property
    def labels(self) -> str:
        """The same in words."""
        return "、".join(FIELD[name].label for name in self.names)

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has answered yet."""
        return self.state in WAITING

    @property
    def trace_label(self) -> str:
        """The objection as the trace names it."""
        return f"{self.member.name}的异议：{self.labels}"
