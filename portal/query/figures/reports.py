"""The reports of the year: who is a member (1), ages (2), titles (3), education (4), families (5).

Each number is the answer to one question, written beside it, so that it opens its people and is the same seen from a
branch and from the union. Rows of places are the units right below the one that is reported on, with all that is below
them, and what belongs to the unit itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core.calendar import show_date
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.members.catalogue import EDUCATION
from portal.members.enums import MARRIED, FamilyPlanning, PostCategory
from portal.members.enums import Marital as M
from portal.members.enums import TitleLevel as T
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission
from portal.query import asking, bands, conditions
from portal.query.asking import Asked
from portal.query.conditions import All, Node
from portal.query.fields import BY_NAME

from .percent import percentages
from .summary import Cell, Flow

Question = dict[str, Any]
UNASSIGNED = "未分配（直属本级）"
TOTAL, UNKNOWN = "合计", "不明"
COUNTED: Question = {"field": "counted_here", "op": "eq", "value": True}
ACTIVE: Question = {"field": "membership_status", "op": "eq", "value": "active"}
HIGH_TITLES = [T.FULL.value, T.ASSOCIATE.value]
PARTY = ["01", "02"]
HAN = "01"
JOINING, LEAVING = ("1", "2"), ("4", "5", "6", "8")


# the first digits of GB/T 4658, and the codes of those who graduated
@dataclass(frozen=True)
class Level:
    """A step of education: all codes of GB/T 4658 that belong to it, and those of who graduated."""

    label: str
    codes: range
    graduated: tuple[int, ...]


LEVELS = (
    Level("博士", range(11, 14), (11,)),
    Level("硕士", range(14, 20), (14, 17)),
    Level("本科", range(20, 29), (21,)),
    Level("专科", range(30, 34), (31,)),
)
POSTGRADUATE = Level("研究生", range(10, 20), (11, 14, 17))


@dataclass(frozen=True)
class Wish:
    """What a report is asked for: the unit, the day; whether 以下 includes the age itself; whether who left a school
    without graduating counts by it; whether it leaves the house, so that small numbers of families are put together."""

    unit: OrgUnit
    day: date
    is_inclusive: bool = True
    all_who_studied: bool = False
    is_public: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a report; `share` is its part of the total in percent, where the report has one."""

    label: str
    cells: tuple[Cell | Flow, ...]
    share: str = ""


@dataclass(frozen=True)
class Report:
    """A report as page, sheet and paper show it; the last row is the check of sums, `notes` stand below it."""

    title: str
    definition: str
    wish: Wish
    heading: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: Row
    notes: tuple[str, ...] = ()


def base(wish: Wish, *more: Question, status: bool = True) -> Node:
    """Return the question for the members of the unit who are counted here, active unless `status` is given up."""
    within = {"field": "branch", "op": "within", "value": wish.unit.code}
    return conditions.parse({"all": [*([ACTIVE] if status else []), COUNTED, within, *more]})


def also(where: Node, *more: Question) -> Node:
    """Return the question `where` with `more` that has to hold too."""
    parts = where.parts if isinstance(where, All) else (where,)
    return All((*parts, *(conditions.parse(one) for one in more)))


# --- 1 --------------------------------------------------------------------------------------------------------------


def basics(actor: User, wish: Wish) -> Report:
    """Return 会员基本情况汇总表: one row for each place, a check of the sums at the end."""
    young = "le" if wish.is_inclusive else "lt"
    year = {"from": f"{wish.day.year}-01-01", "to": wish.day.isoformat()}
    columns: tuple[tuple[str, Node], ...] = (
        (TOTAL, base(wish)),
        ("男", base(wish, {"field": "sex", "op": "eq", "value": "1"})),
        ("女", base(wish, {"field": "sex", "op": "eq", "value": "2"})),
        ("少数民族", base(wish, {"field": "ethnicity", "op": "ne", "value": HAN})),
        ("党员", base(wish, {"field": "political_status", "op": "in", "value": PARTY})),
        ("35岁以下", base(wish, {"field": "age", "op": young, "value": 35})),
        ("45岁以下", base(wish, {"field": "age", "op": young, "value": 45})),
        ("高职称", base(wish, {"field": "title_level", "op": "in", "value": HIGH_TITLES})),
        ("研究生学历", base(wish, studied(wish, POSTGRADUATE))),
        ("本年入会", base(wish, {"any": [{"change": one, **year} for one in JOINING]}, status=False)),
        ("本年离会", base(wish, {"any": [{"change": one, **year} for one in LEAVING]}, status=False)),
        ("保留会籍", base(wish, {"field": "membership_status", "op": "eq", "value": "retained"}, status=False)),
    )
    shown = places(actor, wish.unit)
    row_of = rows_of_units(shown)
    questions, among = [Asked(where, wish.day) for _, where in columns], base(wish, status=False)
    numbers: list[Counter[str]] = [Counter() for _ in columns]
    for code, found_there in asking.counts_by_unit(actor, questions, among=among).items():
        for counted, number in zip(numbers, found_there, strict=True):
            counted[row_of(code)] += number
    whole = asking.counts(actor, questions, among=among)
    rows = tuple(
        Row(
            label,
            tuple(
                Cell(found[code], also(where, at(code, label)))
                for found, (_, where) in zip(numbers, columns, strict=True)
            ),
        )
        for code, (label, _) in shown.items()
    )
    return Report(
        "会员基本情况汇总表",
        f"正常会员、在本单位统计；以下{'含' if wish.is_inclusive else '不含'}本数；"
        "本年入会、离会按会籍变化日期；保留会籍另列，不计入合计",
        wish,
        "单位",
        tuple(label for label, _ in columns),
        rows,
        Row(TOTAL, tuple(Cell(number, where) for number, (_, where) in zip(whole, columns, strict=True))),
    )


