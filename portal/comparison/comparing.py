"""A list beside the members: who is known of, and what is found; read at once, compared with no transaction open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, select

from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.members import many
from portal.members import service as members
from portal.members.enums import MembershipStatus
from portal.members.importing.door import applications
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .findings import Record, columns
from .listed import Listed
from .matching import Decisions
from .models import Finding, Kind, Outcome

PLACES_MOST = 200  # units to choose from
_MEMBERS = cast(Table, Member.__table__)


@dataclass(slots=True)
class House:
    """What is known of the members of the actor's part of a union, read at once."""

    under: OrgUnit
    union: OrgUnit
    records: dict[int, Record]
    paths: dict[int, str]
    decisions: Decisions


def places(actor: User) -> list[OrgUnit]:
    """Return the units with whose people a list may be compared: the actor's highest ones, and the branches of each."""
    found: list[OrgUnit] = []
    for top in access.tops(actor, P.COMPARE):
        found += [top, *(child for child in top.children if child.is_enabled and child.accepts_members)]
    return found[:PLACES_MOST]


def unit_of(actor: User, unit_id: int) -> OrgUnit:
    """Return the unit if the actor may compare its people. Raises DomainError on `unit`."""
    try:
        unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, P.COMPARE)
    except Absent as error:
        raise DomainError("请选择要比对的单位", field="unit") from error
    return unit


def look(actor: User, unit_id: int, *, only: Iterable[int] | None = None) -> House:
    """Return the members, living ones, that the actor may compare, of the union to which the unit belongs.

    `only` cuts to the members with these numbers.
    """
    under = unit_of(actor, unit_id)
    union = access.approving_unit(under)
    units = access.scoped(OrgUnit, actor, P.COMPARE, OrgUnit.id, OrgUnit.path)
    within = units.where(union.subtree)
    paths = {row.id: row.path for row in db.session.execute(within)}
    living = select(*columns()).where(_MEMBERS.c.membership_status.in_([one.value for one in members.LIVE]))
    column, wanted = (_MEMBERS.c.unit_id, sorted(paths)) if only is None else (_MEMBERS.c.id, sorted(only))
    records: dict[int, Record] = {}
    for chunk in many.in_chunks(wanted):
        found = db.session.execute(living.where(column.in_(chunk))).mappings()
        records |= {row["id"]: cast(Record, row) for row in found if row["unit_id"] in paths}
    decided = decisions(paths) if only is None else {}
    return House(under, union, dict(sorted(records.items())), paths, decided)


def decisions(unit_ids: Iterable[int]) -> Decisions:
    """Return what people have said about doubts at these units: the newest word counts."""
    found: dict[tuple[str, int], bool] = {}
    for chunk in many.in_chunks(sorted(unit_ids)):
        query = select(Finding.row_key, Finding.member_id, Finding.outcome).where(
            Finding.kind == Kind.UNSURE,
            Finding.outcome.in_((Outcome.SAME, Outcome.OTHER)),
            Finding.unit_id.in_(chunk),
            Finding.member_id.is_not(None),
        )
        for row in db.session.execute(query.order_by(Finding.settled_at, Finding.id)):
            found[row.row_key, row.member_id] = row.outcome is Outcome.SAME
    return found


def known_of(actor: User, rows: Sequence[Listed]) -> dict[str, list[str]]:
    """Return by a row's key what the actor may know of people who are no members: they were, or have applied."""
    told: dict[str, list[str]] = defaultdict(list)
    by_index = {row.document[1]: row for row in rows if row.document is not None}
    by_number = {row.staff_no: row for row in rows if row.staff_no is not None}
    for column, wanted in ((Member.id_index, by_index), (Member.staff_no, by_number)):
        for chunk in many.in_chunks(sorted(str(word) for word in wanted)):
            asked = (column.label("word"), Member.name, Member.membership_status)
            gone = access.scoped(Member, actor, P.MEMBER_READ, *asked).where(
                column.in_(chunk), Member.membership_status.not_in([one.value for one in members.LIVE])
            )
            for person in db.session.execute(gone):
                row = wanted[person.word]
                if not told[row.key] and (column is Member.id_index or person.name == row.name):
                    state = MembershipStatus(person.membership_status).label  # type: ignore[call-arg]  # by its value alone
                    told[row.key].append(f"曾是会员，现为{state}")
    for document, waiting in applications().waiting(sorted(by_index)).items():
        row = by_index[document[1]]
        if row.document == document and actor.may(P.JOINING_READ, db.session.get_one(OrgUnit, waiting.unit_id)):
            told[row.key].append(f"入会申请正在办理（{waiting.state}）")
    return told
