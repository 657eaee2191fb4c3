"""The only writer of members and their versions: any field as of any day.

A version holds from the day it was written to the day of the next one. The last edit of a day wins: what the day said
before is kept as superseded, never overwritten.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core import audit, crypto, kinds
from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import OPEN_END, db, new_uuid
from portal.core.fields import Seen
from portal.org.models import OrgUnit, User

from . import names
from .catalogue import FIELD, level_of_title
from .checks import same as same
from .enums import IdType, MembershipStatus
from .models import SEALED, SHARED, ChildBirth, Member, MemberVersion

audit.name_acts({"member.begin": "建立会员档案", "member.edit": "修改会员信息"})

LAST_DAY = OPEN_END - timedelta(days=1)
WRITABLE = frozenset(name.removesuffix("_sealed") for name in SHARED if name not in ("uuid", "unit_id")) | {"branch"}

# what a new row of members holds before anything is said of it
_BLANK: dict[str, Any] = {column.name: None for column in Member.__table__.columns if column.name != "id"} | {
    "id_type": IdType.IDENTITY_CARD.value,
    "membership_status": MembershipStatus.ACTIVE.value,
    "counted_here": True,
    "name_pinyin": "",
    "name_initials": "",
    "name_plain": "",
}
_SEALS: dict[str, crypto.sealed] = {name: getattr(Member, name) for name in sorted(SEALED)}
_PLAIN = tuple(name for name in FIELD if name in WRITABLE - SEALED and name != "branch")

REMOVED, CHANGED = "（已清空）", "（已修改，内容不在日志中显示）"


def begin(
    values: Mapping[str, Any],
    unit: OrgUnit,
    actor: Actor,
    *,
    reason: str,
    user: User | None = None,
    batch_id: str | None = None,
) -> Member:
    """Make a member of `unit` with her first version, which holds from today, and return her, flushed.

    `values` maps catalogue names (and internal columns) to parsed values, checked by the caller; `user` is her account.
    """
    member = Member(**columns_of(values, unit_id=unit.id, uuid=new_uuid()), unit=unit, user=user)
    member.child_births = [ChildBirth(**birth) for birth in births_of(values.get("children"))]
    db.session.add(member)
    db.session.flush()  # the version names its member by number
    _add_version(member, actor, today(), reason=reason, batch_id=batch_id)
    audit.record(actor, "member.begin", member, reason=reason, batch_id=batch_id)
    return member


def columns_of(values: Mapping[str, Any], *, unit_id: int, uuid: str) -> dict[str, Any]:
    """Return the columns of `members`, but for the id, that `begin` would write: for whoever writes many at once.

    `values` as there; the ciphertexts are bound to `uuid`. Who inserts them inserts the first version, with the same
    SHARED columns, and the children's births too.
    """
    columns = dict(_BLANK, unit_id=unit_id, uuid=uuid)
    put(columns, values)
    return columns


def put(columns: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Set in the `columns` of one row of `members` what `values` say, with all that follows from them."""
    for name, value in values.items():
        new = None if value in ("", kinds.PENDING_STAFF_NO) else value
        if name == "branch":
            columns["unit_id"] = value.id
        elif name in SEALED:
            columns[f"{name}_sealed"] = None if new is None else _seal(name, new, columns["uuid"])
        elif name in WRITABLE:
            columns[name] = new
        else:
            raise KeyError(f"not a column of a member: {name}")
    if "prof_title" in values and values.get("title_level") is None:
        columns["title_level"] = level_of_title(values["prof_title"]) or columns["title_level"]
    if "name" in values:
        columns["name_pinyin"], columns["name_initials"] = names.pinyin(columns["name"])
        columns["name_plain"] = names.search_key(columns["name"])
    if "id_number" in values:
        columns["id_index"], columns["id_tail_index"] = indexes_of("id", values["id_number"])
    if "mobile" in values:
        columns["mobile_index"], columns["mobile_tail_index"] = indexes_of("mobile", values["mobile"])


