"""The files of exports that the clock has made, sealed, in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portal.core.sealed_files import SealedWriter, read_sealed

_folder: Path | None = None


def use(folder: Path) -> None:
    """Keep the files below `folder` (INSTANCE/jobs/exports)."""
    global _folder
    _folder = folder


def root() -> Path:
    """Return the folder of all files."""
    if _folder is None:
        raise RuntimeError("store.use was not called")
    return _folder


def _path(uuid: str) -> Path:
    return root() / f"{uuid}.sealed"


def writer(uuid: str) -> SealedWriter:
    """Return what the file of an export is written to; it is there whole or not at all."""
    return SealedWriter(_path(uuid), f"export|{uuid}")


def has(uuid: str) -> bool:
    """Whether the file of an export is there."""
    return _path(uuid).exists()


def read(uuid: str) -> Iterator[bytes]:
    """Yield the file of an export, piece by piece."""
    return read_sealed(_path(uuid), f"export|{uuid}")


def remove(uuid: str) -> None:
    """Remove the file of an export, half of one too."""
    for path in root().glob(f"{uuid}.*"):
        path.unlink(missing_ok=True)


def names() -> list[str]:
    """Return the exports that have files, by uuid."""
    return sorted({path.stem for path in root().glob("*-*.*")}) if root().exists() else []
