"""会员动态月报: opening + in − out = closing, for every unit, from the versions of the month and the changes on record.

Opening and closing are counts as of the last day before the month and as of the day asked for; what lies between is
read from the versions that began in the month, each beside the version before it. The kind of a leaving is the status
she has afterwards; the kind of a coming is the change of membership that stands on record in the month. What no record
explains (members entered late, duplicates merged, counted elsewhere) is a correction, so that the report always
balances and says by how much the records do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from portal.core.calendar import ONE_DAY, show_date, today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.members.enums import ChangeType, MembershipStatus
from portal.members.models import Member, MembershipChange, MemberVersion
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission
from portal.query.asking import Asked
from portal.query.conditions import Node

from . import reports
from .reports import TOTAL, Report, Row, Wish
from .summary import Cell, Flow

_S = MembershipStatus
OPENING, CLOSING = "期初", "期末"
JOINED, CAME, MOVED_IN, RESTORED = "入会", "转入", "校内转入", "恢复会籍"
LEFT, MOVED_OUT, RETAINED = "转出", "校内转出", "保留会籍"
WITHDRAWN, EXPELLED, DIED, CORRECTED = "退会", "除名", "去世", "更正(±)"
GONE = "离会"
UNMATCHED = "对不上"  # of the ledger alone
ADDED = frozenset({JOINED, CAME, MOVED_IN, RESTORED})

_ENDS = {
    _S.RETAINED.value: RETAINED,
    _S.TRANSFERRED_OUT.value: LEFT,
    _S.WITHDRAWN.value: WITHDRAWN,
    _S.EXPELLED.value: EXPELLED,
    _S.DECEASED.value: DIED,
}
_BEGINS = {ChangeType.JOINED.value: JOINED, ChangeType.TRANSFERRED_IN.value: CAME}
_CODES = {
    JOINED: "joined", CAME: "came", MOVED_IN: "moved-in", RESTORED: "restored", LEFT: "left", MOVED_OUT: "moved-out",
    RETAINED: "retained", WITHDRAWN: "withdrawn", EXPELLED: "expelled", DIED: "died", CORRECTED: "corrected",
    GONE: "gone", UNMATCHED: "unmatched",
}  # fmt: skip
KINDS = {code: label for label, code in _CODES.items()}


@dataclass(frozen=True)
class Held:
    """Where a member stood at the end of a day: the unit, her status, and whether she was counted there."""

    unit_id: int
    status: str
    counted: bool


@dataclass(frozen=True)
class Move:
    """From one day to the next a member stood elsewhere; `told` is the joining or transfer on record in the month."""

    before: Held | None
    after: Held
    told: str


@dataclass(frozen=True)
class Moved:
    """One line of the list behind a number; `id` is None where she is out of the reader's reach today."""

    id: int | None
    name: str
    day: date
    kind: str
    sign: int
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True)
class Balance:
    """One of the two balances: which status it is about, and its columns between opening and closing."""

    name: str
    title: str
    status: MembershipStatus
    columns: tuple[str, ...]


ACTIVE = Balance(
    "monthly", "会员动态月报", _S.ACTIVE,
    (JOINED, CAME, MOVED_IN, RESTORED, LEFT, MOVED_OUT, RETAINED, WITHDRAWN, EXPELLED, DIED, CORRECTED),
)  # fmt: skip
KEPT = Balance("retained", "保留会籍动态月报", _S.RETAINED, (RETAINED, RESTORED, GONE, DIED, CORRECTED))
BALANCES = {balance.name: balance for balance in (ACTIVE, KEPT)}
_KEPT_SIGNS = {RETAINED: 1, RESTORED: -1, GONE: -1, DIED: -1}


def monthly(actor: User, wish: Wish) -> Report:
    """Return 会员动态月报 of the month of `wish.day`, up to that day. Raises DomainError for a day to come."""
    return _balanced(actor, wish, ACTIVE)


