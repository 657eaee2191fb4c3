"""Invented families: marriage, spouse, children, parents; much of it 未填, as in life."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from portal.members.enums import MARRIED, FamilyPlanning, Marital

from .drawing import Urn, day_between, happens, years_on
from .naming import child_name, han_name
from .numbers import Numbers

Values = dict[str, Any]

M = Marital
# by the age from which on it holds
_MARITAL = {
    0: Urn({M.SINGLE: 93, None: 7}),
    25: Urn({M.SINGLE: 55, M.FIRST_MARRIAGE: 36, M.MARRIED: 3, None: 6}),
    30: Urn({M.SINGLE: 15, M.FIRST_MARRIAGE: 69, M.REMARRIED: 2, M.MARRIED: 3, M.DIVORCED: 4, M.UNSTATED: 1, None: 6}),
    40: Urn({M.SINGLE: 4, M.FIRST_MARRIAGE: 73, M.REMARRIED: 5, M.RESTORED_MARRIAGE: 1, M.MARRIED: 2, M.DIVORCED: 7,
             M.WIDOWED: 1, M.UNSTATED: 1, None: 6}),
    58: Urn({M.SINGLE: 2, M.FIRST_MARRIAGE: 74, M.REMARRIED: 4, M.MARRIED: 3, M.DIVORCED: 5, M.WIDOWED: 6, None: 6}),
}  # fmt: skip
_CHILDREN = Urn({0: 14, 1: 60, 2: 22, 3: 2})
_ONLY_CHILD_UNTIL = date(2015, 12, 31)  # the certificate is for children born up to here

WORKPLACES = (
    "滨海市第三中学", "滨海市人民医院", "滨海市港务局", "滨海市税务局", "东海精密仪器有限公司", "滨海市公交公司",
    "临河县第二小学", "滨海银行", "望海软件有限公司", "个体经营", "退休", "务农",
)  # fmt: skip
_SCHOOL_BY_AGE = ((3, ""), (6, "滨海市海棠幼儿园"), (12, "滨海市青山路小学"), (18, "滨海市第二中学"), (23, "江岸大学"))


def family(rng: Random, numbers: Numbers, *, name: str, sex: str, born: date, day: date) -> Values:
    """Return the fields of marriage, children and family of someone called `name`, as they are on `day`."""
    age = (day - born).days // 365
    marital = _MARITAL[max(least for least in _MARITAL if least <= age)].draw(rng)
    wed = min(day_between(rng, years_on(born, 23), years_on(born, 31)), day)
    children = _children(rng, name, marital, born, wed, day)
    count: int | None = len(children)
    if happens(rng, 0.09) or marital is None:
        count = None
    told: list[Values] | None = None
    if count is not None and happens(rng, 0.6):
        told = children  # an empty list is an answer: 无
    spouse = _spouse(rng, numbers, sex, born, wed) if marital in MARRIED else None
    if marital not in (M.FIRST_MARRIAGE, M.MARRIED) and spouse:
        spouse["married_on"] = None
    values: Values = {
        "marital_status": marital.value if marital else None,
        "spouse": spouse if happens(rng, 0.7) else None,
        "children_count": count,
        "children": told,
    }
    values |= _planning(rng, children if count is not None else [])
    values["family_members"] = _members(rng, numbers, name, sex, born, spouse, children)
    return values


def _spouse(rng: Random, numbers: Numbers, sex: str, born: date, wed: date) -> Values:
    return {
        "name": han_name(rng, "2" if sex == "1" else "1", born.year),
        "workplace": rng.choice(WORKPLACES[:10]),
        "phone": numbers.mobile(),
        "is_member_here": happens(rng, 0.08),
        "married_on": wed.isoformat(),
    }


def _children(rng: Random, name: str, marital: Marital | None, born: date, wed: date, day: date) -> list[Values]:
    if marital in (None, M.SINGLE, M.UNSTATED):
        return []
    rows: list[Values] = []
    birth = wed
    for place in range(1, _CHILDREN.draw(rng) + 1):
        birth = day_between(rng, years_on(birth, 1), years_on(birth, 5))
        if birth > day:
            break
        sex = rng.choice("12")
        school = next((school for age, school in _SCHOOL_BY_AGE if (day - birth).days < age * 365), "")
        called = child_name(rng, name, sex, birth.year)
        rows.append(
            {"name": called, "sex": sex, "birth_date": birth.isoformat(), "position": place, "id_number": None,
             "school": school or None, "is_only_child": None}
        )  # fmt: skip
    for row in rows:
        row["is_only_child"] = len(rows) == 1
    return rows


def _planning(rng: Random, children: list[Values]) -> Values:
    kind, text = FamilyPlanning.NONE, None
    if len(children) == 1:
        birth = date.fromisoformat(children[0]["birth_date"])
        kind = FamilyPlanning.ONE_CHILD_NO_CERTIFICATE
        if birth <= _ONLY_CHILD_UNTIL and happens(rng, 0.7):
            kind, text = FamilyPlanning.ONLY_CHILD_CERTIFICATE, f"光荣证第{rng.randrange(10**6):06}号，{birth.year}年"
    elif len(children) > 1:
        kind, text = FamilyPlanning.BIRTH_REGISTERED, f"生育登记第{rng.randrange(10**6):06}号"
    if happens(rng, 0.2):
        return {"family_planning": None, "family_planning_text": None}
    if happens(rng, 0.01):
        return {"family_planning": FamilyPlanning.OTHER.value, "family_planning_text": "按原籍规定办理"}
    return {"family_planning": kind.value, "family_planning_text": text}


def _members(
    rng: Random, numbers: Numbers, name: str, sex: str, born: date, spouse: Values | None, children: list[Values]
) -> list[Values] | None:
    if happens(rng, 0.25):
        return None
    if happens(rng, 0.04):
        return []
    rows: list[Values] = []
    if spouse:
        relation = "12" if sex == "1" else "11"
        rows.append(_relative(relation, spouse["name"], spouse["workplace"], spouse["phone"]))
    for child in children[:2]:
        rows.append(_relative("20" if child["sex"] == "1" else "30", child["name"], child["school"], None))
    father = child_name(rng, name, "1", born.year - 27)
    rows.append(_relative("51", father, rng.choice(WORKPLACES), numbers.mobile()))
    if happens(rng, 0.8):
        rows.append(_relative("52", han_name(rng, "2", born.year - 26), rng.choice(WORKPLACES), None))
    return rows


def _relative(relation: str, name: str, workplace: str | None, phone: str | None) -> Values:
    return {"relation": relation, "name": name, "workplace": workplace, "phone": phone}
