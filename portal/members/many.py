"""Members written many at once: the same rows and versions as `history` writes one by one, without a trace of each.

The caller leaves one trace with the `batch_id`, and has locked the members, checked the values and the right to write.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import ARRAY, ColumnElement, Integer, Table, bindparam, delete, func, insert, literal, select, update

from portal.core.actors import Actor
from portal.core.calendar import now, show_time, today
from portal.core.db import OPEN_END, db, new_uuid

from . import history, names
from .enums import ChangeReason, ChangeType
from .models import SHARED, ChildBirth, Member, MembershipChange, MemberVersion

CHUNK = 500  # values in one IN (...), rows in one hand
HANDFUL = 2_000  # rows in one hand where `among` takes them

_MEMBERS, _VERSIONS = cast(Table, Member.__table__), cast(Table, MemberVersion.__table__)
_CHANGES, _BIRTHS = cast(Table, MembershipChange.__table__), cast(Table, ChildBirth.__table__)
# a first version copies its member's columns, ciphertexts too, within the database
_OF_VERSION = ("valid_from", "valid_to", "recorded_at", "recorded_by", "batch_id", "reason")
_FIRST_VERSION = insert(_VERSIONS).from_select(
    ["member_id", *_OF_VERSION, *SHARED],
    select(
        _MEMBERS.c.id,
        *(bindparam(f"its_{name}", type_=_VERSIONS.c[name].type) for name in _OF_VERSION),
        *(_MEMBERS.c[name] for name in SHARED),
    ).where(_MEMBERS.c.id == bindparam("number")),
)
_PRESENT = (_VERSIONS.c.valid_to == OPEN_END) & _VERSIONS.c.superseded_at.is_(None)

T = TypeVar("T")
Columns = dict[str, Any]


def in_chunks(things: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Return the things in lists of at most `size`, in their order."""
    rest = iter(things)
    while chunk := list(islice(rest, size)):
        yield chunk


