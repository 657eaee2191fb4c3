"""Asking: how many, who, and how many of each, in the actor's scope, as of any day.

Every answer begins with the one statement of `selected`, with the scope ANDed last. A day in the past reads the
versions that held on it; today and a future day read the members as they are, with ages counted on that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, CursorResult, Select, and_, case, func, select, tuple_

from portal.core.calendar import today
from portal.core.db import db
from portal.core.fields import Field, Seen
from portal.core.kinds import Kind
from portal.members.models import Member, MemberVersion
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from . import bands
from .compiling import Rows, compiled
from .conditions import EVERYBODY, ChildAged, Condition, Node, QueryError, leaves, no_field, not_known, refused
from .fields import BY_NAME, can_group, can_sort, may_ask, rights_to

PER_PAGE, MOST_PER_PAGE = 50, 100
MOST_GROUPED = 2
DEFAULT_SORT = "name"
_LOWEST: dict[type, Any] = {str: "", int: -1, bool: False, date: date.min}


@dataclass(frozen=True)
class Sort:
    """An order: by a field, up or down; names by their sound."""

    name: str = DEFAULT_SORT
    descends: bool = False

    @classmethod
    def read(cls, text: str, actor: User | None = None) -> Sort:
        """Return the order that an address writes as `age` or `-age`.

        Raises QueryError for what has no order, and for a field that the `actor` may not use.
        """
        name = text.removeprefix("-") or DEFAULT_SORT
        if name not in BY_NAME or (actor is not None and not may_ask(actor, BY_NAME[name])):
            raise QueryError(no_field(name))
        if not can_sort(BY_NAME[name]):
            raise QueryError(f"不能按“{name[:30]}”排序，请在列表标题中选择可排序的列")
        return cls(name, text.startswith("-"))

    def __str__(self) -> str:
        return ("-" if self.descends else "") + self.name

    @property
    def is_down(self) -> bool:
        """Whether the columns behind the field count down: who has more years was born earlier."""
        return self.descends != (BY_NAME[self.name].kind in (Kind.AGE, Kind.YEARS))


@dataclass(frozen=True)
class Asked:
    """A question: the conditions, and the day that the answer holds on."""

    where: Node = EVERYBODY
    day: date = field(default_factory=today)

    @property
    def is_past(self) -> bool:
        """Whether the answer comes from the versions of a past day."""
        return self.day < today()


class Group(NamedTuple):
    """How many members share these codes; None is 未填."""

    codes: tuple[str | None, ...]
    labels: tuple[str, ...]
    number: int


# --- may it be asked --------------------------------------------------------------------------------------------------


def check(actor: User, node: Node) -> dict[str, OrgUnit]:
    """Return the units that the question names, by code.

    Raises QueryError, the same for a field that the actor may not use as for one that does not exist; and for a unit
    that is not there.
    """
    units: dict[str, OrgUnit] = {}
    for number, leaf in enumerate(leaves(node), 1):
        if isinstance(leaf, ChildAged) and not may_ask(actor, BY_NAME["children"]):
            raise not_known(number, "children")
        if not isinstance(leaf, Condition):
            continue
        if not may_ask(actor, leaf.field):
            raise not_known(number, leaf.field.name)
        if leaf.field.kind is Kind.UNIT:
            codes = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
            for code in codes:
                unit = db.session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one_or_none()
                if unit is None:
                    raise refused(number, f"“{leaf.field.label}”：没有代码为“{str(code)[:30]}”的单位，请从列表中选择")
                units[str(code)] = unit
    return units


def fields_of(names: Iterable[str], actor: User) -> list[Field]:
    """Return the fields with these names, to show or to count by. Raises QueryError for one that cannot be used."""
    found = []
    for name in names:
        if name not in BY_NAME or not may_ask(actor, BY_NAME[name]):
            raise QueryError(no_field(name))
        found.append(BY_NAME[name])
    return found


def _used(node: Node) -> list[Field]:
    asked = [leaf.field for leaf in leaves(node) if isinstance(leaf, Condition)]
    return asked + [BY_NAME["children"] for leaf in leaves(node) if isinstance(leaf, ChildAged)]


def asks_family(node: Node) -> bool:
    """Whether a question tells of the family: who is found by it is thereby said to be 未婚, or to have a child."""
    return any(one.seen is Seen.FAMILY for one in _used(node))


# --- the one statement ------------------------------------------------------------------------------------------------


def rows_of(actor: User, asked: Asked) -> Rows:
    """Return the table that the question is put to. Raises QueryError as `check` does."""
    return Rows(MemberVersion if asked.is_past else Member, asked.day, check(actor, asked.where))


def selected(
    actor: User,
    asked: Asked,
    *columns: Any,
    rows: Rows | None = None,
    others: Iterable[Field] = (),
    permission: Permission = Permission.MEMBER_READ,
) -> Select[Any]:
    """Return the SELECT of `columns` of whoever the question finds, cut to where the actor may read all of it.

    `others` are fields that are shown or counted beside those of the conditions: what their right does not cover is
    left out too. `permission` is what the members are wanted for.
    """
    rows = rows or rows_of(actor, asked)
    needed = rights_to([*_used(asked.where), *others]) | {permission}
    # named, for a count of everybody by who sees all would name no table
    return select(*columns).select_from(rows.table).where(_condition(actor, asked, rows, needed))


def _condition(actor: User, asked: Asked, rows: Rows, needed: frozenset[Permission]) -> ColumnElement[bool]:
    """Return what is asked, with the scope of the `needed` permissions ANDed last; each once."""
    key = actor.id, id(asked.where), needed
    if key not in rows.conditions:
        parts = [compiled(asked.where, rows)]
        if rows.table is MemberVersion:
            parts += [
                MemberVersion.valid_from <= rows.day,
                MemberVersion.valid_to > rows.day,
                MemberVersion.superseded_at.is_(None),
            ]
        parts += [access.in_scope(rows.table, actor, one) for one in sorted(needed)]
        rows.conditions[key] = asked.where, and_(*parts)  # with the question itself, whose place in memory is the key
    return rows.conditions[key][1]


def _read(query: Select[Any]) -> CursorResult[Any]:
    """Return the rows of columns alone, which need nothing of the session but its connection: the quickest way."""
    db.session.flush()  # as the session does before it reads
    return db.session.connection().execute(query)


def count(actor: User, asked: Asked, *, rows: Rows | None = None) -> int:
    """Return how many members the question finds in the actor's scope; `rows` from `rows_of`. Raises QueryError."""
    return _read(selected(actor, asked, func.count(), rows=rows)).scalar_one()


