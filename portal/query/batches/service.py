"""Verbs of batch edits: look at one, write it, give it up, take it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update

from portal.core import audit, kinds, notices
from portal.core.actors import CLOCK
from portal.core.calendar import now, show_date, today
from portal.core.db import db, new_uuid
from portal.core.errors import Conflict, DomainError
from portal.members import dating, hanging, history, many, sight
from portal.members.catalogue import FIELD
from portal.members.dating import Piece
from portal.members.models import Member
from portal.org import access
from portal.org.models import User
from portal.query import selections
from portal.query.conditions import no_field

from .judging import Judge, Judged
from .models import OPEN_FOR, BatchEdit, BatchEditRow, BatchState, Outcome
from .offering import can_be_emptied, offered

audit.name_acts(
    {
        "batch.preview": "预览批量修改",
        "batch.write": "批量修改会员信息",
        "batch.undo": "撤销批量修改",
        "batch.discard": "放弃批量修改",
        "batch.expire": "清理过期的批量修改预览",
    }
)

MOST = 20_000  # members in one edit
PER_PAGE = 50
NAMED_MOST = 10  # members in one sentence
UNDO_REASON = "撤销批量修改"
TOO_OLD = "修改已超过 24 小时，不能整批撤销；请逐人修改，或再做一次批量修改"
_ROWS = cast(Table, BatchEditRow.__table__)


# --- looking ----------------------------------------------------------------------------------------------------------


def preview(
    actor: User, token: str, changes: Mapping[str, Any], *, day: date, document_no: str, reason: str
) -> BatchEdit:
    """Find out what the edit would do to each of a selection, and return it; nothing of a member is written.

    `changes` are parsed values by catalogue name, None to empty a field; they are to hold from `day`, not after today.
    Raises Absent, and DomainError for no field, one that the actor may not set, or too many members.
    """
    selection = selections.find(actor, token)
    if not changes:
        raise DomainError("请先选择要修改的字段")
    may = {field.name for field in offered(actor)}
    for name, value in changes.items():
        if name not in may:
            raise DomainError(no_field(name))
        if value is None and not can_be_emptied(FIELD[name]):
            raise DomainError(f"{FIELD[name].label}是必填项，不能清空", field=name)
    if day > today():
        raise DomainError("生效日期不能晚于今天；以后的变动请到那天再办理", field="day")
    if selection.number > MOST:
        raise DomainError(f"一次最多批量修改 {MOST} 人，现在是 {selection.number} 人，请按分工会分批办理")
    item = BatchEdit(
        owner_id=actor.id, day=day, document_no=document_no.strip(), reason=reason.strip(), back=selection.back
    )
    item.asked = {name: kinds.plain(value) for name, value in changes.items()}
    db.session.add(item)
    db.session.flush()  # its rows name it by number
    _fill(actor, item, selection.member_ids)
    audit.record(actor, "batch.preview", item, details=_told(item))
    return item


def again(actor: User, batch_edit_id: int) -> BatchEdit:
    """Find out anew what a preview would do, after somebody has changed its members. Raises Absent, Conflict."""
    item = _waiting(actor, batch_edit_id)
    numbers = list(
        db.session.scalars(select(_ROWS.c.member_id).where(_ROWS.c.batch_edit_id == item.id).order_by(_ROWS.c.number))
    )
    db.session.execute(delete(_ROWS).where(_ROWS.c.batch_edit_id == item.id))
    item.previewed_at = now()
    _fill(actor, item, numbers)
    audit.record(actor, "batch.preview", item, details=_told(item))
    return item


def _fill(actor: User, item: BatchEdit, member_ids: Sequence[int]) -> None:
    counts: Counter[str] = Counter()
    judged = Judge(actor, changes_of(item), item.day).judge(member_ids)
    for some in many.in_chunks(enumerate(judged, 1)):
        rows = [
            {
                "batch_edit_id": item.id, "number": number, "member_id": one.member_id, "outcome": one.outcome,
                "note": one.note, "version": one.version, "kept": "",
            }
            for number, one in some
        ]  # fmt: skip
        db.session.execute(insert(_ROWS), rows)
        counts.update(one.outcome.value for _, one in some)
    item.counts = {outcome.value: counts[outcome.value] for outcome in Outcome}


def changes_of(item: BatchEdit) -> dict[str, Any]:
    """Return the new values by catalogue name, None to empty a field."""
    return {name: kinds.from_plain(FIELD[name], value) for name, value in item.asked.items()}


def _told(item: BatchEdit) -> dict[str, Any]:
    return dict(item.counts) | {"fields": list(item.asked), "day": item.day.isoformat(), "document": item.document_no}


# --- finding ----------------------------------------------------------------------------------------------------------


def find(actor: User, batch_edit_id: int) -> BatchEdit:
    """Return an edit of the actor's own, locked if the request writes. Raises Absent."""
    item: BatchEdit = access.own(BatchEdit, batch_edit_id, actor)
    return item


