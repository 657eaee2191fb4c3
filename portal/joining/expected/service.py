"""Verbs of the lists: see what a list would become, write it, take someone off, close it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO

from sqlalchemy import select

from portal.core import audit, sheets
from portal.core.calendar import now
from portal.core.db import db, release, writes
from portal.core.enums import LabelEnum
from portal.core.errors import Absent, Conflict, DomainError
from portal.joining import links
from portal.members import endings, hanging
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import reading
from .matching import CHUNK, area, match_list
from .models import ExpectedList, ExpectedPerson

audit.name_acts({
    "expected.create": "建立应入会名单",
    "expected.add": "补充应入会名单",
    "expected.close": "停用应入会名单",
    "expected.remove": "移出应入会名单",
})  # fmt: skip

SHOWN = 500  # rows of a preview
REASON_LEAST = 2  # characters


class Verdict(LabelEnum):
    """What becomes of a row."""

    NEW = "new", "新增"
    LISTED = "listed", "已在名单"
    DUPLICATE = "duplicate", "重复"
    ERROR = "error", "错误"


@dataclass(frozen=True)
class Judged:
    """A row with its verdict and why."""

    line: reading.Line
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class Preview:
    """What a list would become; `columns` were used, `unused` were not."""

    rows: list[Judged]
    columns: list[str]
    unused: list[str]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many rows have each verdict."""
        number = Counter(row.verdict for row in self.rows)
        return {verdict: number[verdict] for verdict in Verdict}

    @property
    def shown(self) -> list[Judged]:
        """The rows that a page has room for: what needs a look first, then as many new ones."""
        return sorted(self.rows, key=lambda row: row.verdict is Verdict.NEW)[:SHOWN]

    @property
    def hidden(self) -> int:
        """How many rows a page does not show."""
        return len(self.rows) - len(self.shown)

    @property
    def seal(self) -> str:
        """A word for exactly this outcome, so that what is written is what was seen."""
        said = [
            (row.verdict.value, row.line.staff_no, row.line.name, row.line.department, row.line.unit_text)
            for row in self.rows
        ]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:24]


# --- making a list ----------------------------------------------------------------------------------------------------


def places(actor: User) -> list[OrgUnit]:
    """Return the units for which the actor may make a list."""
    return access.units(actor, P.JOINING_APPROVE)


def unit_of(actor: User, code: str) -> OrgUnit:
    """Return the unit with this code if the actor may make a list for it. Raises DomainError."""
    for unit in places(actor):
        if unit.code == code:
            return unit
    raise DomainError("请选择名单所属的单位", field="unit")


def preview(unit: OrgUnit, text: str) -> Preview:
    """Return what `text` would add to a list of `unit`. Raises DomainError if it cannot be read."""
    if not text.strip():
        raise DomainError("请粘贴名单，或选择要上传的文件", field="people")
    try:
        rows = sheets.rows_of_text(text)
    except DomainError as error:
        raise DomainError(error.message, field="people") from error
    found = reading.read(rows, _units_below(unit))
    if not found.lines:
        raise DomainError("名单里没有人员，请检查粘贴的内容", field="people")
    return Preview(judged(unit, found.lines), found.columns, found.unused)


def judged(unit: OrgUnit, lines: list[reading.Line]) -> list[Judged]:
    """Return what becomes of each line on a list of `unit`."""
    _refuse_others_numbers(unit, lines)
    listed = _listed(unit, lines)
    seen: dict[tuple[str, ...], reading.Line] = {}
    return [_judge(line, seen, listed) for line in lines]


def text_from(stream: IO[bytes], actor: User, unit_code: str) -> str:
    """Return what an uploaded sheet says, as `text_of` a list of this unit; read with no transaction open."""
    actor_id = actor.id
    release()
    rows = sheets.rows_of_file(stream)
    return text_of(rows, unit_of(db.session.get_one(User, actor_id), unit_code))


