"""Verbs of those who judge and answer proposals: who is in the committee, which departments answer, and by whom.

An office gives the right that goes with it to the account of whoever holds it, for as long as it lasts.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, or_, select

from portal.core import audit, notices
from portal.core.actors import CLOCK, Actor
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError
from portal.members import names
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.org import access
from portal.org import service as org
from portal.org.models import OrgUnit, User
from portal.org.permissions import OF_COMMITTEE, OF_DEPARTMENT, Role
from portal.org.permissions import Permission as P

from ..models import NAME_MOST, Congress, Person
from .models import CommitteeMember, CommitteePost, Handler, HandlerPost, HandlingDepartment

audit.name_acts({
    "committee.name": "设置提案委员",
    "committee.end": "结束提案委员",
    "department.add": "设置承办部门",
    "department.close": "停用承办部门",
    "handler.name": "设置承办人员",
    "handler.end": "结束承办人员",
})  # fmt: skip

Office = CommitteeMember | Handler
_HERE = (MembershipStatus.ACTIVE.value, MembershipStatus.RETAINED.value)


# --- who --------------------------------------------------------------------------------------------------------------


def person_called(unit: OrgUnit, text: str) -> Person:
    """Return the person of a union called `text`, or with this 工号: a member, or somebody who takes part already.

    A member's row is made where she has none. Raises DomainError on `person`.
    """
    word = text.strip()
    if not word:
        raise DomainError("请填写姓名或工号", field="person")
    here = (
        select(Member)
        .join(Member.unit)
        .where(unit.subtree, Member.membership_status.in_(_HERE))
        .where(or_(Member.name_plain == names.search_key(word), Member.staff_no == word))
    )
    members = list(db.session.scalars(here.limit(2)))
    others = select(Person).where(
        Person.unit_id == unit.id, Person.member_id.is_(None), or_(Person.name == word, Person.staff_no == word)
    )
    found: list[Member | Person] = [*members, *db.session.scalars(others.limit(2))]
    if not found:
        raise DomainError(f"会员和代表中没有“{word}”，请核对姓名，或改填工号", field="person")
    if len(found) > 1:
        raise DomainError(f"有不止一位叫“{word}”，请改填工号", field="person")
    one = found[0]
    if isinstance(one, Person):
        return one
    person = db.session.scalars(select(Person).where(Person.member_id == one.id)).one_or_none()
    if person is None:
        person = Person(unit=unit, member=one)
        db.session.add(person)
    return person


def held_by(person: Person) -> bool:
    """Whether a person has, or had, an office."""
    kinds: tuple[type[CommitteeMember] | type[Handler], ...] = (CommitteeMember, Handler)
    return any(
        db.session.scalar(select(func.count()).select_from(kind).where(kind.person_id == person.id)) for kind in kinds
    )


# --- the committee ----------------------------------------------------------------------------------------------------


def committee(congress: Congress, day: date | None = None) -> list[CommitteeMember]:
    """Return who is in the committee on `day`, by default today, the head first."""
    query = select(CommitteeMember).where(CommitteeMember.congress_id == congress.id)
    rank = list(CommitteePost)
    return sorted(
        (one for one in db.session.scalars(query) if one.holds_on(day)), key=lambda one: (rank.index(one.post), one.id)
    )


def name_member(actor: User, congress: Congress, *, person: str, post: str) -> CommitteeMember:
    """Put somebody into the committee to the end of the congress. Raises DomainError under the input."""
    if post not in list(CommitteePost):
        raise DomainError("请选择职务", field="post")
    found = person_called(congress.unit, person)
    wanted = CommitteePost(post)  # type: ignore[call-arg]  # by its value alone
    for one in committee(congress, max(today(), congress.starts)):
        if one.person is found:
            raise DomainError(f"{found.called}已是{one.post.label}", field="person")
        if one.post is wanted is CommitteePost.HEAD:
            raise DomainError(f"主任是{one.person.called}，请先结束其任职", field="post")
    item = CommitteeMember(
        unit=congress.unit, congress=congress, person=found, post=wanted, starts=max(today(), congress.starts),
        ends=congress.ends,
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "committee.name", item)
    _settle(actor, item, OF_COMMITTEE)
    return item


def find_member(actor: User, item_id: int) -> CommitteeMember:
    """Return a seat of the committee within the actor's scope. Raises Absent."""
    found: CommitteeMember = access.fetch(CommitteeMember, item_id, actor, P.CONGRESS_MANAGE)
    return found


# --- departments ------------------------------------------------------------------------------------------------------


def departments(actor: User) -> list[HandlingDepartment]:
    """Return the departments that answer proposals, those in use first."""
    query = access.scoped(HandlingDepartment, actor, P.CONGRESS_READ)
    return list(db.session.scalars(query.order_by(HandlingDepartment.is_enabled.desc(), HandlingDepartment.id)))


def find_department(actor: User, item_id: int, permission: P = P.CONGRESS_READ) -> HandlingDepartment:
    """Return a department within the actor's scope, locked if the request writes. Raises Absent."""
    found: HandlingDepartment = access.fetch(HandlingDepartment, item_id, actor, permission)
    return found


