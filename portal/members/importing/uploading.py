"""Bring a file: it is read and judged with no transaction that writes, and kept as a preview of what would become."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select, update

from portal.core import audit, crypto, sheets, uploads
from portal.core.calendar import now, today
from portal.core.db import db, new_uuid, release, writes
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.fields import FieldError
from portal.core.kinds.cleaning import quoted, visible
from portal.core.uploads import Upload
from portal.members import many
from portal.members.importing import reading
from portal.members.importing.columns import Column
from portal.members.importing.judging import Judge, Judged
from portal.members.importing.models import (
    FILE_NAME_MOST,
    ColumnMapping,
    Import,
    ImportRow,
    ImportState,
    Verdict,
    row_identity,
)
from portal.members.importing.saying import Cells, Places, hide_numbers
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.org.units import departments

audit.name_acts({"import.upload": "上传会员名单", "import.map": "核对名单的列", "import.discard": "放弃导入"})

SKIPPED_MOST = 200  # rows that are not people, named on the page
HOMELESS_MOST = 50  # departments without a branch, likewise
SAMPLES, LOOKED_AT = 3, 30  # cells of a column that are shown, among the first rows
NO_HISTORIC = "历史会员补录只能由校工会办理，请不要勾选"

_ROWS = cast(Table, ImportRow.__table__)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

ColumnFields = Mapping[str, str | None]  # by `reading.Column.key`: the field it is, None: not read


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is to be taken: to which unit, whether its people are members already, with which consent."""

    unit_id: int
    is_historic: bool = False
    has_consent: bool = False


@dataclass(slots=True)
class Looked:
    """A file that was read and judged. `rows` are columns of `import_rows` bound to the identity `uuid`.

    Without rows the columns have to be confirmed first. `said` is what is kept of the sheet besides them; the table
    has lost its own, which may be many. `judged` has every verdict, where a report was asked for.
    """

    uuid: str
    table: reading.Table
    mapping: ColumnFields
    said: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    judged: list[Judged] = field(default_factory=list)


def _said(table: reading.Table, mapping: ColumnFields) -> dict[str, Any]:
    return {
        "sheet": table.sheet.name,
        "columns": [column_said(table, column) for column in table.columns],
        "mapping": dict(mapping),
        "skipped": table.skipped[:SKIPPED_MOST],
        "notes": [*table.notes, *table.problems],
        "homeless": [],
        "homeless_count": 0,
    }


def column_said(table: reading.Table, column: Column) -> dict[str, Any]:
    """Return what the page of columns needs to know of one."""
    below = [row for row in table.sheet.rows if row.number > table.heading_row]
    cells = (row[column.index].text for row in below[:LOOKED_AT] if column.index < len(row))
    return {
        "key": column.key,
        "letter": column.letter,
        "heading": column.heading,
        "field": column.field,
        "suggested": column.suggested,
        "is_known": column.is_known,
        "unclear": column.unclear,
        "samples": [hide_numbers(text[:30]) for text in islice(filter(None, cells), SAMPLES)],
    }


# --- verbs ------------------------------------------------------------------------------------------------------------


def upload(actor: User, raw: bytes, file_name: str, wish: Wish) -> Import:
    """Read the file `raw`, keep what its rows would become, and return the import: a preview, or columns to confirm.

    Nothing of the members is written. Raises DomainError on `file` for what cannot be read, Forbidden without the
    right, Busy where too many wait.
    """
    actor_id = actor.id
    looked = look(actor, raw, wish)
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    item = keep(actor, raw, file_name, wish, looked)
    item.upload_id = uploads.keep(actor, raw, kind="import").id
    return item


def map_columns(actor: User, import_id: int, mapping: ColumnFields) -> Import:
    """Say which column is which field, remember it for the next sheet with these headings, and judge the rows anew.

    Raises DomainError where the sheet cannot be read so.
    """
    actor_id, item = actor.id, own(actor, import_id)
    if item.state not in (ImportState.MAPPING, ImportState.PREVIEW) or item.upload_id is None:
        raise Conflict(f"这次导入{item.state.label}，列不能再改")
    wish, raw = Wish(item.unit_id, item.is_historic, item.has_consent), uploads.content_of(item.upload_id)
    looked = look(actor, raw, wish, mapping=mapping, uuid=item.uuid)
    if not looked.rows:
        raise DomainError("；".join(looked.table.problems) or "还有列没有核对，请逐列选择")
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    item = own(actor, import_id)
    if item.state not in (ImportState.MAPPING, ImportState.PREVIEW):
        raise Conflict(f"这次导入{item.state.label}，列不能再改")
    db.session.execute(delete(_ROWS).where(_ROWS.c.import_id == item.id))
    _fill(item, looked)
    remember(actor, item.unit_id, looked.table.fingerprint, mapping)
    audit.record(actor, "import.map", item, details=dict(item.counts))
    return item


