"""Rows of a sheet read as units, and judged: what is wrong in each row, whatever stands before or after its parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import select

from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.kinds import cleaning
from portal.org import access
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Permission as P

from . import kinds
from .models import plain
from .names import cleaned
from .service import CODE, CODE_RULE, PHONE_MOST, as_code, numbered

ROWS_MOST = 20_000
HEADING_WITHIN = 20  # rows
NAME, CODES, PARENT, KIND, PHONE = "name", "code", "parent", "kind", "phone"
LABELS = {NAME: "名称", CODES: "代码", PARENT: "上级代码", KIND: "类型", PHONE: "联系电话"}
_OTHER_HEADINGS = {
    NAME: ("单位名称", "组织名称", "工会名称", "分工会名称", "工会组织名称"),
    CODES: ("单位代码", "组织代码", "工会代码", "编码", "单位编码", "组织编码"),
    PARENT: ("上级", "上级单位代码", "上级组织代码", "上级工会代码", "上级编码", "上级单位编码"),
    KIND: ("单位类型", "组织类型", "工会类型", "类别"),
    PHONE: ("电话", "联系方式", "联系人电话"),
}
_HEADINGS = {plain(word): name for name, label in LABELS.items() for word in (label, *_OTHER_HEADINGS[name])}


class Line(NamedTuple):
    """One row as it is written; `row` is its number in the sheet, beginning with 1."""

    row: int
    name: str
    code: str
    parent: str
    kind: str
    phone: str = ""


class Known(NamedTuple):
    """A unit that is there already."""

    id: int
    code: str
    name: str
    kind: UnitKind
    parent_id: int | None
    path: str
    is_enabled: bool


@dataclass
class Judged:
    """A row and what becomes of it: `parent` is a row of the sheet or a unit that is there; no problem, no mistake."""

    line: Line
    name: str = ""
    code: str = ""
    kind: UnitKind | None = None
    parent: Judged | Known | None = None
    problems: list[str] = field(default_factory=list)


def read(rows: Sequence[Sequence[str]]) -> list[Line]:
    """Return the rows below the heading that are not empty. Raises DomainError on `file` without 名称 and 类型."""
    top, places = _heading(rows)
    lines = []
    for number, row in enumerate(rows[top + 1 :], top + 2):
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        if any(cells.values()):
            texts = (cells.get(name, "") for name in LABELS)
            lines.append(Line(number, *texts))
    if not lines:
        raise DomainError("表格里没有单位，请从列名的下一行开始填写", field="file")
    if len(lines) > ROWS_MOST:
        raise DomainError(f"表格超过 {ROWS_MOST} 行，请分成几个文件", field="file")
    return lines


def _heading(rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    for number, row in enumerate(rows[:HEADING_WITHIN]):
        places: dict[str, int] = {}
        for place, cell in enumerate(row):
            name = _HEADINGS.get(plain(cell).strip("*:"))
            if name in places:
                raise DomainError(f"第 {number + 1} 行有两列“{LABELS[str(name)]}”，请只保留一列", field="file")
            if name is not None:
                places[name] = place
        if NAME in places and KIND in places:
            return number, places
    raise DomainError("没有认出列名，请在第一行写上：名称、代码、上级代码、类型", field="file")


# --- judging ----------------------------------------------------------------------------------------------------------


def judge(actor: User, top: OrgUnit, lines: Iterable[Line]) -> list[Judged]:
    """Return every row with its mistakes, in the order of the sheet; rows without 上级代码 go below `top`.

    Rows may come before their parents. A parent that is there already must lie in the actor's subtree.
    """
    known = {unit.code: unit for unit in map(Known._make, db.session.execute(select(*_COLUMNS)).all())}
    reach = [unit.path for unit in access.tops(actor, P.UNIT_MANAGE)]
    found = [_shape(line, known) for line in lines]
    by_code: dict[str, Judged] = {}
    for one in found:
        first = by_code.setdefault(one.code, one) if one.code else one
        if first is not one:
            one.problems.append(f"代码 {one.code} 与第 {first.line.row} 行重复")
    for one in found:
        one.parent = _parent(one, top, by_code, known, reach)
    _tell_circles(found)
    _tell_misfits(found)
    _tell_namesakes(found, known)
    _number(found, {*known, *by_code})
    return found


_COLUMNS = (
    OrgUnit.id, OrgUnit.code, OrgUnit.name, OrgUnit.kind, OrgUnit.parent_id, OrgUnit.path, OrgUnit.is_enabled,
)  # fmt: skip


def _shape(line: Line, known: dict[str, Known]) -> Judged:
    """Look at the cells of one row by themselves."""
    one = Judged(line)
    for name, text in zip(LABELS, line[1:], strict=True):
        if str(text).startswith("="):
            one.problems.append(f"{LABELS[name]}是公式，请粘贴为数值后再试")
            return one
    try:
        one.name = cleaned(line.name) if line.name else ""
    except DomainError as error:
        one.problems.append(error.message)
    if not line.name:
        one.problems.append("请填写名称")
    one.code = as_code(line.code)
    if one.code and not CODE.fullmatch(one.code):
        one.problems.append(CODE_RULE)
        one.code = ""
    elif one.code in known:
        one.problems.append(f"代码 {one.code} 已被使用，请换一个")
    one.kind = kinds.kind_of(line.kind)
    if one.kind is None:
        labels = "、".join(kind.label for kind in UnitKind)
        asked = f"没有“{cleaning.visible(line.kind)[:20]}”这种类型" if line.kind else "请填写类型"
        one.problems.append(f"{asked}（可以填：{labels}）")
    if len(line.phone) > PHONE_MOST:
        one.problems.append(f"联系电话最多 {PHONE_MOST} 个字符")
    return one


def _parent(
    one: Judged, top: OrgUnit, by_code: dict[str, Judged], known: dict[str, Known], reach: list[str]
) -> Judged | Known | None:
    code = as_code(one.line.parent) or top.code
    unit = known.get(code)
    if unit is not None and any(unit.path.startswith(path) for path in reach):
        if not unit.is_enabled:
            one.problems.append(f"上级 {code} 已停用，请先启用它")
        return unit
    if unit is None and code in by_code:
        return by_code[code]
    one.problems.append(f"上级代码 {code[:20]} 不存在，也不在您的管理范围内；表格里也没有这个代码")
    return None


def _tell_circles(found: list[Judged]) -> None:
    """Tell the rows that are each other's parents."""
    done: set[int] = set()
    for one in found:
        way: list[Judged] = []
        here: Judged | Known | None = one
        on_way: set[int] = set()
        while isinstance(here, Judged) and id(here) not in done and id(here) not in on_way:
            way.append(here)
            on_way.add(id(here))
            here = here.parent
        if isinstance(here, Judged) and id(here) in on_way:
            circle = way[way.index(here) :]
            rows = "、".join(str(row) for row in sorted(member.line.row for member in circle)[:10])
            for member in circle:
                member.problems.append(
                    "上级就是它自己，请改正上级代码" if len(circle) == 1 else f"第 {rows} 行互为上级，请改正上级代码"
                )
        done |= on_way


