"""Which branch a department of HR belongs to, from a day to a day: two trees that never quite agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from portal.core import audit, sheets
from portal.core.calendar import show_date, today
from portal.core.db import OPEN_END, db, new_uuid
from portal.core.errors import Absent, Conflict, DomainError, Problems
from portal.core.kinds import cleaning
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import population
from .models import BEGINNING, DEPARTMENT_MOST, Department, plain
from .names import EARLIEST
from .service import find_by

audit.name_acts(
    {"department.add": "部门对应分工会", "department.end": "结束部门对应", "department.paste": "批量登记部门对应"}
)

PER_PAGE = 100
TOLD = 20  # lines that a refusal names
HEADINGS = ({"部门", "部门名称", "所在部门", "单位"}, {"分工会", "分工会名称", "所属分工会", "单位代码"})


@dataclass(frozen=True)
class Unmapped:
    """A department of the union's members that belongs to no branch yet; most of them are in the unit `unit_id`."""

    name: str
    members: int
    unit_id: int


# --- asking -----------------------------------------------------------------------------------------------------------


def branches_of(department: str, day: date, under: OrgUnit) -> list[OrgUnit]:
    """Return every unit at or below `under` among which the department is divided on `day`, by code."""
    query = _lines(under).where(Department.key == plain(department), *_holding(day))
    return sorted({line.unit for line in db.session.scalars(query)}, key=lambda unit: unit.code)


def unmapped(union: OrgUnit, *, most: int = PER_PAGE) -> list[Unmapped]:
    """Return the departments of the union's members without a line today, the largest first, at most `most`."""
    query = _lines(union).where(*_holding(today())).with_only_columns(Department.key)
    known = set(db.session.scalars(query))
    missing = (Unmapped(*line) for line in population.departments(union) if plain(line[0]) not in known)
    return list(islice(missing, most))


def _lines(under: OrgUnit) -> Select[Any]:
    within = under.subtree
    return select(Department).join(OrgUnit, OrgUnit.id == Department.unit_id).where(within)


