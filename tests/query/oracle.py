"""Who matches, in plain Python over plain dictionaries: written from the contract, apart from the code it judges."""

from __future__ import annotations

from datetime import date
from typing import Any

NUMBERED = [
    "name",
    "sex",
    "birth_date",
    "ethnicity",
    "native_place",
    "political_status",
    "photo",
    "id_type",
    "id_number",
    "household_type",
    "household_place",
    "staff_no",
    "department",
    "employment_form",
    "employment_status",
    "post_category",
    "admin_duty",
    "work_start_date",
    "school_entry_date",
    "dues_base",
    "is_migrant_worker",
    "education",
    "degree",
    "prof_title",
    "title_level",
    "skill_level",
    "member_no",
    "join_date",
    "branch",
    "union_post",
    "membership_status",
    "membership_changes",
    "marital_status",
    "spouse",
    "children_count",
    "children",
    "family_planning",
    "family_members",
    "mobile",
    "home_address",
    "hobbies",
    "honors",
    "resume",
    "remark",
]


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def whole_years(start: date, day: date) -> int:
    """Whole years; who was born on 29 February is a year older on the 28th of a common year."""
    month, of_month = start.month, start.day
    if (month, of_month) == (2, 29) and not is_leap(day.year):
        of_month = 28
    return day.year - start.year - ((day.month, day.day) < (month, of_month))


def retires(person: dict[str, Any]) -> date | None:
    """The month of retirement, by the formula as it is printed."""
    if person.get("retire_date_hr"):
        return person["retire_date_hr"].replace(day=1)
    born, sex, track = person.get("birth_date"), person.get("sex"), person.get("retire_track")
    if not born:
        return None
    if track is None:
        if sex == "1":
            track = "m60"
        elif sex != "2":
            return None
        elif person.get("title_level") in ("410", "411", "412") or person.get("admin_rank") in ("1", "2", "3"):
            track = "f60"
        else:
            track = "f50" if person.get("post_category") == "4" else "f55"
    old = int(track[1:])
    k = (born.year + old - 2025) * 12 + (born.month - 1)
    delay = 0 if k < 0 else min(60, k // 2 + 1) if old == 50 else min(36, k // 4 + 1)
    months = (born.year + old) * 12 + born.month - 1 + delay
    return date(months // 12, months % 12 + 1, 1)


def birthday_within(born: date, first: str, last: str, year: int) -> bool:
    def inside(begin: str, end: str, of_year: int) -> bool:
        mark = f"{born:%m-%d}"
        if mark == "02-29" and not is_leap(of_year):
            mark = "02-28"
        return begin <= mark <= end

    if first <= last:
        return inside(first, last, year)
    return inside(first, "12-31", year) or inside("01-01", last, year + 1)


def value_of(person: dict[str, Any], name: str, day: date) -> Any:
    if name == "age":
        return None if person.get("birth_date") is None else whole_years(person["birth_date"], day)
    if name == "membership_years":
        return None if person.get("join_date") is None else whole_years(person["join_date"], day)
    if name == "birthday":
        return person.get("birth_date")
    if name == "predicted_retirement":
        return retires(person)
    if name == "union_post":
        return posts(person, day) or None
    if name == "membership_changes":
        return [change for change in person["changes"] if change[1] <= day] or None
    if name == "completeness":
        return sum(
            bool(person["changes"]) if one == "membership_changes" else value_of(person, one, day) is not None
            for one in NUMBERED
        )
    return person.get(name)


def posts(person: dict[str, Any], day: date) -> list[str]:
    return [kind for kind, starts, ends in person["posts"] if starts <= day and (ends is None or day <= ends)]


def _in_words(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def matches(node: dict[str, Any], person: dict[str, Any], day: date, within: dict[str, set[str]]) -> bool:
    """Whether `person` is found by `node` on `day`; `within` tells for a unit's code the codes of its subtree."""
    if "all" in node:
        return all(matches(part, person, day, within) for part in node["all"])
    if "any" in node:
        return any(matches(part, person, day, within) for part in node["any"])
    if "not" in node:
        return not matches(node["not"], person, day, within)
    if "rows" in node:
        low, high = node["age"]
        born = [
            date.fromisoformat(child["birth_date"]) for child in person.get("children") or () if child["birth_date"]
        ]
        return any(low <= whole_years(one, day) <= high for one in born)
    if "post" in node:
        return node["post"] in posts(person, day)
    if "change" in node:
        return any(
            kind == node["change"] and node["from"] <= on.isoformat() <= node["to"] for kind, on in person["changes"]
        )
    name, op, asked = node["field"], node["op"], node.get("value")
    value = value_of(person, name, day)
    if op == "empty":
        return value is None
    if op == "not_empty":
        return value is not None
    if value is None:
        return False
    if name == "birthday":
        if op == "eq":
            mark = f"{value:%m-%d}"
            return mark == asked or (mark == "02-29" and asked == "02-28" and not is_leap(day.year))
        return birthday_within(value, *asked, day.year)
    if name == "union_post":
        held = set(value)
        listed = set(asked) if isinstance(asked, list) else {asked}
        return bool(held & listed) == (op in ("eq", "in"))
    if name == "hobbies":
        listed = set(asked) if isinstance(asked, list) else {asked}
        return bool(set(value) & listed) == (op != "not_in")
    if op == "within":
        return value in within[asked]
    value = _in_words(value)
    if isinstance(value, str) and op in ("contains", "starts"):
        return value.lower().startswith(asked.lower()) if op == "starts" else asked.lower() in value.lower()
    return {
        "eq": lambda: value == asked,
        "ne": lambda: value != asked,
        "lt": lambda: value < asked,
        "le": lambda: value <= asked,
        "gt": lambda: value > asked,
        "ge": lambda: value >= asked,
        "between": lambda: asked[0] <= value <= asked[1],
        "in": lambda: value in asked,
        "not_in": lambda: value not in asked,
        "tail": lambda: value.endswith(asked),
    }[op]()
