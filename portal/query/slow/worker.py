"""What answers slow questions: the oldest first, with the rights of who asked, and only so long."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import or_, select

from portal.core import audit, crypto, notices
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.patience import within
from portal.core.queues import never
from portal.org.models import User
from portal.query import asking, selections
from portal.query.asking import Asked, Sort
from portal.query.conditions import from_text
from portal.query.models import Selection

from .models import SlowQuestion, SlowState

log = logging.getLogger("portal.slow")

SECONDS = 600.0
TOO_LONG = "查询超过 10 分钟，已停止；请加上所属分工会等条件缩小范围"
BROKEN = "系统出错，没有完成；请稍后再试，若仍出现请联系系统管理员"
LOST_AFTER = timedelta(seconds=2 * SECONDS)  # whoever worked on it is gone


def work(stopping: Callable[[], bool] = never) -> None:
    """Answer all questions that wait, until `stopping()`."""
    while not stopping():
        number = _claim()
        if number is None:
            return
        _answer(number)


def _claim() -> int | None:
    """Take the oldest question that waits, or that has lost its worker."""
    database.writes()
    lost = (SlowQuestion.state == SlowState.RUNNING) & (SlowQuestion.started_at < now() - LOST_AFTER)
    query = select(SlowQuestion).where(or_(SlowQuestion.state == SlowState.QUEUED, lost)).order_by(SlowQuestion.id)
    item = db.session.scalars(query.limit(1).with_for_update(of=SlowQuestion, skip_locked=True)).first()
    number = None
    if item is not None:
        item.state, item.started_at = SlowState.RUNNING, now()
        number = item.id
    db.session.commit()
    return number


def _answer(number: int) -> None:
    database.reads()
    try:
        item = db.session.get_one(SlowQuestion, number)
        asked = Asked(from_text(item.text), item.day)
        with within(SECONDS, TOO_LONG):
            found = asking.ids(item.owner, asked, sort=Sort.read(item.sort, item.owner))
    except DomainError as error:
        db.session.rollback()
        _close(number, told=error.message)
    except Exception as error:
        db.session.rollback()
        # its words may quote a row, so the log gets its kind only
        log.error("slow question %s: %s", number, type(error).__name__)
        _close(number, told=BROKEN)
    else:
        db.session.rollback()
        _close(number, found=found)


def _close(number: int, *, found: list[int] | None = None, told: str = "") -> None:
    """Keep the answer, or why there is none, and tell who asked; nothing where she has given it up."""
    database.writes()
    item = db.session.scalars(select(SlowQuestion).where(SlowQuestion.id == number).with_for_update()).one_or_none()
    if item is None or item.state is not SlowState.RUNNING:
        db.session.rollback()
        return
    item.finished_at, item.told = now(), told[:300]
    item.state = SlowState.FAILED if found is None else SlowState.DONE
    address = f"/query/slow/{item.id}"
    if found is not None:
        item.number = len(found)
        if 0 < len(found) <= selections.MOST:
            kept = Selection(
                token=crypto.random_token(), user_id=item.owner_id, member_ids=found, day=item.day, back=address
            )
            db.session.add(kept)
            item.selection = kept.token
    owner = db.session.get_one(User, item.owner_id)
    audit.record(owner, "query.answer", item, details={"count": item.number})
    body = told or f"查到 {item.number} 人，结果保留 7 天。"
    notices.tell([owner.id], "后台查询没有完成" if told else "后台查询完成了", body, address)
    db.session.commit()
