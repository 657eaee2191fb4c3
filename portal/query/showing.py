"""A question in words for a page: numbers masked, long lists cut short, units by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from portal.core import kinds
from portal.core.kinds import Kind
from portal.core.kinds.operators import Operator
from portal.members.enums import MembershipStatus
from portal.org.models import OrgUnit, User

from . import asking, keeping, sentence
from .conditions import All, AnyOf, Condition, Node, Not, QueryError
from .fields import BY_NAME

SHOWN_VALUES = 5
_CODED = frozenset({Kind.CHOICE, Kind.MULTI_CHOICE, Kind.POSTS, Kind.UNIT, Kind.BOOL})

# what the page begins with, written out so that it is seen and can be taken off
DEFAULT = All(
    (
        Condition(BY_NAME["membership_status"], Operator.EQ, MembershipStatus.ACTIVE.value),
        Condition(BY_NAME["counted_here"], Operator.EQ, value=True),
    )
)


def reading(node: Node, units: Mapping[str, OrgUnit]) -> str:
    """Return the question in Chinese as a page shows it."""
    return sentence.reading(_shown(node), _name_of(units))


def readable(actor: User, node: Node) -> str:
    """Return the question in Chinese, or why it cannot be asked any more."""
    try:
        return reading(node, asking.check(actor, node))
    except QueryError as error:
        return error.message


def chips(node: Node, units: Mapping[str, OrgUnit]) -> list[str]:
    """Return the words of the conditions that stand beside each other in the question."""
    parts = node.parts if isinstance(node, All | AnyOf) else (node,)
    return [_of_part(part, units) for part in parts]


def _of_part(part: Node, units: Mapping[str, OrgUnit]) -> str:
    words = sentence.reading(All((_shown(part),)), _name_of(units))
    is_in_brackets = isinstance(part, All | AnyOf) and words.startswith("（") and words.endswith("）")
    return words[1:-1] if is_in_brackets else words


def _name_of(units: Mapping[str, OrgUnit]) -> Callable[[str], str]:
    return lambda code: units[code].name if code in units else code


def _shown(node: Node) -> Node:
    match node:
        case All(parts):
            return All(tuple(map(_shown, parts)))
        case AnyOf(parts):
            return AnyOf(tuple(map(_shown, parts)))
        case Not(part):
            return Not(_shown(part))
        case Condition(field, op, value):
            if keeping.is_number(node):
                if isinstance(value, tuple):
                    return replace(node, value=("（号码已隐去）",))
                return node if op is Operator.TAIL else replace(node, value=_masked(node))
            if isinstance(value, tuple) and len(value) > SHOWN_VALUES and field.kind not in _CODED and _is_text(value):
                return replace(node, value=(*value[:SHOWN_VALUES], f"……等 {len(value)} 个"))
    return node


def _masked(leaf: Condition) -> str:
    if leaf.field.kind in (Kind.ID_NUMBER, Kind.PHONE):
        return kinds.mask(leaf.field, leaf.value)
    return "（号码已隐去）"


def _is_text(value: tuple[object, ...]) -> bool:
    return all(isinstance(one, str) for one in value)
