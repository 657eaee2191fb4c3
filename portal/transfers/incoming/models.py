"""People who come from another union."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.crypto import sealed_json
from portal.core.db import Base, UtcTime, label_enum, new_uuid
from portal.core.enums import LabelEnum
from portal.core.uploads import Upload
from portal.members.models import Member
from portal.org.models import InUnit, User

FROM_MOST, NUMBER_MOST = 120, 60  # characters


class IncomingState(LabelEnum):
    """How far somebody's coming is."""

    WAITING = "waiting", "待校工会接收"
    ACCEPTED = "accepted", "已转入"
    REFUSED = "refused", "不予接收"
    WITHDRAWN = "withdrawn", "已撤回"


class Incoming(InUnit, Base):
    """Somebody whom the unit would take: what her letter says, sealed by catalogue names, and a scan of it."""

    __tablename__ = "incomings"
    SEAL_FAMILY: ClassVar[str] = "incoming"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    state: Mapped[IncomingState] = mapped_column(label_enum(IncomingState), default=IncomingState.WAITING)
    data_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    data = sealed_json("data_sealed")
    # what lists and checks need
    name: Mapped[str] = mapped_column(String(50))
    id_type: Mapped[str] = mapped_column(String(1))
    id_index: Mapped[str] = mapped_column(String(64), index=True)

    from_union: Mapped[str] = mapped_column(String(FROM_MOST))
    letter_no: Mapped[str] = mapped_column(String(NUMBER_MOST), default="")
    letter_date: Mapped[date | None]
    letter_id: Mapped[int] = mapped_column(ForeignKey(Upload.id))
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    made_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    member_id: Mapped[int | None] = mapped_column(ForeignKey(Member.id))

    letter: Mapped[Upload] = relationship()
    maker: Mapped[User] = relationship()
    member: Mapped[Member | None] = relationship()

    __table_args__ = (
        Index(
            "uq_incomings_waiting",
            "id_type",
            "id_index",
            unique=True,
            sqlite_where=state == IncomingState.WAITING,
            postgresql_where=state == IncomingState.WAITING,
        ),
    )

    def __init__(self, **columns: Any) -> None:
        # the identity stands before the sealed column is set, because the ciphertext is bound to it
        self.uuid = columns.pop("uuid", None) or new_uuid()
        super().__init__(**columns)

    @property
    def trace_label(self) -> str:
        """Her coming as the trace names it."""
        return f"{self.name}（由{self.from_union}转入）"
