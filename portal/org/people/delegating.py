"""A chair's named decisions in other hands, from a day to a day; whoever takes them signs 「某某代某某」.

A delegation is a lent grant: every question of who may what finds it where it finds all others. It ends with its last
day, when the chair ends it, and when she has the right no more herself.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import select

from portal.core import audit, notices
from portal.core import db as database
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import DELEGABLE, Permission

from . import reach, service

audit.name_acts({"grant.lend": "委托办理", "grant.take_back": "收回委托"})

LONGEST = timedelta(days=366)
NOBODY = "没有这个用户名，或其在您的工会没有职责，请核对；还没有职责的，请先由校工会操作员设置"


def own(actor: User) -> list[Grant]:
    """Return what the actor has lent, the newest first."""
    query = select(Grant).where(Grant.lender_id == actor.id).order_by(Grant.id.desc())
    return list(db.session.scalars(query))


def units(actor: User) -> list[OrgUnit]:
    """Return the units whose decisions the actor may lend: those of her own offices as chair."""
    return [grant.unit for grant in actor.giving(Permission.DELEGATE) if grant.lender_id is None]


def find(actor: User, grant_id: int) -> Grant:
    """Return one of the actor's own delegations, locked if the request writes. Raises Absent."""
    query = select(Grant).where(Grant.id == grant_id, Grant.lender_id == actor.id)
    if database.is_writing():
        query = query.with_for_update(of=Grant)
    grant = db.session.scalars(query).one_or_none()
    if grant is None:
        raise Absent
    return grant


def lend(
    actor: User, unit_id: int, username: str, decisions: Collection[str], *, starts: date, ends: date, reason: str = ""
) -> Grant:
    """Lend `decisions`, values of DELEGABLE, of the unit to somebody with an office there, `starts` through `ends`.

    Raises DomainError under the input that is wrong: a unit that is not hers, nobody of this name within it, herself,
    the technical administrator, no decision, a term that makes no sense; Conflict if the same is lent for such a day.
    """
    unit = next((unit for unit in units(actor) if unit.id == unit_id), None)
    if unit is None:
        raise DomainError("请选择您担任主席的单位", field="unit")
    chosen = [permission for permission in DELEGABLE if permission.value in decisions]
    if not chosen or not all(actor.lends(permission, unit) for permission in chosen):
        raise DomainError("请勾选要委托的事项", field="decisions")
    user = service.of_username(service.tidy_username(username))
    if user is None or not user.is_enabled or not _works_in(unit, user):
        raise DomainError(NOBODY, field="username")
    if user.id == actor.id:
        raise DomainError("不能委托给自己", field="username")
    if user.holds(Permission.SYSTEM):
        raise DomainError("超级管理员只管系统，不办理会籍审批，请委托给其他人", field="username")
    if starts < today():
        raise DomainError("委托不能从过去开始，请改为今天以后的日期", field="starts")
    if not starts <= ends <= starts + LONGEST:
        raise DomainError("截止日期应在起始日期之后一年以内", field="ends")
    db.session.get_one(User, user.id, with_for_update=True)  # of two who lend her the same, one finds the other's
    for grant in own(actor):
        if (
            (grant.user_id, grant.unit_id) == (user.id, unit.id)
            and not grant.is_over(starts)
            and grant.starts <= ends
            and set(grant.decisions or ()) & set(chosen)
        ):
            raise Conflict(f"这些日子里已经委托给{user.name}，请先收回原来的委托")
    role = next(grant.role for grant in actor.giving(Permission.DELEGATE) if grant.unit_id == unit.id)
    grant = Grant(
        user=user, role=role, unit=unit, starts=starts, ends=ends, lender=actor,
        decisions=[permission.value for permission in chosen],
    )  # fmt: skip
    db.session.add(grant)
    audit.record(
        actor, "grant.lend", grant, reason=reason.strip(), details={"user": user.username, "decisions": grant.decisions}
    )
    term = f"{show_date(starts)}至{show_date(ends)}"
    words = f"{term}，由您代为办理：{words_of(grant)}。办理记录会写明{user.name}代{actor.name}。"
    notices.tell([user.id], f"{actor.name}委托您办理{unit.name}的事项", words)
    return grant


def _works_in(unit: OrgUnit, user: User) -> bool:
    return any(unit.covers(grant.unit) for grant in reach.offices(user) if grant.holds_on(today()))


def words_of(grant: Grant) -> str:
    """Return what is lent, as the page says it."""
    return "、".join(DELEGABLE[Permission(decision)].label for decision in grant.decisions or ())


def take_back(actor: User, grant: Grant) -> None:
    """End a delegation now. Raises Conflict if it is over."""
    if grant.is_over(today()):
        raise Conflict("这项委托已经结束，请刷新后查看")
    grant.revoked_at = now()
    audit.record(actor, "grant.take_back", grant)
    notices.tell([grant.user_id], f"{actor.name}已收回对您的委托", f"{grant.unit.name}：{words_of(grant)}。")
