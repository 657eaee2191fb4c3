"""The paper archive: whose papers are printed, signed and put away, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from sqlalchemy import Select, false, func, or_, select

from portal.core import audit, scans, uploads
from portal.core import db as database
from portal.core.db import db, new_uuid
from portal.core.errors import Absent, DomainError, Forbidden
from portal.members import filing, service
from portal.members.enums import MembershipStatus
from portal.members.filing import FileState, MemberPrint, PaperFile
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

audit.name_acts({"paper.file": "登记表归档", "paper.read_scan": "下载签字扫描件"})

PER_PAGE = 50
PLACE_MOST = 100
NO_PLACE = "请写明归档位置，例如“校工会档案柜 A-03，2026 年第 2 盒”"
NOBODY = "没有选中会员，请先勾选已签字的会员"
ANY = "all"


@dataclass(frozen=True)
class Filters:
    """What the list is cut to: `state` a FileState or ANY, `unit` a unit's code, `year` of joining, `name` a part."""

    state: str = ANY
    unit: str = ""
    year: str = ""
    name: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the archive."""

    id: int
    name: str
    member_no: str
    branch: str
    state: FileState
    printed_at: datetime | None
    place: str
    has_scan: bool


@dataclass(frozen=True)
class Page:
    """A page of the archive, with the numbers of all states under the other filters."""

    rows: list[Row]
    total: int
    counts: dict[str, int]


def listing(actor: User, filters: Filters, *, number: int = 1) -> Page:
    """Return a page of the members whose papers the actor prints, by member number; `number` counts from 1."""
    state = func.coalesce(PaperFile.state, FileState.NOT_PRINTED)
    grouped = db.session.execute(_found(actor, filters, state, func.count(Member.id)).group_by(state))
    counts = {one.value: 0 for one in FileState} | {str(key): int(count) for key, count in grouped}
    total = counts.get(filters.state, 0) if filters.state != ANY else sum(counts.values())
    query = _found(
        actor, filters, Member.id, Member.name, Member.member_no, OrgUnit.name.label("branch"), state.label("state"),
        PaperFile.printed_at, PaperFile.place, PaperFile.scan_id,
    )  # fmt: skip
    if filters.state != ANY:
        query = query.where(state == filters.state)
    query = query.join(OrgUnit, OrgUnit.id == Member.unit_id).order_by(Member.member_no, Member.id)
    found = db.session.execute(query.limit(PER_PAGE).offset((max(1, number) - 1) * PER_PAGE))
    rows = [
        Row(
            one.id, one.name, one.member_no or "", one.branch, FileState(str(one.state)), one.printed_at,  # type: ignore[call-arg]  # by its value alone
            one.place or "", one.scan_id is not None,
        )
        for one in found
    ]  # fmt: skip
    return Page(rows, total, counts | {ANY: sum(counts.values())})


def _found(actor: User, filters: Filters, *columns: Any) -> Select[Any]:
    query = access.scoped(Member, actor, P.MEMBER_PRINT, *columns).outerjoin(
        PaperFile, PaperFile.member_id == Member.id
    )
    query = query.where(
        or_(Member.membership_status == MembershipStatus.ACTIVE.value, PaperFile.member_id.is_not(None))
    )
    if filters.unit:
        top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == filters.unit)).one_or_none()
        below = false() if top is None else top.subtree
        query = query.where(Member.unit_id.in_(select(OrgUnit.id).where(below)))
    if filters.year:
        query = query.where(func.extract("year", Member.join_date) == int(filters.year))
    if filters.name:
        query = query.where(Member.name.contains(filters.name, autoescape=True))
    return query


def file_many(actor: User, member_ids: Sequence[int], *, place: str) -> tuple[int, int]:
    """Mark the papers of the ticked members as signed and put into `place`; return how many, and how many were not.

    Who is out of scope of MEMBER_PRINT is not. Raises DomainError for nobody ticked and for no place.
    """
    place = _place(place)
    wanted = set(member_ids)
    if not wanted:
        raise DomainError(NOBODY)
    found = access.scoped(Member, actor, P.MEMBER_PRINT).where(Member.id.in_(wanted)).order_by(Member.id)
    batch = new_uuid()
    members = list(db.session.scalars(found.with_for_update(of=Member)))
    if not members:
        raise DomainError(NOBODY)
    for member in members:
        filing.file_away(actor, member, place=place)
        audit.record(actor, "paper.file", member, batch_id=batch, details={"place": place})
    return len(members), len(wanted) - len(members)


def file_one(actor: User, member_id: int, *, place: str, stream: IO[bytes] | None) -> None:
    """Put one member's signed paper away, with a scan if there is one, which is read with no transaction open.

    Raises Absent, DomainError on `place` or `scan`.
    """
    place = _place(place)
    access.fetch(Member, member_id, actor, P.MEMBER_PRINT)
    database.release()
    read = scans.read(stream, field="scan") if stream is not None else None
    database.writes()
    member: Member = access.fetch(Member, member_id, actor, P.MEMBER_PRINT)
    upload = scans.keep(actor, *read) if read else None
    filing.file_away(actor, member, place=place, scan=upload)
    audit.record(actor, "paper.file", member, details={"place": place, "scan": upload is not None})


def _place(text: str) -> str:
    place = text.strip()
    if not place:
        raise DomainError(NO_PLACE, field="place")
    if len(place) > PLACE_MOST:
        raise DomainError(f"归档位置最多 {PLACE_MOST} 个字", field="place")
    return place


def find(actor: User, member_id: int) -> tuple[Member, PaperFile | None, list[MemberPrint]]:
    """Return a member with the state of her paper and its prints, latest first. Raises Absent."""
    member: Member = access.fetch(Member, member_id, actor, P.MEMBER_PRINT)
    return member, filing.file_of(member), filing.prints_of(member)


def may_read_scan(actor: User, member: Member, file: PaperFile | None) -> bool:
    """Whether the actor may read the scan, which shows whatever the paper did: with the right to print it in full.

    Who uploaded it may too, since the paper was in her hands.
    """
    if file is None or file.scan is None:
        return False
    return actor.may(P.MEMBER_PRINT_FULL, member.unit) or file.scan.created_by == actor.id


def read_scan(actor: User, member_id: int) -> tuple[bytes, str]:
    """Leave the trace, then return the scan and its media type. Raises Absent, Forbidden."""
    member = service.find(actor, member_id, P.MEMBER_PRINT)
    file = filing.file_of(member)
    if file is None or file.scan is None:
        raise Absent
    if not may_read_scan(actor, member, file):
        raise Forbidden("签字扫描件上有完整的证件号码，您没有查看的权限")
    audit.record(actor, "paper.read_scan", member)
    return uploads.content_of(file.scan.id), scans.MIMETYPES[file.scan.kind]
