"""What a change does to the membership once it is decided and its day has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core import audit
from portal.core.actors import Actor
from portal.core.calendar import show_date, today
from portal.core.db import db, new_uuid
from portal.core.errors import Conflict, DomainError
from portal.core.workflow import Changes
from portal.members import correcting, history, turning
from portal.members.catalogue import FIELD
from portal.members.enums import MembershipStatus
from portal.members.models import Member, MembershipChange

from . import rules
from .letters import issuing
from .models import ChangeKind, StandingChange

STATUS = ("membership_status", "employment_status")
REMARK_LONGEST = FIELD["remark"].max_length or 500


def locked(item: StandingChange) -> Member:
    """Return the member, whom nobody else writes until the transaction ends."""
    query = select(Member).where(Member.id == item.member_id).with_for_update(of=Member)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def do(item: StandingChange, actor: Actor, *, batch_id: str | None) -> Changes:
    """Let the change happen to the membership on its day. Raises DomainError as `rules.check`."""
    member = locked(item)
    rules.check(member, item.kind, item.effective_on)
    if item.kind is ChangeKind.CORRECT:
        return _correct(item, member, actor)
    if item.kind is ChangeKind.REDATE:
        return _redate(item, member, actor)
    rule, batch = rules.RULES[item.kind], batch_id or new_uuid()
    before = {name: getattr(member, name) for name in STATUS}
    values: dict[str, Any] = {"membership_status": rule.status.value}
    if rule.employment is not None:
        values["employment_status"] = rule.employment.value
    text = f"{show_date(item.effective_on)}{rule.words}"
    with_remark = values | _remark_then(member, item.effective_on, text)
    item.before = before
    item.line = turning.turn(
        member, actor, rule.turn, on=item.effective_on, values=with_remark, because=rule.because,
        reason=item.kind.label, batch_id=batch,
    )  # fmt: skip
    if "remark" not in with_remark:
        note(member, actor, text, reason=item.kind.label, batch_id=batch)
    told = MembershipStatus(before["membership_status"])  # type: ignore[call-arg]  # by its value alone
    return {"membership_status": (told.label, rule.status.label)}


def _remark_then(member: Member, on: date, note: str) -> dict[str, str]:
    """Return the remark as of the day, with the note; nothing where it was written anew since, or has no room."""
    held = history.version_on(member, on)
    said = _with_note(member.remark, note)
    return {"remark": said} if held is not None and held.remark == member.remark and said else {}


def note(member: Member, actor: Actor, text: str, *, reason: str, batch_id: str | None = None) -> None:
    """Add `text` to what the remark says today, if there is room: the record has its own line of it."""
    if said := _with_note(member.remark, text):
        history.write(member, {"remark": said}, actor, reason=reason, batch_id=batch_id)


def _with_note(remark: str | None, note: str) -> str:
    said = f"{remark.rstrip('；。')}；{note}" if remark else note
    return said if len(said) <= REMARK_LONGEST else ""


def line_for(member: Member, kind: ChangeKind) -> MembershipChange | None:
    """Return the line of the record that a change of this kind is about; None where it writes its own."""
    if kind is ChangeKind.CORRECT:
        return correctable(member)
    return rules.line_to_redate(member) if kind is ChangeKind.REDATE else None


def day_for(kind: ChangeKind, line: MembershipChange | None, asked: date) -> date:
    """Return the day of a change: a correction has that of the line which it takes out."""
    return line.on_date if line is not None and kind is ChangeKind.CORRECT else asked


def _redate(item: StandingChange, member: Member, actor: Actor) -> Changes:
    """Let the last line have happened on the day that was asked for, in the record and in the versions."""
    line = rules.line_to_redate(member)
    if line.id != item.line_id:
        raise Conflict(f"提出更正以后，{member.name}的会籍又有变化，请核对后重新提出")
    before = line.on_date
    correcting.move(actor, member, line, on=item.effective_on, why=item.data["note"])
    return {"on_date": (show_date(before), show_date(item.effective_on))}


def _correct(item: StandingChange, member: Member, actor: Actor) -> Changes:
    """Take the last line out of the record, and let hold from its day on what held before.

    The line stays with the correction, sealed; the versions that said otherwise stay as superseded.
    """
    line = correctable(member)
    if line.id != item.line_id:
        raise Conflict(f"提出更正以后，{member.name}的会籍又有变化，请核对后重新提出")
    made = _made(line)
    before = next((one.before for one in made if one.before), None) or _before(member, line)
    now_said = MembershipStatus(member.membership_status)  # type: ignore[call-arg]  # by its value alone
    first = min(version.valid_from for version in member.versions)
    batch = new_uuid()
    reason = f"{audit.CORRECTION}：{line.kind.label}有误"
    turning.write_from(member, before, actor, since=max(line.on_date, first), reason=reason, batch_id=batch)
    text = f"{show_date(today())}更正，撤销{show_date(line.on_date)}{line.kind.label}的登记"
    note(member, actor, text, reason=reason, batch_id=batch)
    item.data = item.data | {"line": _kept(line)}
    for one in made:
        one.line = None
    item.line = None
    db.session.delete(line)
    db.session.flush()  # nothing may name it by then
    db.session.expire(member, ["changes"])
    back = MembershipStatus(before["membership_status"])  # type: ignore[call-arg]  # by its value alone
    return {"membership_status": (now_said.label, back.label)}


def correctable(member: Member) -> MembershipChange:
    """Return the line that a correction takes out. Raises DomainError as `rules`, and where a letter has gone out."""
    line = rules.line_to_correct(member)
    letters = [letter for change in _made(line) if (letter := issuing.standing_for(change)) is not None]
    if letters:
        raise DomainError(f"这次调离已开具介绍信（{letters[0].number}），请在介绍信上办理作废，会籍随即恢复")
    return line


def _made(line: MembershipChange) -> Sequence[StandingChange]:
    return db.session.scalars(select(StandingChange).where(StandingChange.line_id == line.id)).all()


def _before(member: Member, line: MembershipChange) -> dict[str, Any]:
    """Return the status before a line that no change of ours has written, as the version of the day before says."""
    held = history.version_on(member, line.on_date - date.resolution)
    if held is None:
        return {"membership_status": MembershipStatus.ACTIVE.value}
    return {name: getattr(held, name) for name in STATUS}


def _kept(line: MembershipChange) -> dict[str, Any]:
    return {
        "kind": line.kind.value,
        "on_date": line.on_date.isoformat(),
        "reason": line.reason.value if line.reason else None,
        "from_unit_id": line.from_unit_id,
        "to_unit_id": line.to_unit_id,
        "recorded_at": line.recorded_at.isoformat(),
        "recorded_by": line.recorded_by,
    }
