"""What every test stands on: a real migrated database of its own, the app, a small school, and clients who distrust us.

Each process prepares one migrated database per kind of server and copies it for every test, so that a test starts from
a file, not from migrations. PORTAL_TEST_POSTGRES names a PostgreSQL server whose user may create databases; without it
the tests run on SQLite alone.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from jinja2.environment import create_cache
from sqlalchemy import Engine, event, make_url

from portal import nav
from portal.app import create_app
from portal.config import Settings
from portal.core import anchors, audit, crypto, uploads
from portal.core import db as database
from portal.core.db import Base, db
from portal.core.web import limiter
from portal.messaging import door as messaging
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.prints import chunks
from portal.query.exports.store import FILES as export_files
from portal.query.rosters.files import FILES as roster_files
from tests import factories

pytest.register_assert_rewrite("tests.client")  # its failed checks say what they saw
from tests import client as distrust  # noqa: E402 -- after the line above

POSTGRES = os.environ.get("PORTAL_TEST_POSTGRES", "")
BACKENDS = ["sqlite", *(["postgresql"] if POSTGRES else [])]
FOLDERS = ("uploads", "jobs")  # of the instance, that belong to the rows
CITY_TEMPLATES = 400  # as many as Jinja keeps
PROOF = bool(os.environ.get("PORTAL_TEST_PROOF"))


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, record: Any) -> None:
    """A test's commit need not survive a power cut: nothing here waits for the disk."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


