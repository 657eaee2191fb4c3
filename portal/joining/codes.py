"""Join codes: the address behind the QR picture on a unit's poster, and how far people come by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import db, later
from portal.core.errors import Conflict, DomainError
from portal.org import access
from portal.org.models import JoinForm, OrgUnit, User
from portal.org.permissions import Permission

from .models import Application, ApplicationState, CodeDay, JoinCode

audit.name_acts({"joining.code": "生成入会码", "joining.revoke": "停用入会码", "joining.renew": "更换入会码"})

TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
REASON_MOST = 200  # characters
DAYS_SHOWN = 30
LINES_PER_PAGE = 50


# --- issue, revoke, renew -------------------------------------------------------------------------------------------


def issue_code(actor: Actor, unit: OrgUnit) -> JoinCode:
    """Return the live code of `unit`, a new one if it has none. Raises DomainError if the unit has none of its own."""
    if not (unit.accepts_members and unit.is_enabled):
        raise DomainError(f"{unit.name}不直接接收会员，或已停用，不能生成入会码")
    if not has_code(unit):
        raise DomainError(
            f"{unit.name}不设入会码：每个基层工会只有一个二维码，请使用{access.approving_unit(unit).name}的"
        )
    live = db.session.scalars(
        select(JoinCode).where(JoinCode.unit_id == unit.id, JoinCode.revoked_at.is_(None))
    ).one_or_none()
    if live is not None:
        return live
    code = JoinCode(unit=unit, unit_id=unit.id, created_by=actor.id)
    db.session.add(code)
    audit.record(actor, "joining.code", code)
    return code


def has_code(unit: OrgUnit) -> bool:
    """Whether the unit has a code of its own: whatever takes members in a school, in a city each union alone."""
    return unit.accepts_members and unit.is_enabled and (unit.approves_members or not access.in_city(unit))


def revoke(actor: Actor, code: JoinCode, *, reason: str) -> None:
    """Let a code open nothing from now on; what came by it stays. Raises DomainError without a reason, Conflict."""
    _close(code, reason)
    audit.record(actor, "joining.revoke", code, reason=reason)


def renew(actor: Actor, code: JoinCode, *, reason: str) -> JoinCode:
    """Revoke a code and return the one that its unit has instead.

    Raises DomainError without a reason or where the unit takes no members, Conflict where somebody was faster.
    """
    _close(code, reason)
    db.session.flush()  # a unit has one live code, so the old one goes first
    new = issue_code(actor, code.unit)
    audit.record(actor, "joining.renew", code, reason=reason, details={"code": new.id})
    return new


def _close(code: JoinCode, reason: str) -> None:
    if not reason:
        raise DomainError("请填写原因", field="reason")
    if code.revoked_at is not None:
        raise Conflict("这个入会码已经停用，请返回刷新后查看")
    code.revoked_at = now()


# --- one code -------------------------------------------------------------------------------------------------------


def open_code(token: str, *, locked: bool = False) -> JoinCode | None:
    """Return the code that a scanned address names, None if it is unknown, revoked, or its unit takes nobody.

    `locked` lets the forms sent to one code wait for each other.
    """
    if not TOKEN.fullmatch(token):
        return None  # not every text is one that a database can compare
    query = select(JoinCode).where(JoinCode.token == token, JoinCode.revoked_at.is_(None))
    if locked:
        query = query.with_for_update(of=JoinCode)
    code = db.session.scalars(query).one_or_none()
    return code if code is not None and code.is_open else None


def form_of(unit: OrgUnit) -> JoinForm:
    """Return what the unit's form asks: its own setting, else that of the nearest unit above, else everything."""
    return next((above.join_form for above in access.upward(unit) if above.join_form is not None), JoinForm.FULL)


def find_code(actor: User, code_id: int) -> JoinCode:
    """Return a code in the actor's scope, revoked or not, locked if the request writes. Raises Absent."""
    code: JoinCode = access.fetch(JoinCode, code_id, actor, Permission.JOINING_CODES)
    return code


def find_live(actor: User, code_id: int) -> JoinCode:
    """Return a code in the actor's scope that opens its form. Raises Absent, Conflict for one that opens nothing."""
    code = find_code(actor, code_id)
    if not code.is_open:
        raise Conflict("这个入会码已经停用，或单位已不接收会员，请返回刷新后查看")
    return code


def find_unit(actor: User, unit_id: int) -> OrgUnit:
    """Return a unit for which the actor may issue a code. Raises Absent."""
    unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, Permission.JOINING_CODES)
    return unit


def live_codes(actor: User) -> list[JoinCode]:
    """Return the codes in the actor's scope that open their forms, by the codes of their units."""
    query = access.scoped(JoinCode, actor, Permission.JOINING_CODES).where(JoinCode.revoked_at.is_(None))
    return sorted((code for code in db.session.scalars(query) if code.is_open), key=lambda code: code.unit.code)


