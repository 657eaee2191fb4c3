"""A summary by one or two fields: counts, percentages and the average age; 未填 is a group like any other.

Nobody reads a number about the family's fields (33 to 38) but of members whose family she may read: `asking.selected`
cuts to that, so no small cell has to be hidden from anybody outside. What leaves the house is for `small` to see to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func

from portal.core.db import db
from portal.core.fields import Field
from portal.core.kinds import years_between
from portal.org.models import User
from portal.query import asking, bands
from portal.query.asking import Asked
from portal.query.conditions import All, Node
from portal.query.fields import BY_NAME

from .percent import percentages

Code = str | None


@dataclass(frozen=True)
class Cell:
    """A number, and the question that finds the people behind it; `day` where it is not that of the whole."""

    number: int
    where: Node
    day: date | None = None


@dataclass(frozen=True)
class Flow:
    """How many came or went; `kind` and the code of the row (empty: all rows) open the list of them."""

    number: int
    kind: str
    row: str


@dataclass(frozen=True)
class Line:
    """One row: its code and label, a cell for each column, and their sum with its share of all."""

    code: Code
    label: str
    cells: tuple[Cell, ...]
    total: Cell
    percent: str


@dataclass(frozen=True)
class Summary:
    """Rows by the first field and, where there is one, columns by the second; `columns` are (code, label)."""

    fields: tuple[Field, ...]
    columns: tuple[tuple[Code, str], ...]
    lines: tuple[Line, ...]
    totals: tuple[Cell, ...]
    total: Cell
    average_age: str

    @property
    def title(self) -> str:
        """What the summary is called: 「性别、年龄汇总」."""
        return "、".join(field.label for field in self.fields) + "汇总"


def summary(actor: User, asked: Asked, by: Sequence[str]) -> Summary:
    """Return how many the question finds of each value of the fields `by`, one or two. Raises QueryError."""
    groups = asking.grouped(actor, asked, by)
    fields = tuple(BY_NAME[name] for name in by)
    counted = {group.codes: group.number for group in groups}
    rows = _codes(actor, fields[0], [(group.codes[0], group.labels[0]) for group in groups])
    columns = _codes(actor, fields[1], [(group.codes[1], group.labels[1]) for group in groups]) if fields[1:] else ()
    sums = [sum(number for codes, number in counted.items() if codes[0] == code) for code, _ in rows]
    lines = []
    for (code, label), number, percent in zip(rows, sums, percentages(sums), strict=True):
        row = bands.condition(fields[0], code)
        cells = tuple(
            Cell(counted.get((code, other), 0), _and(asked.where, row, bands.condition(fields[1], other)))
            for other, _ in columns
        )
        lines.append(Line(code, label, cells, Cell(number, _and(asked.where, row)), percent))
    totals = tuple(
        Cell(sum(line.cells[place].number for line in lines), _and(asked.where, bands.condition(fields[1], code)))
        for place, (code, _) in enumerate(columns)
    )
    total = Cell(sum(counted.values()), asked.where)
    return Summary(fields, columns, tuple(lines), totals, total, average_age(actor, asked))


def average_age(actor: User, asked: Asked) -> str:
    """Return the mean of the whole years of age on the day with one decimal; 「—」 where no birth date is known."""
    rows = asking.rows_of(actor, asked)
    born = rows.column(BY_NAME["birth_date"])
    query = asking.selected(actor, asked, born, func.count(), rows=rows).where(born.is_not(None)).group_by(born)
    known = [(years_between(day, asked.day), number) for day, number in db.session.execute(query)]
    people = sum(number for _, number in known)
    return f"{sum(years * number for years, number in known) / people:.1f}" if people else "—"


def _codes(actor: User, field: Field, found: Sequence[tuple[Code, str]]) -> tuple[tuple[Code, str], ...]:
    """Return what is always shown and what was found beside it, in the order of the field."""
    codes = dict(bands.offered(field, actor)) | dict(found)
    place = bands.places(field)
    return tuple(sorted(codes.items(), key=lambda pair: place(pair[0])))


def _and(*parts: Node) -> All:
    """Return the question that holds all parts, without a group in a group where the first is one of all."""
    first, *others = parts
    return All((*(first.parts if isinstance(first, All) else (first,)), *others))