def _waiting(actor: User, batch_edit_id: int) -> BatchEdit:
    item = find(actor, batch_edit_id)
    if item.state is not BatchState.PREVIEW:
        raise Conflict(f"这次批量修改{item.state.label}，不能再办理；如需修改请重新选定会员")
    if not item.is_open:
        raise Conflict("预览已超过 24 小时，请返回查询结果重新选定会员")
    return item


def edits(actor: User, *, page: int = 1) -> tuple[list[BatchEdit], int]:
    """Return a page of the actor's edits, newest first, and how many there are."""
    query = select(BatchEdit).where(BatchEdit.owner_id == actor.id, BatchEdit.ended_at.is_(None))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(BatchEdit.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), total


def may_undo(item: BatchEdit) -> bool:
    """Whether the edit may be taken back now."""
    return item.state is BatchState.WRITTEN and item.is_open


# --- writing ----------------------------------------------------------------------------------------------------------


def write(actor: User, batch_edit_id: int, *, seen: int | None = None) -> BatchEdit:
    """Write what a preview has shown and return it; one trace, one batch.

    `seen` is the number on the button. Raises Absent; Conflict, and nothing is written, where the preview is too old
    or a member to be changed is not as it has shown her any more.
    """
    item = _waiting(actor, batch_edit_id)
    changing = (_ROWS.c.batch_edit_id == item.id) & (_ROWS.c.outcome == Outcome.CHANGE)
    rows = select(_ROWS.c.member_id, _ROWS.c.version).where(changing)
    known = {row.member_id: row.version for row in db.session.execute(rows.order_by(_ROWS.c.number))}
    if not known:
        raise DomainError("没有可以修改的会员")
    if seen is not None and seen != len(known):
        raise Conflict("要修改的人数与您看到的不同，请刷新后重试")
    many.lock(known)
    pieces: list[Piece] = []
    stale: list[Judged] = []
    for one in Judge(actor, changes_of(item), item.day).judge(list(known)):
        if one.outcome is not Outcome.CHANGE or one.version != known[one.member_id]:
            stale.append(one)
        pieces += one.pieces
    if stale:
        raise Conflict(f"{_named(actor, stale)}在预览之后有了变化，没有修改任何一人；请点“重新预览”核对后再修改")
    item.batch_id, item.written_at = new_uuid(), now()
    dating.write(pieces, actor, reason=reason_of(item), batch_id=item.batch_id)
    labels = "、".join(FIELD[name].label for name in item.asked)
    _tell(actor, known, f"修改的内容：{labels}（{item.reason}）")
    changes = {name: ("", history.traced(name, None, value)[1]) for name, value in changes_of(item).items()}
    audit.record(
        actor, "batch.write", item, changes=changes, reason=item.reason, batch_id=item.batch_id, details=_told(item)
    )
    return item


