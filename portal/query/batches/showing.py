"""What is shown of a batch edit: its wishes, and its members with old and new, as the actor may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select

from portal.core import kinds
from portal.core.db import db
from portal.members import dating, history, sight
from portal.members.catalogue import FIELD
from portal.members.models import Member, MemberVersion
from portal.org.models import User

from .judging import OUT_OF_SCOPE, Judge
from .models import BatchEdit, BatchEditRow, BatchState, Outcome
from .service import PER_PAGE, changes_of

KEPT = "kept"  # a filter beside the outcomes


@dataclass(frozen=True, slots=True)
class Shown:
    """One member as the actor may see her; `changes` are (label, old, new)."""

    number: int
    outcome: Outcome
    member_id: int | None
    name: str
    member_no: str
    branch: str
    changes: list[tuple[str, str, str]]
    note: str
    kept: str


def wishes(item: BatchEdit) -> list[tuple[str, str]]:
    """Return label and new text of each field that the edit sets."""
    return [(FIELD[name].label, kinds.show(FIELD[name], value)) for name, value in changes_of(item).items()]


def filters(item: BatchEdit) -> list[tuple[str, str, int]]:
    """Return (value for `only`, label, number of members) of what the rows may be cut to; everybody first."""
    found = [("", "全部", item.number)]
    found += [(outcome.value, outcome.label, item.counts.get(outcome.value, 0)) for outcome in Outcome]
    if item.state is BatchState.UNDONE:
        found.append((KEPT, "没有撤销", kept_count(item)))
    return found


def rows(actor: User, item: BatchEdit, *, only: str = "", page: int = 1) -> tuple[list[Shown], int]:
    """Return a page of the members, those left out first, and how many there are; `only` as in `filters`."""
    query = select(BatchEditRow).where(BatchEditRow.batch_edit_id == item.id)
    if only in set(Outcome):
        query = query.where(BatchEditRow.outcome == only)
    elif only == KEPT:
        query = query.where(BatchEditRow.kept != "")
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    first = case((BatchEditRow.kept != "", 0), (BatchEditRow.outcome == Outcome.REFUSED, 1), else_=2)
    ordered = query.order_by(first, BatchEditRow.number).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    found = list(db.session.scalars(ordered))
    numbers = [row.member_id for row in found]
    members = {member.id: member for member in db.session.scalars(select(Member).where(Member.id.in_(numbers)))}
    changes = _written(item, numbers) if item.batch_id else _wanted(actor, item, numbers)
    return [_shown(actor, row, members[row.member_id], changes.get(row.member_id, {})) for row in found], total


def kept_count(item: BatchEdit) -> int:
    """Return how many members an undo has left as they were."""
    query = select(func.count()).where(BatchEditRow.batch_edit_id == item.id, BatchEditRow.kept != "")
    return db.session.scalar(query) or 0


_Changes = dict[int, dict[str, tuple[Any, Any]]]  # by member and field: old and new


def _wanted(actor: User, item: BatchEdit, member_ids: Sequence[int]) -> _Changes:
    judged = Judge(actor, changes_of(item), item.day, is_told=True).judge(member_ids)
    return {
        one.member_id: {name: (one.old[0][name], value) for name, value in one.pieces[0].values.items()}
        for one in judged
        if one.pieces
    }


def _written(item: BatchEdit, member_ids: Sequence[int]) -> _Changes:
    """Return what the edit has changed on its first day, as the versions tell it."""
    first: dict[int, dating.Written] = {}
    for one in dating.written_by(item.batch_id or "", member_ids):
        first.setdefault(one.member_id, one)
    numbers = [number for one in first.values() for number in (one.before, one.id)]
    versions = {one.id: one for one in db.session.scalars(select(MemberVersion).where(MemberVersion.id.in_(numbers)))}
    found: _Changes = {}
    for number, one in first.items():
        before, after = versions[one.before], versions[one.id]
        found[number] = {
            name: (history.value_of(before, name), history.value_of(after, name))
            for name in history.differing(before, after)
        }
    return found


def _shown(actor: User, row: BatchEditRow, member: Member, changes: Mapping[str, tuple[Any, Any]]) -> Shown:
    def text(name: str, value: Any) -> str:
        seen = sight.can_see(actor, FIELD[name], member, place="list")
        return sight.NOT_SHOWN if seen is sight.Sight.HIDDEN else sight.shown(FIELD[name], value, seen)

    name = sight.value(actor, member, "name", place="list")
    is_hidden = not name or row.note == OUT_OF_SCOPE
    return Shown(
        number=row.number,
        outcome=row.outcome,
        member_id=None if is_hidden else member.id,
        name="" if is_hidden else name,
        member_no="" if is_hidden else member.member_no or "",
        branch="" if is_hidden else member.unit.name,
        changes=[(FIELD[one].label, text(one, old), text(one, new)) for one, (old, new) in changes.items()],
        note=row.note,
        kept=row.kept,
    )
