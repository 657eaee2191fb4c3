"""Personal links: an address with 128 random bits for one person, of which only the keyed hash is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import crypto
from portal.core.actors import Actor
from portal.core.calendar import now
from portal.core.db import Base, UtcTime, db
from portal.core.errors import DomainError
from portal.org.models import User

NO_ADDRESS = (
    "还没有设置对外的网址，别人的设备打不开链接。请系统管理员设置 PORTAL_BASE_URL（例如 "
    "https://gonghui.example.edu.cn，写在 instance/portal.cfg 或环境变量中）并重新启动"
)
DAYS, DAYS_MOST = 30, 90  # how long a link opens, unless said otherwise; at most


class PersonalLink(Base):
    """One link. It opens until it expires, is used, or is revoked because a newer one took its place."""

    __tablename__ = "personal_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)

    @property
    def is_open(self) -> bool:
        """Whether it still opens something."""
        return self.used_at is None and self.revoked_at is None and now() < self.expires_at


def issue(actor: Actor, before: PersonalLink | None = None, *, days: int = DAYS) -> tuple[PersonalLink, str]:
    """Return a new link that opens for `days` (1 to 90) and its token, which is kept nowhere; `before` is revoked."""
    if not 1 <= days <= DAYS_MOST:
        raise DomainError(f"有效期应为 1 至 {DAYS_MOST} 天", field="days")
    if before is not None:
        revoke(before)
    token = crypto.random_token()
    link = PersonalLink(
        token_hash=crypto.index("personal_link", token), created_by=actor.id, expires_at=now() + timedelta(days=days)
    )
    db.session.add(link)
    return link, token


def revoke(link: PersonalLink) -> None:
    """Let the link open nothing any more."""
    link.revoked_at = link.revoked_at or now()


def find(token: str, *, locked: bool = False) -> PersonalLink | None:
    """Return the link of a token, open or not; None for a token that was never given. `locked` for its use."""
    query = select(PersonalLink).where(PersonalLink.token_hash == crypto.index("personal_link", token))
    if locked:
        query = query.with_for_update(of=PersonalLink)
    return db.session.scalars(query.execution_options(populate_existing=locked)).one_or_none()
