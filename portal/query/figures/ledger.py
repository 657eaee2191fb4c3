"""会员动态台账: one unit, month by month through a year, from the lines of 会籍变化记录, checked against the versions.

Opening and closing of a month are counts as of its days. What came and went between is what the lines say; a
correction is what the versions say and no line is meant for: a record begun late, who is counted elsewhere from now
on. Where a line has nothing beside it in the versions, or the versions moved without a
line, the month does not balance, and the ledger names the person and the difference.

Lines from before a member's record began are left out: nobody was counted then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.core.calendar import ONE_DAY, show_date
from portal.core.db import db
from portal.members.enums import ChangeType, MembershipStatus
from portal.members.models import MembershipChange, MemberVersion
from portal.org.models import OrgUnit, User
from portal.query import asking
from portal.query.asking import Asked

from . import monthly
from .monthly import CLOSING, CORRECTED, OPENING, UNMATCHED, Balance, Held, Move, Moved
from .reports import TOTAL, Report, Row, Wish
from .summary import Cell, Flow

MONTH = "月份"
_S, _C = MembershipStatus, ChangeType
ACTIVE = replace(monthly.ACTIVE, name="ledger", title="会员动态台账")
KEPT = replace(monthly.KEPT, name="ledger-retained", title="保留会籍动态台账")
BALANCES = {balance.name: balance for balance in (ACTIVE, KEPT)}

_AFTER = {
    _C.JOINED: _S.ACTIVE, _C.TRANSFERRED_IN: _S.ACTIVE, _C.RESTORED: _S.ACTIVE, _C.RETAINED: _S.RETAINED,
    _C.TRANSFERRED_OUT: _S.TRANSFERRED_OUT, _C.EXPELLED: _S.EXPELLED, _C.WITHDRAWN: _S.WITHDRAWN, _C.DIED: _S.DECEASED,
    _C.MERGED: _S.MERGED,
}  # fmt: skip
_LIVE, _BEGINS = (_S.ACTIVE, _S.RETAINED), (_C.JOINED, _C.TRANSFERRED_IN)
LATE = "补录：会员信息从这一天开始有记录"
_COMES = {_C.JOINED: monthly.JOINED, _C.TRANSFERRED_IN: monthly.CAME, _C.RESTORED: monthly.RESTORED,
          _C.MOVED_BRANCH: monthly.MOVED_IN}  # fmt: skip
_GOES = {_C.RETAINED: monthly.RETAINED, _C.TRANSFERRED_OUT: monthly.LEFT, _C.EXPELLED: monthly.EXPELLED,
         _C.WITHDRAWN: monthly.WITHDRAWN, _C.DIED: monthly.DIED, _C.MOVED_BRANCH: monthly.MOVED_OUT}  # fmt: skip
_KEPT_COMES = {_C.RETAINED: monthly.RETAINED}
_KEPT_GOES = {_C.RESTORED: monthly.RESTORED, _C.DIED: monthly.DIED, _C.TRANSFERRED_OUT: monthly.GONE,
              _C.EXPELLED: monthly.GONE, _C.WITHDRAWN: monthly.GONE}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One line of 会籍变化记录, and where it says that the member stood before and after."""

    kind: ChangeType
    on: date
    before: Held | None
    after: Held


@dataclass(frozen=True)
class Part:
    """What one person is to one number of a month; `sign` is what she adds to the balance."""

    member_id: int
    name: str
    month: str
    day: date
    column: str
    sign: int
    before: Held | None
    after: Held | None
    note: str = ""


def ledger(actor: User, wish: Wish) -> Report:
    """Return 会员动态台账 of the year of `wish.day`, up to that day. Raises DomainError for a day to come."""
    return _book(actor, wish, ACTIVE)


def retained(actor: User, wish: Wish) -> Report:
    """Return the same of those whose membership is retained."""
    return _book(actor, wish, KEPT)


def months(wish: Wish) -> list[tuple[str, date, date]]:
    """Return (word, first day, last day) of the months of the year up to the day of the wish, where the last ends."""
    first = monthly.first_day(wish).replace(month=1)
    found = []
    while first <= wish.day:
        following = (first + 31 * ONE_DAY).replace(day=1)
        found.append((f"{first:%Y-%m}", first, min(following - ONE_DAY, wish.day)))
        first = following
    return found


