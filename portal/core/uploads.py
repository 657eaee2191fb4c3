"""What people upload: private files sealed on disk, each with a row that says what it is.

A file is written to a temporary name, synced, and renamed before its row is committed; its name is random.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy import ForeignKey, String, exists, select
from sqlalchemy.orm import Mapped, mapped_column

from . import crypto, photo_child, workers
from .actors import Actor
from .calendar import now
from .db import Base, UtcTime, db, new_uuid
from .errors import Absent, Busy, DomainError

LARGEST = 15 * 1024 * 1024  # bytes of a photo as a phone takes it
PHOTO_PROBLEM = "请上传照片（jpg/png，15MB 以内）"
HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
HEIC_PROBLEM = "这是 HEIC 格式的照片，请在手机上另存为 JPG 后再上传（苹果手机：设置 - 相机 - 格式 - 兼容性最佳）"
QUEUE = "上传照片的人较多，请稍候再试，您填写的其他内容没有丢失"

_READER = workers.Worker(photo_child.__file__, seconds=6, memory=768 << 20, queue=3)

_folder: Path | None = None


def use(folder: Path) -> None:
    """Keep uploads in `folder` (INSTANCE/uploads); the first one makes it, readable by its owner alone."""
    global _folder
    _folder = folder


class Upload(Base):
    """One private file. `path` is its random name in the folder, `size` and `sha256` are those of the sealed bytes."""

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    path: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


def keep(actor: Actor, content: bytes, *, kind: str) -> Upload:
    """Seal `content` on disk and return its row, flushed; `kind` is a word such as "photo".

    A rolled-back request leaves a sealed file that no row names and nobody can read.
    """
    if _folder is None:
        raise RuntimeError("uploads.use was not called")
    identity = new_uuid()
    sealed = crypto.seal(content, bound_to=f"upload|content|{identity}")
    name = crypto.random_token()
    _folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = _folder / f"{name}.partial"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(_folder / name)
    row = Upload(
        uuid=identity,
        path=name,
        kind=kind,
        size=len(sealed),
        sha256=hashlib.sha256(sealed).hexdigest(),
        created_by=actor.id,
    )
    db.session.add(row)
    db.session.flush()  # the record that shows the file names it by number
    return row


def unnamed(kinds: Collection[str], *, before: datetime) -> list[Upload]:
    """Return the uploads of these kinds kept before that moment which no row of the house names."""
    here = Upload.__table__.c.id
    names = [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column is here for key in column.foreign_keys)
    ]
    query = select(Upload).where(Upload.kind.in_(list(kinds)), Upload.created_at < before)
    query = query.where(*(~exists().where(column == here) for column in names))
    return list(db.session.scalars(query.order_by(Upload.id)))


def discard(rows: Iterable[Upload]) -> None:
    """Remove uploads that nothing names any more, rows and files; the last act of a transaction.

    Should it not commit, rows without a file remain, which the next sweep finds.
    """
    if _folder is None:
        raise RuntimeError("uploads.use was not called")
    rows = list(rows)
    for row in rows:
        db.session.delete(row)
    db.session.flush()  # a row that something still names refuses here, before its file is gone
    for row in rows:
        (_folder / row.path).unlink(missing_ok=True)


def content_of(upload_id: int) -> bytes:
    """Return the plain bytes of an upload; whether they may be read is the caller's question. Raises Absent."""
    row = db.session.get(Upload, upload_id)
    if row is None or _folder is None:
        raise Absent
    try:
        sealed = (_folder / row.path).read_bytes()
    except FileNotFoundError as error:
        raise Absent from error
    return crypto.open_sealed(sealed, bound_to=f"upload|content|{row.uuid}")


def photo(stream: IO[bytes]) -> bytes:
    """Return the picture in `stream` as the house keeps photos: upright, 5:7, at least 295x413, a JPEG without EXIF.

    It is read in a child process, so that a picture made to hurt hurts nobody. Raises DomainError on `photo` for what
    is no picture (jpg, png, webp) or larger than 15 MB, Busy where too many wait.
    """
    raw = stream.read(LARGEST + 1)
    if raw[4:8] == b"ftyp" and raw[8:12] in HEIC:
        raise DomainError(HEIC_PROBLEM, field="photo")
    if not raw or len(raw) > LARGEST:
        raise DomainError(PHOTO_PROBLEM, field="photo")
    try:
        made = _READER.ask(raw)
    except workers.WorkFailed as error:
        if error.word == workers.QUEUE:
            raise Busy(QUEUE) from error
        raise DomainError(PHOTO_PROBLEM, field="photo") from error
    if not made:
        raise DomainError(PHOTO_PROBLEM, field="photo")
    return made[0]
