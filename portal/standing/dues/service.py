"""Verbs of dues: bring a sheet, look, record it, take it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, cast

from sqlalchemy import Table, delete, func, insert, select

from portal.core import audit, crypto, sheets
from portal.core.actors import CLOCK
from portal.core.calendar import now
from portal.core.db import db, new_uuid, release, writes
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.fields import FieldError
from portal.core.kinds.cleaning import visible
from portal.members import hanging, many, names
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import reading
from .models import FILE_NAME_MOST, OPEN_FOR, DuesPaid, DuesSheet, SheetState, Verdict

audit.name_acts({
    "dues.upload": "上传会费表",
    "dues.record": "登记会费",
    "dues.undo": "撤销会费登记",
    "dues.discard": "放弃会费表",
    "dues.expire": "清理过期的会费表预览",
})  # fmt: skip

PER_PAGE = 50
_PAID = cast(Table, DuesPaid.__table__)


@dataclass(frozen=True)
class Line:
    """A row of a sheet with what becomes of it and why; `member_id` is whose it is, None where nobody's."""

    number: int
    staff_no: str
    name: str
    month: date | None
    amount: str | None
    verdict: Verdict
    note: str = ""
    member_id: int | None = None

    def plain(self) -> list[Any]:
        """Return the line as JSON holds it."""
        month = self.month.isoformat() if self.month else None
        return [
            self.number, self.staff_no, self.name, month, self.amount, self.verdict.value, self.note, self.member_id,
        ]  # fmt: skip

    @classmethod
    def from_plain(cls, said: Sequence[Any]) -> Line:
        """Return the line that JSON holds."""
        number, staff_no, name, month, amount, verdict, note, member_id = said
        day = date.fromisoformat(month) if month else None
        return cls(number, staff_no, name, day, amount, Verdict(verdict), note, member_id)  # type: ignore[call-arg]  # by its value alone


# --- bringing ---------------------------------------------------------------------------------------------------------


def places(actor: User) -> list[OrgUnit]:
    """Return the unions whose dues the actor keeps: the highest units of her grants."""
    return access.tops(actor, P.DUES_KEEP)


def upload(actor: User, raw: bytes, file_name: str, *, unit_id: int, month: date | None = None) -> DuesSheet:
    """Read the file `raw`, keep what its rows would become, and return the sheet; nothing is recorded yet.

    `month` (a first day) is that of rows that say none. The file is read with no transaction open. Raises Absent;
    DomainError on `file` or `month` for what cannot be read, Busy where too many wait.
    """
    actor_id = actor.id
    union: OrgUnit = access.fetch(OrgUnit, unit_id, actor, P.DUES_KEEP)
    if month is not None:
        try:
            reading.check_month(month)
        except FieldError as error:
            raise DomainError(error.message, field="month") from error
    release()
    book = sheets.book_of(BytesIO(raw))
    found = reading.read(book, month)
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    union = access.fetch(OrgUnit, unit_id, actor, P.DUES_KEEP)
    lines = judge(union, found.lines)
    name = visible(file_name.replace("\\", "/").rpartition("/")[2])[-FILE_NAME_MOST:] or "会费表"
    item = DuesSheet(unit_id=union.id, file_name=name, uploaded_by=actor.id)
    item.lines = [line.plain() for line in lines]
    item.counts = _counts(lines)
    months = reading.span([line.month for line in lines if line.month and line.verdict in _SAID])
    item.first_month, item.last_month = months or (None, None)
    db.session.add(item)
    audit.record(actor, "dues.upload", item, details=dict(item.counts) | {"columns": found.columns})
    return item


_SAID = frozenset({Verdict.PAID, Verdict.BEFORE})


def _counts(lines: Sequence[Line]) -> dict[str, int]:
    counts = Counter(line.verdict for line in lines)
    return {verdict.value: counts[verdict] for verdict in Verdict}


def judge(union: OrgUnit, lines: Sequence[reading.Line]) -> list[Line]:
    """Return what becomes of each line: whose it is, by 工号 alone, and whether that month is recorded already."""
    members = _members(union, {line.staff_no for line in lines if not line.problem})
    before = _recorded({member.id for member in members.values()})
    seen: dict[tuple[int, date], int] = {}
    return [_judged(line, members.get(line.staff_no), before, seen) for line in lines]


