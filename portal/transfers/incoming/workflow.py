"""The way of somebody who comes: recorded by a branch or the union, accepted by the union, and then she is a member."""

from __future__ import annotations

from datetime import date
from typing import cast

from sqlalchemy import select

from portal.core import kinds, notices
from portal.core.actors import Actor
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.workflow import Changes, Step, Workflow
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Incoming
from .models import IncomingState as S


def the_unit(item: Incoming) -> OrgUnit:
    """Where she is recorded."""
    return item.unit


def the_union(item: Incoming) -> OrgUnit:
    """Who accepts her."""
    return access.approving_unit(item.unit)


def fetch(actor: Actor, item_id: int) -> Incoming:
    """Return one in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Incoming = access.fetch(Incoming, item_id, actor, P.JOINING_READ)
    return item


def concerns(item: Incoming, actor: Actor) -> bool:
    """Whether the actor is who comes: the same document."""
    me = members.own(actor) if isinstance(actor, User) else None
    return me is not None and (me.id_type, me.id_index) == (item.id_type, item.id_index)


def values_of(item: Incoming) -> dict[str, object]:
    """Return what was recorded of her, by catalogue name, as parsed."""
    return {name: kinds.from_plain(FIELD[name], value) for name, value in item.data.items()}


def branches(item: Incoming) -> list[OrgUnit]:
    """Return the units of the union that take members, by code."""
    union = the_union(item)
    query = select(OrgUnit).where(union.subtree)
    return list(db.session.scalars(query.where(OrgUnit.is_enabled, OrgUnit.accepts_members).order_by(OrgUnit.code)))


def by_its_union(item: Incoming, actor: Actor) -> str:
    """Say why it is for others to decide, or "": 组织机构管理员 reads what comes, and decides on no membership."""
    union = the_union(item)
    return "" if actor.may(P.JOINING_APPROVE, union) else f"由{union.name}接收，请联系它的经办人"


def accepted(item: Incoming, actor: Actor, *, comment: str, unit_id: int) -> Changes:
    """Make her a member of the unit `unit_id` from today on, with the day on which she joined. Raises as `take_in`."""
    unit = next((one for one in branches(item) if one.id == unit_id), None)
    if unit is None:
        raise DomainError("请选择她所在的分工会", field="unit_id")
    values = values_of(item)
    joined = cast(date, values.pop("join_date"))
    before = item.unit
    item.member = members.take_in(actor, unit=unit, values=values, join_date=joined)
    item.unit, item.unit_id = unit, unit.id
    item.settled_at = now()
    return {"unit": (before.name, unit.name)}


def settled(item: Incoming, actor: Actor, *, comment: str) -> None:
    """End without a membership."""
    item.settled_at = now()


def notify(item: Incoming, step: Step, actor: Actor, comment: str) -> None:
    """Tell the branch, and whoever recorded her."""
    told = {item.made_by, *access.people_at(item.unit, P.TRANSFER_RECEIVE)} - {actor.id or 0}
    notices.tell(told, f"{item.name}的校外转入{item.state.label}", comment, f"/transfers/incoming/{item.id}")


INCOMING = Workflow(
    "incoming", "校外转入", Incoming, (
        Step(
            "accept", "接收转入", (S.WAITING,), S.ACCEPTED, P.TRANSFER_APPROVE, at=the_union, effect=accepted,
            not_yet=by_its_union, form="incoming.accept", tone="primary",
        ),
        Step(
            "refuse", "不予接收", (S.WAITING,), S.REFUSED, P.TRANSFER_APPROVE, at=the_union, effect=settled,
            not_yet=by_its_union, comment_required=True,
        ),
        Step(
            "withdraw", "撤回", (S.WAITING,), S.WITHDRAWN, P.TRANSFER_RECEIVE, at=the_unit, effect=settled,
            confirm="撤回后这次转入结束，需要时可以重新登记。",
        ),
    ), fetch, concerns, notify,
)  # fmt: skip
