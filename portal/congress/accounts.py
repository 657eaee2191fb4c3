"""Accounts of those who take part and are no members: opened face to face, with a one-time password on a slip."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.calendar import now
from portal.core.db import db, release, writes
from portal.core.errors import Conflict, DomainError
from portal.org import service as org
from portal.org.models import User
from portal.org.people import reach
from portal.org.people import service as people
from portal.org.people.service import Slip
from portal.org.permissions import Permission as P

from . import seats
from .models import Delegate, Person


def may_open(item: Delegate) -> bool:
    """Whether somebody who is no member has no account yet."""
    person = item.person
    return person.member_id is None and person.user_id is None and item.vacated is None


def open_for(actor: User, delegate_id: int) -> Slip:
    """Open an account named by her 工号 for a delegate who is no member, and return its slip.

    A member opens hers by 首次登录. Hashes with no transaction open. Raises Absent, Conflict, DomainError.
    """
    actor_id = actor.id
    _check(actor, delegate_id)
    release()
    secret = people.draw()
    writes()
    actor = db.session.get_one(User, actor_id)
    person = _check(actor, delegate_id)
    username = people.tidy_username(str(person.staff_no))
    person.user = org.open_account(actor, username=username, name=person.called, password_hash=secret.password_hash)
    return Slip(person.called, username, secret.password, actor.label, now())


def _check(actor: User, delegate_id: int) -> Person:
    item = seats.find(actor, delegate_id, P.CONGRESS_MANAGE)
    if item.person.member_id is not None:
        raise DomainError("会员请本人点“首次登录或忘记密码”开通账号")
    if not may_open(item):
        raise Conflict("账号已经开通，请刷新后查看")
    return item.person


def looks_after(actor: User, user: User) -> bool | None:
    """Whether the actor keeps the congress in which somebody who is no member takes part; None for anybody else."""
    person = db.session.scalars(select(Person).where(Person.user_id == user.id)).one_or_none()
    return None if person is None else actor.may(P.CONGRESS_MANAGE, person.unit)


reach.also_ask(looks_after)
