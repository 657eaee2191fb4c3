"""Corrections from a day in the past: one field of one member, or the day of a line of her record.

What was known before stays as superseded versions, so that a headcount of any day can be told as it was known then.
Where a membership stands and how is corrected by its lines alone: the rooms of transfers and of changes write those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.core import audit, notices
from portal.core.actors import Actor
from portal.core.calendar import ONE_DAY, show_date, today
from portal.core.db import OPEN_END, db, new_uuid
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.fields import Field
from portal.core.kinds import Kind
from portal.org.models import User
from portal.org.permissions import Permission

from . import dating, history, service, sight, turning
from .catalogue import FIELD
from .checks import check_change
from .enums import ChangeReason, ChangeType, MembershipStatus
from .models import SHARED, Member, MembershipChange, MemberVersion, stored_name

audit.name_acts({"member.redate": "更正会籍变化日期"})

REASON_LEAST, REASON_MOST, DOCUMENT_MOST = 4, 100, 40  # characters
STANDS = ("unit_id", "membership_status", "employment_status")  # what a line of the record changes
BEGINS = frozenset({ChangeType.JOINED, ChangeType.TRANSFERRED_IN})
OWN = "本人的信息请由其他经办人更正"
STALE = "该会员的信息刚刚由他人改动，请重新打开页面核对后再更正"


@dataclass(frozen=True)
class Reach:
    """Which days a correction of one field touches: from `since` to `last`, None for today and on.

    `before` is what stands there now; `then` what was written later and stays, where `last` is a day.
    """

    label: str
    since: date
    last: date | None
    before: str
    then: str = ""


def correctable(actor: User, member: Member) -> list[Field]:
    """Return the fields of this member that the actor may correct from a day in the past."""
    if member.user_id == actor.id or not actor.may(Permission.MEMBER_EDIT_UNION, member.unit):
        return []
    given = service.editable(actor, member)
    return [field for field in given if field.name != "join_date" and field.kind not in (Kind.ROWS, Kind.COMPOSITE)]


def is_for_two(actor: User, member: Member, name: str) -> bool:
    """Whether the actor might correct the field `name`, were it not on the member's printed form."""
    field = FIELD.get(name)
    may = actor.may(Permission.MEMBER_EDIT_UNION, member.unit)
    return field is not None and may and service.is_for_two(actor, member, field)


def held(actor: User, member: Member, name: str, since: date) -> MemberVersion:
    """Return what held on the day, for whoever may correct `name`. Raises Forbidden, DomainError on `since`."""
    if member.user_id == actor.id:
        raise Forbidden(OWN)
    if name not in {field.name for field in correctable(actor, member)} and not is_for_two(actor, member, name):
        raise Forbidden("您不能更正这一项")
    if since > today():
        raise DomainError("更正不能从以后的日期开始，请改为今天或更早的一天", field="since")
    version = history.version_on(member, since)
    if version is None:
        raise DomainError(f"系统中没有{member.name}在{show_date(since)}的记录，请改填更晚的日期", field="since")
    return version


def reach(actor: User, member: Member, name: str, since: date) -> Reach:
    """Return which days a correction of the field `name` from `since` on touches. Raises as `held`."""
    version, field, column = held(actor, member, name, since), FIELD[name], stored_name(FIELD[name])
    versions = dating.held_from([member.id], since, SHARED)[member.id]
    touched = dating.carried(versions, {column: None})
    ends = touched[-1][0].valid_to
    seen = sight.can_see(actor, field, member)
    before = sight.shown(field, history.value_of(version, name), seen)
    if ends == OPEN_END:
        return Reach(field.label, since, None, before)
    later = history.version_on(member, ends)
    then = sight.shown(field, history.value_of(later, name), seen) if later else ""
    return Reach(field.label, since, ends - ONE_DAY, before, then)


def correct(
    actor: User, member: Member, name: str, value: Any, *, since: date, reason: str, document_no: str = "", seen: int
) -> list[str]:
    """Let the field `name` say `value` from the day `since` on, until a later change of it; return warnings.

    `seen` is the member's mark when the form was made (`service.mark_of`). She is told. Raises Forbidden, Conflict
    where she has been changed meanwhile, Problems and DomainError on the input at fault.
    """
    version, why = held(actor, member, name, since), _stated(reason)
    if is_for_two(actor, member, name):
        raise DomainError(service.FOR_TWO.format(FIELD[name].label), field=name)
    if service.mark_of(member) != seen:
        raise Conflict(STALE)
    current = {one: history.value_of(version, one) for one in FIELD if one in history.WRITABLE and one != "branch"}
    written, warnings = check_change(current, {name: value}, today=today())
    if name not in written:
        raise DomainError(f"{show_date(since)}的记录已经是这个内容，不需要更正", field=name)
    service.refuse_taken(member, written)
    told = _told(f"{audit.CORRECTION}，自{show_date(since)}起", document_no, why)
    turning.write_from(member, written, actor, since=since, reason=told, batch_id=new_uuid())
    _tell(actor, member, f"更正的内容：{FIELD[name].label}，自{show_date(since)}起（{why}）")
    return warnings


# --- the day of a line ------------------------------------------------------------------------------------------------


