"""The list of changes, its counts, and what waits for whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, false, func, or_, select
from sqlalchemy.orm import joinedload

from portal.core import settings
from portal.core.calendar import midnight
from portal.core.db import db
from portal.core.todo import Todo
from portal.members import cases
from portal.members.cases import Case, Door
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.members.timeline import happenings as timeline
from portal.members.timeline.happenings import About, Happening
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import rules
from .letters import service as letters
from .letters.models import Letter
from .models import OPEN, ChangeKind, StandingChange
from .models import StandingState as S
from .workflow import in_reach

PER_PAGE = 50
TODO, ALL = "todo", "all"  # what the actor can act on now; everything
NAME_LONGEST = 50
UNTOLD = (*rules.CLOSED, ChangeKind.DEATH)  # to the member herself


@dataclass(frozen=True)
class Filters:
    """What the list is cut to: `state` a state's value, TODO or ALL; `kind` a kind's; `unit` a code, for all below."""

    state: str = TODO
    kind: str = ""
    unit: str = ""
    name: str = ""


def listing(actor: User, filters: Filters, page: int) -> tuple[list[StandingChange], int]:
    """Return the page (from 1), what waits oldest first and all else newest first, and how many there are."""
    query = _found(actor, filters)
    total = _count(query)
    order = StandingChange.id if filters.state == TODO else StandingChange.id.desc()
    rows = query.order_by(order).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(rows)), total


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _found(actor: User, filters: Filters) -> Select[Any]:
    query: Select[Any] = select(StandingChange).join(StandingChange.member).where(in_reach(actor))
    if filters.state == TODO:
        query = query.where(_waiting_for(actor))
    elif filters.state in list(S):
        query = query.where(StandingChange.state == filters.state)
    if filters.kind in list(ChangeKind):
        query = query.where(StandingChange.kind == filters.kind)
    if filters.unit:
        top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == filters.unit)).one_or_none()
        below = false() if top is None else top.subtree
        query = query.where(StandingChange.unit_id.in_(select(OrgUnit.id).where(below)))
    if len(filters.name) > NAME_LONGEST:  # nobody's; SQLite refuses to look for very long words
        query = query.where(false())
    elif filters.name:
        query = query.where(Member.name.contains(filters.name, autoescape=True))
    return query


def _decidable(actor: User) -> Any:
    """What the actor could agree to, or decide as the chair; never his own case."""
    for_union = StandingChange.kind.not_in(rules.BY_UNION)
    agree = and_(for_union, access.in_scope(StandingChange, actor, P.STANDING_DECIDE))
    if not settings.value("standing_asker_decides"):
        agree = and_(agree, _by_another(actor))
    decide = and_(~for_union, access.in_scope(StandingChange, actor, P.STANDING_EXPEL), _by_another(actor))
    not_himself = or_(Member.user_id.is_(None), Member.user_id != actor.id)
    return and_(StandingChange.state == S.SUBMITTED, or_(agree, decide), not_himself, ~_before_talk())


def _before_talk() -> Any:
    """What a member has asked for herself and waits for the branch to talk to her (`waits_for_talk`)."""
    hers = and_(StandingChange.asked_by.is_not(None), ~StandingChange.asked_by.is_distinct_from(Member.user_id))
    return and_(StandingChange.kind == ChangeKind.WITHDRAW, StandingChange.state == S.SUBMITTED, hers)


def _by_another(actor: User) -> Any:
    return or_(StandingChange.asked_by.is_(None), StandingChange.asked_by != actor.id)


def _waiting_for(actor: User) -> Any:
    """What the actor decides, and what came back to her or to the branch where she works."""
    here = [grant.unit_id for grant in actor.giving(P.STANDING_ASK)]
    back = and_(
        or_(StandingChange.state == S.RETURNED, _before_talk()),
        access.in_scope(StandingChange, actor, P.STANDING_ASK),
        or_(StandingChange.asked_by == actor.id, StandingChange.unit_id.in_(here)),
        or_(Member.user_id.is_(None), Member.user_id != actor.id),
    )
    return or_(_decidable(actor), back)


def agreeable(actor: User, rows: Sequence[StandingChange]) -> set[int]:
    """Return the numbers of those in `rows` that the actor could agree to together with others."""
    query = select(StandingChange.id).join(StandingChange.member).where(_decidable(actor))
    query = query.where(StandingChange.kind.not_in(rules.BY_UNION), StandingChange.id.in_([item.id for item in rows]))
    return set(db.session.scalars(query))


def state_choices(actor: User, filters: Filters) -> list[tuple[str, str]]:
    """Return the choices of the state filter, each with its number under the other filters."""
    everything = _found(actor, replace(filters, state=ALL)).subquery()
    grouped = db.session.execute(select(everything.c.state, func.count()).group_by(everything.c.state))
    number = {str(state): count for state, count in grouped}
    mine = _count(_found(actor, replace(filters, state=TODO)))
    choices = [(TODO, f"待我办理（{mine}）"), *((one.value, f"{one.label}（{number.get(one, 0)}）") for one in S)]
    return [*choices, (ALL, f"全部（{sum(number.values())}）")]


def unit_choices(actor: User) -> list[tuple[str, str]]:
    """Return code and name of the units that the list may be cut to, at most 200."""
    query = access.scoped(OrgUnit, actor, P.STANDING_READ, OrgUnit.code, OrgUnit.name).order_by(OrgUnit.code)
    return [(row.code, row.name) for row in db.session.execute(query.limit(200))]


def todo(actor: User) -> list[Todo]:
    """Return how many changes wait for the actor, counted by the list's own query, and how many receipts are late."""
    if not actor.holds(P.STANDING_READ):
        return []
    number = _count(_found(actor, Filters()))
    changes = [Todo("会籍变动", number, "standing.index", {"state": TODO})] if number else []
    return [*changes, *letters.todo(actor)]


