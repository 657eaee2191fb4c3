"""Verbs of plans: look at what one would do, make it, and carry out what is due."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Select, func, select

from portal.core import audit, notices
from portal.core.actors import CLOCK
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.members import endings
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.org.units import service as units
from portal.org.units.models import plain

from .models import DOCUMENT_MOST, WHY_MOST, Plan
from .models import PlanState as S
from .workflow import PLANS, destinations, refuse_misfit

audit.name_acts({"plans.make": "制定撤并方案", "plans.hinder": "撤并方案未能执行"})

PER_PAGE = 50
LINES_MOST = 500
WHOLE_ONLY = "您只能把整个单位并入另一个单位；按部门、按人拆分由校工会操作员办理"


@dataclass(frozen=True)
class Wish:
    """What is to be done; `lines` are department or 工号, a space, and the code or name of a unit, one to a line."""

    heir: OrgUnit
    on: date
    document_no: str = ""
    lines: str = ""
    closes: bool = True
    keeps_posts: bool = False


@dataclass(frozen=True)
class Preview:
    """How many members go to which unit, how many stay, and what else hangs on the unit."""

    going: list[tuple[str, int]]
    staying: int
    hanging: list[tuple[str, int]] = field(default_factory=list)


def unit_for(actor: User, unit_id: int) -> OrgUnit:
    """Return a unit that the actor may close, with the tree held where the request writes. Raises Absent, Forbidden."""
    unit = units.managed(actor, unit_id)
    if not units.is_strictly_below(actor, unit):
        raise Forbidden(f"{unit.name}是您自己所在的单位，请由上级单位制定撤并方案")
    return unit


def heirs(actor: User, unit: OrgUnit) -> list[OrgUnit]:
    """Return the units of the same union that the members may go to, by code."""
    union = access.approving_unit(unit)
    query = access.scoped(OrgUnit, actor, P.UNIT_MANAGE).where(
        union.subtree, OrgUnit.is_enabled, OrgUnit.accepts_members
    )
    return [one for one in db.session.scalars(query.order_by(OrgUnit.code)) if not unit.covers(one)]


def may_part(actor: User, unit: OrgUnit) -> bool:
    """Whether the actor may send some of the members elsewhere than the rest: whoever may read who they are.

    The super administrator merges units (5-roles), all members together; which of them goes where is not hers to say.
    """
    return actor.may(P.MEMBER_READ, unit)


def departments(actor: User, unit: OrgUnit) -> list[tuple[str, int]]:
    """Return the departments of the unit's living members, each with how many work there, the largest first.

    None for an actor who may not part them.
    """
    if not may_part(actor, unit):
        return []
    counted = Counter(department or "" for _, department, _ in endings.living(unit))
    return [(name, number) for name, number in counted.most_common() if name]


def preview(actor: User, unit: OrgUnit, wish: Wish) -> Preview:
    """Return what the plan would do today; nothing is written. Raises DomainError as `make`."""
    plan = _drawn(actor, unit, wish)
    moved = destinations(plan)
    everyone = len(endings.living(unit))
    going = Counter(place.name for place in moved.values())
    hanging = endings.hanging_on(unit) if wish.closes else []
    return Preview(going.most_common(), everyone - len(moved), hanging)


def make(actor: User, unit: OrgUnit, wish: Wish) -> Plan:
    """Plan the end of the unit and return the plan; for today it is carried out at once.

    Raises DomainError on its input for a unit or a line that cannot be, Conflict where a plan waits already.
    """
    waiting = select(Plan.id).where(Plan.unit_id == unit.id, Plan.state == S.PLANNED)
    if db.session.scalars(waiting).first() is not None:
        raise Conflict(f"{unit.name}已有一份待生效的撤并方案，请先取消它")
    plan = _drawn(actor, unit, wish)
    db.session.add(plan)
    db.session.flush()  # the trace names it by number
    destinations(plan)
    audit.record(actor, "plans.make", plan, details={"on": plan.on.isoformat()})
    if plan.on == today():
        PLANS.fire(plan, "carry_out", actor, own=True)
    return plan


def _drawn(actor: User, unit: OrgUnit, wish: Wish) -> Plan:
    if not actor.may(P.UNIT_MANAGE, unit):
        raise Absent
    if not unit.is_enabled:
        raise DomainError(f"{unit.name}已经停用")
    if wish.on < today():
        raise DomainError("生效日期不能早于今天", field="on")
    if len(wish.document_no) > DOCUMENT_MOST:
        raise DomainError(f"文号最多 {DOCUMENT_MOST} 个字", field="document_no")
    refuse_misfit(unit, wish.heir)
    if (wish.lines.strip() or not wish.closes) and not may_part(actor, unit):
        raise DomainError(WHOLE_ONLY, field="lines")
    of_departments, of_people = _parted(actor, unit, wish.lines)
    if not wish.closes and not (of_departments or of_people):
        raise DomainError("不停用原单位时，请写明哪些部门或会员转到哪里", field="lines")
    return Plan(
        unit_id=unit.id, unit=unit, heir_id=wish.heir.id, heir=wish.heir, on=wish.on,
        document_no=wish.document_no.strip(), departments=of_departments, people=of_people, closes=wish.closes,
        keeps_posts=wish.keeps_posts, made_by=actor.id, made_at=now(), state=S.PLANNED, counts=[],
    )  # fmt: skip


def _parted(actor: User, unit: OrgUnit, lines: str) -> tuple[dict[str, int], dict[str, int]]:
    """Read which departments and which members go elsewhere than to the heir. Raises DomainError on `lines`."""
    written = [line.split() for line in lines.splitlines() if line.strip()]
    if len(written) > LINES_MOST:
        raise DomainError(f"最多 {LINES_MOST} 行，请按部门填写", field="lines")
    known: dict[str, list[str]] = {}
    numbers: dict[str, int] = {}
    for number, department, staff_no in endings.living(unit) if written else ():
        if department and department not in known.setdefault(plain(department), []):
            known[plain(department)].append(department)
        if staff_no:
            numbers[staff_no.upper()] = number
    of_departments: dict[str, int] = {}
    of_people: dict[str, int] = {}
    for place, words in enumerate(written, start=1):
        if len(words) < 2:
            raise DomainError(f"第 {place} 行应写部门（或工号）和单位代码，中间空一格", field="lines")
        what, where = " ".join(words[:-1]), words[-1]
        to = units.find_by(where, access.approving_unit(unit))
        if to is None or not actor.may(P.UNIT_MANAGE, to):
            raise DomainError(f"第 {place} 行：没有找到单位“{where}”", field="lines")
        refuse_misfit(unit, to)
        if plain(what) in known:
            of_departments |= dict.fromkeys(known[plain(what)], to.id)
        elif what.upper() in numbers:
            of_people[str(numbers[what.upper()])] = to.id
        else:
            raise DomainError(f"第 {place} 行：{unit.name}没有部门或工号“{what}”", field="lines")
    return of_departments, of_people


# --- reading ----------------------------------------------------------------------------------------------------------


def plans(actor: User, page: int = 1) -> tuple[list[Plan], int]:
    """Return a page of the plans in the actor's scope, the latest first, and how many there are."""
    query: Select[tuple[Plan]] = access.scoped(Plan, actor, P.UNIT_MANAGE)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Plan.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), total


