"""`export`: all members with their 44 fields as a workbook, numbers in full, beside csv.writer from a bare cursor."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from portal.core import crypto
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.members.catalogue import FIELD, NUMBERED
from portal.members.models import Member, stored_name
from portal.org.models import User
from portal.query import asking, conditions
from portal.query.asking import Asked
from portal.query.exports import making
from portal.query.exports.making import Order
from portal.query.exports.models import ExportFormat, Secrets
from portal.query.fields import BY_NAME

from .measuring import Case
from .place import UNION, Place

COMPARED = ("name", "id_number", "mobile", "member_no", "department", "remark")  # which both write as they are stored
HEADINGS = 2  # rows above the first member
COLUMNS = tuple(one.name for one in NUMBERED)
# posts and changes stand in tables of their own, which the floor does not look at
_STORED = tuple(dict.fromkeys(stored_name(one) for one in NUMBERED if hasattr(Member, stored_name(one))))
ROWS = f"SELECT uuid, {', '.join(_STORED)} FROM members ORDER BY name_pinyin, id"  # noqa: S608  # names of our own columns


def export_cases(place: Place) -> list[Case]:
    """Return the one case: everybody, asked for, read, opened, written and compressed."""
    out = place.folder / "export.xlsx"
    place.leaving.callback(out.unlink, missing_ok=True)
    with place.reading():
        connection = db.engine.connect()

    def floor() -> list[tuple[str, ...]]:
        return _floor(connection.execute(text(ROWS)), place.folder / "export.csv")

    place.leaving.callback((place.folder / "export.csv").unlink, missing_ok=True)
    return [Case(f"{place.members} 人 44 列", floor=floor, ours=_ours(place, out), same=_is_same)]


def _ours(place: Place, out: Path) -> Callable[[Any], Path]:
    def ours(_: Any) -> Path:
        with place.app.app_context():
            database.reads()
            actor = db.session.scalars(select(User).where(User.username == UNION)).one()
            asked = Asked(conditions.EVERYBODY)
            order = Order(
                "DC", actor.id, actor.label, "全市", "", ExportFormat.XLSX, Secrets.FULL, COLUMNS,
                asking.ids(actor, asked), asked.day, "全部会员", "姓名", "性能测试", "", now(),
            )  # fmt: skip
            with out.open("wb") as file:
                making.write(file, order)
            db.session.remove()
        return out

    return ours


def _floor(cursor: Any, path: Path) -> list[tuple[str, ...]]:
    """Write the stored values of all members, what is sealed opened, and return those that are compared."""
    names = [name.removesuffix("_sealed") for name in _STORED]
    sealed = [(place, f"{Member.SEAL_FAMILY}|{names[place - 1]}|") for place, name in enumerate(("", *_STORED))
              if name.endswith("_sealed")]  # fmt: skip
    compared = [names.index(name) for name in COMPARED]
    found = []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in cursor:
            values = list(row)
            for place, prefix in sealed:
                if values[place] is not None:
                    values[place] = crypto.open_sealed(values[place], bound_to=prefix + values[0]).decode()
            del values[0]
            writer.writerow(values)
            found.append(tuple(values[place] or "" for place in compared))
    return found


def _is_same(expected: list[tuple[str, ...]], out: Path) -> bool:
    """Whether the workbook, read back by another library, holds these people in this order."""
    from python_calamine import load_workbook  # the portal itself has it only in a child process

    places = [COLUMNS.index(name) for name in COMPARED]
    rows: Iterator[list[Any]] = load_workbook(io.BytesIO(out.read_bytes())).get_sheet_by_index(0).iter_rows()
    for _ in range(HEADINGS - 1):
        next(rows)
    if next(rows) != [FIELD[name].label for name in COLUMNS] or set(COLUMNS) - BY_NAME.keys():
        return False
    return [tuple(str(row[place]) for place in places) for row in rows] == expected
