"""Verbs of handing over: what would pass, arrange it, do what is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.actors import CLOCK
from portal.core.calendar import now, today
from portal.core.db import db, release, writes
from portal.core.errors import Conflict, DomainError
from portal.org import access
from portal.org.models import Grant, User
from portal.org.people import reach
from portal.org.people import service as people
from portal.org.permissions import Permission

from . import passing
from .models import Ending, Handover, HandoverState, Passing
from .workflow import HANDOVER

LATEST = timedelta(days=366)
PER_PAGE = 50
NOT_ONES_OWN = "不能办理自己的交接，请由其他管理员办理"

EndOf = Callable[[Grant, date], date | None]  # the end of the successor's office: of the old one, from its first day on


@dataclass(frozen=True)
class Plan:
    """What would pass from `user`: the offices the actor may give, and those she may not."""

    user: User
    grants: list[Grant]
    kept: list[Grant]
    matters: list[tuple[str, int]]


def find_leaver(actor: User, username: str) -> User:
    """Return the account whose work is handed over. Raises DomainError on `from_username` for one out of sight."""
    try:
        user = people.of_username(people.tidy_username(username))
    except DomainError:
        user = None
    if user is None or not reach.sees(actor, user):
        raise DomainError("您的管理范围内没有这个用户名，请核对，或在账号列表里查找", field="from_username")
    if user.id == actor.id:
        raise DomainError(NOT_ONES_OWN, field="from_username")
    return user


def plan(actor: User, user: User) -> Plan:
    """Return what the actor can hand over of the user's work. Raises DomainError where there is nothing."""
    held = reach.offices(user)
    mine = [grant for grant in held if reach.may_appoint(actor, grant.role, grant.unit)]
    if not mine:
        words = "没有职责可以移交" if not held else "的职责由上级设置，请由上级办理交接"
        raise DomainError(f"{user.name}{words}", field="from_username")
    return Plan(user, mine, [grant for grant in held if grant not in mine], matters_of(user))


def arrange(
    actor: User,
    user: User,
    username: str,
    *,
    day: date,
    name: str = "",
    reason: str = "",
    batch_id: str | None = None,
    secret: people.Secret | None = None,
) -> tuple[Handover, str]:
    """Hand the offices of `user` over to the account `username` with the day `day`, at once where that is today.

    With `name` an account is opened for a successor who has none; its one-time password is returned, else "". The
    successor's offices begin on the day, the old ones end the day before. Raises DomainError under the input that is
    wrong, Conflict if the user's work is being handed over already.
    """
    check_day(day)
    _hold(user)
    found, todos = plan(actor, user), passing.todos(user)
    successor, password = _successor(actor, user, username, name, found.grants[0], day, secret)
    opened = list(successor.grants) if password else []
    passed = [_pass(actor, successor, grant, day, opened, _end) for grant in found.grants]
    item = _arrange(actor, user, successor, passed, todos, day=day, reason=reason, batch_id=batch_id)
    complete(actor, item)
    return item, password


def check_for_term(actor: User, user: User, successor: User | None, grants: list[Grant], day: date) -> None:
    """Raise DomainError unless `grants` of `user` can pass on `day`; `successor` None is one whose account is to come.

    Conflict if the user's work is being handed over already.
    """
    check_day(day)
    if user.id == actor.id:
        raise DomainError(NOT_ONES_OWN, field="from_username")
    if not all(reach.may_appoint(actor, grant.role, grant.unit) for grant in grants):
        raise DomainError(f"{user.name}的职责由上级设置，请由上级办理交接", field="from_username")
    if waiting_of(user):
        raise Conflict(f"{user.name}的交接已由他人安排，请刷新后查看")
    if successor is not None:
        check_successor(actor, user, successor)
        for grant in grants:
            _held(successor, grant, max(day, grant.starts))


def arrange_for_term(
    actor: User,
    user: User,
    successor: User,
    grants: list[Grant],
    *,
    day: date,
    ends: date | None,
    reason: str,
    batch_id: str,
) -> Handover:
    """Hand `grants` of `user`, and no other office of hers, over to the account `successor` with the day `day`.

    The successor's offices last through `ends`, the end of her term (None: open), whatever end the old ones had. Where
    the day is today the caller calls `complete`, once all of the term have what they come into. Raises as
    `check_for_term`.
    """
    _hold(user)
    check_for_term(actor, user, successor, grants, day)
    todos = passing.todos(user)
    passed = [_pass(actor, successor, grant, day, [], lambda *_: ends) for grant in grants]
    return _arrange(actor, user, successor, passed, todos, day=day, reason=reason, batch_id=batch_id)


