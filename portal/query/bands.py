"""What people are counted by: codes as they stand, years in bands, days by their year."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, extract, select

from portal.core import kinds
from portal.core.db import db
from portal.core.fields import Field
from portal.core.kinds import Kind, choices
from portal.core.kinds.operators import Operator
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from . import derived
from .compiling import Rows
from .conditions import Condition

EMPTY = "未填"
AGES = (0, 30, 35, 40, 45, 50, 55, 60)  # each band begins so, the last has no end
YEARS = (0, 1, 5, 10, 20, 30)
_BANDS = {Kind.AGE: AGES, Kind.YEARS: YEARS}
_DAYS = (Kind.DATE, Kind.MONTH)
_UNITS = select(OrgUnit.id, OrgUnit.code, OrgUnit.name)


def _code(starts: tuple[int, ...], place: int) -> str:
    if place == len(starts) - 1:
        return f"{starts[place]}-"
    return f"{starts[place]}-{starts[place + 1] - 1}"


def band_codes(field: Field) -> list[str]:
    """Return the codes of the bands of years of `field`: "0-29", "30-34" ... "60-"."""
    starts = _BANDS[field.kind]
    return [_code(starts, place) for place in range(len(starts))]


def key(field: Field, rows: Rows) -> ColumnElement[Any]:
    """Return the expression that people are counted by."""
    column = rows.column(field)
    if field.kind in _BANDS:
        starts = _BANDS[field.kind]
        # who is not yet 0 years old on a past day stands in the first band
        older = [
            (column <= derived.born_by(start, rows.day), place) for place, start in reversed(list(enumerate(starts)))
        ]
        return case((column.is_(None), None), *older[:-1], else_=0)
    if field.kind in _DAYS:
        return extract("year", column)
    return column


def reader(field: Field) -> Callable[[Any], tuple[str | None, str]]:
    """Return the function that tells code and Chinese label of what `key` gave."""
    if field.kind is Kind.UNIT:
        units = {number: (code, name) for number, code, name in db.session.execute(_UNITS)}
        return lambda stored: units[stored]

    def read(stored: Any) -> tuple[str | None, str]:
        code = None if stored is None else _code_of(field, stored)
        return code, EMPTY if code is None else _label(field, code)

    return read


def _code_of(field: Field, stored: Any) -> str:
    if field.kind in _BANDS:
        return _code(_BANDS[field.kind], stored)
    return str(int(stored)) if isinstance(stored, bool) else str(stored)


def _label(field: Field, code: str) -> str:
    if field.kind in _BANDS:
        low, high = code.split("-")
        return f"{low}–{high} {_unit(field)}" if high else f"{low} {_unit(field)}及以上"
    if field.kind in _DAYS:
        return f"{code} 年"
    if field.kind is Kind.BOOL:
        return "是" if code == "1" else "否"
    return choices.label_of(field, code) if field.kind is Kind.CHOICE else code


def _unit(field: Field) -> str:
    return "岁" if field.kind is Kind.AGE else "年"


def places(field: Field) -> Callable[[str | None], tuple[bool, Any]]:
    """Return the key by which the codes of `field` stand in order; 未填 comes last."""
    if field.kind in _BANDS:
        order = {code: place for place, code in enumerate(band_codes(field))}
    elif field.kind is Kind.CHOICE:
        order = {code: place for place, (code, _) in enumerate(kinds.options_of(field))}
    else:
        return lambda code: (code is None, (int(code), "") if code and code.isdigit() else (0, code or ""))
    return lambda code: (code is None, (order.get(code or "", len(order)), code or ""))


def condition(field: Field, code: str | None) -> Condition:
    """Return the condition that finds whom the group `code` of `field` counts."""
    if code is None:
        return Condition(field, Operator.EMPTY)
    if field.kind in _BANDS:
        low, high = code.split("-")
        if not high:
            return Condition(field, Operator.GE, int(low))
        if int(low) == 0:
            return Condition(field, Operator.LE, int(high))
        return Condition(field, Operator.BETWEEN, (int(low), int(high)))
    if field.kind in _DAYS:
        return Condition(field, Operator.BETWEEN, (date(int(code), 1, 1), date(int(code), 12, 31)))
    value = code == "1" if field.kind is Kind.BOOL else int(code) if field.kind is Kind.INTEGER else code
    return Condition(field, Operator.EQ, value)


def offered(field: Field, actor: User) -> list[tuple[str | None, str]]:
    """Return (code, label) of the groups that are shown even where nobody is in them, in their order.

    The codes of a short list, the bands of years, the units in the actor's scope that take members; and 未填 where the
    field can be empty.
    """
    empty: list[tuple[str | None, str]] = [(None, EMPTY)] if rows_can_lack(field) else []
    if field.kind in _BANDS:
        return [(code, _label(field, code)) for code in band_codes(field)] + empty
    if field.kind is Kind.UNIT:
        query = access.scoped(OrgUnit, actor, Permission.MEMBER_READ).where(OrgUnit.accepts_members, OrgUnit.is_enabled)
        return [(unit.code, unit.name) for unit in db.session.scalars(query.order_by(OrgUnit.code))]
    if field.kind is Kind.BOOL:
        return [("1", "是"), ("0", "否"), *empty]
    if isinstance(field.options, type):
        return [*kinds.options_of(field), *empty]
    return empty


def rows_can_lack(field: Field) -> bool:
    """Whether a member may have no value of `field`."""
    return bool(getattr(Member, field.column_name).nullable)
