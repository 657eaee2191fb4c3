"""Who sees what of a member: the one way by which a value reaches a page, a list or a print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from portal.core import crypto, kinds
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.fields import Field, Seen
from portal.core.kinds import Kind
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from .catalogue import FIELD, FIELDS, Section, completeness
from .models import Member, MemberVersion

Place = Literal["sheet", "list"]
SALARY = "dues_base"


class Sight(Enum):
    """How much of a value someone sees."""

    FULL = "full"
    MASKED = "masked"
    HIDDEN = "hidden"


def is_secret(field: Field) -> bool:
    """Whether the field is masked everywhere and read whole only by a reveal."""
    return field.seen is Seen.SECRET


def can_see(actor: User, field: Field, row: Any, *, place: Place = "sheet") -> Sight:
    """Return how much of `field` of `row` the actor sees at `place`.

    `row` is a Member, a MemberVersion, or any row that carries unit_id. A member reads her own record, secrets masked.
    Others read within their unit's subtree: the family with MEMBER_FAMILY, the salary masked with MEMBER_SALARY.
    """
    if _is_own(actor, row):
        return Sight.MASKED if is_secret(field) else Sight.FULL
    unit = _unit_of(row)
    if not actor.may(Permission.MEMBER_READ, unit):
        return Sight.HIDDEN
    if field.seen is Seen.FAMILY:
        return Sight.FULL if actor.may(Permission.MEMBER_FAMILY, unit) else Sight.HIDDEN
    if field.column_name == SALARY and not actor.may(Permission.MEMBER_SALARY, unit):
        return Sight.HIDDEN
    if is_secret(field) or (field.seen is Seen.MASKED and place == "list"):
        return Sight.MASKED
    return Sight.FULL


def in_list(field: Field) -> Sight:
    """Return how much of `field` a list shows to whoever may read its rows at all, so that rows need not be asked."""
    if field.seen is Seen.OPEN:
        return Sight.FULL
    return Sight.HIDDEN if field.seen is Seen.FAMILY or field.column_name == SALARY else Sight.MASKED


def value(actor: User, row: Any, name: str, *, place: Place = "sheet") -> str:
    """Return the text of the field `name` of `row` as the actor may see it at `place`; nothing where it is hidden."""
    field = FIELD[name]
    seen = can_see(actor, field, row, place=place)
    return "" if seen is Sight.HIDDEN else shown(field, raw_value(row, name), seen)


def shown(field: Field, raw: Any, seen: Sight) -> str:
    """Return `raw` as text for this `seen`; numbers of documents within rows are masked always."""
    if seen is Sight.HIDDEN or raw is None:
        return ""
    if seen is Sight.MASKED:
        return kinds.mask(field, raw)
    if field.kind is Kind.PHOTO:
        return "已上传"
    return kinds.show(field, _rows_masked(field, raw))


def cells(field: Field, raw: Any) -> tuple[tuple[str, ...], ...]:
    """Return the rows of `raw` as texts, column by column; numbers of documents masked as in `shown`."""
    return tuple(tuple(row) for row in kinds.table(field, _rows_masked(field, raw)))


def _rows_masked(field: Field, raw: Any) -> Any:
    hidden = [column for column in field.rows if column.kind is Kind.ID_NUMBER]
    if not hidden or not raw:
        return raw
    rows = raw if isinstance(raw, list) else [raw]
    masked = [row | {column.name: kinds.mask(column, row.get(column.name)) for column in hidden} for row in rows]
    return masked if isinstance(raw, list) else masked[0]


def raw_value(row: Any, name: str) -> Any:
    """Return the parsed value behind a field, also of those without a column of their own."""
    if name == "branch":
        return _unit_of(row)
    if name == "completeness":
        return completeness(lambda one: raw_value(row, one))
    if name == "union_post":
        posts = [post for post in _member_of(row).posts if post.holds_on(today())]
        return [f"{post.unit.name} {post.title or post.kind.label}" for post in posts] or None
    if name == "membership_changes":
        return [
            f"{show_date(change.on_date)} {change.kind.label}{f'（{change.reason.label}）' if change.reason else ''}"
            for change in _member_of(row).changes
        ] or None
    return getattr(row, FIELD[name].column_name)


def opened(uuid: str, name: str, ciphertext: bytes) -> str:
    """Return the text of a sealed column read without its row, for lists; mask it with `shown`."""
    return crypto.open_sealed(ciphertext, bound_to=f"{Member.SEAL_FAMILY}|{name}|{uuid}").decode()


def _is_own(actor: User, row: Any) -> bool:
    holder = row.member if isinstance(row, MemberVersion) else row
    return actor.id is not None and getattr(holder, "user_id", None) == actor.id


def _member_of(row: Any) -> Member:
    return row.member if isinstance(row, MemberVersion) else row


def _unit_of(row: Any) -> OrgUnit:
    return getattr(row, "unit", None) or db.session.get_one(OrgUnit, row.unit_id)


NOT_SHOWN = "（无权查看）"


# --- the sheet --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One field on the sheet: rows have `headings` and `cells`; `hidden` says that it may not be read."""

    field: Field
    text: str
    masked: bool = False
    hidden: bool = False
    headings: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()


# Shown beside the 44 on the sheet.
BESIDE = frozenset({"age", "membership_years", "dispatch_company", "admin_rank", "family_planning_text"})
ELSEWHERE = "photo"  # has its own place on the page


def sheet(actor: User, member: Member) -> list[tuple[Section, list[Line]]]:
    """Return all 44 fields by section as the actor may see them."""
    lines: dict[Section, list[Line]] = {section: [] for section in Section}
    for field in FIELDS:
        if field.name != ELSEWHERE and (field.number is not None or field.name in BESIDE):
            lines[Section(field.section)].append(line(actor, member, field))  # type: ignore[call-arg]  # by its value alone
    return [(section, of_section) for section, of_section in lines.items() if of_section]


def line(actor: User, row: Any, field: Field) -> Line:
    """Return one field of `row` (a Member, or any row that carries unit_id) as the actor may see it on a sheet."""
    seen = can_see(actor, field, row)
    if seen is Sight.HIDDEN:
        return Line(field, "", hidden=True)
    raw = raw_value(row, field.name)
    text = shown(field, raw, seen)
    if field.kind in (Kind.ROWS, Kind.COMPOSITE) and raw:
        return Line(field, text, headings=tuple(column.label for column in field.rows), cells=cells(field, raw))
    return Line(field, text, masked=seen is Sight.MASKED and bool(text))
