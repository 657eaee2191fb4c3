"""A question as one SQL condition with parameters only, over the members of today or over their versions of a day.

Every leaf is true or false, never NULL: a condition on an empty value is false, so `not` is the complement of the set.
Derived fields become conditions on their columns: an age is a range of birth dates.
"""

from __future__ import annotations

import operator
from calendar import isleap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, Text, and_, case, extract, false, or_, select, true
from sqlalchemy import cast as as_type

from portal.core import crypto
from portal.core.calendar import ONE_DAY, midnight
from portal.core.fields import Field
from portal.core.kinds import Kind
from portal.core.kinds.operators import Operator
from portal.members.catalogue import NUMBERED
from portal.members.models import ChildBirth, Member, MembershipChange, MemberVersion, UnionPost, stored_name
from portal.org.models import OrgUnit

from . import derived
from .conditions import All, AnyOf, Change, ChildAged, Condition, Node, Post
from .fields import CONFIRMED, RETIREMENT

Truth = ColumnElement[bool]
_O = Operator
_COMPARE: dict[Operator, Callable[[Any, Any], Any]] = {
    _O.EQ: operator.eq,
    _O.NE: operator.ne,
    _O.LT: operator.lt,
    _O.LE: operator.le,
    _O.GT: operator.gt,
    _O.GE: operator.ge,
    _O.BETWEEN: lambda column, limits: column.between(*limits),
    _O.IN: lambda column, listed: column.in_(listed),
    _O.NOT_IN: lambda column, listed: column.not_in(listed),
    # what has no capitals is compared as it stands, which an index can do
    _O.CONTAINS: lambda column, text: (column.icontains if _has_case(text) else column.contains)(text, autoescape=True),
    _O.STARTS: lambda column, text: (column.istartswith if _has_case(text) else column.startswith)(
        text, autoescape=True
    ),
}
_INDEXES = {
    "id_number": ("id_index", "id_tail_index", "id_tail"),
    "mobile": ("mobile_index", "mobile_tail_index", "mobile_tail"),
}
_LEAP_DAY, _DAY_BEFORE, _DAY_AFTER = 229, 228, 301


def _has_case(text: str) -> bool:
    return text.upper() != text.lower()


