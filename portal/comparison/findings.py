"""What a comparison has found, from who was matched with whom: one finding for each person, or each value that differs.

What is sealed of a finding, by its kind: of a row that stands alone `row` (see `Listed.as_plain`), `notes`, and whether
her 工号 is somebody else's; of a doubt `row` and `why`; of a value `old` and `new`; of a department `department`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, insert, select

from portal.core import crypto, kinds
from portal.core.calendar import now, today
from portal.core.db import db
from portal.members import history, many
from portal.members.catalogue import FIELD
from portal.members.enums import EmploymentStatus, MembershipStatus
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit
from portal.org.units import departments
from portal.org.units.models import plain

from .listed import COMPARED, Listed, same_value
from .matching import Doubt, Known, Matched
from .models import LASTING, Comparison, Finding, Kind, Outcome, identity

_FINDINGS = cast(Table, Finding.__table__)
_MEMBERS = cast(Table, Member.__table__)
_OPENED = ("id_number", "mobile")  # compared by their indexes, opened only where they differ
RETIRED = frozenset({EmploymentStatus.RETIRED.value, EmploymentStatus.VETERAN_RETIRED.value})

Record = Mapping[str, Any]  # the columns of a member


@dataclass(slots=True)
class Found:
    """A finding before it is kept; see `Finding`. `person` is who it is about: the key of a row, or a member's uuid."""

    kind: Kind
    unit_id: int
    person: str
    row: Listed | None = None
    member_id: int | None = None
    field: str = ""
    to_unit_id: int | None = None
    data: dict[str, Any] | None = None
    said: Sequence[object] = ()  # the values that make it another finding when they change
    outcome: Outcome | None = None


def columns() -> list[Any]:
    """Return the columns of members that a comparison reads."""
    names = {one.name for one in COMPARED} - set(_OPENED)
    names |= {"id", "uuid", "unit_id", "membership_status", "birth_date", "id_type", "id_index", "mobile_index"}
    names |= {f"{name}_sealed" for name in _OPENED}
    return [_MEMBERS.c[name] for name in sorted(names)]


def known(record: Record) -> Known:
    """Return a member as matching asks for her."""
    document = (record["id_type"], record["id_index"]) if record["id_index"] else None
    name = Listed(0, record["name"]).plain_name
    department = plain(record["department"] or "")
    return Known(record["id"], name, record["staff_no"], document, record["birth_date"], department)


class Branches:
    """Which branches of the union a department belongs to today; asked once for each department.

    A department that the table does not know belongs to the branch that is called after it.
    """

    def __init__(self, union: OrgUnit) -> None:
        self._union = union
        self._called: dict[str, list[OrgUnit]] = {}
        for branch in departments.branches(union):
            self._called.setdefault(plain(branch.name).removesuffix("工会").removesuffix("分"), []).append(branch)
        self._known: dict[str, list[OrgUnit]] = {}
        self.unknown: dict[str, int] = {}  # by department as it is written: of how many rows

    def of(self, department: str) -> list[OrgUnit]:
        """Return the branches, none where nobody knows the department."""
        key = plain(department)
        if key not in self._known:
            self._known[key] = departments.branches_of(department, today(), self._union) if key else []
            self._known[key] = self._known[key] or self._called.get(key, [])
        return self._known[key]

    def asked(self, department: str) -> list[OrgUnit]:
        """Return the same, and count the row where nothing is known."""
        found = self.of(department)
        if department and not found:
            self.unknown[department] = self.unknown.get(department, 0) + 1
        return found


