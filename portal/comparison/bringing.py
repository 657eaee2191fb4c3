"""Bring a personnel office's list: read, its columns confirmed once where nobody knows them, compared, and kept."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from portal.core import audit, sheets, uploads
from portal.core.calendar import now
from portal.core.db import db, new_uuid, release, writes
from portal.core.errors import Conflict, DomainError
from portal.core.kinds.cleaning import visible
from portal.members.importing import reading
from portal.members.importing.uploading import ColumnFields, column_said, needs_mapping, remember, remembered
from portal.org.models import User

from . import comparing, service
from .findings import Branches, Finder, Found, keep, known
from .listed import Reader
from .matching import match, single
from .models import FILE_NAME_MOST, Comparison, Kind

audit.name_acts({"comparison.upload": "上传人事名单", "comparison.make": "人事名单比对"})

TOLD_MOST = 300  # sentences about rows that are kept
ROWS_TOLD_MOST = 50  # numbers of rows beside one of them
NOBODY = "名单里没有可以比对的人员，请检查姓名、工号、身份证号各列后重新上传"
UNMAPPED = "还有列没有核对，请逐列选择"


@dataclass(slots=True)
class Compared:
    """What came of a file: `said` of the sheet and what was found, or only the columns that have to be confirmed."""

    table: reading.Table
    is_clear: bool
    said: dict[str, Any]
    found: list[Found] = field(default_factory=list)
    matched: int = 0


def bring(actor: User, raw: bytes, file_name: str, unit_id: int) -> Comparison:
    """Compare the list in the file `raw` with the members of the unit, keep what was found, and return it.

    Nothing of the members is changed. With columns that nobody knows the comparison waits for them (`map_columns`).
    Raises DomainError on `file` for what cannot be read, on `unit` for a unit that is not the actor's; Busy where too
    many wait.
    """
    actor_id = actor.id
    comparing.unit_of(actor, unit_id)
    compared = _compare(actor, raw, unit_id, None)
    writes()
    actor = db.session.get_one(User, actor_id)
    name = visible(file_name.replace("\\", "/").rpartition("/")[2])[-FILE_NAME_MOST:] or "人事名单"
    item = Comparison(
        uuid=new_uuid(), unit_id=comparing.unit_of(actor, unit_id).id, file_name=name, rows=0, matched=0,
        created_by=actor.id, created_at=now(),
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()  # its findings name it by number
    if compared.is_clear:
        _keep(actor, item, compared)
    else:
        item.said = compared.said
        item.upload_id = uploads.keep(actor, raw, kind="comparison").id
        audit.record(actor, "comparison.upload", item)
    return item


def map_columns(actor: User, comparison_id: int, mapping: ColumnFields) -> Comparison:
    """Say which column is which field, remember it for the next list with these headings, and compare.

    Raises Absent, Conflict where that has been said, DomainError where the list cannot be read so.
    """
    actor_id, item = actor.id, waiting(actor, comparison_id)
    raw = uploads.content_of(item.upload_id or 0)
    compared = _compare(actor, raw, item.unit_id, mapping)
    if not compared.is_clear:
        raise DomainError("；".join(compared.table.problems) or UNMAPPED)
    writes()
    actor = db.session.get_one(User, actor_id)
    item = waiting(actor, comparison_id)
    _keep(actor, item, compared)
    remember(actor, item.unit_id, compared.table.fingerprint, mapping)
    service.drop_file(item)
    return item


def waiting(actor: User, comparison_id: int) -> Comparison:
    """Return a comparison whose columns have to be confirmed. Raises Absent, Conflict where they are."""
    item = service.find(actor, comparison_id)
    if not item.waits:
        raise Conflict("这份名单的列已经核对，请返回刷新后查看")
    return item


def _compare(actor: User, raw: bytes, unit_id: int, mapping: ColumnFields | None) -> Compared:
    """Read and compare; no transaction is open while the file is read and people are matched, and none afterwards."""
    actor_id = actor.id
    release()
    book = sheets.book_of(BytesIO(raw))
    actor = db.session.get_one(User, actor_id)
    table = reading.recognise(book, mapping)
    if mapping is None:
        mapping = remembered(comparing.unit_of(actor, unit_id), table.fingerprint)
        table = reading.recognise(book, mapping) if mapping else table
    if not table.heading_row or reading.NO_PEOPLE in table.problems:
        raise DomainError("；".join(table.problems), field="file")
    if needs_mapping(table, mapping or {}):
        asked = [column_said(table, column) for column in table.columns]
        release()
        return Compared(table, False, {"asked": asked, "notes": [*table.notes, *table.problems]})
    house = comparing.look(actor, unit_id)
    release()

    reader = Reader()
    rows, doubtful = single(reader.people(table.rows), reader.problems)
    if not rows:
        raise DomainError(NOBODY, field="file")
    people = [known(record) for record in house.records.values()]
    matched = match(rows, people, doubtful=doubtful, decisions=house.decisions)

    actor = db.session.get_one(User, actor_id)
    branches = Branches(house.union)
    told = comparing.known_of(actor, matched.only_there)
    found = Finder(house.under, house.records, branches, house.paths, told).all(matched)
    release()
    said = _said(table) | {
        "problems": [
            [sentence, numbers[:ROWS_TOLD_MOST], len(numbers)]
            for sentence, numbers in reader.problems.told()[:TOLD_MOST]
        ],
        "unknown": sorted(branches.unknown.items(), key=lambda one: (-one[1], one[0])),
    }
    return Compared(table, True, said, found, len(matched.pairs))


def _said(table: reading.Table) -> dict[str, Any]:
    """Return what is told of the sheet itself."""
    skipped: dict[str, list[int]] = defaultdict(list)
    for number, why in table.skipped:
        skipped[why].append(number)
    return {
        "columns": [column.heading for column in table.columns if column.field],
        "unused": [column.heading for column in table.columns if not column.field],
        "skipped": [f"{why}：第 {_numbered(numbers)}" for why, numbers in skipped.items()],
        "notes": table.notes,
    }


def _numbered(numbers: list[int]) -> str:
    more = f"等 {len(numbers)} 行" if len(numbers) > ROWS_TOLD_MOST else ""
    return "、".join(map(str, numbers[:ROWS_TOLD_MOST])) + " 行" + more


def _keep(actor: User, item: Comparison, compared: Compared) -> None:
    item.said, item.rows, item.matched = compared.said, len(compared.table.rows), compared.matched
    keep(item, compared.found)
    counts = {kind.value: sum(one.kind is kind for one in compared.found) for kind in Kind}
    audit.record(actor, "comparison.make", item, details={"rows": item.rows, "matched": item.matched, **counts})