def check_day(day: date) -> None:
    """Raise DomainError on `day` for a day on which nothing is handed over."""
    if not today() <= day <= today() + LATEST:
        raise DomainError("交接日应在今天以后一年以内，请核对", field="day")


def _hold(user: User) -> None:
    """Of two who hand over at once, let the second find what the first has done. Raises Conflict where it waits."""
    db.session.refresh(user, with_for_update={"of": User})
    if waiting_of(user):
        raise Conflict(f"{user.name}的交接已由他人安排，请刷新后查看")


def _arrange(
    actor: User,
    user: User,
    successor: User,
    passed: list[_Passed],
    todos: list[tuple[str, int]],
    *,
    day: date,
    reason: str,
    batch_id: str | None,
) -> Handover:
    """Write down what has passed, with what waited for the user before."""
    db.session.flush()  # the handing-over names the offices by number
    item = Handover(
        unit=min((one.old.unit for one in passed), key=lambda unit: len(unit.path)),
        from_user=user,
        to_user=successor,
        day=day,
        reason=reason.strip(),
        passing=[one.kept for one in passed],
        counts=todos,
        batch_id=batch_id,
        arranger=actor,
    )
    db.session.add(item)
    try:
        db.session.flush()  # of two who arrange it at once, the second is told here
    except IntegrityError as error:
        raise Conflict(f"{user.name}的交接已由他人安排，请刷新后查看") from error
    audit.record(actor, "handover.arrange", item, reason=reason.strip(), batch_id=batch_id)
    return item


def complete(actor: User, item: Handover) -> None:
    """Do what was arranged for today; what is for a later day waits for the clock."""
    if item.day == today():
        HANDOVER.fire(item, "complete", actor, own=True, batch_id=item.batch_id)


@dataclass(frozen=True)
class _Passed:
    """An office that passes: see models.Passing."""

    old: Grant
    new: Grant
    is_made: bool
    former_end: date | None
    ending: Ending

    @property
    def kept(self) -> Passing:
        """As the handing-over keeps it, once both have their numbers."""
        return {
            "old": self.old.id,
            "new": self.new.id,
            "is_made": self.is_made,
            "former_end": self.former_end.isoformat() if self.former_end else None,
            "ending": self.ending.value,
        }


def _pass(actor: User, successor: User, grant: Grant, day: date, opened: list[Grant], ends_of: EndOf) -> _Passed:
    """Let the successor's office begin and the old one end; `opened` is what a new account was opened with."""
    starts, former = max(day, grant.starts), grant.ends
    new = _held(successor, grant, starts)
    is_made = new is None or new in opened
    if new is None:
        new = people.give(actor, successor, people.Office(grant.role, grant.unit, starts, ends_of(grant, starts)))
    ending = Ending.BY_ITSELF
    if grant.starts >= day or day == today():
        ending = Ending.AT_ONCE
        people.end_grant(actor, grant, None)
    elif former is None or former >= day:
        ending = Ending.BEFORE
        people.end_grant(actor, grant, day - timedelta(days=1))
    return _Passed(grant, new, is_made, former, ending)


def _held(successor: User, grant: Grant, starts: date) -> Grant | None:
    """Return the same office where the successor has it. Raises DomainError for one that does not hold on `starts`."""
    new = next((held for held in reach.offices(successor) if _is_same(held, grant)), None)
    if new is not None and not new.holds_on(starts):
        raise DomainError(
            f"{successor.name}已有的{new.trace_label}在交接日不生效，请先在账号页结束它，再办理交接",
            field="to_username",
        )
    return new


