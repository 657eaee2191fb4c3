"""Who is about to retire, by the personnel office's date or by the formula, and what to think of before she does."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select

from portal.core.calendar import today
from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.core.kinds.operators import Operator
from portal.members import many, retirement, sight
from portal.members.catalogue import FIELD
from portal.members.enums import EmploymentForm, FamilyPlanning, MembershipStatus
from portal.members.models import Member, UnionPost
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.query import derived

from ..models import OPEN, StandingChange

PER_PAGE = 50
MONTHS, MONTHS_MOST = 3, 24  # how far the list looks ahead
SOON = 1  # month, within which the papers may begin
BY_OFFICE = "人事日期"
CERTIFICATE = "family_planning"
_DECIDING = (
    Member.id, Member.retire_date_hr, Member.birth_date, Member.retire_track, Member.sex, Member.title_level,
    Member.admin_rank, Member.post_category, Member.name_pinyin, Member.unit_id,
)  # fmt: skip


class Order(LabelEnum):
    """The orders of the list."""

    DATE = "date", "拟退休日期"
    NAME = "name", "姓名（拼音）"
    UNIT = "unit", "分工会"


@dataclass(frozen=True)
class When:
    """The day on which somebody is to retire, and what it comes from."""

    on: date
    basis: str


@dataclass(frozen=True)
class Row:
    """Someone on the list; `has_certificate` is only said to who reads the family, `posts` go beyond the day."""

    member: Member
    when: When
    is_overdue: bool
    has_certificate: bool
    posts: tuple[str, ...]
    may_ask: bool


def predicted(row: Any) -> When | None:
    """Return when a member, or any row with the columns that decide it, is to retire; None where nobody can tell.

    The personnel office's date wins. The formula gives a month; the day in it is that of the birth, on which the age
    is reached, or the last of a shorter month.
    """
    if row.retire_date_hr is not None:
        return When(row.retire_date_hr, BY_OFFICE)
    rule = retirement.track_of(
        track=row.retire_track, sex=row.sex, title_level=row.title_level, admin_rank=row.admin_rank,
        post_category=row.post_category,
    )  # fmt: skip
    if rule is None or row.birth_date is None:
        return None
    month = retirement.month_of(row.birth_date, rule)
    last = monthrange(month.year, month.month)[1]
    return When(month.replace(day=min(row.birth_date.day, last)), f"{rule.label}起算")


def last_month(months: int) -> date:
    """Return the first day of the last month that a list of so many months ahead looks at."""
    here = today()
    count = here.year * 12 + here.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def is_due(months: int) -> ColumnElement[bool]:
    """Return the condition of those who are to retire within `months` or are overdue, and nothing is under way.

    Who has retired and works again (返聘) is none of them.
    """
    return and_(
        Member.membership_status == MembershipStatus.ACTIVE.value,
        or_(Member.employment_form.is_(None), Member.employment_form != EmploymentForm.REHIRED.value),
        derived.retiring(Operator.LE, last_month(months), Member),
        ~exists().where(StandingChange.member_id == Member.id, StandingChange.state.in_(OPEN)),
    )


def count(actor: User, months: int, permission: P = P.STANDING_READ) -> int:
    """Return how many stand on the actor's list."""
    return db.session.scalar(access.scoped(Member, actor, permission, func.count(Member.id)).where(is_due(months))) or 0


def people(
    actor: User, *, months: int = MONTHS, unit: str = "", order: Order = Order.DATE, page: int | None = 1
) -> tuple[list[Row], int]:
    """Return a page of the list (None: all of it), and how many stand on it.

    `unit` is the code of a unit: it and what is below.
    """
    query = access.scoped(Member, actor, P.STANDING_READ, *_DECIDING).where(is_due(months))
    if unit:
        top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == unit)).one_or_none()
        below = false() if top is None else top.subtree
        query = query.where(Member.unit_id.in_(select(OrgUnit.id).where(below)))
    found = [(row, when) for row in db.session.execute(query) if (when := predicted(row)) is not None]
    keys = {
        Order.DATE: lambda one: (one[1].on, one[0].name_pinyin, one[0].id),
        Order.NAME: lambda one: (one[0].name_pinyin, one[0].id),
        Order.UNIT: lambda one: (one[0].unit_id, one[1].on, one[0].id),
    }
    found.sort(key=keys[order])
    shown = found if page is None else found[(page - 1) * PER_PAGE : page * PER_PAGE]
    return rows_of(actor, [row.id for row, _ in shown]), len(found)


def rows_of(actor: User, ids: Collection[int]) -> list[Row]:
    """Return the rows of these members, whom the actor reads, in their order; who cannot be told is left out."""
    people: dict[int, Member] = {}
    for chunk in many.in_chunks(ids):
        people |= {one.id: one for one in db.session.scalars(select(Member).where(Member.id.in_(chunk)))}
    posts = _posts(people)
    rows = []
    for number in ids:
        member = people.get(number)
        when = predicted(member) if member is not None else None
        if member is None or when is None:
            continue
        reads = sight.can_see(actor, FIELD[CERTIFICATE], member) is sight.Sight.FULL
        rows.append(
            Row(
                member, when, when.on < today(),
                reads and member.family_planning == FamilyPlanning.ONLY_CHILD_CERTIFICATE.value,
                tuple(_named(post) for post in posts[number] if post.ends is None or post.ends > when.on),
                member.user_id != actor.id and actor.may(P.STANDING_ASK, member.unit),
            )
        )  # fmt: skip
    return rows


def _named(post: UnionPost) -> str:
    return f"{post.unit.name}{post.title or post.kind.label}"


def _posts(ids: Collection[int]) -> dict[int, list[UnionPost]]:
    """Return the posts of each that are not over yet."""
    found: dict[int, list[UnionPost]] = defaultdict(list)
    for chunk in many.in_chunks(ids):
        query = select(UnionPost).where(
            UnionPost.member_id.in_(chunk), or_(UnionPost.ends.is_(None), UnionPost.ends >= today())
        )
        for post in db.session.scalars(query.order_by(UnionPost.id)):
            found[post.member_id].append(post)
    return found
