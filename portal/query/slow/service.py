"""What people do with slow questions: ask one, watch it, give it up, go on with whom it has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from portal.core import audit, clock
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.fields import Field
from portal.org import access
from portal.org.models import User
from portal.query import asking, keeping, listing, selections, showing
from portal.query.asking import Asked, Sort
from portal.query.conditions import Node, QueryError, from_text

from .models import LIVE, SlowQuestion, SlowState

audit.name_acts({"query.wait": "后台查询", "query.answer": "后台查询完成", "query.give_up": "取消后台查询"})

WAITING_MOST = 3  # of one person
SHOWN = 20
KEPT_FOR = timedelta(days=7)
NOT_READ = "（查询中有您现在无权使用的字段）"


def ask(actor: User, node: Node, here: Asked, *, sort: Sort, columns: Sequence[str]) -> SlowQuestion:
    """Let the clock ask the question for the actor; `columns` are those of its list.

    Raises QueryError for what she may not ask, DomainError where too many of hers wait.
    """
    asking.check(actor, node)
    listing.chosen(actor, columns)
    keeping.pace(actor, node)
    waiting = select(func.count(SlowQuestion.id)).where(SlowQuestion.owner_id == actor.id, SlowQuestion.state.in_(LIVE))
    if (db.session.scalar(waiting) or 0) >= WAITING_MOST:
        raise DomainError(f"您还有 {WAITING_MOST} 个后台查询没有完成，请等它们完成或取消后再办理")
    _forget_old(actor)
    item = SlowQuestion(owner_id=actor.id, day=here.day, sort=str(sort), columns=list(columns))
    item.text = keeping.written(node)
    db.session.add(item)
    db.session.flush()  # the page that follows is named by its number
    audit.record(actor, "query.wait", item)
    database.later(clock.wake)
    return item


def _forget_old(actor: User) -> None:
    old = SlowQuestion.state.not_in(LIVE) & (SlowQuestion.created_at < now() - KEPT_FOR)
    db.session.execute(delete(SlowQuestion).where(SlowQuestion.owner_id == actor.id, old))


def find(actor: User, number: int) -> SlowQuestion:
    """Return one of the actor's own, locked if the request writes. Raises Absent."""
    item: SlowQuestion = access.own(SlowQuestion, number, actor)
    return item


def own(actor: User) -> list[tuple[SlowQuestion, str, bool]]:
    """Return the actor's latest, newest first, each with its reading and whether she may still ask it."""
    query = select(SlowQuestion).where(SlowQuestion.owner_id == actor.id).order_by(SlowQuestion.id.desc()).limit(SHOWN)
    readings = [(item, reading(actor, item)) for item in db.session.scalars(query)]
    return [(item, words, words != NOT_READ) for item, words in readings]


def reading(actor: User, item: SlowQuestion) -> str:
    """Return the question in words, as far as the actor may still ask it."""
    try:
        node = from_text(item.text)
        return showing.reading(node, asking.check(actor, node))
    except QueryError:
        return NOT_READ


def cancel(actor: User, number: int) -> None:
    """Give up a question that is not answered yet. Raises Absent, Conflict."""
    item = find(actor, number)
    given_up = update(SlowQuestion).where(SlowQuestion.id == item.id, SlowQuestion.state.in_(LIVE))
    values = {"state": SlowState.CANCELLED, "finished_at": now()}
    if db.session.execute(given_up.values(values)).rowcount != 1:  # type: ignore[attr-defined]  # of an UPDATE
        raise Conflict("这个后台查询已经结束，请刷新后查看")
    audit.record(actor, "query.give_up", item)


def waiting_since() -> datetime | None:
    """Return since when the oldest question waits that nobody works on; None where none does or one is under way."""
    if db.session.scalar(select(SlowQuestion.id).where(SlowQuestion.state == SlowState.RUNNING).limit(1)) is not None:
        return None
    return db.session.scalar(select(func.min(SlowQuestion.created_at)).where(SlowQuestion.state == SlowState.QUEUED))


# --- the answer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A page of whom a question has found, and the token by which a task goes on with all of them."""

    token: str
    total: int
    columns: list[Field]
    rows: list[listing.Row]


def answer(actor: User, item: SlowQuestion, *, page: int = 1) -> Answer | None:
    """Return a page of the answer, None where there is none, or it is not kept any more.

    Raises QueryError where a right to what it asks has gone since.
    """
    if item.state is not SlowState.DONE:
        return None
    asking.check(actor, from_text(item.text))
    if item.selection is None:
        return None
    columns = listing.chosen(actor, item.columns)
    try:
        kept = selections.find(actor, item.selection)
    except Absent:
        return None
    ids = kept.member_ids[(page - 1) * asking.PER_PAGE : page * asking.PER_PAGE]
    rows = [one for one in listing.rows(actor, Asked(day=item.day), columns, ids) if one.name]
    return Answer(kept.token, kept.number, columns, rows)
