"""One question on two days: who has come, who has gone, and why, from the versions and the changes of membership."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core.calendar import ONE_DAY, show_date, today
from portal.core.db import db
from portal.core.fields import Field
from portal.core.kinds import Kind, years_between
from portal.members import sight
from portal.members.enums import ChangeType
from portal.members.models import Member, MembershipChange, MemberVersion, stored_name
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from .. import asking
from ..asking import Asked
from ..conditions import Change, Post, QueryError, leaves
from .counting import unknown_then
from .questions import Opened, Question, day_of, fields_used, opened

MOST_NAMED = 200
AT_ONCE = 500
ENTRIES = frozenset({ChangeType.JOINED, ChangeType.TRANSFERRED_IN})
_YEARS = {Kind.AGE: "年龄", Kind.YEARS: "会龄"}


@dataclass(frozen=True)
class Person:
    """Somebody who is found on one of the two days only; `id` leads to her record where the actor may read it now."""

    name: str
    reason: str
    id: int | None


@dataclass(frozen=True)
class Difference:
    """The answers of two days: their numbers, how many came and went, and the first of them by name."""

    before: Opened
    after: Opened
    numbers: tuple[int, int]
    came: int
    went: int
    more: tuple[Person, ...]
    fewer: tuple[Person, ...]
    unknown: int  # joined by the first day, without a record that reaches back to it


def compared(actor: User, question: Question, given: Mapping[str, str], since: date | None) -> Difference:
    """Ask the question on the day `since` and on its as-of day, with the same answers in its blanks.

    Raises QueryError as `questions.opened` does, and where the first day is not before the second.
    """
    after = opened(actor, question, given)
    day = after.asked.day
    since = since or day.replace(day=1) - ONE_DAY
    if since >= day:
        raise QueryError("“上次日期”应早于“截至日期”，请修改其中一个")
    before = opened(actor, question, after.answers, day=since)
    old, new = set(asking.ids(actor, before.asked)), set(asking.ids(actor, after.asked))
    came, went = sorted(new - old), sorted(old - new)
    why = _Why(actor, before.asked, after.asked)
    return Difference(
        before, after, (len(old), len(new)), len(came), len(went),
        why.people(came[:MOST_NAMED], came=True), why.people(went[:MOST_NAMED], came=False),
        unknown_then(actor, before.asked),
    )  # fmt: skip


def two_days(question: Question, given: Mapping[str, str]) -> tuple[date | None, date]:
    """Return the days that an address names: the earlier one, if it names any, and the as-of day. Raises QueryError."""
    since = day_of(question, {"as_of": given["since"]}) if (given.get("since") or "").strip() else None
    return since, day_of(question, given)


class _Why:
    """Tells why somebody is found on one of two days only: what of the question's own matter differs between them."""

    def __init__(self, actor: User, before: Asked, after: Asked) -> None:
        self.actor, self.first, self.last = actor, before.day, after.day
        self.fields = [field for field in dict.fromkeys(fields_used(after.where)) if field.name != "branch"]
        self.asks_posts = any(isinstance(leaf, Post) for leaf in leaves(after.where))
        self.asks_changes = any(isinstance(leaf, Change) for leaf in leaves(after.where))

    def people(self, numbers: list[int], *, came: bool) -> tuple[Person, ...]:
        """Return the members with these numbers, each with the reason."""
        old, new = (self._versions(numbers, min(day, today())) for day in (self.first, self.last))
        changes = self._changes(numbers)
        names = {one.id: one for one in db.session.scalars(select(Member).where(Member.id.in_(numbers)))}
        return tuple(
            Person(
                names[number].name,
                self._reason(old.get(number), new.get(number), changes[number], came=came),
                number if self._reads(names[number].unit) else None,
            )
            for number in numbers
        )

    def _versions(self, numbers: list[int], day: date) -> dict[int, MemberVersion]:
        query = select(MemberVersion).where(
            MemberVersion.member_id.in_(numbers),
            MemberVersion.valid_from <= day,
            MemberVersion.valid_to > day,
            MemberVersion.superseded_at.is_(None),
        )
        return {version.member_id: version for version in db.session.scalars(query)}

    def _changes(self, numbers: list[int]) -> dict[int, list[MembershipChange]]:
        found: dict[int, list[MembershipChange]] = defaultdict(list)
        query = select(MembershipChange).where(
            MembershipChange.member_id.in_(numbers),
            MembershipChange.on_date > self.first,
            MembershipChange.on_date <= self.last,
        )
        for change in db.session.scalars(query.order_by(MembershipChange.on_date, MembershipChange.id)):
            found[change.member_id].append(change)
        return found

    def _reads(self, unit: OrgUnit) -> bool:
        return self.actor.may(Permission.MEMBER_READ, unit)

    def _reason(
        self, old: MemberVersion | None, new: MemberVersion | None, changes: list[MembershipChange], *, came: bool
    ) -> str:
        if new is None:
            return "档案不在该日的记录中"
        if old is None:
            entry = next((_told(change) for change in changes if change.kind in ENTRIES), "")
            return entry or f"档案自{show_date(new.valid_from)}起有记录"
        # what is beyond one's own part of the house stays there: only that she came or went is told
        if not self._reads(old.unit):
            return f"由{old.unit.name}转入"
        if not self._reads(new.unit):
            return f"转出到{new.unit.name}"
        reasons = [f"由{old.unit.name}转到{new.unit.name}"] if old.unit_id != new.unit_id else []
        for field in self.fields:
            reasons += self._of_field(field, old, new, changes)
        if self.asks_posts and not reasons:
            reasons = ["工会职务有变动"]
        if self.asks_changes and not reasons:
            reasons = [_told(change) for change in changes]
        return "；".join(dict.fromkeys(reasons)) or ("到该日符合条件" if came else "到该日不再符合条件")

    def _of_field(
        self, field: Field, old: MemberVersion, new: MemberVersion, changes: list[MembershipChange]
    ) -> Iterable[str]:
        if field.name == "membership_status":
            if old.membership_status == new.membership_status:
                return []
            moved = [_told(change) for change in changes if change.kind is not ChangeType.MOVED_BRANCH]
            return moved[-1:] or [self._differs(field, old, new)]
        if field.kind in (Kind.COMPLETENESS, Kind.POSTS, Kind.CHANGES):
            return []
        column = stored_name(field)
        was, now = getattr(old, column), getattr(new, column)
        if was != now:
            return [self._differs(field, old, new)]
        if field.kind in _YEARS and was:
            years = years_between(was, self.first), years_between(was, self.last)
            return [f"{_YEARS[field.kind]}由 {years[0]} 变为 {years[1]}"] if years[0] != years[1] else []
        return ["子女的年龄有变化"] if field.name == "children" and was else []

    def _differs(self, field: Field, old: MemberVersion, new: MemberVersion) -> str:
        since = show_date(new.valid_from)
        said = [self._shown(field, version) for version in (old, new)]
        if None in said or field.name not in sight.FIELD or field.kind in (Kind.ROWS, Kind.COMPOSITE, Kind.AGE):
            return f"{field.label}有改动（{since}）"
        return f"{field.label}由“{said[0] or '未填'}”改为“{said[1] or '未填'}”（{since}）"

    def _shown(self, field: Field, version: MemberVersion) -> str | None:
        if field.name not in sight.FIELD:
            return None
        seen = sight.can_see(self.actor, field, version, place="list")
        return None if seen is sight.Sight.HIDDEN else sight.shown(field, sight.raw_value(version, field.name), seen)


def _told(change: MembershipChange) -> str:
    words: list[Any] = [show_date(change.on_date), *([change.reason.label] if change.reason else [])]
    return f"{change.kind.label}（{'，'.join(words)}）"
