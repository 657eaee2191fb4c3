"""Large private files, sealed in frames as they are written, so that no size of theirs has to fit into memory.

A frame is a byte that says whether it is the last, its length in 4 bytes, and 1 MiB sealed to the file's identity and
the frame's place: frames can be neither moved, swapped, dropped nor cut off without notice.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from . import crypto

FRAME = 1 << 20


def _place(identity: str, number: int, *, is_last: bool) -> str:
    return f"file|{identity}|{number}|{'end' if is_last else 'more'}"


class SealedWriter:
    """Write plain bytes to the file `path`, which is there whole once the block has ended well, or else not at all."""

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        self.identity = identity
        self.size = 0
        self._number = 0
        self._waiting = bytearray()

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._partial = self.path.with_suffix(".partial")
        descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        return self

    def write(self, plain: bytes) -> int:
        """Add `plain` to the file; returns its length, as files do."""
        self.size += len(plain)
        self._waiting += plain
        while len(self._waiting) > FRAME:
            self._seal(bytes(self._waiting[:FRAME]), is_last=False)
            del self._waiting[:FRAME]
        return len(plain)

    def flush(self) -> None:
        """Do nothing: a frame is written when it is full, as writers of archives need not know."""

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        sealed = crypto.seal(plain, bound_to=_place(self.identity, self._number, is_last=is_last))
        self._file.write(bytes((is_last,)) + len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._seal(bytes(self._waiting), is_last=True)
                self._file.flush()
                os.fsync(self._file.fileno())
        if error is None:
            self._partial.replace(self.path)
        else:
            with contextlib.suppress(FileNotFoundError):
                self._partial.unlink()


def read_sealed(path: Path, identity: str) -> Iterator[bytes]:
    """Yield the plain bytes of a sealed file, frame by frame. Raises crypto.KeyProblem where a frame does not fit."""
    with path.open("rb") as file:
        number, is_last = 0, False
        while not is_last:
            head = file.read(5)
            if len(head) < 5:
                raise crypto.KeyProblem("文件不完整，请重新生成")
            is_last = bool(head[0])
            sealed = file.read(int.from_bytes(head[1:], "big"))
            yield crypto.open_sealed(sealed, bound_to=_place(identity, number, is_last=is_last))
            number += 1


class SealedFolder:
    """The files of one kind of work, sealed, one for each uuid, in a folder of their own."""

    def __init__(self, family: str) -> None:
        self._family = family
        self._folder: Path | None = None

    def use(self, folder: Path) -> None:
        """Keep the files in `folder`."""
        self._folder = folder

    def root(self) -> Path:
        """Return the folder."""
        if self._folder is None:
            raise RuntimeError(f"the folder of {self._family} was not named")
        return self._folder

    def _path(self, uuid: str) -> Path:
        return self.root() / f"{uuid}.sealed"

    def writer(self, uuid: str) -> SealedWriter:
        """Return what the file is written to; it is there whole or not at all."""
        return SealedWriter(self._path(uuid), f"{self._family}|{uuid}")

    def keep(self, uuid: str, content: bytes) -> int:
        """Write the file, whole or not at all, and return its size in bytes."""
        with self.writer(uuid) as file:
            file.write(content)
        return file.size

    def has(self, uuid: str) -> bool:
        """Whether the file is there."""
        return self._path(uuid).exists()

    def read(self, uuid: str) -> Iterator[bytes]:
        """Yield the file, piece by piece. Raises crypto.KeyProblem where a piece does not fit."""
        return read_sealed(self._path(uuid), f"{self._family}|{uuid}")

    def remove(self, uuid: str) -> None:
        """Remove the file, half of one too."""
        for path in self.root().glob(f"{uuid}.*"):
            path.unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the uuids that have files."""
        return sorted({path.stem for path in self.root().glob("*-*.*")}) if self.root().exists() else []