@dataclass(frozen=True)
class Rows:
    """What is asked: `table` with its columns, the number of the member in it, and the day on which it holds.

    `units` are the units that the question names, by code. `conditions` keeps what was compiled of a question, so that
    its count and its page need not compile it twice.
    """

    table: type[Member] | type[MemberVersion]
    day: date
    units: Mapping[str, OrgUnit]
    conditions: dict[Any, tuple[Node, Truth]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def member_id(self) -> ColumnElement[int]:
        """The column with the member's number."""
        return Member.id.expression if self.table is Member else MemberVersion.member_id.expression

    def column(self, field: Field) -> Any:
        """Return the stored column behind `field`."""
        return getattr(self.table, stored_name(field))


def compiled(node: Node, rows: Rows) -> Truth:
    """Return the condition that `node` is over `rows`; true or false for every row."""
    match node:
        case All(parts):
            return and_(true(), *(compiled(part, rows) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(compiled(part, rows) for part in parts))
        case ChildAged(low, high):
            oldest, youngest = derived.born_by(low, rows.day), derived.born_by(high + 1, rows.day)
            born = ChildBirth.birth_date
            return rows.member_id.in_(select(ChildBirth.member_id).where(born <= oldest, born > youngest))
        case Post(kind):
            return rows.member_id.in_(_holders(rows.day).where(UnionPost.kind == kind))
        case Change(kind, first, last):
            changed = select(MembershipChange.member_id).where(
                MembershipChange.kind == kind, MembershipChange.on_date.between(first, last)
            )
            return rows.member_id.in_(changed)
        case Condition():
            return _condition(node, rows)
        case _:
            return ~compiled(node.part, rows)


def _condition(asked: Condition, rows: Rows) -> Truth:
    field, op, value = asked.field, asked.op, asked.value
    if field.name == RETIREMENT:
        return derived.retiring(op, cast("Any", value), rows.table)
    match field.kind:
        case Kind.POSTS:
            return _posts(op, value, rows)
        case Kind.CHANGES:
            known = rows.member_id.in_(select(MembershipChange.member_id).where(MembershipChange.on_date <= rows.day))
            return known if op is _O.NOT_EMPTY else ~known
        case Kind.COMPLETENESS:
            return cast("Truth", _COMPARE[op](completeness(rows), value))
    column = rows.column(field)
    if op is _O.EMPTY:
        return cast("Truth", column.is_(None))
    if op is _O.NOT_EMPTY:
        return cast("Truth", column.is_not(None))
    return and_(column.is_not(None), _filled(asked, column, rows))


def _filled(asked: Condition, column: Any, rows: Rows) -> Truth:
    """Return the condition on a column that holds something."""
    field, op, value = asked.field, asked.op, cast("Any", asked.value)
    if field.name in _INDEXES:
        return _indexed(field, op, value, rows)
    if field.name == CONFIRMED:
        return _on_days(column, op, value)
    match field.kind:
        case Kind.AGE | Kind.YEARS:
            return derived.years(column, op, value, rows.day)
        case Kind.BIRTHDAY:
            return _birthday(column, op, value, rows.day)
        case Kind.UNIT:
            return _unit(column, op, value, rows)
        case Kind.MULTI_CHOICE:
            listed = (value,) if op is _O.CONTAINS else value
            chosen = or_(false(), *(as_type(column, Text).contains(f'"{code}"') for code in listed))
            return ~chosen if op is _O.NOT_IN else chosen
    return cast("Truth", _COMPARE[op](column, value))


def _indexed(field: Field, op: Operator, text: str, rows: Rows) -> Truth:
    """Find a sealed number by its keyed indexes, which know the number of today."""
    whole, tail, family = _INDEXES[field.name]
    if op is _O.TAIL:
        found = getattr(Member, tail) == crypto.index(family, text)
    else:
        found = getattr(Member, whole) == crypto.index(field.name, text)
    # an empty index is no match, and NULL would be neither
    found = and_(getattr(Member, tail).is_not(None), found)
    return found if rows.table is Member else rows.member_id.in_(select(Member.id).where(found))


def _on_days(column: Any, op: Operator, value: Any) -> Truth:
    """Compare an instant with whole days of Shanghai."""
    first, last = value if op is _O.BETWEEN else (value, value)
    begin, end = midnight(first), midnight(last + ONE_DAY)
    return {
        _O.LT: column < begin,
        _O.LE: column < end,
        _O.GT: column >= end,
        _O.GE: column >= begin,
        _O.NE: or_(column < begin, column >= end),
    }.get(op, and_(column >= begin, column < end))


def _birthday(column: Any, op: Operator, value: Any, day: date) -> Truth:
    """Compare month and day; whoever was born on 29 February has her birthday on the 28th of a common year."""
    month_day = extract("month", column) * 100 + extract("day", column)
    if op is _O.EQ:
        number = _number(value)
        with_leap = number == _DAY_BEFORE and not isleap(day.year)
        return month_day.in_([number, _LEAP_DAY] if with_leap else [number])
    first, last = map(_number, value)
    if first <= last:
        return _between(month_day, first, last, day.year)
    return or_(_between(month_day, first, 1231, day.year), _between(month_day, 101, last, day.year + 1))


def _number(month_day: str) -> int:
    return int(month_day.replace("-", ""))


def _between(month_day: Any, first: int, last: int, year: int) -> Truth:
    found = month_day.between(first, last)
    if isleap(year):
        return cast("Truth", found)
    if first <= _DAY_BEFORE <= last:
        return or_(found, month_day == _LEAP_DAY)
    return and_(found, month_day != _LEAP_DAY)


def _unit(column: Any, op: Operator, value: Any, rows: Rows) -> Truth:
    if op is _O.WITHIN:
        top = rows.units[value]
        if top.parent_id is None:
            return true()
        return cast("Truth", column.in_(select(OrgUnit.id).where(top.subtree)))
    listed = value if isinstance(value, tuple) else (value,)
    here = column.in_([rows.units[code].id for code in listed])
    return cast("Truth", ~here if op in (_O.NE, _O.NOT_IN) else here)


def _holders(day: date) -> Any:
    return select(UnionPost.member_id).where(
        UnionPost.starts <= day, or_(UnionPost.ends.is_(None), UnionPost.ends >= day)
    )


def _posts(op: Operator, value: Any, rows: Rows) -> Truth:
    any_post = rows.member_id.in_(_holders(rows.day))
    if op in (_O.EMPTY, _O.NOT_EMPTY):
        return any_post if op is _O.NOT_EMPTY else ~any_post
    listed = value if isinstance(value, tuple) else (value,)
    these = rows.member_id.in_(_holders(rows.day).where(UnionPost.kind.in_(listed)))
    return and_(any_post, ~these) if op in (_O.NE, _O.NOT_IN) else these


def completeness(rows: Rows) -> ColumnElement[int]:
    """Return how many of the 44 numbered fields are filled; an explicit 「无」 counts as filled."""
    filled: list[Truth] = []
    for one in NUMBERED:
        if one.kind is Kind.POSTS:
            filled.append(rows.member_id.in_(_holders(rows.day)))
        elif one.kind is Kind.CHANGES:
            filled.append(rows.member_id.in_(select(MembershipChange.member_id)))
        else:
            filled.append(rows.column(one).is_not(None))
    return sum((case((one, 1), else_=0) for one in filled[1:]), start=case((filled[0], 1), else_=0))