def _tell_misfits(found: list[Judged]) -> None:
    for one in found:
        if one.kind is not None and one.parent is not None and one.parent.kind is not None:
            sentence = kinds.misfit(one.kind, one.parent.kind)
            if sentence:
                one.problems.append(sentence)


def _tell_namesakes(found: list[Judged], known: dict[str, Known]) -> None:
    """Tell the rows whose name another unit right below the same parent has."""
    there: dict[int | None, set[str]] = defaultdict(set)
    for unit in known.values():
        there[unit.parent_id].add(unit.name)
    seen: dict[tuple[str, str], Judged] = {}
    for one in found:
        if one.parent is None or not one.name:
            continue
        if isinstance(one.parent, Known) and one.name in there[one.parent.id]:
            one.problems.append("同一上级下面已经有这个名称的单位")
            continue
        first = seen.setdefault((one.parent.code, one.name), one)
        if first is not one:
            one.problems.append(f"名称与第 {first.line.row} 行相同，而且上级也相同")


def _number(found: list[Judged], taken: set[str]) -> None:
    """Give a code to the rows without one that have a parent with one."""
    for one in found:
        if one.code or one.line.code or one.parent is None or not one.parent.code:
            continue
        try:
            one.code = numbered(one.parent.code, taken)
            taken.add(one.code)
        except DomainError as error:
            one.problems.append(error.message)
