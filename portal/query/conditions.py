"""A question about members as a tree of conditions: read from JSON, and written back as it was.

    {"all": [{"field": "age", "op": "lt", "value": 45}, {"not": {"field": "mobile", "op": "empty"}}]}

`all`, `any` and `not` nest; a leaf asks for a field, for the children's rows, for a post or for a change of membership.
What cannot be read is refused in one sentence that names the condition by its number in the order of reading; nothing
unreadable is ever left out, for that would widen the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.core.errors import DomainError
from portal.core.fields import Field
from portal.core.kinds.operators import Operator
from portal.members.enums import ChangeType, PostKind

from . import values
from .fields import BY_NAME, operators_of

MOST_CONDITIONS = 300
DEEPEST = 10
OLDEST_CHILD = 120


class QueryError(DomainError):
    """A question that cannot be asked; the sentence names the condition."""


@dataclass(frozen=True)
class Condition:
    """`field` compared with `value`: a text, number, day or truth; a tuple for a list or for two limits; or None."""

    field: Field
    op: Operator
    value: values.Value = None


@dataclass(frozen=True)
class ChildAged:
    """Any child aged `low` to `high` years (inclusive) on the day."""

    low: int
    high: int


@dataclass(frozen=True)
class Post:
    """Holds the post on the day."""

    kind: PostKind


@dataclass(frozen=True)
class Change:
    """Such a change of membership happened from `first` to `last`, both inclusive."""

    kind: ChangeType
    first: date
    last: date


@dataclass(frozen=True)
class All:
    """Every part holds; without parts it is everybody."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds; without parts it is nobody."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Not:
    """The complement of a set: whoever `part` does not find, those without an answer included."""

    part: Node


Leaf = Condition | ChildAged | Post | Change
Node = Leaf | All | AnyOf | Not

EVERYBODY = All()


def refused(number: int, rest: str) -> QueryError:
    """Return the refusal of the condition with this number."""
    return QueryError(f"第 {number} 个条件{rest}")


def no_field(name: object) -> str:
    """Return the one sentence about a field that is not there or not for this person, wherever it was named."""
    return f"没有“{str(name)[:30]}”这一项，或您无权使用它，请从字段列表中选择"


def not_known(number: int, name: object) -> QueryError:
    """Return the one refusal for a field that does not exist and for one that the person may not use."""
    return refused(number, f"：{no_field(name)}")


def from_text(text: str) -> Node:
    """Return the question that the JSON `text` holds. Raises QueryError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise QueryError("查询条件不是有效的 JSON，请核对括号和引号，或重新设定条件") from None
    return parse(data)


def parse(data: object) -> Node:
    """Return the question that `data`, read from JSON, asks. Raises QueryError naming the first wrong condition."""
    return _Reader().node(data, 1)


class _Reader:
    """Reads nodes and counts the conditions."""

    def __init__(self) -> None:
        self.number = 0

    def node(self, data: object, depth: int) -> Node:
        if depth > DEEPEST:
            raise refused(self.number + 1, f"嵌套超过 {DEEPEST} 层，请减少括号")
        if not isinstance(data, dict):
            raise refused(self.number + 1, "写法不对：应是 all、any、not 或一个字段的条件")
        for name, group in (("all", All), ("any", AnyOf)):
            if name in data:
                self._only(data, name)
                if not isinstance(data[name], list):
                    raise refused(self.number + 1, f"写法不对：{name} 后面应是一组条件")
                return group(tuple(self.node(part, depth + 1) for part in data[name]))
        if "not" in data:
            self._only(data, "not")
            return Not(self.node(data["not"], depth + 1))
        self.number += 1
        if self.number > MOST_CONDITIONS:
            raise refused(self.number, f"超过了一次查询最多 {MOST_CONDITIONS} 个条件的限制，请用“属于”代替多个“等于”")
        if "rows" in data:
            return self._child_aged(data)
        if "post" in data:
            self._only(data, "post")
            return Post(self._listed(PostKind, data["post"], "工会职务"))
        if "change" in data:
            return self._change(data)
        return self._condition(data)

    def _condition(self, data: dict[str, Any]) -> Condition:
        self._only(data, "field", "op", "value")
        field = BY_NAME.get(str(data.get("field")))
        if field is None:
            raise not_known(self.number, data.get("field", ""))
        op = next((one for one in operators_of(field) if one.value == data.get("op")), None)
        if op is None:
            offered = "、".join(one.label for one in operators_of(field))
            raise refused(self.number, f"：“{field.label}”不能用“{str(data.get('op'))[:20]}”，可用的有：{offered}")
        try:
            return Condition(field, op, values.parse(field, op, data.get("value")))
        except DomainError as error:
            raise refused(self.number, f"“{field.label} {op.label}”：{error.message}") from None

    def _child_aged(self, data: dict[str, Any]) -> ChildAged:
        self._only(data, "rows", "age")
        ages = data.get("age")
        if data["rows"] != "children":
            raise not_known(self.number, data["rows"])
        if not (isinstance(ages, list) and len(ages) == 2 and all(type(age) is int for age in ages)):
            raise refused(self.number, "“子女年龄”应给出最小和最大两个周岁数")
        low, high = ages
        if not 0 <= low <= high <= OLDEST_CHILD:
            raise refused(self.number, f"“子女年龄”应从小到大，在 0 至 {OLDEST_CHILD} 周岁之间")
        return ChildAged(low, high)

    def _change(self, data: dict[str, Any]) -> Change:
        self._only(data, "change", "from", "to")
        kind = self._listed(ChangeType, data["change"], "会籍变化")
        try:
            first, last = (values.day(data.get(name)) for name in ("from", "to"))
        except DomainError as error:
            raise refused(self.number, f"“会籍变化”：{error.message}") from None
        if first > last:
            raise refused(self.number, "“会籍变化”的起始日期晚于截止日期，请对调")
        return Change(kind, first, last)

    def _listed(self, known: Any, word: object, label: str) -> Any:
        found = next((one for one in known if word in (one.value, one.label)), None)
        if found is None:
            raise refused(self.number, f"：{label}中没有“{str(word)[:30]}”，请从列表中选择")
        return found

    def _only(self, data: dict[str, Any], *names: str) -> None:
        """Refuse a word that would be overlooked: an overlooked condition widens the answer."""
        for name in data:
            if name not in names:
                raise refused(max(self.number, 1), f"多出了“{str(name)[:30]}”，请删去或分成两个条件")


def plain(node: Node) -> dict[str, Any]:
    """Return the JSON of `node`, from which `parse` makes the same again."""
    match node:
        case All(parts):
            return {"all": [plain(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [plain(part) for part in parts]}
        case Not(part):
            return {"not": plain(part)}
        case ChildAged(low, high):
            return {"rows": "children", "age": [low, high]}
        case Post(kind):
            return {"post": kind.value}
        case Change(kind, first, last):
            return {"change": kind.value, "from": first.isoformat(), "to": last.isoformat()}
        case Condition(field, op, value):
            found: dict[str, Any] = {"field": field.name, "op": op.value}
            if value is not None:
                found["value"] = values.plain(value)
            return found


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the conditions of `node` in the order of reading."""
    match node:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield node