def _holding(day: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Department.valid_from <= day, Department.valid_to > day


def lines_of(under: OrgUnit, *, q: str = "", past: bool = False, page: int = 1) -> tuple[list[Department], bool]:
    """Return a page of the lines at or below `under`, by department, and whether there are more.

    `q` is a part of the department or of the branch's name; `past` adds the lines that have ended.
    """
    query = _filtered(under, q, past)
    order = query.order_by(Department.key, Department.valid_from, Department.id)
    found = list(db.session.scalars(order.offset((page - 1) * PER_PAGE).limit(PER_PAGE + 1)))
    return found[:PER_PAGE], len(found) > PER_PAGE


def count(under: OrgUnit, *, q: str = "", past: bool = False) -> int:
    """Return how many lines `lines_of` has on all its pages."""
    return db.session.scalar(select(func.count()).select_from(_filtered(under, q, past).subquery())) or 0


def _filtered(under: OrgUnit, q: str, past: bool) -> Select[Any]:
    query = _lines(under)
    if not past:
        query = query.where(Department.valid_to > today())
    if q.strip():
        called = OrgUnit.name.contains(q.strip(), autoescape=True)
        query = query.where(Department.key.contains(plain(q), autoescape=True) | called)
    return query


def branches(under: OrgUnit) -> list[OrgUnit]:
    """Return the units at or below `under` that a department may belong to, by code."""
    query = select(OrgUnit).where(under.subtree, OrgUnit.accepts_members, OrgUnit.is_enabled)
    return list(db.session.scalars(query.order_by(OrgUnit.code)))


# --- writing ----------------------------------------------------------------------------------------------------------


def add(actor: User, department: str, unit: OrgUnit, *, starts: date | None = None) -> Department:
    """Let the department belong to the unit from `starts` on; None: since the line before it ended, or from always.

    Raises Absent outside the actor's subtree, DomainError for a name that cannot be, a unit that takes no members, or
    a line that is there already.
    """
    line, known = _line(actor, department, unit, starts)
    if known is not None:
        raise DomainError(f"“{line.name}”已经对应{unit.name}（{span(known)}），不用重复登记", field="department")
    db.session.add(line)
    days = {"from": line.valid_from.isoformat()}
    audit.record(actor, "department.add", line, changes={"unit": ("", unit.name)}, details=days)
    return line


def _line(actor: User, department: str, unit: OrgUnit, starts: date | None) -> tuple[Department, Department | None]:
    """Return the line that would be new, not yet in the session, and the one that is in its way, if any."""
    if not actor.may(P.DEPARTMENT_MANAGE, unit):
        raise Absent
    name = cleaning.for_name(department)
    if not plain(name) or len(name) > DEPARTMENT_MOST:
        raise DomainError(f"部门应为 1 至 {DEPARTMENT_MOST} 个字，请核对", field="department")
    if not (unit.accepts_members and unit.is_enabled):
        raise DomainError(f"{unit.name}不直接接收会员，或已停用，请改选分工会", field="unit")
    if starts is not None and not EARLIEST <= starts < OPEN_END:
        raise DomainError(f"起始日期应在{show_date(EARLIEST)}之后，请核对年份", field="starts")
    others = list(db.session.scalars(_lines(access.approving_unit(unit)).where(Department.key == plain(name))))
    ended = [other.valid_to for other in others if other.valid_to <= today()]
    begins = starts or max(ended, default=BEGINNING)
    known = next((other for other in others if other.unit_id == unit.id and other.valid_to > begins), None)
    return Department(unit_id=unit.id, name=name, key=plain(name), valid_from=begins, valid_to=OPEN_END), known


def span(line: Department) -> str:
    """Return the days of a line in Chinese words; the end is the last day that it holds."""
    begins = "最初" if line.valid_from == BEGINNING else show_date(line.valid_from)
    ends = "现在" if line.valid_to == OPEN_END else f"{show_date(line.valid_to)}前"
    return f"{begins}至{ends}"


def find(actor: User, line_id: int) -> Department:
    """Return a line that the actor may change. Raises Absent."""
    line: Department = access.fetch(Department, line_id, actor, P.DEPARTMENT_MANAGE)
    return line


def end(actor: User, line: Department, *, on: date | None = None) -> None:
    """Let the line hold no more from `on` (default today); what it was before stays readable.

    Raises Absent outside the actor's subtree, Conflict for a line that is over, DomainError for a day before it began.
    """
    if not actor.may(P.DEPARTMENT_MANAGE, line.unit):
        raise Absent
    day = on or today()
    if line.valid_to <= today():
        raise Conflict("这条对应关系已经结束，请返回刷新后查看")
    if day <= line.valid_from:
        raise DomainError(f"结束日期应晚于起始日期（{show_date(line.valid_from)}），请核对", field="on")
    old, line.valid_to = line.valid_to, day
    was = "" if old == OPEN_END else old.isoformat()
    audit.record(actor, "department.end", line, changes={"to": (was, day.isoformat())})


def paste(actor: User, under: OrgUnit, text: str, *, starts: date | None = None) -> tuple[int, int]:
    """Write a line for each 部门 and 分工会 in `text`, all or none; return how many are new and how many were there.

    A branch is named by name, old name or code. Raises Absent outside the actor's subtree, Problems with a sentence
    for each wrong line.
    """
    if not actor.may(P.DEPARTMENT_MANAGE, under):
        raise Absent
    try:
        rows = sheets.rows_of_text(text)
    except DomainError as error:
        raise DomainError(error.message, field="pasted") from error
    wrong: list[str] = []
    new: dict[tuple[str, int], Department] = {}
    count = 0
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or _is_heading(cells):
            continue
        count += 1
        try:
            line, known = _pasted(actor, under, cells, starts)
        except DomainError as error:
            wrong.append(f"第 {number} 行：{error.message}")
            continue
        if known is None:
            new.setdefault((line.key, line.unit_id), line)
    if not count:
        raise DomainError("请粘贴两列：部门、分工会，一行一个部门", field="pasted")
    if wrong:
        more = [f"还有 {len(wrong) - TOLD} 行有错误"] if len(wrong) > TOLD else []
        raise Problems({"pasted": wrong[:TOLD] + more})
    if not new:
        raise DomainError("这些部门都已登记，没有新增", field="pasted")
    db.session.add_all(new.values())
    db.session.flush()  # the trace names the units of the lines, which come with their rows
    told = {"new": len(new), "known": count - len(new), "lines": [line.trace_label for line in new.values()]}
    audit.record(actor, "department.paste", under, batch_id=new_uuid(), details=told)
    return len(new), count - len(new)


def _is_heading(cells: Sequence[str]) -> bool:
    return len(cells) > 1 and all(plain(cell) in words for cell, words in zip(cells, HEADINGS, strict=False))


def _pasted(
    actor: User, under: OrgUnit, cells: Sequence[str], starts: date | None
) -> tuple[Department, Department | None]:
    """Return the line of two cells, and the one that is in its way."""
    if len(cells) < 2 or not (cells[0] and cells[1]):
        raise DomainError("应有两列：部门、分工会")
    unit = find_by(cells[1], under)
    if unit is None:
        raise DomainError(f"没有找到分工会“{cells[1][:30]}”，请核对名称或改写单位代码")
    return _line(actor, cells[0], unit, starts)


def is_union(unit: OrgUnit) -> bool:
    """Whether the unit's members work in departments of one employer: it approves members, or its parent does."""
    return any(above.approves_members for above in access.upward(unit))
