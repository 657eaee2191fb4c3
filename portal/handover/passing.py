"""What passes besides the offices: the rows that an account owns, as the roof has named them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from portal.core.db import db
from portal.members.models import Member
from portal.org.models import User

Owned = tuple[str, InstrumentedAttribute[Any]]


class Todo(Protocol):
    """What waits for somebody, as a room counts it."""

    @property
    def label(self) -> str:
        """What it is."""

    @property
    def count(self) -> int:
        """How many."""


_owned: list[Owned] = []
_waiting: list[Callable[[User], Iterable[Todo]]] = []


def use(owned: tuple[Owned, ...], waiting: Iterable[Callable[[User], Iterable[Todo]]]) -> None:
    """Let these pass: a Chinese label and the column of a room's table that holds the owner's number.

    `waiting` tell what waits for somebody; that passes with her offices by itself, and is counted only.
    """
    _owned[:] = owned
    _waiting[:] = waiting


def todos(user: User) -> list[tuple[str, int]]:
    """Return what waits for the user, as (label, number)."""
    return [(todo.label, todo.count) for of_room in _waiting for todo in of_room(user) if todo.count]


def counts(user_id: int) -> list[tuple[str, int]]:
    """Return how many rows of each kind the account owns, of those kinds of which it has any."""
    found = [
        (label, db.session.scalar(select(func.count()).select_from(column.class_).where(column == user_id)) or 0)
        for label, column in _owned
    ]
    return [(label, number) for label, number in found if number]


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
