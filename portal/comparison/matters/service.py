"""Verbs and lists of matters: opened by a comparison, shown to the operators of the member's branch and above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from portal.core.db import db
from portal.core.todo import Todo
from portal.members import hanging, many
from portal.members.models import Member
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import NOTE_MOST, Matter, MatterKind, MatterState
from .workflow import MATTERS

PER_PAGE = 50
ALL = "all"


@dataclass(frozen=True, slots=True)
class Intent:
    """A member, and where she is to go."""

    member_id: int
    to_unit_id: int | None = None


def open_for(actor: User, kind: MatterKind, intents: Sequence[Intent], *, note: str) -> dict[int, Matter]:
    """Open a matter of this kind for each member whom the actor may edit, and return them by member.

    One that is open already stays as it is. The caller leaves the trace.
    """
    wanted = {intent.member_id: intent for intent in intents}
    found: dict[int, Matter] = {}
    for chunk in many.in_chunks(sorted(wanted)):
        query = select(Matter).where(Matter.member_id.in_(chunk), Matter.kind == kind, Matter.state == MatterState.OPEN)
        found |= {matter.member_id: matter for matter in db.session.scalars(query)}
        people = access.scoped(Member, actor, P.MEMBER_EDIT).where(Member.id.in_(chunk))
        for member in db.session.scalars(people.order_by(Member.id)):
            if member.id not in found:
                found[member.id] = Matter(
                    unit_id=member.unit_id, member_id=member.id, kind=kind, to_unit_id=wanted[member.id].to_unit_id,
                    note=note[:NOTE_MOST], made_by=actor.id,
                )  # fmt: skip
                db.session.add(found[member.id])
    db.session.flush()  # findings name them by number
    return found


def matters(actor: User, *, state: str = "", kind: str = "", page: int = 1) -> tuple[list[Matter], int]:
    """Return a page of what the actor may see, the oldest first, and how many there are.

    `state` and `kind` are values of MatterState and MatterKind; an empty state is open, ALL every one.
    """
    query = _filtered(actor, state, kind)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Matter.id).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), total


def _filtered(actor: User, state: str, kind: str) -> Select[tuple[Matter]]:
    query: Select[tuple[Matter]] = access.scoped(Matter, actor, P.MEMBER_EDIT)
    if state != ALL:
        query = query.where(Matter.state == (state if state in list(MatterState) else MatterState.OPEN))
    if kind in list(MatterKind):
        query = query.where(Matter.kind == kind)
    return query


def find(actor: User, matter_id: int) -> Matter:
    """Return a matter in the actor's scope. Raises Absent."""
    item: Matter = MATTERS.fetch(actor, matter_id)
    return item


def todo(actor: User) -> list[Todo]:
    """Return how many matters wait for the actor, if there are any."""
    if not actor.holds(P.MEMBER_EDIT):
        return []
    query = _filtered(actor, "", "")
    count = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return [Todo("拟办事项", count, "matters.index")] if count else []


hanging.stays("人事比对待办", Matter, open_states=(MatterState.OPEN,))