def reason_of(item: BatchEdit) -> str:
    """Return what stands with each version: the reason with day and document."""
    since = f"，自 {show_date(item.day)} 起" if item.day < (item.written_at or now()).date() else ""
    document = f"，文号：{item.document_no}" if item.document_no else ""
    return f"批量修改{since}{document}：{item.reason}"


def _named(actor: User, judged: Sequence[Judged]) -> str:
    """Return some of the members by name, and how many they are."""
    numbers = [one.member_id for one in judged[:NAMED_MOST]]
    members = {member.id: member for member in db.session.scalars(select(Member).where(Member.id.in_(numbers)))}
    names = [sight.value(actor, members[number], "name", place="list") for number in numbers if number in members]
    return (
        f"{'、'.join(filter(None, names)) or '有会员'}{'等' if len(judged) > len(names) else ''}（共 {len(judged)} 人）"
    )


def _tell(actor: User, member_ids: Iterable[int], body: str) -> None:
    for chunk in many.in_chunks(member_ids, many.HANDFUL):
        accounts = select(Member.user_id).where(many.among(Member.id, chunk), Member.user_id.is_not(None))
        user_ids = {one for one in db.session.scalars(accounts) if one is not None} - {actor.id}
        notices.tell(user_ids, f"您的会员信息已由 {actor.label} 修改", body, "/members/me")


def discard(actor: User, batch_edit_id: int) -> None:
    """Give up a preview. Raises Absent, Conflict."""
    item = _waiting(actor, batch_edit_id)
    _forget(item)
    audit.record(actor, "batch.discard", item)


def _forget(item: BatchEdit) -> None:
    db.session.execute(delete(_ROWS).where(_ROWS.c.batch_edit_id == item.id))
    item.ended_at = now()


def expire() -> int:
    """Give up previews of yesterday; return how many."""
    old = list(
        db.session.scalars(select(BatchEdit).where(BatchEdit.waits(), BatchEdit.previewed_at < now() - OPEN_FOR))
    )
    for item in old:
        _forget(item)
    if old:
        audit.record(CLOCK, "batch.expire", details={"previews": len(old)})
    return len(old)


# --- taking back ------------------------------------------------------------------------------------------------------


def undo(actor: User, batch_edit_id: int) -> BatchEdit:
    """Take the edit back, on every day that it touched, and return it; its rows say who was left as she is, and why.

    Left are those whom somebody has written since, and whom the actor may not edit any more. Raises Absent, Conflict.
    """
    item = find(actor, batch_edit_id)
    if item.state is not BatchState.WRITTEN or item.batch_id is None:
        raise Conflict(f"这次批量修改{item.state.label}，不能撤销")
    if not item.is_open:
        raise Conflict(TOO_OLD)
    last = dating.last_of(item.batch_id)
    kept = many.edited_since(last, "批量修改后")
    judged = Judge(actor, changes_of(item), item.day).judge([number for number in last if number not in kept])
    kept |= {one.member_id: one.note for one in judged if one.outcome is Outcome.REFUSED}
    restored = [number for number in last if number not in kept]
    undone_by = new_uuid()
    dating.take_back(item.batch_id, restored, columns_of(item), actor, reason=UNDO_REASON, undone_by=undone_by)
    mark = update(_ROWS).where(_ROWS.c.batch_edit_id == item.id, _ROWS.c.member_id == bindparam("her"))
    if kept:
        rows = [{"her": number, "why": why} for number, why in kept.items()]
        db.session.connection().execute(mark.values(kept=bindparam("why")), rows)
    item.undone_at = now()
    _tell(actor, restored, "之前的批量修改已撤销，您的信息恢复为修改前的内容")
    told = {"undone": len(restored), "kept": len(kept), "batch": item.batch_id}
    audit.record(actor, "batch.undo", item, batch_id=undone_by, details=told)
    return item


def columns_of(item: BatchEdit) -> list[str]:
    """Return the columns that the edit may have written: the level of a title follows the title."""
    return sorted({*item.asked, *(("title_level",) if "prof_title" in item.asked else ())})


hanging.stays("批量修改记录", BatchEditRow)
