"""Verbs that begin a transfer, the lists of those under way, and what the clock reminds of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import joinedload

from portal.core import audit, kinds
from portal.core.actors import CLOCK
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.paging import Page, keyed
from portal.core.todo import Figure, Todo
from portal.core.workflow import Step
from portal.members import beside, cases, hanging
from portal.members import service as members
from portal.members.cases import Case, Door
from portal.members.catalogue import FIELD
from portal.members.models import Member
from portal.members.service import LIVE
from portal.members.timeline import happenings as timeline
from portal.members.timeline.happenings import About, Happening
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.org.units import service as units

from .models import OPEN, UNDER_WAY, WAITING, Occasion, Transfer, days_allowed, overdue_before
from .models import TransferState as S
from .workflow import TRANSFER, decides, refuse_misfit, tell_offices

audit.name_acts({"transfers.send": "提交转会申请", "transfers.ask": "本人申请转会", "transfers.remind": "催办转会"})

PER_PAGE = 20
TODO, MOVING, OVERDUE, ALL = "todo", "moving", "overdue", "all"  # what the list is cut to, beside the states
OUT, IN = "out", "in"
NAME_LONGEST = 50
UNITS_AT_ONCE = 500  # a list of more to choose from would be longer than the page, and slower
FORWARD = (TRANSFER.step("approve"), TRANSFER.step("receive"))  # what is taken on many at once
LOAN_LEAST = 6 * 30  # days: a shorter loan leaves the membership where it is (《工会会员会籍管理办法》§14)
SHORT_LOAN = "校内借调不满 6 个月，会籍一般不变动，请核对是否需要转会"


# --- beginning --------------------------------------------------------------------------------------------------------


def send(
    actor: User,
    member: Member,
    *,
    to: OrgUnit,
    occasion: Occasion,
    until: date | None = None,
    note: str = "",
    batch_id: str | None = None,
    quietly: bool = False,
) -> Transfer:
    """Begin the transfer of `member`, whom the caller has locked, to the unit `to`, and return it.

    It waits for the union; begun by whoever reviews it, it waits for the receiver at once. `until` ends a loan;
    `quietly` leaves the notices to the caller. Raises Forbidden for oneself or without the right at her unit,
    DomainError on its input where she cannot go there, Conflict where a transfer of hers is open.
    """
    if member.user_id == actor.id:
        raise Forbidden("本人的转会请在“我的转会”中申请，由本单位其他有权限的人员办理")
    if not actor.may(P.TRANSFER_SEND, member.unit):
        raise Forbidden(f"您没有转出{member.name}的权限")
    item = _begin(actor, member, to=to, occasion=occasion, until=until, note=note, batch_id=batch_id)
    item.sent_at = item.waiting_since
    item.is_one_of_many = quietly
    audit.record(actor, "transfers.send", item, reason=note, batch_id=batch_id)
    if decides(actor, item.unit, item.to_unit):
        TRANSFER.fire(item, "approve", actor, batch_id=batch_id)
    elif not quietly:
        tell_offices(item, None, actor, note)
    return item


def ask(actor: User, *, to: OrgUnit, occasion: Occasion, note: str = "") -> Transfer:
    """Ask for one's own transfer, which waits for one's branch. Raises Absent for no member, else as `send`."""
    member = members.own(actor, to_write=True)
    if member is None:
        raise Absent
    item = _begin(actor, member, to=to, occasion=occasion, note=note, state=S.ASKED)
    item.asked_herself = True
    audit.record(actor, "transfers.ask", item, reason=note)
    tell_offices(item, None, actor, note)
    return item


def open_of(member: Member) -> Transfer | None:
    """Return the member's open transfer, if there is one."""
    query = select(Transfer).where(Transfer.member_id == member.id, Transfer.state.in_(OPEN))
    return db.session.scalars(query).one_or_none()


def take_back(actor: User) -> None:
    """Take back what one has asked for, while nobody has confirmed it. Raises Absent where there is nothing."""
    asked = _own(actor).where(Transfer.state == S.ASKED)
    item = db.session.scalars(access.locking(Transfer, asked)).one_or_none()
    if item is None:
        raise Absent
    TRANSFER.fire(item, "take_back", actor, own=True)


