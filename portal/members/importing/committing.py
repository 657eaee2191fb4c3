"""Write what was previewed, in one transaction: everything is looked at again first, and nothing or all is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update

from portal.core import audit, kinds, notices
from portal.core.calendar import now
from portal.core.db import db, new_uuid, reads, release, writes
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.core.fields import NOW
from portal.core.kinds import Kind
from portal.members import many, numbers
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.enums import ChangeReason, ChangeType, EmploymentStatus, MembershipStatus
from portal.members.importing import facts as known
from portal.members.importing.door import Applicant, applications
from portal.members.importing.facts import Facts, staff_no_of
from portal.members.importing.models import WRITTEN, Import, ImportRow, ImportState, Verdict, opened
from portal.members.importing.uploading import own
from portal.members.models import Member
from portal.members.reach import Reach
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

audit.name_acts({"import.commit": "导入会员"})

REASON = "批量导入"
NAMED_MOST = 20  # rows in one sentence
_ROWS = cast(Table, ImportRow.__table__)
_COLUMNS = tuple(_ROWS.c[name] for name in ("id", "number", "verdict", "member_id", "version_before"))
_TOUCH = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("row"))
    .values({name: bindparam(f"new_{name}") for name in ("member_id", "version_after", "application_id")})
)
_DAYS = frozenset(name for name, one in FIELD.items() if one.kind in (Kind.DATE, Kind.MONTH))


Touched = Mapping[str, int | None]  # a row, and what is written on it


@dataclass(slots=True)
class _Row:
    """A row to be written, opened."""

    id: int
    number: int
    verdict: Verdict
    member_id: int | None
    version: int | None
    said: dict[str, Any]  # as `judging.Judged.plain` has it

    @property
    def plain(self) -> dict[str, Any]:
        """The values by catalogue name, days in ISO."""
        values: dict[str, Any] = self.said["values"]
        return values

    @property
    def unit_id(self) -> int | None:
        """Where the person belongs."""
        unit_id: int | None = self.said["unit"]
        return unit_id

    def values(self) -> dict[str, Any]:
        """Return the values by catalogue name."""
        return _values(self.plain)

    def changes(self) -> dict[str, Any]:
        """Return the new values of an update."""
        return _values({name: new for name, (_, new) in self.said["changes"].items()})


def _values(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kinds.from_plain(FIELD[name], value) if name in _DAYS else value for name, value in plain.items()}


@dataclass(slots=True)
class _Done:
    """What has been written so far; `number` is how many rows."""

    batch_id: str
    number: int = 0
    entered: Counter[int] = field(default_factory=Counter)  # applications by unit
    told: dict[tuple[str, ...], list[int]] = field(default_factory=lambda: defaultdict(list))  # users by fields


def take_in(actor: User, import_id: int, *, only_right: bool = False, seen: int | None = None) -> Import:
    """Write the rows of a preview of the actor's own and return it.

    With rows that are wrong nothing is written, unless `only_right`. `seen` is the number on the button. Raises
    DomainError where nothing can be written or the preview is too old; Conflict, naming the rows, where somebody has
    changed what a row was judged by since.
    """
    actor_id = actor.id
    release()
    writes()
    try:
        return write(db.session.get_one(User, actor_id), import_id, only_right=only_right, seen=seen)
    except DomainError:
        release()  # nothing of it stays, and the preview can be shown again
        reads()
        raise


def write(actor: User, import_id: int, *, only_right: bool = False, seen: int | None = None) -> Import:
    """Do as `take_in`, inside the caller's transaction."""
    item = own(actor, import_id)
    _check(actor, item, only_right=only_right, seen=seen)
    wanted = _look_again(actor, item)
    done = _Done(new_uuid())
    for rows in _rows(item, Verdict.UPDATE):
        _keep(_update(actor, rows, done), done)
    given = _numbers(item, wanted) if item.is_historic else iter(())
    for rows in _rows(item, Verdict.NEW):
        _keep(_begin(actor, rows, given, done) if item.is_historic else _enter(actor, rows, item, done), done)
    if done.number != item.counts[Verdict.NEW] + item.counts[Verdict.UPDATE]:
        raise Conflict("要写入的行数与预览不同，请重新上传后再导入")
    item.batch_id = done.batch_id
    item.committed_by, item.committed_at = actor.id, now()
    if done.entered:
        applications().tell(actor, done.entered)
    for labels, user_ids in done.told.items():
        body = f"修改的内容：{'、'.join(labels)}"
        notices.tell(user_ids, f"您的会员信息已由 {actor.label} 修改", body, "/members/me")
    audit.record(actor, "import.commit", item, batch_id=done.batch_id, details=dict(item.counts))
    return item


