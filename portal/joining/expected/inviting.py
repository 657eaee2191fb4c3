"""Personal links for those who have not applied yet: made, handed out, opened once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.core import audit, notices
from portal.core.calendar import now
from portal.core.db import db, release, writes
from portal.core.errors import Conflict, DomainError
from portal.joining import applying, links, receipts
from portal.joining.models import JoinCode
from portal.org import access
from portal.org.models import JoinForm, OrgUnit, User
from portal.org.permissions import Permission as P

from .matching import match_by_link, match_list
from .models import ExpectedList, ExpectedPerson, Standing
from .standing import people_of

audit.name_acts({"expected.invite": "生成入会邀请", "expected.remind": "提醒入会"})

NOBODY = "没有需要邀请的人：名单上的人都已申请"
CLOSED = "这个链接已使用、已过期或已停用，请联系所在工会"


@dataclass(frozen=True)
class Invitation:
    """What is handed to one person; its token is kept nowhere. `is_told` says that she got a 站内信 too."""

    person: ExpectedPerson
    token: str
    is_told: bool


def invite(actor: User, roll: ExpectedList, *, days: int = links.DAYS, unit: str = "") -> list[Invitation]:
    """Make a new link, good for `days`, for everyone in the actor's scope who has not applied; tell who can be told.

    Earlier links of these people close. `unit` cuts to the branch with this code. Raises DomainError where nobody is
    left, Conflict for a closed list.
    """
    if roll.closed_at is not None:
        raise Conflict("这份名单已停用，不能再邀请")
    match_list(roll)  # who has become a member by another way is not asked
    db.session.flush()  # what was just found counts below
    query = people_of(actor, ExpectedPerson, permission=P.JOINING_ENTER, standing=Standing.NOT_APPLIED, unit=unit)
    waiting = list(db.session.scalars(query.where(ExpectedPerson.list_id == roll.id).order_by(ExpectedPerson.id)))
    if not waiting:
        raise DomainError(NOBODY)
    accounts = _accounts([person.staff_no for person in waiting if person.staff_no])
    made = []
    for person in waiting:
        link, token = links.issue(actor, person.link, days=days)
        person.link = link
        person.reminders += 1
        person.reminded_at = now()
        account = accounts.get(person.staff_no or "")
        if account is not None:
            notices.tell([account.id], *_notice(person))
        made.append(Invitation(person, token, account is not None))
    is_first = all(person.reminders == 1 for person in waiting)
    audit.record(
        actor,
        "expected.invite" if is_first else "expected.remind",
        roll,
        details={"people": len(made), "told": sum(one.is_told for one in made), "days": days},
    )
    return made


def _accounts(staff_numbers: list[str]) -> dict[str, User]:
    """Return the enabled accounts whose names are these 工号."""
    query = select(User).where(User.username.in_(staff_numbers), User.is_enabled)
    return {user.username: user for user in db.session.scalars(query)}


def _notice(person: ExpectedPerson) -> tuple[str, str, str]:
    """Return title, text and address of the 站内信; the address is the branch's public one, never the personal."""
    code = db.session.scalars(
        select(JoinCode).where(JoinCode.unit_id == person.unit_id, JoinCode.revoked_at.is_(None))
    ).one_or_none()
    text = "请用发给您的个人链接，或扫描所在分工会的入会二维码，填写入会申请。"
    return "邀请您加入工会", text, f"/joining/apply/{code.token}" if code else ""


# --- the person's side ------------------------------------------------------------------------------------------------


def opened(token: str, *, locked: bool = False) -> ExpectedPerson | None:
    """Return whom an open link belongs to; None for one that is unknown, used, expired or closed."""
    link = links.find(token, locked=locked)
    if link is None or not link.is_open:
        return None
    query = select(ExpectedPerson).where(ExpectedPerson.link_id == link.id)
    person = db.session.scalars(query).one_or_none()
    if person is None or person.removed_at is not None or person.roll.closed_at is not None:
        return None
    return person


def branches(person: ExpectedPerson) -> list[OrgUnit]:
    """Return the units that she may apply to by her link: her branch, else all below the list's unit."""
    top = person.unit
    if top.accepts_members and top.is_enabled:
        return [top]
    below = select(OrgUnit).where(top.subtree, OrgUnit.accepts_members, OrgUnit.is_enabled)
    return list(db.session.scalars(below.order_by(OrgUnit.code)))


def branch_of(person: ExpectedPerson, code: str) -> OrgUnit | None:
    """Return the unit that she applies to: the only one, or the one with this code; None where she has to choose."""
    units = branches(person)
    return units[0] if len(units) == 1 else next((unit for unit in units if unit.code == code), None)


def filled(person: ExpectedPerson, form: JoinForm) -> dict[str, object]:
    """Return what the list knows of her, for the inputs of `form`."""
    known: dict[str, object] = {"name": person.name}
    if form is JoinForm.FULL:
        known |= {"staff_no": person.staff_no, "department": person.department}
    return {name: value for name, value in known.items() if value}


def sent_before(form_key: str) -> str | None:
    """Return the receipt code of a form that has come already, None for a new one."""
    return receipts.code_from(form_key) if form_key and receipts.is_given(form_key) else None


def accept(
    token: str,
    unit_code: str,
    form_key: str,
    values: Mapping[str, Any],
    *,
    consented: bool,
    sensitive_consented: bool,
    photo: str = "",
) -> str:
    """Send the form behind the personal link `token`, which opens nothing afterwards, and return the receipt code.

    As `applying.submit`; the same form sent again returns the same code.
    """
    release()
    writes()
    person = opened(token, locked=True)
    if person is None:
        again = sent_before(form_key)  # by a second click, while the first was on its way
        if again is None:
            raise DomainError(CLOSED)
        return again
    unit = branch_of(person, unit_code)
    if unit is None or person.link is None:
        raise DomainError("请选择您所在的分工会")
    code = applying.apply_to(
        unit, form_key, values, consented=consented, sensitive_consented=sensitive_consented, photo=photo
    )
    person.link.used_at = now()
    match_by_link(receipts.find(code).application, person)
    return code


def in_reach(actor: User, roll: ExpectedList) -> bool:
    """Whether the actor may invite anyone on the list."""
    mine = access.scoped(ExpectedPerson, actor, P.JOINING_ENTER, ExpectedPerson.id)
    return db.session.scalars(mine.where(ExpectedPerson.list_id == roll.id).limit(1)).first() is not None
