"""Verbs about candidates for automatic leaving (《中国工会章程》: 六个月不交纳会费、不参加组织生活，经教育拒不改正).

Nothing happens by itself: a branch notes that it has warned the member, the union proposes, its chair decides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from portal.core import audit
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import DomainError, Forbidden
from portal.members import hanging
from portal.members.models import Member
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .. import service as standing
from ..dues import owing
from ..dues.owing import LEAVES_AFTER, Account, Book
from ..models import OPEN, ChangeKind, StandingChange
from ..service import Wanted
from .models import NOTE_MOST, LeavingWarning, WarningKind

audit.name_acts({"leaving.warn": "登记会费催告"})

PER_PAGE = 50


@dataclass(frozen=True)
class Candidate:
    """Somebody who owes six months or more; `warning` is the last since she stopped paying."""

    member: Member
    account: Account
    warning: LeavingWarning | None
    may_warn: bool
    may_propose: bool


def _is_candidate(books: Collection[Book]) -> ColumnElement[bool]:
    each = [and_(owing.below(book.union), owing.owes(book, LEAVES_AFTER)) for book in books]
    under_way = exists().where(StandingChange.member_id == Member.id, StandingChange.state.in_(OPEN))
    return and_(or_(*each), ~under_way) if each else Member.id.in_([])


def candidates(actor: User, *, page: int = 1) -> tuple[list[Candidate], int]:
    """Return a page of the candidates in the actor's scope, who paid longest ago first, and how many there are.

    Whose membership is under way of a change is none.
    """
    query = access.scoped(Member, actor, P.STANDING_READ).where(_is_candidate(owing.books(actor)))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(*owing.longest_first()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    found = list(db.session.scalars(ordered))
    accounts = owing.accounts(found)
    return [_candidate(actor, member, accounts[member.id]) for member in found], total


def find(actor: User, member_id: int, permission: P = P.STANDING_READ) -> Candidate:
    """Return a candidate in scope of `permission`, locked if the request writes. Raises Absent, also for nobody such.

    Raises Forbidden for oneself.
    """
    member: Member = access.fetch(Member, member_id, actor, permission)
    if member.user_id == actor.id:
        raise Forbidden(standing.OWN)
    return _candidate(actor, member, owing.account_of(member))


def _candidate(actor: User, member: Member, account: Account) -> Candidate:
    warning = _last_warning(member, account)
    is_other = member.user_id != actor.id
    union = access.approving_unit(member.unit)
    return Candidate(
        member, account, warning,
        may_warn=is_other and actor.may(P.STANDING_ASK, member.unit),
        may_propose=is_other and warning is not None and actor.may(P.STANDING_ASK, union),
    )  # fmt: skip


def _last_warning(member: Member, account: Account) -> LeavingWarning | None:
    """Return the last warning since the last month paid: one of before has been heeded."""
    query = select(LeavingWarning).where(LeavingWarning.member_id == member.id)
    if account.paid_until is not None:
        query = query.where(LeavingWarning.on >= owing.plus(account.paid_until, 1))
    return db.session.scalars(query.order_by(LeavingWarning.on.desc(), LeavingWarning.id.desc()).limit(1)).first()


def _check(candidate: Candidate) -> None:
    if candidate.account.owed < LEAVES_AFTER:
        raise DomainError(f"{candidate.member.name}没有连续 {LEAVES_AFTER} 个月欠交会费，不属于自动退会的情形")


def warn(actor: User, member_id: int, *, kind: str, on: date, note: str = "") -> LeavingWarning:
    """Note down that the member was warned on the day `on`; `kind` is a value of WarningKind.

    Raises Absent, Forbidden for oneself, DomainError on `kind`, `on` (after today, or before she stopped paying) or
    `note`.
    """
    candidate = find(actor, member_id, P.STANDING_ASK)
    _check(candidate)
    if kind not in list(WarningKind):
        raise DomainError("请选择谈话或书面催告", field="kind")
    if on > today():
        raise DomainError("日期不能晚于今天，请核对", field="on")
    paid = candidate.account.paid_until
    if paid is not None and on < owing.plus(paid, 1):
        raise DomainError(f"会费交到了{paid.year}年{paid.month}月，催告应在这以后", field="on")
    text = " ".join(note.split())
    if len(text) > NOTE_MOST:
        raise DomainError(f"说明最多 {NOTE_MOST} 个字，请缩短", field="note")
    member = candidate.member
    item = LeavingWarning(
        unit_id=member.unit_id, member=member, kind=WarningKind(kind), on=on, note=text, made_by=actor.id,  # type: ignore[call-arg]  # by its value alone
    )  # fmt: skip
    db.session.add(item)
    audit.record(actor, "leaving.warn", item, details={"on": on.isoformat()})
    return item


def propose(actor: User, member_id: int, *, situation: str) -> StandingChange:
    """Propose that the membership lapses, for the chair to decide, and return the item.

    `situation` says what is known of her union life. Raises Absent, Forbidden; DomainError for somebody who owes less
    or was not warned, and on `situation`; Conflict where something is under way.
    """
    candidate = find(actor, member_id, P.STANDING_ASK)
    _check(candidate)
    warning = candidate.warning
    if warning is None:
        raise DomainError("还没有登记谈话或书面催告，请先由分工会谈话、登记后再提出")
    if not situation.strip():
        raise DomainError("请写明参加工会活动的情况", field="situation")
    owed = f"连续 {candidate.account.owed} 个月未交会费；{warning.kind.label}：{show_date(warning.on)}"
    facts = {"warned_on": warning.on.isoformat(), "note": f"{owed}。{situation.strip()}"}
    return standing.ask(actor, Wanted(candidate.member, ChangeKind.LAPSE, today(), facts))


def warnings_of(member: Member) -> list[LeavingWarning]:
    """Return what was ever noted down about the member, the latest first."""
    query = select(LeavingWarning).where(LeavingWarning.member_id == member.id)
    return list(db.session.scalars(query.order_by(LeavingWarning.on.desc(), LeavingWarning.id.desc())))


hanging.follows("催告记录", LeavingWarning, key=("kind", "on"))
