"""Verbs of a sheet of units: kept as it was brought, looked at, and imported as a whole or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import IO, Any

from sqlalchemy import String, cast, delete, insert, select, update
from sqlalchemy.orm import aliased

from portal.core import audit, sheets
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db, release, writes
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.kinds import cleaning
from portal.org import access
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Permission as P

from . import kinds, reading
from .models import UnitSheet
from .reading import Judged, Known, Line
from .service import hold_tree

audit.name_acts({"unit.sheet": "上传组织名单", "unit.import": "批量导入组织"})

KEPT_FOR = timedelta(days=1)  # a sheet that nobody has imported
FILE_MOST = 120  # characters of a file's name
SHOWN = 200  # rows of a preview
CHUNK = 500  # values in one IN (...)


@dataclass(frozen=True)
class Preview:
    """What a sheet would become."""

    sheet: UnitSheet
    rows: list[Judged]

    @property
    def wrong(self) -> list[Judged]:
        """The rows with a mistake, in the order of the sheet."""
        return [row for row in self.rows if row.problems]

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """How many units of each kind there would be, in the order of the tree."""
        number = Counter(row.kind for row in self.rows)
        return [(kind.label, number[kind]) for kind in UnitKind if number[kind]]


def place(actor: User, code: str = "") -> OrgUnit:
    """Return the unit below which rows without 上级代码 go: the actor's own, or the one of several with this code.

    Raises Forbidden where the actor looks after no unit, DomainError on `unit` where it is not said which of several.
    """
    own = access.tops(actor, P.UNIT_MANAGE)
    if not own:
        raise Forbidden("您的账号没有管理组织机构的权限，如需办理请联系上级工会")
    if len(own) == 1 and not code:
        return own[0]
    for unit in own:
        if unit.code == code:
            return unit
    names = "、".join(f"{unit.name}（{unit.code}）" for unit in own)
    raise DomainError(f"您管理不止一个单位，请选择导入到哪一个下面：{names}", field="unit")


def read(stream: IO[bytes]) -> list[Line]:
    """Return the units of an xlsx, xls or csv file; call it with no transaction open. Raises DomainError on `file`."""
    return reading.read(sheets.rows_of_file(stream, most_rows=reading.ROWS_MOST))


def keep(actor: User, top: OrgUnit, lines: list[Line], *, file: str) -> UnitSheet:
    """Keep what was read until it is imported, a day at most, and return it; what was kept and not used goes."""
    stale = UnitSheet.imported_at.is_(None) & (UnitSheet.created_at < now() - KEPT_FOR)
    db.session.execute(delete(UnitSheet).where(stale).execution_options(synchronize_session=False))
    name = cleaning.for_name(file)[-FILE_MOST:] or "未命名"
    sheet = UnitSheet(unit=top, unit_id=top.id, user_id=actor.id, file=name, lines=[list(line) for line in lines])
    db.session.add(sheet)
    audit.record(actor, "unit.sheet", sheet, details={"rows": len(lines)})
    return sheet


def bring(actor: User, stream: IO[bytes], *, file: str, code: str = "") -> UnitSheet:
    """Read a file with no transaction open, then keep it for the actor. Raises DomainError, Forbidden."""
    actor_id = actor.id
    release()
    lines = read(stream)
    writes()
    actor = db.session.get_one(User, actor_id)
    return keep(actor, place(actor, code), lines, file=file)


def find(actor: User, sheet_id: int) -> UnitSheet:
    """Return a sheet that the actor has brought, locked if the request writes. Raises Absent."""
    if database.is_writing():
        hold_tree()
    sheet: UnitSheet = access.fetch(UnitSheet, sheet_id, actor, P.UNIT_MANAGE)
    if sheet.user_id != actor.id:
        raise Absent
    return sheet


def preview(actor: User, sheet: UnitSheet) -> Preview:
    """Return every row of the sheet as it would be imported now."""
    return Preview(sheet, reading.judge(actor, sheet.unit, (Line(*line) for line in sheet.lines)))


def sentences(found: Preview, *, most: int | None = None) -> list[str]:
    """Return one sentence for each row with a mistake, with the sheet's own numbers."""
    rows = islice(found.wrong, most)
    return [f"第 {row.line.row} 行 {row.line.name or '（没有名称）'}：{'；'.join(row.problems)}" for row in rows]


def write(actor: User, sheet: UnitSheet) -> int:
    """Import every row of the sheet in this transaction and return how many units there are more.

    Raises Conflict for a sheet that was imported before, DomainError while a row is wrong: then nothing is imported.
    """
    hold_tree()
    if sheet.imported_at is not None:
        raise Conflict("这份名单已经导入，请返回组织机构查看")
    found = preview(actor, sheet)
    if found.wrong:
        raise DomainError(f"有 {len(found.wrong)} 行需要修改，没有导入任何单位；请改好表格后重新上传")
    _insert(found.rows)
    sheet.imported_at = now()
    counts = dict(found.kinds)
    audit.record(actor, "unit.import", sheet, batch_id=sheet.uuid, details={"units": len(found.rows), "kinds": counts})
    return len(found.rows)


def _insert(rows: list[Judged]) -> None:
    """Write the units level by level, so that a parent has its number before its children name it."""
    with_branches = {id(row.parent) for row in rows if row.kind is UnitKind.BRANCH}
    below: dict[int, list[Judged]] = defaultdict(list)
    for row in rows:
        if isinstance(row.parent, Judged):
            below[id(row.parent)].append(row)
    numbers: dict[str, int] = {}
    layer = [row for row in rows if isinstance(row.parent, Known)]
    while layer:
        db.session.execute(insert(OrgUnit), [_columns(row, numbers, id(row) in with_branches) for row in layer])
        _give_paths()
        layer = [child for row in layer for child in below[id(row)]]
        if layer:
            parents = {row.parent.code for row in layer if row.parent}
            numbers = _numbers(parents)


def _columns(row: Judged, numbers: dict[str, int], has_branches: bool) -> dict[str, Any]:
    if row.kind is None or row.parent is None:
        raise ValueError("a row with a mistake is never written")
    return {
        "parent_id": row.parent.id if isinstance(row.parent, Known) else numbers[row.parent.code],
        "path": f"new/{row.code}/",
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "approves_members": kinds.approves(row.kind),
        "accepts_members": kinds.accepts(row.kind, has_branches=has_branches),
        "contact_phone": " ".join(row.line.phone.split()),
        "is_enabled": True,
    }


def _give_paths() -> None:
    """Write the paths of the units that have just got their numbers."""
    parent = aliased(OrgUnit)
    above = select(parent.path).where(parent.id == OrgUnit.parent_id).scalar_subquery()
    new = above + cast(OrgUnit.id, String) + "/"
    is_new = (OrgUnit.path >= "new/") & (OrgUnit.path < "new0")
    db.session.execute(update(OrgUnit).where(is_new).values(path=new).execution_options(synchronize_session=False))


def _numbers(codes: set[str]) -> dict[str, int]:
    """Return the numbers of the units with these codes."""
    found: dict[str, int] = {}
    rest = iter(sorted(codes))
    while chunk := list(islice(rest, CHUNK)):
        rows = db.session.execute(select(OrgUnit.code, OrgUnit.id).where(OrgUnit.code.in_(chunk)))
        found |= {row.code: row.id for row in rows}
    return found
