"""What a member has chosen: short messages for everything, or only where it matters, and 站内信 for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import audit
from portal.core.calendar import now
from portal.core.db import Base, UtcTime, db
from portal.members import hanging, many
from portal.members.models import Member
from portal.org.models import User

audit.name_acts({"message.choose": "设置短信接收方式"})


class MessageChoice(Base):
    """That a member wants only essential short messages (`is_inside`): all others reach her as 站内信."""

    __tablename__ = "message_choices"

    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id, ondelete="CASCADE"), primary_key=True)
    is_inside: Mapped[bool] = mapped_column(default=False)
    chosen_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    member: Mapped[Member] = relationship()

    @property
    def trace_label(self) -> str:
        """The choice as the trace names it."""
        return self.member.trace_label

    @property
    def id(self) -> int:
        """The number by which the trace finds it."""
        return self.member_id


def own(actor: User) -> tuple[Member, bool] | None:
    """Return the actor's own record and whether she wants essential messages alone; None for who is no member."""
    member = db.session.scalars(select(Member).where(Member.user_id == actor.id)).one_or_none()
    if member is None:
        return None
    choice = db.session.get(MessageChoice, member.id)
    return member, bool(choice and choice.is_inside)


def choose(actor: User, member: Member, *, is_inside: bool) -> None:
    """Keep what a member wants."""
    choice = db.session.get(MessageChoice, member.id) or MessageChoice(member=member)
    choice.is_inside, choice.chosen_at = is_inside, now()
    db.session.add(choice)
    audit.record(actor, "message.choose", choice, details={"inside": is_inside})


def inside_only(ids: Iterable[int]) -> set[int]:
    """Return those of the members `ids` who want essential messages alone."""
    found: set[int] = set()
    for some in many.in_chunks(sorted(set(ids))):
        query = select(MessageChoice.member_id).where(MessageChoice.member_id.in_(some), MessageChoice.is_inside)
        found |= set(db.session.scalars(query))
    return found


hanging.follows("短信接收方式", MessageChoice, key=())
