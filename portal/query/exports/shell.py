"""An export by the command line: the same rules, of any size at once, into a file that only its owner may read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from portal.core.errors import DomainError
from portal.org.models import User

from .. import listing
from ..asking import Asked, Sort
from . import service
from .models import Export, ExportFormat, ExportState, Secrets
from .service import Wish

PURPOSE = "命令行查询结果导出"
KINDS = {".xlsx": ExportFormat.XLSX, ".csv": ExportFormat.CSV}


@contextmanager
def exported(
    actor: User, asked: Asked, path: Path, *, columns: Sequence[str] = (), purpose: str = "", is_full: bool = False
) -> Iterator[Export]:
    """Write whom the question finds to `path`, an .xlsx or .csv, which is there once the block has ended well.

    The block gets the export, and commits it, so that no file is there without its trace. `columns` are names of
    fields, the usual ones where none are named; with `is_full` numbers are written in full. Raises Waits for what takes
    a second person, of which nothing is written; QueryError, DomainError.
    """
    if path.suffix.lower() not in KINDS:
        raise DomainError(f"{path.name} 应以 .xlsx 或 .csv 结尾")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise DomainError(f"不能写入 {path}：请检查文件夹是否存在、是否可写")
    shown = tuple(columns) or listing.DEFAULT
    chosen = service.of_question(actor, asked, sort=Sort(), shown=shown)
    secrets = Secrets.FULL if is_full else Secrets.MASKED
    wish = Wish(shown, KINDS[path.suffix.lower()], secrets, purpose or PURPOSE)
    with _written(path) as out:
        item = service.write_now(actor, chosen, wish, out)
        if item.state is not ExportState.GIVEN:
            raise Waits(item)
        yield item


class Waits(Exception):
    """The export takes a second person first; it is kept, and nothing is written."""

    def __init__(self, item: Export) -> None:
        super().__init__(item.number)
        self.item = item


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `path` that takes its place once the block has ended well."""
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
