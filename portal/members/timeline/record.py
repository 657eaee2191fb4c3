"""What the record itself tells of a member: edits of her fields, lines of 会籍变化记录, corrections of their days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core import audit
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.org.models import User
from portal.org.permissions import Permission

from .. import history, sight
from ..catalogue import FIELD
from ..enums import ChangeType
from ..history import Edit
from ..models import Member, MembershipChange
from ..sight import Sight
from .happenings import About, Happening, declare

SYSTEM = "系统"
NOT_SHOWN, CHANGED = "已修改（无权查看）", "已修改"
LONGEST = 60  # characters of one value
AT_ONCE = timedelta(seconds=60)  # a line and the version that it brought are written in one transaction
STANDS = frozenset({"branch", "membership_status"})
BEGINS = frozenset({ChangeType.JOINED, ChangeType.TRANSFERRED_IN})
SHOWN_BY_THE_LINE = STANDS | {"employment_status"}


def record(actor: User, member: Member) -> list[Happening]:
    """Tell the edits and the lines; an edit that a line has brought is told with it, once."""
    told = Telling(actor, member)
    edits, lines = history.edits_of(member), _lines(member)
    redated = {event.batch_id: event for event in _redated(member)}
    brought = _brought(lines, [edit for edit in edits if edit.after.batch_id not in redated])
    told_already = {id(edit) for edit in brought.values()}
    return [
        *(told.line(line, brought.get(line.id)) for line in lines),
        *(told.redated(event) for event in redated.values()),
        *(
            told.edit(edit)
            for edit in edits
            if id(edit) not in told_already and edit.after.batch_id not in redated
        ),
    ]  # fmt: skip


declare(record)


def _lines(member: Member) -> Sequence[MembershipChange]:
    people = (MembershipChange.from_unit, MembershipChange.to_unit, MembershipChange.recorder)
    query = select(MembershipChange).where(MembershipChange.member_id == member.id)
    return db.session.scalars(query.options(*map(joinedload, people)).order_by(MembershipChange.id)).all()


def _redated(member: Member) -> Sequence[AuditEvent]:
    """Return the traces of corrected days: the line itself tells only the day of now."""
    query = select(AuditEvent).where(
        AuditEvent.subject_type == Member.__tablename__,
        AuditEvent.subject_id == str(member.id),
        AuditEvent.action == "member.redate",
    )
    return db.session.scalars(query).all()


def _brought(lines: Sequence[MembershipChange], edits: Sequence[Edit]) -> dict[int, Edit]:
    """Return by line the edit that was written with it: the nearest of the same moment that says where she stands."""
    left = [edit for edit in edits if edit.before is None or STANDS & set(edit.names)]
    found: dict[int, Edit] = {}
    for line in lines:
        near = [
            edit
            for edit in left
            if abs(edit.after.recorded_at - line.recorded_at) <= AT_ONCE
            and (edit.before is not None or line.kind in BEGINS)
        ]
        if near:
            best = min(
                near,
                key=lambda edit: (
                    edit.after.valid_from != line.on_date,
                    abs(edit.after.recorded_at - line.recorded_at),
                ),
            )
            found[line.id] = best
            left.remove(best)
    return found


class Telling:
    """Puts rows of the record into words as one person may read them."""

    def __init__(self, actor: User, member: Member) -> None:
        self._actor, self._member = actor, member
        self._seen: dict[str, Sight] = {}
        self._knows_why = member.user_id == actor.id or actor.may(Permission.STANDING_DECIDE, member.unit)

    def line(self, line: MembershipChange, edit: Edit | None) -> Happening:
        """Tell a line, with what else its edit has changed; why somebody was expelled only those know who decide."""
        way = f"由{line.from_unit.name}" if line.from_unit else ""
        way += f"至{line.to_unit.name}" if line.to_unit else ""
        is_open = line.kind is not ChangeType.EXPELLED or self._knows_why
        because = line.reason.label if line.reason and is_open else ""
        said = edit.after.reason if edit is not None and edit.after.reason != line.kind.label else ""
        return Happening(
            about=About.MEMBERSHIP,
            what=line.kind.label,
            at=line.recorded_at,
            by=line.recorder.label if line.recorder else SYSTEM,
            on=line.on_date,
            why="；".join(dict.fromkeys(part for part in (way, because, said) if part)),
            changes=self._changes(edit, [name for name in edit.names if name not in SHOWN_BY_THE_LINE]) if edit else (),
            line=0 if line.kind in BEGINS else line.id,  # how a membership began is corrected elsewhere
        )

    def redated(self, event: AuditEvent) -> Happening:
        """Tell that the day of a line was corrected."""
        old, new = (date.fromisoformat(text) for text in event.changes["on_date"])
        is_open = self._knows_why or ChangeType.EXPELLED.label not in event.reason
        return Happening(
            about=About.MEMBERSHIP, what=event.action_label, at=event.at, by=event.actor_label, on=min(old, new),
            why=event.reason if is_open else "", is_correction=True,
        )  # fmt: skip

    def edit(self, edit: Edit) -> Happening:
        """Tell an edit; the first version is how the record began."""
        after = edit.after
        return Happening(
            about=About.MEMBERSHIP if edit.before is None or STANDS & set(edit.names) else About.FIELDS,
            what=after.reason or CHANGED,
            at=after.recorded_at,
            by=after.recorder.label if after.recorder else SYSTEM,
            on=after.valid_from,
            changes=self._changes(edit, edit.names),
            is_correction=after.reason.startswith(audit.CORRECTION),
        )

    def _changes(self, edit: Edit, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple((FIELD[name].label, self._said(edit, name)) for name in names)

    def _said(self, edit: Edit, name: str) -> str:
        field = FIELD[name]
        if name not in self._seen:
            self._seen[name] = sight.can_see(self._actor, field, self._member)
        seen = self._seen[name]
        if seen is Sight.HIDDEN or edit.before is None:
            return NOT_SHOWN
        old, new = (sight.shown(field, sight.raw_value(row, name), seen) for row in (edit.before, edit.after))
        if seen is Sight.MASKED or old == new:  # stars on both sides say nothing
            return CHANGED
        return f"{_short(old)} → {_short(new)}"


def _short(text: str) -> str:
    return (text if len(text) <= LONGEST else f"{text[:LONGEST]}…") or "未填"
