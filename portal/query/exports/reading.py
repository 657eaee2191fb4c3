"""The rows of an export as texts: the same as the list shows, read in pieces of columns, not of whole members.

What somebody may see of a field depends on the unit of the row and on whether it is her own, on nothing else; so each
combination is asked of `members.sight` once, and the rows of a hundred thousand members follow it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, select

from portal.core import crypto, kinds
from portal.core.db import db
from portal.core.fields import Field, Seen
from portal.core.kinds import Kind
from portal.members import many, sight
from portal.members.models import Member, MembershipChange, MemberVersion, UnionPost, stored_name
from portal.members.sight import Sight
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from .. import asking, listing
from ..asking import Asked
from ..compiling import completeness
from ..conditions import EVERYBODY
from ..fields import RETIREMENT
from .models import Secrets

AT_ONCE = 500  # members read in one statement
KEPT_MOST = 20_000  # texts that a column keeps, so that memory has an end

Cell = Callable[[Any], str]
_ID, _UUID, _UNIT, _USER = range(4)  # where these stand in a row that was read
_RETIRES_BY = ("birth_date", "retire_date_hr", "retire_track", "sex", "title_level", "admin_rank", "post_category")


class _Texts(dict[Any, str]):
    """What values of one column are as text, worked out once each."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, raw: Any) -> str:
        if len(self) > KEPT_MOST:
            self.clear()
        text = self[raw] = self._make(raw)
        return text


@dataclass
class _Beside:
    """What stands in other tables, by member, of the rows in hand."""

    posts: dict[int, list[Any]] = field(default_factory=dict)
    changes: dict[int, list[Any]] = field(default_factory=dict)


