"""Bring a personnel office's list: it is read and compared with no transaction open, and what was found is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

from sqlalchemy import Table, select

from portal.core import audit, sheets
from portal.core.calendar import now
from portal.core.db import db, new_uuid, release, writes
from portal.core.errors import Absent, DomainError
from portal.core.kinds.cleaning import visible
from portal.members import many
from portal.members import service as members
from portal.members.enums import MembershipStatus
from portal.members.importing import reading
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .findings import Branches, Finder, Found, Record, columns, keep, known
from .listed import Listed, Reader
from .matching import Decisions, match, single
from .models import FILE_NAME_MOST, Comparison, Finding, Kind, Outcome

audit.name_acts({"comparison.make": "人事名单比对"})

TOLD_MOST = 300  # sentences about rows that are kept
PLACES_MOST = 200  # units to choose from
ROWS_TOLD_MOST = 50  # numbers of rows beside one of them
_MEMBERS = cast(Table, Member.__table__)
NOBODY = "名单里没有可以比对的人员，请检查姓名、工号、身份证号各列后重新上传"


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


def make(actor: User, raw: bytes, file_name: str, unit_id: int) -> Comparison:
    """Compare the list in the file `raw` with the members of the unit, keep what was found, and return it.

    Nothing of the members is changed. Raises DomainError on `file` for what cannot be read, on `unit` for a unit that
    is not the actor's; Busy where too many wait.
    """
    actor_id = actor.id
    release()
    book = sheets.book_of(BytesIO(raw))
    table = reading.read(book)
    reader = Reader()
    rows, doubtful = single(reader.people(table.rows), reader.problems)
    if not rows:
        raise DomainError(NOBODY, field="file")
    actor = db.session.get_one(User, actor_id)
    house = look(actor, unit_id)
    people = [known(record) for record in house.records.values()]
    matched = match(rows, people, doubtful=doubtful, decisions=house.decisions)
    former = _former(actor, matched.only_there)
    finder = Finder(house.under, house.records, Branches(house.union), house.paths, former)
    found = finder.all(matched)
    unknown = finder.branches.unknown
    release()

    writes()
    actor = db.session.get_one(User, actor_id)
    under = unit_of(actor, unit_id)
    problems = reader.problems.told()[:TOLD_MOST]
    said = said_of(table) | {
        "problems": [[sentence, numbers[:ROWS_TOLD_MOST], len(numbers)] for sentence, numbers in problems],
        "unknown": sorted(unknown.items(), key=lambda one: (-one[1], one[0])),
    }
    return _keep(actor, under, file_name, found, said, rows=len(table.rows), matched=len(matched.pairs))


def unit_of(actor: User, unit_id: int) -> OrgUnit:
    """Return the unit if the actor may compare its people. Raises DomainError on `unit`."""
    try:
        unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, P.COMPARE)
    except Absent as error:
        raise DomainError("请选择要比对的单位", field="unit") from error
    return unit


def said_of(table: reading.Table) -> dict[str, Any]:
    """Return what is told of the sheet itself."""
    read = [column for column in table.columns if column.field]
    skipped: dict[str, list[int]] = defaultdict(list)
    for number, why in table.skipped:
        skipped[why].append(number)
    return {
        "sheet": table.sheet.name,
        "columns": [column.heading for column in read],
        "unused": [column.heading for column in table.columns if not column.field],
        "skipped": [f"{why}：第 {_listed(numbers)}" for why, numbers in skipped.items()],
        "notes": table.notes,
    }


def _listed(numbers: list[int]) -> str:
    more = f"等 {len(numbers)} 行" if len(numbers) > ROWS_TOLD_MOST else ""
    return "、".join(map(str, numbers[:ROWS_TOLD_MOST])) + " 行" + more


def look(actor: User, unit_id: int, *, only: Iterable[int] | None = None) -> House:
    """Return the members, living ones, that the actor may compare, of the union to which the unit belongs.

    `only` cuts to the members with these numbers.
    """
    under = unit_of(actor, unit_id)
    union = access.approving_unit(under)
    units = access.scoped(OrgUnit, actor, P.COMPARE, OrgUnit.id, OrgUnit.path)
    within = units.where(OrgUnit.path >= union.path, OrgUnit.path < union.path_end)
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


def _former(actor: User, rows: Iterable[Listed]) -> dict[str, str]:
    """Return by a row's key what became of somebody who was a member in the actor's reach."""
    rows = list(rows)
    told: dict[str, str] = {}
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
                if column is Member.id_index or person.name == row.name:
                    state = MembershipStatus(person.membership_status).label  # type: ignore[call-arg]  # by its value alone
                    told[row.key] = f"曾是会员，现为{state}"
    return told


def _keep(
    actor: User, under: OrgUnit, file_name: str, found: list[Found], said: dict[str, Any], *, rows: int, matched: int
) -> Comparison:
    name = visible(file_name.replace("\\", "/").rpartition("/")[2])[-FILE_NAME_MOST:] or "人事名单"
    item = Comparison(
        uuid=new_uuid(), unit_id=under.id, file_name=name, rows=rows, matched=matched, created_by=actor.id,
        created_at=now(),
    )  # fmt: skip
    item.said = said
    db.session.add(item)
    db.session.flush()  # its findings name it by number
    keep(item, found)
    counts = {kind.value: sum(one.kind is kind for one in found) for kind in Kind}
    audit.record(actor, "comparison.make", item, details={"rows": rows, "matched": matched, **counts})
    return item
