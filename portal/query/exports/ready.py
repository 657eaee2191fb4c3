"""Ready exports: the columns that the platforms above take, in their order, with what is missing in each row.

全总实名制: the columns of the national template as a province prints it; its last two say how the import went and are
not ours to fill. 秦工之家: what the city's platform takes from a school, in headings that our own import knows too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, select

from portal.core.db import db
from portal.core.fields import Field
from portal.core.kinds import Kind
from portal.members import many
from portal.members.enums import ChangeReason, ChangeType, HouseholdType
from portal.members.models import MembershipChange, stored_name
from portal.org.models import User

from .. import asking
from ..asking import Asked
from ..compiling import Rows
from ..conditions import EVERYBODY
from ..fields import BY_NAME

MISSING = "缺项"
COUNTED_AT_ONCE = 5000  # members counted in one statement
NUMBER, TURN, TURNED, WHY = "number", "change_type", "change_date", "change_reason"  # columns that are no field
# what the national list knows; a move within the school, a restoring and a death are ours alone
NATIONAL = (
    ChangeType.JOINED, ChangeType.TRANSFERRED_IN, ChangeType.RETAINED, ChangeType.TRANSFERRED_OUT,
    ChangeType.EXPELLED, ChangeType.WITHDRAWN,
)  # fmt: skip
LONGEST_NATIONAL_REASON = 1  # digits of its code
_DAY = re.compile(r"(\d+)年(\d+)月(\d+)日")


@dataclass(frozen=True)
class Column:
    """A heading, the field below it or one of the words above, and whether a row without it is incomplete."""

    heading: str
    source: str
    is_required: bool = True


@dataclass(frozen=True)
class Template:
    """A ready export."""

    name: str
    label: str
    columns: tuple[Column, ...]

    @property
    def fields(self) -> list[Field]:
        """The fields that it shows."""
        return [BY_NAME[one.source] for one in self.columns if one.source in BY_NAME]

    @property
    def headings(self) -> list[tuple[str, Kind]]:
        """Its headings with what kind of column each is, the one with what is missing at the end."""
        kinds = [BY_NAME[one.source].kind if one.source in BY_NAME else Kind.INTEGER for one in self.columns]
        return [*((one.heading, kind) for one, kind in zip(self.columns, kinds, strict=True)), (MISSING, Kind.ROWS)]

    @property
    def required(self) -> list[str]:
        """The headings without which a row is incomplete."""
        return [one.heading for one in self.columns if one.is_required and one.source != NUMBER]


_TURNS = (
    Column("会籍变化类型", TURN), Column("会籍变化日期", TURNED), Column("会籍变化原因", WHY, is_required=False),
)  # fmt: skip
TEMPLATES: dict[str, Template] = {
    one.name: one
    for one in (
        Template(
            "acftu",
            "全总实名制模板",
            (
                Column("序号", NUMBER), Column("姓名", "name"), Column("性别", "sex"), Column("出生日期", "birth_date"),
                Column("民族", "ethnicity"), Column("就业状况", "employment_status"), Column("有效证件类别", "id_type"),
                Column("证件号码", "id_number"), Column("学历", "education"),
                Column("技能等级", "skill_level", is_required=False), Column("移动电话", "mobile"),
                Column("户籍类型", "household_type"), Column("户籍所在地", "household_place"), *_TURNS,
                Column("政治面貌", "political_status"), Column("工作单位", "department"),
                Column("籍贯", "native_place"), Column("是否农民工", "is_migrant_worker"),
            ),
        ),
        Template(
            "qingong",
            "秦工之家名单",
            (
                Column("姓名", "name"), Column("证件类型", "id_type"), Column("身份证号", "id_number"),
                Column("手机号", "mobile"), Column("所属分工会", "branch"), Column("工作单位", "department"),
                Column("性别", "sex"), Column("出生日期", "birth_date"),
                *(
                    Column(heading, name, is_required=False)
                    for heading, name in (
                        ("民族", "ethnicity"), ("政治面貌", "political_status"), ("学历", "education"),
                        ("就业状况", "employment_status"), ("户籍类型", "household_type"),
                        ("户籍所在地", "household_place"), ("籍贯", "native_place"),
                        ("是否农民工", "is_migrant_worker"), ("技术等级", "skill_level"),
                    )
                ),
            ),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """The latest change of a membership that the national list knows, in words."""

    kind: str = ""
    on: str = ""
    reason: str = ""


def turns_of(ids: Sequence[int], day: date) -> dict[int, Turn]:
    """Return the latest change by `day` of each of `ids` who has one."""
    columns = MembershipChange.member_id, MembershipChange.kind, MembershipChange.on_date, MembershipChange.reason
    query = select(*columns).where(
        MembershipChange.member_id.in_(ids), MembershipChange.kind.in_(NATIONAL), MembershipChange.on_date <= day
    )
    found = {}
    for one, kind, on, reason in db.session.execute(query.order_by(MembershipChange.on_date, MembershipChange.id)):
        found[one] = Turn(kind.label, on.isoformat(), _national(reason))
    return found


def _national(reason: ChangeReason | None) -> str:
    return reason.label if reason is not None and len(reason.value) == LONGEST_NATIONAL_REASON else ""


@dataclass
class Shaper:
    """Makes the rows of a ready export of what `Reader` has read of its fields, and counts those that are complete."""

    template: Template
    number: int = 0
    complete: int = 0
    _places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {one.name: place for place, one in enumerate(self.template.fields)}

    def row(self, texts: Sequence[str], turn: Turn) -> list[str]:
        """Return the next row."""
        self.number += 1
        beside = {NUMBER: str(self.number), TURN: turn.kind, TURNED: turn.on, WHY: turn.reason}
        cells = [
            beside[one.source] if one.source in beside else _as_taken(one.source, texts[self._places[one.source]])
            for one in self.template.columns
        ]
        missing = [
            one.heading for one, text in zip(self.template.columns, cells, strict=True) if one.is_required and not text
        ]
        self.complete += not missing
        return [*cells, "、".join(missing)]


def _as_taken(name: str, text: str) -> str:
    """Return a text as the platforms take it: days in ISO, and of household registers only those of the standard."""
    if name == "household_type" and text == HouseholdType.RESIDENT.label:
        return HouseholdType.OTHER.label
    if name == "birth_date" and (found := _DAY.fullmatch(text)):
        year, month, day = found.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}"
    return text


def complete(actor: User, templates: Sequence[Template], ids: Sequence[int], day: date) -> list[int]:
    """Return for each of the ready exports how many of `ids` have all that it asks for; the members are read once."""
    rows = asking.rows_of(actor, asked := Asked(EVERYBODY, day))
    numbers = [func.count(case((_has_all(one, rows, day), 1))) for one in templates]
    found = [0] * len(numbers)
    for some in many.in_chunks(ids, COUNTED_AT_ONCE):
        query = asking.selected(actor, asked, *numbers, rows=rows).where(rows.member_id.in_(some))
        found = [before + more for before, more in zip(found, db.session.execute(query).one(), strict=True)]
    return found


def _has_all(template: Template, rows: Rows, day: date) -> ColumnElement[bool]:
    turned = select(MembershipChange.member_id).where(
        MembershipChange.kind.in_(NATIONAL), MembershipChange.on_date <= day
    )
    conditions: list[ColumnElement[bool]] = []
    for one in template.columns:
        if one.is_required and one.source in BY_NAME:
            conditions.append(getattr(rows.table, stored_name(BY_NAME[one.source])).is_not(None))
        elif one.source == TURN:
            conditions.append(rows.member_id.in_(turned))
    return and_(*conditions)
