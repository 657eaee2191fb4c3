"""The keys: which there are, what each has sealed, and whether everything can be opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.core import crypto
from portal.core.crypto import KeyProblem, sealed
from portal.core.db import Base, db
from portal.core.errors import Absent
from portal.core.uploads import Upload, content_of

CHUNK = 500


def status(path: Path) -> list[str]:
    """Return a line for the file of the keys and one for each key, with how many values it has sealed."""
    keys = crypto.keys_at(path)
    if keys is None:
        raise KeyProblem(f"找不到密钥文件 {path}")
    counts: Counter[int] = Counter()
    for model, _, column in _sealed_columns():
        stored = getattr(model, column)
        byte = func.substr(stored, 2, 1)  # the number of the key
        for number, times in db.session.execute(select(byte, func.count()).where(stored.is_not(None)).group_by(byte)):
            counts[bytes(number)[0]] += times
    lines = [f"密钥文件：{path}"]
    for one in sorted(keys.ring.keys() | counts.keys()):
        what = "正在使用" if one == keys.current else "只用于读取" if one in keys.ring else "缺少"
        lines.append(f"第 {one} 号密钥：{what}，加密了 {counts[one]} 项")
    return lines


def verify() -> tuple[int, list[str]]:
    """Open every sealed value and upload; return how many could be opened, and a line for each that could not."""
    opened, problems = 0, []
    for model, name, column in _sealed_columns():
        rows = select(model).where(getattr(model, column).is_not(None)).execution_options(yield_per=CHUNK)
        for row in db.session.scalars(rows):
            try:
                getattr(row, name)
                opened += 1
            except KeyProblem:
                problems.append(f"{model.__tablename__} 第 {row.id} 行的 {name} 无法读出")
    for upload in db.session.scalars(select(Upload).execution_options(yield_per=CHUNK)):
        try:
            content_of(upload.id)
            opened += 1
        except (KeyProblem, Absent) as error:
            what = "不见了" if isinstance(error, Absent) else "无法读出"
            problems.append(f"第 {upload.id} 号上传的文件（{upload.path}）{what}")
    return opened, problems


def _sealed_columns() -> Iterator[tuple[Any, str, str]]:
    """Yield every model with each of its sealed properties and the column below."""
    for mapper in sorted(Base.registry.mappers, key=lambda one: one.class_.__name__):
        for kind in mapper.class_.__mro__:
            for name, one in vars(kind).items():
                if isinstance(one, sealed):
                    yield mapper.class_, name, one.column
