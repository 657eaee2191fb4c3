"""The file of a backup: a tar whose last member says what the others must be, so that half a file is known as one."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from portal.core.errors import DomainError

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20
MEMBER = re.compile(r"(database\.(sqlite3\.gz|dump)|portal\.cfg|anchors\.csv|uploads/[A-Za-z0-9_-]{1,64})")
NO_BACKUP = "{} 不是本系统的备份文件，或没有写完、已损坏：请换一份备份"


@dataclass(frozen=True)
class Table:
    """How many rows a table has, and a digest of what stands in them whatever their order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Part:
    """One member of the tar."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    `made_at` is an instant in ISO; `migration` the revision of the tables; `database` sqlite or postgresql; `key` a
    word that only the right keys give again; `missing` the uploads that are named but were gone or spoiled.
    """

    made_at: str
    version: str
    migration: str
    database: str
    key: str
    tables: dict[str, Table]
    missing: list[str] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    format: int = FORMAT

    def written(self) -> bytes:
        """Return the manifest as it stands in the file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def read(cls, text: bytes) -> Manifest:
        """Return the manifest that `text` is. Raises ValueError, KeyError or TypeError."""
        data: dict[str, Any] = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError("another format")
        data["tables"] = {name: Table(**table) for name, table in data["tables"].items()}
        data["parts"] = {name: Part(**part) for name, part in data["parts"].items()}
        return cls(**data)


class _Summed(io.RawIOBase):
    """A file that is summed up while tarfile reads it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        some = self._file.read(size)
        self.sum.update(some)
        return some


class Writer:
    """Writes a backup to `path`.partial; `finish` puts it in place once it has been checked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(path.name + ".partial")
        self.parts: dict[str, Part] = {}
        descriptor = os.open(self.partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "w+b")
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name: str, file: Path) -> Part:
        """Put `file` in as the member `name`. Raises FileNotFoundError."""
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            summed = _Summed(stream)
            self._tar.addfile(_info(name, size), cast(IO[bytes], summed))
        self.parts[name] = Part(size, summed.sum.hexdigest())
        return self.parts[name]

    def close(self, manifest: Manifest) -> None:
        """Write the manifest and bring everything to the disk."""
        text = manifest.written()
        self._tar.addfile(_info(MANIFEST, len(text)), io.BytesIO(text))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def finish(self) -> None:
        """Give the file its name."""
        self.partial.replace(self.path)
        sync_folder(self.path.parent)

    def discard(self) -> None:
        """Leave nothing."""
        self._file.close()
        self.partial.unlink(missing_ok=True)


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(time.time())
    return info


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Archive:
    """A backup that is read: its manifest, and its parts as far as their sums are right."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self.path = path
        self._tar = tar
        try:
            stream = tar.extractfile(MANIFEST)
            self.manifest = Manifest.read(stream.read() if stream else b"")
            names = {member.name for member in tar.getmembers()} - {MANIFEST}
        except (KeyError, ValueError, TypeError, AttributeError, tarfile.TarError, OSError) as error:
            raise DomainError(NO_BACKUP.format(path)) from error
        if names != set(self.manifest.parts) or not all(MEMBER.fullmatch(name) for name in names):
            raise DomainError(NO_BACKUP.format(path))

    @property
    def uploads(self) -> Iterable[str]:
        """The names of the uploaded files among the parts."""
        return [name for name in self.manifest.parts if name.startswith("uploads/")]

    def extract(self, name: str, to: Path) -> None:
        """Write the part `name` to the file `to`, synced. Raises DomainError where it is not what it was."""
        with to.open("wb") as file:
            for some in self._pieces(name):
                file.write(some)
            file.flush()
            os.fsync(file.fileno())

    def check(self, name: str) -> None:
        """Raise DomainError where the part `name` is not what it was."""
        for _ in self._pieces(name):
            pass

    def _pieces(self, name: str) -> Iterator[bytes]:
        expected, found, size = self.manifest.parts[name], hashlib.sha256(), 0
        try:
            stream = self._tar.extractfile(name)
            while stream and (some := stream.read(CHUNK)):
                found.update(some)
                size += len(some)
                yield some
        except (tarfile.TarError, OSError) as error:
            raise DomainError(NO_BACKUP.format(self.path)) from error
        if (size, found.hexdigest()) != (expected.size, expected.sha256):
            raise DomainError(f"备份 {self.path} 中的 {name} 已损坏（校验和不符）：请换一份备份")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a backup. Raises DomainError where it is none, or not whole."""
    try:
        tar = tarfile.TarFile(path)
    except (OSError, tarfile.TarError) as error:
        if not path.exists():
            raise DomainError(f"找不到备份文件 {path}：请核对文件名") from error
        raise DomainError(NO_BACKUP.format(path)) from error
    with tar:
        yield Archive(path, tar)
