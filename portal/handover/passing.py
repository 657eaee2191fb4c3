"""What passes besides the offices: the rows that an account owns, as the roof has named them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from portal.core.db import db
from portal.members.models import Member

Owned = tuple[str, InstrumentedAttribute[Any]]
_owned: list[Owned] = []


def use(owned: tuple[Owned, ...]) -> None:
    """Let these pass: a Chinese label and the column of a room's table that holds the owner's number."""
    _owned[:] = owned


def counts(user_id: int) -> list[tuple[str, int]]:
    """Return how many rows of each kind the account owns."""
    return [
        (label, db.session.scalar(select(func.count()).select_from(column.class_).where(column == user_id)) or 0)
        for label, column in _owned
    ]


def pass_on(from_user_id: int, to_user_id: int) -> list[tuple[str, int]]:
    """Give the rows of one account to another, and return how many there were of each kind."""
    found = counts(from_user_id)
    for _, column in _owned:
        db.session.execute(
            update(column.class_)
            .where(column == from_user_id)
            .values({column: to_user_id})
            .execution_options(synchronize_session=False)
        )
    return found


def has_record(user_id: int) -> bool:
    """Whether a member stands behind the account, who keeps it for herself."""
    return db.session.scalars(select(Member.id).where(Member.user_id == user_id)).first() is not None
