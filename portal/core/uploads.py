"""What people upload: private files sealed on disk, each with a row that says what it is.

A file is written to a temporary name, synced, and renamed before its row is committed; its name is random.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from datetime import datetime
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from . import crypto
from .actors import Actor
from .calendar import now
from .db import Base, UtcTime, db, new_uuid
from .errors import Absent, DomainError

LARGEST = 15 * 1024 * 1024  # bytes of a photo as a phone takes it
MOST_PIXELS = 60_000_000  # of the largest phone cameras; more is a picture made to hurt
PHOTO_SIZE = (590, 826)  # 5:7, twice the 295x413 of a one-inch photo at 300 dpi, so that print stays sharp
PHOTO_LEAST = (295, 413)
PHOTO_PROBLEM = "请上传照片（jpg/png，15MB 以内）"

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

    Raises DomainError on `photo` for what is no picture (jpg, png, webp) or larger than 15 MB.
    """
    raw = stream.read(LARGEST + 1)
    if not raw or len(raw) > LARGEST:
        raise DomainError(PHOTO_PROBLEM, field="photo")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=("JPEG", "PNG", "WEBP")) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise DomainError(PHOTO_PROBLEM, field="photo")
                picture.draft("RGB", (PHOTO_SIZE[0] * 2, PHOTO_SIZE[1] * 2))  # a JPEG is read small at once
                upright = _on_white(ImageOps.exif_transpose(picture))
    except DomainError:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise DomainError(PHOTO_PROBLEM, field="photo") from error
    width = min(PHOTO_SIZE[0], max(PHOTO_LEAST[0], min(upright.width, upright.height * 5 // 7)))
    size = (width, max(PHOTO_LEAST[1], round(width * 7 / 5)))
    # heads are in the upper part of a portrait, so the crop takes less from the top
    fitted = ImageOps.fit(upright, size, Image.Resampling.LANCZOS, centering=(0.5, 0.35))
    out = io.BytesIO()
    fitted.save(out, "JPEG", quality=88, optimize=True)
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB, what is transparent in white."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return picture.convert("RGB")
