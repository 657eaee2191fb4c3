"""The list of accounts: those with an office, now or once, within the actor's scope; paged by key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from portal.core.audit import AuditEvent
from portal.core.calendar import today
from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.core.paging import Page, keyed
from portal.org import access
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import Permission, Role

from . import reach, service

PER_PAGE = 50
LONGEST_TEXT = 100  # characters of a search; nothing is longer, and SQLite refuses a huge pattern
FEW = 20  # units to choose from


class State(LabelEnum):
    """Which accounts the list is cut to."""

    ON = "on", "启用"
    OFF = "off", "停用"
    LOCKED = "locked", "已锁定"
    NEVER = "never", "从未登录"


class Sort(LabelEnum):
    """The orders of the list."""

    USERNAME = "username", "用户名"
    NEWEST = "newest", "新增时间（近的在前）"


@dataclass(frozen=True)
class Filters:
    """What the list is cut to.

    `q` is a part of a name, user name or unit's name, or a unit's code; `role` and `state` are values; `unit` is the
    code of a unit, for all below it.
    """

    q: str = ""
    role: str = ""
    unit: str = ""
    state: str = ""


@dataclass(frozen=True)
class Row:
    """One line: the account with its offices within the scope, and when it last signed in."""

    user: User
    grants: list[Grant]
    seen: datetime | None
    is_locked: bool


def page(
    actor: User,
    filters: Filters,
    *,
    sort: Sort = Sort.USERNAME,
    after: int | None = None,
    before: int | None = None,
    per_page: int = PER_PAGE,
) -> Page[Row]:
    """Return the page behind the account `after`, or in front of `before`; else the first."""
    query = _found(actor, filters)
    total = db.session.scalar(query.with_only_columns(func.count(User.id))) or 0
    keys: tuple[Any, ...] = (User.username, User.id) if sort is Sort.USERNAME else (User.id,)
    forward = before is None
    mark = after if forward else before
    own = _found(actor, Filters()).with_only_columns(*keys)
    place = db.session.execute(own.where(User.id == mark)).one_or_none() if mark is not None else None
    found = keyed(
        query, keys, place, total=total, forward=forward, per_page=per_page, descending=sort is Sort.NEWEST
    )  # fmt: skip
    return replace(found, rows=_rows(actor, found.rows))


def shown_grants(actor: User, user: User) -> list[Grant]:
    """Return those of the user's grants that lie within the actor's scope, the present ones first."""
    grants = [grant for grant in user.grants if actor.may(Permission.ACCOUNT_READ, grant.unit)]
    return sorted(grants, key=lambda grant: (grant.is_over(today()), grant.id))


def _rows(actor: User, users: list[User]) -> list[Row]:
    numbers = [user.id for user in users]
    seen, locked = service.last_seen(numbers), service.locked(numbers)
    return [
        Row(
            user,
            [grant for grant in shown_grants(actor, user) if not grant.is_over(today())],
            seen.get(user.id),
            user.id in locked,
        )
        for user in users
    ]


def _found(actor: User, filters: Filters) -> Select[Any]:
    """Return the query of the accounts that `filters` admit."""
    if max(len(filters.q), len(filters.unit)) > LONGEST_TEXT:
        return select(User).where(false())
    office = [access.in_scope(Grant, actor, Permission.ACCOUNT_READ)]
    if filters.role:
        office += [
            Grant.lender_id.is_(None),
            Grant.role == filters.role if filters.role in list(Role) else false(),
            _not_over(),
        ]
    if filters.unit:
        top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == filters.unit)).one_or_none()
        below = false() if top is None else top.subtree
        office.append(Grant.unit_id.in_(select(OrgUnit.id).where(below)))
    query = select(User).where(User.id.in_(select(Grant.user_id).where(*office)))
    if filters.q:
        query = query.where(_matches(actor, filters.q))
    if filters.state:
        query = query.where(_is(filters.state))
    return query


def _not_over() -> ColumnElement[bool]:
    return and_(Grant.revoked_at.is_(None), or_(Grant.ends.is_(None), Grant.ends >= today()))


def _matches(actor: User, text: str) -> ColumnElement[bool]:
    units = access.scoped(OrgUnit, actor, Permission.ACCOUNT_READ, OrgUnit.id).where(
        or_(OrgUnit.name.contains(text, autoescape=True), OrgUnit.code == text.upper())
    )
    return or_(
        User.name.contains(text, autoescape=True),
        User.username.icontains(text, autoescape=True),
        User.id.in_(select(Grant.user_id).where(Grant.unit_id.in_(units))),
    )


def _is(state: str) -> ColumnElement[bool]:
    signed_in = select(AuditEvent.id).where(AuditEvent.actor_id == User.id, AuditEvent.action == "session.open")
    states: dict[str, ColumnElement[bool]] = {
        State.ON: User.is_enabled.is_(True),
        State.OFF: ~User.is_enabled,
        State.LOCKED: service.is_locked(),
        State.NEVER: ~signed_in.exists(),
    }
    return states.get(state, false())


def without_office(actor: User, username: str) -> User | None:
    """Return the account of exactly this user name where the actor may see it though it never had an office."""
    user = service.of_username(username) if username else None
    return user if user is not None and not user.grants and reach.sees(actor, user) else None


# --- units to appoint at ----------------------------------------------------------------------------------------------


def places(actor: User, role: Role, text: str) -> list[OrgUnit]:
    """Return the units that `text` may mean as a place for `role`, at most FEW + 1: by code, by name, by a part of it.

    Only within the actor's scope. There may be 15,000, so nobody chooses from a list of all.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        return []
    scope = access.scoped(OrgUnit, actor, Permission.ACCOUNT_MANAGE).where(OrgUnit.is_enabled)
    for exact in (OrgUnit.code == text.upper(), OrgUnit.name == text):
        if found := list(db.session.scalars(scope.where(exact).limit(FEW + 1))):
            return found
    part = scope.where(OrgUnit.name.contains(text, autoescape=True), reach.kinds_for(role))
    return list(db.session.scalars(part.order_by(OrgUnit.code).limit(FEW + 1)))


def usual_place(actor: User, role: Role) -> OrgUnit | None:
    """Return the unit at which the actor may give `role`, where there is but one."""
    scope = access.scoped(OrgUnit, actor, Permission.ACCOUNT_MANAGE).where(OrgUnit.is_enabled, reach.kinds_for(role))
    found = [unit for unit in db.session.scalars(scope.limit(3)) if reach.may_appoint(actor, role, unit)]
    return found[0] if len(found) == 1 else None
