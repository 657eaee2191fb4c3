"""What can be asked about: the catalogue's fields and a few internal columns; how, and with which right."""

from __future__ import annotations

from collections.abc import Iterable

from portal.core.fields import Field, Seen
from portal.core.kinds import Kind
from portal.core.kinds.operators import IS_FILLED, OPERATORS, Operator
from portal.members import enums
from portal.members.catalogue import FIELDS, Section
from portal.members.models import SEALED
from portal.org.models import User
from portal.org.permissions import Permission

SALARY = "dues_base"
RETIREMENT = "predicted_retirement"
CONFIRMED = "confirmed_at"

_WORK, _MEMBERSHIP, _RESUME = Section.WORK, Section.MEMBERSHIP, Section.RESUME
_INTERNAL = (
    Field(RETIREMENT, "预计退休月份", Kind.MONTH, _WORK, column="birth_date"),
    Field("retire_track", "原法定退休年龄", Kind.CHOICE, _WORK, options=enums.RetireTrack),
    Field("retire_date_hr", "人事部门核定退休日期", Kind.DATE, _WORK),
    Field("counted_here", "在本单位统计", Kind.BOOL, _MEMBERSHIP),
    Field(CONFIRMED, "本人核对日期", Kind.DATE, _RESUME),
)

ASKABLE: tuple[Field, ...] = FIELDS + _INTERNAL
BY_NAME: dict[str, Field] = {field.name: field for field in ASKABLE}
BY_LABEL: dict[str, Field] = {field.label: field for field in ASKABLE}

_GROUPED = {Kind.CHOICE, Kind.BOOL, Kind.UNIT, Kind.INTEGER, Kind.AGE, Kind.YEARS, Kind.DATE, Kind.MONTH}
_SORTED = _GROUPED | {Kind.NAME, Kind.TEXT, Kind.STAFF_NO, Kind.PLACE, Kind.BIRTHDAY} - {Kind.UNIT}


def operators_of(field: Field) -> tuple[Operator, ...]:
    """Return the rules that fit the field; of what is sealed only whether it is filled, and what an index answers."""
    known = OPERATORS[field.kind]
    if field.column_name in SEALED and field.kind not in (Kind.ID_NUMBER, Kind.PHONE):
        return IS_FILLED
    return known


def can_group(field: Field) -> bool:
    """Whether people can be counted by the field: it is coded or counts years, and stands in clear."""
    return field.kind in _GROUPED and field.column_name not in SEALED and field.name not in (RETIREMENT, CONFIRMED)


def can_sort(field: Field) -> bool:
    """Whether a list can be put in the order of the field."""
    return field.kind in _SORTED and field.column_name not in SEALED and field.name not in (RETIREMENT, CONFIRMED)


def right_to(field: Field) -> Permission:
    """Return the permission that lets somebody ask for the field: filter, sort, group and read it in a list."""
    if field.column_name == SALARY:
        return Permission.MEMBER_SALARY
    return Permission.MEMBER_FAMILY if field.seen is Seen.FAMILY else Permission.MEMBER_READ


def may_ask(actor: User, field: Field) -> bool:
    """Whether the actor may use the field anywhere in a query."""
    return actor.holds(Permission.MEMBER_READ) and actor.holds(right_to(field))


def askable(actor: User) -> tuple[Field, ...]:
    """Return the fields that the actor may ask for, in the catalogue's order."""
    return tuple(field for field in ASKABLE if may_ask(actor, field))


def rights_to(fields: Iterable[Field]) -> frozenset[Permission]:
    """Return the permissions that all of `fields` together take; reading members is always one of them."""
    return frozenset({Permission.MEMBER_READ, *map(right_to, fields)})
