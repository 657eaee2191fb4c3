"""The tree of units: a university with its branches, or a city with its counties, systems, towns and unions."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from portal.core.actors import SHELL
from portal.org import service as org
from portal.org.models import JoinForm, OrgUnit, UnitKind

from .drawing import Urn
from .people import Place

UNIVERSITY = "滨海理工大学"
CITY = "滨海市"

_DEPARTMENTS = (
    ("校长办公室", "人事处", "财务处", "教务处"), ("机械工程学院",), ("电气工程学院",), ("信息科学与工程学院",),
    ("材料科学与工程学院",), ("建筑工程学院", "建筑设计研究院"), ("经济管理学院",), ("文法学院",), ("外国语学院",),
    ("理学院",), ("环境与化学工程学院",), ("马克思主义学院",), ("体育学院",), ("艺术与设计学院",),
    ("图书馆", "档案馆"), ("后勤管理处", "饮食服务中心", "物业服务中心"), ("校医院",), ("继续教育学院",),
    ("国际教育学院",), ("工程训练中心",), ("网络信息中心", "实验室管理处"), ("保卫处", "武装部"), ("离退休工作处",),
    ("附属中学",),
)  # fmt: skip

_OFFICES = frozenset(
    {"校长办公室", "图书馆", "后勤管理处", "校医院", "工程训练中心", "网络信息中心", "保卫处", "离退休工作处"}
)

_COUNTIES = ("东港区", "西山区", "临河县", "青山县", "海棠区", "望海县", "北原县", "云岭县", "长滩区", "石门县")
_SYSTEMS = ("教育系统", "卫生健康系统", "交通运输系统", "住房城建系统", "商贸系统")
_INDUSTRIES = ("建筑产业", "纺织产业", "金属制造产业", "能源化学产业", "新就业形态")
_TRADES = ("港务机械", "精密仪器", "食品", "物流", "电子", "纺织", "建材", "商贸", "软件", "环保科技", "餐饮服务")
_KINDS_IN_TURN = (UnitKind.COUNTY, UnitKind.COUNTY, UnitKind.SYSTEM, UnitKind.COUNTY, UnitKind.INDUSTRY)

UNIONS_PER_TOWN, TOWNS_PER_COUNTY = 45, 15
DIGITS = "零一二三四五六七八九"
POWERS = ((10_000, "万"), (1000, "千"), (100, "百"), (10, "十"))


@dataclass(frozen=True)
class Plan:
    """One unit to found; `parent` is the place of its parent in the list of plans, None for the root."""

    code: str
    name: str
    kind: UnitKind
    parent: int | None
    place: Place | None = None  # where its members work, if it takes any


def chinese(number: int) -> str:
    """Return `number`, from 1 to 99,999,999, in Chinese words: 24 is 二十四."""
    words = _words(number)
    return words[1:] if words.startswith("一十") else words


def _words(number: int) -> str:
    if number < 10:
        return DIGITS[number]
    power, word = next(pair for pair in POWERS if number >= pair[0])
    high, rest = divmod(number, power)
    gap = DIGITS[0] if 0 < rest < power // 10 else ""
    return _words(high) + word + gap + (_words(rest) if rest else "")


def plans(profile: str, units: int) -> list[Plan]:
    """Return `units` plans, parents before children; `profile` is school or city, `units` at least 1."""
    return _school(units) if profile == "school" else _city(units)


def _school(units: int) -> list[Plan]:
    alone = Place(UNIVERSITY, ("理学院", "文法学院"), "college") if units == 1 else None
    made = [Plan("GH", f"{UNIVERSITY}工会", UnitKind.UNION, None, alone)]
    width = max(2, len(str(units - 1)))
    for number in range(1, units):
        departments = _DEPARTMENTS[number - 1] if number <= len(_DEPARTMENTS) else (f"第{chinese(number)}学院",)
        name = f"第{chinese(number)}分工会"
        posts = "office" if departments[0] in _OFFICES else "college"
        made.append(Plan(f"GH{number:0{width}}", name, UnitKind.BRANCH, 0, Place(UNIVERSITY, departments, posts)))
    return made


def _city(units: int) -> list[Plan]:
    if units == 1:
        firm = f"{CITY}总公司"
        return [Plan("GH", f"{firm}工会", UnitKind.UNION, None, Place(firm, ("综合部",), "city"))]
    made = [Plan("GH", f"{CITY}总工会", UnitKind.CITY, None)]
    parents = [0]
    if units > 3:
        rest = units - 1
        towns = max(1, round(rest / UNIONS_PER_TOWN), min(rest // 4, 12))
        counties = max(1, round(towns / TOWNS_PER_COUNTY), min(towns // 2, 6))
        parents = _below_city(made, counties, towns)
    _unions(made, parents, units - len(made))
    return made


def _below_city(made: list[Plan], counties: int, towns: int) -> list[int]:
    """Add counties, systems, industries and the towns of the counties; return the places where unions may be."""
    holders: list[int] = []
    with_towns: list[int] = []
    names = {
        UnitKind.COUNTY: (_COUNTIES, "第{}区", "总工会"),
        UnitKind.SYSTEM: (_SYSTEMS, "第{}系统", "工会"),
        UnitKind.INDUSTRY: (_INDUSTRIES, "第{}产业", "工会"),
    }
    taken = dict.fromkeys(names, 0)
    width = max(2, len(str(counties)))
    for number in range(1, counties + 1):
        kind = _KINDS_IN_TURN[(number - 1) % len(_KINDS_IN_TURN)]
        known, pattern, ending = names[kind]
        taken[kind] += 1
        place = taken[kind]
        name = known[place - 1] if place <= len(known) else pattern.format(chinese(place))
        made.append(Plan(f"GH{number:0{width}}", name + ending, kind, 0))
        (with_towns if kind is UnitKind.COUNTY else holders).append(len(made) - 1)
    for number in range(towns):
        parent = with_towns[number % len(with_towns)]
        place = number // len(with_towns) + 1
        county = made[parent].name.removesuffix("总工会")
        made.append(
            Plan(f"{made[parent].code}{place:02}", f"{county}第{chinese(place)}街道工会", UnitKind.TOWN, parent)
        )
        holders.append(len(made) - 1)
    return holders


def _unions(made: list[Plan], parents: list[int], count: int) -> None:
    width = max(2, len(str(count // len(parents) + 1)))
    for number in range(count):
        parent = parents[number % len(parents)]
        place = number // len(parents) + 1
        firm = f"{CITY}第{chinese(number + 1)}{_TRADES[number % len(_TRADES)]}有限公司"
        code = f"{made[parent].code}{place:0{width}}"
        made.append(Plan(code, f"{firm}工会", UnitKind.UNION, parent, Place(firm, ("综合部",), "city")))


def found(planned: list[Plan], profile: str) -> list[OrgUnit]:
    """Found the units on an empty database and return them in the same order, flushed."""
    school = profile == "school"
    units: list[OrgUnit] = []
    for number, plan in enumerate(planned):
        is_root = plan.parent is None
        units.append(
            org.found_unit(
                SHELL,
                parent=None if plan.parent is None else units[plan.parent],
                code=plan.code,
                name=plan.name,
                kind=plan.kind,
                approves_members=plan.kind is UnitKind.UNION,
                accepts_members=plan.place is not None,
                needs_opinion=(school and len(planned) > 1) if is_root else None,
                join_form=(JoinForm.FULL if school else JoinForm.QUICK) if is_root else None,
                contact_phone=f"0335-00{number:05}",  # no line begins so
            )
        )
    return units


def sizes(rng: Random, places: int) -> Urn[int]:
    """Return an urn of the numbers 0 to `places` - 1, skewed: a few units are very large, most are small."""
    weights = [1 / (rank + 2) ** 0.8 for rank in range(places)]
    kept, rest = weights[:2], weights[2:]  # the first two are large: that is where one tries things out
    rng.shuffle(rest)
    return Urn(enumerate(kept + rest))
