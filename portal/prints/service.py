"""What people do with print jobs: ask for one, watch it, take the file, give up; and what becomes of old files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update

from portal.core import audit, clock
from portal.core import db as database
from portal.core.actors import CLOCK
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.members import search
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.members.search import Filters, Sort
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P
from portal.query import handing

from . import chunks
from .models import LIVE, JobState, PrintJob, PrintKind

audit.name_acts(
    {
        "print.start": "开始批量打印",
        "print.finish": "批量打印完成",
        "print.cancel": "取消批量打印",
        "print.remove": "清除过期的打印文件",
    }
)

MOST = 20_000  # members in one job
JOBS_WAITING = 5  # of one person
KEPT_FOR = timedelta(days=7)
JOBS_SHOWN = 20
NOBODY = "没有选中会员，请先勾选要打印的会员"


def start(
    actor: User, member_ids: Sequence[int], *, title: str, kind: PrintKind, at_joining: bool, check_url: str
) -> PrintJob:
    """Queue a print of those of `member_ids` whose papers the actor may print, in that order.

    `check_url` is the beginning of the address where a print is checked. Raises DomainError for nobody, too many, or
    too many jobs at once.
    """
    may = set()
    for some in chunks.of(list(member_ids), 500):
        may |= set(
            db.session.scalars(access.scoped(Member, actor, P.MEMBER_PRINT, Member.id).where(Member.id.in_(some)))
        )
    ids = list(dict.fromkeys(number for number in member_ids if number in may))
    if not ids:
        raise DomainError(NOBODY)
    if len(ids) > MOST:
        raise DomainError(f"一次最多打印 {MOST} 人，现在是 {len(ids)} 人，请按分工会分批打印")
    waiting = select(func.count(PrintJob.id)).where(PrintJob.owner_id == actor.id, PrintJob.state.in_(LIVE))
    if (db.session.scalar(waiting) or 0) >= JOBS_WAITING:
        raise DomainError(f"您还有 {JOBS_WAITING} 个打印任务没有完成，请等它们完成或取消后再打印")
    job = PrintJob(
        owner_id=actor.id,
        title=title[:100],
        kind=kind,
        at_joining=at_joining,
        double_sided=kind is PrintKind.BOTH,
        check_url=check_url,
        member_ids=ids,
    )
    db.session.add(job)
    db.session.flush()  # the page that follows is named by its number
    audit.record(actor, "print.start", job, batch_id=job.uuid, details={"count": len(ids), "kind": kind.value})
    database.later(clock.wake)
    return job


def start_selected(actor: User, ids: Sequence[int], **how: object) -> PrintJob:
    """Queue a print of the ticked members; see `start`."""
    return start(actor, ids, title=f"选中的会员 {len(set(ids))} 人", **how)  # type: ignore[arg-type]  # passed on


def start_found(actor: User, filters: Filters, sort: Sort, **how: object) -> PrintJob:
    """Queue a print of everybody that the list shows with `filters`, in its order; see `start`."""
    ids = search.ids(actor, filters, sort=sort, permission=P.MEMBER_PRINT)
    return start(actor, ids, title=f"查询结果 {len(ids)} 人", **how)  # type: ignore[arg-type]  # passed on


def new_this_year(actor: User, year: int | None = None) -> list[int]:
    """Return who came in in `year` (this one), is a member, and whose papers the actor prints, by member number."""
    wanted = year or today().year
    query = access.scoped(Member, actor, P.MEMBER_PRINT, Member.id).where(
        Member.join_date >= date(wanted, 1, 1),
        Member.join_date <= date(wanted, 12, 31),
        Member.membership_status == MembershipStatus.ACTIVE.value,
    )
    return list(db.session.scalars(query.order_by(Member.member_no, Member.id)))


def start_new(actor: User, **how: object) -> PrintJob:
    """Queue a print of this year's new members; see `start`."""
    ids = new_this_year(actor)
    return start(actor, ids, title=f"{today().year}年新会员 {len(ids)} 人", **how)  # type: ignore[arg-type]  # passed on


def find(actor: User, job_id: int) -> PrintJob:
    """Return one of the actor's own jobs, locked if the request writes. Raises Absent."""
    job: PrintJob = access.own(PrintJob, job_id, actor)
    return job