def find(actor: User, plan_id: int) -> Plan:
    """Return a plan in the actor's scope. Raises Absent."""
    item: Plan = PLANS.fetch(actor, plan_id)
    return item


def named(item: Plan) -> list[tuple[str, str]]:
    """Return which departments and how many single members go elsewhere, each with the name of the unit."""
    numbers = {*item.departments.values(), *item.people.values()}
    names = {unit.id: unit.name for unit in db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(numbers)))}
    found = [(department, names[number]) for department, number in item.departments.items()]
    single = Counter(item.people.values())
    return found + [(f"个别会员 {count} 人", names[number]) for number, count in single.items()]


# --- the clock --------------------------------------------------------------------------------------------------------


def carry_out_due() -> int:
    """Carry out the plans whose day has come, and return how many; what cannot be is told to its maker.

    The clock may come twice.
    """
    carried = 0
    due = select(Plan).where(Plan.state == S.PLANNED, Plan.on <= today()).order_by(Plan.id)
    for plan in db.session.scalars(due.with_for_update(of=Plan)).all():
        try:
            with db.session.begin_nested():
                PLANS.fire(plan, "carry_out", CLOCK, own=True)
            carried += 1
        except DomainError as error:
            if plan.hindered != error.message:
                plan.hindered = error.message[:WHY_MOST]
                audit.record(CLOCK, "plans.hinder", plan, reason=error.message)
                notices.tell([plan.made_by], f"{plan.unit.name}的撤并方案没有执行", error.message)
    return carried
