"""The reading of a question in plain Chinese, from which the same question is made again.

    年龄 小于「45」，且 岗位类别 属于「专任教师」，且（职称级别 属于「正高」、「副高」，或 不符合（手机号码 值为空））

A value stands in 「」 (a 」 within it is doubled), a group within another in （）. A group of one, or of none, says so
in its name, so that no two questions read the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from portal.core.calendar import show_date
from portal.core.kinds.operators import Operator

from . import values
from .conditions import All, AnyOf, Change, ChildAged, Condition, Node, Not, Post, QueryError
from .conditions import parse as parse_plain
from .fields import BY_LABEL, operators_of

AND, OR = "，且 ", "，或 "
EVERYBODY = "全部会员"
_ALL, _ANY, _NOT, _SINGLE = "同时满足（", "满足任一（", "不符合（", "单项："
_NONE = "（空名单）"
_QUOTED = re.compile(r"「((?:[^」]|」」)*)」(?!」)")


def _same(code: str) -> str:
    return code


def reading(node: Node, name_of: Callable[[str], str] = _same) -> str:
    """Return the sentence of `node`; `name_of` gives the name of a unit by its code."""
    match node:
        case All(()):
            return EVERYBODY
        case All(parts):
            return AND.join(_part(part, name_of) for part in parts)
        case AnyOf((_, _, *_)):
            return OR.join(_part(part, name_of) for part in node.parts)
        case _:
            return _SINGLE + _part(node, name_of)


def _part(node: Node, name_of: Callable[[str], str]) -> str:
    match node:
        case All(parts) | AnyOf(parts):
            is_all = isinstance(node, All)
            inner = (AND if is_all else OR).join(_part(part, name_of) for part in parts)
            opened = "（" if len(parts) > 1 else _ALL if is_all else _ANY
            return f"{opened}{inner}）"
        case Not(part):
            return f"{_NOT}{_part(part, name_of)}）"
        case ChildAged(low, high):
            return f"有子女年龄 介于「{low}」、「{high}」"
        case Post(kind):
            return f"担任「{kind.label}」"
        case Change(kind, first, last):
            return f"会籍变化 「{kind.label}」发生于「{show_date(first)}」、「{show_date(last)}」"
        case Condition(field, op, value):
            if value is None:
                return f"{field.label} {op.label}"
            several = value if isinstance(value, tuple) else (value,)
            quoted = "、".join(_quoted(values.words(field, one, name_of)) for one in several)
            return f"{field.label} {op.label}{quoted or _NONE}"


def _quoted(text: str) -> str:
    return "「" + text.replace("」", "」」") + "」"


def parse(text: str) -> Node:
    """Return the question that `text`, a sentence of `reading`, asks. Raises QueryError where it is none."""
    return _Reader(text.strip()).whole()


class _Reader:
    """Reads a sentence from the left."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Node:
        if self.text == EVERYBODY:
            return All()
        if self._takes(_SINGLE):
            node = self._part()
        else:
            parts, joined = self._parts()
            node = AnyOf(parts) if joined == OR else All(parts)
        if self.at != len(self.text):
            raise self._lost()
        return node

    def _parts(self) -> tuple[tuple[Node, ...], str]:
        """Read parts joined by one and the same word, and return it too; it is empty for a single part."""
        parts = [self._part()]
        joined = next((word for word in (AND, OR) if self.text.startswith(word, self.at)), "")
        while joined and self._takes(joined):
            parts.append(self._part())
        return tuple(parts), joined

    def _part(self) -> Node:
        for opened, group in ((_ALL, All), (_ANY, AnyOf)):
            if self._takes(opened):
                one = () if self._takes("）") else (self._closed(),)
                return group(one)
        if self._takes(_NOT):
            return Not(self._closed())
        if self._takes("（"):
            parts, joined = self._parts()
            self._must("）")
            return AnyOf(parts) if joined == OR else All(parts)
        return self._leaf()

    def _closed(self) -> Node:
        part = self._part()
        self._must("）")
        return part

    def _leaf(self) -> Node:
        if self._takes("有子女年龄 介于"):
            return parse_plain(
                {"rows": "children", "age": [int(age) if age.isdigit() else age for age in self._list()]}
            )
        if self._takes("担任"):
            return parse_plain({"post": self._value()})
        if self._takes("会籍变化 "):
            change = self._value()
            self._must("发生于")
            first, last = (*self._list(), "", "")[:2]
            return parse_plain({"change": change, "from": first, "to": last})
        return self._condition()

    def _condition(self) -> Node:
        label = max((label for label in BY_LABEL if self._sees(label + " ")), key=len, default=None)
        if label is None:
            raise self._lost()
        self.at += len(label) + 1
        field = BY_LABEL[label]
        op = max((op for op in operators_of(field) if self._sees(op.label)), key=lambda op: len(op.label), default=None)
        if op is None:
            raise self._lost()
        self.at += len(op.label)
        data: dict[str, object] = {"field": field.name, "op": op.value}
        if op in values.LISTS or op is Operator.BETWEEN:
            data["value"] = [] if self._takes(_NONE) else self._list()
        elif op not in values.WITHOUT:
            data["value"] = self._value()
        return parse_plain(data)

    def _list(self) -> list[str]:
        found = [self._value()]
        while self._takes("、"):
            found.append(self._value())
        return found

    def _value(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            raise self._lost()
        self.at = found.end()
        return found[1].replace("」」", "」")

    def _sees(self, word: str) -> bool:
        return self.text.startswith(word, self.at)

    def _takes(self, word: str) -> bool:
        taken = self._sees(word)
        self.at += len(word) * taken
        return taken

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise self._lost()

    def _lost(self) -> QueryError:
        return QueryError(f"从第 {self.at + 1} 个字“{self.text[self.at : self.at + 12]}”起读不懂，请照原来的写法填写")