def _open_cases(member_ids: Collection[int]) -> list[tuple[int, Case]]:
    query = select(StandingChange).where(StandingChange.member_id.in_(member_ids), StandingChange.state.in_(OPEN))
    return [
        (
            item.member_id,
            Case(
                item.kind.label, "standing.detail", item.id, is_death=item.kind is ChangeKind.DEATH,
                seen_by=P.STANDING_DECIDE if item.kind in rules.CLOSED else P.STANDING_READ,
            ),
        )
        for item in db.session.scalars(query.order_by(StandingChange.id))
    ]  # fmt: skip


def _happenings(actor: User, member: Member) -> list[Happening]:
    """Tell what was asked for about her membership, and the letters; to herself what was done or is agreed to.

    An expulsion is told to those alone who decide on it: what came of it stands in the record.
    """
    is_own = member.user_id == actor.id
    theirs = StandingChange.kind.not_in(UNTOLD) if is_own else in_reach(actor)
    query = select(StandingChange).where(StandingChange.member_id == member.id, theirs)
    items = [
        item
        for item in db.session.scalars(query.options(joinedload(StandingChange.asker)))
        if not is_own or item.is_wish or item.state in (S.SCHEDULED, S.DONE)
    ]
    letters_of = select(Letter).where(Letter.change_id.in_([item.id for item in items]))
    given = db.session.scalars(letters_of.options(joinedload(Letter.issuer))).all()
    return [
        *(
            Happening(
                about=About.CASES, what=f"申请{item.kind.label}", at=item.asked_at,
                by=member.name if item.is_wish else item.asker.label if item.asker else "系统",
                on=item.effective_on if item.state in (S.SCHEDULED, S.DONE) else None, state=item.state.label,
                is_correction=item.is_correction, endpoint="" if is_own else "standing.detail", id=item.id,
            )
            for item in items
        ),
        *(
            Happening(
                about=About.CASES, what=f"开具介绍信（{letter.number}）", at=midnight(letter.issued_on),
                by=letter.issuer.label if letter.issuer else "系统", on=letter.issued_on, state=letter.state.label,
                endpoint="" if is_own else "letters.detail", id=letter.id,
            )
            for letter in given
        ),
    ]  # fmt: skip


timeline.declare(_happenings)

_ACTIVE = frozenset({MembershipStatus.ACTIVE})
cases.declare(
    _open_cases,
    Door("办理退休", "standing.retire", P.STANDING_ASK, _ACTIVE),
    Door("办理离职/调离", "standing.leave", P.STANDING_ASK, _ACTIVE),
    Door("其他会籍变动", "standing.other", P.STANDING_ASK, frozenset(MembershipStatus) - {MembershipStatus.MERGED}),
)
