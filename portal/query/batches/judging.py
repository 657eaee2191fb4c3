"""What a batch edit would do to each member: nothing, a change over some of her versions, or why it must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import Problems
from portal.core.fields import NOW
from portal.members import checks, dating, history, many
from portal.members.catalogue import FIELD
from portal.members.dating import OF_VERSION, Piece
from portal.members.enums import MembershipStatus
from portal.members.models import SEALED, Member
from portal.members.reach import Reach
from portal.members.service import LIVE
from portal.org.models import User

from .models import LONGEST_NOTE, Outcome

OUT_OF_SCOPE = "已不在您的管理范围内"
_Result = tuple[Mapping[str, Any], str, tuple[str, ...]]  # what differs then, why not, what to look at


@dataclass(slots=True)
class Judged:
    """One member: `version` is her last one, `pieces` is what would be written, `old` what these versions say now."""

    member_id: int
    outcome: Outcome
    note: str = ""
    version: int | None = None
    pieces: Sequence[Piece] = ()
    old: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    unit_id: int
    user_id: int | None
    status: str


class Judge:
    """Judges members for an edit that sets `changes` (parsed values by catalogue name) from `day` on.

    `is_told` asks for the `old` values too.
    """

    def __init__(self, actor: User, changes: Mapping[str, Any], day: date, *, is_told: bool = False) -> None:
        self._actor_id, self._reach = actor.id, Reach(actor)
        self._changes, self._day, self._today, self._is_told = changes, day, today(), is_told
        needed = checks.needed_by(changes)
        self._names = sorted(needed)
        self._columns = [f"{name}_sealed" if name in SEALED else name for name in self._names]
        self._is_clear = needed.isdisjoint(SEALED)  # so that many members say the same, and are looked at once
        self._checked: dict[Any, _Result] = {}
        self._written: dict[str, Mapping[str, Any]] = {}
        self._refusals: dict[tuple[int, str, bool], str] = {}

    def judge(self, member_ids: Sequence[int]) -> Iterator[Judged]:
        """Return the members one after the other, in this order."""
        columns = (Member.id, Member.unit_id, Member.user_id, Member.membership_status.label("status"))
        for chunk in many.in_chunks(member_ids, many.HANDFUL):
            found = db.session.execute(select(*columns).where(many.among(Member.id, chunk))).all()
            held: dict[int, Any] = {row[0]: row for row in found}
            self._reach.meet({row.unit_id for row in held.values()})
            versions = dating.held_from(chunk, self._day, self._columns)
            for number in chunk:
                yield self._one(number, held.get(number), versions.get(number, ()))

    def _one(self, number: int, held: Any, versions: Sequence[Row[Any]]) -> Judged:
        if held is None or not versions:
            return Judged(number, Outcome.REFUSED, OUT_OF_SCOPE)
        _, unit_id, user_id, status = held
        key = (unit_id, status, user_id == self._actor_id)
        why = self._refusals.get(key)
        if why is None:
            why = self._refusals[key] = self._refusal(_Held(unit_id, user_id, status))
        version = versions[0].id if len(versions) == 1 else max(one.id for one in versions)
        if why:
            return Judged(number, Outcome.REFUSED, why, version)
        pieces: list[Piece] = []
        old: list[Mapping[str, Any]] = []
        notes: list[str] = []
        reached = dating.carried(versions, self._changes)
        for one, asked in reached:
            written, wrong, warnings = self._check(one, asked)
            if wrong:
                return Judged(number, Outcome.REFUSED, wrong[:LONGEST_NOTE], version)
            if written:
                starts = one.valid_from
                pieces.append(Piece(number, one.id, starts, one.valid_to, max(self._day, starts), written))
                notes += warnings
                if self._is_told:
                    old.append({name: getattr(one, name) for name in written})
        if not pieces:
            return Judged(number, Outcome.SAME, version=version)
        if versions[0].valid_from > self._day:
            notes.append(f"档案从 {show_date(versions[0].valid_from)} 开始，从那天起改")
        if len(versions) > 1:
            notes += self._stops(versions, reached)
        note = "；".join(dict.fromkeys(notes))[:LONGEST_NOTE] if notes else ""
        return Judged(number, Outcome.CHANGE, note, version, pieces, old)

    def _refusal(self, held: _Held) -> str:
        """Return why the member must not be edited by this person, "" where she may."""
        if not self._reach.may_see(held.unit_id):
            return OUT_OF_SCOPE
        rights = self._reach.rights_of(held)
        labels = "、".join(f"“{FIELD[name].label}”" for name in self._changes if rights.get(name) is not NOW)
        why = f"您不能直接修改{labels}" if labels else ""
        if labels and held.status not in LIVE:
            state = MembershipStatus(held.status).label  # type: ignore[call-arg]  # by its value alone
            why = f"会籍状态为{state}，{why}"
        return why

    def _check(self, version: Row[Any], asked: Mapping[str, Any]) -> _Result:
        key: Any = None
        if self._is_clear:
            key = (repr(version[len(OF_VERSION) :]), tuple(asked))
            if key in self._checked:
                return self._checked[key]
        current = {
            name: history.opened_one(name, stored, version.uuid) if name in SEALED else stored
            for name, stored in zip(self._names, version[len(OF_VERSION) :], strict=True)
        }
        result: _Result
        try:
            written, warnings = checks.check_change(current, asked, today=self._today, is_narrow=True)
        except Problems as problems:
            result = {}, problems.message, ()
        else:
            # the same object for the same values, whatever they were before: so many are written at once
            result = self._written.setdefault(repr(sorted(written.items())), written), "", tuple(warnings)
        if key is not None:
            self._checked[key] = result
        return result

    def _stops(self, versions: Sequence[Row[Any]], reached: Sequence[tuple[Row[Any], Mapping[str, Any]]]) -> list[str]:
        """Say of each field that was changed again later from when on it stays as it is."""
        told = []
        for name in self._changes:
            place = sum(name in asked for _, asked in reached)
            if place < len(versions):
                day = show_date(versions[place].valid_from)
                told.append(f"{FIELD[name].label}自 {day} 起另有修改，那天起不变")
        return told
