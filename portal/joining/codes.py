"""Join codes: the address behind the QR picture on a unit's poster."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.actors import Actor
from portal.core.calendar import today
from portal.core.db import db, later
from portal.core.errors import DomainError
from portal.org import access
from portal.org.models import JoinForm, OrgUnit, User
from portal.org.permissions import Permission

from .models import CodeDay, JoinCode

audit.name_acts({"joining.code": "生成入会码"})


@dataclass(frozen=True)
class Poster:
    """A unit that takes members, and its code if it has one."""

    unit: OrgUnit
    code: JoinCode | None


def issue_code(actor: Actor, unit: OrgUnit) -> JoinCode:
    """Return the live code of `unit`, a new one if it has none. Raises DomainError if the unit takes no members."""
    if not (unit.accepts_members and unit.is_enabled):
        raise DomainError(f"{unit.name}不直接接收会员，或已停用，不能生成入会码")
    live = db.session.scalars(
        select(JoinCode).where(JoinCode.unit_id == unit.id, JoinCode.revoked_at.is_(None))
    ).one_or_none()
    if live is not None:
        return live
    code = JoinCode(unit=unit, unit_id=unit.id, created_by=actor.id)
    db.session.add(code)
    audit.record(actor, "joining.code", code)
    return code


def open_code(token: str, *, locked: bool = False) -> JoinCode | None:
    """Return the code that a scanned address names, None if it is unknown, revoked, or its unit takes nobody.

    `locked` lets the forms sent to one code wait for each other.
    """
    query = select(JoinCode).where(JoinCode.token == token, JoinCode.revoked_at.is_(None))
    if locked:
        query = query.with_for_update(of=JoinCode)
    code = db.session.scalars(query).one_or_none()
    if code is None or not (code.unit.is_enabled and code.unit.accepts_members):
        return None
    return code


def form_of(unit: OrgUnit) -> JoinForm:
    """Return what the unit's form asks: its own setting, else that of the nearest unit above, else everything."""
    return next((above.join_form for above in access.upward(unit) if above.join_form is not None), JoinForm.FULL)


def posters(actor: User) -> list[Poster]:
    """Return the units in the actor's scope that take members, by their codes in the tree, with their join codes."""
    query = access.scoped(JoinCode, actor, Permission.JOINING_CODES).where(JoinCode.revoked_at.is_(None))
    codes = {code.unit_id: code for code in db.session.scalars(query)}
    return [
        Poster(unit, codes.get(unit.id))
        for unit in sorted(access.units(actor, Permission.JOINING_CODES), key=lambda unit: unit.code)
        if unit.accepts_members and unit.is_enabled
    ]


def find_code(actor: User, code_id: int) -> JoinCode:
    """Return a code in the actor's scope. Raises Absent."""
    code: JoinCode = access.fetch(JoinCode, code_id, actor, Permission.JOINING_CODES)
    return code


def find_unit(actor: User, unit_id: int) -> OrgUnit:
    """Return a unit for which the actor may issue a code. Raises Absent."""
    unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, Permission.JOINING_CODES)
    return unit


# --- how far people come --------------------------------------------------------------------------------------------


def count_opening(code: JoinCode) -> None:
    """Count one more opening of a code today, once the request has ended."""
    later(_count, code.id, 1, 0)


def count_beginning(code: JoinCode) -> None:
    """Count one more form sent for the first time today, once the request has ended, also if it is refused."""
    later(_count, code.id, 0, 1)


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
