"""What is shown of dues: lists for those who read members, a line on the member's page, amounts behind a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select

from portal.core.db import db
from portal.members import beside, history, sight
from portal.members import service as members
from portal.members.beside import Beside
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import owing, service
from .formula import dues, step
from .models import DuesPaid
from .owing import Account, Book

PER_PAGE = 50


def month_words(month: date | None) -> str:
    """Return 「2026年9月」, or nothing for no month."""
    return f"{month.year}年{month.month}月" if month else ""


def word(account: Account) -> str:
    """Return what a branch reads of an account: 已交, or how many months are owed."""
    if account.owed:
        return f"欠交 {account.owed} 个月"
    return "已交" if account.is_kept else "没有工号，无法核对"


# --- the list ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A member on the list; `until` is empty for whoever reads only whether she has paid."""

    member: Member
    account: Account
    until: str
    opens: bool  # whether the actor may look at her months


def people(actor: User, book: Book, *, unit: str = "", months: int = 0, page: int = 1) -> tuple[list[Row], int]:
    """Return a page of the union's members in the actor's scope, those who paid longest ago first, and how many.

    `unit` is the code of a unit (it and what is below), `months` how many are owed at least.
    """
    query = access.scoped(Member, actor, P.MEMBER_READ).where(
        Member.membership_status == MembershipStatus.ACTIVE.value, owing.below(book.union)
    )
    if months > 0:
        query = query.where(owing.owes(book, months))
    if unit:
        top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == unit)).one_or_none()
        query = query.where(owing.below(top) if top is not None else Member.id.in_([]))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(*owing.longest_first()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    found = list(db.session.scalars(ordered))
    accounts = owing.accounts(found)
    return [_row(actor, member, accounts[member.id]) for member in found], total


def _row(actor: User, member: Member, account: Account) -> Row:
    reads = actor.may(P.MEMBER_SALARY, member.unit)
    until = month_words(account.paid_until) or "没有登记" if reads else ""
    return Row(member, account, until, reads and member.user_id != actor.id)


# --- the member's page ------------------------------------------------------------------------------------------------


def on_page(actor: User, member: Member) -> list[Beside]:
    """Return the line about dues on a member's page: she reads until when, her branch only whether."""
    if owing.book_of(access.approving_unit(member.unit)) is None:
        return []
    if member.membership_status == MembershipStatus.RETAINED.value:
        return [Beside("会费", "保留会籍期间不用交会费")]
    account = owing.account_of(member)
    if member.user_id == actor.id:
        return [Beside("会费交至", month_words(account.paid_until) or "还没有登记")]
    if not actor.may(P.MEMBER_SALARY, member.unit):
        return [Beside("会费", word(account))]
    until = f"交至{month_words(account.paid_until)}" if account.paid_until else "没有登记"
    return [Beside("会费", f"{word(account)}（{until}）", "dues.member")]


beside.declare(on_page)


# --- amounts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Amounts:
    """What a member is to pay in a month (None: her base is not known), and what she has paid, month by month."""

    due: Decimal | None
    paid: list[tuple[DuesPaid, str]]


def amounts(actor: User, member_id: int, *, reason: str) -> Amounts:
    """Leave the trace of a look at the member's salary, then return what follows from it.

    Raises Absent, Forbidden; DomainError on `reason` where it is too short.
    """
    member = service.member_for(actor, member_id)
    members.reveal(actor, member, sight.SALARY, reason=reason)
    base = history.value_of(member, sight.SALARY)
    due = None if base is None else dues(Decimal(str(base)), step())
    return Amounts(due, [(row, row.amount or "") for row in service.paid_by(member)])
