"""What becomes of open transfers when a unit ends: they go on from or to its heir, or have become needless."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, or_, select

from portal.core import audit
from portal.core.actors import Actor
from portal.core.db import db
from portal.members.endings import Ending, Follower
from portal.org.models import OrgUnit

from .models import OPEN, Transfer
from .workflow import TRANSFER

audit.name_acts({"transfers.follow": "随单位撤并转到新单位"})


def _open(unit: OrgUnit) -> Select[Any]:
    places = select(OrgUnit.id).where(unit.subtree)
    at_unit = or_(Transfer.unit_id.in_(places), Transfer.to_unit_id.in_(places))
    return select(Transfer).where(at_unit, Transfer.state.in_(OPEN)).order_by(Transfer.id)


def _count(unit: OrgUnit) -> int:
    return db.session.scalar(select(func.count()).select_from(_open(unit).order_by(None).subquery())) or 0


def _follow(actor: Actor, ending: Ending) -> None:
    """Let each begin where its member is now, and lead to the heir; where that is the same place it is over."""
    for item in db.session.scalars(_open(ending.unit).with_for_update(of=Transfer)).all():
        before = (item.unit.name, item.to_unit.name)
        here = ending.moved.get(item.member_id, item.unit)
        there = ending.heir if ending.closes and ending.unit.covers(item.to_unit) else item.to_unit
        if here.id == there.id:
            TRANSFER.fire(item, "lapse", actor, own=True, comment=ending.reason, batch_id=ending.batch_id)
            continue
        item.unit, item.unit_id, item.to_unit, item.to_unit_id = here, here.id, there, there.id
        changes = {"unit": (before[0], here.name), "to_unit": (before[1], there.name)}
        if before != (here.name, there.name):
            audit.record(
                actor, "transfers.follow", item, changes=changes, reason=ending.reason, batch_id=ending.batch_id
            )


FOLLOWERS = (Follower("在办的校内转会，随人转到新单位", _count, _follow),)
