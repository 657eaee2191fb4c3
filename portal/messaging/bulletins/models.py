"""A bulletin, its attachments, and for whom it is: who has read it and when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.core.uploads import Upload
from portal.members.models import Member
from portal.org.models import InUnit, User

TITLE_MOST, BODY_MOST, NAME_MOST = 60, 5000, 100  # characters


class BulletinState(LabelEnum):
    """How far a bulletin is."""

    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已撤回"


class Bulletin(InUnit, Base):
    """A text for the people of some groups: `groups` are words for them, asked when it is published."""

    __tablename__ = "bulletins"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_MOST))
    body: Mapped[str] = mapped_column(Text)
    groups: Mapped[list[str]] = mapped_column(JSON)
    audience: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[BulletinState] = mapped_column(label_enum(BulletinState), default=BulletinState.DRAFT, index=True)
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    published_at: Mapped[datetime | None] = mapped_column(UtcTime)

    owner: Mapped[User] = relationship()
    files: Mapped[list[BulletinFile]] = relationship(back_populates="bulletin", order_by="BulletinFile.id")

    @property
    def trace_label(self) -> str:
        """The bulletin as the trace names it."""
        return f"通知公告“{self.title}”"


class BulletinFile(Base):
    """An attachment: `name` as it was brought."""

    __tablename__ = "bulletin_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    bulletin_id: Mapped[int] = mapped_column(ForeignKey(Bulletin.id), index=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey(Upload.id))
    name: Mapped[str] = mapped_column(String(NAME_MOST))
    size: Mapped[int]

    bulletin: Mapped[Bulletin] = relationship(back_populates="files")


class BulletinReader(Base):
    """One member for whom a bulletin is, in the branch of the day it was published; `read_at` None: not yet."""

    __tablename__ = "bulletin_readers"

    id: Mapped[int] = mapped_column(primary_key=True)
    bulletin_id: Mapped[int] = mapped_column(ForeignKey(Bulletin.id))
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id, ondelete="CASCADE"))
    read_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)

    bulletin: Mapped[Bulletin] = relationship()
    member: Mapped[Member] = relationship()

    __table_args__ = (
        UniqueConstraint("bulletin_id", "member_id", name="uq_bulletin_readers_member"),
        Index("ix_bulletin_readers_member", "member_id", "read_at"),
    )
