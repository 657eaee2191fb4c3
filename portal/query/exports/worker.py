"""What works through the exports: one process at a time, the oldest first, anew where one was broken off; the sweep."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import select, update

from portal.core import audit, notices
from portal.core import db as database
from portal.core.actors import CLOCK
from portal.core.calendar import now
from portal.core.db import db
from portal.core.queues import never, work_through
from portal.org.models import User

from . import making
from .making import GivenUp, Order
from .models import CONFIRMED_WITHIN, KEPT_FOR, LIVE, Export, ExportState
from .store import FILES
from .workflow import EXPORT

log = logging.getLogger("portal.exports")

TOLD_EVERY = 5_000  # members; each time is a transaction


def work(stopping: Callable[[], bool] = never) -> None:
    """Make all files that wait, until `stopping()`; nothing where another process is at it."""
    work_through(FILES.root(), _next, _do, stopping)


def _next() -> tuple[int, str, Order] | None:
    """Claim the oldest export that is not ended; one that is running has lost its worker."""
    database.writes()
    item = db.session.scalars(select(Export).where(Export.state.in_(LIVE)).order_by(Export.id).limit(1)).first()
    found = None
    if item is not None:
        item.state, item.done = ExportState.RUNNING, 0
        found = item.id, item.uuid, making.order_of(item)
    db.session.commit()
    return found


def _do(claimed: tuple[int, str, Order], stopping: Callable[[], bool]) -> None:
    """Make the file, and close the row; one that can not be made is closed as failed."""
    number, uuid, order = claimed
    last = 0

    def told(done: int) -> bool:
        nonlocal last
        if stopping():
            return False
        if done - last >= TOLD_EVERY:
            last = done
            is_wanted = _set(number, done=done)
            database.reads()
            return is_wanted
        return True

    database.reads()
    try:
        with FILES.writer(uuid) as out:
            outcome = making.write(out, order, told=told)
        _finish(number, outcome, size=out.size)
    except GivenUp:
        db.session.rollback()
    except Exception as error:
        db.session.rollback()
        # its words may quote a row, so the log gets its kind only
        log.error("export %s: %s", uuid, type(error).__name__)
        _set(number, state=ExportState.FAILED, finished_at=now())
        FILES.remove(uuid)


def _set(number: int, **values: object) -> bool:
    """Write these of a row that is running; whether it is."""
    database.writes()
    running = update(Export).where(Export.id == number, Export.state == ExportState.RUNNING)
    is_wanted = db.session.execute(running.values(**values)).rowcount == 1  # type: ignore[attr-defined]  # of an UPDATE
    db.session.commit()
    return bool(is_wanted)


def _finish(number: int, outcome: making.Outcome, *, size: int) -> None:
    """Close the row with its trace, and tell who asked."""
    database.writes()
    item = db.session.scalars(select(Export).where(Export.id == number).with_for_update(of=Export)).one()
    if item.state is not ExportState.RUNNING:
        db.session.rollback()
        FILES.remove(item.uuid)
        return
    item.state, item.done, item.finished_at = ExportState.DONE, item.total, now()
    item.skipped, item.size = outcome.skipped, size
    owner = db.session.get_one(User, item.owner_id)
    audit.record(
        owner, "exports.finish", item, batch_id=item.uuid, reason=item.purpose,
        details={"rows": outcome.rows, "skipped": outcome.skipped, "size": size},
    )  # fmt: skip
    told = f"导出 {item.number}（{outcome.rows} 人）已生成，保留 {KEPT_FOR.days} 天，只有您可以下载。"
    notices.tell([item.owner_id], "导出的文件可以下载了", told, link=f"/query/exports/{item.id}")
    db.session.commit()


def sweep() -> None:
    """Close what nobody has confirmed in time, remove files of more than a week ago, and every file that no row has."""
    late = select(Export).where(Export.state == ExportState.PENDING, Export.created_at <= now() - CONFIRMED_WITHIN)
    for item in db.session.scalars(late.with_for_update(of=Export)):
        EXPORT.fire(item, "expire", CLOCK, own=True, batch_id=item.uuid)
    old = select(Export).where(Export.state == ExportState.DONE, Export.finished_at < now() - KEPT_FOR)
    for item in db.session.scalars(old.with_for_update(of=Export)):
        item.state = ExportState.REMOVED
        audit.record(CLOCK, "exports.remove", item, batch_id=item.uuid)
        database.later(FILES.remove, item.uuid)
    kept = {*db.session.scalars(select(Export.uuid).where(Export.state.in_((*LIVE, ExportState.DONE))))}
    for name in FILES.names():
        if name not in kept:
            FILES.remove(name)