def text_of(rows: sheets.Rows, unit: OrgUnit) -> str:
    """Return the columns that a list uses of an uploaded sheet, as text with tabs; the others are forgotten at once.

    Row numbers stay those of the sheet. Raises DomainError on `file`.
    """
    try:
        found = reading.read(rows, _units_below(unit))
    except DomainError as error:
        raise DomainError(error.message, field="file") from error
    first = found.lines[0].number if found.lines else 1
    kept = {line.number: line for line in found.lines}
    lines = [""] * max(first - 2, 0) + ["\t".join(reading.LABELS.values())] * (first > 1)
    if first == 1:
        lines = []
    for number in range(first, max(kept, default=0) + 1):
        line = kept.get(number)
        cells = (line.staff_no or "", line.name, line.department, line.unit_text) if line else ()
        lines.append("\t".join(" ".join(cell.split()) for cell in cells))
    return "\n".join(lines)


def _units_below(unit: OrgUnit) -> dict[str, OrgUnit]:
    below = select(OrgUnit).where(unit.subtree, OrgUnit.accepts_members, OrgUnit.is_enabled)
    found: dict[str, OrgUnit] = {}
    for one in db.session.scalars(below):
        found |= {reading.plain(one.name): one, one.code: one}
    return found


def _refuse_others_numbers(unit: OrgUnit, lines: list[reading.Line]) -> None:
    """Mark the rows whose 工号 belongs to a member of the same union with another name."""
    top = area(unit)
    numbers = iter([line.staff_no for line in lines if line.staff_no])
    names: dict[str | None, str] = {}
    while chunk := list(islice(numbers, CHUNK)):
        for member in db.session.scalars(select(Member).where(Member.staff_no.in_(chunk))):
            if top.covers(member.unit):
                names[member.staff_no] = member.name
    for line in lines:
        if names.get(line.staff_no, line.name) != line.name:
            line.problem = line.problem or "工号已登记在另一位会员名下，请核对"


def _key(staff_no: str | None, name: str, department: str) -> tuple[str, ...]:
    return (staff_no,) if staff_no else (name, department)


def _listed(unit: OrgUnit, lines: list[reading.Line]) -> dict[tuple[str, ...], ExpectedPerson]:
    """Return who stands already on an open list of the same union, by 工号, else by name and department."""
    top = area(unit)
    found: dict[tuple[str, ...], ExpectedPerson] = {}
    names, numbers = {line.name for line in lines}, {line.staff_no for line in lines if line.staff_no}
    for column, values in ((ExpectedPerson.name, iter(names)), (ExpectedPerson.staff_no, iter(numbers))):
        while chunk := list(islice(values, CHUNK)):
            query = select(ExpectedPerson).join(ExpectedList).where(column.in_(chunk))
            open_ones = query.where(ExpectedPerson.removed_at.is_(None), ExpectedList.closed_at.is_(None))
            for person in db.session.scalars(open_ones):
                if top.covers(person.roll.unit):
                    found[_key(person.staff_no, person.name, person.department)] = person
    return found


def _judge(
    line: reading.Line,
    seen: dict[tuple[str, ...], reading.Line],
    listed: Mapping[tuple[str, ...], ExpectedPerson],
) -> Judged:
    if line.problem:
        return Judged(line, Verdict.ERROR, line.problem)
    key = _key(line.staff_no, line.name, line.department)
    first = seen.setdefault(key, line)
    if first is not line:
        if first.name != line.name:
            return Judged(line, Verdict.ERROR, f"工号与第 {first.number} 行相同，但姓名不同，请核对")
        return Judged(line, Verdict.DUPLICATE, f"与第 {first.number} 行重复，只算一次")
    person = listed.get(key)
    if person is not None:
        if person.name != line.name:
            return Judged(line, Verdict.ERROR, f"工号已在名单“{person.roll.name}”中，但姓名不同，请核对")
        return Judged(line, Verdict.LISTED, f"已在名单“{person.roll.name}”中")
    return Judged(line, Verdict.NEW, "")


