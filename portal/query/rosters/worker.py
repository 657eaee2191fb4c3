"""What makes the sheets of lists: one process at a time, two documents at a time, all in one archive.

No transaction is open while a document is made. A job that was broken off is done again from its beginning.
"""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import select, update

from portal.core import audit, pdf
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.pdf import Paper
from portal.core.queues import never, work_through
from portal.org.models import User

from . import direct, papers, service, tables
from .files import FILES
from .models import LIVE, RosterJob
from .models import RosterJobState as J
from .papers import SheetKind

log = logging.getLogger("portal.rosters")

TABLE = "名单总表.xlsx"


@dataclass(frozen=True)
class Document:
    """A paper that is ready to be made, with its name in the archive."""

    name: str
    paper: Paper


def work(stopping: Callable[[], bool] = never) -> None:
    """Do all jobs that wait, the oldest first, until `stopping()`; nothing where another process is at it."""
    work_through(FILES.root(), _next, _do, stopping)


def _next() -> int | None:
    """Claim the oldest job that is not ended; one that is running has lost its worker."""
    database.writes()
    query = select(RosterJob.id).where(RosterJob.state.in_(LIVE)).order_by(RosterJob.id).limit(1)
    number = db.session.scalar(query)
    if number is not None:
        db.session.execute(update(RosterJob).where(RosterJob.id == number).values(state=J.RUNNING))
    db.session.commit()
    return number


def _do(number: int, stopping: Callable[[], bool]) -> None:
    """Make every document of a job, then the archive; a job that can not be done is closed as failed."""
    try:
        uuid, documents, table = _prepared(number)
        _set(number, total=len(documents))
        made = []
        with ThreadPoolExecutor(pdf.JOBS_AT_ONCE) as pool:
            for document, rendered in zip(documents, pool.map(_made, documents), strict=True):
                if stopping():
                    pool.shutdown(cancel_futures=True)
                    return
                made.append((document.name, rendered))
                _set(number, done=len(made))
        size = FILES.keep(uuid, _archive([(TABLE, table), *made] if table else made))
        _finish(number, size)
    except Exception as error:
        db.session.rollback()
        # its words may quote a row, so the log gets its kind only
        log.error("roster job %s: %s", number, type(error).__name__)
        _set(number, state=J.FAILED, finished_at=now())


def _prepared(number: int) -> tuple[str, list[Document], bytes]:
    """Read what the papers show to the job's owner now. Raises DomainError where it is out of her scope by now."""
    database.reads()
    try:
        job = db.session.get_one(RosterJob, number)
        owner = db.session.get_one(User, job.owner_id)
        if job.roster_id is None:
            return job.uuid, _of_members(owner, job), b""
        roster = service.find(owner, job.roster_id or 0)
        documents: list[Document] = []
        called = service.unit_names(roster)
        for part, _ in papers.numbers_of(roster):
            rows = service.all_rows(roster, part)
            if rows:
                paper = papers.paper(papers.to_sign_for(roster, part, rows), owner.label)
                documents.append(Document(papers.file_name(len(documents) + 1, called[part.unit_id]), paper))
        return job.uuid, documents, tables.workbook(owner, roster)
    finally:
        database.release()


def _of_members(owner: User, job: RosterJob) -> list[Document]:
    kind = SheetKind(job.wish["kind"]).label  # type: ignore[call-arg]  # by its value alone
    return [
        Document(papers.file_name(place, unit.name, kind), papers.paper(sheet, owner.label))
        for place, (unit, sheet) in enumerate(direct.by_branch(owner, job.title, job.wish), 1)
    ]


def _made(document: Document) -> bytes:
    return pdf.render_all([document.paper]).pdf


def _archive(contents: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:  # stored: what is in it is packed already
        for name, content in contents:
            archive.writestr(name, content)
    return out.getvalue()


def _set(number: int, **values: object) -> None:
    database.writes()
    db.session.execute(update(RosterJob).where(RosterJob.id == number).values(**values))
    db.session.commit()


def _finish(number: int, size: int) -> None:
    """Close the job with its trace, in one transaction."""
    database.writes()
    job = db.session.get_one(RosterJob, number)
    values = {"state": J.DONE, "finished_at": now(), "size": size, "done": job.total}
    db.session.execute(update(RosterJob).where(RosterJob.id == number).values(**values))
    audit.record(job.owner, "roster.papers_finish", job, batch_id=job.uuid, details={"files": job.total, "size": size})
    db.session.commit()
