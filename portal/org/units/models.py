"""What units were called and when, which branch a department of HR belongs to, and sheets of units as brought."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.calendar import now
from portal.core.db import OPEN_END, Base, UtcTime, new_uuid
from portal.org.models import InUnit, User

NAME_MOST, DEPARTMENT_MOST = 120, 60  # characters, as of a unit and of a member
BEGINNING = date(1, 1, 1)  # since when a unit has had the name it had before anything was written down


def plain(text: str) -> str:
    """Return `text` as names of units and departments are compared: half-width, without spaces, in small letters."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


class UnitName(InUnit, Base):
    """A unit's name from `valid_from` up to but not including `valid_to`.

    The lines of a unit join without gaps; a unit that was never renamed has none. A line of the future waits, and the
    clock applies it on its day.
    """

    __tablename__ = "unit_names"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_MOST), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date] = mapped_column(default=OPEN_END)
    recorded_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="some_day"),
        UniqueConstraint("unit_id", "valid_from", name="uq_unit_names_day"),
    )


class Department(InUnit, Base):
    """A department, as HR writes it, belongs to the unit from `valid_from` up to but not including `valid_to`.

    Several departments may form one branch, and one department may be divided among several.
    """

    __tablename__ = "departments"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(DEPARTMENT_MOST))
    key: Mapped[str] = mapped_column(String(DEPARTMENT_MOST * 2), index=True)  # as `plain` has the name
    valid_from: Mapped[date]
    valid_to: Mapped[date] = mapped_column(default=OPEN_END)

    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="some_day"),
        Index("ix_departments_unit_key", "unit_id", "key"),
    )

    @property
    def trace_label(self) -> str:
        """The line as the trace names it."""
        return f"{self.name} → {self.unit.name}"


class UnitSheet(InUnit, Base):
    """A sheet of units that someone has brought: seen first, then imported as a whole or not at all.

    `unit_id` is the unit below which lines without 上级代码 go; `lines` are [row, name, code, parent, kind, phone] as
    they were written; `uuid` is the batch in the trace.
    """

    __tablename__ = "unit_sheets"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), default=new_uuid)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    file: Mapped[str] = mapped_column(String(120))
    lines: Mapped[list[list[Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    imported_at: Mapped[datetime | None] = mapped_column(UtcTime)

    @property
    def trace_label(self) -> str:
        """The sheet as the trace names it."""
        return f"组织名单 {self.file}"
