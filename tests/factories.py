"""Invented people and units. Each builder adds to the session and flushes; none commits."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.org.models import Grant, OrgUnit, UnitKind, User
from portal.org.permissions import Role
from portal.org.service import found_unit

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FAMILY_NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
GIVEN_NAMES = ("晓梅", "建国", "雅琴", "子轩", "文博", "丽娟", "志强", "思远", "海燕", "明哲", "秀兰", "雨桐")

# every full ID number a builder has made in this process: the client looks for them on each page
numbers_made: set[str] = set()

_serial = itertools.count(1)


def check_digit(first_17: str) -> str:
    """Return the 18th character of an ID number (GB 11643-1999)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS, strict=True)) % 11]


def id_number(
    *, birth: date = date(1985, 6, 15), sex: str = "2", area: str = "130302", serial: int | None = None
) -> str:
    """Return an ID number with a valid check digit that nobody has got from here before; `sex` is "1" or "2"."""
    place = (next(_serial) if serial is None else serial) % 500 * 2 + (1 if sex == "1" else 0)
    first_17 = f"{area}{birth:%Y%m%d}{place:03d}"
    number = first_17 + check_digit(first_17)
    numbers_made.add(number)
    return number


@dataclass(frozen=True)
class Person:
    """Who fills in a form. `values` are keyed by catalogue names, as parsed; `inputs` are the same as typed."""

    values: dict[str, Any]

    @property
    def name(self) -> str:
        """Her name."""
        return str(self.values["name"])

    @property
    def id_number(self) -> str:
        """Her number."""
        return str(self.values["id_number"])


def a_person(**values: Any) -> Person:
    """Return someone with all that a full application asks for, unlike anyone before; `values` replaces parts."""
    serial = next(_serial)
    birth = date(1970, 1, 1) + timedelta(days=serial * 37 % 11000)
    sex = "12"[serial % 2]
    person = {
        "name": FAMILY_NAMES[serial % len(FAMILY_NAMES)] + GIVEN_NAMES[serial // len(FAMILY_NAMES) % len(GIVEN_NAMES)],
        "sex": sex,
        "birth_date": birth,
        "ethnicity": "01",
        "native_place": "河北秦皇岛",
        "political_status": "13",
        "id_type": "1",
        "id_number": id_number(birth=birth, sex=sex, serial=serial),
        "staff_no": f"T{serial:06d}",
        "department": "教务处",
        "employment_form": "1",
        "post_category": "1",
        "work_start_date": date(birth.year + 24, 7, 1),
        "education": "21",
        "mobile": f"139{serial:08d}",
        "resume": [{"start": f"{birth.year + 24}-07", "end": None, "place": "海港大学", "post": "教师", "witness": ""}],
    }
    person.update(values)
    if person.get("id_number"):
        numbers_made.add(str(person["id_number"]))
    return Person(person)


def make_unit(parent: OrgUnit | None, *, code: str, name: str, is_enabled: bool = True, **columns: Any) -> OrgUnit:
    """Add a unit: without a parent a 校工会 that approves members, else a branch that accepts them."""
    if parent is None:
        columns = {"kind": UnitKind.UNION, "approves_members": True, "needs_opinion": True, **columns}
    else:
        columns = {"kind": UnitKind.BRANCH, "accepts_members": True, "contact_phone": "0335-8050000", **columns}
    unit = found_unit(SHELL, parent=parent, code=code, name=name, **columns)
    unit.is_enabled = is_enabled
    return unit


def make_user(
    role: Role | None = None,
    unit: OrgUnit | None = None,
    *,
    starts: date | None = None,
    ends: date | None = None,
    **columns: Any,
) -> User:
    """Add an account without a password, with `role` at `unit` if given.

    The grant holds from `starts` (default: a year ago) up to and including `ends` (None: open).
    """
    serial = next(_serial)
    name = role.label if role else FAMILY_NAMES[serial % len(FAMILY_NAMES)] + "雨薇"
    user = User(**{"username": f"u{serial:06d}", "name": name, **columns})
    db.session.add(user)
    if role is not None and unit is not None:
        since = starts or today() - timedelta(days=365)
        db.session.add(Grant(user=user, role=role, unit=unit, starts=since, ends=ends))
    db.session.flush()  # the tests name people by number
    return user
