"""How far somebody who writes many members reaches: whom she may know of, and which of their fields she may set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from portal.core.db import db
from portal.core.fields import NEVER, Right
from portal.members import many
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.enums import MembershipStatus
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P


class Held(Protocol):
    """What a right asks of a member, as it stands in her row."""

    @property
    def unit_id(self) -> int:
        """Where she is."""

    @property
    def user_id(self) -> int | None:
        """Her account."""

    @property
    def status(self) -> str:
        """Whether she still is one."""


@dataclass(frozen=True, slots=True)
class _Person:
    """A member as rights ask for one."""

    id: int
    user_id: int | None
    membership_status: str
    unit_id: int
    unit: OrgUnit


class Reach:
    """What the actor may do within the unit `under` (None: everywhere), asked once for each unit.

    Every right at a unit follows from which of her live grants cover it (`User.may`), so that units under the same
    grants need not be asked one by one.
    """

    def __init__(self, actor: User, under: OrgUnit | None = None) -> None:
        self._actor = actor
        self._under = under
        self._units: dict[int, OrgUnit] = {}
        self._seen: dict[int, bool] = {}
        self._reads: dict[tuple[int, ...], bool] = {}
        self._grants = [(grant.id, grant.unit) for grant in actor.live_grants]
        self._covering: dict[int, tuple[int, ...]] = {}
        self._rights: dict[tuple[tuple[int, ...], str, bool], dict[str, Right]] = {}

    def meet(self, unit_ids: Iterable[int]) -> None:
        """Read the units with these numbers, all at once."""
        for chunk in many.in_chunks(sorted(set(unit_ids) - self._units.keys())):
            found = db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(chunk)))
            self._units |= {unit.id: unit for unit in found}

    def unit(self, unit_id: int) -> OrgUnit:
        """Return the unit with this number."""
        if unit_id not in self._units:
            self._units[unit_id] = db.session.get_one(OrgUnit, unit_id)
        return self._units[unit_id]

    def may_see(self, unit_id: int) -> bool:
        """Whether she may know of the members of the unit."""
        if unit_id not in self._seen:
            unit, grants = self.unit(unit_id), self._grants_over(unit_id)
            if grants not in self._reads:
                self._reads[grants] = self._actor.may(P.MEMBER_READ, unit)
            self._seen[unit_id] = self._is_within(unit) and self._reads[grants]
        return self._seen[unit_id]

    def may_see_application(self, unit_id: int) -> bool:
        """Whether she may know of the applications to the unit."""
        return self._is_within(self.unit(unit_id)) and self._actor.may(P.JOINING_READ, self.unit(unit_id))

    def rights_of(self, held: Held) -> dict[str, Right]:
        """Return by field what she may do to the record of this member."""
        return self._rights_at(held.unit_id, held.status, held.user_id)

    def rights_at(self, unit_id: int) -> dict[str, Right]:
        """Return by field what she may do to the record of an active member of the unit."""
        return self._rights_at(unit_id, MembershipStatus.ACTIVE.value, None)

    def _is_within(self, unit: OrgUnit) -> bool:
        return self._under is None or self._under.covers(unit)

    def _grants_over(self, unit_id: int) -> tuple[int, ...]:
        if unit_id not in self._covering:
            unit = self.unit(unit_id)
            self._covering[unit_id] = tuple(number for number, place in self._grants if place.covers(unit))
        return self._covering[unit_id]

    def _rights_at(self, unit_id: int, status: str, user_id: int | None) -> dict[str, Right]:
        key = (self._grants_over(unit_id), status, user_id is not None and user_id == self._actor.id)
        if key not in self._rights:
            person = _Person(0, user_id, status, unit_id, self.unit(unit_id))
            fields = {name: field for name, field in FIELD.items() if name != "join_date"}
            rights = {name: members.right_to(self._actor, person, field) for name, field in fields.items()}
            self._rights[key] = rights | {"join_date": NEVER}  # with it go lines of the membership: one by one only
        return self._rights[key]
