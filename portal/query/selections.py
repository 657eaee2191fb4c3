"""Members frozen for a task: it acts on those whom the list showed, whatever becomes of them meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from portal.core import audit, crypto
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.patience import within
from portal.org.models import User

from . import asking
from .asking import Asked, Sort
from .models import Selection

audit.name_acts({"query.select": "选定查询结果办理"})

KEPT_FOR = timedelta(days=7)
SECONDS = 5.0
ADVICE = "选定会员用时过长，已停止。请加上所属分工会等条件缩小范围，再选定办理"
MOST = 100_000
AT_ONCE = 500
NOBODY = "没有选中会员，请先勾选，或选择“全部”"


def freeze(
    actor: User, asked: Asked, ids: Sequence[int] | None = None, back: str = "", sort: Sort | None = None
) -> Selection:
    """Keep whom the question finds, or those of `ids` that it finds, for a task of the actor's, with its trace.

    `back` is the address of the list. Raises QueryError, TooSlow, and DomainError for nobody or too many.
    """
    with within(SECONDS, ADVICE):  # a request that writes keeps every other one waiting meanwhile
        found = asking.ids(actor, asked, sort=sort) if ids is None else _among(actor, asked, ids)
    if not found:
        raise DomainError(NOBODY)
    if len(found) > MOST:
        raise DomainError(f"一次最多办理 {MOST} 人，现在是 {len(found)} 人，请加上分工会等条件分批办理")
    db.session.execute(delete(Selection).where(Selection.user_id == actor.id, Selection.created_at < now() - KEPT_FOR))
    selection = Selection(token=crypto.random_token(), user_id=actor.id, member_ids=found, day=asked.day, back=back)
    db.session.add(selection)
    audit.record(actor, "query.select", details={"count": len(found)})
    return selection


def find(actor: User, token: str) -> Selection:
    """Return a selection of the actor's own. Raises Absent for one that is another's, or gone."""
    selection = db.session.scalars(
        select(Selection).where(Selection.token == token, Selection.user_id == actor.id)
    ).one_or_none()
    if selection is None:
        raise Absent("选定的会员没有保留下来，请返回查询结果重新选择")
    return selection


def _among(actor: User, asked: Asked, ids: Sequence[int]) -> list[int]:
    """Return those of `ids` whom the question finds, in their order."""
    rows = asking.rows_of(actor, asked)
    may: set[int] = set()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        query = asking.selected(actor, asked, rows.member_id, rows=rows).where(rows.member_id.in_(some))
        may |= set(db.session.scalars(query))
    return [one for one in dict.fromkeys(ids) if one in may]
