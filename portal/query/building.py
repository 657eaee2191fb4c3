"""The conditions as a form holds them: rows of field, rule and value, in one level of boxes; made from a question and
read back into one.

What a form cannot show (不符合, boxes within boxes, long lists) stays in it as a whole, named by its place in the
question that the form began with. A number that a page does not show stays there likewise until another is typed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from werkzeug.datastructures import MultiDict

from portal.core import kinds
from portal.core.kinds import Kind
from portal.core.kinds.operators import Operator

from . import keeping, values
from .conditions import All, AnyOf, Change, ChildAged, Condition, Leaf, Node, Post, leaves, parse, plain, refused
from .fields import BY_NAME, operators_of

CHILD_AGE, POST, CHANGE = "child_age", "post", "change"
LABELS = {CHILD_AGE: "有子女的年龄", POST: "担任工会职务", CHANGE: "会籍变化及日期"}
RULES = {CHILD_AGE: ("between", "介于"), POST: ("holds", "担任"), CHANGE: ("happened", "发生于")}
LONGEST_LIST = 60  # values of a row; more stay as a whole
MOST_ROWS = 100
_LISTED_BOXES = (Kind.CHOICE, Kind.MULTI_CHOICE, Kind.POSTS, Kind.UNIT)
Words = MultiDict[str, str]  # what was sent
_DIVIDED = re.compile(r"[\s,，、;；]+")
_DIVIDED_TEXT = re.compile(r"[\n\r\t,，、;；]+")


@dataclass
class Row:
    """One condition: `field` is a name of the catalogue or of LABELS, `op` a rule; `kept` the place of its number."""

    key: str
    field: str = ""
    op: str = ""
    values: list[str] = dataclasses.field(default_factory=list)
    kept: str = ""

    @property
    def value(self) -> str:
        """The first value."""
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        """The second value, of two limits."""
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def third(self) -> str:
        """The third value, the last day of a change."""
        return self.values[2] if len(self.values) > 2 else ""


@dataclass
class Box:
    """A group of conditions with a mode of its own, "all" or "any"."""

    key: str
    mode: str = "any"
    rows: list[Row] = dataclasses.field(default_factory=list)


@dataclass
class Fixed:
    """A part that stays as it is in the question that the form began with, at `place`."""

    key: str
    place: int


Part = Row | Box | Fixed


@dataclass
class Draft:
    """The whole form."""

    mode: str = "all"
    parts: list[Part] = dataclasses.field(default_factory=list)

    # --- made ---------------------------------------------------------------------------------------------------------

    @classmethod
    def empty(cls) -> Self:
        """Return a form with one row, in which nothing is chosen."""
        return cls("all", [Row("1")])

    @classmethod
    def of(cls, node: Node) -> Self:
        """Return the form that shows the question."""
        draft = cls("any" if isinstance(node, AnyOf) and node.parts else "all")
        for place, part in enumerate(tops(node)):
            draft.parts.append(draft._part(part, place))
        return draft if draft.parts else cls.empty()

    def _part(self, node: Node, place: int) -> Part:
        if isinstance(node, All | AnyOf) and node.parts and all(map(_fits, node.parts)):
            box = Box(self._next(), "any" if isinstance(node, AnyOf) else "all")
            self.parts.append(box)  # so that its rows are numbered on from it
            for inner, leaf in enumerate(node.parts):
                box.rows.append(_row(self._next(), leaf, f"{place}.{inner}"))  # type: ignore[arg-type]  # fits
            self.parts.pop()
            return box
        if _fits(node):
            return _row(self._next(), node, str(place))  # type: ignore[arg-type]  # a leaf fits
        return Fixed(self._next(), place)

    @classmethod
    def read(cls, words: Words) -> Self:
        """Return the form as it was sent."""
        draft = cls("any" if words.get("mode", "") == "any" else "all")
        boxes: dict[str, Box] = {}
        for text in words.getlist("part")[:MOST_ROWS]:
            what, _, key = text.partition(":")
            if what == "box":
                boxes[key] = Box(key, "all" if words.get(f"mode-{key}", "") == "all" else "any")
                draft.parts.append(boxes[key])
            elif what == "fixed":
                draft.parts.append(Fixed(key, _number(words.get(f"place-{key}", ""))))
            elif what == "row":
                draft.parts.append(_sent(words, key))
            elif what in boxes:
                boxes[what].rows.append(_sent(words, key))
        return draft

    # --- changed ------------------------------------------------------------------------------------------------------

    def change(self, act: str) -> None:
        """Do what a button asks for: add, add-3 (in a box), box, remove-3, clear; anything else changes nothing."""
        verb, _, key = act.partition("-")
        if verb == "clear":
            self.mode, self.parts = "all", [Row("1")]
        elif verb == "box":
            box = Box(self._next())
            self.parts.append(box)
            box.rows.append(Row(self._next()))
        elif verb == "add" and key:
            for box in self.boxes():
                if box.key == key:
                    box.rows.append(Row(self._next()))
        elif verb == "add":
            self.parts.append(Row(self._next()))
        elif verb == "remove":
            self.parts = [part for part in self.parts if part.key != key]
            for box in self.boxes():
                box.rows = [row for row in box.rows if row.key != key]
            # a box without rows says nothing
            self.parts = [part for part in self.parts if not isinstance(part, Box) or part.rows] or [Row("1")]

    def boxes(self) -> list[Box]:
        """Return the groups."""
        return [part for part in self.parts if isinstance(part, Box)]

    def rows(self) -> Iterator[Row]:
        """Yield every row, those in groups too."""
        for part in self.parts:
            if isinstance(part, Row):
                yield part
            elif isinstance(part, Box):
                yield from part.rows

    def _next(self) -> str:
        keys = [part.key for part in self.parts] + [row.key for row in self.rows()]
        return str(max((int(key) for key in keys if key.isdigit()), default=0) + 1)

    # --- read back ----------------------------------------------------------------------------------------------------

    def node(self, base: Node | None) -> Node:
        """Return the question; `base` is the one that the form began with. Raises QueryError for the first wrong row.

        A row in which no field is chosen says nothing. Without any condition the question is for everybody.
        """
        reader = _Reader(base)
        parts = [one for part in self.parts if (one := reader.part(part)) is not None]
        return parse({self.mode: parts} if parts else {"all": []})


class _Reader:
    """Reads rows into JSON and counts the conditions, so that a refusal names one by its number."""

    def __init__(self, base: Node | None) -> None:
        self.tops = tops(base) if base is not None else ()
        self.number = 0

    def part(self, part: Part) -> dict[str, Any] | None:
        """Return the JSON of a part, None where it says nothing."""
        if isinstance(part, Row):
            return self.row(part)
        if isinstance(part, Box):
            rows = [one for row in part.rows if (one := self.row(row)) is not None]
            return {part.mode: rows} if rows else None
        node = self._kept(str(part.place))
        self.number += len(list(leaves(node)))
        return plain(node)

    def row(self, row: Row) -> dict[str, Any] | None:
        """Return the JSON of a row."""
        if not row.field:
            return None
        self.number += 1
        if row.field == CHILD_AGE:
            return {"rows": "children", "age": [_whole(row.value), _whole(row.second)]}
        if row.field == POST:
            return {"post": row.value}
        if row.field == CHANGE:
            return {"change": row.value, "from": row.second, "to": row.third}
        if row.kept and not row.value:
            kept = self._kept(row.kept)
            if isinstance(kept, Condition) and (kept.field.name, kept.op.value) == (row.field, row.op):
                return plain(kept)
        found: dict[str, Any] = {"field": row.field, "op": row.op}
        known = BY_NAME.get(row.field)
        op = next((one for one in Operator if one.value == row.op), None)
        if known is None or op is None or op in values.WITHOUT:
            return found
        if op in values.LISTS:
            found["value"] = _listed(known.kind, row.values)
            if not found["value"]:
                raise refused(self.number, f"“{known.label} {op.label}”：请至少给出一个值")
        else:
            found["value"] = [row.value, row.second] if op is Operator.BETWEEN else row.value
        return found

    def _kept(self, place: str) -> Node:
        node: Node = All(self.tops)
        for step in place.split("."):
            parts = node.parts if isinstance(node, All | AnyOf) else ()
            if not step.isdigit() or int(step) >= len(parts):
                raise refused(max(self.number, 1), "已不在原来的查询里，请删去这一行后重新填写")
            node = parts[int(step)]
        return node


def tops(node: Node) -> tuple[Node, ...]:
    """Return what stands beside each other at the top of the question."""
    return node.parts if isinstance(node, All | AnyOf) and (node.parts or isinstance(node, All)) else (node,)


def _fits(node: Node) -> bool:
    """Whether a row can show the condition."""
    if isinstance(node, ChildAged | Post | Change):
        return True
    if not isinstance(node, Condition):
        return False
    if isinstance(node.value, tuple):
        return 0 < len(node.value) <= LONGEST_LIST and not keeping.is_number(node)
    return True


def _row(key: str, leaf: Leaf, place: str) -> Row:
    match leaf:
        case ChildAged(low, high):
            return Row(key, CHILD_AGE, RULES[CHILD_AGE][0], [str(low), str(high)])
        case Post(kind):
            return Row(key, POST, RULES[POST][0], [kind.value])
        case Change(kind, first, last):
            return Row(key, CHANGE, RULES[CHANGE][0], [kind.value, first.isoformat(), last.isoformat()])
        case Condition(of, op, value):
            row = Row(key, of.name, op.value)
            if keeping.is_number(leaf):
                row.kept = place
            elif isinstance(value, tuple) and op in values.LISTS and of.kind not in _LISTED_BOXES:
                row.values = ["、".join(kinds.to_input(of, one) for one in value)]
            elif value is not None:
                some = value if isinstance(value, tuple) else (value,)
                row.values = [kinds.to_input(of, one) for one in some]
            return row


def _sent(words: Words, key: str) -> Row:
    """Return the row `key` as it was sent; the rule and the values of another field than the one chosen are let go."""
    name, op = words.get(f"f-{key}", ""), words.get(f"o-{key}", "")
    row = Row(key[:6], name, op, [one.strip() for one in words.getlist(f"v-{key}")], words.get(f"kept-{key}", ""))
    offered = [one for one, _ in rules_of(name)]
    is_same = words.get(f"was-{key}", name) == name
    if not is_same or op not in offered:
        row.op, row.kept = (offered[0] if offered else ""), ""
    if not is_same:
        row.values = []
    return row


def rules_of(name: str) -> list[tuple[str, str]]:
    """Return the rules, (value, label), that a field takes; none for no field."""
    if name in RULES:
        return [RULES[name]]
    return [(op.value, op.label) for op in operators_of(BY_NAME[name])] if name in BY_NAME else []


def _listed(kind: Kind, sent: Iterable[str]) -> list[str]:
    """Return the values of a list: ticked one by one, or typed into one input."""
    if kind in _LISTED_BOXES and kind is not Kind.UNIT:
        return [one for one in sent if one]
    divider = _DIVIDED_TEXT if kind in (Kind.UNIT, Kind.TEXT, Kind.LONG_TEXT, Kind.NAME, Kind.PLACE) else _DIVIDED
    return [one.strip() for text in sent for one in divider.split(text) if one.strip()]


def _whole(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() else text


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else MOST_ROWS * MOST_ROWS