def counts(actor: User, questions: Sequence[Asked], *, among: Node = EVERYBODY) -> list[int]:
    """Return how many members each of the questions finds, all of them as of one day, reading the members once.

    `among` is a question that each of them implies, so that only its members are read. Raises QueryError.
    """
    rows, found = _counting(actor, questions, among)
    counted = db.session.execute(selected(actor, Asked(among, rows.day), *found, rows=rows)).one()
    return list(counted)


def counts_by_unit(actor: User, questions: Sequence[Asked], *, among: Node = EVERYBODY) -> dict[str, list[int]]:
    """Return what `counts` does for each unit by its code; units where nobody of `among` is are left out."""
    rows, found = _counting(actor, questions, among)
    unit = rows.table.unit_id
    codes = dict(db.session.execute(select(OrgUnit.id, OrgUnit.code)).all())
    query = selected(actor, Asked(among, rows.day), unit, *found, rows=rows).group_by(unit)
    return {codes[one]: list(numbers) for one, *numbers in db.session.execute(query)}


def _counting(actor: User, questions: Sequence[Asked], among: Node) -> tuple[Rows, list[Any]]:
    """Return the table that all questions are put to, and the expression that counts for each of them."""
    day = questions[0].day
    wheres = [asked.where for asked in questions] + [among]
    units = {code: unit for where in wheres for code, unit in check(actor, where).items()}
    rows = Rows(MemberVersion if questions[0].is_past else Member, day, units)
    found = []
    for asked in questions:
        if asked.day != day:
            raise ValueError("questions as of several days")
        needed = sorted(rights_to(_used(asked.where)))
        within = and_(compiled(asked.where, rows), *(access.in_scope(rows.table, actor, one) for one in needed))
        found.append(func.count(case((within, 1))))
    return rows, found


def crossed(
    actor: User, asked: Asked, down: Sequence[Node], across: Sequence[Node], beside: Sequence[Node] = ()
) -> list[list[list[int]]]:
    """Return for each part of `down` and of `across` how many of `asked` are in both, and of them in each `beside`.

    The parts of either take everybody once, else the first that holds counts. The members are read once, cut to where
    the actor may read all that is asked. Raises QueryError.
    """
    parts = [*down, *across, *beside]
    units = {code: unit for where in (asked.where, *parts) for code, unit in check(actor, where).items()}
    rows = Rows(MemberVersion if asked.is_past else Member, asked.day, units)
    keys = [case(*((compiled(one, rows), place) for place, one in enumerate(some))) for some in (down, across)]
    more = [func.count(case((compiled(one, rows), 1))) for one in beside]
    others = [field for one in parts for field in _used(one)]
    found = [[[0] * (1 + len(beside)) for _ in across] for _ in down]
    query = selected(actor, asked, *keys, func.count(), *more, rows=rows, others=others).group_by(*keys)
    for row, column, *numbers in db.session.execute(query):
        if row is not None and column is not None:
            found[row][column] = list(numbers)
    return found


