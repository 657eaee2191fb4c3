"""The migrations: numbered, in one line, up, down and up again with rows in the tables, and equal to the models."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, inspect, select, text

from portal.core.db import Base, db
from tests.conftest import Prepared
from tests.house import everything

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


@pytest.fixture
def script() -> ScriptDirectory:
    """The folder of migrations."""
    return ScriptDirectory(str(FOLDER))


@pytest.fixture
def changing(app: Flask, prepared: Prepared) -> Iterator[None]:
    """For a test that changes the schema: the next one gets a new one."""
    yield
    prepared.rebuild()


def counts() -> dict[str, int]:
    """How many rows stand in each table."""
    found = {
        table.name: db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
    db.session.rollback()
    return found


def differences() -> list[object]:
    """What would have to change for the schema to be that of the models."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        found = compare_metadata(context, Base.metadata)
        connection.rollback()
    return found


def test_migrations_are_numbered_and_in_one_line(script: ScriptDirectory) -> None:
    revisions = list(reversed(list(script.walk_revisions())))

    assert len(script.get_heads()) == 1
    assert [revision.revision for revision in revisions] == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
    files = sorted(path.name for path in (FOLDER / "versions").glob("*.py"))
    assert [name for name in files if not re.fullmatch(r"\d{4}_[a-z][a-z0-9_]+\.py", name)] == []
    assert [name[:4] for name in files] == [revision.revision for revision in revisions]


def test_the_schema_is_that_of_the_models(app) -> None:
    assert differences() == []


def test_down_and_up_again_with_rows_in_every_table(changing, script: ScriptDirectory) -> None:
    """Each step down and up again on its own; rows of tables that stay are kept."""
    everything.add_people(everything.fill())
    before = counts()
    assert [name for name, number in before.items() if number == 0] == []
    db.session.remove()

    for revision in script.walk_revisions():
        assert isinstance(revision.down_revision, str | None)
        downgrade(revision=revision.down_revision or "base")
        db.session.remove()

    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    db.session.remove()
    assert differences() == []
    # what the migrations themselves lay down is there again, and only that
    assert {name: number for name, number in counts().items() if number} == {"audit_heads": 1}


def test_the_newest_step_keeps_what_it_does_not_remove(changing, script: ScriptDirectory) -> None:
    everything.add_people(everything.fill())
    before = counts()
    newest = script.get_revision("head")
    assert newest is not None
    db.session.remove()

    downgrade(revision=newest.down_revision or "base")
    left = set(inspect(db.engine).get_table_names()) - {"alembic_version"}
    upgrade()
    db.session.remove()

    after = counts()
    assert {name: after[name] for name in left} == {name: before[name] for name in left}


def test_every_constraint_has_a_name(app) -> None:
    """SQLite's batch mode can only change what has one."""
    nameless = [
        f"{table.name}: {constraint}"
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name is None
    ]

    assert nameless == []


def test_the_database_is_sound_after_a_full_life(app) -> None:
    everything.add_people(everything.fill())
    if db.engine.dialect.name == "sqlite":
        assert db.session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
    else:
        unvalidated = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
        assert db.session.execute(text(unvalidated)).all() == []