def retained(actor: User, wish: Wish) -> Report:
    """Return the small balance of those whose membership is retained, as `monthly`."""
    return _balanced(actor, wish, KEPT)


def first_day(wish: Wish) -> date:
    """Return the day on which the month of the report begins. Raises DomainError for a day that has not come."""
    if wish.day > today():
        raise DomainError("月报只能统计到今天，请把截至日期改为今天或更早的一天", field="as_of")
    return wish.day.replace(day=1)


def _balanced(actor: User, wish: Wish, balance: Balance) -> Report:
    first = first_day(wish)
    where = held(wish, balance)
    places = reports.places(actor, wish.unit)
    row_of = reports.rows_of_units(places)
    opened, closed = (reports.by_place(actor, Asked(where, day), row_of) for day in (first - ONE_DAY, wish.day))
    flows: Counter[tuple[str, str]] = Counter()
    sorter = Sorter(wish.unit, row_of)
    for move, number in _moves(wish):
        for row, kind, sign in sorter.sorted(move, balance):
            flows[row, kind] += number * (sign if kind == CORRECTED else 1)

    def line(label: str, code: str, numbers: tuple[int, int], held: Node) -> Row:
        between = [
            Flow(sum(flows[row, kind] for row in ([code] if code else places)), kind, code) for kind in balance.columns
        ]
        begun = Cell(numbers[0], held, first - ONE_DAY)
        return Row(label, (begun, *between, Cell(numbers[1], held, wish.day)))

    rows = [
        line(label, code, (opened[code], closed[code]), reports.also(where, reports.at(code, label)))
        for code, (label, _) in places.items()
    ]
    return Report(
        f"{balance.title}（{first.year}年{first.month}月）",
        _definition(wish, first, balance),
        wish,
        "单位",
        (OPENING, *balance.columns, CLOSING),
        tuple(rows),
        line(TOTAL, "", (opened.total(), closed.total()), where),
    )


def balances(row: Row, columns: tuple[str, ...]) -> bool:
    """Whether opening and what came and went make up the closing of the row; `columns` as the report has them."""
    opening, *between, closing = (cell.number for cell in row.cells)
    signs = [_sign(label, columns) for label in columns[1:-1]]
    return opening + sum(sign * number for sign, number in zip(signs, between, strict=True)) == closing


def _sign(label: str, columns: tuple[str, ...]) -> int:
    """Return whether the column adds or takes away; a correction carries its own sign."""
    if label == CORRECTED:
        return 1
    if len(columns) == len(KEPT.columns) + 2:
        return _KEPT_SIGNS[label]
    return 1 if label in ADDED else -1


def held(wish: Wish, balance: Balance) -> Node:
    """Return the question for whom the balance counts."""
    status = {"field": "membership_status", "op": "eq", "value": balance.status.value}
    return reports.base(wish, status, status=False)


def _definition(wish: Wish, first: date, balance: Balance) -> str:
    days = f"{show_date(first)}至{show_date(wish.day)}"
    if balance is KEPT:
        return (
            f"{days}，保留会籍、在本单位统计的会员；期初＋保留会籍－恢复会籍－离会（转出、退会、除名）－去世±更正＝期末；"
            "单位之间的调动计入更正，合计为 0"
        )
    return (
        f"{days}，正常会员、在本单位统计；期初＋入会＋转入＋校内转入＋恢复会籍－转出－校内转出－保留会籍－退会－除名－去世±更正＝期末；"
        "入会、转入按本月的会籍变化记录，离开按变动后的会籍状态，都从正常会籍起算；补录、查重合并、改为在（不在）本单位统计等没有记录的计入更正；"
        "校内转入、转出的合计相等"
    )


# --- what happened --------------------------------------------------------------------------------------------------


