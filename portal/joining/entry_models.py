"""What stands beside an application that an operator typed in: who did, and by what the person has asked for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime
from portal.core.uploads import Upload
from portal.org.models import User

from .links import PersonalLink
from .models import Application


class Entry(Base):
    """An operator's entry. The person's own will is proven by the signed form (`evidence`), or by her own word."""

    __tablename__ = "application_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id), unique=True)
    entered_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    entered_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey(Upload.id))
    evidence_at: Mapped[datetime | None] = mapped_column(UtcTime)
    link_id: Mapped[int | None] = mapped_column(ForeignKey(PersonalLink.id), unique=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    is_confirmed_near: Mapped[bool] = mapped_column(default=False)  # from where the operator works

    application: Mapped[Application] = relationship()
    operator: Mapped[User] = relationship()
    evidence: Mapped[Upload | None] = relationship()
    link: Mapped[PersonalLink | None] = relationship()

    @property
    def is_proven(self) -> bool:
        """Whether the person has asked for it herself, on paper or by her link."""
        return self.evidence_id is not None or self.confirmed_at is not None
