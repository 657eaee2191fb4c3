"""Greeting: whose birthday it is today in each union that greets, each once a year."""

from __future__ import annotations

from calendar import isleap
from datetime import date

from sqlalchemy import extract, or_, select

from portal.core import audit, notices, settings
from portal.core.actors import CLOCK
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.members import hanging
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.messaging import choices
from portal.messaging.sending import outbox
from portal.messaging.sending.outbox import Recipient
from portal.messaging.wordings import blanks
from portal.messaging.wordings import service as wordings
from portal.messaging.wordings.models import Wording
from portal.messaging.wordings.shipped import SHIPPED
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import BirthdayPlan, Greeting

audit.name_acts({"birthday.set": "设置生日祝福", "birthday.greet": "发送生日祝福"})

settings.declare(
    Setting(
        "messaging_leap_march", "2月29日生日的人平年在3月1日祝福", Kind.BOOL, False, "短信",
        hint="不勾选时在 2 月 28 日祝福",
    ),
)  # fmt: skip

FEBRUARY, LEAP_DAY = 2, 29
SHOWN = 50


def birthday_in(year: int, born: date) -> date:
    """Return the day on which somebody born on `born` has her birthday in `year`."""
    if (born.month, born.day) == (FEBRUARY, LEAP_DAY) and not isleap(year):
        return date(year, 3, 1) if settings.value("messaging_leap_march") else date(year, FEBRUARY, 28)
    return date(year, born.month, born.day)


def greeted_by(unit: OrgUnit) -> str:
    """Return the words in which a union greets."""
    plan = of_unit(unit)
    return plan.wording.text if plan and plan.wording else SHIPPED["birthday"].text


# --- setting ----------------------------------------------------------------------------------------------------------


def places(actor: User) -> list[OrgUnit]:
    """Return the unions whose greetings the actor sets."""
    found = access.units(actor, P.MESSAGE_TEMPLATE)
    return [unit for unit in found if unit.approves_members]


def of_unit(unit: OrgUnit) -> BirthdayPlan | None:
    """Return how the union greets; None where nobody has set it."""
    return db.session.scalars(select(BirthdayPlan).where(BirthdayPlan.unit_id == unit.id)).one_or_none()


def offered(actor: User) -> list[wordings.Ready]:
    """Return the wordings that can greet: with no blank that somebody has to type."""
    return [one for one in wordings.ready(actor) if not one.typed and one.ref != "s:check"]


def change(actor: User, unit: OrgUnit, *, is_on: bool, to_retained: bool, wording: str) -> BirthdayPlan:
    """Set how a union greets. Raises DomainError on `wording`."""
    if wording not in {one.ref for one in offered(actor)}:
        raise DomainError("请选择模板；要在发送时填写的模板不能用于生日祝福", field="wording")
    kind, _, word = wording.partition(":")
    plan = of_unit(unit) or BirthdayPlan(unit=unit)
    before = "开" if plan.is_on else "关"
    plan.is_on, plan.to_retained = is_on, to_retained
    plan.wording = db.session.get_one(Wording, int(word)) if kind == wordings.OWN else None
    db.session.add(plan)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "birthday.set", plan, changes={"is_on": (before, "开" if is_on else "关")})
    return plan


def latest(unit: OrgUnit) -> list[Greeting]:
    """Return whom the union has greeted last."""
    query = select(Greeting).join(Greeting.member).join(OrgUnit, OrgUnit.id == Member.unit_id)
    query = query.where(unit.subtree)
    return list(db.session.scalars(query.order_by(Greeting.id.desc()).limit(SHOWN)))


# --- by the clock -----------------------------------------------------------------------------------------------------


def greet() -> int:
    """Greet whoever has her birthday today and was not greeted in this year of it; return how many."""
    plans = db.session.scalars(select(BirthdayPlan).where(BirthdayPlan.is_on).order_by(BirthdayPlan.id)).all()
    return sum(_greet(plan, today()) for plan in plans)


def _greet(plan: BirthdayPlan, day: date) -> int:
    people = [one for one in _born(plan, day) if _union_of(one.unit) == plan.unit_id]
    known = select(Greeting.member_id).where(
        Greeting.year == day.year, Greeting.member_id.in_([one.id for one in people])
    )
    greeted = set(db.session.scalars(known))
    people = [one for one in people if one.id not in greeted]
    if not people:
        return 0
    text, inside = greeted_by(plan.unit), choices.inside_only(one.id for one in people)
    recipients = []
    for member in people:
        said = blanks.of_own(member, text, day)
        gets = bool(member.mobile_index) and member.id not in inside
        db.session.add(Greeting(member_id=member.id, year=day.year, has_number=gets))
        if gets:
            recipients.append(Recipient(member.name, str(member.mobile), said, member.unit_id, member.id))
        elif member.user_id:
            notices.tell([member.user_id], "生日快乐", said)
    if recipients:
        batch = outbox.open_batch(CLOCK, unit=plan.unit, title=f"{show_date(day)}生日祝福")
        outbox.queue(CLOCK, batch, recipients)
    audit.record(CLOCK, "birthday.greet", plan, details={"count": len(people), "messages": len(recipients)})
    return len(people)


def _union_of(unit: OrgUnit) -> int:
    """Return the number of the union that greets a unit's members: the nearest one."""
    return access.approving_unit(unit).id


def _born(plan: BirthdayPlan, day: date) -> list[Member]:
    """Return whoever of the union, still a member, has her birthday on `day`."""
    days = [(day.month, day.day)]
    if birthday_in(day.year, date(2000, FEBRUARY, LEAP_DAY)) == day:
        days.append((FEBRUARY, LEAP_DAY))
    statuses = [MembershipStatus.ACTIVE.value] + ([MembershipStatus.RETAINED.value] if plan.to_retained else [])
    born = or_(*(
        (extract("month", Member.birth_date) == month) & (extract("day", Member.birth_date) == number)
        for month, number in days
    ))  # fmt: skip
    below = select(OrgUnit.id).where(plan.unit.subtree)
    query = select(Member).where(Member.unit_id.in_(below), Member.membership_status.in_(statuses), born)
    return [one for one in db.session.scalars(query.order_by(Member.id)) if _is_today(one, day)]


def _is_today(member: Member, day: date) -> bool:
    return member.birth_date is not None and birthday_in(day.year, member.birth_date) == day


hanging.follows("生日祝福", Greeting, key=("year",))
