"""What is told beside a number: a table of what it is counted by, families, and the reasons of those who left work."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.core.db import db
from portal.members import history
from portal.members.enums import ChangeReason, ChangeType
from portal.members.models import Member, MembershipChange, MemberVersion
from portal.org import access
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Permission

from .. import asking
from ..asking import Asked
from ..bands import EMPTY
from ..fields import BY_NAME
from .questions import Beside, Opened

MOST_ROWS = 200
TOTAL, OWN = "合计", "（直属，未分配）"


@dataclass(frozen=True)
class Table:
    """Numbers by one or two fields: `rows` are (heading, numbers), the sum first; `left_out` are beyond the limit."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    total: tuple[int, ...]
    left_out: int = 0


@dataclass(frozen=True)
class Told:
    """One more number, and how it is counted."""

    label: str
    number: int
    note: str = ""


def table(actor: User, found: Opened) -> Table | None:
    """Return what the question finds by the fields it is counted by; None for one that is counted whole."""
    by = found.question.by
    if not by:
        return None
    groups = asking.grouped(actor, found.asked, by)
    units = _units(actor) if by[0] == "branch" else {}
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    labels = {unit.code: _called(unit) for unit in units.values()}
    columns: dict[str, str] = {}
    for group in groups:
        code = group.codes[0] or ""
        if code in units:
            code = _branch(units[code], units).code
        labels.setdefault(code, group.labels[0])
        counted[code][TOTAL] += group.number
        for name, label in zip(group.codes[1:], group.labels[1:], strict=True):
            columns[name or ""] = label
            counted[code][name or ""] += group.number
    names = [TOTAL, *sorted(columns, key=lambda name: (name == "", name))]
    shown = [code for code in labels if code in counted or _stands_empty(units[code])]
    lines = [(labels[code], tuple(counted[code][name] for name in names)) for code in shown]
    total = tuple(sum(numbers) for numbers in zip(*(line[1] for line in lines), strict=True)) or (0,)
    headings = (BY_NAME[by[0]].label, *(columns.get(name, name) for name in names))
    return Table(headings, tuple(lines[:MOST_ROWS]), total, max(0, len(lines) - MOST_ROWS))


def _units(actor: User) -> dict[str, OrgUnit]:
    """Return the units that the actor reads, by code, in the order of the tree."""
    units = access.units(actor, Permission.MEMBER_READ)
    ordered = sorted(units, key=lambda unit: [int(number) for number in unit.path.strip("/").split("/")])
    return {unit.code: unit for unit in ordered}


def _stands_empty(unit: OrgUnit) -> bool:
    """Whether the unit has a line also with nobody in it."""
    return unit.is_enabled and unit.kind is not UnitKind.GROUP and (unit.accepts_members or unit.parent_id is not None)


def _branch(unit: OrgUnit, units: dict[str, OrgUnit]) -> OrgUnit:
    """Return the branch whose members a group's are."""
    while unit.kind is UnitKind.GROUP and unit.parent is not None and unit.parent.code in units:
        unit = unit.parent
    return unit


def _called(unit: OrgUnit) -> str:
    if unit.parent_id is None:
        return unit.name + OWN
    return unit.name if unit.is_enabled else f"{unit.name}（已停用）"


def beside(actor: User, found: Opened) -> list[Told]:
    """Return what is told beside the number of a preset."""
    match found.question.beside:
        case Beside.FAMILIES:
            return [_families(actor, found.asked)]
        case Beside.REASONS:
            return _reasons(actor, found.asked)
    return []


# --- families ---------------------------------------------------------------------------------------------------------


def _families(actor: User, asked: Asked) -> Told:
    """Count a couple once where each names the other as her spouse and as a member here.

    The record of a spouse holds her name alone, so two couples of the same names cannot be told apart; and a spouse
    whom the question does not find, or whom the actor does not read, is nobody's half.
    """
    rows = asking.rows_of(actor, asked)
    columns = (rows.table.name, rows.table.uuid, rows.table.spouse_sealed)
    query = asking.selected(actor, asked, *columns, rows=rows, others=[BY_NAME["spouse"]])
    waiting: Counter[tuple[str, str]] = Counter()
    persons = couples = 0
    for name, uuid, sealed in db.session.execute(query):
        persons += 1
        spouse: dict[str, Any] = history.opened_one("spouse", sealed, uuid) or {}
        if not spouse.get("is_member_here") or not spouse.get("name"):
            continue
        if waiting[spouse["name"], name]:
            waiting[spouse["name"], name] -= 1
            couples += 1
        else:
            waiting[name, spouse["name"]] += 1
    note = f"双职工 {couples} 对各计一户；以双方互填配偶姓名、并填写“配偶是否本校会员”为是的为准，只在查到的人中核对"
    return Told("家庭（户）", persons - couples, note)


# --- the reasons of retained members ----------------------------------------------------------------------------------


def _reasons(actor: User, asked: Asked) -> list[Told]:
    """Count those found by the reason of their last change to 保留会籍 up to the day."""
    rows = asking.rows_of(actor, asked)
    people = asking.selected(actor, asked, rows.member_id.label("id"), rows=rows).subquery()
    change, any_change = MembershipChange, aliased(MembershipChange)
    last = (
        select(any_change.id)
        .where(any_change.member_id == people.c.id, any_change.kind == ChangeType.RETAINED)
        .where(any_change.on_date <= asked.day)
        .order_by(any_change.on_date.desc(), any_change.id.desc())
        .limit(1)
        .correlate(people)
        .scalar_subquery()
    )
    query = select(change.reason, func.count()).select_from(people).outerjoin(change, change.id == last)
    counted = {row[0]: row[1] for row in db.session.execute(query.group_by(change.reason))}
    told = [Told(reason.label, counted[reason]) for reason in ChangeReason if counted.get(reason)]
    return told + ([Told(EMPTY, counted[None], "没有写明原因")] if counted.get(None) else [])


# --- what a past day does not know ------------------------------------------------------------------------------------


def unknown_then(actor: User, asked: Asked) -> int:
    """Return how many had joined by the past day of the question, but have no record that reaches back to it."""
    if not asked.is_past:
        return 0
    known = select(MemberVersion.id).where(MemberVersion.member_id == Member.id, MemberVersion.valid_from <= asked.day)
    query = access.scoped(Member, actor, Permission.MEMBER_READ, func.count(Member.id))
    return db.session.scalar(query.where(Member.join_date <= asked.day, ~known.exists())) or 0
