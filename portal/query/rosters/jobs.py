"""What people do with jobs that make sheets: ask for one, watch it, take the file; and what becomes of old files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update

from portal.core import audit, clock
from portal.core import db as database
from portal.core.actors import CLOCK
from portal.core.calendar import local, now
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .. import handing
from .files import FILES
from .models import LIVE, Roster, RosterJob, RosterState
from .models import RosterJobState as J
from .workflow import ROSTERS

audit.name_acts(
    {
        "roster.papers": "开始生成签领表",
        "roster.papers_finish": "签领表生成完成",
        "roster.papers_take": "下载签领表",
        "roster.papers_remove": "清除过期的签领表文件",
    }
)

JOBS_WAITING = 5  # of one person
KEPT_FOR = timedelta(days=7)
SHOWN = 5


def check_waiting(actor: User) -> None:
    """Raise DomainError for whoever has too many jobs that are not done."""
    waiting = select(func.count(RosterJob.id)).where(RosterJob.owner_id == actor.id, RosterJob.state.in_(LIVE))
    if (db.session.scalar(waiting) or 0) >= JOBS_WAITING:
        raise DomainError(f"您还有 {JOBS_WAITING} 个任务没有完成，请等它们完成后再生成")


def start(actor: User, roster: Roster) -> RosterJob:
    """Queue the sheets of a list that the actor keeps. Raises DomainError for a void one, and too many jobs at once."""
    if roster.state is RosterState.VOID:
        raise DomainError("这份名单已作废，不能再生成签领表")
    check_waiting(actor)
    job = RosterJob(owner_id=actor.id, roster_id=roster.id, title=roster.title)
    db.session.add(job)
    db.session.flush()  # the page that follows is named by its number
    audit.record(actor, "roster.papers", job, batch_id=job.uuid)
    database.later(clock.wake)
    return job


def find(actor: User, number: int) -> RosterJob:
    """Return one of the actor's own jobs. Raises Absent."""
    job: RosterJob = access.own(RosterJob, number, actor)
    return job


def of_roster(actor: User, roster: Roster) -> list[RosterJob]:
    """Return the actor's latest jobs of a list, newest first."""
    query = select(RosterJob).where(RosterJob.owner_id == actor.id, RosterJob.roster_id == roster.id)
    return list(db.session.scalars(query.order_by(RosterJob.id.desc()).limit(SHOWN)))


def content_of(actor: User, number: int) -> tuple[RosterJob, Iterator[bytes]]:
    """Leave the trace, then return a finished job of the actor's and its file, piece by piece.

    Raises Absent; Forbidden where she could not have it made any more.
    """
    job = find(actor, number)
    if job.state is not J.DONE or not FILES.has(job.uuid):
        raise Absent
    made_at = job.finished_at or job.created_at
    if job.roster_id is None:
        ids, day = job.wish["ids"], date.fromisoformat(job.wish["day"])
        handing.check_still(actor, ids, day, made_at=made_at, permission=P.MEMBER_PRINT)
    else:
        handing.check_still(actor, (), local(made_at).date(), made_at=made_at)
        ROSTERS.fetch(actor, job.roster_id)
    audit.record(actor, "roster.papers_take", job, batch_id=job.uuid)
    return job, FILES.read(job.uuid)


def waiting_since() -> datetime | None:
    """Return since when the oldest job waits that nobody works on; None where none does or one is under way."""
    if db.session.scalar(select(RosterJob.id).where(RosterJob.state == J.RUNNING).limit(1)) is not None:
        return None
    return db.session.scalar(select(func.min(RosterJob.created_at)).where(RosterJob.state == J.QUEUED))


def sweep() -> None:
    """Remove the files of jobs that ended more than a week ago, and every file that no job has."""
    old = select(RosterJob).where(RosterJob.state == J.DONE, RosterJob.finished_at < now() - KEPT_FOR)
    for job in db.session.scalars(old.with_for_update(of=RosterJob)):
        db.session.execute(update(RosterJob).where(RosterJob.id == job.id).values(state=J.REMOVED))
        audit.record(CLOCK, "roster.papers_remove", job, batch_id=job.uuid)
        database.later(FILES.remove, job.uuid)
    kept = {*db.session.scalars(select(RosterJob.uuid).where(RosterJob.state.in_((*LIVE, J.DONE))))}
    for name in FILES.names():
        if name not in kept:
            FILES.remove(name)
