"""What works through the print jobs: one process at a time, two chunks at a time, resuming what was broken off.

No transaction is open while a chunk is printed. What is finished lies in sealed files; the row says the rest.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from sqlalchemy import select, update

from portal.core import audit, pdf
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.pdf import Paper, PdfError, Rendered
from portal.core.queues import never, work_through
from portal.members import filing, paper, printing
from portal.members.models import Member
from portal.members.printing import Papers
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from . import chunks, roster
from .chunks import Chunk
from .models import LIVE, JobState, PrintJob, PrintKind

log = logging.getLogger("portal.prints")


@dataclass(frozen=True)
class Order:
    """What a job asks for, read once, so that no row is held while it is printed."""

    id: int
    uuid: str
    owner_id: int
    title: str
    kind: PrintKind
    at_joining: bool
    double_sided: bool
    check_url: str
    pieces: tuple[Sequence[int], ...]


@dataclass(frozen=True)
class Task:
    """A chunk that is ready to be printed: what is known of it, and for each member her papers."""

    chunk: Chunk
    titles: list[str]
    papers: list[list[Paper]]


def work(stopping: Callable[[], bool] = never) -> None:
    """Do all jobs that wait, the oldest first, until `stopping()`; nothing where another process is at it."""
    work_through(chunks.root(), _next, _do, stopping)


def _next() -> Order | None:
    """Claim the oldest job that is not ended; one that is running has lost its worker."""
    database.writes()
    job = db.session.scalars(select(PrintJob).where(PrintJob.state.in_(LIVE)).order_by(PrintJob.id).limit(1)).first()
    order = None
    if job is not None:
        job.state = JobState.RUNNING
        size = roster.ROWS_PER_PAGE if job.kind is PrintKind.ROSTER else printing.FORMS_PER_CHUNK
        if job.kind is PrintKind.BOTH:
            size //= 2  # as many papers
        order = Order(
            job.id, job.uuid, job.owner_id, job.title, job.kind, job.at_joining, job.double_sided, job.check_url,
            tuple(chunks.of(job.member_ids, size)),
        )  # fmt: skip
    db.session.commit()
    return order


def _do(order: Order, stopping: Callable[[], bool]) -> None:
    """Print the chunks that are missing, then join; a job that can not be done is closed as failed."""
    try:
        if not _print(order, stopping):
            if not stopping():
                chunks.remove(order.uuid)  # given up by its owner
            return
        whole, pages, size = chunks.join(order.uuid, len(order.pieces), order.title)
        _finish(order, whole, pages=pages, size=size)
    except Exception as error:
        db.session.rollback()
        # its words may quote a row, so the log gets its kind only
        log.error("print job %s: %s", order.uuid, type(error).__name__)
        _close(order, JobState.FAILED)
        chunks.remove(order.uuid)
    else:
        chunks.remove_chunks(order.uuid)


def _print(order: Order, stopping: Callable[[], bool]) -> bool:
    """Print the chunks that are missing, two at a time; whether all are there now."""
    waiting: deque[tuple[int, Task, Future[Rendered]]] = deque()
    with ThreadPoolExecutor(pdf.JOBS_AT_ONCE) as pool:

        def finish_one() -> bool:
            number, task, printed = waiting.popleft()
            chunks.keep(order.uuid, number, _finished(task, printed))
            return _tell(order, number + 1)

        for number, ids in enumerate(order.pieces):
            if chunks.has(order.uuid, number):
                continue
            if stopping():
                return False
            task = _prepare(order, number, ids)
            waiting.append((number, task, pool.submit(_render, task)))
            if len(waiting) >= pdf.JOBS_AT_ONCE and not finish_one():
                return False
        while waiting:
            if not finish_one():
                return False
    return True


def _prepare(order: Order, number: int, ids: Sequence[int]) -> Task:
    """Read what the papers of `ids` show to the owner now; who is out of scope by now is skipped."""
    database.reads()
    try:
        owner = db.session.get_one(User, order.owner_id)
        found = db.session.scalars(access.scoped(Member, owner, P.MEMBER_PRINT).where(Member.id.in_(ids)))
        by_id = {member.id: member for member in found}
        members = [by_id[one] for one in ids if one in by_id]
        chunk = Chunk(
            printed=[(member.id, member.unit_id) for member in members],
            skipped=[one for one in ids if one not in by_id],
        )
        titles = [f"{member.name} {member.member_no or ''}".strip() for member in members]
        if order.kind is PrintKind.ROSTER:
            page = roster.page(owner, members, first=number * roster.ROWS_PER_PAGE + 1, page=number + 1,
                               pages=len(order.pieces), title=order.title)  # fmt: skip
            return Task(chunk, titles[:1], [[page]] if members else [])
        forms = paper.printables(
            owner, members, at_joining=order.at_joining, print_id=order.uuid, check_url=order.check_url
        )
    finally:
        database.release()
    without = [member for (member, _), form in zip(chunk.printed, forms, strict=True) if form.photo is None]
    which = Papers(order.kind.value)  # type: ignore[call-arg]  # by its value alone
    made = [printing.papers(form, which, double_sided=order.double_sided) for form in forms]
    return Task(replace(chunk, without_photo=without), titles, made)


def _render(task: Task) -> Rendered:
    papers = [one for of_member in task.papers for one in of_member]
    return pdf.render_all(papers) if papers else Rendered(b"", (), ())


def _finished(task: Task, printed: Future[Rendered]) -> Chunk:
    """Return the chunk; where it can not be printed, those members are left out who can not be printed alone."""
    try:
        rendered = printed.result()
    except PdfError:
        good = [place for place, papers in enumerate(task.papers) if _prints(papers)]
        numbers = [task.chunk.printed[place][0] for place in range(len(task.papers)) if place not in good]
        chunk = replace(
            task.chunk, printed=[task.chunk.printed[place] for place in good], broken=numbers,
            without_photo=[one for one in task.chunk.without_photo if one not in numbers],
        )  # fmt: skip
        task = Task(chunk, [task.titles[place] for place in good], [task.papers[place] for place in good])
        rendered = _render(task)
    bookmarks, page, counts = [], 0, iter(rendered.pages)
    for title, papers in zip(task.titles, task.papers, strict=True):
        bookmarks.append((title, page))
        page += sum(next(counts) for _ in papers)
    missing = [
        (number, "".join(letter for letter in rendered.missing if any(letter in one.html for one in papers)))
        for (number, _), papers in zip(task.chunk.printed, task.papers, strict=False)
    ]
    return replace(
        task.chunk, bookmarks=bookmarks, without_glyph=[pair for pair in missing if pair[1]], pdf=rendered.pdf
    )


def _prints(papers: Sequence[Paper]) -> bool:
    try:
        pdf.render_all(papers)
    except PdfError:
        return False
    return True


def _tell(order: Order, finished: int) -> bool:
    """Say how far the job is; whether it is still wanted."""
    done = sum(len(ids) for ids in order.pieces[:finished])
    return _set(order, done=done)


def _close(order: Order, state: JobState) -> None:
    _set(order, state=state, finished_at=now())


def _set(order: Order, **values: object) -> bool:
    database.writes()
    running = update(PrintJob).where(PrintJob.id == order.id, PrintJob.state == JobState.RUNNING)
    is_wanted = db.session.execute(running.values(**values)).rowcount == 1  # type: ignore[attr-defined]  # of an UPDATE
    db.session.commit()
    return bool(is_wanted)


def _finish(order: Order, whole: Chunk, *, pages: int, size: int) -> None:
    """Close the job, with its trace and each member's, in one transaction; nothing for one that was given up."""
    database.writes()
    job = db.session.scalars(select(PrintJob).where(PrintJob.id == order.id).with_for_update(of=PrintJob)).one()
    if job.state is not JobState.RUNNING:
        db.session.rollback()
        chunks.remove(order.uuid)
        return
    job.state, job.done, job.finished_at = JobState.DONE, job.total, now()
    job.pages, job.size = pages, size
    job.without_photo, job.without_glyph = whole.without_photo, whole.without_glyph
    job.skipped, job.broken = whole.skipped, whole.broken
    owner = db.session.get_one(User, order.owner_id)
    audit.record(
        owner, "print.finish", job, batch_id=order.uuid,
        details={"count": len(whole.printed), "skipped": len(whole.skipped), "kind": order.kind.value},
    )  # fmt: skip
    if order.kind is not PrintKind.ROSTER:
        filing.keep_prints(
            owner, [(member, unit) for member, unit in whole.printed], print_id=order.uuid,
            papers=Papers(order.kind.value), at_joining=order.at_joining, of_batch=True,  # type: ignore[call-arg]  # by its value alone
        )  # fmt: skip
    db.session.commit()