def _check(actor: User, item: Import, *, only_right: bool, seen: int | None) -> None:
    if item.state is not ImportState.PREVIEW:
        raise Conflict(f"这次导入{item.state.label}，不能再导入")
    if not item.is_open:
        raise Conflict("预览已超过 24 小时，请重新上传")
    if item.is_historic and not actor.may(P.MEMBER_IMPORT_HISTORIC, item.unit):
        raise Forbidden("历史会员补录只能由校工会办理")
    wrong = item.counts[Verdict.ERROR]
    if wrong and not only_right:
        raise DomainError(f"有 {wrong} 行错误，没有导入；请修改后重新上传，或勾选“只导入正确的行”", field="only_right")
    number = item.counts[Verdict.NEW] + item.counts[Verdict.UPDATE]
    if not number:
        raise DomainError("没有可以写入的行")
    if seen is not None and seen != number:
        raise Conflict("要写入的行数与您看到的不同，请刷新后重试")


# --- reading the preview ----------------------------------------------------------------------------------------------


def _rows(item: Import, verdict: Verdict) -> Iterator[list[_Row]]:
    """Return the rows with this verdict, opened, some at a time in the order of the file."""
    after, uuid = 0, item.uuid
    query = select(*_COLUMNS, _ROWS.c.data_sealed.label("sealed")).where(
        _ROWS.c.import_id == item.id, _ROWS.c.verdict == verdict
    )
    query = query.order_by(_ROWS.c.number).limit(many.CHUNK)
    while stored := db.session.execute(query.where(_ROWS.c.number > after)).all():
        after = stored[-1].number
        yield [
            _Row(
                one.id, one.number, one.verdict, one.member_id, one.version_before, opened(uuid, one.number, one.sealed)
            )
            for one in stored
        ]


@dataclass(slots=True)
class _Wanted:
    """What new rows want of member numbers: unit and year of each that brings none, and those that are brought."""

    next: list[tuple[int, int]] = field(default_factory=list)
    brought: list[str] = field(default_factory=list)


def _look_again(actor: User, item: Import) -> _Wanted:
    """Raise Conflict where a row would be judged otherwise now than at the preview; return what was seen on the way."""
    reach = Reach(actor, item.unit)
    homes = set(db.session.scalars(_homes(item.unit)))
    stale: list[int] = []
    wanted = _Wanted()
    for verdict in WRITTEN:
        for rows in _rows(item, verdict):
            documents = [known.document_of(row.plain) for row in rows]
            told = [(row.plain, document) for row, document in zip(rows, documents, strict=True)]
            facts = known.look(told, mobiles_too=False)
            stale += [
                row.number
                for row, document in zip(rows, documents, strict=True)
                if not _still(row, document, facts, reach, homes)
            ]
            if verdict is Verdict.NEW and item.is_historic:
                _note(rows, wanted)
    if stale:
        named = "、".join(map(str, sorted(stale)[:NAMED_MOST])) + ("等" if len(stale) > NAMED_MOST else "")
        sentence = f"第 {named} 行（共 {len(stale)} 行）涉及的人员或单位在预览之后有了变化"
        raise Conflict(f"{sentence}，没有导入任何一行；请重新上传后再导入")
    return wanted


def _note(rows: Sequence[_Row], wanted: _Wanted) -> None:
    for row in rows:
        if row.plain.get("member_no"):
            wanted.brought.append(row.plain["member_no"])
        else:
            wanted.next.append((cast(int, row.unit_id), date.fromisoformat(row.plain["join_date"]).year))


def _homes(under: OrgUnit) -> Any:
    return select(OrgUnit.id).where(under.subtree, OrgUnit.accepts_members, OrgUnit.is_enabled)


def _still(row: _Row, document: known.Document | None, facts: Facts, reach: Reach, homes: set[int]) -> bool:
    held = facts.meant(row.plain, document)
    staff_no = staff_no_of(row.plain if row.verdict is Verdict.NEW else row.changes())
    holder = facts.by_staff_no.get(staff_no or "")
    if holder is not None and (held is None or holder.id != held.id):
        return False
    if row.verdict is Verdict.UPDATE:
        if held is None or held.id != row.member_id or facts.versions.get(held.id) != row.version:
            return False
        rights = reach.rights_of(held)
        return reach.may_see(held.unit_id) and all(rights.get(name) is NOW for name in row.said["changes"])
    if row.unit_id not in homes or (document is not None and document in facts.waiting):
        return False
    if held is not None:
        return held.id == row.member_id and held.status in members.LEFT
    return row.member_id is None and facts.by_member_no.get(row.plain.get("member_no") or "") is None


