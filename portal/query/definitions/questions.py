"""A saved question as it is opened: its blanks are filled in, then it is read and judged like any other question.

Whoever opens it asks in her own name: a field that she may not use gets the one refusal, whoever saved the question. A
question whose field, code or unit is gone is broken: it says why, and is never run, for without the condition it would
find more people than it was made for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import select

from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.kinds import Kind
from portal.members.models import Member, MemberVersion
from portal.org.models import OrgUnit, User

from .. import asking, conditions, sentence, values
from ..asking import Asked, Sort
from ..conditions import ChildAged, Condition, Node, QueryError, leaves
from ..fields import BY_NAME, may_ask
from . import blanks
from .blanks import Blank

FIRST = 50
NO_NUMBERS = frozenset({Kind.ID_NUMBER, Kind.PHONE})


class Beside(Enum):
    """What is told beside the number."""

    NOTHING = ""
    FAMILIES = "families"
    REASONS = "reasons"


@dataclass(frozen=True)
class Question:
    """A question with a name, a preset or a definition's version: `template` is its JSON with placeholders.

    `key` names a preset; `number` is a definition's. `note` may hold `{name}` of a blank. `by` are the fields that it
    is counted by, `day` the default of the as-of day.
    """

    key: str
    name: str
    note: str
    template: Any
    blanks: tuple[Blank, ...] = ()
    by: tuple[str, ...] = ()
    beside: Beside = Beside.NOTHING
    day: str = "@day"
    columns: tuple[str, ...] = ()
    sort: str = ""
    number: int | None = None

    @property
    def place(self) -> dict[str, Any]:
        """The arguments of its address."""
        return {"preset": self.key} if self.number is None else {"id": self.number}


@dataclass(frozen=True)
class Opened:
    """A question with its blanks filled in, for one actor: `data` is its JSON, `reading` the sentence of it."""

    question: Question
    answers: dict[str, str]
    asked: Asked
    data: Any
    reading: str
    caption: str


def opened(actor: User, question: Question, given: Mapping[str, str], *, day: date | None = None) -> Opened:
    """Fill in the blanks from `given`, by name, with `as_of` among them, and return what is asked.

    What is not given takes its default. `day` goes before `as_of`. Raises QueryError: for an answer that cannot be, for
    what is broken, and for what the actor may not ask.
    """
    if why := broken(question):
        raise QueryError(f"口径已失效：{why}")
    as_of = day or day_of(question, given)
    answers = blanks.answers(question.blanks, given, as_of)
    data = blanks.plainer(blanks.resolved(question.template, question.blanks, answers))
    node = conditions.parse(data)
    units = asking.check(actor, node)
    asking.fields_of([*question.columns, *question.by], actor)
    return Opened(
        question,
        answers,
        Asked(node, as_of),
        data,
        sentence.reading(node, lambda code: units[code].name),
        blanks.caption(question.note, question.blanks, answers),
    )


def day_of(question: Question, given: Mapping[str, str]) -> date:
    """Return the day that the answer holds on. Raises QueryError for what is no day."""
    try:
        return values.day((given.get("as_of") or "").strip() or blanks.default_of(question.day, today()))
    except DomainError as error:
        raise QueryError(f"“截至日期”：{error.message}") from None


def _by_default(question: Question) -> Node:
    answers = blanks.answers(question.blanks, {}, today())
    return conditions.parse(blanks.resolved(question.template, question.blanks, answers))


def broken(question: Question) -> str:
    """Return why the question cannot be asked by anybody any more; "" for a sound one."""
    try:
        node = _by_default(question)
        if question.sort:
            Sort.read(question.sort)
    except QueryError as error:
        return error.message
    gone = [name for name in question.columns if name not in BY_NAME]
    if gone:
        return f"没有“{gone[0][:30]}”这一列"
    return _gone_unit(node)


def _gone_unit(node: Node) -> str:
    codes = sorted(unit_codes(node))
    if not codes:
        return ""
    live = set(db.session.scalars(select(OrgUnit.code).where(OrgUnit.code.in_(codes), OrgUnit.is_enabled)))
    return next((f"代码为“{code[:30]}”的单位已停用或不存在" for code in codes if code not in live), "")


def unit_codes(node: Node) -> set[str]:
    """Return the codes of the units that the question names."""
    named = [leaf.value for leaf in leaves(node) if isinstance(leaf, Condition) and leaf.field.kind is Kind.UNIT]
    return {str(code) for value in named for code in (value if isinstance(value, tuple) else (value,))}


def may_open(actor: User, question: Question) -> bool:
    """Whether the actor may use every field of the question; a broken one counts as one that she may see."""
    try:
        node = _by_default(question)
    except QueryError:
        return True
    names = {*question.columns, *question.by}
    return all(may_ask(actor, field) for field in fields_used(node)) and all(
        name not in BY_NAME or may_ask(actor, BY_NAME[name]) for name in names
    )


def fields_used(node: Node) -> list[Any]:
    """Return the fields that the conditions go by, those of the children's rows too."""
    found = [leaf.field for leaf in leaves(node) if isinstance(leaf, Condition)]
    return found + [BY_NAME["children"] for leaf in leaves(node) if isinstance(leaf, ChildAged)]


def keeps_number(node: Node) -> bool:
    """Whether the question holds the number of a document or of a mobile, which is saved nowhere in the clear."""
    return any(
        isinstance(leaf, Condition) and leaf.field.kind in NO_NUMBERS and leaf.value is not None
        for leaf in leaves(node)
    )


# --- whom it finds ----------------------------------------------------------------------------------------------------


def first(actor: User, found: Opened) -> list[Member | MemberVersion]:
    """Return the first of those whom the question finds, in its order, as they were on the day."""
    sort = Sort.read(found.question.sort) if found.question.sort else None
    numbers, _ = asking.page_ids(actor, found.asked, sort=sort, per_page=FIRST)
    return list(people(actor, found.asked, numbers))


def people(actor: User, asked: Asked, numbers: list[int]) -> Iterable[Member | MemberVersion]:
    """Return the rows of these members, whom the question has found, in this order."""
    rows = asking.rows_of(actor, asked)
    query = asking.selected(actor, asked, rows.table, rows=rows).where(rows.member_id.in_(numbers))
    by_number = {number_of(row): row for row in db.session.scalars(query)}
    return [by_number[number] for number in numbers if number in by_number]


def number_of(row: Member | MemberVersion) -> int:
    """Return the number of the member behind a row."""
    return row.id if isinstance(row, Member) else row.member_id
