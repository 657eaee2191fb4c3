"""The words a catalogue is written in: what a field is called, holds, and who may see and edit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.enums import LabelEnum
from portal.core.errors import DomainError

if TYPE_CHECKING:
    from portal.core.codes import CodeList
    from portal.core.kinds import Kind


class FieldError(DomainError):
    """One value cannot be taken; the Chinese sentence names the field and the way out."""


class Seen(LabelEnum):
    """Who reads a field, besides the member herself."""

    OPEN = "open", "公开"
    MASKED = "masked", "列表中只显示尾号"
    FAMILY = "family", "仅本级操作员可见"
    SECRET = "secret", "处处遮盖，查看须说明理由"


class Right(LabelEnum):
    """What someone may do to a field by hand."""

    NEVER = "never", "不可修改"
    ASK = "ask", "申请修改"
    NOW = "now", "直接修改"


NEVER, ASK, NOW = Right.NEVER, Right.ASK, Right.NOW


@dataclass(frozen=True)
class Edits:
    """Who edits a field by hand: the member, the operator of a branch, the operator of the union."""

    own: Right = NEVER
    branch: Right = NEVER
    union: Right = NEVER


BY_NOBODY = Edits()


@dataclass(frozen=True)
class Field:
    """One field of a person's record, described by plain values.

    `name` is the name of the input and of the column (where `column` names no other); `label` is its Chinese word.
    `section` is the heading it stands under. `number` is its place among the numbered fields, None for a derived or
    an internal one. `options` is a LabelEnum class or a CodeList, for kinds that choose. `rows` are the columns of a
    kind that holds rows; their names carry no prefix, and `required` says that a row which is begun needs this column.
    `low` and `high` are inclusive limits of a number; `max_rows` and `max_length` limit rows (or choices) and
    characters. `or_none` offers 「无」, which is an answer and differs from an empty field. `autocomplete` is the HTML
    token of the same name.
    """

    name: str
    label: str
    kind: Kind
    section: LabelEnum
    number: int | None = None
    seen: Seen = Seen.OPEN
    edits: Edits = BY_NOBODY
    options: type[LabelEnum] | CodeList | None = None
    column: str | None = None
    rows: tuple[Field, ...] = ()
    max_length: int | None = None
    hint: str = ""
    max_rows: int | None = None
    required: bool = False
    low: int | None = None
    high: int | None = None
    or_none: bool = False
    autocomplete: str = ""

    @property
    def column_name(self) -> str:
        """Return the name of the column that holds the value."""
        return self.column or self.name
