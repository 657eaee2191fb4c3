"""Wrong passwords: whoever tries too often from one place has to wait there; everybody has to only under a storm.

So a colleague who mistypes, or somebody who means harm, does not shut the owner out of her account elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, update

from portal.core import audit, notices
from portal.core.actors import VISITOR
from portal.core.calendar import now
from portal.core.db import apart, db

from .models import LoginFailure, User

ALLOWED = 5  # wrong passwords for an account in a row from one network
STORM, STORM_WITHIN = 50, timedelta(hours=1)  # wrong passwords for an account from everywhere, and within what time
WAITS = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)

audit.name_acts(
    {
        "session.fail": "登录失败",
        "session.lock": "连续失败，所在网络暂停登录该账号",
        "session.lock_all": "失败过多，账号锁定",
    }
)


def must_wait(*until: datetime | None) -> bool:
    """Whether one of these instants, until which somebody has to wait, is still to come."""
    return any(one is not None and one > now() for one in until)


def count(user_id: int | None, network: str) -> None:
    """Count a wrong password from `network`, apart; one for no account leaves the same trace, without a name."""
    with apart():
        user = db.session.get(User, user_id, with_for_update=True) if user_id else None
        if user is None:
            audit.record(VISITOR, "session.fail")
            return
        audit.record(user, "session.fail", user)
        _count_here(user, network)
        _count_everywhere(user)


def _count_here(user: User, network: str) -> None:
    failure = db.session.get(LoginFailure, (user.id, network))
    if failure is None:
        failure = LoginFailure(user_id=user.id, network=network, failures=0)
        db.session.add(failure)
    failure.last_at = now()
    failure.failures += 1
    if failure.failures >= ALLOWED:
        failure.failures = 0
        failure.waits_until = now() + WAITS
        audit.record(user, "session.lock", user)


def _count_everywhere(user: User) -> None:
    if user.failing_since is None or now() - user.failing_since > STORM_WITHIN:
        user.failing_since, user.failed_logins = now(), 0
    user.failed_logins += 1
    if user.failed_logins >= STORM:
        user.failing_since, user.failed_logins = None, 0
        user.locked_until = now() + WAITS
        audit.record(user, "session.lock_all", user)
        told = "一小时内有多次错误的密码，账号已暂停登录 15 分钟。如果不是您本人操作，请联系校工会。"
        notices.tell([user.id], "有人多次尝试登录您的账号", told)


def forgive(user_id: int, network: str) -> None:
    """Let the next wrong password from `network` be the first again, and end what the account has waited for."""
    db.session.execute(delete(LoginFailure).where(LoginFailure.user_id == user_id, LoginFailure.network == network))
    db.session.execute(update(User).where(User.id == user_id).values(locked_until=None))


def forget(user: User) -> None:
    """Begin anew with an account whose password has just been set."""
    user.failed_logins = 0
    user.failing_since = user.locked_until = None
    db.session.execute(delete(LoginFailure).where(LoginFailure.user_id == user.id))


def sweep() -> None:
    """Delete what nobody waits for any more."""
    db.session.execute(delete(LoginFailure).where(LoginFailure.last_at < now() - KEPT_FOR))
