"""Verbs of a congress: open one, plan its sessions, name its delegations, write down who came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, select

from portal.core import audit
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import rules
from .models import NAME_MOST, Attendance, Collecting, Congress, CongressSession, Delegate, Delegation, Present
from .models import SessionState as S

audit.name_acts({
    "congress.open": "建立教代会",
    "congress.session": "安排教代会会议",
    "congress.delegations": "设置代表团",
    "congress.attend": "登记签到",
})  # fmt: skip

SHORTEST, LONGEST = 365, 366 * 6  # days of a congress
GRACE_MOST = 30
DELEGATIONS_MOST = 99


# --- reading ----------------------------------------------------------------------------------------------------------


def congresses(actor: User) -> list[Congress]:
    """Return the congresses within the actor's scope, the latest first."""
    query = access.scoped(Congress, actor, P.CONGRESS_READ).order_by(Congress.starts.desc(), Congress.id.desc())
    return list(db.session.scalars(query))


def find(actor: User, congress_id: int, permission: P = P.CONGRESS_READ) -> Congress:
    """Return a congress within the actor's scope, locked if the request writes. Raises Absent."""
    found: Congress = access.fetch(Congress, congress_id, actor, permission)
    return found


def find_session(actor: User, session_id: int, permission: P = P.CONGRESS_READ) -> CongressSession:
    """Return a session within the actor's scope, locked if the request writes. Raises Absent."""
    found: CongressSession = access.fetch(CongressSession, session_id, actor, permission)
    return found


def unions(actor: User) -> list[OrgUnit]:
    """Return the unions for which the actor keeps congresses."""
    return access.tops(actor, P.CONGRESS_MANAGE)


def present(unit: OrgUnit, day: date | None = None) -> Congress | None:
    """Return the congress of a union that is in office on `day`, by default today."""
    day = day or today()
    query = select(Congress).where(Congress.unit_id == unit.id, Congress.starts <= day, Congress.ends >= day)
    return db.session.scalars(query.order_by(Congress.starts.desc())).first()


def collecting(congress: Congress, day: date | None = None) -> CongressSession | None:
    """Return the session that takes proposals on `day`, by default today, the grace included."""
    taking = (Collecting.OPEN, Collecting.GRACE)
    return next((one for one in congress.sessions if one.collecting(day) in taking), None)


# --- opening ----------------------------------------------------------------------------------------------------------


def begin(actor: User, unit_id: int, *, number: int, starts: date, ends: date) -> Congress:
    """Open a congress, with the settings of today as its rules. Raises Absent, DomainError under the input."""
    unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, P.CONGRESS_MANAGE)
    if not SHORTEST <= (ends - starts).days <= LONGEST:
        raise DomainError("一届教代会的任期应为一至六年，一般三年或五年，请核对", field="ends")
    others = list(db.session.scalars(select(Congress).where(Congress.unit_id == unit.id)))
    if any(one.number == number for one in others):
        raise DomainError(f"第 {number} 届已经建立，请核对届次", field="number")
    for one in others:
        if one.starts <= ends and starts <= one.ends:
            term = f"{show_date(one.starts)}至{show_date(one.ends)}"
            raise DomainError(f"与{one.title}的任期（{term}）重叠，请核对", field="starts")
    item = Congress(unit=unit, number=number, starts=starts, ends=ends, rules=rules.copied())
    db.session.add(item)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "congress.open", item, details={"rules": item.rules})
    return item


# --- sessions ---------------------------------------------------------------------------------------------------------


def plan(actor: User, congress_id: int, values: Mapping[str, Any]) -> CongressSession:
    """Add the next session of a congress. `values` as in `rearrange`. Raises Absent, DomainError under the input."""
    congress = find(actor, congress_id, P.CONGRESS_MANAGE)
    number = max((one.number for one in congress.sessions), default=0) + 1
    item = CongressSession(congress=congress, unit=congress.unit, number=number, state=S.PLANNED)
    with db.session.no_autoflush:  # a refusal leaves no half of it
        db.session.add(item)
        _arrange(item, values)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "congress.session", item, changes=_told(item, {}))
    return item


def rearrange(actor: User, session_id: int, values: Mapping[str, Any]) -> CongressSession:
    """Change day, place (`held_on`, `place`) and window (`collects_from`, `collects_until`, `grace_days`) of a session.

    Raises Absent, Conflict once it is over, DomainError under the input.
    """
    item = find_session(actor, session_id, P.CONGRESS_MANAGE)
    if item.state in (S.CLOSED, S.CANCELLED):
        raise Conflict(f"{item.title}{item.state.label}，不能再改")
    before = {name: getattr(item, name) for name in ARRANGED}
    _arrange(item, values)
    changes = _told(item, before)
    if changes:
        audit.record(actor, "congress.session", item, changes=changes)
    return item


