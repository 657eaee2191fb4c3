"""Back up: the database at one moment, the uploads it names, the settings; one file, checked before it gets its name.

The keys are not in it: who finds a backup without them reads no identity number, and keys kept beside the data they
open keep nothing closed.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from portal.config import Settings, version
from portal.core import anchors, audit, crypto
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.calendar import local, now
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.uploads import Upload
from portal.system import checks

from .archive import Archive, Manifest, Writer, opened
from .stores import Snapshot, Store, store_of

audit.name_acts({"system.backup": "备份"})

PREFIX = "portal-"
SPARE = 64 << 20  # bytes of disk beyond what a backup needs

Say = Callable[[str], None]


def key_word() -> str:
    """Return a word that only the keys in use give again."""
    return crypto.index("backup", "key")


def back_up(settings: Settings, folder: Path, *, say: Say) -> tuple[Path, Manifest]:
    """Write a backup into `folder` and return its file and what is in it; leaves a trace in the database.

    Whoever works meanwhile is not disturbed, and is in it up to the moment at which it began. Raises DomainError.
    """
    store = store_of(settings)
    with _alone(folder):
        _make_room(settings, store, folder)
        say("正在读取数据库……")
        made_at = now()
        path = _name(folder, made_at)
        taken = folder / f"{path.name}.{store.part}.partial"
        writer = Writer(path)
        try:
            manifest = _write(settings, store, writer, taken, made_at, say=say)
            say("正在核对写好的备份……")
            _check(store, writer.partial, taken, manifest)
            writer.finish()
        finally:
            writer.discard()
            taken.unlink(missing_ok=True)
    _trace(path, manifest)
    return path, manifest


def _write(settings: Settings, store: Store, writer: Writer, taken: Path, made_at: datetime, *, say: Say) -> Manifest:
    snapshot = store.take(taken)
    writer.add(store.part, taken)
    taken.unlink()
    for file in (settings.file_path, settings.anchors_path):
        if file.exists():
            writer.add(file.name, file)
    say(f"正在复制 {len(snapshot.uploads)} 个上传的文件……")
    missing = _add_uploads(settings, writer, snapshot)
    database.reads()
    manifest = Manifest(
        made_at=made_at.isoformat(timespec="seconds"),
        version=version(),
        migration=checks.revision(),
        database=store.kind,
        key=key_word(),
        tables=snapshot.tables,
        missing=missing,
        parts=writer.parts,
    )
    db.session.rollback()
    writer.close(manifest)
    return manifest


def _add_uploads(settings: Settings, writer: Writer, snapshot: Snapshot) -> list[str]:
    """Put in the files that the snapshot names; return those that are gone or spoiled though a row still names them."""
    gone = []
    for name, sha256 in snapshot.uploads:
        try:
            if writer.add(f"uploads/{name}", settings.uploads_path / name).sha256 != sha256:
                gone.append(name)
        except FileNotFoundError:
            gone.append(name)
    database.reads()
    named = {*db.session.scalars(select(Upload.path).where(Upload.path.in_(gone)))}  # not those removed meanwhile
    db.session.rollback()
    return [name for name in gone if name in named]


def _check(store: Store, partial: Path, taken: Path, manifest: Manifest) -> None:
    """Read the file back: its sums, the database in it, and how many rows each table has."""
    with opened(partial) as archive:
        for name in archive.manifest.parts:
            if name != store.part:
                archive.check(name)
        if rows_in(archive, store, taken) != {name: table.rows for name, table in manifest.tables.items()}:
            raise DomainError("写好的备份与数据库不符，已删除，请重试；若仍如此，请检查磁盘")


def rows_in(archive: Archive, store: Store, aside: Path) -> dict[str, int]:
    """Return how many rows each table of a backup has; the database is unpacked to `aside` for that."""
    try:
        archive.extract(store.part, aside)
        return store.look(aside)
    finally:
        aside.unlink(missing_ok=True)


def _trace(path: Path, manifest: Manifest) -> None:
    database.writes()
    details = {"file": path.name, "size": path.stat().st_size, "members": manifest.tables["members"].rows}
    audit.record(SHELL, "system.backup", details=details)
    db.session.commit()
    database.reads()
    anchors.drop()
    db.session.rollback()


def _make_room(settings: Settings, store: Store, folder: Path) -> None:
    uploads = sum(file.stat().st_size for file in settings.uploads_path.glob("*") if file.is_file())
    needed = store.room() * 2 + uploads + SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DomainError(
            f"{folder} 所在的磁盘只剩 {free >> 20} MB，备份需要约 {needed >> 20} MB：请清理磁盘或换一个文件夹"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make the folder, hold it against a second backup, and remove what a killed one has left."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (folder / f".{PREFIX}lock").open("w")
    except OSError as error:
        raise DomainError(f"不能写入 {folder}：请检查它是否是文件夹、是否可写") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DomainError(f"另一个备份正在写入 {folder}，请等它完成") from error
        for left in folder.glob(f"{PREFIX}*.partial*"):
            left.unlink()
        yield


def _name(folder: Path, made_at: datetime) -> Path:
    stem = f"{PREFIX}{local(made_at):%Y%m%d-%H%M%S}"
    numbers = ("", *(f"-{number}" for number in range(2, 1000)))
    return next(path for end in numbers if not (path := folder / f"{stem}{end}.tar").exists())