# --- how far people come --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Funnel:
    """How often codes were opened, how many forms were begun and submitted, how many of these are approved.

    `submitted` and `approved` count applications that the actor may read, `elsewhere` those that have gone to a unit
    beyond; they are None for someone who reads no applications.
    """

    opened: int = 0
    begun: int = 0
    submitted: int | None = 0
    approved: int | None = 0
    elsewhere: int | None = 0

    def __add__(self, other: Funnel) -> Funnel:
        return Funnel(
            self.opened + other.opened,
            self.begun + other.begun,
            _sum(self.submitted, other.submitted),
            _sum(self.approved, other.approved),
            _sum(self.elsewhere, other.elsewhere),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


@dataclass(frozen=True)
class Line:
    """A unit with one of its codes, or with none while it takes members."""

    unit: OrgUnit
    code: JoinCode | None
    funnel: Funnel


@dataclass(frozen=True)
class Board:
    """One page of the units and their codes; `total` counts the lines of all pages, `funnel` adds them up."""

    lines: list[Line]
    total: int
    funnel: Funnel
    page: int
    pages: int


def board(actor: User, *, name: str = "", page: int = 1) -> Board:
    """Return page `page` (from 1) of the codes in the actor's scope, the revoked ones too, and units without one.

    In the order of the units' codes, the newest code of a unit first; `name` is a part of the unit's name or code.
    """
    numbers = _numbers(actor)
    codes = list(db.session.scalars(access.scoped(JoinCode, actor, Permission.JOINING_CODES)))
    lines = [Line(code.unit, code, numbers.get(code.id, _none_yet(actor))) for code in codes]
    served = {code.unit_id for code in codes if code.revoked_at is None}
    lines += [
        Line(unit, None, _none_yet(actor))
        for unit in access.units(actor, Permission.JOINING_CODES)
        if has_code(unit) and unit.id not in served
    ]
    lines = [line for line in lines if name in line.unit.name or name == line.unit.code]
    lines.sort(key=lambda line: (line.unit.code, line.code is not None, -line.code.id if line.code else 0))
    pages = max(1, -(-len(lines) // LINES_PER_PAGE))
    page = min(max(page, 1), pages)
    first = (page - 1) * LINES_PER_PAGE
    whole = sum((line.funnel for line in lines), _none_yet(actor))
    return Board(lines[first : first + LINES_PER_PAGE], len(lines), whole, page, pages)


def funnel_of(actor: User, code: JoinCode) -> Funnel:
    """Return the numbers of one code."""
    return _numbers(actor, code.id).get(code.id, _none_yet(actor))


def days_of(code: JoinCode) -> list[CodeDay]:
    """Return the code's days of the last 30 on which it was opened, the latest first."""
    since: date = today() - timedelta(days=DAYS_SHOWN)
    query = select(CodeDay).where(CodeDay.code_id == code.id, CodeDay.day > since).order_by(CodeDay.day.desc())
    return list(db.session.scalars(query))


def _none_yet(actor: User) -> Funnel:
    return Funnel() if actor.holds(Permission.JOINING_READ) else Funnel(0, 0, None, None, None)


def _numbers(actor: User, code_id: int | None = None) -> dict[int, Funnel]:
    """Return the numbers of every code in the actor's scope, or of one; applications as the list of them counts."""
    codes = access.scoped(JoinCode, actor, Permission.JOINING_CODES, JoinCode.id)
    if code_id is not None:
        codes = codes.where(JoinCode.id == code_id)
    visits = select(CodeDay.code_id, func.sum(CodeDay.opened), func.sum(CodeDay.begun))
    found = {
        one: Funnel(opened, begun) + _none_yet(actor)
        for one, opened, begun in db.session.execute(visits.where(CodeDay.code_id.in_(codes)).group_by(CodeDay.code_id))
    }
    if not actor.holds(Permission.JOINING_READ):
        return found
    sent = (Application.code_id.in_(codes), Application.state != ApplicationState.DRAFT)
    wide = select(JoinCode.id, func.count()).join(Application, Application.code_id == JoinCode.id).where(*sent)
    approved = func.count().filter(Application.state == ApplicationState.APPROVED)
    seen = access.scoped(Application, actor, Permission.JOINING_READ, Application.code_id, func.count(), approved)
    for one, number in db.session.execute(wide.group_by(JoinCode.id)):
        found[one] = found.get(one, Funnel()) + Funnel(elsewhere=number)
    for one, number, good in db.session.execute(seen.where(*sent).group_by(Application.code_id)):
        found[one] += Funnel(submitted=number, approved=good, elsewhere=-number)
    return found


def count_opening(code_id: int) -> None:
    """Count one more opening of a code today, once the request has ended."""
    later(_count, code_id, 1, 0)


def count_beginning(code_id: int) -> None:
    """Count one more form sent for the first time today, once the request has ended, also if it is refused."""
    later(_count, code_id, 0, 1)


def _count(code_id: int, opened: int, begun: int) -> None:
    """Add to the numbers of a code's present day. Many may do it at once; none is lost."""
    here = (CodeDay.code_id == code_id, CodeDay.day == today())
    values = {"opened": CodeDay.opened + opened, "begun": CodeDay.begun + begun}
    step = update(CodeDay).where(*here).values(values).returning(CodeDay.code_id)
    if db.session.scalar(step, execution_options={"synchronize_session": False}) is None:
        try:
            with db.session.begin_nested():
                row = {"code_id": code_id, "day": today(), "opened": opened, "begun": begun}
                db.session.execute(insert(CodeDay).values(row))
        except IntegrityError:  # someone else has just begun the same day
            db.session.execute(step, execution_options={"synchronize_session": False})