def _members(union: OrgUnit, numbers: set[str]) -> dict[str, Any]:
    """Return the members of the union who have these 工号; columns are read, not entities."""
    inside = select(OrgUnit.id).where(union.subtree)
    columns = (Member.id, Member.staff_no, Member.name, Member.name_plain, Member.membership_status)
    found: dict[str, Any] = {}
    for chunk in many.in_chunks(sorted(numbers)):
        query = select(*columns).where(Member.staff_no.in_(chunk), Member.unit_id.in_(inside))
        found |= {row.staff_no: row for row in db.session.execute(query)}
    return found


def _recorded(member_ids: set[int]) -> set[tuple[int, date]]:
    found: set[tuple[int, date]] = set()
    for chunk in many.in_chunks(sorted(member_ids)):
        query = select(_PAID.c.member_id, _PAID.c.month).where(_PAID.c.member_id.in_(chunk))
        found |= {(row.member_id, row.month) for row in db.session.execute(query)}
    return found


def _judged(line: reading.Line, member: Any, before: set[tuple[int, date]], seen: dict[tuple[int, date], int]) -> Line:
    def told(verdict: Verdict, note: str = "", member_id: int | None = None) -> Line:
        return Line(line.number, line.staff_no, line.name, line.month, line.amount, verdict, note, member_id)

    if line.problem or line.month is None:
        return told(Verdict.WRONG, line.problem)
    if member is None:
        return told(Verdict.UNKNOWN, "本工会的会员中没有这个工号")
    if line.name and names.search_key(line.name) != member.name_plain:
        return told(Verdict.OTHER_NAME, f"这个工号的会员是{member.name}，请核对")
    key = (member.id, line.month)
    first = seen.setdefault(key, line.number)
    if first != line.number:
        return told(Verdict.TWICE, f"与第 {first} 行是同一人同一个月，只算一次")
    if key in before:
        return told(Verdict.BEFORE, "这个月已经登记过", member.id)
    status = MembershipStatus(member.membership_status)  # type: ignore[call-arg]  # by its value alone
    note = "" if status is MembershipStatus.ACTIVE else f"现在的会籍状态是{status.label}，请核对"
    return told(Verdict.PAID, note, member.id)


# --- finding ----------------------------------------------------------------------------------------------------------


def find(actor: User, sheet_id: int) -> DuesSheet:
    """Return a sheet of the actor's union, locked if the request writes. Raises Absent."""
    item: DuesSheet = access.fetch(DuesSheet, sheet_id, actor, P.DUES_KEEP)
    return item


def dues_sheets(actor: User, *, page: int = 1) -> tuple[list[DuesSheet], int]:
    """Return a page of the sheets that were recorded or wait, newest first, and how many there are."""
    query = access.scoped(DuesSheet, actor, P.DUES_KEEP).where(DuesSheet.ended_at.is_(None))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(DuesSheet.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), total


def lines(item: DuesSheet, *, only: str = "", page: int = 1) -> tuple[list[Line], int]:
    """Return a page of the lines of a preview with the verdict `only` (its value; "" all but what is well first)."""
    found = [Line.from_plain(said) for said in item.lines or ()]
    if only:
        found = [line for line in found if line.verdict.value == only]
    found.sort(key=lambda line: (line.verdict is Verdict.PAID, not line.note))
    return found[(page - 1) * PER_PAGE : page * PER_PAGE], len(found)


# --- recording --------------------------------------------------------------------------------------------------------


def record(actor: User, sheet_id: int, *, seen: int) -> DuesSheet:
    """Record every line of a preview that can be, and return the sheet; all in one transaction, one trace.

    `seen` is the number on the button. Raises Absent; DomainError for nothing to record; Conflict where the preview
    is settled or too old, or a line has another outcome now than the one that was seen.
    """
    item = find(actor, sheet_id)
    if item.state is not SheetState.PREVIEW:
        raise Conflict(f"这张会费表{item.state.label}，不能再登记")
    if not item.is_open:
        raise Conflict("预览已超过 24 小时，请放弃后重新上传")
    said = [Line.from_plain(one) for one in item.lines or ()]
    raw = [
        reading.Line(
            one.number, one.staff_no, one.name, one.month, one.amount, one.note if one.verdict is Verdict.WRONG else ""
        )
        for one in said
    ]
    fresh = judge(item.unit, raw)
    paid = [line for line in fresh if line.verdict is Verdict.PAID]
    if [(line.verdict, line.member_id) for line in fresh] != [(line.verdict, line.member_id) for line in said]:
        raise Conflict("预览之后会员信息或会费登记有了变化，没有登记任何一行；请放弃后重新上传")
    if seen != len(paid):
        raise Conflict("要登记的行数与您看到的不同，请刷新后核对")
    if not paid:
        raise DomainError("没有可以登记的行")
    for chunk in many.in_chunks(paid):
        db.session.execute(insert(_PAID), [_columns(line, item) for line in chunk])
    item.recorded_by, item.recorded_at, item.lines_sealed = actor.id, now(), None
    audit.record(actor, "dues.record", item, batch_id=item.uuid, details=dict(item.counts))
    return item


