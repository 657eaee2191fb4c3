"""Change requests: one field each, what it said, what it is to say, and how far the matter is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import kinds
from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.fields import Field
from portal.core.uploads import Upload
from portal.members.catalogue import FIELD
from portal.members.models import Member
from portal.org.models import InUnit, User

DOCUMENT_NO_MOST = 60  # characters


class ChangeState(LabelEnum):
    """Where a request stands."""

    PENDING_BRANCH = "pending_branch", "待分工会审核"
    PENDING_SCHOOL = "pending_school", "待校工会审批"
    PENDING_SECOND = "pending_second", "待校工会复核"
    APPLIED = "applied", "已修改"
    REFUSED = "refused", "未同意"
    CANCELLED = "cancelled", "已撤回"


OPEN: tuple[ChangeState, ...] = (ChangeState.PENDING_BRANCH, ChangeState.PENDING_SCHOOL, ChangeState.PENDING_SECOND)


class ChangeRequest(InUnit, Base):
    """A request about one `field` of a member (the type of a document goes with its number).

    `data` holds by catalogue name what the field said when it was filed (`old`), what is `asked`, and `why`. `unit` is
    the member's, also after a transfer. `first_by` is who agreed first where two people of the union must.
    """

    __tablename__ = "change_requests"
    SEAL_FAMILY: ClassVar[str] = "change"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    field: Mapped[str] = mapped_column(String(40))
    state: Mapped[ChangeState] = mapped_column(label_enum(ChangeState))
    data_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    data = sealed_json("data_sealed")
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey(Upload.id))
    filed_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    filed_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    first_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answer: Mapped[str] = mapped_column(String(500), default="")  # why it was not agreed to
    effective_on: Mapped[date | None]
    document_no: Mapped[str] = mapped_column(String(DOCUMENT_NO_MOST), default="")  # 文号
    batch_id: Mapped[str | None] = mapped_column(String(36), index=True)  # of the versions that it has written

    member: Mapped[Member] = relationship()
    evidence: Mapped[Upload | None] = relationship()
    filer: Mapped[User] = relationship(foreign_keys=[filed_by])

    __table_args__ = (
        Index("ix_change_requests_list", "state", "unit_id", "id"),
        # two forms sent at the same moment meet here
        Index(
            "uq_change_requests_open",
            "member_id",
            "field",
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
    def about(self) -> Field:
        """The field that it is about."""
        return FIELD[self.field]

    @property
    def old(self) -> dict[str, Any]:
        """What the record said when it was filed, as parsed values by catalogue name."""
        return parsed(self.data["old"])

    @property
    def asked(self) -> dict[str, Any]:
        """What it is to say, likewise."""
        return parsed(self.data["asked"])

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.state in OPEN

    @property
    def trace_label(self) -> str:
        """The request as the trace names it."""
        return f"{self.member.name}的信息变更：{self.about.label}"


def parsed(plain: dict[str, Any]) -> dict[str, Any]:
    """Return values by catalogue name that `kinds.plain` has written."""
    return {name: kinds.from_plain(FIELD[name], value) for name, value in plain.items()}