def ids(
    actor: User, asked: Asked, *, sort: Sort | None = None, permission: Permission = Permission.MEMBER_READ
) -> list[int]:
    """Return the numbers of all members the question finds, in order. Raises QueryError."""
    rows = rows_of(actor, asked)
    sort = _allowed(actor, sort or Sort())
    query = selected(actor, asked, rows.member_id, rows=rows, others=[BY_NAME[sort.name]], permission=permission)
    return list(db.session.scalars(_ordered(query, rows, sort)))


def page_ids(
    actor: User,
    asked: Asked,
    *,
    sort: Sort | None = None,
    after: int | None = None,
    before: int | None = None,
    number: int = 1,
    per_page: int = PER_PAGE,
    rows: Rows | None = None,
) -> tuple[list[int], bool]:
    """Return the members of a page, and whether more follow, or with `before` precede.

    `after` or `before` is the member that the page follows or precedes; without them `number` counts pages from the
    top. `rows` from `rows_of`. Raises QueryError.
    """
    rows = rows or rows_of(actor, asked)
    sort = _allowed(actor, sort or Sort())
    per_page = max(1, min(per_page, MOST_PER_PAGE))
    query = selected(actor, asked, rows.member_id, rows=rows, others=[BY_NAME[sort.name]])
    backwards, mark = before is not None, after if after is not None else before
    query = _ordered(query, rows, sort, backwards=backwards)
    if mark is not None:
        keys = _keys(rows, sort)
        place = db.session.execute(
            _named(selected(actor, Asked(EVERYBODY, asked.day), *keys, rows=rows), rows, sort).where(
                rows.member_id == mark
            )
        ).one_or_none()
        if place is not None:
            here, there = tuple_(*keys), tuple_(*place)
            query = query.where(here < there if sort.is_down != backwards else here > there)
    elif number > 1:
        query = query.offset((number - 1) * per_page)
    found = list(_read(query.limit(per_page + 1)).scalars().all())
    page, has_more = found[:per_page], len(found) > per_page
    return (page[::-1] if backwards else page), has_more


def _allowed(actor: User, sort: Sort) -> Sort:
    if not may_ask(actor, BY_NAME[sort.name]):
        raise QueryError(no_field(sort.name))
    return sort


def _keys(rows: Rows, sort: Sort) -> tuple[ColumnElement[Any], ...]:
    """Return the columns that the order goes by; the empty ones come first, the member's number decides at last."""
    if sort.name == DEFAULT_SORT:
        return Member.name_pinyin.expression, rows.member_id
    column = rows.column(BY_NAME[sort.name])
    lowest = _LOWEST[column.type.python_type]
    return func.coalesce(column, lowest), rows.member_id


def _named(query: Select[Any], rows: Rows, sort: Sort) -> Select[Any]:
    """Let a question to the versions know how the names sound, which stands with the members alone."""
    if sort.name == DEFAULT_SORT and rows.table is MemberVersion:
        return query.join(Member, Member.id == MemberVersion.member_id)
    return query


def _ordered(query: Select[Any], rows: Rows, sort: Sort, *, backwards: bool = False) -> Select[Any]:
    is_down = sort.is_down != backwards
    return _named(query, rows, sort).order_by(*(key.desc() if is_down else key for key in _keys(rows, sort)))


# --- counted by groups ------------------------------------------------------------------------------------------------


def grouped(actor: User, asked: Asked, by: Sequence[str]) -> list[Group]:
    """Return how many members the question finds of each value of the fields `by` (one or two), 未填 included.

    The numbers add up to `count`. Days and years of age are counted in bands. Raises QueryError.
    """
    fields = fields_of(by, actor)
    if not 1 <= len(fields) <= MOST_GROUPED or len(set(by)) != len(fields):
        raise QueryError(f"请选择一个或两个不同的字段来分组，现在是 {len(fields)} 个")
    for one in fields:
        if not can_group(one):
            raise QueryError(f"不能按“{one.label}”分组，请选择有固定选项的字段")
    rows = rows_of(actor, asked)
    keys = [bands.key(one, rows) for one in fields]
    query = selected(actor, asked, *keys, func.count(), rows=rows, others=fields).group_by(*keys)
    counted = _read(query).all()
    if not counted:
        return []
    *stored, numbers = zip(*counted, strict=True)
    told = [_told(one, values) for one, values in zip(fields, stored, strict=True)]
    places, codes, labels = (zip(*([one[part] for one in column] for column in told), strict=True) for part in range(3))
    return [Group(*group) for _, *group in sorted(zip(places, codes, labels, numbers, strict=True))]


def _told(of: Field, stored: Sequence[Any]) -> list[tuple[int, str | None, str]]:
    """Return place, code and label of each of the values, which stand in many groups: each is read once."""
    read, place = bands.reader(of), bands.places(of)
    known = {one: read(one) for one in set(stored)}
    ordered = sorted(known, key=lambda one: place(known[one][0]))
    found = {one: (number, *known[one]) for number, one in enumerate(ordered)}
    return [found[one] for one in stored]