def add_department(actor: User, name: str) -> HandlingDepartment:
    """Add a department, or open again one that was closed. Raises DomainError on `name`."""
    word = " ".join(name.split())
    if not 1 < len(word) <= NAME_MOST:
        raise DomainError(f"请填写部门名称，2 至 {NAME_MOST} 个字", field="name")
    unit = access.tops(actor, P.CONGRESS_MANAGE)[0]
    query = select(HandlingDepartment).where(HandlingDepartment.unit_id == unit.id, HandlingDepartment.name == word)
    item = db.session.scalars(query).one_or_none()
    if item is not None and item.is_enabled:
        raise DomainError(f"承办部门“{word}”已经有了", field="name")
    if item is None:
        item = HandlingDepartment(unit=unit, name=word)
        db.session.add(item)
    item.is_enabled = True
    db.session.flush()  # the trace names it by number
    audit.record(actor, "department.add", item)
    return item


def close_department(actor: User, item_id: int) -> HandlingDepartment:
    """Let a department take no more proposals; its people's offices end. Raises Absent, Conflict."""
    item = find_department(actor, item_id, P.CONGRESS_MANAGE)
    if not item.is_enabled:
        raise Conflict("这个部门已经停用，请刷新后查看")
    item.is_enabled = False
    for one in item.people:
        if one.holds_on():
            _end(actor, one)
    audit.record(actor, "department.close", item)
    return item


def people_of(department: HandlingDepartment, day: date | None = None) -> list[Handler]:
    """Return who answers for a department on `day`, by default today: leader, head, clerks."""
    rank = [HandlerPost.LEADER, HandlerPost.HEAD, HandlerPost.CLERK]
    return sorted(
        (one for one in department.people if one.holds_on(day)), key=lambda one: (rank.index(one.post), one.id)
    )


def departments_of(user: User, day: date | None = None) -> list[Handler]:
    """Return the offices that the person behind an account has in departments on `day`, by default today."""
    query = (
        select(Handler)
        .join(Handler.person)
        .outerjoin(Member, Person.member_id == Member.id)
        .where(or_(Member.user_id == user.id, Person.user_id == user.id))
    )
    return [one for one in db.session.scalars(query) if one.holds_on(day)]


def name_handler(actor: User, department_id: int, *, person: str, post: str) -> Handler:
    """Let somebody answer for a department from today. Raises Absent, DomainError under the input."""
    department = find_department(actor, department_id, P.CONGRESS_MANAGE)
    if not department.is_enabled:
        raise Conflict("这个部门已经停用，请刷新后查看")
    if post not in list(HandlerPost):
        raise DomainError("请选择职责", field="post")
    found = person_called(department.unit, person)
    wanted = HandlerPost(post)  # type: ignore[call-arg]  # by its value alone
    for one in people_of(department):
        if one.person is found and one.post is wanted:
            raise DomainError(f"{found.called}已是{one.title}", field="person")
        if one.post is wanted is not HandlerPost.CLERK:
            raise DomainError(f"{wanted.label}是{one.person.called}，请先结束其职责", field="post")
    item = Handler(unit=department.unit, department=department, person=found, post=wanted, starts=today(), ends=None)
    db.session.add(item)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "handler.name", item)
    _settle(actor, item, OF_DEPARTMENT)
    return item


def find_handler(actor: User, item_id: int) -> Handler:
    """Return an office in a department within the actor's scope. Raises Absent."""
    found: Handler = access.fetch(Handler, item_id, actor, P.CONGRESS_MANAGE)
    return found


# --- offices and the rights that go with them -------------------------------------------------------------------------


def end(actor: User, item: Office) -> None:
    """End an office and its right at once. Raises Conflict."""
    if not item.holds_on() and item.starts <= today():
        raise Conflict("这项任职已经结束，请刷新后查看")
    _end(actor, item)


def _end(actor: Actor, item: Office) -> None:
    before = show_date(item.ends) or "无截止日期"
    item.ends = max(item.starts, today())
    act = "committee.end" if isinstance(item, CommitteeMember) else "handler.end"
    audit.record(actor, act, item, changes={"ends": (before, "立即")})
    grant = item.grant
    if grant is not None and not grant.is_over(today()):
        grant.revoked_at = now()
        audit.record(actor, "grant.end", grant, changes={"ends": (show_date(grant.ends) or "无截止日期", "立即")})
    account = item.person.account
    if account is not None:
        notices.tell([account.id], f"您不再担任{item.title}", f"由{actor.label}办理。")


def _settle(actor: Actor, item: Office, role: Role) -> None:
    """Give the right that goes with an office to her account, if she has one; `settle_all` comes back for it."""
    account = item.person.account
    if account is None:
        return
    item.grant = org.give(actor, account, role, item.unit, starts=max(item.starts, today()), ends=item.ends)
    notices.tell([account.id], f"您担任{item.title}", f"由{actor.label}设置。")


def settle_all() -> int:
    """Give the rights of offices whose people have got an account since; return how many."""
    waiting: list[tuple[Office, Role]] = [
        (item, OF_COMMITTEE)
        for item in db.session.scalars(select(CommitteeMember).where(CommitteeMember.grant_id.is_(None)))
    ]
    waiting += [(item, OF_DEPARTMENT) for item in db.session.scalars(select(Handler).where(Handler.grant_id.is_(None)))]
    found = [(item, role) for item, role in waiting if item.holds_on() and item.person.account is not None]
    for item, role in found:
        _settle(CLOCK, item, role)
    return len(found)
