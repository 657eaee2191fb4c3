"""Working days by our own calendar: the week, holidays, the weekends worked for them, vacations.

The holidays of a year are those of holidays.csv until somebody writes that year anew; then its rows in the database
stand for it whole. A year that neither knows has its weekends alone, and `due` says so. Terms count from the day after
the one on which something began (《民法典》第二百零一条); one that would end on a day off ends on the first working day
after it (第二百零三条).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

from sqlalchemy import CheckConstraint, String, select
from sqlalchemy.orm import Mapped, mapped_column

from . import settings
from .calendar import ONE_DAY, show_date
from .db import Base, UtcTime, db, label_enum
from .enums import LabelEnum
from .kinds import Kind
from .settings import Setting

HOLIDAYS = Path(__file__).with_name("holidays.csv")
SHIPPED = {
    2025: "国务院办公厅关于2025年部分节假日安排的通知（2024年11月12日）",
    2026: "国务院办公厅关于2026年部分节假日安排的通知（2025年11月4日）",
}
SATURDAY = 5
SEEN = "workdays"  # where a session keeps what its present transaction has read
NAME_MOST, SOURCE_MOST = 20, 120  # characters
FURTHEST = 3660  # days; a term is never so long

settings.declare(
    Setting(
        "calendar_skips_vacations", "寒暑假不计入工作日", Kind.BOOL, True, "工作日",
        hint="寒暑假的日期在「工作日历」里填写。选“否”时假期里的平日照常计算，但到期日落在假期里的，顺延到假后第一个工作日",
    ),
)  # fmt: skip


class SpanKind(LabelEnum):
    """What some days of a year are."""

    FREE = "free", "放假"
    WORK = "work", "调休上班"
    VACATION = "vacation", "寒暑假"


@dataclass(frozen=True, order=True)
class Span:
    """Some days in a row, from `starts` up to and including `ends`."""

    starts: date
    ends: date
    kind: SpanKind
    name: str

    def days(self) -> Iterator[date]:
        """Every day of it."""
        return (self.starts + timedelta(days=number) for number in range((self.ends - self.starts).days + 1))

    @property
    def words(self) -> str:
        """The span as page and trace say it."""
        to = "" if self.ends == self.starts else f"至{show_date(self.ends)}"
        return f"{self.name}{self.kind.label} {show_date(self.starts)}{to}"


class CalendarYear(Base):
    """A year whose holidays somebody has written; `changed_by` as the trace says it."""

    __tablename__ = "calendar_years"

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(unique=True)
    source: Mapped[str] = mapped_column(String(SOURCE_MOST))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_by: Mapped[str] = mapped_column(String(100))


class CalendarSpan(Base):
    """Some days of the calendar; a vacation belongs to the year in which it begins."""

    __tablename__ = "calendar_spans"

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(index=True)
    kind: Mapped[SpanKind] = mapped_column(label_enum(SpanKind))
    name: Mapped[str] = mapped_column(String(NAME_MOST))
    starts: Mapped[date]
    ends: Mapped[date]

    __table_args__ = (CheckConstraint("ends >= starts", name="ends_after_start"),)

    @property
    def span(self) -> Span:
        """What it says."""
        return Span(self.starts, self.ends, self.kind, self.name)


# --- what is known ----------------------------------------------------------------------------------------------------


@cache
def _shipped() -> dict[int, tuple[Span, ...]]:
    """Return the holidays that come with the house, by year, days in a row together."""
    with HOLIDAYS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        days = [(date.fromisoformat(row["day"]), SpanKind(row["kind"]), row["occasion"]) for row in rows]  # type: ignore[call-arg]  # by its value alone
    spans: dict[int, list[Span]] = {}
    for (_, kind, name), run in groupby(enumerate(days), key=lambda one: (one[1][0] - one[0] * ONE_DAY, *one[1][1:])):
        found = [day for _, (day, _, _) in run]
        spans.setdefault(found[0].year, []).append(Span(found[0], found[-1], kind, name))
    return {year: tuple(of_year) for year, of_year in spans.items()}


def shipped(year: int) -> tuple[Span, ...]:
    """Return the holidays of `year` as they come with the house; none where it brings none."""
    return _shipped().get(year, ())


@dataclass(frozen=True)
class Book:
    """The whole calendar: by day whether it is worked and why, the vacations, the years whose holidays are known."""

    named: Mapping[date, Span]
    vacations: tuple[Span, ...]
    years: frozenset[int]
    skips_vacations: bool

    def vacation(self, day: date) -> Span | None:
        """Return the vacation in which `day` lies."""
        return next((one for one in self.vacations if one.starts <= day <= one.ends), None)

    def why_free(self, day: date) -> str:
        """Return why nobody works on `day`: the vacation, the holiday, 周末; "" where it is worked."""
        vacation = self.vacation(day) if self.skips_vacations else None
        if vacation is not None:
            return vacation.name
        span = self.named.get(day)
        if span is not None:
            return span.name if span.kind is SpanKind.FREE else ""
        return "周末" if day.weekday() >= SATURDAY else ""

    def is_worked_for(self, day: date) -> bool:
        """Whether `day` is a weekend day worked for a holiday."""
        return not self.why_free(day) and day.weekday() >= SATURDAY


def book() -> Book:
    """Return the calendar, read once in a transaction."""
    session = db.session()
    transaction, found = session.info.get(SEEN, (None, None))
    if found is None or transaction is not session.get_transaction():
        found = _read()
        session.info[SEEN] = session.get_transaction(), found
    return found


def forget() -> None:
    """Let the calendar be read anew: it has just been changed."""
    db.session.info.pop(SEEN, None)


def _read() -> Book:
    own = [row.span for row in db.session.scalars(select(CalendarSpan).order_by(CalendarSpan.starts))]
    written = set(db.session.scalars(select(CalendarYear.year)))
    holidays = [one for one in own if one.kind is not SpanKind.VACATION]
    holidays += [one for year, spans in _shipped().items() if year not in written for one in spans]
    named = {day: one for one in holidays for day in one.days()}
    vacations = tuple(one for one in own if one.kind is SpanKind.VACATION)
    skips = bool(settings.value("calendar_skips_vacations"))
    return Book(named, vacations, frozenset(written | set(_shipped())), skips)


# --- counting ---------------------------------------------------------------------------------------------------------


def is_working_day(day: date) -> bool:
    """Whether people work on `day`: Monday to Friday, but for holidays, vacations and the weekends worked for them."""
    return not book().why_free(day)


def working_days(after: date, until: date) -> int:
    """Return how many working days lie after the day `after` up to and including `until`; 0 where none does."""
    known = book()
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return sum(not known.why_free(day) for day in days)


def working_days_ago(number: int, until: date) -> date:
    """Return the last day after which `number` working days (at least 1) lie up to and including `until`."""
    known, day = book(), until
    for _ in range(FURTHEST):
        number -= not known.why_free(day)
        day -= ONE_DAY
        if number == 0:
            return day
    raise OverflowError(number)


def add_working_days(day: date, number: int) -> date:
    """Return the day on which a term of `number` working days (at least 1) ends that began on `day`."""
    return due(day, number).day


@dataclass(frozen=True)
class Due:
    """The day on which a term ends, and in `words` the sum that leads to it, for the page."""

    day: date
    words: str


def due(start: date, number: int) -> Due:
    """Return when a term of `number` working days (at least 1) ends that began on `start`, with its sum."""
    known, day, left = book(), start, number
    for _ in range(FURTHEST):
        day += ONE_DAY
        left -= not known.why_free(day)
        if left == 0:
            break
    else:
        raise OverflowError(number)
    return _moved(known, start, day, f"{number} 个工作日{_without(known, start, day)}")


def due_in_days(start: date, number: int) -> Due:
    """Return when a term of `number` days (at least 1) ends that began on `start`, with its sum."""
    return _moved(book(), start, start + timedelta(days=number), f"{number} 天")


def _moved(known: Book, start: date, day: date, words: str) -> Due:
    """Return `day`, or the first working day after it where it is free or lies in a vacation."""
    words = f"从{show_date(start)}起 {words}，到{show_date(day)}"
    last = day
    while known.why_free(last) or known.vacation(last):
        last += ONE_DAY
    if last != day:
        vacation = known.vacation(day)
        why = vacation.name if vacation else known.why_free(day)
        words += f"，那天是{why}，顺延到其后第一个工作日{show_date(last)}"
    unknown = [year for year in range(start.year, last.year + 1) if year not in known.years]
    if unknown:
        words += f"。{'、'.join(map(str, unknown))}年还没有节假日安排，按周末计算"
    return Due(last, words + "。")


def _without(known: Book, start: date, until: date) -> str:
    """Return what a sum leaves out and takes in: 「，除去周末 4 天、国庆节 8 天，计入调休上班的10月11日」."""
    free: dict[str, int] = {}
    worked: list[str] = []
    for number in range(1, (until - start).days + 1):
        day = start + timedelta(days=number)
        why = known.why_free(day)
        if why:
            free[why] = free.get(why, 0) + 1
        elif known.is_worked_for(day):
            worked.append(f"{day.month}月{day.day}日")
    out = "、".join(f"{why} {days} 天" for why, days in free.items())
    return (f"，除去{out}" if out else "") + (f"，计入调休上班的{'、'.join(worked)}" if worked else "")
