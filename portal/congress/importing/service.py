"""Verbs of a list of delegates: bring it, look, write it, take it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from io import BytesIO

from sqlalchemy import delete, select

from portal.core import audit, sheets
from portal.core.actors import CLOCK
from portal.core.calendar import now
from portal.core.db import db, release, writes
from portal.core.errors import Conflict, DomainError
from portal.core.kinds.cleaning import visible
from portal.members.models import Member, UnionPost
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .. import seats
from ..models import (
    FILE_NAME_MOST,
    OPEN_FOR,
    Attendance,
    Congress,
    Delegate,
    DelegateImport,
    Delegation,
    ImportState,
    Person,
)
from ..offices import service as offices
from ..service import DELEGATIONS_MOST
from ..service import find as find_congress
from . import judging, reading
from .judging import SEATED, Line, Verdict

audit.name_acts({
    "delegates.upload": "上传代表名单",
    "delegates.record": "导入代表",
    "delegates.undo": "撤销代表导入",
    "delegates.discard": "放弃代表名单",
    "delegates.expire": "清理过期的代表名单预览",
})  # fmt: skip

PER_PAGE = 100


def upload(actor: User, congress_id: int, raw: bytes, file_name: str) -> DelegateImport:
    """Read the file `raw`, keep what its rows would become, and return the preview; nobody is seated yet.

    The file is read with no transaction open. Raises Absent; DomainError on `file`, Busy where too many wait.
    """
    actor_id = actor.id
    find_congress(actor, congress_id, P.CONGRESS_MANAGE)
    release()
    rows = reading.read(sheets.book_of(BytesIO(raw)))
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    congress = find_congress(actor, congress_id, P.CONGRESS_MANAGE)
    lines = judging.judge(congress, rows)
    name = visible(file_name.replace("\\", "/").rpartition("/")[2])[-FILE_NAME_MOST:] or "代表名单"
    item = DelegateImport(unit=congress.unit, congress=congress, file_name=name, uploaded_by=actor.id)
    item.lines = [[line.plain(), dict(row.cells)] for line, row in zip(lines, rows, strict=True)]
    item.counts = _counts(lines)
    db.session.add(item)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "delegates.upload", item, details=dict(item.counts))
    return item


def _counts(lines: Sequence[Line]) -> dict[str, int]:
    found = Counter(line.verdict for line in lines)
    return {verdict.value: found[verdict] for verdict in Verdict}


def find(actor: User, import_id: int) -> DelegateImport:
    """Return a list within the actor's scope, locked if the request writes. Raises Absent."""
    item: DelegateImport = access.fetch(DelegateImport, import_id, actor, P.CONGRESS_MANAGE)
    return item


def of(congress: Congress) -> list[DelegateImport]:
    """Return the lists of a congress that were written or wait, the latest first."""
    query = select(DelegateImport).where(
        DelegateImport.congress_id == congress.id,
        DelegateImport.ended_at.is_(None) | DelegateImport.recorded_at.is_not(None),
    )
    return list(db.session.scalars(query.order_by(DelegateImport.id.desc())))


def lines(item: DelegateImport, *, only: str = "", page: int = 1) -> tuple[list[Line], int]:
    """Return a page of the lines of a preview with the verdict `only` (its value; "" what is wrong first)."""
    found = [Line.from_plain(said) for said, _ in item.lines or ()]
    if only:
        found = [line for line in found if line.verdict.value == only]
    found.sort(key=lambda line: line.verdict in SEATED)
    return found[(page - 1) * PER_PAGE : page * PER_PAGE], len(found)


def seatable(item: DelegateImport) -> int:
    """Return how many rows of a preview would be written."""
    return sum(item.counts.get(verdict.value, 0) for verdict in SEATED)


def record(actor: User, import_id: int, *, seen: int) -> DelegateImport:
    """Seat everyone of a preview who can be, and return it; all in one transaction, one trace.

    `seen` is the number on the button. Raises Absent; DomainError for nobody to seat; Conflict where the preview is
    settled or too old, or a line has another outcome now than the one that was seen.
    """
    item = find(actor, import_id)
    if item.state is not ImportState.PREVIEW:
        raise Conflict(f"这份代表名单{item.state.label}，不能再导入")
    if not item.is_open:
        raise Conflict("预览已超过 24 小时，请放弃后重新上传")
    congress = find_congress(actor, item.congress_id, P.CONGRESS_MANAGE)
    said = [Line.from_plain(one) for one, _ in item.lines or ()]
    raw = [reading.Raw(line.number, cells) for line, (_, cells) in zip(said, item.lines or (), strict=True)]
    fresh = judging.judge(congress, raw)
    if [line.outcome for line in fresh] != [line.outcome for line in said]:
        raise Conflict("预览之后会员信息或代表名单有了变化，没有导入任何一行；请放弃后重新上传")
    wanted = [line for line in fresh if line.verdict in SEATED]
    if seen != len(wanted):
        raise Conflict("要导入的人数与您看到的不同，请刷新后核对")
    if not wanted:
        raise DomainError("没有可以导入的行")
    delegations = _delegations(congress, wanted)
    members = {
        one.id: one
        for one in db.session.scalars(select(Member).where(Member.id.in_([line.member_id for line in wanted])))
    }
    people = _people(congress)
    for line in wanted:
        key = line.member_id or line.staff_no
        person = people.get(key)
        if person is None:
            person = people[key] = _person(congress, line, members)
        seats.seat(
            actor,
            congress,
            seats.Wanted(person, delegations[line.delegation], line.kind, line.post, line.starts, line.ends),
            import_id=item.id,
        )
    item.recorded_at, item.lines_sealed = now(), None
    audit.record(actor, "delegates.record", item, batch_id=item.uuid, details=dict(item.counts))
    return item


