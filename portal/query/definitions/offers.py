"""What of a question may become a blank when it is saved: its conditions' values, and the blanks it has already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from portal.core import kinds
from portal.core.kinds import Kind
from portal.core.kinds.operators import Operator

from .. import conditions, sentence
from ..conditions import Condition, Node, QueryError
from ..fields import BY_NAME
from ..values import WITHOUT
from . import blanks
from .blanks import EXCLUDED, INCLUDED, MOST_BLANKS, Blank, BlankKind, Option
from .questions import Question

_O = Operator
_TYPED = {
    Kind.AGE: BlankKind.NUMBER, Kind.YEARS: BlankKind.NUMBER, Kind.INTEGER: BlankKind.NUMBER,
    Kind.COMPLETENESS: BlankKind.NUMBER, Kind.DATE: BlankKind.DAY, Kind.MONTH: BlankKind.MONTH,
    Kind.TEXT: BlankKind.TEXT, Kind.NAME: BlankKind.TEXT, Kind.LONG_TEXT: BlankKind.TEXT, Kind.PLACE: BlankKind.TEXT,
}  # fmt: skip
_BELOW = {_O.LT.value: EXCLUDED, _O.LE.value: INCLUDED}
_FROM_TO = ("起", "止")


@dataclass(frozen=True)
class Offer:
    """A part of the question that may be asked for anew each time: `node` becomes `template` with `blanks` in it."""

    name: str
    label: str
    node: Any
    template: Any
    blanks: tuple[Blank, ...]
    is_taken: bool = False


@dataclass(frozen=True)
class Draft:
    """A question on its way to be saved; `kept` are the offers of blanks that it came with."""

    data: Any
    columns: tuple[str, ...] = ()
    sort: str = ""
    kept: tuple[Offer, ...] = field(default=())

    @property
    def offers(self) -> list[Offer]:
        """What may become a blank: what already is one, then every condition whose value can be asked for."""
        kept = [one for one in self.kept if any(part == one.node for part in _parts(self.data))]
        found = [one for one in map(_offer, _numbered(self.data)) if one and all(one.node != old.node for old in kept)]
        return kept + found

    def taken(self, ticked: frozenset[str]) -> tuple[Any, list[dict[str, Any]]]:
        """Return the question with the `ticked` offers as placeholders, and the blanks as JSON. Raises QueryError."""
        chosen = [one for one in self.offers if one.name in ticked]
        found = {blank.name: blank for one in chosen for blank in one.blanks}
        if len(found) > MOST_BLANKS:
            raise QueryError(f"填空项最多 {MOST_BLANKS} 个，现在是 {len(found)} 个，请少选几项")
        return _swapped(self.data, chosen), [blanks.plain(blank) for blank in found.values()]


def of_question(question: Question, answers: dict[str, str]) -> Draft:
    """Return a saved question as a draft: with `answers` filled in, and its blanks offered and taken."""
    data = blanks.resolved(question.template, question.blanks, answers)
    by_name = {blank.name: blank for blank in question.blanks}
    kept = []
    for part in _with_blanks(question.template):
        held = tuple(by_name[name] for name in sorted(blanks.used_in(part)))
        label = "、".join(blank.label for blank in held)
        node = blanks.resolved(part, question.blanks, answers)
        kept.append(Offer("+".join(blank.name for blank in held), label, node, part, held, is_taken=True))
    return Draft(data, question.columns, question.sort, tuple(kept))


def of_text(text: str, draft: Draft) -> Draft:
    """Return `draft` with the question that the sentence `text` asks. Raises QueryError."""
    return replace(draft, data=conditions.plain(sentence.parse(text)))


def _with_blanks(template: Any) -> Iterator[Any]:
    """Yield the smallest conditions of a template that hold a placeholder."""
    if not isinstance(template, dict) or not blanks.used_in(template):
        return
    for group in ("all", "any"):
        if group in template:
            for part in template[group]:
                yield from _with_blanks(part)
            return
    if "not" in template:
        yield from _with_blanks(template["not"])
    else:
        yield template


def _parts(data: Any) -> Iterator[Any]:
    """Yield every node of a question's JSON."""
    yield data
    for group in ("all", "any"):
        for part in data.get(group, ()):
            yield from _parts(part)
    if "not" in data:
        yield from _parts(data["not"])


def _swapped(data: Any, chosen: list[Offer]) -> Any:
    for one in chosen:
        if data == one.node:
            return one.template
    if "not" in data:
        return {"not": _swapped(data["not"], chosen)}
    for group in ("all", "any"):
        if group in data:
            return {group: [_swapped(part, chosen) for part in data[group]]}
    return data


def _numbered(data: Any) -> list[tuple[int, Node]]:
    """Return the conditions of a question with their numbers, as its refusals count them."""
    return list(enumerate(conditions.leaves(conditions.parse(data)), 1))


def _offer(numbered: tuple[int, Node]) -> Offer | None:
    number, leaf = numbered
    if not isinstance(leaf, Condition) or leaf.op in WITHOUT:
        return None
    node = conditions.plain(leaf)
    name, label, value = f"c{number}", leaf.field.label, node["value"]
    kind = _TYPED.get(leaf.field.kind)
    if kind is not None and leaf.op is _O.BETWEEN:
        held = tuple(
            Blank(f"{name}{end}", f"{label}（{word}）", kind, _typed(kind, one))
            for end, word, one in zip("ab", _FROM_TO, value, strict=True)
        )
        return Offer(name, label, node, {**node, "value": [{"blank": one.name} for one in held]}, held)
    if kind is not None and not isinstance(value, list):
        typed = Blank(name, label, kind, _typed(kind, value))
        template = {**node, "value": {"blank": name}}
        if kind is BlankKind.NUMBER and node["op"] in _BELOW:
            rule = Blank(f"{name}r", f"{label}：含本数", BlankKind.INCLUSIVE, _BELOW[node["op"]])
            return Offer(name, label, node, {**template, "op": {"blank": rule.name}}, (typed, rule))
        return Offer(name, label, node, template, (typed,))
    return _choice(leaf, node, name)


def _typed(kind: BlankKind, value: Any) -> str:
    """Return a value as its input shows it; a month is stored as its first day."""
    return str(value)[:7] if kind is BlankKind.MONTH else str(value)


def _choice(leaf: Condition, node: Any, name: str) -> Offer | None:
    """Return the offer to choose one code instead of the one that stands in the condition."""
    several = isinstance(node["value"], list)
    codes = node["value"] if several else [node["value"]]
    if leaf.field.kind is not Kind.CHOICE or len(codes) != 1 or leaf.field.name not in BY_NAME:
        return None
    options = tuple(Option(code, label, [code] if several else code) for code, label in kinds.options_of(leaf.field))
    if codes[0] not in {option.code for option in options}:
        return None
    blank = Blank(name, leaf.field.label, BlankKind.CHOICE, codes[0], options)
    return Offer(name, leaf.field.label, node, {**node, "value": {"blank": name}}, (blank,))