def _seal(name: str, value: Any, uuid: str) -> bytes:
    return crypto.seal(_SEALS[name].encode(value), bound_to=f"{Member.SEAL_FAMILY}|{name}|{uuid}")


def opened(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return by catalogue name what the `columns` of one row of members or versions say; the branch is left out."""
    values = {name: columns[name] for name in _PLAIN}
    return values | {name: opened_one(name, columns[f"{name}_sealed"], columns["uuid"]) for name in _SEALS}


def opened_one(name: str, stored: bytes | None, uuid: str) -> Any:
    """Return what the sealed column of the field `name` says in the record of `uuid`."""
    if stored is None:
        return None
    return _SEALS[name].decode(crypto.open_sealed(stored, bound_to=f"{Member.SEAL_FAMILY}|{name}|{uuid}"))


def births_of(children: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Return the columns of `child_births`, but for the member's number, that stand beside the rows of `children`."""
    return [
        {"birth_date": date.fromisoformat(child["birth_date"]), "sex": child.get("sex")}
        for child in children or ()
        if child.get("birth_date")
    ]


def write(
    member: Member, values: Mapping[str, Any], actor: Actor, *, reason: str, batch_id: str | None = None
) -> MemberVersion | None:
    """Set `values` (catalogue names to parsed values) from today on; return the new version, None if nothing changed.

    The caller has locked the member, checked the values and the right to set them. `reason` is shown with the version.
    """
    changes = differences(member, values)
    if not changes:
        return None
    _set(member, changes, values)
    present = present_version(member)
    day = max(today(), present.valid_from)  # a clock that was set back must not turn the order round
    if present.valid_from == day:
        present.superseded_at = now()
    else:
        present.valid_to = day
    db.session.flush()  # the old one is closed before the new one comes: only one may be open
    version = _add_version(member, actor, day, reason=reason, batch_id=batch_id)
    told = {name: traced(name, *pair) for name, pair in changes.items()}
    audit.record(actor, "member.edit", member, changes=told, reason=reason, batch_id=batch_id)
    return version


def version_on(member: Member, day: date) -> MemberVersion | None:
    """Return what held for the member on `day`, as known now; None before her first version."""
    return db.session.scalars(
        select(MemberVersion).where(
            MemberVersion.member_id == member.id,
            MemberVersion.valid_from <= day,
            MemberVersion.valid_to > day,
            MemberVersion.superseded_at.is_(None),
        )
    ).one_or_none()


def present_version(member: Member) -> MemberVersion:
    """Return the version that is open, which equals the member's own columns."""
    version = version_on(member, LAST_DAY)
    if version is None:
        raise LookupError(f"member {member.id} has no version")
    return version


@dataclass(frozen=True)
class Edit:
    """One edit as the versions tell it: the version before (None: the first) and after, and the fields that differ."""

    before: MemberVersion | None
    after: MemberVersion
    names: tuple[str, ...]


def edits_of(member: Member) -> list[Edit]:
    """Return all edits of the member, oldest first, those of one day included; one question, however many there are.

    A version is compared with the one that said before what held on its first day. An edit from a day in the past
    writes several at once, copies and the same change carried on: it is one edit.
    """
    query = select(MemberVersion).where(MemberVersion.member_id == member.id).order_by(MemberVersion.id)
    versions = db.session.scalars(query.options(joinedload(MemberVersion.recorder))).all()
    edits: list[Edit] = []
    told: set[str] = set()
    days: list[tuple[date, int]] = []  # the first days of the versions so far with their places, in order
    for place, after in enumerate(versions):
        at = bisect.bisect_right(days, (after.valid_from, place))
        before = versions[days[at - 1][1]] if at else None
        days.insert(at, (after.valid_from, place))
        if before is None:
            edits.append(Edit(None, after, ()))
        elif (names := differing(before, after)) and after.batch_id not in told:
            edits.append(Edit(before, after, names))
            told |= {after.batch_id} if after.batch_id else set()
    return edits


def differing(before: MemberVersion, after: MemberVersion) -> tuple[str, ...]:
    """Return the names of the fields in which two versions differ, in the catalogue's order."""
    return tuple(name for name in FIELD if _differs(before, after, name))


def value_of(row: Member | MemberVersion, name: str) -> Any:
    """Return the parsed value of a catalogue field or an internal column; an OrgUnit for `branch`."""
    return row.unit if name == "branch" else getattr(row, name)


def _differs(before: MemberVersion, after: MemberVersion, name: str) -> bool:
    if name not in WRITABLE:
        return False
    if name == "branch":
        return before.unit_id != after.unit_id
    if name in SEALED and getattr(before, f"{name}_sealed") == getattr(after, f"{name}_sealed"):
        return False  # the same ciphertext; only another one has to be opened
    return not same(getattr(before, name), getattr(after, name))


def differences(row: Member | MemberVersion, values: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what of `values` the row does not say, by name as (old, new); the level follows the title."""
    unknown = set(values) - WRITABLE
    if unknown:
        raise KeyError(f"not a column of a member: {', '.join(sorted(unknown))}")
    found: dict[str, tuple[Any, Any]] = {}
    for name, value in values.items():
        new = None if value in ("", kinds.PENDING_STAFF_NO) else value
        old = value_of(row, name)
        if not same(old, new):
            found[name] = (old, new)
    if "prof_title" in values and values.get("title_level") is None:
        level = level_of_title(values["prof_title"])
        if level is not None and level != row.title_level and values["prof_title"] != row.prof_title:
            found["title_level"] = (row.title_level, level)
    return found


def _set(member: Member, changes: Mapping[str, tuple[Any, Any]], values: Mapping[str, Any]) -> None:
    for name, (_, new) in changes.items():
        if name == "branch":
            member.unit = new
            member.unit_id = new.id
        else:
            setattr(member, name, new)
    derive(member, changes)


def derive(member: Member, changed: Collection[str]) -> None:
    """Set what the member is found by, where one of the `changed` fields stands behind it."""
    if "name" in changed:
        member.name_pinyin, member.name_initials = names.pinyin(member.name)
        member.name_plain = names.search_key(member.name)
    if "id_number" in changed:
        member.id_index, member.id_tail_index = indexes_of("id", member.id_number)
    if "mobile" in changed:
        member.mobile_index, member.mobile_tail_index = indexes_of("mobile", member.mobile)
    if "children" in changed:
        member.child_births = [ChildBirth(**birth) for birth in births_of(member.children)]


def indexes_of(family: str, text: str | None) -> tuple[str | None, str | None]:
    """Return the keyed indexes of the whole text and of its last four characters; `family` is id or mobile."""
    if not text:
        return None, None
    whole = {"id": "id_number", "mobile": "mobile"}[family]
    return crypto.index(whole, text), crypto.index(f"{family}_tail", text[-4:])


def _add_version(member: Member, actor: Actor, day: date, *, reason: str, batch_id: str | None) -> MemberVersion:
    version = MemberVersion(
        member=member,
        valid_from=day,
        valid_to=OPEN_END,
        recorded_at=now(),
        recorded_by=actor.id,
        batch_id=batch_id,
        reason=reason[:200],
        **{name: getattr(member, name) for name in SHARED},
    )
    db.session.add(version)
    db.session.flush()  # the form of the next edit carries its number
    return version


def traced(name: str, old: Any, new: Any) -> tuple[str, str]:
    """Return old and new as whoever reads the trace may see them: nothing that is sealed, secret or of the family."""
    field = FIELD.get(name)
    if field is None:
        return str(old), str(new)
    if name in ("id_number", "mobile"):
        return kinds.mask(field, old), kinds.mask(field, new)
    if name in SEALED or field.seen is not Seen.OPEN:
        return "", REMOVED if new is None else CHANGED
    if name == "photo":
        return "", REMOVED if new is None else "（已更换）"
    return kinds.show(field, old), kinds.show(field, new)