def line_of(actor: User, member: Member, line_id: int) -> MembershipChange:
    """Return a line of the member's record. Raises Absent, Forbidden for oneself."""
    if member.user_id == actor.id:
        raise Forbidden(OWN)
    line = next((one for one in member.changes if one.id == line_id), None)
    if line is None:
        raise Absent
    return line


def takes_two(line: MembershipChange) -> bool:
    """Whether the day of the line is the chair's to move, as the line itself was: 开除会籍, 自动退会 (4c)."""
    return line.kind is ChangeType.EXPELLED or (
        line.kind is ChangeType.WITHDRAWN and line.reason is ChangeReason.DUES_UNPAID
    )


def why_not(line: MembershipChange) -> str:
    """Return why the day of the line cannot be corrected, "" where it can."""
    if takes_two(line):
        return "开除会籍、自动退会的日期须由校工会主席决定，请点“其他会籍变动”，选“更正除名（自动退会）日期”提出"
    return _why_fixed(line)


def _why_fixed(line: MembershipChange) -> str:
    if line.member.membership_status == MembershipStatus.MERGED:
        return "这份档案已并入另一份，不再更正"
    if line.kind in BEGINS:
        return "入会、转入的日期在“入会日期”中更正，不在这里"
    if sum(other.on_date == line.on_date for other in line.member.changes) > 1:
        return "同一天还有另一条会籍变化，日期不能单独更正"
    first = _first_day(line.member)
    if line.on_date <= first:
        return f"系统中的记录始于{show_date(first)}，没有这一条之前的情况，日期不能更正"
    return ""


def _first_day(member: Member) -> date:
    return min(version.valid_from for version in member.versions)


def span(line: MembershipChange) -> tuple[date, date]:
    """Return the first and the last day that the line may be moved to: it crosses no other line of the member."""
    others = [other for other in line.member.changes if other is not line]
    before = [other.on_date for other in others if other.on_date < line.on_date]
    after = [other.on_date for other in others if other.on_date > line.on_date]
    return max([*before, _first_day(line.member)]) + ONE_DAY, min([*(day - ONE_DAY for day in after), today()])


def redate(
    actor: User, member: Member, line: MembershipChange, *, on: date, reason: str, document_no: str = "", seen: int
) -> None:
    """Let what the line tells have happened on the day `on`, in the record and in the versions. She is told.

    Raises Conflict as `correct`, DomainError on `on` for a day beyond another line, or where nothing changes.
    """
    why = _stated(reason)
    if refused := why_not(line):
        raise DomainError(refused)
    if service.mark_of(member) != seen:
        raise Conflict(STALE)
    move(actor, member, line, on=on, why=why, document_no=document_no)


def check_move(line: MembershipChange, on: date) -> None:
    """Raise DomainError, on `on` for a day beyond another line, where the line cannot have happened on that day."""
    if refused := _why_fixed(line):
        raise DomainError(refused)
    first, last = span(line)
    if on == line.on_date:
        raise DomainError("日期没有变化", field="on")
    if not first <= on <= last:
        raise DomainError(f"日期只能在{show_date(first)}至{show_date(last)}之间，不能越过其他会籍变化", field="on")


def move(actor: Actor, member: Member, line: MembershipChange, *, on: date, why: str, document_no: str = "") -> None:
    """Move the line to the day `on`, as `redate`, for whoever has judged the case. Raises as `check_move`."""
    check_move(line, on)
    before = line.on_date
    old, new = (history.version_on(member, day) for day in (before - ONE_DAY, before))
    moved = f"{audit.CORRECTION}：{line.kind.label}的日期由{show_date(before)}改为{show_date(on)}"
    told = _told(moved, document_no, why)
    batch = new_uuid()
    true, said = (old, new) if on > before else (new, old)  # what is to stand between the two days, and what does
    values = {name: getattr(true, name) for name in STANDS if getattr(true, name) != getattr(said, name)}
    dating.write_between(
        member.id, values, actor, since=min(on, before), until=max(on, before), reason=told, batch_id=batch
    )
    db.session.expire(member)
    line.on_date = on
    db.session.flush()  # the order of the lines is read anew
    db.session.expire(member, ["changes"])
    audit.record(
        actor, "member.redate", member, changes={"on_date": (before.isoformat(), on.isoformat())}, reason=told,
        batch_id=batch,
    )  # fmt: skip
    _tell(actor, member, f"{line.kind.label}的日期更正为{show_date(on)}（{why}）")


def _stated(reason: str) -> str:
    why = " ".join(reason.split())
    if not REASON_LEAST <= len(why) <= REASON_MOST:
        raise DomainError(f"请写明更正的原因，{REASON_LEAST} 至 {REASON_MOST} 个字", field="reason")
    return why


def _told(what: str, document_no: str, why: str) -> str:
    number = " ".join(document_no.split())[:DOCUMENT_MOST]
    return f"{what}{f'，文号：{number}' if number else ''}：{why}"


def _tell(actor: Actor, member: Member, body: str) -> None:
    if member.user_id is not None:
        notices.tell([member.user_id], f"您的会员信息已由 {actor.label} 更正", body, "/members/me")
