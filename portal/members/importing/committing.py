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
from portal.members import many, numbers
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.enums import ChangeReason, ChangeType, EmploymentStatus, MembershipStatus
from portal.members.importing import facts as known
from portal.members.importing.door import Applicant, applications
from portal.members.importing.facts import Facts, staff_no_of
from portal.members.importing.models import WRITTEN, Import, ImportRow, ImportState, Verdict
from portal.members.importing.reach import Reach
from portal.members.importing.uploading import own
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

audit.name_acts({"import.commit": "导入会员"})

REASON = "批量导入"
NAMED_MOST = 20  # rows in one sentence
_ROWS = cast(Table, ImportRow.__table__)


@dataclass(slots=True)
class _Row:
    """A row to be written, opened."""

    id: int
    number: int
    verdict: Verdict
    member_id: int | None
    version: int | None
    values: dict[str, Any]
    unit_id: int | None
    changes: dict[str, Any]  # new values of an update
    retained: list[Any] | None  # of a historic member: since when and why she only keeps her membership


@dataclass(slots=True)
class _Done:
    """What has been written so far."""

    batch_id: str
    rows: list[Mapping[str, Any]] = field(default_factory=list)
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
    _look_again(actor, item)
    done = _Done(new_uuid())
    for rows in _rows(item, Verdict.UPDATE):
        _update(actor, rows, done)
    given = _numbers(item) if item.is_historic else iter(())
    for rows in _rows(item, Verdict.NEW):
        if item.is_historic:
            _begin(actor, rows, given, done)
        else:
            _enter(actor, rows, item, done)
    if len(done.rows) != item.counts[Verdict.NEW] + item.counts[Verdict.UPDATE]:
        raise Conflict("要写入的行数与预览不同，请重新上传后再导入")
    _keep(done.rows)
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
    after = 0
    query = select(ImportRow).where(ImportRow.import_id == item.id, ImportRow.verdict == verdict)
    while stored := list(
        db.session.scalars(query.where(ImportRow.number > after).order_by(ImportRow.number).limit(many.CHUNK))
    ):
        after = stored[-1].number
        rows = []
        for row in stored:
            data = row.data
            values = {name: kinds.from_plain(FIELD[name], value) for name, value in data["values"].items()}
            changes = {name: kinds.from_plain(FIELD[name], pair[1]) for name, pair in data["changes"].items()}
            known_as = (row.id, row.number, row.verdict, row.member_id, row.version_before)
            rows.append(_Row(*known_as, values, data["unit"], changes, data["retained"]))
            db.session.expunge(row)
        yield rows


def _look_again(actor: User, item: Import) -> None:
    """Raise Conflict where a row would be judged otherwise now than at the preview."""
    reach = Reach(actor, item.unit)
    homes = set(db.session.scalars(_homes(item.unit)))
    stale: list[int] = []
    for verdict in WRITTEN:
        for rows in _rows(item, verdict):
            documents = [known.document_of(row.values) for row in rows]
            facts = known.look([(row.values, document) for row, document in zip(rows, documents, strict=True)])
            stale += [
                row.number
                for row, document in zip(rows, documents, strict=True)
                if not _still(row, document, facts, reach, homes)
            ]
    if stale:
        named = "、".join(map(str, sorted(stale)[:NAMED_MOST])) + ("等" if len(stale) > NAMED_MOST else "")
        sentence = f"第 {named} 行（共 {len(stale)} 行）涉及的人员或单位在预览之后有了变化"
        raise Conflict(f"{sentence}，没有导入任何一行；请重新上传后再导入")


def _homes(under: OrgUnit) -> Any:
    return select(OrgUnit.id).where(
        OrgUnit.path >= under.path, OrgUnit.path < under.path_end, OrgUnit.accepts_members, OrgUnit.is_enabled
    )


def _still(row: _Row, document: known.Document | None, facts: Facts, reach: Reach, homes: set[int]) -> bool:
    held = facts.meant(row.values, document)
    staff_no = staff_no_of(row.values if row.verdict is Verdict.NEW else row.changes)
    holder = facts.by_staff_no.get(staff_no or "")
    if holder is not None and (held is None or holder.id != held.id):
        return False
    if row.verdict is Verdict.UPDATE:
        if held is None or held.id != row.member_id or facts.versions.get(held.id) != row.version:
            return False
        rights = reach.rights_of(held)
        return reach.may_see(held.unit_id) and all(rights.get(name) is NOW for name in row.changes)
    if row.unit_id not in homes or (document is not None and document in facts.waiting):
        return False
    if held is not None:
        return held.id == row.member_id and held.status in members.LEFT
    return row.member_id is None and facts.by_member_no.get(row.values.get("member_no") or "") is None


# --- writing ----------------------------------------------------------------------------------------------------------


