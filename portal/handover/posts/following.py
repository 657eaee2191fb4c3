"""What of posts and offices hangs on a unit that ends: posts end or go along, the accounts' offices there end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select

from portal.core import audit, notices
from portal.core.actors import Actor
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.members.endings import Ending, Follower
from portal.members.models import UnionPost
from portal.org.models import Grant, OrgUnit

from .service import ALONE

LABEL = "单位撤并"


def _places(unit: OrgUnit) -> Select[Any]:
    return select(OrgUnit.id).where(unit.subtree)


def _posts(unit: OrgUnit) -> Select[Any]:
    held = or_(UnionPost.ends.is_(None), UnionPost.ends >= today())
    return select(UnionPost).where(UnionPost.unit_id.in_(_places(unit)), held).order_by(UnionPost.id)


def _grants(unit: OrgUnit) -> Select[Any]:
    open_ones = or_(Grant.ends.is_(None), Grant.ends >= today()) & Grant.revoked_at.is_(None)
    return select(Grant).where(Grant.unit_id.in_(_places(unit)), open_ones).order_by(Grant.id)


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _end_posts(actor: Actor, ending: Ending) -> None:
    """End the posts at the unit the day before; where they are kept, each goes on where its holder has gone."""
    if not ending.closes:
        return
    day = today()
    for post in db.session.scalars(_posts(ending.unit)).all():
        before, ends = post.ends, max(post.starts, day - timedelta(days=1))
        goes_to = ending.moved.get(post.member_id) if ending.keeps_posts else None
        post.ends = ends
        told = {"ends": (show_date(before) or "无截止日期", show_date(ends))}
        audit.record(actor, "post.end", post, changes=told, reason=ending.reason, batch_id=ending.batch_id)
        if goes_to is not None and not _is_taken(post, goes_to):
            new = UnionPost(
                member=post.member, kind=post.kind, unit=goes_to, title=post.title, term=post.term, starts=day,
                ends=before,
            )  # fmt: skip
            db.session.add(new)
            audit.record(actor, "post.give", new, reason=ending.reason, batch_id=ending.batch_id)


def _is_taken(post: UnionPost, unit: OrgUnit) -> bool:
    """Whether the unit has somebody in a post that only one holds."""
    if post.kind not in ALONE:
        return False
    held = or_(UnionPost.ends.is_(None), UnionPost.ends >= today())
    query = select(UnionPost.id).where(UnionPost.unit_id == unit.id, UnionPost.kind == post.kind, held)
    return db.session.scalars(query.limit(1)).first() is not None


def _end_grants(actor: Actor, ending: Ending) -> None:
    """End at once the offices of accounts at the unit: there is nothing left to look after."""
    if not ending.closes:
        return
    for grant in db.session.scalars(_grants(ending.unit)).all():
        before = show_date(grant.ends) or "无截止日期"
        grant.revoked_at = now()
        changes = {"ends": (before, "立即")}
        audit.record(actor, "grant.end", grant, changes=changes, reason=ending.reason, batch_id=ending.batch_id)
        notices.tell([grant.user_id], f"您在{grant.unit.name}的{grant.title}职责已经结束", LABEL)


FOLLOWERS = (
    Follower("在任的工会职务", lambda unit: _count(_posts(unit)), _end_posts),
    Follower("账号职责，结束", lambda unit: _count(_grants(unit)), _end_grants),
)
