"""Who may appoint whom, and whose account is looked after by whom.

One sees the accounts that have, or had, an office within one's own subtree. One looks after those whose offices one
could give oneself: whoever resets a password may sign in with it, so nobody may do it to someone above or beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import ColumnElement, or_

from portal.core import db as database
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden
from portal.org import access
from portal.org.models import LEVELS, Grant, OrgUnit, UnitKind, User
from portal.org.permissions import HELD_AT, MAY_APPOINT, HeldAt, Permission, Reach, Role

NOT_YOURS = "该账号不由您管理：是您本人的账号，或其职务需由上级办理"
BRANCHES = frozenset({UnitKind.BRANCH, UnitKind.GROUP})

# whether an actor looks after the person behind an account, as a floor above knows; None where nobody stands behind it
Question = Callable[[User, User], bool | None]
_questions: list[Question] = []


def also_ask(question: Question) -> None:
    """Let a floor above tell who stands behind an account."""
    _questions.append(question)


def _knows(actor: User, user: User) -> bool | None:
    answers = [answer for question in _questions if (answer := question(actor, user)) is not None]
    return any(answers) if answers else None


# --- appointing -------------------------------------------------------------------------------------------------------


def offices(user: User) -> list[Grant]:
    """Return the grants of a user that hold or will, but for what is lent."""
    return [grant for grant in user.grants if grant.lender_id is None and not grant.is_over(today())]


def _appointing(actor: User) -> list[Grant]:
    return [grant for grant in actor.giving(Permission.ACCOUNT_MANAGE) if grant.lender_id is None]


def roles_of(actor: User, roles: Iterable[Role]) -> list[Role]:
    """Return those of `roles` that the actor may give somewhere."""
    given = {role for grant in _appointing(actor) for role in MAY_APPOINT.get(grant.role, {})}
    return [role for role in roles if role in given]


def may_appoint(actor: User, role: Role, unit: OrgUnit) -> bool:
    """Whether the actor may give `role` at `unit`: by one grant that covers the unit and has the role below it."""
    for grant in _appointing(actor):
        reach = MAY_APPOINT.get(grant.role, {}).get(role)
        if reach and grant.unit.covers(unit) and (reach is Reach.WITHIN or grant.unit_id != unit.id):
            return True
    return False


def kinds_for(role: Role) -> ColumnElement[bool]:
    """Return the condition that a unit is of a kind at which `role` is held."""
    conditions: dict[HeldAt, ColumnElement[bool]] = {
        HeldAt.HOUSE: OrgUnit.parent_id.is_(None),
        HeldAt.LEVEL: OrgUnit.kind.in_(LEVELS),
        HeldAt.UNION: or_(OrgUnit.approves_members, OrgUnit.parent_id.is_(None)),
        HeldAt.BRANCH: OrgUnit.kind.in_(BRANCHES),
    }
    return conditions[HELD_AT[role]]


def fits(role: Role, unit: OrgUnit) -> bool:
    """Whether `role` is held at units like this one: the same as `kinds_for` says of a row."""
    is_root = unit.parent_id is None
    answers = {
        HeldAt.HOUSE: is_root,
        HeldAt.LEVEL: unit.kind in LEVELS,
        HeldAt.UNION: unit.approves_members or is_root,
        HeldAt.BRANCH: unit.kind in BRANCHES,
    }
    return answers[HELD_AT[role]]


def check_office(actor: User, role: Role, unit: OrgUnit) -> None:
    """Raise DomainError, under the input that is wrong, unless the actor may give `role` at `unit` now."""
    if not roles_of(actor, [role]):
        raise DomainError(f"您不能设置{role.label}，请由上级或超级管理员办理", field="role")
    if not may_appoint(actor, role, unit):
        raise DomainError(f"{unit.name}不在您可以设置{role.label}的范围内，请改选下级单位", field="unit")
    if not fits(role, unit):
        raise DomainError(f"{unit.name}（{unit.kind.label}）不设{role.label}，请改选单位或角色", field="unit")
    if not unit.is_enabled:
        raise DomainError(f"{unit.name}已停用，不能再设置{role.label}", field="unit")


# --- accounts ---------------------------------------------------------------------------------------------------------


def is_technical(actor: User) -> bool:
    """Whether the actor looks after every account of the house."""
    return any(grant.unit.parent_id is None for grant in actor.giving(Permission.SYSTEM))


def find(actor: User, user_id: int) -> User:
    """Return an account that the actor may see, locked if the request writes. Raises Absent.

    Besides the accounts with an office in the actor's subtree these are those of people whom she looks after otherwise.
    """
    user = db.session.get(User, user_id, with_for_update={"of": User} if database.is_writing() else None)
    if user is None or not sees(actor, user):
        raise Absent
    return user


def find_grant(actor: User, grant_id: int) -> Grant:
    """Return a grant within the actor's scope, its user locked if the request writes. Raises Absent, also for lent."""
    grant: Grant = access.fetch(Grant, grant_id, actor, Permission.ACCOUNT_READ)
    if grant.lender_id is not None:
        raise Absent
    find(actor, grant.user_id)
    return grant


def sees(actor: User, user: User) -> bool:
    """Whether the actor may know of an account."""
    if is_technical(actor) or any(actor.may(Permission.ACCOUNT_READ, grant.unit) for grant in user.grants):
        return True
    return actor.holds(Permission.ACCOUNT_MANAGE) and _knows(actor, user) is True


def may_look_after(actor: User, user: User) -> bool:
    """Whether the actor may reset the password of an account, unlock, disable and enable it, or give it an office.

    Never her own. Someone with an office: if the actor could give all her offices. Someone without: if the actor looks
    after the person behind it, or nobody stands behind it and the actor could have given what it had.
    """
    if user.id == actor.id or not actor.holds(Permission.ACCOUNT_MANAGE):
        return False
    if is_technical(actor):
        return True
    held = offices(user)
    if held:
        return all(may_appoint(actor, grant.role, grant.unit) for grant in held)
    known = _knows(actor, user)
    if known is None:
        past = [grant for grant in user.grants if grant.lender_id is None]
        return bool(past) and all(may_appoint(actor, grant.role, grant.unit) for grant in past)
    return known


def may_be_given(actor: User, user: User) -> bool:
    """Whether the actor may give an account one more office: it is in her hands, or works within her scope already."""
    if user.id == actor.id or not user.is_enabled:
        return False
    return may_look_after(actor, user) or any(actor.may(Permission.ACCOUNT_MANAGE, one.unit) for one in offices(user))


def check_given(actor: User, user: User) -> None:
    """Raise Forbidden unless the actor may give the account one more office."""
    if not may_be_given(actor, user):
        raise Forbidden(NOT_YOURS)


def check_look_after(actor: User, user: User) -> None:
    """Raise Forbidden unless the actor looks after the account."""
    if not may_look_after(actor, user):
        raise Forbidden(NOT_YOURS)