def happened(wish: Wish, first: date, *more: str) -> Any:
    """Return the subquery of everybody within the unit who stood elsewhere from one day to the next.

    From the day `first` up to that of the wish; `more` columns are given as they were and as they are.
    """
    now, was = aliased(MemberVersion, name="now"), aliased(MemberVersion, name="was")
    within = select(OrgUnit.id).where(wish.unit.subtree)

    def on_record(kind: ChangeType) -> Any:
        return exists().where(
            MembershipChange.member_id == now.member_id,
            MembershipChange.kind == kind,
            MembershipChange.on_date.between(first, wish.day),
        )

    before = and_(was.member_id == now.member_id, was.valid_to == now.valid_from, was.superseded_at.is_(None))
    return (
        select(
            now.member_id,
            now.valid_from.label("day"),
            was.unit_id.label("old_unit"),
            was.membership_status.label("old_status"),
            was.counted_here.label("old_counted"),
            now.unit_id,
            now.membership_status,
            now.counted_here,
            on_record(ChangeType.JOINED).label("joined"),
            on_record(ChangeType.TRANSFERRED_IN).label("came"),
            *(column for name in more for column in (getattr(was, name).label(f"old_{name}"), getattr(now, name))),
        )
        .join_from(now, was, before, isouter=True)
        .where(
            now.superseded_at.is_(None),
            now.valid_from.between(first, wish.day),
            or_(now.unit_id.in_(within), was.unit_id.in_(within)),
            or_(
                was.id.is_(None),
                was.unit_id != now.unit_id,
                was.membership_status != now.membership_status,
                was.counted_here != now.counted_here,
            ),
        )
        .subquery("happened")
    )


STANDS = ("old_unit", "old_status", "old_counted", "unit_id", "membership_status", "counted_here", "joined", "came")


def _moves(wish: Wish) -> Iterator[tuple[Move, int]]:
    found = happened(wish, first_day(wish))
    columns = [found.c[name] for name in STANDS]
    for *stood, number in db.session.execute(select(*columns, func.count()).group_by(*columns)):
        yield move_of(*stood), number


def move_of(old_unit: int | None, old_status: str, old_counted: bool, unit: int, status: str, counted: bool,
            joined: bool, came: bool) -> Move:  # fmt: skip
    """Return the move that a line of `happened` tells, by its columns STANDS."""
    before = None if old_unit is None else Held(old_unit, old_status, bool(old_counted))
    told = ChangeType.JOINED.value if joined else ChangeType.TRANSFERRED_IN.value if came else ""
    return Move(before, Held(unit, status, bool(counted)), told)


class Sorter:
    """Tells in which columns of which rows a move counts."""

    def __init__(self, top: OrgUnit, row_of: Callable[[str], str]) -> None:
        units = db.session.execute(select(OrgUnit.id, OrgUnit.code, OrgUnit.path, OrgUnit.approves_members)).all()
        unions = {path for _, _, path, approves in units if approves}
        self._rows = {number: row_of(code) for number, code, path, _ in units if path.startswith(top.path)}
        self._unions = {number: _union_of(path, unions) for number, _, path, _ in units}

    def sorted(self, move: Move, balance: Balance) -> list[tuple[str, str, int]]:
        """Return (row, column, +1 or −1) of each row that the move changes in the `balance`."""
        was, came = self._row(move.before, balance), self._row(move.after, balance)
        if was == came:
            return []
        held_before, holds = self._is_held(move.before, balance), self._is_held(move.after, balance)
        found = []
        if was is not None:
            found.append((was, self._out(move, balance, is_move=holds), -1))
        if came is not None:
            found.append((came, self._in(move, balance, is_move=held_before), 1))
        return found

    def _is_held(self, held: Held | None, balance: Balance) -> bool:
        return held is not None and held.counted and held.status == balance.status.value

    def _row(self, held: Held | None, balance: Balance) -> str | None:
        """Return the row that counts the member, None where none of the report does."""
        return self._rows.get(held.unit_id) if held is not None and self._is_held(held, balance) else None

    def _in(self, move: Move, balance: Balance, *, is_move: bool) -> str:
        before = move.before
        if balance is KEPT:
            return RETAINED if before is not None and before.status == _S.ACTIVE and not is_move else CORRECTED
        if is_move and before is not None:
            return MOVED_IN if self._in_one_union(before, move.after) else CAME
        if before is not None and before.status == _S.RETAINED:
            return RESTORED
        is_counted_anew = before is not None and before.status == _S.ACTIVE
        return CORRECTED if is_counted_anew else _BEGINS.get(move.told, CORRECTED)

    def _out(self, move: Move, balance: Balance, *, is_move: bool) -> str:
        after = move.after
        if is_move and move.before is not None:
            if balance is KEPT:
                return CORRECTED
            return MOVED_OUT if self._in_one_union(move.before, after) else LEFT
        if balance is ACTIVE:
            return _ENDS.get(after.status, CORRECTED)
        if after.status == _S.ACTIVE:
            return RESTORED
        kind = _ENDS.get(after.status, CORRECTED)
        return kind if kind == DIED else CORRECTED if kind in (RETAINED, CORRECTED) else GONE

    def _in_one_union(self, one: Held, other: Held) -> bool:
        return self._unions[one.unit_id] == self._unions[other.unit_id]