def _book(actor: User, wish: Wish, balance: Balance) -> Report:
    days = months(wish)
    where = monthly.held(wish, balance)
    counts = [asking.count(actor, Asked(where, day)) for day in (days[0][1] - ONE_DAY, *(last for _, _, last in days))]
    flows: Counter[tuple[str, str]] = Counter()
    signs: Counter[str] = Counter()
    for part in _parts(wish, balance):
        is_signed = part.column == CORRECTED
        flows[part.month, part.column] += part.sign if is_signed else 1
        signs[part.month] += 0 if part.column == UNMATCHED else part.sign

    def line(label: str, code: str, numbers: tuple[int, int], between: tuple[date, date]) -> Row:
        told = [
            Flow(sum(flows[month, kind] for month, _, _ in days if code in ("", month)), kind, code)
            for kind in (*balance.columns, UNMATCHED)
        ]
        opened, closed = (Cell(number, where, day) for number, day in zip(numbers, between, strict=True))
        return Row(label, (opened, *told[:-1], closed, told[-1]))

    rows, notes = [], []
    for place, (month, first, last) in enumerate(days):
        opened, closed = counts[place], counts[place + 1]
        rows.append(line(f"{first.month}月", month, (opened, closed), (first - ONE_DAY, last)))
        off = closed - opened - signs[month]
        if flows[month, UNMATCHED]:
            told = f"按会籍变化记录期末应为 {closed - off} 人，会员信息为 {closed} 人，相差 {abs(off)} 人"
            how = told if off else "期末人数相符"
            notes.append(f"{first.month}月：有 {flows[month, UNMATCHED]} 人次对不上，{how}。点“{UNMATCHED}”一列看是谁")
    return Report(
        f"{balance.title}（{wish.day.year}年）",
        _definition(balance),
        wish,
        MONTH,
        (OPENING, *balance.columns, CLOSING, UNMATCHED),
        tuple(rows),
        line(TOTAL, "", (counts[0], counts[-1]), (days[0][1] - ONE_DAY, wish.day)),
        tuple(notes) or ("核对结果：会籍变化记录与会员信息的历史逐人相符，每月期初加减变动等于期末",),
    )


def _definition(balance: Balance) -> str:
    what = (
        "正常会员、在本单位统计；期初＋入会＋转入＋校内转入＋恢复会籍－转出－校内转出－保留会籍－退会－除名－去世±更正＝期末"
        if balance is ACTIVE
        else "保留会籍、在本单位统计的会员；期初＋保留会籍－恢复会籍－离会（转出、退会、除名）－去世±更正＝期末"
    )
    elsewhere = "" if balance is ACTIVE else "、单位之间的调动"
    return (
        f"{what}；变动取自会籍变化记录，期初期末取自会员信息的历史；更正是没有会籍变化的增减（补录、"
        f"改为在（不在）本单位统计{elsewhere}）和重复档案的合并；建档以前的记录不计；{UNMATCHED}是两者不一致的人次，不计入等式"
    )


# --- person by person -----------------------------------------------------------------------------------------------


def _parts(wish: Wish, balance: Balance) -> list[Part]:
    """Return what everybody is to the numbers of the balance, by day."""
    days = months(wish)
    within = set(db.session.scalars(select(OrgUnit.id).where(wish.unit.subtree)))
    names: dict[int, str] = {}
    moves = _moves(wish, days[0][1], within, names)
    lines = _lines(wish, days[0][1], within, moves, names)
    reader = _Reader(within, balance, monthly.unit_names())
    found = []
    for month, _, _ in days:
        for number in sorted(moves[month].keys() | lines[month].keys()):
            told, said = lines[month].get(number, []), moves[month].get(number, [])
            if not any(_concerns(within, one) for one in _stands(told, said)):
                continue
            for part in reader.parts(told, said):
                found.append(replace(part, member_id=number, name=names[number], month=month))
    return sorted(found, key=lambda part: (part.day, part.member_id))


Moves = dict[str, dict[int, list[tuple[date, Move]]]]
Lines = dict[str, dict[int, list[Told]]]


def _moves(wish: Wish, first: date, within: set[int], names: dict[int, str]) -> Moves:
    """Return by month and member what the versions say, and put the `names` there."""
    moved = monthly.happened(wish, first, "name")
    found: Moves = defaultdict(lambda: defaultdict(list))
    for line in db.session.execute(select(moved).order_by(moved.c.day, moved.c.member_id)):
        move = monthly.move_of(*(getattr(line, one) for one in monthly.STANDS))
        found[f"{line.day:%Y-%m}"][line.member_id].append((line.day, move))
        names.setdefault(line.member_id, line.name)
    return found


