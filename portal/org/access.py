"""The access rule: a role at a unit covers its subtree. Queries start with `scoped`, single reads with `fetch`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, false, inspect, or_, select, true

from portal.core import db as database
from portal.core.db import db
from portal.core.errors import Absent

from .models import Grant, InUnit, OrgUnit, UnitKind, User
from .permissions import ROLE_PERMISSIONS, Permission


def _roots(actor: User, permission: Permission) -> list[OrgUnit]:
    return [grant.unit for grant in actor.giving(permission)]


def tops(actor: User, permission: Permission) -> list[OrgUnit]:
    """Return the units of the grants that give `actor` the `permission`, by code; none that lies below another."""
    roots = {root.id: root for root in _roots(actor, permission)}
    highest = [one for one in roots.values() if not any(top is not one and top.covers(one) for top in roots.values())]
    return sorted(highest, key=lambda unit: unit.code)


def _below(roots: list[OrgUnit]) -> ColumnElement[bool]:
    if not roots:
        return false()
    if any(root.parent_id is None for root in roots):
        return true()  # the whole house: no predicate is the fastest one
    return or_(*(root.subtree for root in roots))


def in_scope(model: type[Any], actor: User, permission: Permission) -> ColumnElement[bool]:
    """Return the condition that `scoped` cuts to, for an aggregate that must count only what is within."""
    covered = _below(_roots(actor, permission))
    if model is OrgUnit or covered.compare(true()) or covered.compare(false()):
        return covered
    within = select(OrgUnit.id).where(covered)
    # an event of the trace, a grant and a post carry a unit without being rows of it
    places = model.places() if issubclass(model, InUnit) else (model.unit_id,)
    return or_(*(place.in_(within) for place in places))


def scoped(model: type[Any], actor: User, permission: Permission, *columns: Any) -> Select[Any]:
    """Return a SELECT of `model`, or only `columns` of it, cut to where a live grant gives `actor` the `permission`.

    Someone without such a grant gets no rows. `model` is OrgUnit, extends InUnit, or has a `unit_id`.
    """
    query = select(*columns) if columns else select(model)
    return query.where(in_scope(model, actor, permission))


def fetch(model: type[Any], item_id: int, actor: User, permission: Permission) -> Any:
    """Return the row `item_id`, locked if the request writes. Raises Absent for no row and for no right alike."""
    return _only(model, scoped(model, actor, permission).where(model.id == item_id))


def own(model: type[Any], item_id: int, actor: User) -> Any:
    """Return the row `item_id` whose owner the actor is, locked if the request writes. Raises Absent.

    `model` has an `owner_id`.
    """
    return _only(model, select(model).where(model.id == item_id, model.owner_id == actor.id))


def _only(model: type[Any], query: Select[Any]) -> Any:
    if database.is_writing():
        query = locking(model, query)
    item = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if item is None:
        raise Absent
    return item


def locking(model: type[Any], query: Select[Any]) -> Select[Any]:
    """Lock the people whom the rows of `query` are about; return it so that it locks the rows, and reads them anew.

    The order of locks is one everywhere: the member, then the items about her, then counters, then the trace's head.
    Whoever decides on an item has the member in hand first, as has whoever writes her record and lets her items follow
    (`turning`, `endings`): so two who act on her wait for one another and never each for the other. Of several, the
    members go by number, and so should the rows: give `query` its order. `model` may be about nobody.
    """
    about = getattr(model, "member_id", None)
    if about is not None:
        [key] = inspect(model).columns["member_id"].foreign_keys
        hers = query.order_by(None).with_only_columns(about)
        people = select(key.column).where(key.column.in_(hers)).order_by(key.column)
        db.session.execute(people.with_for_update())
    return query.with_for_update(of=model).execution_options(populate_existing=True)


def units(actor: User, permission: Permission) -> list[OrgUnit]:
    """Return the units where `actor` has `permission`, in the order of the tree."""
    return list(db.session.scalars(scoped(OrgUnit, actor, permission).order_by(OrgUnit.path)))


def upward(unit: OrgUnit) -> list[OrgUnit]:
    """Return the unit and everything above it, nearest first."""
    chain: list[OrgUnit] = []
    here: OrgUnit | None = unit
    while here is not None:
        chain.append(here)
        here = here.parent
    return chain


def approving_unit(unit: OrgUnit) -> OrgUnit:
    """Return the nearest unit at or above that approves members (《工会会员会籍管理办法》: the 基层工会)."""
    while not unit.approves_members and unit.parent is not None:
        unit = unit.parent
    return unit


def in_city(unit: OrgUnit) -> bool:
    """Whether the unit belongs to a city's tree: then its union has the one join code, and knows the province."""
    return upward(unit)[-1].kind is UnitKind.CITY


def opinion_needed(unit: OrgUnit) -> bool:
    """Whether a branch's opinion comes before the approval; inherited down the tree, yes unless said otherwise."""
    return next((above.needs_opinion for above in upward(unit) if above.needs_opinion is not None), True)


def people_with(permission: Permission, unit: OrgUnit, *, at_unit_only: bool = False) -> list[int]:
    """Return the numbers of the enabled users with a live grant of `permission` covering `unit`.

    `at_unit_only` leaves out those whose grant lies above the unit (the union's people for a branch's matter).
    """
    roles = [role for role, permissions in ROLE_PERMISSIONS.items() if permission in permissions]
    places = [unit.id] if at_unit_only else [above.id for above in upward(unit)]
    holders = select(Grant.user_id).where(Grant.role.in_(roles), Grant.unit_id.in_(places))
    users = db.session.scalars(select(User).where(User.id.in_(holders), User.is_enabled).order_by(User.id))
    return [user.id for user in users if any(grant.unit_id in places for grant in user.giving(permission))]


def people_at(unit: OrgUnit, permission: Permission) -> list[int]:
    """Return who acts for the unit: its own people, else those above."""
    return people_with(permission, unit, at_unit_only=True) or people_with(permission, unit)


def common_unit(one: OrgUnit, other: OrgUnit) -> OrgUnit:
    """Return the nearest unit at or above both."""
    return next(unit for unit in upward(one) if unit.covers(other))


def deciding_unit(one: OrgUnit, other: OrgUnit) -> OrgUnit:
    """Return who decides on what passes from one unit to the other: their union, or the nearest unit above both."""
    union = approving_unit(one)
    return union if union is approving_unit(other) else common_unit(one, other)
