"""Small numbers about families that leave the house: rows and columns are put together until none is left.

What is published has only cells of nobody or of at least LEAST people, and every total is a sum of such cells. So no
difference of published numbers says more than the cells do, and the totals still add up. That holds within one table;
those of a unit and of the units below it, or of two days, can be subtracted, so the table says that one alone goes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from portal.core.errors import DomainError
from portal.core.fields import Seen
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission
from portal.query.conditions import AnyOf, ChildAged, Condition, Node, leaves

from .percent import percentages
from .reports import TOTAL, Report, Row
from .summary import Cell, Flow, Summary

LEAST = 5
VERSION = "（对外公布版）"
NOTE = (
    f"；对外公布版：不足 {LEAST} 人的行、列已与其他行、列合并，合计不变；"
    "只公布一个单位、一个日期的表，几张表相减会看出个别人"
)
TOO_FEW = f"这个单位的人数不足 {LEAST} 人，合并以后仍会看出个人情况，不能作对外公布版，请改选上一级单位"

Groups = tuple[tuple[int, ...], ...]


def is_small(number: int) -> bool:
    """Whether the number says something about a few people."""
    return 0 < number < LEAST


def merged(numbers: Sequence[Sequence[int]]) -> tuple[Groups, Groups]:
    """Return which rows and which columns of `numbers` are put together, by their places, so that no sum is small.

    Step by step the two rows or columns that leave the fewest small sums, and move the fewest people. One cell that is
    small itself stays as it is.
    """
    rows: Groups = tuple((place,) for place in range(len(numbers)))
    columns: Groups = tuple((place,) for place in range(len(numbers[0])))
    while (len(rows) > 1 or len(columns) > 1) and _smalls(numbers, rows, columns):
        steps = [(_joined(rows, pair), columns) for pair in combinations(range(len(rows)), 2)]
        steps += [(rows, _joined(columns, pair)) for pair in combinations(range(len(columns)), 2)]
        rows, columns = min(steps, key=lambda step: (_smalls(numbers, *step), _moved(numbers, *step)))
    return rows, columns


def _joined(groups: Groups, pair: tuple[int, int]) -> Groups:
    one, other = pair
    together = tuple(sorted(groups[one] + groups[other]))
    return tuple(together if place == one else group for place, group in enumerate(groups) if place != other)


def _sum(numbers: Sequence[Sequence[int]], row: tuple[int, ...], column: tuple[int, ...]) -> int:
    return sum(numbers[down][across] for down in row for across in column)


def _smalls(numbers: Sequence[Sequence[int]], rows: Groups, columns: Groups) -> int:
    return sum(is_small(_sum(numbers, row, column)) for row in rows for column in columns)


def _moved(numbers: Sequence[Sequence[int]], rows: Groups, columns: Groups) -> int:
    """Return how many people stand in cells that were put together."""
    return sum(_sum(numbers, row, column) for row in rows for column in columns if len(row) > 1 or len(column) > 1)


def published(report: Report) -> Report:
    """Return the report with no small number in it. Raises DomainError where it is about too few people altogether."""
    whole = report.columns.index(TOTAL)
    numbers = [[cell.number for cell in row.cells[:whole]] for row in report.rows]
    if is_small(report.totals.cells[whole].number):
        raise DomainError(TOO_FEW, field="unit")
    rows, columns = merged(numbers)
    width = len(report.columns)
    ways = [*columns, *((place,) for place in range(whole, width))]
    body = [
        Row(
            "、".join(report.rows[place].label for place in down), tuple(_cell(report, down, across) for across in ways)
        )
        for down in rows
    ]
    total = Row(
        report.totals.label, tuple(_together([report.totals.cells[place] for place in across]) for across in ways)
    )
    # what is counted apart stays where neither it nor the rest of its row is small
    kept = [
        place
        for place in range(len(ways))
        if place <= len(columns)
        or not any(
            is_small(part)
            for row in (*body, total)
            for part in (row.cells[place].number, row.cells[len(columns)].number - row.cells[place].number)
        )
    ]
    shares = percentages([row.cells[len(columns)].number for row in body])
    headings = ["、".join(report.columns[place] for place in across) for across in ways]
    return replace(
        report,
        title=report.title + VERSION,
        definition=report.definition + NOTE,
        columns=tuple(headings[place] for place in kept),
        rows=tuple(
            Row(row.label, tuple(row.cells[place] for place in kept), share)
            for row, share in zip(body, shares, strict=True)
        ),
        totals=Row(total.label, tuple(total.cells[place] for place in kept)),
    )


def warning(actor: User, where: Node, found: Summary) -> str:
    """Return what has to be said beside a summary that tells of families; "" for one that does not.

    `asking` cuts it to the units whose families the actor may read; where she reads other members too, that is said.
    """
    used = [leaf.field for leaf in leaves(where) if isinstance(leaf, Condition)] + list(found.fields)
    if not any(field.seen is Seen.FAMILY for field in used) and not any(
        isinstance(x, ChildAged) for x in leaves(where)
    ):
        return ""
    reach = access.tops(actor, Permission.MEMBER_FAMILY)
    is_cut = any(not any(top.covers(one) for top in reach) for one in access.tops(actor, Permission.MEMBER_READ))
    only = f"只统计您可以查看家庭信息的单位：{'、'.join(one.name for one in reach)}。" if is_cut else ""
    return f"{only}含婚育和家庭信息，不足 {LEAST} 人的数不要对外公布；对外请用“婚育情况表”的对外公布版。"


def _cell(report: Report, down: tuple[int, ...], across: tuple[int, ...]) -> Cell:
    return _together([report.rows[row].cells[column] for row in down for column in across])


def _together(cells: Sequence[Cell | Flow]) -> Cell:
    """Return the cells as one, which asks for any of them."""
    found: list[Node] = [cell.where for cell in cells if isinstance(cell, Cell)]
    return Cell(sum(cell.number for cell in cells), found[0] if len(found) == 1 else AnyOf(tuple(found)))
