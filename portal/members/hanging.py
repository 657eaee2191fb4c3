"""What hangs on a member: the rows of every room that name her, and where they go when two records are merged.

The floor does not know its rooms: each declares here, when it is loaded, what of its own names a member.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, select, update

from portal.core.db import db
from portal.core.errors import Conflict

from .filing import Admission, MemberPrint, PaperFile
from .models import ChildBirth, Member, MembershipChange, MemberVersion, UnionPost


@dataclass(frozen=True)
class Holding:
    """Rows of a room that name a member in `column`.

    They follow to the kept record if they `follow`; where it has one with the same `key` (no names: one at all) they
    stay. `open_states` are those in which one keeps the records apart.
    """

    label: str
    model: type[Any]
    column: str = "member_id"
    follow: bool = False
    key: tuple[str, ...] | None = None
    open_states: Collection[Any] = ()

    @property
    def place(self) -> tuple[str, str]:
        """The table and the column."""
        return self.model.__tablename__, self.column

    @property
    def word(self) -> str:
        """The name under which a merge remembers what of it has moved."""
        return ".".join(self.place)


holdings: list[Holding] = []


def follows(label: str, model: type[Any], *, column: str = "member_id", key: tuple[str, ...] | None = None) -> None:
    """Let the rows of `model` go to the kept record, as `Holding` says."""
    holdings.append(Holding(label, model, column, follow=True, key=key))


def stays(label: str, model: type[Any], *, column: str = "member_id", open_states: Collection[Any] = ()) -> None:
    """Let the rows of `model` stay with the shell: they tell what was. One in `open_states` has to be closed first."""
    holdings.append(Holding(label, model, column, open_states=open_states))


follows("工会职务", UnionPost)
follows("登记表归档", PaperFile, key=())
stays("会籍变化记录", MembershipChange)
stays("历次信息", MemberVersion)
stays("入会登记", Admission)
stays("打印记录", MemberPrint)
stays("子女出生日期", ChildBirth)


def _count(holding: Holding, member: Member) -> int:
    query = select(func.count()).where(_table(holding).c[holding.column] == member.id)
    return db.session.scalar(query) or 0


def _table(holding: Holding) -> Table:
    return cast(Table, holding.model.__table__)


def hanging_on(kept: Member, gone: Member) -> list[tuple[str, int, int, bool]]:
    """Return what hangs on either: the words, how much on each, and whether it goes to the kept record."""
    counted = [(one.label, _count(one, kept), _count(one, gone), one.follow) for one in holdings]
    return [line for line in counted if line[1] or line[2]]


def open_on(member: Member) -> list[str]:
    """Return in words what is open about the member and no case; it has to be closed before a merge."""
    found = []
    for one in holdings:
        if one.open_states:
            table = _table(one)
            where = table.c[one.column] == member.id, table.c.state.in_(one.open_states)
            found += [one.label] if db.session.scalar(select(func.count()).where(*where)) else []
    return found


def move(holding: Holding, gone: Member, kept: Member) -> list[int]:
    """Let the rows follow from `gone` to `kept`, and return their numbers."""
    table = _table(holding)
    column, number = table.c[holding.column], next(iter(table.primary_key.columns))
    rows = db.session.execute(select(number).where(column == gone.id)).scalars().all()
    if holding.key is not None and rows:
        keys = [table.c[name] for name in holding.key]
        has = {tuple(row)[1:] for row in db.session.execute(select(number, *keys).where(column == kept.id))}
        hers = db.session.execute(select(number, *keys).where(column == gone.id)).all()
        rows = [row[0] for row in hers if tuple(row)[1:] not in has]
    if rows:
        db.session.execute(update(table).where(number.in_(rows)).values({column.name: kept.id}))
    return [kept.id] if number is column and rows else list(rows)


def move_back(holding: Holding, gone: Member, kept: Member, rows: Collection[int]) -> None:
    """Let `rows` that have followed go back. Raises Conflict where one is no longer there."""
    if not rows:
        return
    table = _table(holding)
    column, number = table.c[holding.column], next(iter(table.primary_key.columns))
    back = update(table).where(number.in_(rows), column == kept.id).values({column.name: gone.id})
    if db.session.execute(back).rowcount != len(rows):  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult
        raise Conflict(f"合并后“{holding.label}”有变动，不能撤销合并；如需改正请逐项办理")


def declared() -> Iterable[tuple[str, str]]:
    """Return every table and column that a room has said something about."""
    return [one.place for one in holdings]