def discard(actor: User, import_id: int) -> None:
    """Forget a preview of one's own, with its file. Raises Absent, Conflict where it was imported."""
    item = own(actor, import_id)
    if item.state not in (ImportState.MAPPING, ImportState.PREVIEW):
        raise Conflict(f"这次导入{item.state.label}，不能放弃")
    audit.record(actor, "import.discard", item)
    forget(item)


def forget(item: Import) -> None:
    """Let a preview end: its rows and its file go."""
    item.ended_at = now()
    db.session.execute(delete(_ROWS).where(_ROWS.c.import_id == item.id))
    forget_file(item)


def forget_file(item: Import) -> None:
    """Remove what the file said; the verdicts stay."""
    item.said_sealed = None
    if item.upload_id is not None:
        kept = db.session.get_one(Upload, item.upload_id)
        item.upload_id = None
        db.session.flush()  # nothing names the upload any more when it goes
        uploads.discard([kept])


def forget_values(item: Import) -> None:
    """Remove what each row said, its name included; verdicts and whom they have touched stay."""
    db.session.execute(update(_ROWS).where(_ROWS.c.import_id == item.id).values(data_sealed=None))


def own(actor: User, import_id: int) -> Import:
    """Return an import that is the actor's own to go on with, locked if the request writes. Raises Absent."""
    item: Import = access.fetch(Import, import_id, actor, P.MEMBER_IMPORT)
    if item.uploaded_by != actor.id:
        raise Absent
    return item


def places(actor: User) -> list[OrgUnit]:
    """Return the units to which the actor may bring a file: the highest ones of her grants."""
    return access.tops(actor, P.MEMBER_IMPORT)


# --- reading ----------------------------------------------------------------------------------------------------------


def look(
    actor: User,
    raw: bytes,
    wish: Wish,
    *,
    mapping: ColumnFields | None = None,
    uuid: str | None = None,
    most_rows: int = sheets.PAGE_ROWS,
    unasked: bool = False,
    on_way: Callable[[int], None] | None = None,
) -> Looked:
    """Read and judge a file; nothing is written, and the file is read with no transaction open.

    Without `mapping` a remembered one is taken. Columns that nobody knows have to be confirmed, unless `unasked`: then
    they are left out, and every verdict is kept for a report. `on_way` is told how many rows are judged.
    """
    actor_id = actor.id
    release()
    book = sheets.book_of(BytesIO(raw), most_rows=most_rows)
    actor = db.session.get_one(User, actor_id)
    try:
        under: OrgUnit = access.fetch(OrgUnit, wish.unit_id, actor, P.MEMBER_IMPORT)
    except Absent as error:
        raise DomainError("请选择要导入的单位", field="unit") from error
    if wish.is_historic and not actor.may(P.MEMBER_IMPORT_HISTORIC, under):
        raise Forbidden(NO_HISTORIC)
    table = reading.recognise(book, mapping)
    if mapping is None:
        mapping = remembered(under, table.fingerprint)
        table = reading.recognise(book, mapping) if mapping else table
    looked = Looked(uuid or new_uuid(), table, mapping or {}, _said(table, mapping or {}))
    if table.problems and (unasked or not table.heading_row):
        raise DomainError("；".join(table.problems), field="file")
    if not unasked and needs_mapping(table, looked.mapping):
        return looked
    places = Places(under, lambda department: _branch_of(department, under))
    cells = Cells(places)
    judge = Judge(actor, under, is_historic=wish.is_historic, has_consent=wish.has_consent)
    for rows in many.in_chunks(table.rows):
        judged = judge.judge([cells.say(row) for row in rows])
        looked.rows += [_columns(one, looked) for one in judged]
        looked.counts.update(one.verdict.value for one in judged)
        looked.counts["warned"] += sum(bool(one.warnings) for one in judged)
        looked.counts["unchanged"] += sum(one.verdict is Verdict.UPDATE and not one.changes for one in judged)
        if unasked:
            looked.judged += [one.without_values() for one in judged]
        if on_way is not None:
            on_way(len(looked.rows))
    looked.said["homeless"] = [visible(name[:30]) for name in places.homeless[:HOMELESS_MOST]]
    looked.said["homeless_count"] = len(places.homeless)
    table.rows, table.sheet.rows = (), []
    return looked


