"""The database: one session a request, one commit, and a mode that says whether the next transaction may write.

SQLite by default opens transactions late and lets two writers read the same old row; here every transaction begins by
itself, writers with BEGIN IMMEDIATE, readers with `query_only`. On PostgreSQL readers are READ ONLY and `fetch` locks
what it writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Engine, Enum, MetaData, event, make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from .enums import LabelEnum

OPEN_END = date(9999, 12, 31)  # the end of what has not ended, so that a day is compared without asking for NULL

BUSY_TIMEOUT_MS = 30_000  # a writer waits this long for the one before it

CONSTRAINT_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


db = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True)


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware of UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; a naive time is a mistake of ours."""
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def label_enum(kind: type[LabelEnum], length: int = 24) -> Enum:
    """Return a column type that stores the enum's value as text of at most `length` characters."""
    return Enum(
        kind, values_callable=lambda members: [member.value for member in members], native_enum=False, length=length
    )


def new_uuid() -> str:
    """Return a random identity, the one that ciphertexts are bound to."""
    return str(uuid4())


# --- the mode of the next transaction -------------------------------------------------------------------------------

_writing: ContextVar[bool] = ContextVar("writing", default=True)
_afterwards: ContextVar[tuple[Callable[[], None], ...]] = ContextVar("afterwards", default=())


def reads() -> None:
    """Let the next transaction only read."""
    _writing.set(False)


def writes() -> None:
    """Let the next transaction write."""
    _writing.set(True)


def is_writing() -> bool:
    """Whether the next or present transaction may write."""
    return _writing.get()


def release() -> None:
    """End the present transaction without effect, so that slow work holds none; rows are read anew when next asked."""
    db.session.rollback()


@contextmanager
def apart() -> Iterator[None]:
    """A short transaction of its own, after the request's own has ended: refusals, failed sign-ins, last-seen."""
    if db.session().in_transaction():
        raise RuntimeError("apart() inside the request's own transaction")
    before = is_writing()
    writes()
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _writing.set(before)


def later(verb: Callable[..., None], *args: Any) -> None:
    """Call `verb(*args)` apart, once the request's own transaction has ended, whether it succeeded or not."""
    _afterwards.set((*_afterwards.get(), lambda: verb(*args)))


def run_later() -> None:
    """Run what `later` has queued, each in a transaction of its own."""
    waiting = _afterwards.get()
    _afterwards.set(())
    for verb in waiting:
        with apart():
            verb()


def forget_later() -> None:
    """Begin a request with an empty queue."""
    _afterwards.set(())


# --- the engine -----------------------------------------------------------------------------------------------------


def engine_options(uri: str) -> dict[str, Any]:
    """Return the options of the engine for a database address."""
    if make_url(uri).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}}
    return {"pool_pre_ping": True, "connect_args": {"options": "-c timezone=utc"}}


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    writing, driver = is_writing(), connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        # None: as the server has it; its administrator may have set it to read alone
        connection.dialect.set_readonly(driver, None if writing else True)  # type: ignore[attr-defined]  # PostgreSQL's has it
        return
    try:
        if connection.info.get("writing") is not writing:  # what this connection was told last
            driver.execute(f"PRAGMA query_only = {'OFF' if writing else 'ON'}")
            connection.info["writing"] = writing
        driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
    except sqlite3.OperationalError as error:
        raise OperationalError("BEGIN", None, error) from error