class Reader:
    """Reads members as `actor` may see `fields` of them on `day`, numbers as `secrets` says."""

    def __init__(self, actor: User, fields: Sequence[Field], day: date, *, secrets: Secrets = Secrets.MASKED) -> None:
        self._actor_id = actor.id
        self.fields = tuple(fields)
        self._day = day
        self._secrets = secrets
        self._places: dict[str, int] = {}
        self._plans: dict[tuple[Any, ...], list[Cell]] = {}
        self._of_unit: dict[int, tuple[bool, ...]] = {}
        self._names: dict[int, str] = {}
        self._beside = _Beside()

    def rows(self, ids: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
        """Yield (member, texts) of those of `ids`, at most AT_ONCE, who are in the actor's scope, in their order.

        It asks the database within the transaction that is open; the texts hold on afterwards.
        """
        actor = db.session.get_one(User, self._actor_id)
        found = {row[_ID]: row for row in db.session.execute(self._query(actor, ids))}
        self._look_at_units(actor, {row[_UNIT] for row in found.values()})
        self._look_beside(list(found))
        plans = {}
        for unit_id, is_own in {(row[_UNIT], row[_USER] == self._actor_id) for row in found.values()}:
            plans[unit_id, is_own] = self._plan(actor, unit_id, is_own)
        for one in ids:
            if row := found.get(one):
                yield one, [cell(row) for cell in plans[row[_UNIT], row[_USER] == self._actor_id]]

    # --- what is read -------------------------------------------------------------------------------------------------

    def _query(self, actor: User, ids: Sequence[int]) -> Any:
        asked = Asked(EVERYBODY, self._day)
        rows = asking.rows_of(actor, asked)
        table: Any = rows.table
        columns: list[Any] = [rows.member_id, table.uuid, table.unit_id, Member.user_id]
        for one in self.fields:
            if one.kind is Kind.COMPLETENESS:
                self._place("completeness", columns, completeness(rows))
            elif one.name == RETIREMENT:
                for name in _RETIRES_BY:
                    self._place(name, columns, getattr(table, name))
            elif one.kind not in (Kind.POSTS, Kind.CHANGES, Kind.UNIT):
                self._place(stored_name(one), columns, getattr(table, stored_name(one)))
        query = asking.selected(actor, asked, *columns, rows=rows).where(rows.member_id.in_(ids))
        return query.join(Member, Member.id == MemberVersion.member_id) if table is MemberVersion else query

    def _place(self, name: str, columns: list[Any], column: Any) -> None:
        """Let the column stand in the statement once; it is built alike every time."""
        if self._places.setdefault(name, len(columns)) == len(columns):
            columns.append(column)

    def _look_at_units(self, actor: User, numbers: set[int]) -> None:
        for some in many.in_chunks(sorted(numbers - self._of_unit.keys())):
            for unit in db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(some))):
                self._names[unit.id] = unit.name
                self._of_unit[unit.id] = tuple(actor.may(permission, unit) for permission in _ASKED)

    def _look_beside(self, ids: list[int]) -> None:
        kinds_asked = {one.kind for one in self.fields}
        self._beside.posts.clear()
        self._beside.changes.clear()
        if Kind.POSTS in kinds_asked:
            posts = select(UnionPost).where(UnionPost.member_id.in_(ids)).order_by(UnionPost.starts, UnionPost.id)
            for post in db.session.scalars(posts):
                self._beside.posts.setdefault(post.member_id, []).append(post)
        if Kind.CHANGES in kinds_asked:
            columns = MembershipChange.member_id, MembershipChange.on_date, MembershipChange.kind
            changes = select(*columns).where(MembershipChange.member_id.in_(ids))
            for change in db.session.execute(changes.order_by(MembershipChange.on_date, MembershipChange.id)):
                self._beside.changes.setdefault(change.member_id, []).append(change)

    # --- how it is shown ----------------------------------------------------------------------------------------------

    def _plan(self, actor: User, unit_id: int, is_own: bool) -> list[Cell]:
        key = (*self._of_unit[unit_id], is_own)
        if key not in self._plans:
            unit = db.session.get_one(OrgUnit, unit_id)
            like = SimpleNamespace(unit=unit, user_id=self._actor_id if is_own else None)
            self._plans[key] = [self._cell(one, self._sight(actor, one, like)) for one in self.fields]
        return self._plans[key]

    def _sight(self, actor: User, one: Field, like: Any) -> Sight:
        if one.seen is Seen.MASKED and self._secrets is not Secrets.MASKED:
            return sight.can_see(actor, one, like, place="sheet")
        seen = sight.can_see(actor, one, like, place="list")
        is_meant = self._secrets is Secrets.FULL and sight.is_secret(one) and seen is not Sight.HIDDEN
        return Sight.FULL if is_meant and actor.may(Permission.MEMBER_REVEAL, like.unit) else seen

    def _cell(self, one: Field, seen: Sight) -> Cell:
        """Return what turns a row into the text of the field."""
        if seen is Sight.HIDDEN:
            return lambda row: ""
        match one.kind:
            case Kind.UNIT:
                return lambda row: self._names[row[_UNIT]]
            case Kind.POSTS:
                return lambda row: listing.posts_text(self._beside.posts.get(row[_ID], ()), self._day)
            case Kind.CHANGES:
                return lambda row: listing.changes_text(self._beside.changes.get(row[_ID], ()), self._day)
        if one.name == RETIREMENT:
            return self._retirement()
        place = self._places["completeness" if one.kind is Kind.COMPLETENESS else stored_name(one)]
        if stored_name(one) != one.column_name:
            return _opening(one, seen, place)
        if one.kind in _AS_THEY_STAND and seen is Sight.FULL:
            return lambda row: row[place] or ""
        texts = _Texts(lambda raw: listing.text(one, raw, self._day, seen))
        if one.kind is Kind.MULTI_CHOICE:
            several = _Texts(lambda raw: listing.text(one, list(raw), self._day, seen))
            return lambda row: "" if row[place] is None else several[tuple(row[place])]
        return lambda row: texts[row[place]]

    def _retirement(self) -> Cell:
        places = [self._places[name] for name in _RETIRES_BY]
        texts = _Texts(lambda raw: listing.retires(SimpleNamespace(**dict(zip(_RETIRES_BY, raw, strict=True)))))
        return lambda row: texts[tuple(row[place] for place in places)]


