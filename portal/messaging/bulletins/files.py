"""Attachments: a few kinds, told by what they begin with, handed out as files to keep and never shown as pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import IO

from portal.core.errors import DomainError

from .models import NAME_MOST

LARGEST, MOST = 10 << 20, 5  # bytes of one, and how many
KIND = "bulletin"
ZIPPED, OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
BEGINS = {
    ".pdf": b"%PDF-", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff", ".png": b"\x89PNG\r\n",
    ".docx": ZIPPED, ".xlsx": ZIPPED, ".pptx": ZIPPED, ".doc": OLD_OFFICE, ".xls": OLD_OFFICE, ".ppt": OLD_OFFICE,
}  # fmt: skip
PROBLEM = "附件可以是 pdf、word、excel、ppt 或 jpg、png 图片，每个不超过 10MB"


@dataclass(frozen=True)
class Brought:
    """A file that somebody brings."""

    name: str
    content: bytes


def read(stream: IO[bytes], name: str) -> Brought:
    """Return a file with its name made plain. Raises DomainError on `files` for a kind that is not taken."""
    plain = "".join(letter for letter in PurePath(name.replace("\\", "/")).name if letter.isprintable())
    suffix = PurePath(plain).suffix.lower()
    content = stream.read(LARGEST + 1)
    if suffix not in BEGINS or not content.startswith(BEGINS[suffix]) or len(content) > LARGEST:
        raise DomainError(f"“{plain[:30]}”没有收下：{PROBLEM}", field="files")
    return Brought(plain if len(plain) <= NAME_MOST else plain[: NAME_MOST - len(suffix)] + suffix, content)