def _columns(line: Line, item: DuesSheet) -> dict[str, Any]:
    identity = new_uuid()
    place = f"{DuesPaid.SEAL_FAMILY}|amount|{identity}"
    return {
        "uuid": identity,
        "member_id": line.member_id,
        "month": line.month,
        "sheet_id": item.id,
        "amount_sealed": None if line.amount is None else crypto.seal(line.amount.encode(), bound_to=place),
    }


def may_undo(item: DuesSheet) -> bool:
    """Whether the sheet may be taken back now, as far as its day goes."""
    return item.state is SheetState.RECORDED and item.is_open


def undo(actor: User, sheet_id: int) -> DuesSheet:
    """Take a sheet back within a day, if no later one is about any of its people, and return it.

    Raises Absent, Conflict.
    """
    item = find(actor, sheet_id)
    if item.state is not SheetState.RECORDED:
        raise Conflict(f"这张会费表{item.state.label}，不能撤销")
    if not item.is_open:
        raise Conflict("登记已超过 24 小时，不能整张撤销")
    hers = select(_PAID.c.member_id).where(_PAID.c.sheet_id == item.id)
    later = (
        select(DuesSheet.file_name)
        .join(DuesPaid, DuesPaid.sheet_id == DuesSheet.id)
        .where(DuesPaid.member_id.in_(hers), DuesSheet.recorded_at > item.recorded_at)
    )
    name = db.session.scalars(later.limit(1)).first()
    if name is not None:
        raise Conflict(f"这些人里有人又由会费表“{name}”登记过，请先撤销那一张")
    gone = db.session.execute(delete(_PAID).where(_PAID.c.sheet_id == item.id))
    item.undone_at = now()
    rows = gone.rowcount  # type: ignore[attr-defined]  # a DELETE always gives a CursorResult
    audit.record(actor, "dues.undo", item, batch_id=item.uuid, details={"rows": rows})
    return item


def discard(actor: User, sheet_id: int) -> None:
    """Give up a preview, with all it says. Raises Absent, Conflict."""
    item = find(actor, sheet_id)
    if item.state is not SheetState.PREVIEW:
        raise Conflict(f"这张会费表{item.state.label}，不能放弃")
    _forget(item)
    audit.record(actor, "dues.discard", item)


def _forget(item: DuesSheet) -> None:
    item.lines_sealed, item.ended_at = None, now()


def expire() -> int:
    """Give up previews of yesterday; return how many."""
    waiting = select(DuesSheet).where(DuesSheet.waits(), DuesSheet.uploaded_at < now() - OPEN_FOR)
    old = list(db.session.scalars(waiting))
    for item in old:
        _forget(item)
    if old:
        audit.record(CLOCK, "dues.expire", details={"previews": len(old)})
    return len(old)


# --- one member's months ----------------------------------------------------------------------------------------------


def paid_by(member: Member) -> list[DuesPaid]:
    """Return the months that a member has paid, the latest first."""
    query = select(DuesPaid).where(DuesPaid.member_id == member.id).order_by(DuesPaid.month.desc())
    return list(db.session.scalars(query))


def member_for(actor: User, member_id: int) -> Member:
    """Return a member whose months the actor reads: the union's people alone. Raises Absent."""
    member: Member = access.fetch(Member, member_id, actor, P.MEMBER_SALARY)
    if member.user_id == actor.id:
        raise Absent
    return member


hanging.follows("已交会费的月份", DuesPaid, key=("month",))
