"""Pages of a list by the key of a row, which no row that comes or goes meanwhile can shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_

from .db import db

MOST = 100  # rows on a page

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A page of a list; `before` and `after` are the numbers of the rows that the pages beside it take, if any."""

    rows: list[Row]
    total: int
    before: int | None
    after: int | None


def keyed(
    query: Select[Any],
    keys: Sequence[Any],
    place: Sequence[Any] | None,
    *,
    total: int,
    forward: bool,
    per_page: int,
    descending: bool = False,
) -> Page[Any]:
    """Return the page of `query`, in the order of the columns `keys`, that lies behind `place`, or in front of it.

    `place` are the keys of a row, None for the first page; `forward` says behind. `query` selects rows with an `id`,
    `total` of them in all; at most MOST stand on a page.
    """
    per_page = min(max(per_page, 1), MOST)
    ascending = forward != descending
    if place is not None:
        query = query.where(tuple_(*keys) > tuple_(*place) if ascending else tuple_(*keys) < tuple_(*place))
    query = query.order_by(*(key if ascending else key.desc() for key in keys)).limit(per_page + 1)
    rows = list(db.session.scalars(query))
    more, rows = len(rows) > per_page, rows[:per_page]
    if not forward:
        rows.reverse()
    earlier = more if not forward else place is not None
    later = more if forward else True
    return Page(
        rows,
        total,
        before=rows[0].id if rows and earlier else None,
        after=rows[-1].id if rows and later else None,
    )
