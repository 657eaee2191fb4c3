"""Take an import back within a day: all it did, except where somebody has gone on from it, which is listed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, func, select, update

from portal.core import audit, notices
from portal.core.calendar import now
from portal.core.db import Base, db, new_uuid, release, writes
from portal.core.errors import Conflict, Forbidden
from portal.members import history, many, numbers
from portal.members.importing.door import applications
from portal.members.importing.models import Import, ImportRow, ImportState, Verdict
from portal.members.models import ChildBirth, Member, MembershipChange, MemberVersion
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

audit.name_acts({"import.undo": "撤销导入"})

REASON = "撤销批量导入"
ACCOUNT = "导入后本人已开通账号"
HANGS = "导入后已有打印、职务或其他办理记录"
STAFF_NO_TAKEN = "原来的工号现在由其他会员使用"
DOCUMENT_TAKEN = "原来的证件号码现在登记在其他会员名下"

_MEMBERS, _VERSIONS = cast(Table, Member.__table__), cast(Table, MemberVersion.__table__)
_CHANGES, _ROWS = cast(Table, MembershipChange.__table__), cast(Table, ImportRow.__table__)
# what goes with a member who is removed
_HERS = frozenset({_VERSIONS.name, _CHANGES.name, ChildBirth.__tablename__, _ROWS.name})

Kept = dict[int, str]  # by number of an import row: why it stays as it is


def undo(actor: User, import_id: int) -> Import:
    """Undo the import and return it; its rows say which were left and why.

    Updates are set back to what every column said before; members whom the import has made are removed, applications
    withdrawn. Raises Absent, Forbidden without the right to what it did, Conflict where it is undone or too old.
    """
    actor_id = actor.id
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    item: Import = access.fetch(Import, import_id, actor, P.MEMBER_IMPORT)
    if item.is_historic and not actor.may(P.MEMBER_IMPORT_HISTORIC, item.unit):
        raise Forbidden("历史会员补录只能由校工会撤销")
    if item.state is not ImportState.IMPORTED:
        raise Conflict(f"这次导入{item.state.label}，不能撤销")
    if not item.is_open:
        raise Conflict("导入已超过 24 小时，不能整批撤销；请逐人修改")
    batch = new_uuid()
    rows = _touched(item)
    updated = [row for row in rows if row.verdict is Verdict.UPDATE]
    made = [row for row in rows if row.verdict is Verdict.NEW and row.version_after is not None]
    entered = {row.application_id: row.id for row in rows if row.application_id is not None}
    kept = _edited(updated + made)
    kept |= _taken([row for row in updated if row.id not in kept])
    kept |= _in_use([row for row in made if row.id not in kept], item)
    kept |= {entered[number]: why for number, why in applications().withdraw(actor, list(entered)).items()}
    _restore(actor, [row for row in updated if row.id not in kept], batch)
    _remove([row.member_id for row in made if row.id not in kept])
    if not any(row.id in kept for row in made):
        numbers.put_back({scope: (before, after) for scope, (before, after) in item.numbers.items()})
    statement = update(_ROWS).where(_ROWS.c.id == bindparam("row")).values(kept_reason=bindparam("why"))
    if kept:
        db.session.connection().execute(statement, [{"row": row, "why": why} for row, why in kept.items()])
    item.undone_by, item.undone_at = actor.id, now()
    told = {"undone": len(rows) - len(kept), "kept": len(kept), "import": item.batch_id}
    audit.record(actor, "import.undo", item, batch_id=batch, details=told)
    return item


def _touched(item: Import) -> list[Row[Any]]:
    """Return the rows by which the import has changed something."""
    columns = ("id", "verdict", "member_id", "application_id", "version_before", "version_after")
    query = select(*(_ROWS.c[name] for name in columns)).where(
        _ROWS.c.import_id == item.id, _ROWS.c.version_after.is_not(None) | _ROWS.c.application_id.is_not(None)
    )
    return list(db.session.execute(query.order_by(_ROWS.c.number)))


def _edited(rows: Sequence[Row[Any]]) -> Kept:
    """Return whose present version is not the one that the import wrote, and who wrote it when."""
    row_of = {row.member_id: row.id for row in rows}
    since = many.edited_since({row.member_id: row.version_after for row in rows}, "导入后")
    return {row_of[number]: why for number, why in since.items()}


def _taken(rows: Sequence[Row[Any]]) -> Kept:
    """Return whose old 工号 or document somebody else has got since, so that it cannot be given back."""
    kept: Kept = {}
    for chunk in many.in_chunks(rows):
        by_version = {row.version_before: row for row in chunk}
        columns = [_VERSIONS.c[name] for name in ("id", "member_id", "uuid", "staff_no", "id_type", "id_number_sealed")]
        before = list(db.session.execute(select(*columns).where(_VERSIONS.c.id.in_(by_version))))
        documents = {}
        for one in before:
            number = history.opened_one("id_number", one.id_number_sealed, one.uuid)
            documents[one.id] = (one.id_type, history.indexes_of("id", number)[0])
        numbers_now = {one.staff_no for one in before if one.staff_no}
        indexes = {index for _, index in documents.values() if index}
        by_number = select(_MEMBERS.c.staff_no, _MEMBERS.c.id).where(_MEMBERS.c.staff_no.in_(numbers_now))
        holders = {row.staff_no: row.id for row in db.session.execute(by_number)}
        types = {kind for kind, _ in documents.values()}
        by_document = select(_MEMBERS.c.id_type, _MEMBERS.c.id_index, _MEMBERS.c.id).where(
            _MEMBERS.c.id_type.in_(types), _MEMBERS.c.id_index.in_(indexes)
        )
        owners = {(row.id_type, row.id_index): row.id for row in db.session.execute(by_document)}
        for one in before:
            if holders.get(one.staff_no, one.member_id) != one.member_id:
                kept[by_version[one.id].id] = STAFF_NO_TAKEN
            elif owners.get(documents[one.id], one.member_id) != one.member_id:
                kept[by_version[one.id].id] = DOCUMENT_TAKEN
    return kept


def _in_use(rows: Sequence[Row[Any]], item: Import) -> Kept:
    """Return which of the members that the import has made cannot go any more, because something hangs on them."""
    row_of = {row.member_id: row.id for row in rows}
    kept: Kept = {}
    others = [
        (table, foreign.parent)
        for table in Base.metadata.sorted_tables
        for foreign in table.foreign_keys
        if foreign.column.table is _MEMBERS and table.name not in _HERS and foreign.ondelete is None
    ]
    for chunk in many.in_chunks(sorted(row_of)):
        accounts = select(_MEMBERS.c.id).where(_MEMBERS.c.id.in_(chunk), _MEMBERS.c.user_id.is_not(None))
        kept |= {row_of[number]: ACCOUNT for number in db.session.scalars(accounts)}
        later = select(_CHANGES.c.member_id).where(
            _CHANGES.c.member_id.in_(chunk), _CHANGES.c.recorded_at > item.committed_at
        )
        hanging = set(db.session.scalars(later))
        for table, column in others:
            hanging |= set(db.session.scalars(select(column).select_from(table).where(column.in_(chunk))))
        kept |= {row_of[number]: HANGS for number in hanging if row_of[number] not in kept}
    return kept


def _restore(actor: User, rows: Sequence[Row[Any]], batch: str) -> None:
    many.restore({row.member_id: row.version_before for row in rows}, actor, reason=REASON, batch_id=batch)
    for chunk in many.in_chunks(row.member_id for row in rows):
        accounts = select(_MEMBERS.c.user_id).where(_MEMBERS.c.id.in_(chunk), _MEMBERS.c.user_id.is_not(None))
        body = "之前的批量导入已撤销，您的信息恢复为导入前的内容"
        user_ids = set(db.session.scalars(accounts)) - {actor.id}
        notices.tell(user_ids, f"您的会员信息已由 {actor.label} 修改", body, "/members/me")


def _remove(member_ids: Collection[int]) -> None:
    """Remove members; rows of imports that have named them name nobody any more."""
    for chunk in many.in_chunks(member_ids):
        db.session.execute(update(_ROWS).where(_ROWS.c.member_id.in_(chunk)).values(member_id=None))
    many.remove(member_ids)


def kept_count(item: Import) -> int:
    """Return how many rows an undo has left as they were."""
    query = select(func.count()).where(_ROWS.c.import_id == item.id, _ROWS.c.kept_reason != "")
    return db.session.scalar(query) or 0
