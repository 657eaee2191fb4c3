"""Verbs of the working-day calendar: look at a year, write it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, select

from portal.core import audit, workdays
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.workdays import CalendarSpan, CalendarYear, Span, SpanKind
from portal.org.models import User

audit.name_acts({"calendar.change": "修改工作日历"})

FIRST, AHEAD = 2024, 5  # the first year that may be written, and how many years ahead
LONGEST = {SpanKind.FREE: 15, SpanKind.WORK: 3, SpanKind.VACATION: 100}  # days
CHANGED = "这一年的日历刚刚被他人修改，请核对下面的现值后重新保存"


@dataclass(frozen=True)
class Year:
    """A year as the page shows it: `spans` in order; where its holidays come from, and who wrote them."""

    year: int
    spans: list[Span]
    source: str
    row: CalendarYear | None

    @property
    def is_known(self) -> bool:
        """Whether its holidays are known; if not, weekends alone count."""
        return self.row is not None or bool(workdays.shipped(self.year))

    def named(self, kind: str) -> list[Span]:
        """Return its spans of a kind."""
        return [span for span in self.spans if span.kind == kind]


def years() -> list[Year]:
    """Return the years that are known or near, the latest first."""
    here = today().year
    written = set(db.session.scalars(select(CalendarSpan.year)))
    return [year(one) for one in sorted(written | set(workdays.SHIPPED) | {here, here + 1}, reverse=True)]


def year(number: int) -> Year:
    """Return a year. Raises Absent for one that may not be written."""
    if not FIRST <= number <= today().year + AHEAD:
        raise Absent
    row = db.session.scalars(select(CalendarYear).where(CalendarYear.year == number)).one_or_none()
    spans = [one.span for one in db.session.scalars(select(CalendarSpan).where(CalendarSpan.year == number))]
    if row is None:
        spans += workdays.shipped(number)
    source = row.source if row is not None else workdays.SHIPPED.get(number, "")
    return Year(number, sorted(spans), source, row)


def write(actor: User, number: int, rows: Sequence[Mapping[str, Any]], *, source: str, seen: str) -> bool:
    """Let `rows` be the calendar of a year, and return whether that changed anything.

    A row has a kind, a name, and starts and ends as ISO days (ends empty: one day). `seen` is `mark_of` the year that
    was looked at. Raises Absent; DomainError on `spans` or `source`; Conflict where somebody was faster.
    """
    before = year(number)
    wanted = sorted(_span(number, place, row) for place, row in enumerate(rows, 1))
    _check(wanted)
    holidays = [one for one in wanted if one.kind is not SpanKind.VACATION]
    is_own = holidays != sorted(workdays.shipped(number)) or bool(before.row)
    if holidays and is_own and not source.strip():
        raise DomainError("请填写依据，例如放假通知的名称和日期", field="source")
    if wanted == before.spans and source.strip() == before.source:
        return False
    if seen != mark_of(before):
        raise Conflict(CHANGED)
    db.session.execute(delete(CalendarSpan).where(CalendarSpan.year == number))
    keeps = holidays and (
        holidays != sorted(workdays.shipped(number)) or source.strip() != workdays.SHIPPED.get(number)
    )
    row = before.row
    if keeps:
        row = row or CalendarYear(year=number)
        row.source, row.changed_at, row.changed_by = source.strip(), now(), actor.label[:100]
        db.session.add(row)
    elif row is not None:  # as it comes with the house, or not known any more
        db.session.delete(row)
    kept = wanted if keeps else [one for one in wanted if one.kind is SpanKind.VACATION]
    db.session.add_all(
        CalendarSpan(year=number, kind=one.kind, name=one.name, starts=one.starts, ends=one.ends) for one in kept
    )
    told = {"spans": (_words(before.spans), _words(wanted)), "source": (before.source, source.strip())}
    changes = {name: pair for name, pair in told.items() if pair[0] != pair[1]}
    audit.record(actor, "calendar.change", changes=changes, details={"year": number})
    workdays.forget()
    return True


def mark_of(found: Year) -> str:
    """Return a word that is another one once the year has been written anew."""
    row = found.row
    stamp = "" if row is None else row.changed_at.isoformat()
    return f"{stamp}{len(found.spans)}{sum(one.starts.toordinal() + one.ends.toordinal() for one in found.spans)}"


def _words(spans: Sequence[Span]) -> str:
    return "；".join(one.words for one in spans) or "（空）"


def _span(number: int, place: int, row: Mapping[str, Any]) -> Span:
    """Read one row; a vacation belongs to the year in which it begins, everything else lies in its year."""
    kind = SpanKind(row["kind"])  # type: ignore[call-arg]  # by its value alone
    starts = date.fromisoformat(row["starts"])
    ends = date.fromisoformat(row.get("ends") or row["starts"])
    if ends < starts:
        raise DomainError(f"第 {place} 行的结束日期早于开始日期，请核对", field="spans")
    if starts.year != number or (kind is not SpanKind.VACATION and ends.year != number):
        raise DomainError(f"第 {place} 行不在{number}年内，请填写到那一年的日历里", field="spans")
    if (ends - starts) >= timedelta(days=LONGEST[kind]):
        raise DomainError(f"第 {place} 行{kind.label}超过 {LONGEST[kind]} 天，请核对日期", field="spans")
    span = Span(starts, ends, kind, str(row["name"]))
    if kind is SpanKind.WORK and any(day.weekday() < workdays.SATURDAY for day in span.days()):
        raise DomainError(f"第 {place} 行调休上班的日子不是周末，请核对", field="spans")
    return span


def _check(spans: Sequence[Span]) -> None:
    """Raise DomainError on `spans` where a day is named twice; a holiday may lie in a vacation."""
    for is_vacation in (False, True):
        last: Span | None = None
        for one in spans:
            if (one.kind is SpanKind.VACATION) is is_vacation:
                if last is not None and one.starts <= last.ends:
                    raise DomainError(f"“{last.words}”与“{one.words}”重叠，请核对", field="spans")
                last = one
