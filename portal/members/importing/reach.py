"""How far the actor of an import reaches: which members she may know of, and which of their fields she may set."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.db import db
from portal.core.fields import NEVER, Right
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.enums import MembershipStatus
from portal.members.importing.facts import Held
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P


@dataclass(frozen=True, slots=True)
class _Person:
    """A member as rights ask for one."""

    id: int
    user_id: int | None
    membership_status: str
    unit_id: int
    unit: OrgUnit


class Reach:
    """What the actor may do within the unit `under` to which the file is brought; asked once for each unit."""

    def __init__(self, actor: User, under: OrgUnit) -> None:
        self._actor = actor
        self._under = under
        self._units: dict[int, OrgUnit] = {}
        self._seen: dict[int, bool] = {}
        self._rights: dict[tuple[int, str, bool], dict[str, Right]] = {}

    def unit(self, unit_id: int) -> OrgUnit:
        """Return the unit with this number."""
        if unit_id not in self._units:
            self._units[unit_id] = db.session.get_one(OrgUnit, unit_id)
        return self._units[unit_id]

    def may_see(self, unit_id: int) -> bool:
        """Whether she may know of the members of the unit."""
        if unit_id not in self._seen:
            unit = self.unit(unit_id)
            self._seen[unit_id] = self._under.covers(unit) and self._actor.may(P.MEMBER_READ, unit)
        return self._seen[unit_id]

    def may_see_application(self, unit_id: int) -> bool:
        """Whether she may know of the applications to the unit."""
        return self._under.covers(self.unit(unit_id)) and self._actor.may(P.JOINING_READ, self.unit(unit_id))

    def rights_of(self, held: Held) -> dict[str, Right]:
        """Return by field what she may do to the record of this member."""
        key = (held.unit_id, held.status, held.user_id is not None and held.user_id == self._actor.id)
        if key not in self._rights:
            person = _Person(held.id, held.user_id, held.status, held.unit_id, self.unit(held.unit_id))
            rights = {name: members.right_to(self._actor, person, field) for name, field in FIELD.items()}
            self._rights[key] = rights | {"join_date": NEVER}  # with it go lines of the membership: one by one only
        return self._rights[key]

    def rights_at(self, unit_id: int) -> dict[str, Right]:
        """Return by field what she may do to the record of an active member of the unit."""
        return self.rights_of(Held(0, unit_id, None, MembershipStatus.ACTIVE.value, "", None, None, None))
