"""Which fields can be set for many members at once, and by whom."""

from __future__ import annotations

from portal.core.fields import NOW, Field, Seen
from portal.core.kinds import Kind
from portal.members.catalogue import FIELDS, REQUIRED_FULL
from portal.members.models import SEALED
from portal.members.reach import Reach
from portal.org.models import User

# what says the same of many people; numbers, names, branch and status have their own ways, and so has what a document
# tells or an import brings once
_KINDS = frozenset(
    {
        Kind.TEXT, Kind.LONG_TEXT, Kind.PLACE, Kind.CHOICE, Kind.MULTI_CHOICE, Kind.BOOL, Kind.DATE, Kind.MONTH,
        Kind.INTEGER,
    }
)  # fmt: skip
_OF_ONE = frozenset({"sex", "birth_date", "id_type", "join_date"})
FOR_MANY: tuple[Field, ...] = tuple(
    field
    for field in FIELDS
    if field.kind in _KINDS
    and field.name not in _OF_ONE
    and field.column_name not in SEALED
    and field.seen in (Seen.OPEN, Seen.FAMILY)
    and NOW in (field.edits.branch, field.edits.union)
)


def offered(actor: User) -> tuple[Field, ...]:
    """Return the fields that the actor may set for many: those that he may set at once somewhere."""
    reach = Reach(actor)
    rights = [reach.rights_at(grant.unit.id) for grant in actor.live_grants]
    return tuple(field for field in FOR_MANY if any(of_unit.get(field.name) is NOW for of_unit in rights))


def can_be_emptied(field: Field) -> bool:
    """Whether a member may be without the field."""
    return field.name not in REQUIRED_FULL