def _delegations(congress: Congress, wanted: Sequence[Line]) -> dict[str, Delegation]:
    """Return the delegations by name; those that a list names first are made in its order."""
    found = {one.name: one for one in congress.delegations}
    for line in wanted:
        if line.delegation not in found:
            made = Delegation(congress_id=congress.id, name=line.delegation, place=len(found) + 1)
            db.session.add(made)
            found[line.delegation] = made
    if len(found) > DELEGATIONS_MOST:
        raise DomainError(f"代表团最多 {DELEGATIONS_MOST} 个，请核对名单里代表团的写法")
    return found


def _people(congress: Congress) -> dict[int | str, Person]:
    """Return the people of the union who take or took part, by member or by 工号."""
    query = select(Person).where(Person.unit_id == congress.unit_id)
    return {one.member_id or str(one.staff_no): one for one in db.session.scalars(query)}


def _person(congress: Congress, line: Line, members: dict[int, Member]) -> Person:
    if line.member_id is not None:
        person = Person(unit=congress.unit, member=members[line.member_id])
    else:
        facts = dict(line.facts)
        born = facts.pop("birth_date", None)
        person = Person(
            unit=congress.unit, staff_no=line.staff_no, birth_date=date.fromisoformat(born) if born else None, **facts
        )
    db.session.add(person)
    return person


# --- taking back ------------------------------------------------------------------------------------------------------


def may_undo(item: DelegateImport) -> bool:
    """Whether the list may be taken back now, as far as its day goes."""
    return item.state is ImportState.RECORDED and item.is_open


def undo(actor: User, import_id: int) -> DelegateImport:
    """Take a list back within a day, if nobody of it has done anything as a delegate since. Raises Absent, Conflict."""
    item = find(actor, import_id)
    if item.state is not ImportState.RECORDED:
        raise Conflict(f"这份代表名单{item.state.label}，不能撤销")
    if not item.is_open:
        raise Conflict("导入已超过 24 小时，不能整批撤销")
    hers = list(db.session.scalars(select(Delegate).where(Delegate.import_id == item.id)))
    numbers = [one.id for one in hers]
    came = db.session.scalars(
        select(Delegate).join(Attendance).where(Attendance.delegate_id.in_(numbers)).limit(1)
    ).first()
    busy = came or next((one for one in hers if one.vacated is not None or one.replaced_by or one.replaces_id), None)
    if busy is not None:
        raise Conflict(f"{busy.person.called}在导入之后已有签到或变动，不能整批撤销；请逐个办理")
    posts = [one.post_id for one in hers if one.made_post]
    people = {one.person_id for one in hers}
    db.session.execute(delete(Delegate).where(Delegate.id.in_(numbers)))
    db.session.execute(delete(UnionPost).where(UnionPost.id.in_(posts)))
    kept = select(Delegate.person_id).where(Delegate.person_id.in_(people))
    for person in db.session.scalars(select(Person).where(Person.id.in_(people), Person.id.not_in(kept))).all():
        if person.user_id is None and not offices.held_by(person):
            db.session.delete(person)
    item.ended_at = now()
    audit.record(actor, "delegates.undo", item, batch_id=item.uuid, details={"rows": len(numbers)})
    return item


def discard(actor: User, import_id: int) -> int:
    """Give up a preview, with all it says; return the number of its congress. Raises Absent, Conflict."""
    item = find(actor, import_id)
    if item.state is not ImportState.PREVIEW:
        raise Conflict(f"这份代表名单{item.state.label}，不能放弃")
    item.lines_sealed, item.ended_at = None, now()
    audit.record(actor, "delegates.discard", item)
    return item.congress_id


def expire() -> int:
    """Give up previews of yesterday; return how many."""
    waiting = select(DelegateImport).where(
        DelegateImport.recorded_at.is_(None), DelegateImport.ended_at.is_(None),
        DelegateImport.uploaded_at < now() - OPEN_FOR,
    )  # fmt: skip
    old = list(db.session.scalars(waiting))
    for item in old:
        item.lines_sealed, item.ended_at = None, now()
    if old:
        audit.record(CLOCK, "delegates.expire", details={"previews": len(old)})
    return len(old)
