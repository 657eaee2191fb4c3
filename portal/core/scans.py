"""Scans of signed paper: a photo of it, or a PDF, read in a child process and kept sealed like any upload."""

from __future__ import annotations

from datetime import timedelta
from typing import IO

from . import audit, scan_child, uploads, workers
from .actors import CLOCK, Actor
from .calendar import now
from .errors import Busy, DomainError
from .uploads import Upload

audit.name_acts({"scans.sweep": "清理没有提交的扫描件"})

LARGEST = 10 << 20  # bytes
PROBLEM = "请上传签字表的照片或扫描件（jpg、png 或不加密的 PDF，10MB 以内）"
QUEUE = "上传的人较多，请稍候再试，您填写的其他内容没有丢失"
KINDS = {scan_child.JPEG: "scan_jpg", scan_child.PDF: "scan_pdf"}
MIMETYPES = {"scan_jpg": "image/jpeg", "scan_pdf": "application/pdf"}

UNCLAIMED_FOR = timedelta(days=7)  # a form that was refused may be mended and sent so long

_READER = workers.Worker(scan_child.__file__, seconds=8, memory=768 << 20, queue=3)


def read(stream: IO[bytes], *, field: str = "evidence") -> tuple[str, bytes]:
    """Return the kind of upload (a key of MIMETYPES) and the bytes to keep; call it with no transaction open.

    Raises DomainError on `field` for what is no scan or larger than 10 MB, Busy where too many wait.
    """
    raw = stream.read(LARGEST + 1)
    if not raw or len(raw) > LARGEST:
        raise DomainError(PROBLEM, field=field)
    try:
        made = _READER.ask(raw)
    except workers.WorkFailed as error:
        if error.word == workers.QUEUE:
            raise Busy(QUEUE) from error
        raise DomainError(PROBLEM, field=field) from error
    if not made:
        raise DomainError(PROBLEM, field=field)
    return KINDS[made[0]], made[1]


def keep(actor: Actor, kind: str, content: bytes) -> Upload:
    """Seal what `read` returned and return its row."""
    return uploads.keep(actor, content, kind=kind)


def sweep() -> int:
    """Remove the scans that nothing names, a week old: their form was refused or never sent, or another has come.

    Return how many; row and file go, and the trace keeps the number.
    """
    left = uploads.unnamed(MIMETYPES, before=now() - UNCLAIMED_FOR)
    if left:
        audit.record(CLOCK, "scans.sweep", details={"count": len(left)})
        uploads.discard(left)
    return len(left)
