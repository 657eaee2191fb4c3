"""What is shown of comparisons: the list of them, the lists of each, and what the clock forgets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Select, Table, delete, func, select, update

from portal.core import audit, kinds, settings, uploads
from portal.core.actors import CLOCK
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Conflict
from portal.core.kinds import Kind as FieldKind
from portal.core.settings import Setting
from portal.core.uploads import Upload
from portal.members import hanging, many, sight
from portal.members.catalogue import FIELD
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Comparison, Finding, Kind

audit.name_acts({
    "comparison.discard": "删除人事名单比对",
    "comparison.forget": "清除比对名单的内容",
})  # fmt: skip

settings.declare(
    Setting(
        "comparison_keep_days", "比对名单内容的保留天数", FieldKind.INTEGER, 90, "人事名单比对", low=1, high=730,
        hint="到期后清除上传名单的内容，只留下处理结果；没有处理完的请重新上传名单",
    ),
)  # fmt: skip

PER_PAGE = 50
MOST = 2000  # settled at once
OPEN, SETTLED, ALL = "open", "settled", "all"
SHOWS = [(OPEN, "未处理"), (SETTLED, "已处理"), (ALL, "全部")]
FORGOTTEN = "名单内容已清除"
STILL_LISTED, NOT_LISTED = "名单中仍有此人，请核对是否返聘，或会籍状态有误", "名单中没有，属正常"
STATUS = "employment_status"  # changed by leaving and retiring, not by hand

_FINDINGS = cast(Table, Finding.__table__)


@dataclass(frozen=True, slots=True)
class Count:
    """How many findings a list has, and how many of them wait to be settled."""

    total: int = 0
    open: int = 0

    @property
    def settled(self) -> int:
        """How many are settled."""
        return self.total - self.open


Counts = Mapping[Kind, Count]


@dataclass(frozen=True, slots=True)
class Cut:
    """What a list is cut to: its kind, a value of SHOWS, and the code of a unit, "" for all."""

    kind: Kind
    show: str = OPEN
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One finding as a page shows it. `name` is the person's; `person`, `staff_no` and `department` are the row's.

    `said` is a sentence about it; `label`, `old` and `new` are those of a value that differs, as the actor may see it.
    """

    finding: Finding
    name: str
    person: str = ""
    staff_no: str = ""
    department: str = ""
    born: str = ""
    tail: str = ""  # of the document in the row
    said: str = ""
    label: str = ""
    old: str = ""
    new: str = ""


# --- the list of comparisons ------------------------------------------------------------------------------------------


def comparisons(actor: User, *, page: int = 1) -> tuple[list[tuple[Comparison, Counts]], int]:
    """Return a page of the comparisons in the actor's scope, newest first, each with its counts; and how many."""
    query = access.scoped(Comparison, actor, P.COMPARE)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Comparison.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    items = list(db.session.scalars(ordered))
    numbers = _counts(actor, [item.id for item in items])
    return [(item, numbers[item.id]) for item in items], total


def find(actor: User, comparison_id: int) -> Comparison:
    """Return a comparison in the actor's scope, locked if the request writes. Raises Absent."""
    item: Comparison = access.fetch(Comparison, comparison_id, actor, P.COMPARE)
    return item


def counts(actor: User, item: Comparison) -> Counts:
    """Return the counts of each list of a comparison."""
    return _counts(actor, [item.id])[item.id]


def _counts(actor: User, ids: Collection[int]) -> dict[int, Counts]:
    number = func.count(), func.count(Finding.outcome)  # the second counts what is not null
    query = access.scoped(Finding, actor, P.COMPARE, Finding.comparison_id, Finding.kind, *number)
    cut = query.where(Finding.comparison_id.in_(ids)).group_by(Finding.comparison_id, Finding.kind)
    found: dict[int, Counts] = {number: dict.fromkeys(Kind, Count()) for number in ids}
    for comparison_id, kind, total, settled in db.session.execute(cut):
        found[comparison_id] = {**found[comparison_id], kind: Count(total, total - settled)}
    return found


# --- one list ---------------------------------------------------------------------------------------------------------


def _cut(actor: User, item: Comparison, cut: Cut) -> Select[Any]:
    query = access.scoped(Finding, actor, P.COMPARE).where(Finding.comparison_id == item.id, Finding.kind == cut.kind)
    if cut.show != ALL:
        query = query.where(Finding.outcome.is_(None) if cut.show == OPEN else Finding.outcome.is_not(None))
    if cut.unit:
        query = query.where(Finding.unit_id.in_(select(OrgUnit.id).where(OrgUnit.code == cut.unit)))
    return query


def _ordered(query: Select[Any]) -> Select[Any]:
    """By branch, then by name; strangers as they stand on the list."""
    place = select(OrgUnit.code).where(OrgUnit.id == Finding.unit_id).scalar_subquery()
    name = select(Member.name_pinyin).where(Member.id == Finding.member_id).scalar_subquery()
    return query.order_by(place, name.nulls_last(), Finding.member_id, Finding.place)


