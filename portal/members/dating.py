"""Edits of many members that hold from a day in the past, and their taking back.

Such an edit supersedes the versions that it touches and carries the new value on, until the next version that says
something else of that field. What is superseded stays, so that what was known on any day can be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, cast

from sqlalchemy import Insert, Row, Table, and_, bindparam, insert, literal, select, update

from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import OPEN_END, db

from . import history
from .checks import same
from .many import HANDFUL, among, in_chunks
from .models import SHARED, Member, MemberVersion

_MEMBERS, _VERSIONS = cast(Table, Member.__table__), cast(Table, MemberVersion.__table__)
_ENTRY = ("member_id", "valid_from", "valid_to", "recorded_at", "recorded_by", "batch_id", "reason")
_LIVE = _VERSIONS.c.superseded_at.is_(None)
_PRESENT = and_(_VERSIONS.c.valid_to == OPEN_END, _LIVE)
OF_VERSION = ("id", "member_id", "uuid", "valid_from", "valid_to")  # what every row of `held_from` begins with


@dataclass(frozen=True, slots=True)
class Piece:
    """What is to be written over one version: from `since` on, to its end, it says `values` (plain columns)."""

    member_id: int
    source: int  # the number of the version
    starts: date
    ends: date
    since: date
    values: Mapping[str, Any]


def held_from(member_ids: Iterable[int], day: date, columns: Sequence[str]) -> dict[int, list[Row[Any]]]:
    """Return by member the versions that hold on `day` or later, oldest first, with OF_VERSION and these columns."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    wanted = [_VERSIONS.c[name] for name in (*OF_VERSION, *columns)]
    for chunk in in_chunks(member_ids, HANDFUL):
        query = select(*wanted).where(among(_VERSIONS.c.member_id, chunk), _VERSIONS.c.valid_to > day, _LIVE)
        for row in db.session.execute(query.order_by(_VERSIONS.c.member_id, _VERSIONS.c.valid_from)).all():
            found[row.member_id].append(row)
    return found


def carried(versions: Sequence[Row[Any]], asked: Mapping[str, Any]) -> list[tuple[Row[Any], Mapping[str, Any]]]:
    """Return which of the versions `asked` reaches, each with what of it: a field goes on until it was changed."""
    found: list[tuple[Row[Any], Mapping[str, Any]]] = [(versions[0], asked)]
    if len(versions) == 1:
        return found
    left = dict(asked)
    for before, after in pairwise(versions):
        left = {name: value for name, value in left.items() if _is_carried(before, after, name)}
        if not left:
            break
        found.append((after, left))
    return found


def _is_carried(before: Row[Any], after: Row[Any], column: str) -> bool:
    old, new = getattr(before, column), getattr(after, column)
    if column.endswith("_sealed") and old != new:  # the same words may have been sealed twice
        field = column.removesuffix("_sealed")
        old, new = (history.opened_one(field, stored, before.uuid) for stored in (old, new))
    return same(old, new)


def write(pieces: Sequence[Piece], actor: Actor, *, reason: str, batch_id: str) -> None:
    """Write the pieces with their members, whom the caller has locked; many with the same `values` object at once.

    A present version that is edited as of today is closed, as `history.write` does; every other one is superseded, and
    what it said before the day is copied as it was.
    """
    at, day = now(), today()
    entry = {"recorded_at": at, "recorded_by": actor.id, "batch_id": batch_id, "reason": reason[:200]}
    closed, replaced = [], []
    before: dict[date, list[int]] = defaultdict(list)
    after: dict[tuple[date, date, int], list[int]] = defaultdict(list)
    present: dict[int, list[int]] = defaultdict(list)
    said: dict[int, Mapping[str, Any]] = {}
    for one in pieces:
        is_new = one.since > one.starts
        if is_new and one.since == day and one.ends == OPEN_END:
            closed.append(one.source)
        else:
            replaced.append(one.source)
            if is_new:
                before[one.since].append(one.source)
        said[id(one.values)] = one.values
        after[one.since, one.ends, id(one.values)].append(one.source)
        if one.ends == OPEN_END:
            present[id(one.values)].append(one.member_id)
    for chunk in in_chunks(closed, HANDFUL):
        db.session.execute(update(_VERSIONS).where(among(_VERSIONS.c.id, chunk)).values(valid_to=day))
    for chunk in in_chunks(replaced, HANDFUL):
        db.session.execute(update(_VERSIONS).where(among(_VERSIONS.c.id, chunk)).values(superseded_at=at))
    for since, sources in before.items():  # copies come first: the youngest version is what the edit says
        _copy(sources, {"valid_to": since, "recorded_at": at, "batch_id": None})
    for (since, ends, key), sources in after.items():
        _copy(sources, entry | {"valid_from": since, "valid_to": ends} | dict(said[key]))
    for key, members in present.items():
        if not said[key]:
            continue  # a version was only cut in two
        for chunk in in_chunks(members, HANDFUL):
            db.session.execute(update(_MEMBERS).where(among(_MEMBERS.c.id, chunk)).values(dict(said[key])))


