"""A question to the database that may take only so long: a page had better be refused than keep the house waiting."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from .db import db
from .errors import DomainError

STEPS = 10_000  # of SQLite's machine between two looks at the watch, well under a millisecond
CANCELLED = "57014"  # PostgreSQL's word for a statement that has been cancelled


class TooSlow(DomainError):
    """The question was cancelled; the sentence says how to ask less."""


@contextmanager
def within(seconds: float, advice: str) -> Iterator[None]:
    """Cancel what the block asks of the database once it takes longer than `seconds`.

    On SQLite the block as a whole has the time, on PostgreSQL each of its statements. Raises TooSlow with the sentence
    `advice`; the running transaction has ended then.
    """
    connection = db.session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    raw: Any = connection.connection.driver_connection
    if is_sqlite:
        until = time.monotonic() + seconds
        raw.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    else:
        connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
    try:
        try:
            yield
        finally:
            if is_sqlite:
                raw.set_progress_handler(None, 0)  # before the rollback, which would be cancelled too
    except OperationalError as error:
        if not _is_cancelled(error):
            raise
        db.session.rollback()
        raise TooSlow(advice) from error
    if not is_sqlite:
        connection.execute(text("SET LOCAL statement_timeout = 0"))


def _is_cancelled(error: OperationalError) -> bool:
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    return getattr(error.orig, "sqlstate", "") == CANCELLED
