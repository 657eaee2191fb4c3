"""The way of a plan: it waits for its day, and is carried out or cancelled."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import db, new_uuid
from portal.core.errors import Absent, DomainError
from portal.core.workflow import Changes, Step, Workflow
from portal.members import endings
from portal.members.endings import Ending
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.org.units import service as units

from .models import Plan
from .models import PlanState as S

MEMBERS = "会员"


def the_unit(item: Plan) -> OrgUnit:
    """The unit that ends."""
    return item.unit


def fetch(actor: Actor, item_id: int) -> Plan:
    """Return a plan in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Plan = access.fetch(Plan, item_id, actor, P.UNIT_MANAGE)
    return item


def concerns(item: Plan, actor: Actor) -> bool:
    """A plan is about a unit, not about a person."""
    return False


def destinations(item: Plan) -> Mapping[int, OrgUnit]:
    """Return where each member of the unit goes today, by her number. Raises DomainError for a unit closed since."""
    numbers = {item.heir_id, *item.departments.values(), *item.people.values()}
    places = {unit.id: unit for unit in db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(numbers)))}
    for unit in places.values():
        refuse_misfit(item.unit, unit)
    found = {}
    for number, department, _ in endings.living(item.unit):
        chosen = item.people.get(str(number)) or item.departments.get(department or "")
        if chosen or item.closes or not (item.people or item.departments):
            found[number] = places[chosen or item.heir_id]
    return found


def refuse_misfit(unit: OrgUnit, to: OrgUnit) -> None:
    """Raise DomainError where members of `unit` cannot go to the unit `to`."""
    if unit.covers(to):
        raise DomainError(f"{to.name}就在要撤并的单位里，请另选转入单位", field="heir")
    if not (to.is_enabled and to.accepts_members):
        raise DomainError(f"{to.name}已停用或不直接接收会员，请另选转入单位", field="heir")


def carried_out(item: Plan, actor: Actor, *, comment: str) -> Changes:
    """Move the members, let the rooms follow, and close the unit if that is planned. Raises DomainError."""
    if item.on > today():
        raise DomainError("还没有到生效日期")
    units.hold_tree()
    item.batch_id = new_uuid()
    moved = destinations(item)
    hanging = endings.hanging_on(item.unit) if item.closes else []
    item.counts = [[MEMBERS, len(moved)], *([label, number] for label, number in hanging)]
    item.done_at, item.hindered = now(), ""
    ending = Ending(
        item.unit, item.heir, moved, on=item.on, batch_id=item.batch_id, closes=item.closes,
        keeps_posts=item.keeps_posts,
    )  # fmt: skip
    endings.move(actor, ending)
    if item.closes:
        units.close(actor, item.unit)
    return {"members": (0, len(moved))}


def notify(item: Plan, step: Step, actor: Actor, comment: str) -> None:
    """Tell who runs the units that are concerned what has become of it."""
    told = {item.made_by}
    if item.state is S.DONE:
        for unit in (item.unit, item.heir):
            told |= set(access.people_with(P.TRANSFER_RECEIVE, unit, at_unit_only=True))
    title = f"{item.unit.name}并入{item.heir.name}的撤并方案{item.state.label}"
    notices.tell(told - {actor.id or 0}, title, comment)


PLANS = Workflow(
    "plans", "撤并方案", Plan, (
        Step("carry_out", "执行撤并", (S.PLANNED,), S.DONE, own=True, effect=carried_out),
        Step(
            "cancel", "取消方案", (S.PLANNED,), S.CANCELLED, P.UNIT_MANAGE, at=the_unit, tone="danger",
            confirm="取消后到期不再执行；需要时可以重新制定。", comment_required=True,
        ),
    ), fetch, concerns, notify,
)  # fmt: skip