def _begin(
    actor: User,
    member: Member,
    *,
    to: OrgUnit,
    occasion: Occasion,
    until: date | None = None,
    note: str = "",
    batch_id: str | None = None,
    state: S = S.SENT,
) -> Transfer:
    refuse_misfit(member, to)
    if until is not None and (occasion is not Occasion.LOAN or until <= today()):
        raise DomainError("借调结束日期应在今天之后，并且只在选“校内借调”时填写", field="until")
    if (before := open_of(member)) is not None:
        raise Conflict(f"{member.name}已有一份转会（{before.unit.name} → {before.to_unit.name}）在办理，请先办结")
    item = Transfer(
        unit=member.unit, unit_id=member.unit_id, to_unit=to, to_unit_id=to.id, member=member, member_id=member.id,
        occasion=occasion, until=until, note=note, from_department=member.department or "", batch_id=batch_id,
        begun_by=actor.id, begun_at=now(), waiting_since=now(), state=state,
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()  # two at the same moment meet here; a step names it by number
    return item


def targets(member_unit: OrgUnit) -> list[OrgUnit]:
    """Return the units of the same union that take members, but for the unit itself, by code."""
    union = access.approving_unit(member_unit)
    below = select(OrgUnit).where(union.subtree)
    open_ones = below.where(OrgUnit.is_enabled, OrgUnit.accepts_members, OrgUnit.id != member_unit.id)
    return list(db.session.scalars(open_ones.order_by(OrgUnit.code)))


def target(member_unit: OrgUnit, unit_id: int, elsewhere: str = "") -> OrgUnit:
    """Return the unit that was chosen by number, or, of another union, by its code or name. Raises DomainError."""
    if elsewhere.strip():
        found = units.find_by(elsewhere, access.upward(member_unit)[-1])
        if found is None:
            raise DomainError("没有找到这个单位，请填写单位代码或全称", field="elsewhere")
        return found
    chosen = next((unit for unit in targets(member_unit) if unit.id == unit_id), None)
    if chosen is None:
        raise DomainError("请选择转入单位，它应启用并接收会员", field="to")
    return chosen


def sex_of(item: Transfer) -> str:
    """Return her sex in a word: the receiver may not read her record yet, and needs this of it."""
    return kinds.show(FIELD["sex"], item.member.sex)


def warnings(item: Transfer) -> list[str]:
    """Return what whoever acts on an open transfer should look at; nothing of it refuses."""
    if item.state not in OPEN:
        return []
    found = []
    if item.occasion is Occasion.LOAN and (item.until is None or (item.until - today()) < timedelta(days=LOAN_LEAST)):
        found.append(SHORT_LOAN)
    if item.wanted_back:
        found.append(f"{item.unit.name}请求取消这次转会")
    if item.member.unit_id != item.unit_id or item.member.membership_status not in LIVE:
        found.append("会员的会籍已另行变化，这次转会不能再接收，请取消")
    return found


# --- the list ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What the list is cut to: `state` a state, TODO, MOVING (在途), OVERDUE or ALL; `way` OUT, IN or "" for both.

    `unit` is the code of a unit that sends or receives (of the one that does what `way` says), what is below included;
    `name` is part of hers.
    """

    state: str = TODO
    way: str = ""
    unit: str = ""
    name: str = ""


def listing(actor: User, filters: Filters, *, after: int | None = None, before: int | None = None) -> Page[Transfer]:
    """Return the page behind the row `after`, or in front of the row `before`; what waits comes oldest first."""
    query = _found(actor, filters)
    key = after if before is None else before
    return keyed(
        query, [Transfer.id], None if key is None else (key,), total=_count(query), forward=before is None,
        per_page=PER_PAGE, descending=filters.state in (ALL, *(state for state in S if state not in OPEN)),
    )  # fmt: skip


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _found(actor: User, filters: Filters) -> Select[Any]:
    query: Select[Any] = access.scoped(Transfer, actor, P.MEMBER_READ)
    if filters.state == TODO:
        query = query.where(waits_for(actor))
    elif filters.state == MOVING:
        query = query.where(Transfer.state.in_(UNDER_WAY))
    elif filters.state == OVERDUE:
        query = query.where(Transfer.state.in_(WAITING), Transfer.waiting_since < overdue_before())
    elif filters.state != ALL:
        query = query.where(Transfer.state == filters.state if filters.state in list(S) else false())
    sides: list[Any] = [Transfer.unit_id, Transfer.to_unit_id]
    if filters.way in (OUT, IN):
        sides = sides[:1] if filters.way == OUT else sides[1:]
        query = query.where(sides[0].in_(access.scoped(OrgUnit, actor, P.MEMBER_READ, OrgUnit.id)))
    if filters.unit:
        top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == filters.unit)).one_or_none()
        below = false() if top is None else top.subtree
        places = select(OrgUnit.id).where(below)
        query = query.where(or_(*(side.in_(places) for side in sides)))
    if len(filters.name) > NAME_LONGEST:  # nobody's
        query = query.where(false())
    elif filters.name:
        named = select(Member.id).where(Member.name.contains(filters.name, autoescape=True))
        query = query.where(Transfer.member_id.in_(named))
    return query


def waits_for(actor: User) -> ColumnElement[bool]:
    """Return the condition that the actor can take a transfer forward; nobody decides on himself."""

    def within(permission: P) -> Select[Any]:
        return access.scoped(OrgUnit, actor, permission, OrgUnit.id)

    sends = Transfer.state.in_((S.ASKED, S.RETURNED)) & Transfer.unit_id.in_(within(P.TRANSFER_SEND))
    receives = (Transfer.state == S.APPROVED) & Transfer.to_unit_id.in_(within(P.TRANSFER_RECEIVE))
    reviews: list[ColumnElement[bool]] = [
        and_(
            Transfer.state == S.SENT,
            *(place.in_(select(OrgUnit.id).where(root.subtree)) for place in (Transfer.unit_id, Transfer.to_unit_id)),
            # who approves no members reviews what passes between unions alone
            *([] if actor.may(P.JOINING_APPROVE, root) else [Transfer.id.in_(_between(actor, root))]),
        )
        for root in access.tops(actor, P.TRANSFER_APPROVE)
    ]
    me = members.own(actor)
    return and_(or_(sends, receives, *reviews), Transfer.member_id != (me.id if me else 0))


def _between(actor: User, root: OrgUnit) -> list[int]:
    waiting = access.scoped(Transfer, actor, P.TRANSFER_APPROVE).where(Transfer.state == S.SENT)
    return [item.id for item in db.session.scalars(waiting) if decides(actor, item.unit, item.to_unit)]


def may_take(actor: User, rows: Collection[Transfer]) -> set[int]:
    """Return the numbers of those in `rows` that the actor can take forward."""
    query = access.scoped(Transfer, actor, P.MEMBER_READ, Transfer.id).where(waits_for(actor))
    return set(db.session.scalars(query.where(Transfer.id.in_([item.id for item in rows]))))


def ready(actor: User, step: Step) -> Select[Any]:
    """Return the query of what waits for the actor to take `step`, one of FORWARD, oldest first."""
    query: Select[Any] = access.scoped(Transfer, actor, P.MEMBER_READ).where(waits_for(actor))
    return query.where(Transfer.state.in_(step.sources), Transfer.turned_down.is_(None)).order_by(Transfer.id)


def ready_steps(actor: User) -> list[tuple[Step, int]]:
    """Return the steps that the actor can take on many at once, each with the number of what waits for it."""
    numbers = [(step, _count(ready(actor, step))) for step in FORWARD]
    return [(step, number) for step, number in numbers if number]


def unit_choices(actor: User) -> list[tuple[str, str]]:
    """Return code and name of the units that the list may be cut to, by code; of very many the first."""
    query = access.scoped(OrgUnit, actor, P.MEMBER_READ, OrgUnit.code, OrgUnit.name).order_by(OrgUnit.code)
    return [(row.code, row.name) for row in db.session.execute(query.limit(UNITS_AT_ONCE))]


def find(actor: User, item_id: int) -> Transfer:
    """Return a transfer in the actor's scope, locked if the request writes. Raises Absent."""
    item: Transfer = TRANSFER.fetch(actor, item_id)
    return item


def own(actor: User) -> list[Transfer]:
    """Return the actor's own transfers, newest first."""
    return list(db.session.scalars(_own(actor).order_by(Transfer.id.desc())))


def _own(actor: User) -> Select[Any]:
    return select(Transfer).join(Member, Member.id == Transfer.member_id).where(Member.user_id == actor.id)


# --- for the house ----------------------------------------------------------------------------------------------------


def todo(actor: User) -> list[Todo]:
    """Return what waits for the actor, counted by the list's own query; nothing for who reads no members."""
    if not any(map(actor.holds, (P.TRANSFER_SEND, P.TRANSFER_RECEIVE, P.TRANSFER_APPROVE))):
        return []
    count = _count(_found(actor, Filters()))
    late = _count(_found(actor, Filters(OVERDUE))) if actor.holds(P.TRANSFER_APPROVE) else 0
    found = [Todo("校内转会", count, "transfers.index", {"state": TODO})] if count else []
    return [*found, Todo("逾期未办的转会", late, "transfers.index", {"state": OVERDUE})] if late else found


def under_way(actor: User, unit: str = "") -> tuple[int, int]:
    """Return how many transfers are under way (在途) out of the actor's units and into them, at the same moment.

    `unit` is the code of the one of them that is meant, with what is below; "" means all.
    """
    numbers = [_count(_found(actor, Filters(MOVING, way=way, unit=unit))) for way in (OUT, IN)]
    return numbers[0], numbers[1]


def figures(actor: User, unit: str = "") -> list[Figure]:
    """Return for the first page and the list of members who is under way, as `under_way`; to who reads members."""
    if not actor.holds(P.MEMBER_READ):
        return []
    leaving, coming = under_way(actor, unit)
    out, come = ({"state": MOVING, "way": way} | ({"unit": unit} if unit else {}) for way in (OUT, IN))
    return [
        Figure("在途转出", str(leaving), "人，接收前仍在原单位统计", "transfers.index", out),
        Figure("在途转入", str(coming), "人，接收后计入", "transfers.index", come),
    ]


beside.declare_figures(figures)


def _open_cases(member_ids: Collection[int]) -> list[tuple[int, Case]]:
    query = select(Transfer).where(Transfer.member_id.in_(member_ids), Transfer.state.in_(OPEN)).order_by(Transfer.id)
    return [
        (item.member_id, Case(f"校内转会（{item.state.label}）：转到{item.to_unit.name}", "transfers.detail", item.id))
        for item in db.session.scalars(query)
    ]


def _happenings(actor: User, member: Member) -> list[Happening]:
    """Tell her transfers, to herself and to whoever may read them."""
    is_own = member.user_id == actor.id
    query = select(Transfer) if is_own else access.scoped(Transfer, actor, P.MEMBER_READ)
    rows = db.session.scalars(query.where(Transfer.member_id == member.id).options(joinedload(Transfer.beginner)))
    return [
        Happening(
            about=About.CASES, what=f"校内转会：{item.unit.name} → {item.to_unit.name}", at=item.begun_at,
            by=item.beginner.label, why=item.note, state=item.state.label,
            endpoint="" if is_own else "transfers.detail", id=item.id,
        )
        for item in rows
    ]  # fmt: skip


timeline.declare(_happenings)
cases.declare(_open_cases, Door("校内转会", "transfers.send", P.TRANSFER_SEND, LIVE))


# --- the clock --------------------------------------------------------------------------------------------------------


def remind_late() -> int:
    """Remind once of each transfer that has waited too long where it lies, and return how many; no more happens."""
    late = select(Transfer).where(Transfer.state.in_(WAITING), Transfer.waiting_since < overdue_before())
    unsaid = late.where(or_(Transfer.reminded_at.is_(None), Transfer.reminded_at < Transfer.waiting_since))
    items = db.session.scalars(unsaid.order_by(Transfer.id).with_for_update(of=Transfer)).all()
    for item in items:
        item.reminded_at = now()
        audit.record(CLOCK, "transfers.remind", item)
        tell_offices(item, None, CLOCK, f"已超过 {days_allowed()} 个工作日，请尽快办理")
    return len(items)


hanging.stays("校内转会", Transfer)