ARRANGED = ("held_on", "place", "collects_from", "collects_until", "grace_days")


def _arrange(item: CongressSession, values: Mapping[str, Any]) -> None:
    held, first, last = values.get("held_on"), values.get("collects_from"), values.get("collects_until")
    congress = item.congress
    if held is not None and not congress.is_present(held):
        term = f"{show_date(congress.starts)}至{show_date(congress.ends)}"
        raise DomainError(f"开会日期不在本届任期（{term}）内，请核对", field="held_on")
    if (first is None) != (last is None):
        raise DomainError("征集期要填写开始和截止两个日期，或都不填", field="collects_until")
    if first is not None and last is not None:
        _check_window(item, first, last)
    grace = values.get("grace_days")
    item.held_on, item.collects_from, item.collects_until = held, first, last
    item.place = str(values.get("place") or "")
    item.grace_days = congress.rule("proposal_grace_days") if grace is None else int(grace)


def _check_window(item: CongressSession, first: date, last: date) -> None:
    if last < first:
        raise DomainError("征集截止日期早于开始日期，请核对", field="collects_until")
    for other in item.congress.sessions:
        if other is item or other.state is S.CANCELLED or other.collects_from is None or other.collects_until is None:
            continue
        if other.collects_from <= last and first <= other.collects_until:
            raise DomainError(f"与{other.title}的征集期重叠，请核对", field="collects_from")


def _told(item: CongressSession, before: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    pairs = {name: (str(before.get(name) or ""), str(getattr(item, name) or "")) for name in ARRANGED}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


# --- delegations ------------------------------------------------------------------------------------------------------


def name_delegations(actor: User, congress_id: int, names: Sequence[str]) -> list[Delegation]:
    """Let `names`, in their order, be the delegations of a congress, and return them.

    One that has delegates is kept under its name. Raises Absent, DomainError on `names`.
    """
    congress = find(actor, congress_id, P.CONGRESS_MANAGE)
    wanted = [name for name in (" ".join(one.split()) for one in names) if name]
    if len(wanted) > DELEGATIONS_MOST:
        raise DomainError(f"代表团最多 {DELEGATIONS_MOST} 个，请合并后再保存", field="names")
    for name in wanted:
        if len(name) > NAME_MOST:
            raise DomainError(f"代表团名称“{name[:20]}…”太长，最多 {NAME_MOST} 个字", field="names")
        if wanted.count(name) > 1:
            raise DomainError(f"代表团“{name}”写了不止一次，请核对", field="names")
    before = [one.name for one in congress.delegations]
    known = {one.name: one for one in congress.delegations}
    for name, one in known.items():
        if name not in wanted:
            if one.delegates:
                raise DomainError(f"{name}已有代表，不能去掉；请先把代表改到其他代表团", field="names")
            db.session.delete(one)
    for place, name in enumerate(wanted, 1):
        kept = known.get(name)
        if kept is None:
            db.session.add(Delegation(congress_id=congress.id, name=name, place=place))
        else:
            kept.place = place
    db.session.flush()  # in their new order
    db.session.expire(congress, ["delegations"])
    if before != wanted:
        audit.record(
            actor, "congress.delegations", congress, changes={"delegations": ("、".join(before), "、".join(wanted))}
        )
    return congress.delegations


# --- attendance -------------------------------------------------------------------------------------------------------


def attend(actor: User, session_id: int, *, present: Iterable[int], excused: Iterable[int]) -> None:
    """Write down who has come to a session and who is excused, by numbers of delegates; the others are absent.

    Raises Absent, also for a number that is no seat on that day; Conflict before it is called and once it is closed.
    """
    item = find_session(actor, session_id, P.CONGRESS_MANAGE)
    if item.state not in (S.CALLED, S.OPEN):
        raise Conflict(f"{item.title}{item.state.label}，不能登记签到")
    wanted = dict.fromkeys(excused, Present.EXCUSED) | dict.fromkeys(present, Present.PRESENT)
    seats = {
        one.id
        for one in db.session.scalars(
            select(Delegate).where(Delegate.congress_id == item.congress_id, Delegate.sitting(item.held_on or today()))
        )
    }
    if set(wanted) - seats:
        raise Absent
    before = {one.delegate_id: one for one in item.attendances}
    gone = [one.id for number, one in before.items() if wanted.get(number) is not one.present]
    if gone:
        db.session.execute(delete(Attendance).where(Attendance.id.in_(gone)))
    db.session.add_all(
        Attendance(session_id=item.id, delegate_id=number, present=how)
        for number, how in wanted.items()
        if number not in before or before[number].present is not how
    )
    db.session.flush()  # who came is read anew
    db.session.expire(item, ["attendances"])
    counts = {how.value: list(wanted.values()).count(how) for how in Present}
    audit.record(actor, "congress.attend", item, details=counts)
