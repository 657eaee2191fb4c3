"""What of an export takes a second person, who she may be, and what an operator may ask for at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.core.errors import DomainError
from portal.core.fields import Field, Seen
from portal.members import sight
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import reading
from .models import Secrets

CONFIRMS = P.MEMBER_REVEAL  # who may see the full numbers there may also answer for them
NUMBERS, SALARY, FAMILY = "完整的证件号码", "工资", "跨分工会的婚育与家庭信息"
NOT_FULL = "您没有导出完整证件号码、工资的权限，请选择只写尾号，或请校工会操作员导出"


def offered(actor: User) -> list[Secrets]:
    """Return how the actor may have numbers written."""
    return list(Secrets) if actor.holds(CONFIRMS) else [Secrets.MASKED, Secrets.CONTACT]


def needs(
    actor: User, fields: Sequence[Field], secrets: Secrets, ids: Sequence[int], day: date, *, asks_family: bool = False
) -> list[str]:
    """Return the words for what of such an export takes a second person; none where it takes nobody.

    Full numbers of documents, the salary, and family detail of anybody who is not in a branch of the actor's own
    (design 8); a question about the family (`asks_family`) tells that by the names alone. Raises DomainError on
    `secrets` where the actor may not have them at all.
    """
    if secrets not in offered(actor):
        raise DomainError(NOT_FULL, field="secrets")
    found = []
    if secrets is Secrets.FULL:
        if any(sight.is_secret(one) and one.column_name != sight.SALARY for one in fields):
            found.append(NUMBERS)
        if any(one.column_name == sight.SALARY for one in fields):
            found.append(SALARY)
    tells = asks_family or any(one.seen is Seen.FAMILY for one in fields)
    if tells and reading.outside_branches(actor, ids, day):
        found.append(FAMILY)
    return found


def home_of(actor: User) -> OrgUnit:
    """Return the smallest unit that covers all that the actor reads: whoever confirms works there or above."""
    tops = access.tops(actor, P.MEMBER_READ)
    return next(unit for unit in access.upward(tops[0]) if all(unit.covers(one) for one in tops))


def confirmers(unit: OrgUnit, *, but: User) -> list[int]:
    """Return the numbers of those who may confirm at `unit`, without `but` who asks."""
    return [number for number in access.people_with(CONFIRMS, unit) if number != but.id]


def watchers(unit: OrgUnit, *, but: User) -> list[int]:
    """Return who hears at once of an export that nobody confirms: the chair, and who else reads the trace there."""
    heard = {*access.people_with(P.DELEGATE, unit), *access.people_with(P.AUDIT_READ, unit)}
    return sorted(heard - {but.id}) or sorted(heard)


def is_alone(actor: User) -> bool:
    """Whether there is nobody besides the actor who could confirm what she exports."""
    return not confirmers(home_of(actor), but=actor)
