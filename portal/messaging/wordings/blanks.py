"""The blanks of a text: 【姓名】 is a field that any list may show of a member, any other is typed for the batch."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from portal.core.errors import DomainError
from portal.core.fields import Field, Seen
from portal.core.kinds import Kind
from portal.members import sight
from portal.members.models import SEALED, Member
from portal.members.sight import Sight
from portal.org.models import User
from portal.query import listing
from portal.query.fields import ASKABLE, BY_NAME, may_ask

BLANK = re.compile(r"【([^【】]{0,20})】")
BRACKET = re.compile(r"[【】]")
DOCUMENT = re.compile(r"(?<![0-9])([0-9]{15}|[0-9]{17}[0-9Xx])(?![0-9])")
LONG = frozenset({Kind.ROWS, Kind.COMPOSITE, Kind.POSTS, Kind.CHANGES, Kind.PHOTO})
MOST_TYPED = 8
BRANCH = "分工会"  # what people write for 所属分工会


@dataclass(frozen=True)
class Filled:
    """A text as one member reads it; `empty` are the blanks that her record leaves empty, `values` what is in each."""

    text: str
    empty: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


def fields() -> dict[str, Field]:
    """Return by label the fields that a message may name: open ones alone, never a number, a family or a salary."""
    found = {
        one.label: one
        for one in ASKABLE
        if one.seen is Seen.OPEN and one.kind not in LONG and one.column_name not in SEALED
    }
    return found | {BRANCH: BY_NAME["branch"]}


def names_in(text: str) -> list[str]:
    """Return the names of the blanks in a text, each once."""
    return list(dict.fromkeys(BLANK.findall(text)))


def typed_in(text: str) -> list[str]:
    """Return the blanks that no field fills."""
    known = fields()
    return [name for name in names_in(text) if name not in known]


def check(text: str, typed: Collection[str]) -> None:
    """Raise DomainError on `text` for a blank that neither a field nor the sender fills, or a bracket left alone."""
    if BRACKET.search(BLANK.sub("", text)):
        raise DomainError("【 和 】要成对使用，中间写填空的名称，最多 20 个字", field="words")
    unknown = [name for name in typed_in(text) if name not in typed]
    if unknown:
        raise DomainError(
            f"没有“{unknown[0] or '（空）'}”这个填空：会员资料中没有这一项，请改名称，或写进“发送时填写的空”",
            field="words",
        )


def refuse_document(text: str, *, field: str = "") -> None:
    """Raise DomainError on the input `field` for what looks like the number of a document: no message carries one."""
    if DOCUMENT.search(text):
        raise DomainError("短信和通知里不能写证件号码，请去掉", field=field or None)


def filled(actor: User, member: Member, text: str, typed: Mapping[str, str], day: date) -> Filled:
    """Return the text as `member` reads it, with what the actor may see in a list, and the blanks that stay empty."""
    known, values = fields(), {}

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name in typed:
            value = typed[name]
        else:
            of = known.get(name)
            value = listing.cell(actor, member, of, day) if of and may_ask(actor, of) else ""
        values[name] = value
        return value or found[0]

    written = BLANK.sub(fill, text)
    return Filled(written, tuple(name for name, value in values.items() if not value), values)


def of_own(member: Member, text: str, day: date) -> str:
    """Return the text as the clock sends it: with open fields of the member's own record, empty ones left out."""
    known = fields()

    def fill(found: re.Match[str]) -> str:
        field = known.get(found[1])
        return listing.text(field, sight.raw_value(member, field.name), day, Sight.FULL) if field else ""

    return BLANK.sub(fill, text)
