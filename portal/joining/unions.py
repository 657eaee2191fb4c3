"""A city's unions, each with its one join code: found, counted, and handed out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from portal.core.calendar import today
from portal.core.db import apart, db, release
from portal.core.enums import LabelEnum
from portal.core.paging import Page, keyed
from portal.org import access
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import LISTED_ALONE, Permission

from . import codes
from .models import JoinCode

PER_PAGE = 50
LONGEST_TEXT = 100  # characters of a search
ADMINISTRATOR = LISTED_ALONE["unit_admins"]


class Lack(LabelEnum):
    """Which unions the list is cut to."""

    ADMINISTRATOR = "admin", "没有管理员"
    CODE = "code", "还没有二维码"


@dataclass(frozen=True)
class Row:
    """One union: how many administrators it has, and its live code."""

    unit: OrgUnit
    administrators: int
    code: JoinCode | None


def page(
    actor: User,
    *,
    q: str = "",
    lack: str = "",
    after: int | None = None,
    before: int | None = None,
    per_page: int = PER_PAGE,
) -> Page[Row]:
    """Return the page of unions behind the unit `after`, or in front of `before`, by code.

    `q` is a part of a name or the beginning of a code; `lack` a value of Lack.
    """
    query = _found(actor, q[:LONGEST_TEXT], lack)
    total = db.session.scalar(query.with_only_columns(func.count(OrgUnit.id))) or 0
    forward = before is None
    mark = after if forward else before
    own = access.scoped(OrgUnit, actor, Permission.JOINING_CODES, OrgUnit.code)
    place = db.session.execute(own.where(OrgUnit.id == mark)).one_or_none() if mark is not None else None
    found = keyed(query, [OrgUnit.code], place, total=total, forward=forward, per_page=per_page)
    return replace(found, rows=_rows(found.rows))


def _found(actor: User, q: str, lack: str) -> Select[Any]:
    query = access.scoped(OrgUnit, actor, Permission.JOINING_CODES)
    query = query.where(OrgUnit.approves_members, OrgUnit.accepts_members, OrgUnit.is_enabled)
    if q:
        query = query.where(
            or_(OrgUnit.name.contains(q, autoescape=True), OrgUnit.code.startswith(q.upper(), autoescape=True))
        )
    if lack == Lack.ADMINISTRATOR:
        query = query.where(OrgUnit.id.not_in(_administrators().with_only_columns(Grant.unit_id)))
    elif lack == Lack.CODE:
        query = query.where(OrgUnit.id.not_in(select(JoinCode.unit_id).where(JoinCode.revoked_at.is_(None))))
    return query


def _administrators() -> Select[Any]:
    """Return the query of the grants by which enabled accounts administer unions today."""
    holds = and_(Grant.starts <= today(), or_(Grant.ends.is_(None), Grant.ends >= today()), Grant.revoked_at.is_(None))
    query = select(Grant).join(Grant.user)
    return query.where(Grant.role == ADMINISTRATOR, Grant.lender_id.is_(None), holds, User.is_enabled)


def _rows(units: list[OrgUnit]) -> list[Row]:
    numbers = [unit.id for unit in units]
    counted = _administrators().with_only_columns(Grant.unit_id, func.count()).where(Grant.unit_id.in_(numbers))
    administrators = {row[0]: row[1] for row in db.session.execute(counted.group_by(Grant.unit_id))}
    live = select(JoinCode).where(JoinCode.unit_id.in_(numbers), JoinCode.revoked_at.is_(None))
    found = {code.unit_id: code for code in db.session.scalars(live)}
    return [Row(unit, administrators.get(unit.id, 0), found.get(unit.id)) for unit in units]


def code_of(actor: User, unit_id: int) -> JoinCode:
    """Return the one code of a union in the actor's scope, made first where it has none.

    The caller has no transaction that writes. Raises Absent, DomainError for a unit that has no code of its own.
    """
    codes.find_unit(actor, unit_id)
    live = select(JoinCode.id).where(JoinCode.unit_id == unit_id, JoinCode.revoked_at.is_(None))
    code_id = db.session.scalar(live)
    if code_id is None:
        release()
        with apart():
            code_id = codes.issue_code(actor, codes.find_unit(actor, unit_id)).id
    return codes.find_live(actor, code_id)
