"""A wording, and how far its approval is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.calendar import now
from portal.core.db import Base, UtcTime, label_enum
from portal.core.enums import LabelEnum
from portal.org.models import InUnit, User

NAME_MOST, TEXT_MOST, NUMBER_MOST = 40, 500, 40  # characters


class WordingState(LabelEnum):
    """How far a wording is; only an approved one is sent."""

    DRAFT = "draft", "草稿"
    ASKED = "asked", "待审核"
    APPROVED = "approved", "可以使用"
    RETURNED = "returned", "已退回"
    RETIRED = "retired", "已停用"


class Wording(InUnit, Base):
    """A text with blanks. `typed` names those that the sender fills in once for a batch, apart by commas.

    `template_no` is the number under which a gateway has filed it, "" for none.
    """

    __tablename__ = "message_wordings"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    name: Mapped[str] = mapped_column(String(NAME_MOST))
    text: Mapped[str] = mapped_column(String(TEXT_MOST))
    typed: Mapped[str] = mapped_column(String(200), default="")
    template_no: Mapped[str] = mapped_column(String(NUMBER_MOST), default="")
    state: Mapped[WordingState] = mapped_column(label_enum(WordingState), default=WordingState.DRAFT, index=True)
    made_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    owner: Mapped[User] = relationship()

    @property
    def trace_label(self) -> str:
        """The wording as the trace names it."""
        return f"短信模板“{self.name}”"

    @property
    def typed_names(self) -> tuple[str, ...]:
        """The names of the blanks that are filled in once for a batch."""
        return tuple(name for name in self.typed.split(",") if name)
