"""The making of a file from an order: read piece by piece, written as it is read, nothing held of it but one piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.core.calendar import now
from portal.core.db import db, release
from portal.core.fields import Field
from portal.core.workbooks import Sink
from portal.members import many
from portal.org.models import User

from .. import asking
from . import files, reading, ready
from .models import Export, ExportFormat, Secrets
from .reading import Reader
from .ready import Shaper, Turn


@dataclass(frozen=True)
class Order:
    """What an export asks for, read once, so that no row is held while it is made.

    `confirmed` says who has confirmed it and when, or why nobody did; `at` is when the file is made.
    """

    number: str
    owner_id: int
    operator: str
    unit: str
    template: str
    format: ExportFormat
    secrets: Secrets
    columns: tuple[str, ...]
    ids: Sequence[int]
    day: date
    reading: str
    order: str
    purpose: str
    confirmed: str = ""
    at: datetime | None = None


@dataclass
class Outcome:
    """What became of it: how many rows were written, and how many members were out of the owner's scope by then."""

    rows: int = 0
    skipped: int = 0


class GivenUp(Exception):
    """Nobody wants the file any more."""


def order_of(item: Export) -> Order:
    """Return the order of an export."""
    confirmed = ""
    if item.decider is not None and item.decided_at is not None:
        confirmed = files.confirmed_by(item.decider.label, item.decided_at)
    elif item.alone:
        confirmed = files.BY_NOBODY
    return Order(
        item.number, item.owner_id, item.owner.label, item.unit.name, item.template, item.format, item.secrets,
        tuple(item.columns), item.member_ids, item.day, item.reading, item.sorted_by, item.purpose, confirmed, now(),
    )  # fmt: skip


def write(out: Sink, order: Order, *, told: Callable[[int], bool] | None = None) -> Outcome:
    """Write the file of `order`, and return what became of it.

    Each piece is read in a transaction of its own, which is over before its rows are written. `told` hears after each
    how many members are done, and says whether to go on. Raises QueryError where the owner has lost a right to a
    column, GivenUp.
    """
    outcome = Outcome()
    owner = db.session.get_one(User, order.owner_id)
    template = ready.TEMPLATES.get(order.template)
    fields = fields_of(owner, order.template, order.columns)
    reader = Reader(owner, fields, order.day, secrets=order.secrets)
    columns = template.headings if template else files.columns_of(fields)
    said = files.about(order, [heading for heading, _ in columns], title=template.label if template else "")
    rows = _rows(reader, order, outcome, told)
    if template:
        rows = _shaped(rows, Shaper(template))
    files.write(out, order.format, said, columns, (row for chunk in rows for row in chunk.rows))
    return outcome


@dataclass
class _Chunk:
    """Some rows, and where a ready export asks for them what has become of those members."""

    rows: Sequence[Sequence[str]]
    turns: Sequence[Turn] = ()


def _rows(reader: Reader, order: Order, outcome: Outcome, told: Callable[[int], bool] | None) -> Iterator[_Chunk]:
    done = 0
    for ids in many.in_chunks(order.ids, reading.AT_ONCE):
        found = reader.rows(ids)
        turns = ready.turns_of(ids, order.day) if order.template else {}
        release()
        done += len(ids)
        outcome.rows += len(found)
        outcome.skipped += len(ids) - len(found)
        yield _Chunk([texts for _, texts in found], [turns.get(one, Turn()) for one, _ in found] if turns else ())
        if told is not None and not told(done):
            raise GivenUp


def _shaped(chunks: Iterator[_Chunk], shaper: Shaper) -> Iterator[_Chunk]:
    for chunk in chunks:
        turns = chunk.turns or [Turn()] * len(chunk.rows)
        yield _Chunk([shaper.row(texts, turn) for texts, turn in zip(chunk.rows, turns, strict=True)])


def fields_of(actor: User, template: str, columns: Sequence[str]) -> list[Field]:
    """Return the fields that an export shows, each once. Raises QueryError for one that the actor may not have."""
    wanted = [one.name for one in ready.TEMPLATES[template].fields] if template in ready.TEMPLATES else columns
    return asking.fields_of(dict.fromkeys(wanted), actor)
