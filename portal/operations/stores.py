"""The two kinds of database, as backup and restore see them: take a snapshot, look into one, put one in place."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text

from portal.config import Settings
from portal.core import db as database
from portal.core.errors import DomainError

from .archive import CHUNK, Table

GZIP_LEVEL = 6
CLIENT = "postgresql-client"
NOT_EMPTY = "{place} 里已有数据，恢复只能放进空的数据库。{way}，再运行一次恢复"


@dataclass(frozen=True)
class Snapshot:
    """What a database held at one moment: its tables, and name and sum of every upload that it names."""

    tables: dict[str, Table]
    uploads: list[tuple[str, str]]


class Store(Protocol):
    """One kind of database. `part` is what its snapshot is called in a backup."""

    kind: str
    part: str

    def room(self) -> int:
        """Return about how many bytes a snapshot takes while it is made."""

    def take(self, to: Path) -> Snapshot:
        """Write a snapshot to the file `to`, consistent in itself whoever writes meanwhile."""

    def look(self, at: Path) -> dict[str, int]:
        """Return how many rows of each table stand in the snapshot `at`. Raises DomainError where it is damaged."""

    def refuse_full(self) -> None:
        """Raise DomainError where something stands in the database already."""

    def clear(self) -> None:
        """Remove what a restore that was broken off has put in place. Raises DomainError where a person has to."""

    def put(self, taken: Path) -> None:
        """Put a snapshot in place, whole or not at all."""

    def tables(self) -> dict[str, Table]:
        """Return what the database holds now."""


def store_of(settings: Settings) -> Store:
    """Return the database of `settings`."""
    url = make_url(settings.database_uri)
    return Sqlite(Path(url.database or "")) if url.get_backend_name() == "sqlite" else Postgres(url)


# --- SQLite -----------------------------------------------------------------------------------------------------------


class Sqlite:
    """A file. Copying it while it is in use loses commits; VACUUM INTO does not."""

    kind = "sqlite"
    part = "database.sqlite3.gz"

    def __init__(self, file: Path) -> None:
        self.file = file

    def room(self) -> int:
        """Return the size of the copy and of its compressed twin."""
        return self.file.stat().st_size * 3 // 2

    def take(self, to: Path) -> Snapshot:
        """Copy the database at one moment, sum it up, and compress it."""
        copy = to.with_name(to.name + ".copy")
        copy.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(self.file, timeout=database.BUSY_TIMEOUT_MS / 1000)) as live:
                live.execute("VACUUM INTO ?", (str(copy),))
            with closing(sqlite3.connect(copy)) as taken:
                snapshot = Snapshot(_sqlite_tables(taken), list(taken.execute("SELECT path, sha256 FROM uploads")))
            with copy.open("rb") as plain, gzip.open(to, "wb", GZIP_LEVEL) as packed:
                shutil.copyfileobj(plain, packed, CHUNK)
        finally:
            copy.unlink(missing_ok=True)
        return snapshot

    def look(self, at: Path) -> dict[str, int]:
        """Unpack the snapshot, let SQLite check it, and count."""
        copy = at.with_name(at.name + ".copy")
        try:
            self._unpack(at, copy)
            with closing(sqlite3.connect(copy)) as taken:
                return {name: table.rows for name, table in _sqlite_tables(taken).items()}
        finally:
            copy.unlink(missing_ok=True)

    @staticmethod
    def _unpack(packed: Path, to: Path) -> None:
        try:
            with gzip.open(packed, "rb") as source, to.open("wb") as plain:
                shutil.copyfileobj(source, plain, CHUNK)
                plain.flush()
                os.fsync(plain.fileno())
            with closing(sqlite3.connect(to)) as taken:
                sound = taken.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
                sound = sound and taken.execute("PRAGMA foreign_key_check").fetchone() is None
        except (OSError, EOFError, sqlite3.DatabaseError) as error:
            raise DomainError("备份中的数据库已损坏：请换一份备份") from error
        if not sound:
            raise DomainError("备份中的数据库不完整：请换一份备份")

    def refuse_full(self) -> None:
        """Any file at its place is something."""
        if self.file.exists() and self.file.stat().st_size:
            aside = f"{self.file}.old"
            way = f"请先停止服务，把它移走（mv {self.file} {aside}，{self.file.name}-wal 和 -shm 一起移走）"
            raise DomainError(NOT_EMPTY.format(place=self.file, way=way))

    def clear(self) -> None:
        """Remove the file."""
        for ending in ("", "-wal", "-shm"):
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)

    def put(self, taken: Path) -> None:
        """Unpack beside the place, then move."""
        aside = self.file.with_name(self.file.name + ".restoring")
        self._unpack(taken, aside)
        for ending in ("-wal", "-shm"):  # of a file that is gone
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)
        aside.chmod(0o600)
        aside.replace(self.file)

    def tables(self) -> dict[str, Table]:
        """Count and sum up."""
        with closing(sqlite3.connect(self.file)) as live:
            return _sqlite_tables(live)


def _sqlite_tables(connection: sqlite3.Connection) -> dict[str, Table]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name: _summed(connection.execute(f'SELECT * FROM "{name}"')) for (name,) in names.fetchall()}  # noqa: S608  # a name of our own tables


def _summed(rows: Iterable[Any]) -> Table:
    """Return the table of `rows`; the digest is the sum of theirs, so that their order does not matter."""
    number, total = 0, 0
    for row in rows:
        number += 1
        total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=32).digest(), "big")
    return Table(number, f"{total % (1 << 256):064x}")


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


class Postgres:
    """A server, reached by its own programs; passwords go to them in the environment, never in an argument."""

    kind = "postgresql"
    part = "database.dump"

    def __init__(self, url: URL) -> None:
        self.url = url

    def room(self) -> int:
        """Return the size of the database: a compressed dump is smaller."""
        with self._engine().connect() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())

    def take(self, to: Path) -> Snapshot:
        """Dump what one transaction sees, and sum up in the same."""
        program = _program("pg_dump")
        engine = self._engine().execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection:
            snapshot_id = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot_id}"]
            self._run([program, *words, f"--file={to}"], "数据库备份失败")
            uploads = [(row.path, row.sha256) for row in connection.execute(text("SELECT path, sha256 FROM uploads"))]
            return Snapshot(_postgres_tables(connection), uploads)

    def look(self, at: Path) -> dict[str, int]:
        """Let pg_restore write out all rows, and count them."""
        words = [_program("pg_restore"), "--data-only", "--file=-", str(at)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603  # our own words
        counts: dict[str, int] = {}
        here = ""
        with process, process.stdout or open(os.devnull, "rb") as lines:
            for line in lines:
                if here:
                    counts[here] += line != b"\\.\n"
                    here = "" if line == b"\\.\n" else here
                elif found := re.match(rb"COPY public\.(\w+) ", line):
                    here = found[1].decode()
                    counts[here] = 0
        if process.returncode:
            raise DomainError("备份中的数据库已损坏：请换一份备份")
        return counts

    def refuse_full(self) -> None:
        """Any table in the database is something."""
        with self._engine().connect() as connection:
            query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
            if connection.execute(text(query)).scalar():
                name = self.url.database
                way = f"请建立一个新库（createdb {name}_new），把 PORTAL_DATABASE_URI 改为新库"
                raise DomainError(NOT_EMPTY.format(place=f"数据库 {name}", way=way))

    def clear(self) -> None:
        """Nothing of a server's is removed by itself."""
        self.refuse_full()

    def put(self, taken: Path) -> None:
        """Let pg_restore write everything in one transaction."""
        words = [_program("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        self._run([*words, f"--dbname={self.url.database}", str(taken)], "数据库恢复失败，没有写入任何内容")

    def tables(self) -> dict[str, Table]:
        """Count and sum up."""
        with self._engine().connect() as connection:
            return _postgres_tables(connection)

    def _engine(self) -> Any:
        database.reads()
        options = database.engine_options(self.url.render_as_string(hide_password=False))
        return create_engine(self.url, poolclass=NullPool, **options)

    def _run(self, words: list[str], failure: str) -> None:
        done = subprocess.run(words, env=os.environ | _environment(self.url), capture_output=True, check=False)  # noqa: S603  # our own words
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise DomainError(f"{failure}（{said[-1] if said else done.returncode}）")


def _environment(url: URL) -> dict[str, str]:
    given = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": url.port or url.query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode"),
        "LC_ALL": "C.UTF-8",
    }
    return {name: str(value) for name, value in given.items() if value}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DomainError(f"缺少程序 {name}，请先运行：sudo apt-get install -y {CLIENT}（版本不低于数据库服务器）")
    return found


def _postgres_tables(connection: Connection) -> dict[str, Table]:
    # rows as text must not depend on how a server likes to write
    connection.execute(text("SET LOCAL datestyle = 'ISO, YMD'"))
    connection.execute(text("SET LOCAL bytea_output = 'hex'"))
    names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).scalars()
    digest = "coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '')"
    found = {}
    for name in list(names):
        row = connection.execute(text(f'SELECT count(*) AS rows, {digest} AS digest FROM public."{name}" t')).one()  # noqa: S608  # a name of our own tables
        found[name] = Table(row.rows, row.digest)
    return found
