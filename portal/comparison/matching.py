"""Which row of the list means which member: by document, by 工号, by name with birth date or department, in this order.

A name alone never decides, and neither does a number that contradicts another: such a pair is left to a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from portal.org.units.models import plain

from .listed import Document, Listed, Problems

ORDER = "证件号码 → 工号 → 姓名和出生日期 → 姓名和部门；只有姓名相同的，由人工核对"

ID_DIFFERS = "工号和姓名相同，证件号码不同"
BIRTH_DIFFERS = "工号和姓名相同，出生日期不同"
NAME_DIFFERS = "工号相同，姓名不同：可能改名，也可能工号已给别人使用"
ID_DIFFERS_BY_NAME = "姓名和出生日期相同，证件号码不同"
SEVERAL = "姓名和出生日期相同的不止一人"
NAME_ALONE = "只有姓名相同"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """What is asked of a member to know whether a row means her; `name` and `department` as they are compared."""

    id: int
    name: str
    staff_no: str | None
    document: Document | None
    born: date | None
    department: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row and a member of whom a person has to say whether they are one, and why."""

    row: Listed
    member: Known
    why: str


@dataclass(slots=True)
class Matched:
    """Every row and every member stands in exactly one of these, but for doubts, which may share them.

    `reused` are rows whose 工号 is a member's who is somebody else.
    """

    pairs: list[tuple[Listed, Known]] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    only_there: list[Listed] = field(default_factory=list)
    only_here: list[Known] = field(default_factory=list)
    reused: dict[int, Known] = field(default_factory=dict)  # by the row's number


# what a person has said before: (key of the row, number of the member) -> whether they are one
Decisions = Mapping[tuple[str, int], bool]


def single(rows: Iterable[Listed], problems: Problems) -> tuple[list[Listed], frozenset[str]]:
    """Return the rows without those that repeat a person, and the 工号 that stand beside several people.

    Both are told.
    """
    kept: list[Listed] = []
    documents: dict[Document, Listed] = {}
    numbers: dict[str, Listed] = {}
    births: dict[tuple[str, date, str], Listed] = {}
    doubtful: set[str] = set()
    for row in rows:
        first = documents.get(row.document) if row.document is not None else None
        holder = numbers.get(row.staff_no) if row.staff_no is not None else None
        if first is None and holder is not None and _one_person(row, holder):
            first = holder
        born = (row.plain_name, row.born, plain(row.department)) if row.born is not None else None
        if first is None and born is not None and _one_person(row, births.get(born)):
            first = births[born]
        if first is not None:
            problems.tell(row.number, f"与第 {first.number} 行是同一个人，只比对第 {first.number} 行")
            continue
        if holder is not None and row.staff_no is not None:
            problems.tell(row.number, f"工号与第 {holder.number} 行相同，人却不同，这两行都没有按工号比对")
            doubtful.add(row.staff_no)
        kept.append(row)
        if row.document is not None:
            documents[row.document] = row
        if row.staff_no is not None:
            numbers.setdefault(row.staff_no, row)
        if born is not None:
            births.setdefault(born, row)
    return kept, frozenset(doubtful)


def _one_person(row: Listed, other: Listed | None) -> bool:
    if other is None or row.plain_name != other.plain_name:
        return False
    return not (_differ(row.document, other.document) or _differ(row.born, other.born)) and not (
        _differ(row.staff_no, other.staff_no)
    )


def _differ(one: object, other: object) -> bool:
    """Whether both are known, and not the same."""
    return one is not None and other is not None and one != other


class _Matching:
    """The rows and members that are still free, and what was found so far."""

    def __init__(self, rows: Sequence[Listed], members: Sequence[Known], decisions: Decisions) -> None:
        self.rows = {row.number: row for row in rows}
        self.members = {member.id: member for member in members}
        self.found = Matched()
        self._candidates: dict[tuple[int, int], Doubt] = {}
        self.decisions = decisions
        self._decided_rows = {key for key, _ in decisions}

    def pair(self, row: Listed, member: Known) -> None:
        """Take both: they are one."""
        self.found.pairs.append((row, member))
        del self.rows[row.number], self.members[member.id]

    def doubt(self, row: Listed, member: Known, why: str) -> None:
        """Leave both to a person, unless either finds another partner or she has said no before."""
        if not self.are_others(row, member):
            self._candidates.setdefault((row.number, member.id), Doubt(row, member, why))

    def said(self, row: Listed, member: Known) -> bool | None:
        """What a person has said about the two."""
        if not self._decided_rows:
            return None
        return self.decisions.get((row.key, member.id))

    def are_others(self, row: Listed, member: Known) -> bool:
        """Whether a person has said that they are two."""
        return self.said(row, member) is False

    def by(self, key: Callable[[Known], Hashable]) -> dict[Hashable, list[Known]]:
        """Return the free members by something that is not None or empty."""
        return _grouped(self.members.values(), key)

    def finish(self) -> Matched:
        """Keep the doubts between free rows and members; whoever is in none stands alone."""
        left = [one for (row, member), one in self._candidates.items() if row in self.rows and member in self.members]
        self.found.doubts = left
        doubted_rows, doubted = {one.row.number for one in left}, {one.member.id for one in left}
        self.found.only_there = [row for row in self.rows.values() if row.number not in doubted_rows]
        self.found.only_here = [member for member in self.members.values() if member.id not in doubted]
        return self.found


