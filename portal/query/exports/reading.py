"""The rows of an export as texts: the same as the list shows, read in pieces of columns, not of whole members.

What somebody may see of a field depends on the unit of the row and on whether it is her own, on nothing else; so each
combination is asked of `members.sight` once, and the rows of a hundred thousand members follow it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import or_, select

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

AT_ONCE = 1000  # members read in one statement
KEPT_MOST = 20_000  # texts that a column keeps, so that memory has an end

Columns = Sequence[Sequence[Any]]  # what was read, column by column
Show = Callable[[Columns], Sequence[str]]  # makes the texts of one field of it
_ID, _UUID, _UNIT, _USER = range(4)  # where these stand in what was read
_RETIRES_BY = ("birth_date", "retire_date_hr", "retire_track", "sex", "title_level", "admin_rank", "post_category")
# what `sight.can_see` asks at the unit of a row, and what an export with full numbers asks besides
_ASKED = (
    Permission.MEMBER_READ, Permission.MEMBER_FAMILY, Permission.MEMBER_SALARY, Permission.MEMBER_REVEAL,
)  # fmt: skip
_AS_THEY_STAND = frozenset({Kind.TEXT, Kind.NAME, Kind.PLACE, Kind.STAFF_NO, Kind.LONG_TEXT})
_PLAIN = _AS_THEY_STAND | {Kind.TELEPHONE}  # within rows, where numbers of documents are masked
_SEALED_AS_THEY_STAND = _PLAIN | {Kind.ID_NUMBER, Kind.PHONE, Kind.MONEY}


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


class Reader:
    """Reads members as `actor` may see `fields` of them on `day`, numbers as `secrets` says."""

    def __init__(self, actor: User, fields: Sequence[Field], day: date, *, secrets: Secrets = Secrets.MASKED) -> None:
        self._actor_id = actor.id
        self.fields = tuple(fields)
        self._day = day
        self._secrets = secrets
        self._places: dict[str, int] = {}
        self._plans: dict[tuple[bool, ...], list[Show]] = {}
        self._of_unit: dict[int, tuple[bool, ...]] = {}
        self._names: dict[int, str] = {}
        self._posts: dict[int, str] = {}  # in words, by member, of those in hand
        self._changes: dict[int, str] = {}
        self._change_words = _Texts(lambda change: listing.change_text(*change))

    def rows(self, ids: Sequence[int]) -> list[tuple[int, Sequence[str]]]:
        """Return (member, texts) of those of `ids`, at most AT_ONCE, who are in the actor's scope, in their order.

        It asks the database within the transaction that is open; the texts hold on afterwards.
        """
        actor = db.session.get_one(User, self._actor_id)
        by_id = {row[_ID]: row for row in _all(self._query(actor, ids))}
        found = [by_id[one] for one in ids if one in by_id]
        self._look_at_units(actor, {row[_UNIT] for row in found})
        self._look_beside(list(by_id))
        alike: dict[tuple[bool, ...], list[int]] = {}
        for number, row in enumerate(found):
            alike.setdefault((*self._of_unit[row[_UNIT]], row[_USER] == self._actor_id), []).append(number)
        texts: list[Sequence[str]] = [()] * len(found)
        for key, numbers in alike.items():
            rows = found if len(numbers) == len(found) else [found[number] for number in numbers]
            columns = list(zip(*rows, strict=True))
            shown = [show(columns) for show in self._plan(actor, key, rows[0][_UNIT])]
            for number, cells in zip(numbers, zip(*shown, strict=True), strict=True):
                texts[number] = cells
        return [(row[_ID], cells) for row, cells in zip(found, texts, strict=True)]

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
        if Kind.POSTS in kinds_asked:
            holds = (UnionPost.starts <= self._day) & or_(UnionPost.ends.is_(None), UnionPost.ends >= self._day)
            posts = select(UnionPost.member_id, OrgUnit.name, UnionPost.title, UnionPost.kind).join(UnionPost.unit)
            posts = posts.where(UnionPost.member_id.in_(ids), holds).order_by(UnionPost.starts, UnionPost.id)
            self._posts = _joined((one, listing.post_text(*words)) for one, *words in _all(posts))
        if Kind.CHANGES in kinds_asked:
            changes = select(MembershipChange.member_id, MembershipChange.on_date, MembershipChange.kind)
            changes = changes.where(MembershipChange.member_id.in_(ids), MembershipChange.on_date <= self._day)
            found = _all(changes.order_by(MembershipChange.on_date, MembershipChange.id))
            self._changes = _joined((one, self._change_words[day, kind]) for one, day, kind in found)

    # --- how it is shown ----------------------------------------------------------------------------------------------

    def _plan(self, actor: User, key: tuple[bool, ...], unit_id: int) -> list[Show]:
        """Return how rows are shown for which all was answered alike, of which one is at this unit."""
        if key not in self._plans:
            unit = db.session.get_one(OrgUnit, unit_id)
            like = SimpleNamespace(unit=unit, user_id=self._actor_id if key[-1] else None)
            self._plans[key] = [self._show(one, self._sight(actor, one, like)) for one in self.fields]
        return self._plans[key]

    def _sight(self, actor: User, one: Field, like: Any) -> Sight:
        if one.seen is Seen.MASKED and self._secrets is not Secrets.MASKED:
            return sight.can_see(actor, one, like, place="sheet")
        seen = sight.can_see(actor, one, like, place="list")
        is_meant = self._secrets is Secrets.FULL and sight.is_secret(one) and seen is not Sight.HIDDEN
        return Sight.FULL if is_meant and actor.may(Permission.MEMBER_REVEAL, like.unit) else seen

    def _show(self, one: Field, seen: Sight) -> Show:
        """Return what makes the texts of the field."""
        if seen is Sight.HIDDEN:
            return lambda columns: [""] * len(columns[_ID])
        match one.kind:
            case Kind.UNIT:
                return lambda columns: [self._names[unit] for unit in columns[_UNIT]]
            case Kind.POSTS:
                return lambda columns: [self._posts.get(member, "") for member in columns[_ID]]
            case Kind.CHANGES:
                return lambda columns: [self._changes.get(member, "") for member in columns[_ID]]
        if one.name == RETIREMENT:
            return self._retirement()
        place = self._places["completeness" if one.kind is Kind.COMPLETENESS else stored_name(one)]
        if stored_name(one) != one.column_name:
            return _opening(one, seen, place)
        if one.kind in _AS_THEY_STAND and seen is Sight.FULL:
            return lambda columns: [text or "" for text in columns[place]]
        if one.kind is Kind.MULTI_CHOICE and seen is Sight.FULL:
            each = _Texts(lambda code: listing.text(one, [code], self._day, Sight.FULL))
            return lambda columns: ["、".join([each[code] for code in raw]) if raw else "" for raw in columns[place]]
        texts = _Texts(lambda raw: listing.text(one, raw, self._day, seen))
        return lambda columns: [texts[raw] for raw in columns[place]]

    def _retirement(self) -> Show:
        places = [self._places[name] for name in _RETIRES_BY]
        texts = _Texts(lambda raw: listing.retires(SimpleNamespace(**dict(zip(_RETIRES_BY, raw, strict=True)))))
        return lambda columns: [texts[raw] for raw in zip(*(columns[place] for place in places), strict=True)]


def _all(query: Any) -> Sequence[Any]:
    """Return all rows of a query for columns, past the mapper, which would look at each."""
    return db.session.connection().execute(query).all()


def _joined(told: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Return what is told of each member in one line."""
    found: dict[int, str] = {}
    for one, words in told:
        found[one] = f"{found[one]}；{words}" if one in found else words
    return found


