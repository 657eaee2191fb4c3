"""本单位一览: a branch on one page, for its chair; every number is the answer to one question and opens its people."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func

from portal.core.calendar import ONE_DAY, show_date, today
from portal.core.db import db
from portal.members.catalogue import NUMBERED
from portal.members.enums import MembershipStatus
from portal.org.models import User
from portal.query import asking, bands, compiling, listing
from portal.query.asking import Asked
from portal.query.conditions import Node
from portal.query.fields import BY_NAME, RETIREMENT

from . import monthly, reports
from .percent import percentages
from .reports import Part, Question, Report, Wish, base
from .summary import Cell, average_age

MOST_NAMES = 18
MOST_READ = 500  # more people than this are not read for the sake of the first names
HALF_A_YEAR = 180  # days after which somebody's data had better be looked at again
MONTHS_AHEAD = 12


@dataclass(frozen=True)
class Tile:
    """One key figure; `share` is its part of the members in percent, "" for the members themselves."""

    label: str
    cell: Cell
    share: str = ""


@dataclass(frozen=True)
class Bar:
    """One line of a small chart; `length` is in percent of the longest one."""

    label: str
    cell: Cell
    share: str
    length: float


@dataclass(frozen=True)
class Pair:
    """One line of the pyramid: men and women of an age, with lengths in percent of the longest one."""

    label: str
    men: Cell
    women: Cell
    men_length: float
    women_length: float


@dataclass(frozen=True)
class Name:
    """One person of a list, and the words beside her name."""

    id: int
    name: str
    words: str


@dataclass(frozen=True)
class People:
    """The first of a list of people, and the cell that opens all of them."""

    title: str
    names: tuple[Name, ...]
    cell: Cell


@dataclass(frozen=True)
class Overview:
    """The whole page; `filled` is the mean share of the 44 fields that are filled, `month` is None for a coming day."""

    wish: Wish
    tiles: tuple[Tile, ...]
    average_age: str
    pyramid: tuple[Pair, ...]
    charts: tuple[tuple[str, str, tuple[Bar, ...]], ...]
    filled: str
    lists: tuple[People, ...]
    month: Report | None


def overview(actor: User, wish: Wish) -> Overview:
    """Return the page of `wish.unit`, with all that is below it, as of `wish.day`."""
    first = wish.day.replace(day=1)
    last_day = monthrange(wish.day.year, wish.day.month)[1]
    birthdays = {
        "field": "birthday",
        "op": "between",
        "value": [f"{first:%m-%d}", f"{wish.day.month:02d}-{last_day:02d}"],
    }
    later = _months_on(wish, MONTHS_AHEAD - 1)
    retiring = {"field": RETIREMENT, "op": "between", "value": [f"{first:%Y-%m}", later]}
    unconfirmed = {"field": "confirmed_at", "op": "lt", "value": (wish.day - HALF_A_YEAR * ONE_DAY).isoformat()}
    tiles: list[Part] = [
        ("女", _is("sex", "2")),
        ("35岁以下（含）", {"field": "age", "op": "le", "value": 35}),
        ("党员", _is("political_status", *reports.PARTY)),
        ("少数民族", {"field": "ethnicity", "op": "ne", "value": reports.HAN}),
        ("高职称", _is("title_level", *reports.HIGH_TITLES)),
        ("研究生学历", reports.studied(wish, reports.POSTGRADUATE)),
        ("本月生日", birthdays),
        ("一年内退休", retiring),
        ("半年未核对资料", {"any": [{"field": "confirmed_at", "op": "empty"}, unconfirmed]}),
    ]
    whole = len(NUMBERED)
    completeness: list[Part] = [
        (f"{whole} 项全填", {"field": "completeness", "op": "ge", "value": whole}),
        (f"40–{whole - 1} 项", {"field": "completeness", "op": "between", "value": [40, whole - 1]}),
        ("30–39 项", {"field": "completeness", "op": "between", "value": [30, 39]}),
        ("不到 30 项", {"field": "completeness", "op": "lt", "value": 30}),
    ]
    ages = reports.age_parts(actor)
    sexes: list[Part] = [("男", _is("sex", "1")), ("女", _is("sex", "2")), ("不明", {"not": _is("sex", "1", "2")})]
    of_status = [(one.label, base(wish, _is("membership_status", one), status=False)) for one in MembershipStatus]
    groups: list[tuple[str, str, list[tuple[str, Node]]]] = [
        ("titles", "职称", _of(wish, reports.title_parts())),
        ("education", "学历", _of(wish, reports.education_parts(wish))),
        ("status", "会籍", of_status),
        ("sex", "性别", _of(wish, sexes)),
        ("filled", "资料完整", _of(wish, completeness)),
    ]
    everybody = base(wish)
    men, women = ([base(wish, one, _is("sex", sex)) for _, one in ages] for sex in "12")
    asked = [everybody, *(where for _, where in _of(wish, tiles)), *men, *women]
    asked += [where for _, _, parts in groups for _, where in parts]
    among = base(wish, status=False)
    numbers = asking.counts(actor, [Asked(where, wish.day) for where in asked], among=among)
    cells = iter([Cell(number, where) for number, where in zip(numbers, asked, strict=True)])
    members = next(cells)
    shown = [Tile("会员", members)]
    shown += [Tile(label, cell := next(cells), _share(cell.number, members.number)) for label, _ in tiles]
    sides = [[next(cells) for _ in ages] for _ in range(2)]
    longest = max(1, *(cell.number for side in sides for cell in side))
    pyramid = [
        Pair(label, one, other, one.number * 100 / longest, other.number * 100 / longest)
        for (label, _), one, other in zip(ages, *sides, strict=True)
        if label != bands.EMPTY or one.number or other.number
    ]
    charts = tuple(
        (name, title, _bars([label for label, _ in parts], [next(cells) for _ in parts]))
        for name, title, parts in groups
    )
    of_tile = {tile.label: tile.cell for tile in shown}
    return Overview(
        wish,
        tuple(shown),
        average_age(actor, Asked(everybody, wish.day)),
        tuple(reversed(pyramid)),
        charts,
        _filled(actor, Asked(everybody, wish.day), members.number),
        (
            _people(actor, wish, f"{wish.day.month}月生日", "birthday", of_tile["本月生日"]),
            _people(actor, wish, "一年内退休", RETIREMENT, of_tile["一年内退休"]),
        ),
        monthly.monthly(actor, wish) if wish.day <= today() else None,
    )


def _is(name: str, *codes: str) -> Question:
    return {"field": name, "op": "in", "value": list(codes)}


def _of(wish: Wish, parts: Sequence[Part]) -> list[tuple[str, Node]]:
    return [(label, base(wish, question)) for label, question in parts]


def _months_on(wish: Wish, number: int) -> str:
    months = wish.day.year * 12 + wish.day.month - 1 + number
    return f"{months // 12}-{months % 12 + 1:02d}"


def _share(number: int, of: int) -> str:
    return f"{number * 100 / of:.1f}%" if of else "—"


def _bars(labels: Sequence[str], cells: Sequence[Cell]) -> tuple[Bar, ...]:
    """Return the lines of a chart; the shares are of what the lines have together."""
    shares = percentages([cell.number for cell in cells])
    longest = max(1, *(cell.number for cell in cells))
    return tuple(
        Bar(label, cell, share, cell.number * 100 / longest)
        for label, cell, share in zip(labels, cells, shares, strict=True)
    )


def _filled(actor: User, asked: Asked, members: int) -> str:
    """Return how much of the 44 fields is filled on the average, in percent with one decimal."""
    rows = asking.rows_of(actor, asked)
    total: Any = db.session.scalar(asking.selected(actor, asked, func.sum(compiling.completeness(rows)), rows=rows))
    return f"{int(total or 0) * 100 / (members * len(NUMBERED)):.1f}%" if members else "—"


def _people(actor: User, wish: Wish, title: str, name: str, cell: Cell) -> People:
    """Return who is behind the cell, in the order of the day or month that the field `name` shows."""
    if cell.number > MOST_READ:
        return People(title, (), cell)
    asked = Asked(cell.where, wish.day)
    table = asking.rows_of(actor, asked)
    numbers = list(db.session.scalars(asking.selected(actor, asked, table.member_id, rows=table)))
    rows = listing.rows(actor, asked, [BY_NAME[name]], numbers)
    names = sorted(
        (Name(row.id, row.name, row.cells[0]) for row in rows), key=lambda one: (_in_order(one.words), one.id)
    )
    return People(title, tuple(names[:MOST_NAMES]), cell)


def _in_order(words: str) -> list[int]:
    """Return the numbers of a day or month as it is written, so that 2月 comes before 11月."""
    digits = "".join(letter if letter.isdigit() else " " for letter in words)
    return [int(one) for one in digits.split()]


def definition(shown: Overview) -> str:
    """Return what the page counts, in one line."""
    return f"正常会员、在本单位统计（含下级），截至 {show_date(shown.wish.day)}；会籍一栏另含保留会籍和已离会的人员"
