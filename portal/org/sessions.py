"""Sessions of the server: the cookie carries a random token, the table its keyed hash; without the row it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from sqlalchemy import Table, delete, insert, select, update

from portal.core import crypto
from portal.core.calendar import now
from portal.core.db import db, later

from .models import LoginSession, User

IDLE = timedelta(hours=8)
LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)

_OPEN = insert(cast(Table, LoginSession.__table__))


def open_session(user: User, *, address: str, device: str) -> str:
    """Write a session row for `user` and return the token for the cookie; `device` is the browser's own name."""
    token = crypto.random_token()
    at = now()
    row = {"token_hash": crypto.index("session", token), "user_id": user.id, "created_at": at, "last_seen_at": at}
    db.session.execute(_OPEN, row | {"address": address, "device": device[:200]})
    return token


def find(token: str) -> LoginSession | None:
    """Return the live session of a cookie's token, or None; queues the mark of when it was last seen."""
    row = db.session.scalars(
        select(LoginSession).where(LoginSession.token_hash == crypto.index("session", token))
    ).first()
    at = now()
    if row is None or not row.user.is_enabled or at - row.last_seen_at > IDLE or at - row.created_at > LONGEST:
        return None
    if at - row.last_seen_at > SEEN_EVERY:
        later(_mark_seen, row.id)
    return row


def _mark_seen(session_id: int) -> None:
    db.session.execute(update(LoginSession).where(LoginSession.id == session_id).values(last_seen_at=now()))


def of(user: User) -> list[LoginSession]:
    """Return the user's sessions, the one last seen first."""
    query = select(LoginSession).where(LoginSession.user_id == user.id).order_by(LoginSession.last_seen_at.desc())
    return list(db.session.scalars(query))


def close(token: str) -> None:
    """Delete the session of a cookie's token."""
    db.session.execute(delete(LoginSession).where(LoginSession.token_hash == crypto.index("session", token)))


def close_all(user: User, *, but: str | None = None) -> None:
    """Delete every session of the user, or all but the one with the token `but`."""
    query = delete(LoginSession).where(LoginSession.user_id == user.id)
    if but:
        query = query.where(LoginSession.token_hash != crypto.index("session", but))
    db.session.execute(query)


def sweep() -> None:
    """Delete the sessions that have ended by themselves."""
    at = now()
    db.session.execute(
        delete(LoginSession).where((LoginSession.last_seen_at < at - IDLE) | (LoginSession.created_at < at - LONGEST))
    )