# what `sight.can_see` asks at the unit of a row, and what an export with full numbers asks besides
_ASKED = (
    Permission.MEMBER_READ, Permission.MEMBER_FAMILY, Permission.MEMBER_SALARY, Permission.MEMBER_REVEAL,
)  # fmt: skip
_AS_THEY_STAND = frozenset({Kind.TEXT, Kind.NAME, Kind.PLACE, Kind.STAFF_NO, Kind.LONG_TEXT})


def _opening(one: Field, seen: Sight, place: int) -> Cell:
    """Return what opens a sealed column and shows it."""
    prefix = f"{Member.SEAL_FAMILY}|{one.column_name}|"
    is_rows = one.kind in (Kind.ROWS, Kind.COMPOSITE)
    shown: Callable[[Any], str] = lambda raw: sight.shown(one, raw, seen)  # noqa: E731  # one of three ways
    if is_rows and seen is Sight.FULL:
        shown = _Lines(one).text
    elif seen is Sight.FULL and one.kind in _PLAIN:
        shown = str

    def cell(row: Row[Any]) -> str:
        stored = row[place]
        if stored is None:
            return ""
        plain = crypto.open_sealed(stored, bound_to=prefix + row[_UUID])
        return shown(json.loads(plain) if is_rows else plain.decode())

    return cell


_PLAIN = frozenset({Kind.TEXT, Kind.LONG_TEXT, Kind.ID_NUMBER, Kind.PHONE, Kind.MONEY})


class _Lines:
    """Rows within a field as `sight.shown` shows them, each value worked out once."""

    def __init__(self, one: Field) -> None:
        self._one = one
        self._columns = [(column.name, _Texts(_shown(column))) for column in one.rows]
        self._has_period = any(column.name == "start" for column in one.rows)

    def text(self, value: Any) -> str:
        """Return all rows in one line."""
        if not value or self._has_period:
            return sight.shown(self._one, value, Sight.FULL)
        lines = value if isinstance(value, list) else [value]
        return "；".join(
            " ".join(text for name, texts in self._columns if (text := texts[cells.get(name)])) for cells in lines
        )


def _shown(column: Field) -> Callable[[Hashable], str]:
    if column.kind is Kind.ID_NUMBER:
        return lambda raw: kinds.mask(column, raw)
    return lambda raw: kinds.show(column, raw)


def in_scope(actor: User, ids: Sequence[int], day: date) -> list[int]:
    """Return those of `ids` whom the actor may read, in their order."""
    asked = Asked(EVERYBODY, day)
    rows = asking.rows_of(actor, asked)
    may: set[int] = set()
    for some in many.in_chunks(ids, AT_ONCE):
        query = asking.selected(actor, asked, rows.member_id, rows=rows).where(rows.member_id.in_(some))
        may |= set(db.session.scalars(query))
    return [one for one in ids if one in may]


def outside_branches(actor: User, ids: Sequence[int], day: date) -> bool:
    """Whether any of `ids` is in no branch at which the actor herself reads the family: her right lies above it."""
    branches = [grant.unit for grant in actor.giving(Permission.MEMBER_FAMILY) if not grant.unit.approves_members]
    asked = Asked(EVERYBODY, day)
    rows = asking.rows_of(actor, asked)
    places: set[int] = set()
    for some in many.in_chunks(ids, AT_ONCE):
        query = asking.selected(actor, asked, rows.table.unit_id, rows=rows)
        places |= set(db.session.scalars(query.where(rows.member_id.in_(some)).distinct()))
    return any(
        not any(top.covers(unit) for top in branches)
        for units in many.in_chunks(sorted(places))
        for unit in db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(units)))
    )
