"""Imports, what each of their rows says and has done, and which column of a sheet means which field."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import crypto
from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.uploads import Upload
from portal.members.models import Member
from portal.org.models import InUnit, User

FILE_NAME_MOST = 120  # characters
OPEN_FOR = timedelta(hours=24)  # a preview may be imported, an import undone
KEPT_FOR = timedelta(days=7)  # afterwards file and values are forgotten; what was written lies in the versions


class ImportState(LabelEnum):
    """How far an import is; it follows from what has been done with it."""

    MAPPING = "mapping", "待核对列"
    PREVIEW = "preview", "预览"
    IMPORTED = "imported", "已导入"
    UNDONE = "undone", "已撤销"
    EXPIRED = "expired", "已过期"


class Verdict(LabelEnum):
    """What becomes of a row."""

    NEW = "new", "新增"
    UPDATE = "update", "更新"
    TRANSFER = "transfer", "已在别处"
    DUPLICATE = "duplicate", "重复"
    ERROR = "error", "错误"


WRITTEN = (Verdict.NEW, Verdict.UPDATE)  # the others are listed only


class Import(InUnit, Base):
    """One file brought to a unit. `counts` has the number of rows by verdict, and of those with warnings.

    `numbers` holds for each counter of member numbers that the import has moved what it was before and after.
    """

    __tablename__ = "imports"
    SEAL_FAMILY: ClassVar[str] = "import"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    file_name: Mapped[str] = mapped_column(String(FILE_NAME_MOST))
    file_sha256: Mapped[str] = mapped_column(String(64), index=True)
    upload_id: Mapped[int | None] = mapped_column(ForeignKey(Upload.id))
    is_historic: Mapped[bool]
    has_consent: Mapped[bool]  # of each person to the family's fields, as the operator has ticked
    said_sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary
    )  # headings, mapping, what was left out; see uploading
    said = sealed_json("said_sealed")
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    uploaded_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    judged_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)  # given up, or forgotten by the clock

    batch_id: Mapped[str | None] = mapped_column(String(36), unique=True)
    numbers: Mapped[dict[str, list[int]]] = mapped_column(JSON, default=dict)
    committed_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    committed_at: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    undone_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)

    uploader: Mapped[User] = relationship(foreign_keys=[uploaded_by])
    committer: Mapped[User | None] = relationship(foreign_keys=[committed_by])
    undoer: Mapped[User | None] = relationship(foreign_keys=[undone_by])

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def state(self) -> ImportState:
        """How far it is."""
        if self.committed_at is not None:
            return ImportState.UNDONE if self.undone_at is not None else ImportState.IMPORTED
        if self.ended_at is not None:
            return ImportState.EXPIRED
        return ImportState.PREVIEW if self.judged_at is not None else ImportState.MAPPING

    @property
    def trace_label(self) -> str:
        """The import as the trace names it."""
        return f"会员导入（{self.file_name[:60]}）"

    @property
    def is_open(self) -> bool:
        """Whether its day is not over: a preview may be imported, what was imported undone."""
        since = self.committed_at or self.uploaded_at
        return now() < since + OPEN_FOR

    @classmethod
    def waits(cls) -> ColumnElement[bool]:
        """The condition of those that are neither written nor given up."""
        return cls.committed_at.is_(None) & cls.ended_at.is_(None)


class ImportRow(Base):
    """One row of the sheet by its number in Excel: its verdict, what it says, and whom it has touched.

    `data` (see `judging.Judged`) is forgotten after a week. The versions are those of the member before and after;
    `kept_reason` says why an undo has left the row as it is.
    """

    __tablename__ = "import_rows"
    SEAL_FAMILY: ClassVar[str] = "import_row"

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey(Import.id))
    number: Mapped[int]
    verdict: Mapped[Verdict] = mapped_column(label_enum(Verdict))
    is_warned: Mapped[bool]
    data_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    data = sealed_json("data_sealed")
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id), index=True)
    application_id: Mapped[int | None]  # of a room above, which this floor does not know
    version_before: Mapped[int | None]
    version_after: Mapped[int | None]
    kept_reason: Mapped[str] = mapped_column(String(200), default="")

    batch: Mapped[Import] = relationship()  # not joined: ten thousand rows would each bring it
    member: Mapped[Member | None] = relationship()

    __table_args__ = (
        UniqueConstraint("import_id", "number", name="uq_import_rows_number"),
        Index("ix_import_rows_verdict", "import_id", "verdict", "number"),
    )

    @property
    def uuid(self) -> str:
        """What the ciphertext is bound to."""
        return row_identity(self.batch.uuid, self.number)


def opened(import_uuid: str, number: int, stored: bytes) -> dict[str, Any]:
    """Return what the row `number` of an import says, of a row that was read by columns."""
    place = f"{ImportRow.SEAL_FAMILY}|data|{row_identity(import_uuid, number)}"
    said: dict[str, Any] = json.loads(crypto.open_sealed(stored, bound_to=place))
    return said


def row_identity(import_uuid: str, number: int) -> str:
    """Return what the ciphertext of the row `number` of an import is bound to."""
    return f"{import_uuid}/{number}"


class ColumnMapping(InUnit, Base):
    """Which column means which field on sheets of a unit with these headings; confirmed by somebody once."""

    __tablename__ = "column_mappings"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, str | None]] = mapped_column(JSON)  # place of the column -> field, None: left out
    confirmed_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    confirmed_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    __table_args__ = (UniqueConstraint("unit_id", "fingerprint", name="uq_column_mappings_headings"),)