def _lines(wish: Wish, first: date, within: set[int], moves: Moves, names: dict[int, str]) -> Lines:
    """Return by month and member what 会籍变化记录 says, oldest first; what lies before the record is left out.

    Who has a line here is read with all of hers: two of one day stand on each other, wherever the first was.
    """
    change, before, after = MembershipChange, aliased(MemberVersion, name="was"), aliased(MemberVersion, name="now")
    units = select(OrgUnit.id).where(wish.unit.subtree)
    here = select(MembershipChange.member_id).where(
        MembershipChange.on_date.between(first, wish.day),
        or_(MembershipChange.from_unit_id.in_(units), MembershipChange.to_unit_id.in_(units),
            and_(MembershipChange.from_unit_id.is_(None), MembershipChange.to_unit_id.is_(None))),
    )  # fmt: skip

    def held_on(version: Any, *, day_before: bool) -> Any:
        began = version.valid_from < change.on_date if day_before else version.valid_from <= change.on_date
        ended = version.valid_to >= change.on_date if day_before else version.valid_to > change.on_date
        return and_(version.member_id == change.member_id, version.superseded_at.is_(None), began, ended)

    columns = [one for version in (before, after)
               for one in (version.unit_id, version.membership_status, version.counted_here)]  # fmt: skip
    query = (
        select(change.member_id, change.kind, change.on_date, change.from_unit_id, change.to_unit_id,
               func.coalesce(after.name, before.name), *columns)
        .select_from(change)
        .outerjoin(before, held_on(before, day_before=True))
        .outerjoin(after, held_on(after, day_before=False))
        .where(change.on_date.between(first, wish.day), change.member_id.in_(here))
        .order_by(change.member_id, change.on_date, change.id)
    )  # fmt: skip
    found: Lines = defaultdict(lambda: defaultdict(list))
    earlier: dict[int, Told] = {}
    for number, kind, on, left, came, name, *held in db.session.execute(query):
        month = f"{on:%Y-%m}"
        was, now = _held(*held[:3]), _held(*held[3:])
        if now is None:  # a record that began later in the month is of this month all the same
            begun = [move.after for _, move in moves[month].get(number, [])
                     if move.before is None and _concerns(within, move.after)]  # fmt: skip
            if not begun:
                continue
            now = begun[0]
        last = earlier.get(number)
        if last is not None and last.on == on:
            was = last.after
        told = earlier[number] = _told(kind, on, left, came, was, now)
        found[month][number].append(told)
        names.setdefault(number, name)
    return found


def _concerns(within: set[int], *stands: Held | None) -> bool:
    """Whether one of them is a place in the balances of these units."""
    return any(one is not None and one.unit_id in within and one.status in _LIVE for one in stands)


def _held(unit_id: int | None, status: str, counted: bool) -> Held | None:
    return None if unit_id is None else Held(unit_id, status, bool(counted))


def _told(kind: ChangeType, on: date, left: int | None, came: int | None, was: Held | None, now: Held) -> Told:
    """Return what the line says: units that it does not name, and who is counted, are taken from the versions."""
    status = _AFTER.get(kind) or (was or now).status
    after = Held(came or (now.unit_id if kind in _COMES else left or now.unit_id), str(status), now.counted)
    if kind in _BEGINS:
        before = was if was is not None and was.status not in _LIVE else None
    elif was is not None:
        before = Held(left or was.unit_id, was.status, was.counted)
    else:
        before = None  # the record begins on this very day: nobody was counted before it
    if kind is _C.RESTORED and before is not None and before.status == _S.ACTIVE:
        before = replace(before, status=_S.RETAINED.value)  # the versions lag behind
    return Told(kind, on, before, after)


