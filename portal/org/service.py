"""Verbs of accounts: sign in, set a password, open an account, grant a role, found a unit."""

from __future__ import annotations

from datetime import date

from sqlalchemy import and_, bindparam, select

from portal.core import audit, crypto
from portal.core.actors import Actor
from portal.core.calendar import today
from portal.core.db import db, release, writes
from portal.core.errors import DomainError
from portal.core.networks import network_of

from . import attempts, sessions
from .models import Grant, JoinForm, LoginFailure, OrgUnit, UnitKind, User
from .permissions import Role

# one answer to everything, so that nobody learns which user names exist
NOT_IN = "用户名或密码不正确，或因多次输错须等 15 分钟。请核对后再试；首次登录或忘记密码请点下方链接"
PASSWORD_LEAST = 10

audit.name_acts(
    {
        "session.open": "登录",
        "session.close": "退出登录",
        "session.close_all": "退出全部设备",
        "user.open": "开通账号",
        "user.password": "设置密码",
        "user.activate": "核对身份后自助设置密码",
        "user.slip": "现场重置登录密码",
        "grant.give": "授予角色",
        "unit.found": "建立组织",
    }
)


def found_unit(
    actor: Actor,
    *,
    parent: OrgUnit | None,
    code: str,
    name: str,
    kind: UnitKind,
    approves_members: bool = False,
    accepts_members: bool = False,
    needs_opinion: bool | None = None,
    join_form: JoinForm | None = None,
    contact_phone: str = "",
    sms_signature: str = "",
) -> OrgUnit:
    """Add a unit under `parent` (None: the root) and return it. `code` is `[A-Z0-9-]{1,20}` and unique."""
    unit = OrgUnit(
        parent=parent,
        path=f"new/{code}/",
        code=code,
        name=name,
        kind=kind,
        approves_members=approves_members,
        accepts_members=accepts_members,
        needs_opinion=needs_opinion,
        join_form=join_form,
        contact_phone=contact_phone,
        sms_signature=sms_signature,
    )
    db.session.add(unit)
    db.session.flush()  # the path ends in the unit's own id, so it needs one first
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    told = {"code": code, "kind": kind.value, "parent": parent.code if parent else None}
    audit.record(actor, "unit.found", unit, details=told)
    return unit


def open_account(actor: Actor, *, username: str, name: str, password_hash: str | None = None) -> User:
    """Add an account and return it.

    Without `password_hash` nobody can sign in until one is set (a member does so from the receipt); with it the
    password is a one-time one and must be changed at the first sign-in. Raises DomainError if the user name is taken.
    """
    if db.session.scalars(select(User.id).where(User.username == username)).first() is not None:
        raise DomainError(f"用户名 {username} 已被使用，请换一个", field="username")
    user = User(
        username=username, name=name, password_hash=password_hash, must_change_password=password_hash is not None
    )
    db.session.add(user)
    audit.record(actor, "user.open", user)
    return user


def give(
    actor: Actor, user: User, role: Role, unit: OrgUnit, *, starts: date | None = None, ends: date | None = None
) -> Grant:
    """Return the new grant of `role` at `unit` from `starts` (default today) through `ends` (None: open)."""
    grant = Grant(user=user, role=role, unit=unit, starts=starts or today(), ends=ends)
    db.session.add(grant)
    audit.record(actor, "grant.give", grant, details={"user": user.username})
    return grant


def check_new_password(password: str, again: str, *, username: str, field: str = "new") -> None:
    """Raise DomainError unless `password` is long enough, not the user name, and typed twice alike."""
    if password != again:
        raise DomainError("两次输入的新密码不一致，请重新输入", field="again")
    if len(password) < PASSWORD_LEAST:
        raise DomainError(f"新密码至少 {PASSWORD_LEAST} 个字符，请再长一些", field=field)
    if len(set(password)) < 4 or username.lower() in password.lower():
        raise DomainError("新密码过于简单：不能包含用户名，也不能只用两三个字符重复", field=field)


# an account by its user name, with what is counted against it from one network; made once for every sign-in
_ACCOUNT = (
    select(User.id, User.name, User.is_enabled, User.password_hash, User.locked_until, LoginFailure.waits_until)
    .add_columns(LoginFailure.user_id.is_not(None).label("has_failed"))
    .outerjoin(LoginFailure, and_(LoginFailure.user_id == User.id, LoginFailure.network == bindparam("network")))
    .where(User.username == bindparam("username"))
)
_ACCOUNT_LOCKED = _ACCOUNT.with_for_update(of=User)


def sign_in(username: str, password: str, *, address: str, device: str) -> User:
    """Check the password with no transaction open, then open a session and return the user with its token.

    The user has the columns that signing in needs and belongs to no database session. Raises DomainError with one
    answer for every failure, also while the account or its network has to wait (`attempts`).
    """
    network = network_of(address)
    asked = {"username": username, "network": network}
    known = db.session.execute(_ACCOUNT, asked).one_or_none()
    waits = known is not None and attempts.must_wait(known.locked_until, known.waits_until)
    release()
    # also when one waits: the time tells nothing
    fits = crypto.check_password(known.password_hash if known else None, password)
    if waits:
        raise _refused(None, network)
    writes()
    found = db.session.execute(_ACCOUNT_LOCKED, asked).one_or_none() if fits else None
    if known is None or found is None or not found.is_enabled or found.password_hash != known.password_hash:
        raise _refused(known.id if known else None, network)
    if attempts.must_wait(found.locked_until, found.waits_until):
        raise _refused(None, network)  # since this guess began, beside many others
    if found.locked_until or found.has_failed:
        attempts.forgive(found.id, network)
    user = User(id=found.id, username=username, name=found.name, is_enabled=True)
    user.session_token = sessions.open_session(user, address=address, device=device)
    audit.record(user, "session.open", user)
    return user


def _refused(user_id: int | None, network: str) -> DomainError:
    """Count a wrong password against an account, or leave as much of a trace where there is none or it waits."""
    release()
    attempts.count(user_id, network)
    return DomainError(NOT_IN, field="password")


def sign_out(user: User) -> None:
    """End the session the user is in."""
    sessions.close(user.session_token)
    audit.record(user, "session.close", user)


def sign_out_everywhere(user: User) -> None:
    """End all sessions of the user."""
    sessions.close_all(user)
    audit.record(user, "session.close_all", user)


def change_password(user: User, current: str, new: str, again: str) -> None:
    """Replace the password after checking the present one; other devices are signed out.

    Hashes with no transaction open. Raises DomainError naming the field.
    """
    user_id, username, stored, token = user.id, user.username, user.password_hash, user.session_token
    release()
    if not crypto.check_password(stored, current):
        raise DomainError("当前密码不正确，请重新输入", field="current")
    check_new_password(new, again, username=username)
    if new == current:
        raise DomainError("新密码不能与当前密码相同", field="new")
    fresh = crypto.hash_password(new)
    writes()
    user = db.session.get_one(User, user_id, with_for_update=True)
    set_password_hash(user, user, fresh)
    user.must_change_password = False
    sessions.close_all(user, but=token)


def set_password_hash(actor: Actor, user: User, password_hash: str, *, act: str = "user.password") -> None:
    """Store a hash made with no transaction open; `act` names how it came about: user.password, .activate or .slip."""
    user.password_hash = password_hash
    attempts.forget(user)
    audit.record(actor, act, user)