# --- writing ----------------------------------------------------------------------------------------------------------


def _update(actor: User, rows: Sequence[_Row], done: _Done) -> list[Touched]:
    edits = {cast(int, row.member_id): changes for row in rows if (changes := row.changes())}
    written = many.write(edits, actor, reason=REASON, batch_id=done.batch_id)
    query = select(Member.id, Member.user_id).where(Member.id.in_(edits))
    accounts = {one.id: one.user_id for one in db.session.execute(query)}
    touched = []
    for row in rows:
        one = written.get(cast(int, row.member_id))
        touched.append(_touched(row, version_after=one.after if one else None))
        user_id = accounts.get(cast(int, row.member_id))
        if user_id is not None and user_id != actor.id:
            done.told[tuple(FIELD[name].label for name in FIELD if name in row.said["changes"])].append(user_id)
    return touched


def _numbers(item: Import, wanted: _Wanted) -> Iterator[str]:
    """Take the member numbers for those who bring none, and return them in the order of the rows.

    Numbers that are brought and that a counter would come to are kept clear of.
    """
    codes: dict[int, str] = {}
    for chunk in many.in_chunks(sorted({unit_id for unit_id, _ in wanted.next})):
        units = db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(chunk)))
        codes |= {unit.id: access.approving_unit(unit).code for unit in units}
    highest = numbers.given_in(wanted.brought)
    series = [(codes[unit_id], year) for unit_id, year in wanted.next]
    counts = Counter(series)
    before = numbers.values_of({*highest, *(numbers.scope_of(*one) for one in counts)})
    numbers.keep_clear(highest)
    given = {one: iter(taken) for one, taken in numbers.take(counts).items()}
    after = before | {scope: max(before[scope], number) for scope, number in highest.items()}
    for one, count in counts.items():
        after[numbers.scope_of(*one)] += count
    item.numbers = {scope: [before[scope], after[scope]] for scope in before if after[scope] != before[scope]}
    return (next(given[one]) for one in series)


def _begin(actor: User, rows: Sequence[_Row], given: Iterator[str], done: _Done) -> list[Touched]:
    people = [_beginning(row, given) for row in rows]
    made = many.begin(people, actor, reason=REASON, batch_id=done.batch_id)
    return [
        _touched(row, member_id=one.member_id, version_after=one.after) for row, one in zip(rows, made, strict=True)
    ]


def _beginning(row: _Row, given: Iterator[str]) -> many.Beginning:
    """Return the historic member of a row: from her own day on, with her own number or the next one."""
    values, retained = row.values(), row.said["retained"]
    unit_id, joined = cast(int, row.unit_id), cast(date, values["join_date"])
    values["member_no"] = values.get("member_no") or next(given)
    values.setdefault("employment_status", EmploymentStatus.AT_WORK.value)
    turns = [many.Turn(ChangeType.JOINED, joined, to_unit_id=unit_id)]
    if retained is None:
        return many.Beginning(values, unit_id, joined, turns)
    since, reason = date.fromisoformat(retained[0]), retained[1]
    values["membership_status"] = MembershipStatus.RETAINED.value
    why = ChangeReason(reason) if reason else None  # type: ignore[call-arg]  # by its value alone
    turns.append(many.Turn(ChangeType.RETAINED, since, why, from_unit_id=unit_id))
    before = {
        "membership_status": MembershipStatus.ACTIVE.value, "employment_status": EmploymentStatus.AT_WORK.value,
    }  # fmt: skip
    return many.Beginning(values, unit_id, joined, turns, turned=since, before=before)


def _enter(actor: User, rows: Sequence[_Row], item: Import, done: _Done) -> list[Touched]:
    people = [Applicant(row.values(), cast(int, row.unit_id)) for row in rows]
    ids = applications().enter(actor, people, has_consent=item.has_consent)
    done.entered.update(cast(int, row.unit_id) for row in rows)
    return [_touched(row, application_id=number) for row, number in zip(rows, ids, strict=True)]


def _touched(
    row: _Row, *, member_id: int | None = None, version_after: int | None = None, application_id: int | None = None
) -> Touched:
    return {
        "row": row.id,
        "new_member_id": member_id or row.member_id,
        "new_version_after": version_after,
        "new_application_id": application_id,
    }


def _keep(touched: Sequence[Touched], done: _Done) -> None:
    """Write on each row whom it has touched."""
    db.session.connection().execute(_TOUCH, touched)
    done.number += len(touched)