def jobs_of(actor: User) -> list[PrintJob]:
    """Return the actor's latest jobs, newest first."""
    query = select(PrintJob).where(PrintJob.owner_id == actor.id).order_by(PrintJob.id.desc()).limit(JOBS_SHOWN)
    return list(db.session.scalars(query))


def waiting_since() -> datetime | None:
    """Return since when the oldest job waits that nobody works on; None where none does or one is under way."""
    if db.session.scalar(select(PrintJob.id).where(PrintJob.state == JobState.RUNNING).limit(1)) is not None:
        return None
    return db.session.scalar(select(func.min(PrintJob.created_at)).where(PrintJob.state == JobState.QUEUED))


def before(job: PrintJob) -> int:
    """Return how many jobs stand before this one in the queue."""
    query = select(func.count(PrintJob.id)).where(PrintJob.state.in_(LIVE), PrintJob.id < job.id)
    return db.session.scalar(query) or 0


def cancel(actor: User, job_id: int) -> None:
    """Give up a job that is not done. Raises Absent, Conflict."""
    job = find(actor, job_id)
    given_up = update(PrintJob).where(PrintJob.id == job.id, PrintJob.state.in_(LIVE))
    if db.session.execute(given_up.values(state=JobState.CANCELLED, finished_at=now())).rowcount != 1:  # type: ignore[attr-defined]  # of an UPDATE
        raise Conflict("这个打印任务已经结束，请刷新后查看")
    audit.record(actor, "print.cancel", job, batch_id=job.uuid)
    database.later(clock.wake)  # the worker removes what is there of it


def content_of(actor: User, job_id: int) -> tuple[PrintJob, Iterator[bytes]]:
    """Return a finished job of the actor's and its PDF, piece by piece.

    Raises Absent; Forbidden where she could not have it made any more.
    """
    job = find(actor, job_id)
    if job.state is not JobState.DONE or not chunks.joined_path(job.uuid).exists():
        raise Absent
    inside, made_at = set(job.member_ids).difference(job.skipped), job.finished_at or job.created_at
    handing.check_still(actor, sorted(inside), today(), made_at=made_at, permission=P.MEMBER_PRINT)
    return job, chunks.read_joined(job.uuid)


@dataclass(frozen=True)
class Named:
    """A member on one of the lists beside a job, with what is to be said about her."""

    id: int
    name: str
    member_no: str
    branch: str
    note: str = ""


@dataclass(frozen=True)
class Beside:
    """The lists beside a job: who has no photo, whose characters no font has, who was left out, who failed."""

    without_photo: list[Named]
    without_glyph: list[Named]
    skipped: list[Named]
    broken: list[Named]


def beside(actor: User, job: PrintJob) -> Beside:
    """Return the lists beside the job; who is out of the actor's scope by now is counted without a name."""
    notes = dict(job.without_glyph)
    wanted = {*job.without_photo, *notes, *job.skipped, *job.broken}
    rows: dict[int, Named] = {}
    for some in chunks.of(sorted(wanted), 500):
        for member in db.session.scalars(access.scoped(Member, actor, P.MEMBER_PRINT).where(Member.id.in_(some))):
            rows[member.id] = Named(member.id, member.name, member.member_no or "", member.unit.name)

    def named(numbers: Sequence[int]) -> list[Named]:
        return [rows.get(number, Named(0, "（已不在您的管理范围内）", "", "")) for number in numbers]

    glyphs = [
        Named(one.id, one.name, one.member_no, one.branch, note=notes[number])
        for number, one in zip(notes, named(list(notes)), strict=True)
    ]
    return Beside(named(job.without_photo), glyphs, named(job.skipped), named(job.broken))


def sweep() -> None:
    """Remove the files of jobs that ended more than a week ago, and every file that no job has."""
    old = now() - KEPT_FOR
    finished = select(PrintJob).where(PrintJob.state == JobState.DONE, PrintJob.finished_at < old)
    for job in db.session.scalars(finished.with_for_update(of=PrintJob)):
        job.state = JobState.REMOVED
        audit.record(CLOCK, "print.remove", job, batch_id=job.uuid)
        database.later(chunks.remove, job.uuid)
    kept = {*db.session.scalars(select(PrintJob.uuid).where(PrintJob.state.in_((*LIVE, JobState.DONE))))}
    for name in chunks.names():
        if name not in kept:
            chunks.remove(name)


def release() -> None:
    """Let a view that prints nothing of anybody do so with no transaction open."""
    database.release()