def among(column: Any, numbers: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that the column is one of the numbers, handed over as one value however many they are."""
    given = list(numbers)
    if db.engine.dialect.name == "sqlite":
        each = func.json_each(json.dumps(given)).table_valued("value")
        return cast("ColumnElement[bool]", column.in_(select(each.c.value)))
    return cast("ColumnElement[bool]", column == func.any(literal(given, ARRAY(Integer))))


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of 会籍变化记录."""

    kind: ChangeType
    on: date
    reason: ChangeReason | None = None
    to_unit_id: int | None = None
    from_unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """A member to be made: her `values` (as `history.begin` takes them) and unit, and since when they hold.

    `before` are columns that said something else until the day `turned`, if there is one: the status of someone who
    has retired since.
    """

    values: Mapping[str, Any]
    unit_id: int
    since: date
    turns: Sequence[Turn] = ()
    turned: date | None = None
    before: Columns = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """The numbers of a member and of her versions before (None: there was none) and now."""

    member_id: int
    before: int | None
    after: int


def begin(people: Sequence[Beginning], actor: Actor, *, reason: str, batch_id: str) -> list[Written]:
    """Make members with their versions and the lines of their membership, and return them in the same order."""
    rows = [history.columns_of(one.values, unit_id=one.unit_id, uuid=new_uuid()) for one in people]
    if not rows:
        return []
    db.session.execute(insert(_MEMBERS), rows)
    by_uuid: dict[str, int] = {}
    for chunk in in_chunks(row["uuid"] for row in rows):
        found = db.session.execute(select(_MEMBERS.c.uuid, _MEMBERS.c.id).where(_MEMBERS.c.uuid.in_(chunk)))
        by_uuid |= {one.uuid: one.id for one in found}
    ids = [by_uuid[row["uuid"]] for row in rows]
    earlier: list[Columns] = []
    present: list[Columns] = []
    changes: list[Columns] = []
    births: list[Columns] = []
    at = now()
    for one, row, number in zip(people, rows, ids, strict=True):
        since = one.since
        if one.turned is not None and one.turned > one.since:
            held = {name: row[name] for name in SHARED} | one.before
            earlier.append(held | {
                "member_id": number, "valid_from": one.since, "valid_to": one.turned, "recorded_at": at,
                "superseded_at": None, "recorded_by": actor.id, "batch_id": batch_id, "reason": reason,
            })  # fmt: skip
            since = one.turned
        present.append({
            "number": number, "its_valid_from": since, "its_valid_to": OPEN_END, "its_recorded_at": at,
            "its_recorded_by": actor.id, "its_batch_id": batch_id, "its_reason": reason,
        })  # fmt: skip
        changes += [
            {
                "member_id": number, "kind": turn.kind, "on_date": turn.on, "reason": turn.reason,
                "from_unit_id": turn.from_unit_id, "to_unit_id": turn.to_unit_id, "recorded_at": at,
                "recorded_by": actor.id,
            }
            for turn in one.turns
        ]  # fmt: skip
        births += [birth | {"member_id": number} for birth in history.births_of(one.values.get("children"))]
    for table, lines in ((_VERSIONS, earlier), (_CHANGES, changes), (_BIRTHS, births)):
        if lines:
            db.session.execute(insert(table), lines)
    db.session.connection().execute(_FIRST_VERSION, present)
    after = present_versions(ids)
    return [Written(number, None, after[number]) for number in ids]


def present_versions(member_ids: Iterable[int]) -> dict[int, int]:
    """Return by member the number of her present version."""
    found: dict[int, int] = {}
    for chunk in in_chunks(member_ids):
        query = select(_VERSIONS.c.member_id, _VERSIONS.c.id).where(_VERSIONS.c.member_id.in_(chunk), _PRESENT)
        found |= {one.member_id: one.id for one in db.session.execute(query)}
    return found


def write(edits: Mapping[int, Mapping[str, Any]], actor: Actor, *, reason: str, batch_id: str) -> dict[int, Written]:
    """Set for each member (by number) the values that differ, from today on, as `history.write` does."""
    written: dict[int, Written] = {}
    for chunk in in_chunks(sorted(edits)):
        changed = []
        for row in _locked(chunk):
            new = dict(row)
            history.put(new, edits[new["id"]])
            changed.append(new)
        written |= _turn_over(changed, actor, reason=reason, batch_id=batch_id)
    return written


def restore(versions: Mapping[int, int], actor: Actor, *, reason: str, batch_id: str) -> dict[int, Written]:
    """Set each member (by number) from today on to what one of her earlier versions says, in every column."""
    written: dict[int, Written] = {}
    for chunk in in_chunks(sorted(versions)):
        wanted = [versions[number] for number in chunk]
        columns = [_VERSIONS.c.member_id, *(_VERSIONS.c[name] for name in SHARED)]
        found = db.session.execute(select(*columns).where(_VERSIONS.c.id.in_(wanted))).mappings()
        before = {row["member_id"]: {name: row[name] for name in SHARED} for row in found}
        changed = []
        for row in _locked(chunk):
            new = dict(row) | before[row["id"]]
            _derive(row, new)
            changed.append(new)
        written |= _turn_over(changed, actor, reason=reason, batch_id=batch_id)
    return written


def lock(member_ids: Iterable[int]) -> None:
    """Let nobody else write these members until the transaction ends."""
    for chunk in in_chunks(sorted(member_ids), HANDFUL):
        rows = select(_MEMBERS.c.id).where(among(_MEMBERS.c.id, chunk)).order_by(_MEMBERS.c.id)
        db.session.execute(rows.with_for_update())


def edited_since(after: Mapping[int, int], what: str) -> dict[int, str]:
    """Lock members, and return of those that have been written since why they are left as they are.

    `after` says by member which was her last version then; `what` begins the sentence: 导入后.
    """
    lock(after)
    newest: dict[int, int] = {}
    for chunk in in_chunks(sorted(after)):
        last = select(_VERSIONS.c.member_id, func.max(_VERSIONS.c.id)).where(_VERSIONS.c.member_id.in_(chunk))
        newest |= dict(map(tuple, db.session.execute(last.group_by(_VERSIONS.c.member_id))))
    kept: dict[int, str] = {}
    for chunk in in_chunks(newest[number] for number in after if newest.get(number) != after[number]):
        for version in db.session.scalars(select(MemberVersion).where(MemberVersion.id.in_(chunk))):
            who = version.recorder.label if version.recorder else "系统"
            kept[version.member_id] = f"{what}由{who}于 {show_time(version.recorded_at)} 修改过"
    return kept


def remove(member_ids: Collection[int]) -> None:
    """Remove members, with their versions and lines, whom nobody needs to remember: an import that is taken back."""
    for chunk in in_chunks(sorted(member_ids)):
        for table in (_BIRTHS, _CHANGES, _VERSIONS):
            db.session.execute(delete(table).where(table.c.member_id.in_(chunk)))
        db.session.execute(delete(_MEMBERS).where(_MEMBERS.c.id.in_(chunk)))


def _locked(member_ids: Sequence[int]) -> list[Any]:
    query = select(_MEMBERS).where(_MEMBERS.c.id.in_(member_ids)).order_by(_MEMBERS.c.id).with_for_update()
    return list(db.session.execute(query).mappings())


def _derive(old: Mapping[str, Any], new: Columns) -> None:
    """Set what members are found by, where the column behind it differs."""
    if new["name"] != old["name"]:
        new["name_pinyin"], new["name_initials"] = names.pinyin(new["name"])
        new["name_plain"] = names.search_key(new["name"])
    values = history.opened(new)
    for name, family in (("id_number", "id"), ("mobile", "mobile")):
        if new[f"{name}_sealed"] != old[f"{name}_sealed"]:
            new[f"{family}_index"], new[f"{family}_tail_index"] = history.indexes_of(family, values[name])


def _turn_over(rows: Sequence[Columns], actor: Actor, *, reason: str, batch_id: str) -> dict[int, Written]:
    """Write the rows of members as they are to be, close their present versions and open the next ones."""
    if not rows:
        return {}
    ids = [row["id"] for row in rows]
    query = select(_VERSIONS.c.member_id, _VERSIONS.c.id, _VERSIONS.c.valid_from)
    present = {one.member_id: one for one in db.session.execute(query.where(_VERSIONS.c.member_id.in_(ids), _PRESENT))}
    at, day = now(), today()
    same_day = [one.id for one in present.values() if one.valid_from >= day]
    older = [one.id for one in present.values() if one.valid_from < day]
    if same_day:
        db.session.execute(update(_VERSIONS).where(_VERSIONS.c.id.in_(same_day)).values(superseded_at=at))
    if older:
        db.session.execute(update(_VERSIONS).where(_VERSIONS.c.id.in_(older)).values(valid_to=day))
    named = [column.name for column in _MEMBERS.columns if column.name not in ("id", "uuid", "user_id")]
    statement = update(_MEMBERS).where(_MEMBERS.c.id == bindparam("number"))
    db.session.connection().execute(
        statement.values({name: bindparam(f"new_{name}") for name in named}),
        [{"number": row["id"], **{f"new_{name}": row[name] for name in named}} for row in rows],
    )
    versions = [
        {name: row[name] for name in SHARED}
        | {
            "member_id": row["id"], "valid_from": max(day, present[row["id"]].valid_from), "valid_to": OPEN_END,
            "recorded_at": at, "superseded_at": None, "recorded_by": actor.id, "batch_id": batch_id, "reason": reason,
        }
        for row in rows
    ]  # fmt: skip
    db.session.execute(insert(_VERSIONS), versions)
    after = present_versions(ids)
    return {number: Written(number, present[number].id, after[number]) for number in ids}
