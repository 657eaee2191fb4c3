"""Alembic's environment: the portal's engine and tables; on SQLite tables are re-created with foreign keys off."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import text

from portal.core import db as database
from portal.core.db import Base, UtcTime, db

config = context.config


def plainly(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our own types into a migration as what they store, so that it does not change when they do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcTime) else False


def run() -> None:
    """Run the migrations on the app's database, all in one transaction."""
    database.writes()
    engine = config.attributes.get("engine") or db.engine
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # batch mode re-creates tables; with foreign keys on, dropping the old one would delete or refuse.
            # Outside a transaction only does the pragma work, so it goes to the driver.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=plainly,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()
        if sqlite:
            broken = connection.execute(text("PRAGMA foreign_key_check")).first()
            connection.rollback()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")
            if broken:
                raise RuntimeError(f"foreign key of {broken[0]} broken by a migration")


if context.is_offline_mode():
    raise RuntimeError("migrations run on a database only")
_ = current_app  # the portal's app context is required
run()
