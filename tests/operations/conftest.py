"""Installations as they stand on a machine: a folder, made by the commands that a person types."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from portal import cli, config
from portal.core import clock, crypto
from portal.core import db as database
from tests.conftest import BACKENDS, POSTGRES
from tests.serving import command

ADDRESS = "https://gonghui.example.edu.cn"


@dataclass(frozen=True)
class Installation:
    """One folder; `database_uri` where its rows are not in it."""

    folder: Path
    database_uri: str = ""

    def settings(self, **more: str) -> config.Settings:
        """What the portal would read of it now."""
        named = {"INSTANCE": str(self.folder), "DATABASE_URI": self.database_uri, "BASE_URL": ADDRESS, **more}
        return config.load({f"PORTAL_{name}": value for name, value in named.items() if value})

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    @property
    def database(self) -> Path:
        return self.folder / "portal.db"

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement past the portal."""
        if self.database_uri:
            address = make_url(self.database_uri).set(drivername="postgresql")
            with psycopg.connect(address.render_as_string(hide_password=False)) as server:
                ran = server.execute(statement)  # type: ignore[arg-type]
                return ran.fetchall() if ran.description else []
        connection = sqlite3.connect(self.database)
        try:
            rows = connection.execute(statement).fetchall()
            connection.commit()
        finally:
            connection.close()
        return rows


@dataclass(frozen=True)
class Answer:
    """What a command has said, and its exit code."""

    code: int
    out: str
    err: str


Typed = Callable[..., Answer]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """`typed(place, "keys", "status")`: a command of the shell, run in this process, which is quicker than another."""

    def run(place: Installation, *words: str) -> Answer:
        mask = os.umask(0)
        monkeypatch.setenv("PORTAL_INSTANCE", str(place.folder))
        monkeypatch.setenv("PORTAL_DATABASE_URI", place.database_uri)
        capsys.readouterr()
        code = cli.main(list(words))
        os.umask(mask)
        said = capsys.readouterr()
        gc.collect()  # the app and its connections are gone, as with the process
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture(autouse=True)
def keys_of_this_process(common_ring: crypto.Keys) -> Iterator[None]:
    """What is done here in this process uses the keys of installations; the next test has its own again."""
    yield
    crypto.use(common_ring)
    database.writes()


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with its first administrator."""
    folder = tmp_path_factory.mktemp("first") / "instance"
    told = command(folder, "create-admin", "gladmin", "--operator", "glcaozuo")
    assert told.returncode == 0, told.stderr
    return folder


@pytest.fixture
def sound(first: Path, tmp_path: Path) -> Installation:
    """A copy of it to which anything may be done, with its clock alive."""
    folder = tmp_path / "instance"
    shutil.copytree(first, folder)
    clock.beat(folder / "jobs")
    return Installation(folder)


# --- with people in it, on both databases -----------------------------------------------------------------------------


def _server(*statements: str) -> None:
    address = make_url(POSTGRES).set(drivername="postgresql", database="postgres")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as server:
        for statement in statements:
            server.execute(statement)  # type: ignore[arg-type]


@pytest.fixture(scope="session", params=BACKENDS)
def peopled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a few invented people; not to be changed but by adding."""
    folder = tmp_path_factory.mktemp(f"peopled-{request.param}") / "instance"
    uri, name = "", f"portal_peopled_{os.getpid()}"
    if request.param == "postgresql":
        _server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE template0')
        uri = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    told = command(folder, "seed", "--members", "25", "--units", "4", "--seed", "5", uri=uri)
    assert told.returncode == 0, told.stderr
    yield Installation(folder, uri)
    if uri:
        _server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def empty(peopled: Installation, tmp_path: Path) -> Iterator[Callable[[], Installation]]:
    """Make places to restore to, with the keys there already; on the same kind of database."""
    made: list[str] = []

    def make() -> Installation:
        folder = tmp_path / f"empty{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        shutil.copy(peopled.keys, folder / "keys.json")
        if not peopled.database_uri:
            return Installation(folder)
        name = f"{make_url(peopled.database_uri).database}_{tmp_path.name}"[:55].lower() + f"_{len(made)}"
        made.append(name)
        _server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE template0')
        return Installation(folder, make_url(POSTGRES).set(database=name).render_as_string(hide_password=False))

    yield make
    for name in made:
        _server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