def write(
    actor: User,
    unit_code: str,
    text: str,
    *,
    seal: str,
    name: str = "",
    list_id: int | None = None,
    skip_errors: bool = False,
) -> ExpectedList:
    """Write the new people of `text` to the list `list_id`, or to a new one called `name`, and match them.

    `seal` is that of the preview the actor has seen. Raises DomainError, and nothing is written, for rows with errors
    (unless `skip_errors`), where nobody is new; Conflict where the outcome has changed since the preview.
    """
    actor_id = actor.id
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    roll = own(actor, list_id) if list_id is not None else None
    unit = roll.unit if roll is not None else unit_of(actor, unit_code)
    name = " ".join(name.split())
    if roll is None and not 2 <= len(name) <= 60:
        raise DomainError("请填写名单的名称，2 至 60 个字，例如：2026年9月新入职", field="name")
    if roll is not None and roll.closed_at is not None:
        raise Conflict("这份名单已停用，请新建一份名单")
    found = preview(unit, text)
    if found.seal != seal:
        raise Conflict("名单内容与预览时不同（内容有改动，或他人刚刚也导入了名单），请重新预览后再确认")
    if found.counts[Verdict.ERROR] and not skip_errors:
        sentence = f"有 {found.counts[Verdict.ERROR]} 行错误，请修改后重新预览；或勾选“有错误的行先不导入”"
        raise DomainError(sentence, field="people")
    new = [row.line for row in found.rows if row.verdict is Verdict.NEW]
    if not new:
        raise DomainError("没有新增的人员，名单没有改动", field="people")
    act = "expected.add"
    if roll is None:
        act = "expected.create"
        roll = begin(actor, unit, name)
    put(roll, new)
    counts = {verdict.value: number for verdict, number in found.counts.items()}
    audit.record(actor, act, roll, details=counts)
    return roll


def begin(actor: User, unit: OrgUnit, name: str) -> ExpectedList:
    """Make an empty list, flushed; the caller has looked at the right and leaves the trace."""
    roll = ExpectedList(unit=unit, unit_id=unit.id, name=name, created_by=actor.id)
    db.session.add(roll)
    db.session.flush()  # its lines name it by number
    return roll


def put(roll: ExpectedList, lines: list[reading.Line]) -> None:
    """Write the lines to the list, and find who of them has applied or is a member."""
    for line in lines:
        place = line.unit or roll.unit
        db.session.add(
            ExpectedPerson(
                roll=roll, unit=place, unit_id=place.id, staff_no=line.staff_no, name=line.name,
                department=line.department,
            )
        )  # fmt: skip
    db.session.flush()  # matching asks the database for them
    match_list(roll)


def own(actor: User, list_id: int) -> ExpectedList:
    """Return a list that the actor may change, locked if the request writes. Raises Absent."""
    roll: ExpectedList = access.fetch(ExpectedList, list_id, actor, P.JOINING_APPROVE)
    return roll


def remove(actor: User, person_id: int, *, reason: str) -> ExpectedPerson:
    """Take someone off a list who does not belong there; her link closes. Raises Absent, DomainError without reason."""
    person: ExpectedPerson = access.fetch(ExpectedPerson, person_id, actor, P.JOINING_APPROVE)
    if person.removed_at is not None:
        raise Absent
    if len(reason.strip()) < REASON_LEAST:
        raise DomainError("请填写移出的理由，例如：未到岗")
    person.removed_at = now()
    if person.link is not None:
        links.revoke(person.link)
    audit.record(actor, "expected.remove", person, reason=reason.strip())
    return person


def close(actor: User, list_id: int) -> None:
    """Let the list mark nobody any more, and its links open nothing. Raises Absent, Conflict if it is closed."""
    roll = own(actor, list_id)
    if roll.closed_at is not None:
        raise Conflict("这份名单已经停用")
    roll.closed_at = now()
    for person in roll.people:
        if person.link is not None:
            links.revoke(person.link)
    audit.record(actor, "expected.close", roll)


hanging.follows("应入会名单中的名字", ExpectedPerson)


endings.inherit("应入会名单，归新单位", ExpectedList, ExpectedList.closed_at.is_(None))
endings.inherit("应入会名单中的人，转到新单位", ExpectedPerson, ExpectedPerson.removed_at.is_(None))