def needs_mapping(table: reading.Table, mapping: ColumnFields) -> bool:
    """Whether somebody has to say what columns are before the rows can be judged."""
    unclear = any(column.unclear and column.key + reading.UNCLEAR not in mapping for column in table.columns)
    return bool(table.problems or table.unknown or unclear)


def _branch_of(department: str, under: OrgUnit) -> int | None:
    found = departments.branches_of(department, today(), under)
    if len(found) > 1:
        names = "、".join(unit.name for unit in found[:3])
        sentence = f"部门{quoted(department)}分属 {len(found)} 个分工会（{names}），请填写所属分工会"
        raise FieldError(sentence, field="branch")
    return found[0].id if found else None


def _columns(one: Judged, looked: Looked) -> dict[str, Any]:
    said = _JSON.encode(one.plain()).encode()
    identity = row_identity(looked.uuid, one.number)
    return {
        "number": one.number,
        "verdict": one.verdict,
        "is_warned": bool(one.warnings),
        "data_sealed": crypto.seal(said, bound_to=f"{ImportRow.SEAL_FAMILY}|data|{identity}"),
        "member_id": one.member_id,
        "application_id": None,
        "version_before": one.version,
        "version_after": None,
        "kept_reason": "",
    }


# --- keeping ----------------------------------------------------------------------------------------------------------


def keep(actor: User, raw: bytes, file_name: str, wish: Wish, looked: Looked) -> Import:
    """Write the preview and return it; the caller's transaction writes."""
    name = visible(file_name.replace("\\", "/").rpartition("/")[2])[-FILE_NAME_MOST:] or "名单"
    item = Import(
        uuid=looked.uuid,
        unit_id=wish.unit_id,
        file_name=name,
        file_sha256=hashlib.sha256(raw).hexdigest(),
        is_historic=wish.is_historic,
        has_consent=wish.has_consent,
        uploaded_by=actor.id,
    )
    db.session.add(item)
    db.session.flush()  # its rows name it by number
    _fill(item, looked)
    audit.record(actor, "import.upload", item, details=dict(item.counts) | {"sha256": item.file_sha256})
    return item


def _fill(item: Import, looked: Looked) -> None:
    item.said = looked.said
    if not looked.rows:
        item.judged_at, item.counts = None, {}
        return
    item.judged_at = now()
    item.counts = {verdict.value: looked.counts[verdict.value] for verdict in Verdict}
    item.counts |= {name: looked.counts[name] for name in ("warned", "unchanged")}
    while looked.rows:  # which goes as it is written
        rows = looked.rows[: many.CHUNK]
        del looked.rows[: many.CHUNK]
        db.session.execute(insert(_ROWS), [row | {"import_id": item.id} for row in rows])


def remembered(under: OrgUnit, fingerprint: str) -> ColumnFields | None:
    """Return what somebody has said about the columns of sheets of the unit with these headings; None for nothing."""
    query = select(ColumnMapping).where(ColumnMapping.unit_id == under.id, ColumnMapping.fingerprint == fingerprint)
    row = db.session.scalars(query).one_or_none()
    return row.mapping if row is not None else None


def remember(actor: User, unit_id: int, fingerprint: str, mapping: ColumnFields) -> None:
    """Keep what the actor has said about the columns, for the next sheet of the unit with these headings."""
    query = select(ColumnMapping).where(ColumnMapping.unit_id == unit_id, ColumnMapping.fingerprint == fingerprint)
    row = db.session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        row = ColumnMapping(unit_id=unit_id, fingerprint=fingerprint)
        db.session.add(row)
    row.mapping, row.confirmed_by = dict(mapping), actor.id
