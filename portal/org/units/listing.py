"""The tree as its pages show it: one level at a time, or what a search finds; columns, not entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import aliased

from portal.core.db import db
from portal.org import access
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Permission as P

from . import kinds, population
from .models import UnitName
from .service import as_code

PER_PAGE, MOST_PER_PAGE = 50, 100
LONGEST_TEXT = 60  # characters of a search
CANDIDATES = 20  # new parents that are offered at once


@dataclass(frozen=True)
class Line:
    """One unit of a list: how many units lie below it, how many living members it has with them."""

    id: int
    code: str
    name: str
    kind: UnitKind
    is_enabled: bool
    below: int
    members: int
    way: str  # the units above it, where the list is not one level
    old_name: str  # by which it was found, where that is not what it is called


@dataclass(frozen=True)
class Page:
    """A page of units; `has_before` and `has_after` tell whether there are others."""

    lines: list[Line]
    total: int
    has_before: bool
    has_after: bool


def crumbs(actor: User, unit: OrgUnit) -> list[OrgUnit]:
    """Return what lies above the unit and may be seen, the highest first, and the unit itself."""
    chain = access.upward(unit)
    return [one for one in reversed(chain) if actor.may(P.UNIT_READ, one)]


def level(actor: User, unit: OrgUnit | None, *, after: str = "", before: str = "", per_page: int = PER_PAGE) -> Page:
    """Return a page of the units right below `unit`, or of the actor's own ones for None, by code."""
    if unit is None:
        condition: ColumnElement[bool] = OrgUnit.id.in_([top.id for top in access.tops(actor, P.UNIT_READ)])
    else:
        condition = OrgUnit.parent_id == unit.id
    return _page(access.scoped(OrgUnit, actor, P.UNIT_READ, OrgUnit.id).where(condition), after, before, per_page)


def search(
    actor: User, text: str, unit: OrgUnit | None = None, *, after: str = "", before: str = "",
    per_page: int = PER_PAGE,
) -> Page:  # fmt: skip
    """Return a page of the units, at or below `unit` if given, whose name or old name holds `text`, or code begins so.

    The text of an empty search finds nothing.
    """
    query = access.scoped(OrgUnit, actor, P.UNIT_READ, OrgUnit.id).where(_matches(text))
    if unit is not None:
        query = query.where(unit.subtree)
    return _page(query, after, before, per_page, word=text.strip())


def _matches(text: str) -> ColumnElement[bool]:
    word, code = text.strip()[:LONGEST_TEXT], as_code(text)[:LONGEST_TEXT]
    if not word:
        return false()
    called = select(UnitName.unit_id).where(UnitName.name.contains(word, autoescape=True))
    return or_(
        OrgUnit.name.contains(word, autoescape=True),
        OrgUnit.code.startswith(code, autoescape=True),
        OrgUnit.id.in_(called),
    )


def parents_for(actor: User, unit: OrgUnit, text: str) -> tuple[list[Line], bool]:
    """Return the units under which the actor may put `unit`, and whether there are more; `text` as in a search."""
    fitting = [kind for kind in UnitKind if kind in kinds.MAY_STAND_UNDER[unit.kind]]
    query = access.scoped(OrgUnit, actor, P.UNIT_MANAGE, OrgUnit.id).where(
        OrgUnit.kind.in_(fitting), OrgUnit.is_enabled, OrgUnit.id != unit.parent_id,
        or_(OrgUnit.path < unit.path, OrgUnit.path >= unit.path_end),
    )  # fmt: skip
    if text.strip():
        query = query.where(_matches(text))
    ids = list(db.session.scalars(query.order_by(OrgUnit.code).limit(CANDIDATES + 1)))
    return _lines(ids[:CANDIDATES], shows_way=True), len(ids) > CANDIDATES


def _page(query: Select[Any], after: str, before: str, per_page: int, *, word: str = "") -> Page:
    """Return the page of `query` that follows the code `after` or precedes the code `before`."""
    per_page = max(1, min(per_page, MOST_PER_PAGE))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    backwards = bool(before) and not after
    if after:
        query = query.where(OrgUnit.code > after[:LONGEST_TEXT])
    elif before:
        query = query.where(OrgUnit.code < before[:LONGEST_TEXT])
    order = OrgUnit.code.desc() if backwards else OrgUnit.code
    ids = list(db.session.scalars(query.order_by(order).limit(per_page + 1)))
    more, ids = len(ids) > per_page, ids[:per_page]
    if backwards:
        ids.reverse()
    return Page(
        lines=_lines(ids, word=word, shows_way=bool(word)),
        total=total,
        has_before=more if backwards else bool(after),
        has_after=True if backwards else more,
    )


def _lines(ids: Sequence[int], *, word: str = "", shows_way: bool = False) -> list[Line]:
    """Read what the lists show of the units `ids`, in their order."""
    lower = aliased(OrgUnit)
    path_end = func.substr(OrgUnit.path, 1, func.length(OrgUnit.path) - 1) + "0"
    below = select(func.count(lower.id)).where(lower.path > OrgUnit.path, lower.path < path_end).scalar_subquery()
    columns = (OrgUnit.id, OrgUnit.code, OrgUnit.name, OrgUnit.kind, OrgUnit.is_enabled, OrgUnit.path)
    rows = {
        row.id: row for row in db.session.execute(select(*columns, below.label("below")).where(OrgUnit.id.in_(ids)))
    }
    living = population.living(ids)
    ways = _ways([row.path for row in rows.values()]) if shows_way else {}
    old = _old_names(ids, word) if word else {}
    return [
        Line(
            id=row.id, code=row.code, name=row.name, kind=row.kind, is_enabled=row.is_enabled, below=row.below,
            members=living[row.id], way=ways.get(row.path, ""),
            old_name="" if word in row.name else old.get(row.id, ""),
        )
        for row in (rows[number] for number in ids)
    ]  # fmt: skip


def _ways(paths: Sequence[str]) -> dict[str, str]:
    """Return for each path the names of the units above, the root left out: everybody knows where that is."""
    above = {path: [int(number) for number in path.strip("/").split("/")][1:-1] for path in paths}
    numbers = {number for way in above.values() for number in way}
    found = db.session.execute(select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_(numbers)))
    names: dict[int, str] = {row.id: row.name for row in found}
    return {path: " / ".join(names[number] for number in way) for path, way in above.items()}


def _old_names(ids: Sequence[int], word: str) -> dict[int, str]:
    query = select(UnitName.unit_id, UnitName.name).where(
        UnitName.unit_id.in_(ids), UnitName.name.contains(word, autoescape=True)
    )
    return {row.unit_id: row.name for row in db.session.execute(query)}


def below(unit: OrgUnit) -> int:
    """Return how many units lie below this one."""
    counted = select(func.count(OrgUnit.id)).where(OrgUnit.path > unit.path, OrgUnit.path < unit.path_end)
    return db.session.scalar(counted) or 0