def _grouped(things: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    found: dict[Hashable, list[T]] = defaultdict(list)
    for thing in things:
        if word := key(thing):
            found[word].append(thing)
    return found


def match(
    rows: Sequence[Listed], members: Sequence[Known], *, doubtful: frozenset[str] = frozenset(), decisions: Decisions
) -> Matched:
    """Return which row means which member; `doubtful` are 工号 that the list has given to several people."""
    matching = _Matching(rows, members, decisions)
    _as_decided(matching)
    _by_document(matching)
    _by_staff_no(matching, doubtful)
    _by_name_and_birth(matching)
    _by_name_and_department(matching)
    _by_name(matching)
    return matching.finish()


def _as_decided(matching: _Matching) -> None:
    wanted = {key: member for (key, member), is_one in matching.decisions.items() if is_one}
    for row in list(matching.rows.values()) if wanted else ():
        member = matching.members.get(wanted.get(row.key, 0))
        if member is not None:
            matching.pair(row, member)


def _by_document(matching: _Matching) -> None:
    holders = matching.by(lambda member: member.document)
    for row in list(matching.rows.values()):
        if row.document is not None and (held := holders.get(row.document)):
            matching.pair(row, held[0])


def _by_staff_no(matching: _Matching, doubtful: frozenset[str]) -> None:
    holders = matching.by(lambda member: member.staff_no)
    for row in list(matching.rows.values()):
        held = holders.get(row.staff_no, []) if row.staff_no not in doubtful else []
        member = next((one for one in held if one.id in matching.members), None)
        if member is None or matching.are_others(row, member):
            continue
        if row.plain_name == member.name:
            if _differ(row.document, member.document):
                matching.doubt(row, member, ID_DIFFERS)
            elif _differ(row.born, member.born):
                matching.doubt(row, member, BIRTH_DIFFERS)
            else:
                matching.pair(row, member)
        elif _differ(row.born, member.born) or (_differ(row.document, member.document) and row.born is None):
            matching.found.reused[row.number] = member
        elif row.born is not None and row.born == member.born and not _differ(row.document, member.document):
            matching.pair(row, member)  # she has changed her name
        else:
            matching.doubt(row, member, NAME_DIFFERS)


def _by_name_and_birth(matching: _Matching) -> None:
    members = matching.by(lambda member: member.born and (member.name, member.born))
    rows = _grouped(matching.rows.values(), lambda row: row.born and (row.plain_name, row.born))
    for word, of_name in rows.items():
        for row in of_name:
            held = [one for one in members.get(word, ()) if not matching.are_others(row, one)]
            if len(held) == 1 and len(of_name) == 1 and not _differ(row.document, held[0].document):
                matching.pair(row, held[0])
                continue
            for member in held:
                why = ID_DIFFERS_BY_NAME if _differ(row.document, member.document) else SEVERAL
                matching.doubt(row, member, why)


def _by_name_and_department(matching: _Matching) -> None:
    members = matching.by(lambda member: member.department and (member.name, member.department))
    rows = _grouped(matching.rows.values(), lambda row: row.department and (row.plain_name, plain(row.department)))
    for word, of_name in rows.items():
        for row in of_name:
            held = [one for one in members.get(word, ()) if _may_be(row, one) and not matching.are_others(row, one)]
            alike = [one for one in held if not _differ(row.staff_no, one.staff_no)]
            if len(held) == len(alike) == len(of_name) == 1:
                matching.pair(row, held[0])


def _by_name(matching: _Matching) -> None:
    members = matching.by(lambda member: member.name)
    for row in matching.rows.values():
        for member in members.get(row.plain_name, ()):
            if _may_be(row, member):
                matching.doubt(row, member, NAME_ALONE)


def _may_be(row: Listed, member: Known) -> bool:
    """Whether two of one name may be one: nothing that is known of both says otherwise."""
    return not _differ(row.born, member.born) and not _differ(row.document, member.document)