def write_between(
    member_id: int, values: Mapping[str, Any], actor: Actor, *, since: date, until: date, reason: str, batch_id: str
) -> None:
    """Let plain columns say `values` from `since` up to but not including `until` (today or before), and no longer.

    The caller has locked the member, on whom nothing of these columns changes between the two days.
    """
    last = held_from([member_id], until, ())[member_id][0]
    if last.valid_from < until:
        cut = Piece(member_id, last.id, last.valid_from, last.valid_to, until, {})
        write([cut], actor, reason=reason, batch_id=batch_id)
    between = [row for row in held_from([member_id], since, SHARED)[member_id] if row.valid_from < until]
    pieces = [
        Piece(member_id, row.id, row.valid_from, row.valid_to, max(since, row.valid_from), part)
        for row, part in carried(between, values)
    ]
    write(pieces, actor, reason=reason, batch_id=batch_id)


def _copy(sources: Sequence[int], other: Mapping[str, Any]) -> None:
    """Insert these versions once more, with `other` columns; ciphertexts are copied within the database."""
    for chunk in in_chunks(sources, HANDFUL):
        db.session.execute(_copying(other, among(_VERSIONS.c.id, chunk)))


def _copying(other: Mapping[str, Any], which: Any) -> Insert:
    names = [*_ENTRY, *SHARED]
    columns = [literal(other[name], _VERSIONS.c[name].type) if name in other else _VERSIONS.c[name] for name in names]
    return insert(_VERSIONS).from_select(names, select(*columns).where(which))


# --- taking back ------------------------------------------------------------------------------------------------------


def last_of(batch_id: str) -> dict[int, int]:
    """Return by member the number of the last version that the batch has written."""
    rows = db.session.execute(
        select(_VERSIONS.c.member_id, _VERSIONS.c.id).where(_VERSIONS.c.batch_id == batch_id).order_by(_VERSIONS.c.id)
    )
    return {row.member_id: row.id for row in rows}


@dataclass(frozen=True, slots=True)
class Written:
    """A version that a batch has written, and the number of the one that said before what held on its first day."""

    id: int
    member_id: int
    starts: date
    ends: date
    before: int


def written_by(batch_id: str, member_ids: Iterable[int]) -> list[Written]:
    """Return what the batch has written of these members, by member and day."""
    found = []
    for chunk in in_chunks(member_ids, HANDFUL):
        columns = [_VERSIONS.c[name] for name in (*OF_VERSION, "batch_id")]
        query = (
            select(*columns).where(among(_VERSIONS.c.member_id, chunk)).order_by(_VERSIONS.c.member_id, _VERSIONS.c.id)
        )
        by_member: dict[int, list[Row[Any]]] = defaultdict(list)
        for row in db.session.execute(query):
            by_member[row.member_id].append(row)
        for rows in by_member.values():
            hers = [row for row in rows if row.batch_id == batch_id]
            older = [row for row in rows if hers and row.id < hers[0].id]
            for row in sorted(hers, key=lambda one: one.valid_from):
                # whatever began on a day is followed by a younger version from that same day, so the youngest tells
                before = max(
                    (one for one in older if one.valid_from <= row.valid_from), key=lambda one: (one.valid_from, one.id)
                )
                found.append(Written(row.id, row.member_id, row.valid_from, row.valid_to, before.id))
    return found


def take_back(
    batch_id: str, member_ids: Collection[int], names: Collection[str], actor: Actor, *, reason: str, undone_by: str
) -> None:
    """Say of these members what was said before the batch, on every day that it touched; `names` are its columns.

    The caller has locked them, and nobody has written them since. `undone_by` is the batch of the undo.
    """
    at = now()
    entry = {"recorded_at": at, "recorded_by": actor.id, "batch_id": undone_by, "reason": reason[:200]}
    days = {name: bindparam(f"its_{name}", type_=_VERSIONS.c[name].type) for name in ("valid_from", "valid_to")}
    columns = [
        days[name] if name in days else literal(entry[name], _VERSIONS.c[name].type) if name in entry
        else _VERSIONS.c[name]
        for name in (*_ENTRY, *SHARED)
    ]  # fmt: skip
    restored = insert(_VERSIONS).from_select(
        [*_ENTRY, *SHARED], select(*columns).where(_VERSIONS.c.id == bindparam("source"))
    )
    for chunk in in_chunks(sorted(member_ids)):
        written = written_by(batch_id, chunk)
        gone = update(_VERSIONS).where(_VERSIONS.c.id.in_([one.id for one in written]))
        db.session.execute(gone.values(superseded_at=at))
        rows = [{"its_valid_from": one.starts, "its_valid_to": one.ends, "source": one.before} for one in written]
        db.session.connection().execute(restored, rows)
        now_said = {
            name: select(_VERSIONS.c[name]).where(_VERSIONS.c.member_id == _MEMBERS.c.id, _PRESENT).scalar_subquery()
            for name in names
        }
        db.session.execute(update(_MEMBERS).where(_MEMBERS.c.id.in_(chunk)).values(now_said))
