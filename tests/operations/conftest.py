"""Installations as they stand on a machine: a folder, made by the commands that a person types."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal import config
from portal.core import clock
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
        connection = sqlite3.connect(self.database)
        try:
            rows = connection.execute(statement).fetchall()
            connection.commit()
        finally:
            connection.close()
        return rows


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