class Prepared:
    """One migrated database of this process, and what each test gets to start from.

    SQLite's file is copied; on PostgreSQL rows are put back from a schema beside, because making a database waits for
    a checkpoint of the whole server.
    """

    def __init__(self, backend: str, folder: Path) -> None:
        self.backend = backend
        self.instance = folder / "instance"
        self.instance.mkdir()
        self.memory: dict[str, Any] = {}  # what a test has built and kept for the next
        self._putter: psycopg.Connection | None = None
        if backend == "sqlite":
            self.uri = f"sqlite:///{self.instance / 'portal.db'}"
        else:
            self.name = f"portal_test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{os.getpid()}"
            self.uri = make_url(POSTGRES).set(database=self.name).render_as_string(hide_password=False)
            self._make_database()
        # one ring for both kinds of server: a process has one ring
        crypto.store_keys(self.instance / "keys.json", _ring())
        self.app = create_app(Settings(instance=self.instance, database_uri=self.uri))
        self.app.testing = True
        self.app.test_client_class = distrust.DistrustfulClient
        # what the app brings; a test may import more
        self.tables = [table.name for table in Base.metadata.sorted_tables]
        with self.app.app_context():
            upgrade()
            self.watch = distrust.Watch(self.app)
        self.keep("migrated")

    def _make_database(self) -> None:
        self._server("postgres", f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self._server("postgres", f'CREATE DATABASE "{self.name}" ENCODING UTF8 TEMPLATE template0')
        # a test's commit need not survive a power cut
        self._server("postgres", f'ALTER DATABASE "{self.name}" SET synchronous_commit = off')

    def _connected(self, database_name: str, *, autocommit: bool = True) -> psycopg.Connection:
        address = make_url(POSTGRES).set(drivername="postgresql", database=database_name)
        return psycopg.connect(address.render_as_string(hide_password=False), autocommit=autocommit)

    def _server(self, database_name: str, *statements: str) -> None:
        """Run statements on the PostgreSQL server, all or none of them."""
        with self._connected(database_name, autocommit=len(statements) == 1) as server:
            for statement in statements:
                server.execute(statement)  # type: ignore[arg-type]

    def dispose(self) -> None:
        """Close every connection of the app to the database."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def keep(self, name: str) -> None:
        """Remember database and files as they are now under `name`, so that `put` can bring them back."""
        self.dispose()
        for folder in FOLDERS:
            kept = self.instance.parent / f"{name}-{folder}"
            shutil.rmtree(kept, ignore_errors=True)
            if (self.instance / folder).exists():
                shutil.copytree(self.instance / folder, kept)
        if self.backend == "sqlite":
            connection = sqlite3.connect(self.instance / "portal.db")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            shutil.copy(self.instance / "portal.db", self.instance.parent / f"{name}.db")
        else:
            self._server(
                self.name,
                f"DROP SCHEMA IF EXISTS {name} CASCADE",
                f"CREATE SCHEMA {name}",
                *(f"CREATE TABLE {name}.{table} AS TABLE public.{table}" for table in self.tables),
                f"CREATE FUNCTION {name}.put() RETURNS void LANGUAGE plpgsql AS $${self._putting(name)}$$",
            )

    def _putting(self, name: str) -> str:
        """The body of the function that puts the rows of the schema `name` back: only where there is anything to do."""
        # no foreign key is checked while rows are out of order
        lines = ["SET LOCAL session_replication_role = replica;"]
        for table in self.tables:
            public, kept = f"public.{table}", f"{name}.{table}"
            lines += [
                f"IF EXISTS (SELECT FROM {public}) THEN DELETE FROM {public}; END IF;",
                f"IF EXISTS (SELECT FROM {kept}) THEN INSERT INTO {public} SELECT * FROM {kept}; END IF;",
            ]
            if "id" in Base.metadata.tables[table].columns:
                last = "coalesce(max(id), 1)::bigint, max(id) IS NOT NULL"
                lines += [
                    f"IF (SELECT (last_value, is_called) FROM {public}_id_seq)",
                    f"IS DISTINCT FROM (SELECT ({last}) FROM {kept}) THEN",
                    f"PERFORM setval('{public}_id_seq', {last}) FROM {kept}; END IF;",
                ]
        return f"BEGIN {' '.join(lines)} END"

    def put(self, name: str) -> None:
        """Put the rows and files kept under `name` in place."""
        self.dispose()
        for folder in FOLDERS:
            _put_files(self.instance.parent / f"{name}-{folder}", self.instance / folder)
        if self.backend == "sqlite":
            for path in self.instance.glob("portal.db*"):
                path.unlink()
            shutil.copy(self.instance.parent / f"{name}.db", self.instance / "portal.db")
            return
        if self._putter is None:
            self._putter = self._connected(self.name)  # kept open, as it keeps its plans
        self._putter.execute(f"SELECT {name}.put()")  # type: ignore[arg-type]

    def _forget_putter(self) -> None:
        if self._putter is not None:
            self._putter.close()
        self._putter = None

    def rebuild(self) -> None:
        """Make the schema anew, after a test that has changed it."""
        self.dispose()
        if self.backend == "postgresql":
            self._forget_putter()
            self._make_database()
            self.memory.clear()
            with self.app.app_context():
                upgrade()
            self.keep("migrated")

    def fresh(self) -> None:
        """Put the migrated, empty database in place, and nothing else but the keys into the instance."""
        self.put("migrated")
        for path in self.instance.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in ("keys.json", "portal.db"):
                path.unlink()

    def remove(self) -> None:
        """Leave nothing on the server."""
        self.dispose()
        if self.backend == "postgresql":
            self._forget_putter()
            self._server("postgres", f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def _files(folder: Path, inside: str = "") -> dict[str, tuple[int, int] | None]:
    """Return what is in the folder: files with size and time, folders with None, each after the one it lies in."""
    found: dict[str, tuple[int, int] | None] = {}
    for entry in os.scandir(folder):
        name = f"{inside}{entry.name}"
        if entry.is_dir():
            found[name] = None
            found |= _files(Path(entry.path), f"{name}/")
        else:
            status = entry.stat()
            found[name] = status.st_size, status.st_mtime_ns
    return found


def _put_files(kept: Path, place: Path) -> None:
    """Make `place` what `kept` is, touching only what differs: most tests write few files or none."""
    if not kept.exists():
        shutil.rmtree(place, ignore_errors=True)
        return
    place.mkdir(exist_ok=True)
    wanted, found = _files(kept), _files(place)
    for name in reversed(found):
        if name not in wanted:
            (place / name).rmdir() if found[name] is None else (place / name).unlink()
    for name, file in wanted.items():
        if name not in found or found[name] != file:
            (place / name).mkdir() if file is None else shutil.copy2(kept / name, place / name)


_rings: list[crypto.Keys] = []


def _ring() -> crypto.Keys:
    if not _rings:
        _rings.append(crypto.Keys.fresh())
    return _rings[0]


@pytest.fixture(scope="session")
def common_ring() -> crypto.Keys:
    """The keys that every test's app uses."""
    return _ring()


@pytest.fixture(scope="session", params=BACKENDS)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """The prepared database of this process, once for each kind of server."""
    place = Prepared(request.param, tmp_path_factory.mktemp(request.param))
    yield place
    place.remove()


@pytest.fixture
def database_uri(prepared: Prepared) -> str:
    """The address of a migrated, empty database that belongs to this test."""
    prepared.fresh()
    return prepared.uri


@pytest.fixture
def app(request: pytest.FixtureRequest, prepared: Prepared, database_uri: str) -> Iterator[Flask]:
    """The app on this test's database, with a context for the test's own session; afterwards the trace must hold."""
    crypto.use(_ring())
    uploads.use(prepared.instance / "uploads")
    anchors.use(prepared.instance / "anchors.csv")
    chunks.use(prepared.instance / "jobs" / "prints")
    roster_files.use(prepared.instance / "jobs" / "rosters")
    export_files.use(prepared.instance / "jobs" / "exports")
    messaging.use(Settings(instance=prepared.instance, database_uri=prepared.uri))
    limiter.reset()
    database.writes()
    database.forget_later()
    audit.came_from("cli")
    with prepared.app.app_context():
        yield prepared.app
        db.session.remove()
        broken = audit.verify()
        db.session.remove()
    database.writes()
    assert broken is None or "tampers" in request.keywords, broken


@pytest.fixture
def tree(app: Flask) -> dict[str, OrgUnit]:
    """A small school: the root 校工会, two branches, and one that takes no members any more."""
    root = factories.make_unit(None, code="GH", name="海港大学工会")
    units = {
        "root": root,
        "a": factories.make_unit(root, code="GH01", name="外国语学院分工会"),
        "b": factories.make_unit(root, code="GH02", name="机械工程学院分工会"),
        "closed": factories.make_unit(root, code="GH03", name="已撤销分工会", is_enabled=False),
    }
    db.session.commit()
    return units


@pytest.fixture
def user_as(tree: dict[str, OrgUnit]) -> Callable[..., User]:
    """`user_as(Role.BRANCH_CHAIR, tree["a"])`: an account with that role there; without arguments one with no grant."""

    def make(role: Role | None = None, unit: OrgUnit | None = None, **columns: Any) -> User:
        user = factories.make_user(role, unit, **columns)
        db.session.commit()
        return user

    return make


@pytest.fixture
def as_city(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app in the profile of a city, with templates of its own: macros keep the words they were first drawn with."""
    with monkeypatch.context() as patch:
        patch.setitem(app.config, "PROFILE", nav.CITY)
        patch.setitem(app.jinja_env.globals, "is_city", True)
        patch.setitem(app.jinja_env.globals, "city_words", nav.words_of(nav.CITY))
        patch.setattr(app.jinja_env, "cache", app.extensions.setdefault("city_templates", create_cache(CITY_TEMPLATES)))
        yield


@pytest.fixture
def client(app: Flask) -> distrust.DistrustfulClient:
    """A stranger's browser."""
    return distrust.client_of(app)


@pytest.fixture
def client_of(app: Flask) -> Callable[[User | None], distrust.DistrustfulClient]:
    """`client_of(user)`: the browser of someone who has signed in; `client_of(None)` a stranger's."""
    return lambda user=None: distrust.client_of(app, user)


@pytest.fixture
def seconds() -> Callable[[float, float], float]:
    """`seconds(4, 20)`: how long a test under load runs, in `test` and in `test --proof`."""
    return lambda usual, proof: proof if PROOF else usual
