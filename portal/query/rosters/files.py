"""The finished files of jobs, sealed, one for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portal.core.sealed_files import SealedWriter, read_sealed

_folder: Path | None = None


def use(folder: Path) -> None:
    """Keep the files of jobs in `folder` (INSTANCE/jobs/rosters)."""
    global _folder
    _folder = folder


def root() -> Path:
    """Return the folder of all jobs' files."""
    if _folder is None:
        raise RuntimeError("files.use was not called")
    return _folder


def keep(uuid: str, content: bytes) -> int:
    """Write the file of a job, whole or not at all; return its size."""
    with SealedWriter(root() / uuid, f"roster|{uuid}") as file:
        file.write(content)
    return file.size


def has(uuid: str) -> bool:
    """Whether the file of a job is there."""
    return (root() / uuid).exists()


def read(uuid: str) -> Iterator[bytes]:
    """Yield the file of a job, piece by piece."""
    return read_sealed(root() / uuid, f"roster|{uuid}")


def remove(uuid: str) -> None:
    """Remove the file of a job, if there is one."""
    (root() / uuid).unlink(missing_ok=True)


def names() -> list[str]:
    """Return the jobs that have files, by uuid."""
    return [path.name for path in root().iterdir() if path.name != "lock"] if root().exists() else []