def studied(wish: Wish, *levels: Level) -> Question:
    """Return the condition that the highest education is of one of the levels."""
    codes = [code for level in levels for code in (level.codes if wish.all_who_studied else level.graduated)]
    return {"field": "education", "op": "in", "value": [str(code) for code in codes if str(code) in EDUCATION]}


def places(actor: User, unit: OrgUnit) -> dict[str, tuple[str, str]]:
    """Return code → (label, path) of the rows: the units right below, and the unit itself where it has such."""
    query = access.scoped(OrgUnit, actor, Permission.MEMBER_READ).where(OrgUnit.parent_id == unit.id)
    below = {one.code: (one.name, one.path) for one in db.session.scalars(query.order_by(OrgUnit.code))}
    return below | {unit.code: (UNASSIGNED if below else unit.name, unit.path)}


def rows_of_units(shown: dict[str, tuple[str, str]]) -> Callable[[str], str]:
    """Return the function that tells for a unit's code the code of its row: the lowest place that it lies within."""
    paths = dict(db.session.execute(select(OrgUnit.code, OrgUnit.path)).all())
    longest = sorted(((path, code) for code, (_, path) in shown.items()), key=lambda pair: -len(pair[0]))
    return lambda code: next(row for top, row in longest if paths[code].startswith(top))


def by_place(actor: User, asked: Asked, row_of: Callable[[str], str]) -> Counter[str]:
    """Return how many stand in each row; a unit that closed keeps its row as long as anybody is found in it."""
    found: Counter[str] = Counter()
    for group in asking.grouped(actor, asked, ["branch"]):
        found[row_of(str(group.codes[0]))] += group.number
    return found


def at(code: str, label: str) -> Question:
    """Return the condition on the unit of the row with this code and label."""
    return {"field": "branch", "op": "eq" if label == UNASSIGNED else "within", "value": code}


# --- 2 to 5: every cell the answer to one question ------------------------------------------------------------------

Part = tuple[str, Question]


def _crossed(actor: User, wish: Wish, title: str, definition: str, heading: str, rows: Sequence[Part],
             columns: Sequence[Part], beside: Sequence[Part] = ()) -> Report:  # fmt: skip
    """Return the report of `rows` by `columns`, each of which takes everybody once; `beside` are counted apart."""
    asked = Asked(base(wish), wish.day)
    parts = [[conditions.parse(one) for _, one in some] for some in (rows, columns, beside)]
    found = asking.crossed(actor, asked, *parts)

    def line(label: str, more: Sequence[Question], inside: list[list[int]]) -> Row:
        """Make the row of which `inside` has the numbers by columns, what is counted apart behind each."""
        numbers = [one[0] for one in inside]
        numbers += [sum(numbers), *(sum(one[1 + place] for one in inside) for place in range(len(beside)))]
        wheres = [base(wish, *more, *some) for some in ([one] for _, one in columns)]
        wheres += [base(wish, *more), *(base(wish, *more, one) for _, one in beside)]
        return Row(label, tuple(Cell(number, where) for number, where in zip(numbers, wheres, strict=True)))

    body = [line(label, [one], inside) for (label, one), inside in zip(rows, found, strict=True)]
    below = [[sum(part) for part in zip(*column, strict=True)] for column in zip(*found, strict=True)]
    shares = percentages([row.cells[len(columns)].number for row in body])
    return Report(
        title,
        definition,
        wish,
        heading,
        tuple(label for label, _ in (*columns, (TOTAL, {}), *beside)),
        tuple(replace(row, share=share) for row, share in zip(body, shares, strict=True)),
        line(TOTAL, [], below),
    )


def _is(name: str, *codes: str) -> Question:
    return {"field": name, "op": "in", "value": list(codes)}


def _lacks(name: str) -> Question:
    return {"field": name, "op": "empty"}


def ages(actor: User, wish: Wish) -> Report:
    """Return 年龄结构: bands of ages by sex."""
    sexes: list[Part] = [("男", _is("sex", "1")), ("女", _is("sex", "2"))]
    return _crossed(
        actor, wish, "年龄结构表", f"正常会员、在本单位统计；年龄为截至 {show_date(wish.day)} 的周岁", "年龄",
        age_parts(actor), [*sexes, (UNKNOWN, {"not": _is("sex", "1", "2")})],
    )  # fmt: skip


