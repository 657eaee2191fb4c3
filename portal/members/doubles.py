"""Records that are likely two of one person: found by what stands in clear and by the keyed indexes, never opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.core.db import db
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission

from . import many
from .enums import MembershipStatus
from .models import Member

# What two records of one person have in common. A document is one person's under any type; a name alone is not, a
# mobile may be a couple's: either counts only together with something else.
SIGNS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("证件号码相同，证件类型不同", (Member.id_index,)),
    ("姓名、出生日期相同", (Member.name_plain, Member.birth_date)),
    ("姓名、手机号码相同", (Member.name_plain, Member.mobile_index)),
    ("出生日期、手机号码相同", (Member.birth_date, Member.mobile_index)),
)
MOST = 500  # groups of one sign: more is a fault of an import, and the first of them show it


@dataclass(frozen=True)
class Likely:
    """Members who have something in common, and what."""

    sign: str
    members: Sequence[Member]


def _here(actor: User) -> ColumnElement[bool]:
    return and_(
        access.in_scope(Member, actor, Permission.MEMBER_MERGE),
        Member.membership_status != MembershipStatus.MERGED.value,
    )


def likely(actor: User) -> list[Likely]:
    """Return the groups of likely doubles among whom the actor may merge, the surest sign first; each group once."""
    numbers: dict[tuple[int, ...], str] = {}
    for sign, columns in SIGNS:
        for group in _groups(actor, columns):
            numbers.setdefault(group, sign)
    wanted = {number for group in numbers for number in group}
    found = {member.id: member for member in db.session.scalars(select(Member).where(many.among(Member.id, wanted)))}
    return [Likely(sign, [found[number] for number in group]) for group, sign in numbers.items()]


def _groups(actor: User, columns: tuple[Any, ...]) -> list[tuple[int, ...]]:
    filled = [column.is_not(None) for column in columns]
    twice = (
        select(*columns, func.min(Member.id).label("first"))
        .where(_here(actor), *filled)
        .group_by(*columns)
        .having(func.count() > 1)
        .order_by(func.min(Member.id))
        .limit(MOST)
        .subquery()
    )
    same = [column == twice.c[column.key] for column in columns]
    query = select(twice.c.first, Member.id).join(twice, and_(*same)).where(_here(actor))
    groups: dict[int, list[int]] = {}
    for first, number in db.session.execute(query.order_by(twice.c.first, Member.id)):
        groups.setdefault(first, []).append(number)
    return [tuple(group) for group in groups.values()]


def like(actor: User, member: Member) -> list[tuple[Member, str]]:
    """Return who is likely the same person as `member`, with the sign, among whom the actor may merge."""
    values = {"id_index", "name_plain", "birth_date", "mobile_index"}
    own = {name: getattr(member, name) for name in values}
    signs = [
        (sign, and_(*(column == own[column.key] for column in columns)))
        for sign, columns in SIGNS
        if all(own[column.key] is not None for column in columns)
    ]
    if not signs:
        return []
    query = select(Member).where(_here(actor), Member.id != member.id, or_(*(condition for _, condition in signs)))
    return [(other, _sign_of(own, other)) for other in db.session.scalars(query.order_by(Member.id).limit(MOST))]


def _sign_of(own: dict[str, Any], other: Member) -> str:
    return next(
        sign
        for sign, columns in SIGNS
        if all(own[column.key] is not None and own[column.key] == getattr(other, column.key) for column in columns)
    )