def _opening(one: Field, seen: Sight, place: int) -> Show:
    """Return what opens a sealed column and shows it."""
    prefix = f"{Member.SEAL_FAMILY}|{one.column_name}|"
    opened = crypto.open_sealed
    is_rows = one.kind in (Kind.ROWS, Kind.COMPOSITE)

    def plain(columns: Columns) -> Sequence[str | None]:
        return [
            None if stored is None else opened(stored, bound_to=prefix + uuid).decode()
            for stored, uuid in zip(columns[place], columns[_UUID], strict=True)
        ]

    if seen is Sight.FULL and one.kind in _SEALED_AS_THEY_STAND:
        return lambda columns: [text or "" for text in plain(columns)]
    shown: Callable[[str], str] = lambda text: sight.shown(one, text, seen)  # noqa: E731  # one of three ways
    if is_rows and seen is Sight.FULL:
        shown = _Lines(one).text
    elif is_rows:
        shown = lambda text: sight.shown(one, json.loads(text), seen)  # noqa: E731  # the second
    return lambda columns: ["" if text is None else shown(text) for text in plain(columns)]


class _Lines:
    """Rows within a field as `sight.shown` shows them, each value worked out once."""

    def __init__(self, one: Field) -> None:
        self._read = json.JSONDecoder().raw_decode  # what was written without spaces around it
        self._one = one
        self._period = {column.name: _Texts(_shown(column)) for column in one.rows if column.name in ("start", "end")}
        self._columns = [
            (column.name, None if column.kind in _PLAIN else _Texts(_shown(column)))
            for column in one.rows
            if column.name not in self._period
        ]

    def text(self, written: str) -> str:
        """Return all rows of the JSON `written` in one line."""
        value = self._read(written)[0]
        if not value:
            return sight.shown(self._one, value, Sight.FULL)
        return "；".join([self._line(cells) for cells in (value if isinstance(value, list) else [value])])

    def _line(self, cells: dict[str, Any]) -> str:
        texts = []
        if self._period:
            texts.append(f"{self._period['start'][cells.get('start')]}—{self._period['end'][cells.get('end')]}")
        for name, shown in self._columns:
            text = cells.get(name)
            if shown is not None:
                text = shown[text]
            if text:
                texts.append(text)
        return " ".join(texts)


def _shown(column: Field) -> Callable[[Hashable], str]:
    if column.kind is Kind.ID_NUMBER:
        return lambda raw: kinds.mask(column, raw)
    return lambda raw: kinds.show(column, raw)


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