def age_parts(actor: User) -> list[Part]:
    """Return the bands of ages, each with its condition; they take everybody once."""
    field = BY_NAME["age"]
    return [(label, conditions.plain(bands.condition(field, code))) for code, label in bands.offered(field, actor)]


def titles(actor: User, wish: Wish) -> Report:
    """Return 职称结构: levels of titles by the kind of post."""
    posts: list[Part] = [(one.label, _is("post_category", one)) for one in PostCategory]
    return _crossed(
        actor, wish, "职称结构表", "正常会员、在本单位统计；按职称级别和主要岗位", "职称级别",
        title_parts(), [*posts, (bands.EMPTY, _lacks("post_category"))],
    )  # fmt: skip


def title_parts() -> list[Part]:
    """Return the levels of titles, each with its condition; they take everybody once."""
    return [
        ("正高", _is("title_level", T.FULL)),
        ("副高", _is("title_level", T.ASSOCIATE)),
        ("高级（未分正副）", _is("title_level", T.SENIOR)),
        ("中级", _is("title_level", T.MIDDLE)),
        ("初级", _is("title_level", T.ASSISTANT, T.STAFF, T.JUNIOR)),
        ("未定", _is("title_level", T.NONE)),
        (bands.EMPTY, _lacks("title_level")),
    ]


def education(actor: User, wish: Wish) -> Report:
    """Return 学历学位结构: the highest education by sex."""
    sexes: list[Part] = [("男", _is("sex", "1")), ("女", _is("sex", "2"))]
    who = "含结业、肄业" if wish.all_who_studied else "只计毕业，结业、肄业计入其他"
    return _crossed(
        actor, wish, "学历结构表", f"正常会员、在本单位统计；最高学历，{who}", "学历",
        education_parts(wish), [*sexes, (UNKNOWN, {"not": _is("sex", "1", "2")})],
    )  # fmt: skip


def education_parts(wish: Wish) -> list[Part]:
    """Return the steps of education, each with its condition; they take everybody once."""
    rows: list[Part] = [(level.label, studied(wish, level)) for level in LEVELS]
    known = [one for _, question in rows for one in question["value"]]
    other: Part = ("其他", {"field": "education", "op": "not_in", "value": known})
    return [*rows, other, (bands.EMPTY, _lacks("education"))]


def families(actor: User, wish: Wish) -> Report:
    """Return 婚育情况表: marriage by the number of children, and who holds the certificate of an only child.

    Raises DomainError for a unit of which the actor reads the members, but not all of their families.
    """
    if actor.holds(Permission.MEMBER_FAMILY) and not actor.may(Permission.MEMBER_FAMILY, wish.unit):
        raise DomainError("您不能查看这个单位全部会员的婚育情况，请改选您管理的单位", field="unit")
    rows: list[Part] = [
        ("未婚", _is("marital_status", M.SINGLE)),
        ("已婚", _is("marital_status", *sorted(MARRIED))),
        ("离异", _is("marital_status", M.DIVORCED)),
        ("丧偶", _is("marital_status", M.WIDOWED)),
        ("未说明", _is("marital_status", M.UNSTATED)),
        (bands.EMPTY, _lacks("marital_status")),
    ]
    number = "children_count"
    columns: list[Part] = [(f"{one} 孩", {"field": number, "op": "eq", "value": one}) for one in range(3)]
    columns += [("3 孩及以上", {"field": number, "op": "ge", "value": 3}), (f"子女数{bands.EMPTY}", _lacks(number))]
    certificate = ("持独生子女证", _is("family_planning", FamilyPlanning.ONLY_CHILD_CERTIFICATE))
    return _crossed(
        actor, wish, "婚育情况表", "正常会员、在本单位统计；持独生子女证另列", "婚姻状况", rows, columns, [certificate]
    )


def unit_of(actor: User, code: str) -> OrgUnit:
    """Return the unit with this code in the actor's scope. Raises Absent."""
    query = access.scoped(OrgUnit, actor, Permission.MEMBER_READ).where(OrgUnit.code == code)
    unit = db.session.scalars(query).one_or_none()
    if unit is None:
        raise Absent
    return unit


REPORTS: dict[str, tuple[str, str, Callable[[User, Wish], Report]]] = {
    "basics": ("会员基本情况汇总表", "各单位的人数、性别、民族、党员、青年、高职称、研究生、本年入会和离会", basics),
    "ages": ("年龄结构表", "各年龄段的男女人数", ages),
    "titles": ("职称结构表", "各职称级别在各类岗位上的人数", titles),
    "education": ("学历结构表", "博士、硕士、本科、专科和其他的男女人数", education),
    "families": ("婚育情况表", "婚姻状况和子女数，持独生子女证的人数", families),
}
