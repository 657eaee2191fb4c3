"""Who follows whom in a new term: officers whose posts end hand over to those who come into the same posts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from portal.core import audit
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Conflict, DomainError
from portal.handover import service as handings
from portal.handover.models import Handover
from portal.members import service as members
from portal.members.models import Member, UnionPost
from portal.org import service as org
from portal.org.models import Grant, User
from portal.org.people import reach
from portal.org.people.service import Secret, Slip
from portal.org.permissions import OF_POST, Permission, Role

from .service import Wanted

audit.name_acts({"handover.term": "整届交接"})

STAYS = "连任，职责照旧"
NOBODY = "名单里没有新的接任人，职责照旧；需要移交的请单独办理交接"
SEVERAL = "接任的不止一人，请单独办理交接"
OTHERS = "其他职责移交给了另一人，这一项请单独办理交接"
NO_NUMBER = "接任人还没有会员证号，不能开通账号，请单独办理交接"
NOT_HERE = "该单位不在您办理交接的范围内，请由上级办理"


@dataclass
class Succession:
    """What passes from `user`, whose `post` ends, to the member who comes into it; or `why` nothing does."""

    post: UnionPost
    user: User
    grants: list[Grant]
    to: Member | None = None
    matters: list[tuple[str, int]] = field(default_factory=list)
    why: str = ""


@dataclass(frozen=True)
class Handed:
    """What was arranged: the handings-over, the grants that they end, those that begin, and slips for new accounts."""

    items: list[Handover]
    ended: frozenset[int]
    begun: dict[tuple[int, Role, int], Grant]  # by the account, the role and the unit
    slips: list[Slip]

    def office_with(self, wanted: Wanted) -> Grant | None:
        """Return the office that goes with a post of the term, where its new holder has taken it over."""
        role, user_id = OF_POST.get(wanted.kind.value), wanted.member.user_id
        return self.begun.get((user_id, role, wanted.unit.id)) if role and user_id else None


def may(actor: User) -> bool:
    """Whether the actor hands over at all."""
    return actor.holds(Permission.HANDOVER) and actor.holds(Permission.ACCOUNT_MANAGE)


def plan(actor: User, coming: list[Wanted], leaving: list[UnionPost], day: date) -> list[Succession]:
    """Return for each account with offices at the unit of a post that ends what would pass with the day `day`.

    Who stays in another post of the unit gives away only the office of the post that ends.
    """
    staying = {(one.member.id, one.unit.id) for one in coming}
    found: list[Succession] = []
    for post in sorted(leaving, key=lambda post: (post.unit.path, post.kind.value, post.id)):
        user = post.member.user
        if user is None:
            continue
        only = OF_POST.get(post.kind.value) if (post.member_id, post.unit_id) in staying else None
        grants = [
            grant
            for grant in reach.offices(user)
            if grant.unit_id == post.unit_id and (grant.role is only or (post.member_id, post.unit_id) not in staying)
        ]
        if not grants or any(one.user is user and not one.why and grants == one.grants for one in found):
            continue
        one = Succession(post, user, grants)
        try:
            one.to = _successor(post, coming, leaving)
            _check(actor, one, one.to, found, day)
        except DomainError as error:
            one.why = error.message
        else:
            one.matters = handings.matters_of(user)
        found.append(one)
    return found


def _successor(post: UnionPost, coming: list[Wanted], leaving: list[UnionPost]) -> Member:
    """Return the one who comes into the post of one who goes. Raises DomainError where that is not one person."""

    def is_same(one: Wanted | UnionPost) -> bool:
        return (one.kind, one.unit.id) == (post.kind, post.unit_id)

    there = {one.member.id for one in leaving if is_same(one)}
    wanted = {one.member.id: one.member for one in coming if is_same(one)}
    if post.member_id in wanted:
        raise DomainError(STAYS)
    new = [member for number, member in wanted.items() if number not in there]
    if len(new) != 1:
        raise DomainError(SEVERAL if new else NOBODY)
    return new[0]


def _check(actor: User, one: Succession, to: Member, before: list[Succession], day: date) -> None:
    """Raise DomainError where nothing passes: a person has one handing-over at a time, and so one successor."""
    if not actor.may(Permission.HANDOVER, one.post.unit):
        raise DomainError(NOT_HERE)
    if any(other.user is one.user and not other.why for other in before):
        raise DomainError(OTHERS)
    if to.user is None and not to.member_no:
        raise DomainError(NO_NUMBER)
    handings.check_for_term(actor, one.user, to.user, one.grants, day)


def without_account(planned: Iterable[Succession]) -> list[Member]:
    """Return those who come into an office and have no account yet."""
    found = {one.to.id: one.to for one in planned if one.to is not None and not one.why and one.to.user is None}
    return list(found.values())


def arrange(
    actor: User,
    planned: list[Succession],
    *,
    day: date,
    ends: date | None,
    reason: str,
    batch_id: str,
    secrets: dict[int, Secret],
) -> Handed:
    """Arrange what can pass; the offices last through `ends`. `secrets` are drawn for those without an account.

    Raises DomainError, Conflict where something has changed since it was planned.
    """
    slips = [_open(actor, member, secrets) for member in without_account(planned)]
    items: list[Handover] = []
    for one in sorted(planned, key=lambda one: one.user.id):
        if one.why or one.to is None or one.to.user is None:
            continue
        items.append(
            handings.arrange_for_term(
                actor, one.user, one.to.user, one.grants, day=day, ends=ends, reason=reason, batch_id=batch_id
            )
        )
    made = {(grant.user_id, grant.role, grant.unit_id): grant for item in items for grant in handings.made_by(item)}
    ended = frozenset(int(one["old"] or 0) for item in items for one in item.passing)
    return Handed(items, ended, made, slips)


def _open(actor: User, member: Member, secrets: dict[int, Secret]) -> Slip:
    """Open the member's own account with a one-time password."""
    if member.id not in secrets:
        raise Conflict("名单里有人的账号刚刚变动，请重新预览后再保存")
    secret = secrets[member.id]
    columns = {"staff_no": member.staff_no, "name": member.name}
    user = member.user = members.account_for(actor, columns, str(member.member_no))
    db.session.flush()  # the offices and the trace name it by number
    org.set_password_hash(actor, user, secret.password_hash, act="user.slip")
    user.must_change_password = True
    return Slip(member.name, user.username, secret.password, actor.label, now())


def complete(actor: User, planned: list[Succession], handed: Handed, *, batch_id: str) -> None:
    """Do what is for today, now that all have come into their posts, and leave one trace of the whole."""
    for item in handed.items:
        handings.complete(actor, item)
    if handed.items:
        audit.record(
            actor,
            "handover.term",
            min((item.unit for item in handed.items), key=lambda unit: len(unit.path)),
            reason=handed.items[0].reason,
            batch_id=batch_id,
            details={
                "done": [item.id for item in handed.items],
                "skipped": {one.user.username: one.why for one in planned if one.why},
            },
        )
