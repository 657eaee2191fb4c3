"""Comparisons of a personnel office's list with the members, and what each of them has found."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.uploads import Upload
from portal.members.models import Member
from portal.org.models import InUnit, OrgUnit, User

from .matters.models import Matter

FILE_NAME_MOST, NOTE_MOST = 120, 200  # characters


class Kind(LabelEnum):
    """The lists of a comparison; what was found stands in exactly one of them."""

    ONLY_THERE = "only_there", "名单有、系统无"
    ONLY_HERE = "only_here", "系统有、名单无"
    MISPLACED = "misplaced", "部门与分工会不符"
    DIFFERENT = "different", "信息不一致"
    UNSURE = "unsure", "需人工核对"
    RETAINED = "retained", "保留会籍"


class Outcome(LabelEnum):
    """How something that was found has been settled."""

    INVITED = "invited", "已加入应入会名单"
    MATTER = "matter", "已转待办"
    APPLIED = "applied", "已更新"
    IGNORED = "ignored", "已忽略"
    SAME = "same", "是同一人"
    OTHER = "other", "不是同一人"
    RESOLVED = "resolved", "已相符"
    NOTHING = "nothing", "无需处理"


# what was settled so is settled in the next comparison too; what comes back after the others is new
LASTING = (Outcome.INVITED, Outcome.MATTER, Outcome.IGNORED)


class Comparison(InUnit, Base):
    """One list that was brought for a unit. The counts are those of rows, of the day.

    `said` tells of the sheet: columns that were read and not, notes, problems with the numbers of their rows, and the
    departments that no branch is known for. It and the rows are forgotten by the clock (`forgotten_at`). The file
    itself is kept (`upload_id`) only until somebody has said what its columns are.
    """

    __tablename__ = "comparisons"
    SEAL_FAMILY: ClassVar[str] = "comparison"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    file_name: Mapped[str] = mapped_column(String(FILE_NAME_MOST))
    rows: Mapped[int]
    matched: Mapped[int]
    said_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    said = sealed_json("said_sealed")
    upload_id: Mapped[int | None] = mapped_column(ForeignKey(Upload.id))
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now, index=True)
    created_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcTime)

    creator: Mapped[User] = relationship()

    def __init__(self, **columns: object) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = str(columns.pop("uuid", None) or new_uuid())
        super().__init__(**columns)

    @property
    def waits(self) -> bool:
        """Whether somebody has to say what the columns are before anything is compared."""
        return self.upload_id is not None

    @property
    def trace_label(self) -> str:
        """The comparison as the trace names it."""
        return f"人事名单比对（{self.file_name[:60]}）"


class Finding(InUnit, Base):
    """One difference, at the unit of its member, or where the department of its row belongs.

    `place` counts the findings of a comparison. `row_number` is the row's in Excel, `row_key` tells the row's person
    from others in any file. `field` is the catalogue's name of a value that differs; `to_unit_id` the branch of the
    department. `key` is the same for the same thing found again. `data` (see `findings`) is what the row says.
    """

    __tablename__ = "comparison_findings"
    SEAL_FAMILY: ClassVar[str] = "comparison_finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    comparison_id: Mapped[int] = mapped_column(ForeignKey(Comparison.id))
    place: Mapped[int]
    kind: Mapped[Kind] = mapped_column(label_enum(Kind))
    row_number: Mapped[int | None]
    row_key: Mapped[str | None] = mapped_column(String(64))
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id, ondelete="SET NULL"), index=True)
    field: Mapped[str] = mapped_column(String(40), default="")
    to_unit_id: Mapped[int | None] = mapped_column(ForeignKey(OrgUnit.id))
    key: Mapped[str] = mapped_column(String(64), index=True)
    data_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    data = sealed_json("data_sealed")
    outcome: Mapped[Outcome | None] = mapped_column(label_enum(Outcome))
    note: Mapped[str] = mapped_column(String(NOTE_MOST), default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    is_carried: Mapped[bool] = mapped_column(default=False)  # settled in an earlier comparison
    matter_id: Mapped[int | None] = mapped_column(ForeignKey(Matter.id))

    comparison: Mapped[Comparison] = relationship(lazy="joined", innerjoin=True)
    member: Mapped[Member | None] = relationship()
    to_unit: Mapped[OrgUnit | None] = relationship(foreign_keys=[to_unit_id])
    settler: Mapped[User | None] = relationship()
    matter: Mapped[Matter | None] = relationship()

    __table_args__ = (
        UniqueConstraint("comparison_id", "place", name="uq_comparison_findings_place"),
        Index("ix_comparison_findings_list", "comparison_id", "kind", "outcome"),
    )

    @property
    def uuid(self) -> str:
        """What the ciphertext is bound to."""
        return identity(self.comparison.uuid, self.place)


def identity(comparison_uuid: str, place: int) -> str:
    """Return what the ciphertext of a finding is bound to."""
    return f"{comparison_uuid}/{place}"