def _successor(
    actor: User, leaver: User, username: str, name: str, first: Grant, day: date, secret: people.Secret | None
) -> tuple[User, str]:
    """Return the account that takes over, opened with the first office if it is new, and its one-time password."""
    try:
        successor = people.of_username(people.tidy_username(username))
        if successor is None:
            if not name.strip():
                raise DomainError("没有这个用户名；接任人还没有账号的，请同时填写姓名，系统会为其开通", field="name")
            starts = max(day, first.starts)
            return people.open_officer(
                actor, username, name, first.role, first.unit, starts, _end(first, starts), secret=secret
            )
    except DomainError as error:
        fields = {"username": "to_username", "name": "to_name"}
        raise DomainError(error.message, field=fields.get(error.field or "")) from error
    check_successor(actor, leaver, successor)
    return successor, ""


def check_successor(actor: User, leaver: User, successor: User) -> None:
    """Raise DomainError on `to_username` for an account that cannot take over what `leaver` has."""
    if successor.id == leaver.id:
        raise DomainError("接任人不能是移交人本人", field="to_username")
    if successor.id == actor.id:
        raise DomainError("不能把职责移交给自己，请由其他管理员办理", field="to_username")
    if not successor.is_enabled:
        raise DomainError(f"{successor.name}的账号已停用，请先启用或改选他人", field="to_username")
    if not reach.may_be_given(actor, successor):
        raise DomainError("接任人的账号不由您管理，请由其上级办理，或改选他人", field="to_username")


def _end(grant: Grant, starts: date) -> date | None:
    """The end of the office as it was set, where it lies after the beginning."""
    return grant.ends if grant.ends is not None and grant.ends >= starts else None


def _is_same(held: Grant, grant: Grant) -> bool:
    return (held.role, held.unit.id) == (grant.role, grant.unit.id)


def waiting_of(user: User) -> Handover | None:
    """Return the handing-over of the user's work that waits for its day."""
    query = select(Handover).where(Handover.from_user_id == user.id, Handover.state == HandoverState.WAITING)
    return db.session.scalars(query).one_or_none()


def with_new_account(
    actor: User, user_id: int, username: str, *, day: date, name: str, reason: str
) -> tuple[Handover, str]:
    """Arrange as `arrange`, the hash of a new account's password made with no transaction open."""
    release()
    secret = people.draw() if name.strip() else None
    writes()
    try:
        user = reach.find(actor, user_id)
        return arrange(actor, user, username, day=day, name=name, reason=reason, secret=secret)
    except DomainError:
        release()  # the page of a refusal shows what is, not what was half done
        raise


def slip_of(actor: User, item: Handover, password: str) -> people.Slip:
    """Return what is printed once for a successor whose account is new."""
    return people.Slip(item.to_user.name, item.to_user.username, password, actor.label, now())


def complete_due() -> int:
    """Do what waits for today or an earlier day, and return how many; for the clock."""
    due = select(Handover).where(Handover.state == HandoverState.WAITING, Handover.day <= today())
    items = db.session.scalars(due.order_by(Handover.id).with_for_update(of=Handover)).all()
    for item in items:
        with db.session.begin_nested():
            HANDOVER.fire(item, "complete", CLOCK, own=True)
    return len(items)


def listed(actor: User, before: int | None = None, batch_id: str = "") -> list[Handover]:
    """Return a page of the handings-over within the actor's scope and one more, newest first; of one batch, or all."""
    query = access.scoped(Handover, actor, Permission.HANDOVER).order_by(Handover.id.desc()).limit(PER_PAGE + 1)
    if batch_id:
        query = query.where(Handover.batch_id == batch_id)
    if before is not None:
        query = query.where(Handover.id < before)
    return list(db.session.scalars(query))


def offices_of(item: Handover) -> list[Grant]:
    """Return the successor's grants of a handing-over."""
    numbers = [one["new"] for one in item.passing]
    return list(db.session.scalars(select(Grant).where(Grant.id.in_(numbers)).order_by(Grant.id)))


def made_by(item: Handover) -> list[Grant]:
    """Return those of the successor's grants that were made for a handing-over."""
    numbers = {one["new"] for one in item.passing if one["is_made"]}
    return [grant for grant in offices_of(item) if grant.id in numbers]


def matters(item: Handover) -> list[tuple[str, int]]:
    """Return what passes with the offices, as (label, number): as it is, or as it was on the day."""
    return matters_of(item.from_user) if item.state is HandoverState.WAITING else item.counts


def matters_of(user: User) -> list[tuple[str, int]]:
    """Return what waits for the user and what is hers, as (label, number)."""
    return [*passing.todos(user), *passing.counts(user.id)]
