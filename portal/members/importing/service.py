"""What is shown of imports: the list, the rows as the reader may see them, the report; and what the clock ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from sqlalchemy import case, func, or_, select

from portal.core import audit, kinds, sheets, uploads
from portal.core.actors import CLOCK
from portal.core.calendar import now
from portal.core.db import db, release, writes
from portal.core.errors import Absent
from portal.members import hanging, sight
from portal.members.catalogue import FIELD
from portal.members.importing import reading, template, undoing, uploading
from portal.members.importing.judging import Judged
from portal.members.importing.models import KEPT_FOR, OPEN_FOR, WRITTEN, Import, ImportRow, ImportState, Verdict
from portal.members.importing.saying import Places
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

audit.name_acts({"import.expire": "清理过期的导入预览", "import.return": "下载带错误原因的名单"})

PER_PAGE = 50
WARNED, KEPT = "warned", "kept"  # filters beside the verdicts
WAITS = (ImportState.MAPPING, ImportState.PREVIEW)


# --- the list ---------------------------------------------------------------------------------------------------------


def imports(actor: User, *, page: int = 1) -> tuple[list[Import], int]:
    """Return a page of the imports in the actor's scope, newest first, and how many there are.

    Previews of others are not among them.
    """
    query = access.scoped(Import, actor, P.MEMBER_IMPORT).where(or_(~Import.waits(), Import.uploaded_by == actor.id))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Import.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), total


def find(actor: User, import_id: int) -> Import:
    """Return an import that the actor may look at. Raises Absent, also for a preview of somebody else."""
    item: Import = access.fetch(Import, import_id, actor, P.MEMBER_IMPORT)
    if item.state in WAITS and item.uploaded_by != actor.id:
        raise Absent
    return item


def find_open(actor: User, import_id: int) -> Import:
    """Return an import of the actor's own that is not written yet. Raises Absent."""
    item = uploading.own(actor, import_id)
    if item.state not in WAITS:
        raise Absent
    return item


def to_write(item: Import) -> int:
    """Return how many rows an import writes."""
    return sum(item.counts.get(verdict.value, 0) for verdict in WRITTEN)


def may_bring_history(actor: User) -> bool:
    """Whether the actor may bring people who are members already."""
    return actor.holds(P.MEMBER_IMPORT_HISTORIC)


def may_undo(actor: User, item: Import) -> bool:
    """Whether the actor may undo the import now."""
    if item.state is not ImportState.IMPORTED or not item.is_open:
        return False
    return actor.may(P.MEMBER_IMPORT_HISTORIC if item.is_historic else P.MEMBER_IMPORT, item.unit)


def same_file(item: Import) -> Import | None:
    """Return the latest other import of the very same file to the same unit, None where there is none."""
    query = select(Import).where(
        Import.file_sha256 == item.file_sha256,
        Import.unit_id == item.unit_id,
        Import.id != item.id,
        Import.committed_at.is_not(None),
        Import.undone_at.is_(None),
    )
    return db.session.scalars(query.order_by(Import.id.desc()).limit(1)).first()


# --- its rows ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """One row as the actor may see it. `changes` are (label, old, new); `told` sentences with whether they stop it."""

    number: int
    verdict: Verdict
    name: str
    document: str
    branch: str
    member_id: int | None
    changes: list[tuple[str, str, str]]
    told: list[tuple[str, bool]]
    kept_reason: str


def rows(actor: User, item: Import, *, only: str = "", page: int = 1) -> tuple[list[Shown], int]:
    """Return a page of the rows, the wrong ones first, and how many there are.

    `only` is a verdict's value, WARNED, or KEPT for those that an undo has left; else all.
    """
    query = select(ImportRow).where(ImportRow.import_id == item.id)
    if only in set(Verdict):
        query = query.where(ImportRow.verdict == only)
    elif only == WARNED:
        query = query.where(ImportRow.is_warned)
    elif only == KEPT:
        query = query.where(ImportRow.kept_reason != "")
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    wrong_first = case((ImportRow.verdict == Verdict.ERROR, 0), else_=1)
    ordered = query.order_by(wrong_first, ImportRow.number).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return [_shown(actor, item, row) for row in db.session.scalars(ordered)], total


def filters(item: Import) -> list[tuple[str, str, int]]:
    """Return (value for `only`, label, number of rows) of what the rows may be cut to; everything first."""
    number = {verdict: item.counts.get(verdict.value, 0) for verdict in Verdict}
    found = [("", "全部", sum(number.values())), *((one.value, one.label, number[one]) for one in Verdict)]
    found.append((WARNED, "有提示", item.counts.get(WARNED, 0)))
    if item.state is ImportState.UNDONE:
        found.append((KEPT, "没有撤销", undoing.kept_count(item)))
    return found