@dataclass(slots=True)
class Finder:
    """Tells what was found, within the unit `under` of the union whose table of departments it asks."""

    under: OrgUnit
    records: Mapping[int, Record]
    branches: Branches
    paths: Mapping[int, str]  # of the members' units
    told: Mapping[str, list[str]] = field(default_factory=dict)  # by a row's key: what else is known of her

    def all(self, matched: Matched) -> list[Found]:
        """Return everything that was found, in the order of the lists."""
        found = [self.stranger(row, matched.reused.get(row.number)) for row in matched.only_there]
        found += [one for member in matched.only_here for one in self.missing(member.id)]
        found += [one for row, member in matched.pairs for one in self.pair(row, member.id)]
        found += [self.doubt(one) for one in matched.doubts]
        order = list(Kind)
        return sorted(found, key=lambda one: order.index(one.kind))  # otherwise as the list has them

    def stranger(self, row: Listed, holder: Known | None = None) -> Found:
        """Return that somebody on the list is no member; `holder` is the member who has her 工号."""
        homes = self.branches.asked(row.department)
        notes = list(self.told.get(row.key, ()))
        if holder is not None:
            notes.append(f"工号登记在会员{self.records[holder.id]['name']}名下，是另一个人，请核对工号")
        if row.values.get("employment_status") in RETIRED:
            notes.append("名单上写明已退休")
        data = {"row": row.as_plain(), "notes": notes, "is_reused": holder is not None}
        home = homes[0].id if len(homes) == 1 else self.under.id
        return Found(Kind.ONLY_THERE, home, row.key, row=row, data=data)

    def missing(self, member_id: int) -> list[Found]:
        """Return that a member is not on the list: nothing for one of another unit; one who is retained is fine."""
        record = self.records[member_id]
        if not self._is_under(record):
            return []
        if record["membership_status"] == MembershipStatus.ACTIVE.value:
            return [Found(Kind.ONLY_HERE, record["unit_id"], record["uuid"], member_id=member_id)]
        return [self._retained(record, None)]

    def _is_under(self, record: Record) -> bool:
        return self.paths[record["unit_id"]].startswith(self.under.path)

    def _retained(self, record: Record, row: Listed | None) -> Found:
        outcome = None if row is not None else Outcome.NOTHING
        return Found(Kind.RETAINED, record["unit_id"], record["uuid"], row=row, member_id=record["id"], outcome=outcome)

    def pair(self, row: Listed, member_id: int) -> list[Found]:
        """Return in what a row and its member differ."""
        record = self.records[member_id]
        if record["membership_status"] != MembershipStatus.ACTIVE.value:
            self.branches.asked(row.department)
            return [self._retained(record, row)] if self._is_under(record) else []
        found = []
        homes = self.branches.asked(row.department)
        if not self.is_at_home(record, row.department):
            found.append(
                Found(
                    Kind.MISPLACED, record["unit_id"], record["uuid"], row=row, member_id=member_id,
                    to_unit_id=homes[0].id if len(homes) == 1 else None, data={"department": row.department},
                    said=(plain(row.department), record["unit_id"], *(home.id for home in homes)),
                )
            )  # fmt: skip
        for one in COMPARED if self._is_under(record) else ():
            new = row.values.get(one.name)
            if new is None or self._is_same(one.name, record, row):
                continue
            old = self._old(one.name, record)
            if same_value(one, old, new):
                continue
            data: dict[str, Any] = {"old": kinds.plain(old), "new": kinds.plain(new)}
            if one.name == "id_number":
                data["id_type"] = row.values["id_type"]
            found.append(
                Found(
                    Kind.DIFFERENT, record["unit_id"], record["uuid"], row=row, member_id=member_id, field=one.name,
                    data=data, said=(one.name, kinds.plain(old), kinds.plain(new)),
                )
            )  # fmt: skip
        return found

    def is_at_home(self, record: Record, department: str) -> bool:
        """Whether the member is where her department belongs, or nobody knows where that is."""
        homes = self.branches.of(department)
        return not homes or any(self.paths[record["unit_id"]].startswith(home.path) for home in homes)

    def says(self, record: Record, finding: Finding) -> bool:
        """Whether the member's record has the value that the list has."""
        new = kinds.from_plain(FIELD[finding.field], finding.data["new"])
        return same_value(FIELD[finding.field], self._old(finding.field, record), new)

    def _is_same(self, name: str, record: Record, row: Listed) -> bool:
        if name == "id_number":
            return row.document == (record["id_type"], record["id_index"])
        return name == "mobile" and record["mobile_index"] == crypto.index("mobile", row.values[name])

    def _old(self, name: str, record: Record) -> Any:
        if name in _OPENED:
            return history.opened_one(name, record[f"{name}_sealed"], record["uuid"])
        return record[name]

    def doubt(self, one: Doubt) -> Found:
        """Return that a person has to say whether the two are one."""
        record = self.records[one.member.id]
        data = {"row": one.row.as_plain(), "why": one.why}
        return Found(
            Kind.UNSURE, record["unit_id"], f"{one.row.key}|{record['uuid']}", row=one.row, member_id=record["id"],
            data=data, said=(one.why,),
        )  # fmt: skip


# --- keeping ----------------------------------------------------------------------------------------------------------


def keep(comparison: Comparison, found: Iterable[Found], *, place: int = 0) -> int:
    """Write what was found, the first one after `place`; what was settled before is settled. Returns how many."""
    union = access.approving_unit(comparison.unit)
    rows = [_row(comparison, union, one, number) for number, one in enumerate(found, place + 1)]
    before = _settled({row["key"] for row in rows})
    for row in rows:
        if row["outcome"] is None and (earlier := before.get(row["key"])) is not None:
            row |= earlier
    for chunk in many.in_chunks(rows):
        db.session.execute(insert(_FINDINGS), chunk)
    return len(rows)


def _row(comparison: Comparison, union: OrgUnit, one: Found, place: int) -> dict[str, Any]:
    said = json.dumps([union.id, one.kind.value, one.person, *one.said], ensure_ascii=False)
    sealed = None
    if one.data is not None:
        text = json.dumps(one.data, ensure_ascii=False, separators=(",", ":"))
        bound_to = f"{Finding.SEAL_FAMILY}|data|{identity(comparison.uuid, place)}"
        sealed = crypto.seal(text.encode(), bound_to=bound_to)
    return {
        "comparison_id": comparison.id,
        "place": place,
        "unit_id": one.unit_id,
        "kind": one.kind,
        "row_number": one.row.number if one.row is not None else None,
        "row_key": one.row.key if one.row is not None else None,
        "member_id": one.member_id,
        "field": one.field,
        "to_unit_id": one.to_unit_id,
        "key": crypto.index("comparison_finding", said),
        "data_sealed": sealed,
        "outcome": one.outcome,
        "note": "",
        "settled_at": now() if one.outcome is not None else None,
        "settled_by": None,
        "is_carried": False,
        "matter_id": None,
    }


def _settled(keys: set[str]) -> dict[str, dict[str, Any]]:
    """Return by key how the newest equal finding was settled, where it was and that lasts."""
    names = ("outcome", "note", "settled_at", "settled_by", "matter_id")
    newest: dict[str, Any] = {}
    for chunk in many.in_chunks(sorted(keys)):
        query = select(_FINDINGS.c.key, *(_FINDINGS.c[name] for name in names)).where(_FINDINGS.c.key.in_(chunk))
        for row in db.session.execute(query.order_by(_FINDINGS.c.id)):
            newest[row.key] = row
    return {
        key: {name: getattr(row, name) for name in names} | {"is_carried": True}
        for key, row in newest.items()
        if row.outcome in LASTING
    }
