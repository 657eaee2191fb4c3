"""站内信: a row for each person, shown on a page; later issues add other ways to reach them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, String, Table, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from .calendar import now
from .db import Base, UtcTime, db
from .errors import Absent

TITLE_MOST, BODY_MOST = 200, 2000  # characters


class Notice(Base):
    """One message to one user; `link` is a path inside the portal or empty."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(TITLE_MOST))
    body: Mapped[str] = mapped_column(String(BODY_MOST), default="")
    link: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_notices_user", "user_id", "read_at"),)


_NOTICES = cast(Table, Notice.__table__)


def tell(user_ids: Iterable[int], title: str, body: str = "", link: str = "") -> None:
    """Write the notice to each of `user_ids` once, its texts cut to their columns. Neither may hold a secret."""
    at = now()
    rows = [
        {"user_id": user_id, "title": title[:TITLE_MOST], "body": body[:BODY_MOST], "link": link, "created_at": at}
        for user_id in sorted(set(user_ids))
    ]
    if rows:
        db.session.execute(insert(_NOTICES), rows)


def unread_count(user_id: int) -> int:
    """Return how many notices of the user are unread."""
    return (
        db.session.scalar(
            select(func.count()).select_from(Notice).where(Notice.user_id == user_id, Notice.read_at.is_(None))
        )
        or 0
    )


def of(user_id: int, *, limit: int = 50, before: int | None = None) -> list[Notice]:
    """Return the user's notices, newest first, older than the notice number `before` if given."""
    query = select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc()).limit(limit)
    return list(db.session.scalars(query.where(Notice.id < before) if before else query))


def mark_read(user_id: int, notice_id: int) -> Notice:
    """Mark one's own notice as read and return it. Raises Absent for any other."""
    notice = db.session.get(Notice, notice_id)
    if notice is None or notice.user_id != user_id:
        raise Absent
    notice.read_at = notice.read_at or now()
    return notice