def _union_of(path: str, unions: set[str]) -> str:
    """Return the path of the nearest union at or above `path`, "" where there is none."""
    while path and path not in unions:
        path = path[: path.rfind("/", 0, len(path) - 1) + 1] if path != "/" else ""
    return path


# --- who is behind a number -----------------------------------------------------------------------------------------


def behind(
    actor: User, wish: Wish, balance: Balance, kind: str, row: str, *, first: int = 0, most: int | None = None
) -> tuple[list[Moved], int]:
    """Return who came or went as the column `kind` of the row (empty: any) of the balance counts it, and how many.

    By day, `most` of them from the place `first` on. Names are those of the record that lies within the unit; `id` is
    given where the actor may open the member today.
    """
    sorter = Sorter(wish.unit, reports.rows_of_units(reports.places(actor, wish.unit)))
    moved = happened(wish, first_day(wish), "name")
    query: Select[Any] = select(moved).order_by(moved.c.day, moved.c.member_id)
    units = unit_names()
    found = []
    for line in db.session.execute(query):
        move = move_of(*(getattr(line, one) for one in STANDS))
        for place, column, sign in sorter.sorted(move, balance):
            if column == kind and row in ("", place):
                name_there = line.name if sign > 0 else line.old_name
                found.append((line.member_id, name_there, line.day, sign, move))
    shown = found[first:][:most]
    seen = within_reach(actor, [one[0] for one in shown])
    people = [
        Moved(
            number if number in seen else None, name_there, day, kind, sign,
            words(move.before, units), words(move.after, units),
        )
        for number, name_there, day, sign, move in shown
    ]  # fmt: skip
    return people, len(found)


def within_reach(actor: User, member_ids: Iterable[int]) -> set[int]:
    """Return which of the members the actor may open today."""
    query = access.scoped(Member, actor, Permission.MEMBER_READ, Member.id)
    return set(db.session.scalars(query.where(Member.id.in_(set(member_ids)))))


def unit_names() -> dict[int, str]:
    """Return what every unit is called, by number."""
    return dict(db.session.execute(select(OrgUnit.id, OrgUnit.name)).all())


def words(held: Held | None, units: Mapping[int, str]) -> str:
    """Return where a member stood: 「外国语学院分工会，正常」."""
    if held is None:
        return "（没有记录）"
    elsewhere = "" if held.counted else "，不在本单位统计"
    return f"{units[held.unit_id]}，{MembershipStatus(held.status).label}{elsewhere}"  # type: ignore[call-arg]  # by its value alone


def code_of(kind: str) -> str:
    """Return the word that stands for the column in an address."""
    return _CODES[kind]
