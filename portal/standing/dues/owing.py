"""Until when a member has paid, and what she owes: by months, never by amounts.

What counts are whole months after the last one paid, after the one in which she joined or her membership came back, and
after the one before the union's first sheet, up to the last month that is over and that a sheet is about. So nobody
owes what nobody has kept books of; who is retained owes nothing, and begins anew when she comes back. Sheets know
people by 工号 alone: whoever has none cannot stand on one, and owes nothing that anyone could know of.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from portal.core.calendar import ONE_DAY, today
from portal.core.db import db
from portal.members.enums import ChangeType, MembershipStatus
from portal.members.models import Member, MembershipChange
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import DuesPaid, DuesSheet

LEAVES_AFTER = 6  # months in a row without dues (《中国工会章程》: 六个月不交纳会费)
_COMING = (ChangeType.JOINED, ChangeType.TRANSFERRED_IN, ChangeType.RESTORED)


@dataclass(frozen=True)
class Book:
    """What a union's sheets are about, from month to month (first days); `until` is over already."""

    union: OrgUnit
    since: date
    until: date


def months_between(month: date, later: date) -> int:
    """Return how many months `later` lies after `month`; negative where it is before."""
    return (later.year - month.year) * 12 + later.month - month.month


def plus(month: date, number: int) -> date:
    """Return the first day of the month `number` months after that of `month`; before it for a negative one."""
    count = month.year * 12 + month.month - 1 + number
    return date(count // 12, count % 12 + 1, 1)


# --- books ------------------------------------------------------------------------------------------------------------


def book_of(union: OrgUnit) -> Book | None:
    """Return the book of a union, None where no sheet stands.

    It begins with the first sheet that was recorded, and ends with the last month of any, or the last that is over.
    """
    stands = select(DuesSheet).where(
        DuesSheet.unit_id == union.id, DuesSheet.stands(), DuesSheet.first_month.is_not(None)
    )
    first = db.session.scalars(stands.order_by(DuesSheet.recorded_at, DuesSheet.id).limit(1)).first()
    if first is None or first.first_month is None:
        return None
    last = db.session.scalar(select(func.max(stands.subquery().c.last_month)))
    over = (today().replace(day=1) - ONE_DAY).replace(day=1)
    return Book(union, first.first_month, min(last or first.first_month, over))


def books(actor: User) -> list[Book]:
    """Return the books of the unions whose members, or some of them, the actor reads; by the unions' codes."""
    above = {unit.id for top in access.tops(actor, P.MEMBER_READ) for unit in access.upward(top)}
    kept = select(DuesSheet.unit_id).where(DuesSheet.stands())
    query = select(OrgUnit).where(
        OrgUnit.id.in_(kept), or_(access.in_scope(OrgUnit, actor, P.MEMBER_READ), OrgUnit.id.in_(above))
    )
    found = [book_of(union) for union in db.session.scalars(query.order_by(OrgUnit.code))]
    return [book for book in found if book is not None]


# --- one member -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """Until when somebody has paid (None: never), and how many months she owes; 0 where nothing is kept.

    `is_kept` says that sheets can know her at all.
    """

    paid_until: date | None
    owed: int
    is_kept: bool = True


def account_of(member: Member) -> Account:
    """Return the account of a member."""
    return accounts([member])[member.id]


def accounts(members: Collection[Member]) -> dict[int, Account]:
    """Return the account of each member, by number."""
    numbers = [member.id for member in members]
    paid, came = _last_paid(numbers), _last_came(numbers)
    kept: dict[int, Book | None] = {}
    found = {}
    for member in members:
        union = access.approving_unit(member.unit)
        if union.id not in kept:
            kept[union.id] = book_of(union)
        last = paid.get(member.id)
        owed = _owed(member, kept[union.id], last, came.get(member.id))
        found[member.id] = Account(last, owed, member.staff_no is not None)
    return found


def _owed(member: Member, book: Book | None, paid: date | None, came: date | None) -> int:
    if book is None or member.staff_no is None or member.membership_status != MembershipStatus.ACTIVE.value:
        return 0
    known = [one for one in (paid, member.join_date, came) if one is not None]
    return max(0, months_between(max([plus(book.since, -1), *known]), book.until))


def _last_paid(numbers: Collection[int]) -> dict[int, date]:
    mine = DuesPaid.member_id.in_(numbers)
    query = select(DuesPaid.member_id, func.max(DuesPaid.month)).where(mine).group_by(DuesPaid.member_id)
    return {row[0]: row[1] for row in db.session.execute(query)}


def _last_came(numbers: Collection[int]) -> dict[int, date]:
    mine = MembershipChange.member_id.in_(numbers) & MembershipChange.kind.in_(_COMING)
    last = func.max(MembershipChange.on_date)
    query = select(MembershipChange.member_id, last).where(mine).group_by(MembershipChange.member_id)
    return {row[0]: row[1] for row in db.session.execute(query)}


# --- many members -----------------------------------------------------------------------------------------------------


def owes(book: Book, months: int) -> ColumnElement[bool]:
    """Return the condition that a member of the union owes at least `months` (1 or more)."""
    latest = plus(book.until, -months)  # whatever the count begins after lies in this month, or before
    after = plus(latest, 1)
    if plus(book.since, -1) > latest:
        return Member.id.in_([])
    return and_(
        Member.membership_status == MembershipStatus.ACTIVE.value,
        Member.staff_no.is_not(None),
        or_(Member.join_date.is_(None), Member.join_date < after),
        ~exists().where(DuesPaid.member_id == Member.id, DuesPaid.month >= after),
        ~exists().where(
            MembershipChange.member_id == Member.id,
            MembershipChange.kind.in_(_COMING),
            MembershipChange.on_date >= after,
        ),
    )


def below(unit: OrgUnit) -> ColumnElement[bool]:
    """Return the condition that a member is of the unit or below."""
    inside = select(OrgUnit.id).where(unit.subtree)
    return Member.unit_id.in_(inside)


def longest_first() -> list[Any]:
    """Return the order of a list of members: whose last month paid is the earliest first, who never paid before all."""
    last = select(func.max(DuesPaid.month)).where(DuesPaid.member_id == Member.id).scalar_subquery()
    return [case((last.is_(None), 0), else_=1), last, Member.name_pinyin, Member.id]