def lines(actor: User, item: Comparison, cut: Cut, *, page: int = 1) -> tuple[list[Line], int]:
    """Return a page of a list as the actor may see it, and how many lines it has."""
    query = _cut(actor, item, cut)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    found = db.session.scalars(_ordered(query).offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    return [line(actor, one) for one in found], total


def chosen(actor: User, item: Comparison, ids: Collection[int]) -> list[Finding]:
    """Return those of `ids` that are findings of the comparison, in the order of their list, at most MOST."""
    found: list[Finding] = []
    query = access.scoped(Finding, actor, P.COMPARE).where(Finding.comparison_id == item.id)
    for chunk in many.in_chunks(sorted(set(ids))[:MOST]):
        found += db.session.scalars(_ordered(query.where(Finding.id.in_(chunk))))
    return found


def all_of(actor: User, item: Comparison, cut: Cut) -> list[Finding]:
    """Return what a list shows on all its pages, at most MOST."""
    return list(db.session.scalars(_ordered(_cut(actor, item, cut)).limit(MOST)))


def units(actor: User, item: Comparison, kind: Kind) -> list[OrgUnit]:
    """Return the units at which something of this kind was found, by code."""
    query = access.scoped(Finding, actor, P.COMPARE, Finding.unit_id)
    at = query.where(Finding.comparison_id == item.id, Finding.kind == kind)
    return list(db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(at)).order_by(OrgUnit.code)))


def line(actor: User, finding: Finding) -> Line:
    """Return a finding as the actor may see it."""
    data, member = finding.data, finding.member
    name = sight.value(actor, member, "name", place="list") if member is not None else ""
    if data is None:
        said = FORGOTTEN if finding.comparison.forgotten_at is not None and finding.kind in _SEALED else ""
        if finding.kind is Kind.RETAINED:
            said = STILL_LISTED if finding.row_number else NOT_LISTED
        label = FIELD[finding.field].label if finding.field else ""
        return Line(finding, name or f"第 {finding.row_number} 行", said=said, label=label)
    if finding.kind is Kind.DIFFERENT:
        field = FIELD[finding.field]
        seen = sight.can_see(actor, field, member, place="list") if member is not None else sight.Sight.HIDDEN
        old, new = (sight.shown(field, _value(field.name, data[word]), seen) for word in ("old", "new"))
        return Line(finding, name, label=field.label, old=old, new=new)
    if finding.kind is Kind.MISPLACED:
        return Line(finding, name, department=data["department"])
    row = data["row"]
    person, number = row["values"]["name"], row["values"].get("staff_no") or ""
    said = "；".join(data["notes"]) if "notes" in data else data["why"]
    tail = str(row["values"].get("id_number") or "")[-4:]
    return Line(finding, name or person, person, number, row["department"], row["born"] or "", tail, said)


def has_status(actor: User, item: Comparison) -> bool:
    """Whether the list names people whose 就业状况 is another one, so that they may have left or retired."""
    query = access.scoped(Finding, actor, P.COMPARE, Finding.id).where(
        Finding.comparison_id == item.id, Finding.field == STATUS, Finding.outcome.is_(None)
    )
    return db.session.scalar(query.limit(1)) is not None


_SEALED = frozenset({Kind.ONLY_THERE, Kind.MISPLACED, Kind.DIFFERENT, Kind.UNSURE})


def _value(name: str, plain: Any) -> Any:
    return kinds.from_plain(FIELD[name], plain)


# --- what ends --------------------------------------------------------------------------------------------------------


def may_discard(item: Comparison) -> bool:
    """Whether nothing of the comparison was settled by hand, so that it may go: the wrong file, an old list."""
    by_hand = select(Finding.id).where(
        Finding.comparison_id == item.id, Finding.settled_by.is_not(None), Finding.is_carried.is_(False)
    )
    return db.session.scalar(by_hand.limit(1)) is None


def discard(actor: User, comparison_id: int) -> None:
    """Remove a comparison of which nothing was settled. Raises Absent, Conflict where something was."""
    item = find(actor, comparison_id)
    if not may_discard(item):
        raise Conflict("这次比对已有处理结果，不能删除")
    audit.record(actor, "comparison.discard", item, details={"rows": item.rows})
    db.session.execute(delete(_FINDINGS).where(_FINDINGS.c.comparison_id == item.id))
    drop_file(item)
    db.session.delete(item)


def drop_file(item: Comparison) -> None:
    """Remove the file that waited for its columns, if there is one."""
    if item.upload_id is not None:
        file = db.session.get_one(Upload, item.upload_id)
        item.upload_id = None
        db.session.flush()  # nothing names the upload any more when it goes
        uploads.discard([file])


def forget_due() -> int:
    """Forget what the lists said that were brought longer ago than the setting allows; return how many lists."""
    before = now() - timedelta(days=int(settings.value("comparison_keep_days")))
    due = select(Comparison).where(Comparison.forgotten_at.is_(None), Comparison.created_at < before)
    items = list(db.session.scalars(due.with_for_update(of=Comparison)))
    for item in items:
        item.said_sealed, item.forgotten_at = None, now()
        db.session.execute(update(_FINDINGS).where(_FINDINGS.c.comparison_id == item.id).values(data_sealed=None))
        drop_file(item)
        audit.record(CLOCK, "comparison.forget", item)
    return len(items)


hanging.stays("人事名单比对结果", Finding)
