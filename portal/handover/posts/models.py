"""The grants that came with a post."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Base
from portal.members.models import UnionPost
from portal.org.models import Grant


class PostGrant(Base):
    """A grant that came with a post, and ends with it."""

    __tablename__ = "post_grants"

    post_id: Mapped[int] = mapped_column(ForeignKey(UnionPost.id), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey(Grant.id), unique=True)

    grant: Mapped[Grant] = relationship()