class _Reader:
    """Tells what the lines and the versions of one person and month are to the numbers of a balance."""

    def __init__(self, within: set[int], balance: Balance, units: Mapping[int, str]) -> None:
        self._within, self._balance, self._units = within, balance, units
        is_kept = balance is KEPT
        self._comes, self._goes = (_KEPT_COMES, _KEPT_GOES) if is_kept else (_COMES, _GOES)

    def parts(self, lines: Sequence[Told], moves: Sequence[tuple[date, Move]]) -> Iterator[Part]:
        """Return the parts, without the name and number of the person."""
        told = 0
        for line in lines:
            for part in self._of_line(line):
                told += part.sign
                yield part
        said = sum(self._number(move.after) - self._number(move.before) for _, move in moves)
        if self._agree(lines, moves):
            if said != told:
                day, move = moves[-1]
                yield self._part(day, CORRECTED, said - told, move.before, move.after, _why(move))
        elif any(self._number(one) for one in _stands(lines, moves)):
            day = lines[-1].on if lines else moves[-1][0]
            ends = (lines[0].before, lines[-1].after) if lines else (moves[0][1].before, moves[-1][1].after)
            yield self._part(day, UNMATCHED, said - told, *ends, self._sentence(lines, moves))

    def _of_line(self, line: Told) -> Iterator[Part]:
        was, came = self._number(line.before), self._number(line.after)
        if was == came:
            return
        names = self._comes if came else self._goes
        column = names.get(line.kind, CORRECTED)
        note = line.kind.label if column == CORRECTED else ""
        yield self._part(line.on, column, came - was, line.before, line.after, note)

    def _part(self, day: date, column: str, sign: int, before: Held | None, after: Held | None, note: str = "") -> Part:
        return Part(0, "", "", day, column, sign, before, after, note)

    def _number(self, held: Held | None) -> int:
        if held is None or not held.counted or held.unit_id not in self._within:
            return 0
        return int(held.status == self._balance.status.value)

    def _agree(self, lines: Sequence[Told], moves: Sequence[tuple[date, Move]]) -> bool:
        """Whether the lines end where the versions end, but for what no line is meant for."""
        told = (self._place(lines[0].before), self._place(lines[-1].after)) if lines else None
        said = (self._place(moves[0][1].before), self._place(moves[-1][1].after)) if moves else None
        if told is None or said is None:
            is_new = bool(moves) and moves[0][1].before is None
            before, after = told or said or (None, None)
            return is_new or before == after
        return told[1] == said[1] and (None in (told[0], said[0]) or told[0] == said[0])

    def _place(self, held: Held | None) -> tuple[int, str] | None:
        """Return where she stood as far as it is of these units: what the others say of each other is not compared."""
        return (held.unit_id, held.status) if held is not None and held.unit_id in self._within else None

    def _sentence(self, lines: Sequence[Told], moves: Sequence[tuple[date, Move]]) -> str:
        def words(held: Held | None) -> str:
            return monthly.words(held, self._units)

        told = "；".join(f"{show_date(line.on)}{line.kind.label}（{words(line.after)}）" for line in lines)
        said = "；".join(f"{show_date(day)}由“{words(move.before)}”变为“{words(move.after)}”" for day, move in moves)
        if not moves:
            return f"会籍变化记录：{told}；会员信息的历史中没有这一变动"
        if not lines:
            return f"会员信息：{said}；会籍变化记录中没有这一条"
        return f"会籍变化记录：{told}；会员信息：{said}，两者不一致"


def _stands(lines: Sequence[Told], moves: Sequence[tuple[date, Move]]) -> Iterator[Held | None]:
    for line in lines:
        yield from (line.before, line.after)
    for _, move in moves:
        yield from (move.before, move.after)


def _why(move: Move) -> str:
    """Return what made a number change for which there is no line."""
    if move.before is None:
        return LATE
    if move.before.counted != move.after.counted:
        return "改为在本单位统计" if move.after.counted else "改为不在本单位统计"
    return ""


def behind(
    actor: User, wish: Wish, balance: Balance, kind: str, month: str, *, first: int = 0, most: int | None = None
) -> tuple[list[Moved], int]:
    """Return who is behind the column `kind` in the `month` (as 2026-03; empty: the year), and how many.

    By day, `most` of them from the place `first` on; `id` is given where the actor may open the member today.
    """
    found = [part for part in _parts(wish, balance) if part.column == kind and month in ("", part.month)]
    shown, units = found[first:][:most], monthly.unit_names()
    seen = monthly.within_reach(actor, _numbers(shown))
    return [
        Moved(
            part.member_id if part.member_id in seen else None, part.name, part.day, kind, part.sign,
            monthly.words(part.before, units), monthly.words(part.after, units), part.note,
        )
        for part in shown
    ], len(found)  # fmt: skip


def _numbers(parts: Iterable[Part]) -> list[int]:
    return [part.member_id for part in parts]
