"""What of joining hangs on a unit that ends: its open applications go to its heir, its codes open nothing any more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from portal.core import audit
from portal.core.actors import Actor
from portal.core.db import db
from portal.members.endings import Ending, Follower
from portal.members.models import Member
from portal.members.timeline import happenings as timeline
from portal.members.timeline.happenings import About, Happening
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from .codes import revoke
from .models import LIVE, Application, ApplicationState, JoinCode

audit.name_acts({"joining.follow": "随单位撤并转到新单位"})

# with what is still being filled in: its form would be sent to a unit that is closed
OPEN = (*LIVE, ApplicationState.ALREADY_HERE, ApplicationState.DRAFT)


def _applications_of(unit: OrgUnit) -> int:
    seen = tuple(state for state in OPEN if state is not ApplicationState.DRAFT)
    query = select(func.count()).select_from(Application)
    return db.session.scalar(query.where(Application.unit_id.in_(_below(unit)), Application.state.in_(seen))) or 0


def _codes_of(unit: OrgUnit) -> int:
    query = select(func.count()).select_from(JoinCode)
    return db.session.scalar(query.where(JoinCode.unit_id.in_(_below(unit)), JoinCode.revoked_at.is_(None))) or 0


def _below(unit: OrgUnit) -> Select[Any]:
    return select(OrgUnit.id).where(unit.subtree)


def _send_on(actor: Actor, ending: Ending) -> None:
    """Let the heir decide on the applications that lie open at the unit."""
    if not ending.closes:
        return
    query = select(Application).where(Application.unit_id.in_(_below(ending.unit)), Application.state.in_(OPEN))
    for item in db.session.scalars(query.order_by(Application.id).with_for_update(of=Application)):
        before = item.unit
        item.unit, item.unit_id = ending.heir, ending.heir.id
        audit.record(
            actor, "joining.follow", item, changes={"unit": (before.name, ending.heir.name)}, reason=ending.reason,
            batch_id=ending.batch_id,
        )  # fmt: skip


def _revoke(actor: Actor, ending: Ending) -> None:
    """Close the codes of the unit: a poster that still hangs there leads to nobody."""
    if not ending.closes:
        return
    query = select(JoinCode).where(JoinCode.unit_id.in_(_below(ending.unit)), JoinCode.revoked_at.is_(None))
    for code in db.session.scalars(query.order_by(JoinCode.id)):
        revoke(actor, code, reason=ending.reason)


def happenings(actor: User, member: Member) -> list[Happening]:
    """Tell the applications that made her a member, to herself and to whoever may read them."""
    is_own = member.user_id == actor.id
    query = select(Application) if is_own else access.scoped(Application, actor, Permission.JOINING_READ)
    return [
        Happening(
            about=About.CASES, what="入会申请", at=item.submitted_at or item.created_at, by=item.name,
            on=item.study_date, why=item.meeting, state=item.state.label,
            endpoint="" if is_own else "joining.detail", id=item.id,
        )
        for item in db.session.scalars(query.where(Application.member_id == member.id))
    ]  # fmt: skip


timeline.declare(happenings)

FOLLOWERS = (
    Follower("未办结的入会申请，转到新单位办理", _applications_of, _send_on),
    Follower("入会二维码，停用", _codes_of, _revoke),
)
