"""A merge of two records of one person: which is kept, what it takes, and what an undo needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.members.models import Member
from portal.org.models import InUnit, User

OPEN_FOR = timedelta(hours=24)  # what was merged may be taken apart
REASON_LEAST, REASON_MOST = 4, 100  # characters


class MergeState(LabelEnum):
    """How far a merge is."""

    WAITING = "waiting", "待复核"
    DONE = "done", "已合并"
    REFUSED = "refused", "不予合并"
    WITHDRAWN = "withdrawn", "已撤回"
    UNDONE = "undone", "已撤销"


class Merge(InUnit, Base):
    """One merge, of the unit that the kept record was in.

    `taken` are the catalogue names of the values that the kept record takes; `marks` are the versions of the two (kept,
    gone) that were looked at; `united` is what `members.merging.United` says once it is done.
    """

    __tablename__ = "merges"

    id: Mapped[int] = mapped_column(primary_key=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    gone_id: Mapped[int] = mapped_column(ForeignKey(Member.id), index=True)
    state: Mapped[MergeState] = mapped_column(label_enum(MergeState), default=MergeState.WAITING)
    taken: Mapped[list[str]] = mapped_column(JSON)
    marks: Mapped[list[int]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(REASON_MOST))
    united: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asked_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    asked_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)
    done_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)

    kept: Mapped[Member] = relationship(foreign_keys=[kept_id])
    gone: Mapped[Member] = relationship(foreign_keys=[gone_id])
    asker: Mapped[User] = relationship(foreign_keys=[asked_by])
    doer: Mapped[User | None] = relationship(foreign_keys=[done_by])

    __table_args__ = (
        CheckConstraint("kept_id <> gone_id", name="two_records"),
        Index(
            "uq_merges_gone",
            "gone_id",
            unique=True,
            sqlite_where=state.in_((MergeState.WAITING, MergeState.DONE)),
            postgresql_where=state.in_((MergeState.WAITING, MergeState.DONE)),
        ),
    )

    @property
    def is_recent(self) -> bool:
        """Whether its day is not over: it may be taken apart."""
        return self.done_at is not None and now() < self.done_at + OPEN_FOR

    @property
    def is_correction(self) -> bool:
        """A merge is counted as 更正: the trace marks it so."""
        return True

    @property
    def trace_label(self) -> str:
        """The merge as the trace names it."""
        return f"{self.gone.trace_label}并入{self.kept.member_no or self.kept.name}"
