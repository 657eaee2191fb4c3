"""Saved questions and their versions; a version is written once and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.org.models import InUnit, User

LONGEST_NAME, LONGEST_NOTE = 40, 300


class Reach(LabelEnum):
    """Who finds a definition in the list: the owner; the unit and whoever is below it; everybody."""

    PRIVATE = "private", "仅自己"
    SHARED = "shared", "本单位及以下共用"
    OFFICIAL = "official", "官方"


class Definition(InUnit, Base):
    """A question with a name. `unit` is where it is shared, the root for an official one.

    `note` says in words what is counted. A withdrawn one is in no list any more; it is kept for the trace.
    """

    __tablename__ = "definitions"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    reach: Mapped[Reach] = mapped_column(label_enum(Reach))
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()
    versions: Mapped[list[DefinitionVersion]] = relationship(
        back_populates="definition", order_by="DefinitionVersion.number"
    )

    @property
    def present(self) -> DefinitionVersion:
        """The version that is run."""
        return self.versions[-1]

    @property
    def trace_label(self) -> str:
        """The definition as the trace names it."""
        return f"口径“{self.name}”"


class DefinitionVersion(Base):
    """What a definition asked from `recorded_at` on: the question with its blanks, the columns and the order."""

    __tablename__ = "definition_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey(Definition.id))
    number: Mapped[int]
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    blanks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    columns: Mapped[list[str]] = mapped_column(JSON)
    sort: Mapped[str] = mapped_column(String(40), default="")
    recorded_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    recorded_by: Mapped[int] = mapped_column(ForeignKey(User.id))

    definition: Mapped[Definition] = relationship(back_populates="versions")
    recorder: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("definition_id", "number", name="uq_definition_versions_number"),)