def _shown(actor: User, item: Import, row: ImportRow) -> Shown:
    data: dict[str, Any] = row.data or {"values": {}, "unit": None, "changes": {}, "errors": [], "warnings": []}
    member = row.member if row.member is not None and actor.may(P.MEMBER_READ, row.member.unit) else None
    place = db.session.get(OrgUnit, data["unit"]) if data["unit"] else None
    unit = member.unit if member is not None else place or item.unit
    holder = SimpleNamespace(unit=unit, unit_id=unit.id, user_id=member.user_id if member is not None else None)

    def text(name: str, plain: Any) -> str:
        field = FIELD[name]
        seen = sight.can_see(actor, field, holder, place="list")
        return sight.shown(field, kinds.from_plain(field, plain), seen)

    values = data["values"]
    return Shown(
        number=row.number,
        verdict=row.verdict,
        name=text("name", values.get("name")) or (sight.value(actor, member, "name") if member is not None else ""),
        document=text("id_number", values.get("id_number")),
        branch=place.name if place is not None else unit.name if member is not None else "",
        member_id=member.id if member is not None else None,
        changes=[(FIELD[name].label, text(name, old), text(name, new)) for name, (old, new) in data["changes"].items()],
        told=[(sentence, True) for _, sentence in data["errors"]]
        + [(sentence, False) for _, sentence in data["warnings"]],
        kept_reason=row.kept_reason,
    )


# --- the report -------------------------------------------------------------------------------------------------------


def refused_report(file_name: str, sentence: str) -> dict[str, Any]:
    """Return the report of a file that was not taken."""
    return _report(file_name, sentence, ())


def report(file_name: str, judged: Sequence[Judged]) -> dict[str, Any]:
    """Return what is written about a file: its counts, and each row with what is wrong and what to look at."""
    return _report(file_name, None, judged)


def _report(file_name: str, refused: str | None, judged: Sequence[Judged]) -> dict[str, Any]:
    counts = {verdict.value: sum(one.verdict is verdict for one in judged) for verdict in Verdict}
    lines = [
        {
            "row": one.number,
            "verdict": one.verdict.value,
            "errors": _told(one.errors),
            "warnings": _told(one.warnings),
        }
        for one in judged
    ]
    return {"file": file_name, "refused": refused, "total": len(judged), **counts, "rows": lines}


def _told(findings: Iterable[tuple[str | None, str]]) -> list[dict[str, str | None]]:
    return [{"field": name, "message": sentence} for name, sentence in findings]


# --- workbooks --------------------------------------------------------------------------------------------------------


def blank(actor: User) -> bytes:
    """Return the workbook to fill in, with the branches that the actor may write in it."""
    tops = uploading.places(actor)
    names = [branch.name for top in tops for branch in Places(top, lambda _: None).by_id.values()]
    return template.template(sorted(names))


def file_back(actor: User, import_id: int) -> tuple[str, bytes]:
    """Leave the trace that the actor gets her own file back, and return its name and content, an xlsx.

    A column says of each row what became of it, and why. It is written with no transaction open. Raises Absent where
    the file is forgotten already, or is another's.
    """
    actor_id, item = actor.id, uploading.own(actor, import_id)
    if item.upload_id is None or item.said is None:
        raise Absent("名单文件已按期清理，请使用您自己保存的文件")
    raw, mapping, sheet = uploads.content_of(item.upload_id), item.said["mapping"], item.said["sheet"]
    told = _reasons(item)
    release()
    table = reading.recognise(sheets.book_of(BytesIO(raw)), mapping, sheet=sheet or None)
    made = template.returned_file(raw, table, told)
    writes()
    item = uploading.own(db.session.get_one(User, actor_id), import_id)
    audit.record(actor, "import.return", item)
    return f"{item.file_name.rpartition('.')[0] or item.file_name}-核对结果.xlsx", made


def _reasons(item: Import) -> dict[int, str]:
    told: dict[int, str] = {}
    query = select(ImportRow).where(ImportRow.import_id == item.id).execution_options(yield_per=500)
    for row in db.session.scalars(query):
        data = row.data or {"errors": [], "warnings": []}
        sentences = [sentence for _, sentence in (*data["errors"], *data["warnings"])]
        sentences += [f"没有撤销：{row.kept_reason}"] if row.kept_reason else []
        if sentences or row.verdict not in WRITTEN:
            told[row.number] = "：".join([row.verdict.label, *filter(None, ["；".join(sentences)])])
    return told


# --- the clock --------------------------------------------------------------------------------------------------------


def expire() -> int:
    """Forget previews of yesterday with their rows and files, and a week after an import what its file said.

    Returns how many previews have ended.
    """
    old = list(db.session.scalars(select(Import).where(Import.waits(), Import.uploaded_at < now() - OPEN_FOR)))
    for item in old:
        uploading.forget(item)
    since = now() - KEPT_FOR
    done = select(Import).where(Import.said_sealed.is_not(None), Import.committed_at < since)
    finished = list(db.session.scalars(done))
    for item in finished:
        uploading.forget_file(item)
        uploading.forget_values(item)
    if old or finished:
        audit.record(CLOCK, "import.expire", details={"previews": len(old), "files": len(finished)})
    return len(old)


hanging.stays("导入记录", ImportRow)
