"""Verbs of accounts and offices: open, give, end, reset, unlock, disable, enable.

Whatever is done, the person concerned is told. The last one of an office that the house cannot be without stays.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.core import audit, crypto, notices
from portal.core.calendar import now, show_date, today
from portal.core.db import db, release, writes
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.org import attempts, sessions
from portal.org import service as org
from portal.org.models import Grant, LoginFailure, LoginSession, OrgUnit, User
from portal.org.permissions import NEVER_EMPTY, Role

from . import reach

audit.name_acts({
    "user.unlock": "解除账号锁定",
    "user.disable": "停用账号",
    "user.enable": "启用账号",
    "grant.end": "结束职责",
})  # fmt: skip

USERNAME = re.compile(r"[A-Za-z0-9._@\-\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]{2,40}")
LOOKS_LIKE_A_DOCUMENT = re.compile(r"\d{15}|\d{17}[\dXx]")
NAME_MOST = 50
DIGITS_IN_NAME = re.compile(r"\d{6}")
LATEST = date(2100, 12, 31)
EVENTS_SHOWN = 50


@dataclass(frozen=True)
class Secret:
    """A one-time password and what is stored of it."""

    password: str
    password_hash: str


@dataclass(frozen=True)
class Slip:
    """What is printed for somebody, once."""

    name: str
    username: str
    password: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Office:
    """A role at a unit, from a day up to and including a day (`ends` None: open)."""

    role: Role
    unit: OrgUnit
    starts: date
    ends: date | None = None


def draw() -> Secret:
    """Return a new one-time password. Slow by intention, so with no transaction open."""
    password = crypto.start_password()
    return Secret(password, crypto.hash_password(password))


# --- opening ----------------------------------------------------------------------------------------------------------


def tidy_username(typed: str) -> str:
    """Return a user name as it is kept: half-width, without blanks. Raises DomainError on `username`."""
    username = re.sub(r"\s", "", unicodedata.normalize("NFKC", typed))
    if not USERNAME.fullmatch(username):
        raise DomainError("用户名应为 2 至 40 个汉字、字母或数字，可含点、横线、下划线和 @", field="username")
    if LOOKS_LIKE_A_DOCUMENT.fullmatch(username):
        raise DomainError("用户名不能是证件号码，请改用工号、手机号或姓名拼音", field="username")
    return username


def of_username(username: str) -> User | None:
    """Return the account of this user name, capital or small letters alike."""
    query = select(User).where(func.lower(User.username) == username.lower()).order_by(User.id)
    return db.session.scalars(query).first()


def check_term(starts: date, ends: date | None) -> None:
    """Raise DomainError unless an office may last so."""
    if starts > LATEST or starts < today() - timedelta(days=3660):
        raise DomainError("起始日期不合理，请核对", field="starts")
    if ends is not None and ends < starts:
        raise DomainError("截止日期不能早于起始日期，请核对", field="ends")
    if ends is not None and ends < today():
        raise DomainError("截止日期已经过去，请改为今天以后的日期，或留空", field="ends")


def check_opening(actor: User, username: str, name: str, office: Office) -> str:
    """Return the user name as it will be kept. Raises DomainError, under its input, for what `open_officer` refuses."""
    reach.check_office(actor, office.role, office.unit)
    check_term(office.starts, office.ends)
    if not 1 < len(" ".join(name.split())) <= NAME_MOST:
        raise DomainError(f"请填写姓名，2 至 {NAME_MOST} 个字", field="name")
    if DIGITS_IN_NAME.search(name):
        raise DomainError("姓名里不应有号码，请只填姓名", field="name")
    username = tidy_username(username)
    taken = of_username(username)
    if taken is not None:
        known = "，可打开该账号加授职责" if reach.may_look_after(actor, taken) else "，请换一个"
        raise DomainError(f"用户名 {taken.username} 已被使用{known}", field="username")
    return username


def open_officer(
    actor: User,
    username: str,
    name: str,
    role: Role,
    unit: OrgUnit,
    starts: date,
    ends: date | None = None,
    *,
    secret: Secret | None = None,
) -> tuple[User, str]:
    """Open an account with `role` at `unit` from `starts` through `ends`, and return it with its one-time password.

    The password is given to the person once and is changed at the first sign-in. `secret` is one that was drawn with no
    transaction open; without it the hash is made here. Raises DomainError under the input that is wrong: a role that
    the actor may not give there, a user name that is taken, a term that makes no sense.
    """
    office = Office(role, unit, starts, ends)
    username = check_opening(actor, username, name, office)
    secret = secret or draw()
    user = org.open_account(actor, username=username, name=" ".join(name.split()), password_hash=secret.password_hash)
    _give(actor, user, office)
    return user, secret.password


def open_with_slip(
    actor: User, username: str, name: str, role: Role, unit: OrgUnit, starts: date, ends: date | None
) -> Slip:
    """Open an account as `open_officer`, the hash made with no transaction open; return what is printed."""
    check_opening(actor, username, name, Office(role, unit, starts, ends))
    unit_id = unit.id
    release()
    secret = draw()
    writes()
    unit = db.session.get_one(OrgUnit, unit_id)
    user, password = open_officer(actor, username, name, role, unit, starts, ends, secret=secret)
    return Slip(user.name, user.username, password, actor.label, now())


# --- offices ----------------------------------------------------------------------------------------------------------


def give(actor: User, user: User, office: Office) -> Grant:
    """Give an office to an account that there is. Raises Forbidden, DomainError, Conflict if she has it by then."""
    reach.check_given(actor, user)
    reach.check_office(actor, office.role, office.unit)
    check_term(office.starts, office.ends)
    if any(
        held.role is office.role and held.unit_id == office.unit.id and not (held.ends and held.ends < office.starts)
        for held in reach.offices(user)
    ):
        raise Conflict(f"{user.name}已经是{office.unit.name}的{office.role.label}，或到时将是，不必重复设置")
    return _give(actor, user, office)


def _give(actor: User, user: User, office: Office) -> Grant:
    grant = org.give(actor, user, office.role, office.unit, starts=office.starts, ends=office.ends)
    until = f"至{show_date(office.ends)}" if office.ends else "起"
    term = f"{show_date(office.starts)}{until}，由{actor.label}设置。"
    notices.tell([user.id], f"您担任{office.unit.name}的{office.role.label}", term)
    return grant


def may_end(actor: User, grant: Grant) -> bool:
    """Whether the page offers the end of an office."""
    return (
        grant.lender_id is None
        and grant.user_id != actor.id
        and not grant.is_over(today())
        and reach.may_appoint(actor, grant.role, grant.unit)
    )


def end_grant(actor: User, grant: Grant, on: date | None) -> None:
    """End an office with the day `on` (today or later); None: at once, so that it is out at the next click.

    Raises Forbidden for one's own and for one that the actor could not give, Conflict if it is over, DomainError for a
    day that makes no sense and for the last one of an office that the unit needs.
    """
    if grant.user_id == actor.id:
        raise Forbidden("不能结束自己的职责，请由其他管理员办理")
    if not reach.may_appoint(actor, grant.role, grant.unit):
        raise Forbidden(f"{grant.role.label}由上级设置，您不能结束")
    if grant.is_over(today()):
        raise Conflict("这项职责已经结束，请刷新后查看")
    if on is not None and on < max(today(), grant.starts):
        first = show_date(max(today(), grant.starts))
        raise DomainError(f"结束日期不能早于{first}；要马上结束，请勾选“立即结束”", field="on")
    if on is not None and grant.ends is not None and on > grant.ends:
        raise DomainError(f"这项职责到{show_date(grant.ends)}就结束，结束日期不能更晚", field="on")
    if grant.holds_on(today()):
        _keep_one(grant.role, grant.unit_id, grant.user, today() if on is None else on + timedelta(days=1))
    before = grant.ends
    if on is None:
        grant.revoked_at = now()
    else:
        grant.ends = on
    last = show_date(on) if on else "立即"
    audit.record(actor, "grant.end", grant, changes={"ends": (show_date(before) or "无截止日期", last)})
    words = f"结束于{last}" if on else "已经结束"
    notices.tell([grant.user_id], f"您在{grant.unit.name}的{grant.role.label}职责{words}", f"由{actor.label}办理。")


def _keep_one(role: Role, unit_id: int, leaver: User, day: date) -> None:
    """Raise DomainError where on `day` nobody else who can sign in holds a kept `role` at the unit.

    Whoever takes one away waits for the unit's row first, so of two who take the last two away one is refused.
    """
    if role not in NEVER_EMPTY:
        return
    unit = db.session.get_one(OrgUnit, unit_id, with_for_update=True)
    others = (
        select(Grant.id)
        .join(Grant.user)
        .where(Grant.role == role, Grant.unit_id == unit_id, Grant.lender_id.is_(None), Grant.revoked_at.is_(None))
        .where(Grant.starts <= day, or_(Grant.ends.is_(None), Grant.ends >= day))
        .where(User.is_enabled, User.id != leaver.id)
    )
    if db.session.scalars(others.limit(1)).first() is None:
        raise DomainError(f"{leaver.name}是{unit.name}最后一位{role.label}，请先设置接任的人")


# --- the account ------------------------------------------------------------------------------------------------------


def disable(actor: User, user: User) -> None:
    """Let an account sign in no more; its sessions end now. Raises Forbidden, Conflict, DomainError for a last one."""
    reach.check_look_after(actor, user)
    if not user.is_enabled:
        raise Conflict("该账号已经停用，请刷新后查看")
    for grant in sorted(reach.offices(user), key=lambda grant: grant.unit_id):
        if grant.holds_on(today()):
            _keep_one(grant.role, grant.unit_id, user, today())
    user.is_enabled = False
    sessions.close_all(user)
    audit.record(actor, "user.disable", user)
    notices.tell([user.id], "您的账号已停用", f"由{actor.label}办理。")


def enable(actor: User, user: User) -> None:
    """Let a disabled account sign in again. Raises Forbidden, Conflict."""
    reach.check_look_after(actor, user)
    if user.is_enabled:
        raise Conflict("该账号已经启用，请刷新后查看")
    user.is_enabled = True
    attempts.forget(user)
    audit.record(actor, "user.enable", user)
    notices.tell([user.id], "您的账号已重新启用", f"由{actor.label}办理。")


def locked(user_ids: list[int]) -> set[int]:
    """Return those of the accounts that wrong passwords keep shut just now, everywhere or from some network."""
    query = select(User.id).where(User.id.in_(user_ids), is_locked())
    return set(db.session.scalars(query))


def is_locked() -> ColumnElement[bool]:
    """Return the condition that wrong passwords keep an account shut just now."""
    waits = select(LoginFailure.user_id).where(LoginFailure.user_id == User.id, LoginFailure.waits_until > now())
    return or_(User.locked_until > now(), waits.exists())


def unlock(actor: User, user: User) -> None:
    """Open an account that wrong passwords have shut. Raises Forbidden, Conflict if it is open."""
    reach.check_look_after(actor, user)
    if not locked([user.id]):
        raise Conflict("该账号没有锁定，请刷新后查看")
    attempts.forget(user)
    audit.record(actor, "user.unlock", user)
    notices.tell(
        [user.id], "您的账号已解除锁定", f"由{actor.label}办理。如果不是您本人输错密码，请修改密码。", "/password"
    )


def slip(actor: User, user: User, *, secret: Secret | None = None) -> str:
    """Replace the password by a one-time one and return it; all sessions end. Raises Forbidden, Conflict if disabled.

    `secret` as for `open_officer`.
    """
    reach.check_look_after(actor, user)
    if not user.is_enabled:
        raise Conflict("该账号已停用，请先启用再重置密码")
    secret = secret or draw()
    org.set_password_hash(actor, user, secret.password_hash, act="user.slip")
    user.must_change_password = True
    sessions.close_all(user)
    told = f"{actor.label}为您打印了一次性密码。如果您没有请人办理，请立即联系工会。"
    notices.tell([user.id], "您的登录密码已重置", told, "/devices")
    return secret.password


def print_slip(actor: User, user_id: int) -> Slip:
    """Reset the password as `slip`, the hash made with no transaction open; return what is printed. Raises Absent."""
    reach.check_look_after(actor, reach.find(actor, user_id))
    release()
    secret = draw()
    writes()
    user = reach.find(actor, user_id)
    password = slip(actor, user, secret=secret)
    return Slip(user.name, user.username, password, actor.label, now())


# --- what the page of an account shows --------------------------------------------------------------------------------


def last_seen(user_ids: list[int]) -> dict[int, datetime]:
    """Return when each of the accounts last signed in; who never did is not there."""
    if not user_ids:
        return {}
    event = audit.AuditEvent
    # with the act in the condition SQLite would read every sign-in there ever was, and not only theirs
    query = select(event.actor_id, event.action, func.max(event.at)).where(event.actor_id.in_(user_ids))
    acts = db.session.execute(query.group_by(event.actor_id, event.action))
    return {user_id: at for user_id, act, at in acts if user_id is not None and act == "session.open"}


def count_sessions(user: User) -> int:
    """Return on how many devices the account is signed in."""
    since = now() - sessions.IDLE
    query = select(func.count()).where(LoginSession.user_id == user.id, LoginSession.last_seen_at > since)
    return db.session.scalar(query) or 0


def history(user: User, grants: list[Grant]) -> list[audit.AuditEvent]:
    """Return what was done about an account and `grants` of it, oldest first; its own sign-ins are not told."""
    event = audit.AuditEvent
    of_user = and_(
        event.subject_type == User.__tablename__,
        event.subject_id == str(user.id),
        or_(event.action.startswith("user."), event.action.startswith("session.lock")),
    )
    numbers = [str(grant.id) for grant in grants]
    of_grants = and_(event.subject_type == Grant.__tablename__, event.subject_id.in_(numbers))
    query = select(event).where(or_(of_user, of_grants)).order_by(event.id.desc()).limit(EVENTS_SHOWN)
    return list(reversed(db.session.scalars(query).all()))


def givers(grants: list[Grant]) -> dict[int, str]:
    """Return who gave each grant, by the trace; what was set up at the beginning is not there."""
    event = audit.AuditEvent
    query = select(event.subject_id, event.actor_label).where(
        event.subject_type == Grant.__tablename__,
        event.subject_id.in_([str(grant.id) for grant in grants]),
        event.action.in_(("grant.give", "grant.lend")),
    )
    return {int(number): label for number, label in db.session.execute(query)}