def _update(actor: User, rows: Sequence[_Row], done: _Done) -> None:
    edits = {cast(int, row.member_id): row.changes for row in rows if row.changes}
    written = many.write(edits, actor, reason=REASON, batch_id=done.batch_id)
    query = select(Member.id, Member.user_id).where(Member.id.in_(edits))
    accounts = {one.id: one.user_id for one in db.session.execute(query)}
    for row in rows:
        one = written.get(cast(int, row.member_id))
        done.rows.append(_kept(row, version_after=one.after if one else None))
        user_id = accounts.get(cast(int, row.member_id))
        if user_id is not None and user_id != actor.id:
            done.told[tuple(FIELD[name].label for name in FIELD if name in row.changes)].append(user_id)


def _numbers(item: Import) -> Iterator[str]:
    """Take the member numbers for those who bring none, and return them in the order of the rows.

    Numbers that are brought and that a counter would come to are kept clear of.
    """
    codes: dict[int, str] = {}
    wanted: list[tuple[int, int]] = []
    brought: list[str] = []
    for rows in _rows(item, Verdict.NEW):
        for row in rows:
            if row.values.get("member_no"):
                brought.append(row.values["member_no"])
            else:
                wanted.append((cast(int, row.unit_id), row.values["join_date"].year))
    above: dict[int, OrgUnit] = {}
    for unit_id in {unit_id for unit_id, _ in wanted}:
        above[unit_id] = access.approving_unit(db.session.get_one(OrgUnit, unit_id))
        codes[unit_id] = above[unit_id].code
    highest = numbers.given_in(brought)
    series = Counter((codes[unit_id], year) for unit_id, year in wanted)
    before = numbers.values_of([*highest, *(numbers.scope_of(code, year) for code, year in series)])
    numbers.keep_clear(highest)
    unions = {unit.code: unit for unit in above.values()}
    given = {
        (code, year): iter(numbers.next_member_nos(unions[code], year, count))
        for (code, year), count in sorted(series.items())
    }
    after = numbers.values_of(before)
    item.numbers = {scope: [before[scope], after[scope]] for scope in before if after[scope] != before[scope]}
    return (next(given[codes[unit_id], year]) for unit_id, year in wanted)


def _begin(actor: User, rows: Sequence[_Row], given: Iterator[str], done: _Done) -> None:
    people = [_beginning(row, given) for row in rows]
    for row, written in zip(rows, many.begin(people, actor, reason=REASON, batch_id=done.batch_id), strict=True):
        done.rows.append(_kept(row, member_id=written.member_id, version_after=written.after))


def _beginning(row: _Row, given: Iterator[str]) -> many.Beginning:
    """Return the historic member of a row: from her own day on, with her own number or the next one."""
    unit_id, joined = cast(int, row.unit_id), cast(date, row.values["join_date"])
    values = dict(row.values)
    values["member_no"] = values.get("member_no") or next(given)
    values.setdefault("employment_status", EmploymentStatus.AT_WORK.value)
    turns = [many.Turn(ChangeType.JOINED, joined, to_unit_id=unit_id)]
    if row.retained is None:
        return many.Beginning(values, unit_id, joined, turns)
    since, reason = date.fromisoformat(row.retained[0]), row.retained[1]
    values["membership_status"] = MembershipStatus.RETAINED.value
    why = ChangeReason(reason) if reason else None  # type: ignore[call-arg]  # by its value alone
    turns.append(many.Turn(ChangeType.RETAINED, since, why, from_unit_id=unit_id))
    before = {
        "membership_status": MembershipStatus.ACTIVE.value, "employment_status": EmploymentStatus.AT_WORK.value,
    }  # fmt: skip
    return many.Beginning(values, unit_id, joined, turns, turned=since, before=before)


def _enter(actor: User, rows: Sequence[_Row], item: Import, done: _Done) -> None:
    people = [Applicant(row.values, cast(int, row.unit_id)) for row in rows]
    ids = applications().enter(actor, people, has_consent=item.has_consent)
    for row, number in zip(rows, ids, strict=True):
        done.rows.append(_kept(row, application_id=number))
        done.entered[cast(int, row.unit_id)] += 1


def _kept(
    row: _Row, *, member_id: int | None = None, version_after: int | None = None, application_id: int | None = None
) -> Mapping[str, Any]:
    return {
        "row": row.id,
        "new_member_id": member_id or row.member_id,
        "new_version_after": version_after,
        "new_application_id": application_id,
    }


def _keep(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write on each row whom it has touched."""
    statement = update(_ROWS).where(_ROWS.c.id == bindparam("row"))
    names = ("member_id", "version_after", "application_id")
    statement = statement.values({name: bindparam(f"new_{name}") for name in names})
    for chunk in many.in_chunks(rows):
        db.session.connection().execute(statement, chunk)
