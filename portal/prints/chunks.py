"""The files of print jobs: chunks of finished papers, then one joined PDF, all sealed, in a folder of each job."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from portal.core.pdf_join import Joiner
from portal.core.sealed_files import SealedWriter, read_sealed

T = TypeVar("T")

_folder: Path | None = None


def use(folder: Path) -> None:
    """Keep the files of jobs below `folder` (INSTANCE/jobs/prints)."""
    global _folder
    _folder = folder


def root() -> Path:
    """Return the folder of all jobs' files."""
    if _folder is None:
        raise RuntimeError("chunks.use was not called")
    return _folder


def of(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield `items` in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


@dataclass(frozen=True)
class Chunk:
    """What was printed in one go: (member, unit) in their order, what stands in the bookmarks, and who is beside."""

    printed: list[tuple[int, int]] = field(default_factory=list)
    bookmarks: list[tuple[str, int]] = field(default_factory=list)
    without_photo: list[int] = field(default_factory=list)
    without_glyph: list[tuple[int, str]] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    pdf: bytes = b""


def _path(uuid: str, number: int) -> Path:
    return root() / uuid / f"{number:05d}"


def has(uuid: str, number: int) -> bool:
    """Whether chunk `number` of a job is finished."""
    return _path(uuid, number).exists()


def keep(uuid: str, number: int, chunk: Chunk) -> None:
    """Write a finished chunk, whole or not at all."""
    head = json.dumps({name: value for name, value in asdict(chunk).items() if name != "pdf"}).encode()
    with SealedWriter(_path(uuid, number), f"print|{uuid}|{number}") as file:
        file.write(head + b"\n" + chunk.pdf)


def read(uuid: str, number: int) -> Chunk:
    """Return a finished chunk."""
    plain = b"".join(read_sealed(_path(uuid, number), f"print|{uuid}|{number}"))
    head, _, pdf = plain.partition(b"\n")
    return Chunk(**json.loads(head), pdf=pdf)


def joined_path(uuid: str) -> Path:
    """Return where the joined PDF of a job is."""
    return root() / uuid / "joined"


def join(uuid: str, count: int, title: str) -> tuple[Chunk, int, int]:
    """Join the chunks 0 to `count` of a job; return their lists as one (without a PDF), the pages, and the size."""
    whole = Chunk()
    with SealedWriter(joined_path(uuid), f"print|{uuid}|joined") as file:
        joiner = Joiner(file)
        for number in range(count):
            chunk = read(uuid, number)
            if chunk.pdf:
                joiner.add(chunk.pdf, chunk.bookmarks)
            for name in ("printed", "without_photo", "without_glyph", "skipped", "broken"):
                getattr(whole, name).extend(getattr(chunk, name))
        joiner.finish(title)
        size = file.size
    return whole, joiner.pages, size


def read_joined(uuid: str) -> Iterator[bytes]:
    """Yield the joined PDF of a job, piece by piece."""
    return read_sealed(joined_path(uuid), f"print|{uuid}|joined")


def remove_chunks(uuid: str) -> None:
    """Remove the chunks of a job, which are in the joined PDF now."""
    for path in (root() / uuid).glob("[0-9]*"):
        path.unlink(missing_ok=True)


def remove(uuid: str) -> None:
    """Remove all files of a job."""
    shutil.rmtree(root() / uuid, ignore_errors=True)


def names() -> list[str]:
    """Return the jobs that have files, by uuid."""
    return [path.name for path in root().iterdir() if path.is_dir()] if root().exists() else []
