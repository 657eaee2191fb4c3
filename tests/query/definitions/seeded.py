"""Thirteen people, each there for a reason, known by a letter; what each preset finds of them is counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import time_machine

from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history
from portal.members.enums import ChangeReason, ChangeType
from portal.members.models import Member, MembershipChange
from portal.org.models import OrgUnit
from portal.query import asking
from portal.query.definitions.questions import Opened
from tests import factories
from tests.query.people import noon

BEGUN, TODAY = date(2025, 1, 10), date(2026, 11, 21)


def _child(born: str) -> dict[str, Any]:
    return {"name": "小明", "sex": "1", "birth_date": born}


def _wed(name: str) -> dict[str, Any]:
    return {"name": name, "is_member_here": True}


# letter: name, unit, and what differs from a woman clerk born in 1975
PEOPLE: dict[str, tuple[str, str, dict[str, Any]]] = {
    # 45 on the very day
    "A": ("赵晓梅", "a", {
        "birth_date": date(1981, 11, 21), "post_category": "1", "title_level": "412", "marital_status": "21",
        "children_count": 1, "children": [_child("2020-08-31")], "spouse": _wed("钱建国"), "political_status": "01",
        "education": "11", "degree": "201", "confirmed_at": datetime(2026, 11, 1, tzinfo=UTC),
    }),
    # her husband, a day younger, in another branch
    "B": ("钱建国", "b", {
        "sex": "1", "birth_date": date(1981, 11, 22), "post_category": "1", "title_level": "411",
        "marital_status": "20", "children_count": 1, "children": [_child("2020-08-31")], "spouse": _wed("赵晓梅"),
    }),
    "C": ("孙子轩", "a", {
        "sex": "1", "birth_date": date(1996, 2, 29), "post_category": "4", "title_level": "420", "ethnicity": "11",
        "political_status": "05", "employment_form": "4", "is_migrant_worker": True, "marital_status": "10",
    }),
    # 35 until the fifth of December
    "D": ("李雅琴", "a", {"birth_date": date(1990, 12, 5), "marital_status": "40", "children_count": 0}),
    # belongs to no branch, and retires this month
    "E": ("周志强", "root", {
        "sex": "1", "birth_date": date(1966, 6, 15), "marital_status": "20", "children_count": 0,
    }),
    "F": ("吴海燕", "b", {
        "birth_date": date(1971, 8, 15), "retire_date_hr": date(2027, 9, 30), "marital_status": "30",
        "children_count": 1, "family_planning": "1", "ethnicity": None,
    }),
    # retained since March
    "G": ("郑文博", "b", {"sex": "1", "birth_date": date(1965, 3, 1)}),
    # died in the month of his birthday
    "H": ("王明哲", "a", {"sex": "1", "birth_date": date(1980, 11, 3)}),
    # in a branch that has been closed
    "I": ("冯丽娟", "closed", {"birth_date": date(2000, 11, 30), "post_category": "1"}),
    # two posts, counted by another union
    "J": ("陈思远", "b", {
        "sex": "1", "birth_date": date(1995, 1, 1), "post_category": "1", "employment_form": "4",
        "marital_status": "10", "counted_here": False,
    }),
    # left in May
    "K": ("褚秀兰", "b", {"birth_date": date(1988, 2, 28)}),
    # joined in September
    "L": ("卫雨桐", "b", {
        "birth_date": date(1995, 11, 30), "post_category": "1", "political_status": "02", "education": "14",
        "marital_status": "10",
    }),
    "M": ("蒋文博", "a", {
        "sex": "1", "birth_date": date(1985, 5, 5), "post_category": "1", "title_level": "435", "degree": "3",
        "marital_status": "21", "children_count": 2, "children": [_child("2023-08-31"), _child("2014-09-01")],
    }),
}  # fmt: skip
LATER = {
    "G": (date(2026, 3, 1), "retained", ChangeType.RETAINED, ChangeReason.RETIRED),
    "K": (date(2026, 5, 1), "withdrawn", ChangeType.WITHDRAWN, ChangeReason.OWN_WISH),
    "L": (date(2026, 9, 1), "", ChangeType.JOINED, None),
    "H": (date(2026, 11, 5), "deceased", ChangeType.DIED, ChangeReason.DIED),
}


def seed(units: dict[str, OrgUnit]) -> dict[str, Member]:
    """Write the thirteen as they came, stayed and went, and return them by letter."""
    found: dict[str, Member] = {}
    with time_machine.travel(noon(BEGUN), tick=False):
        for letter in PEOPLE:
            if letter != "L":
                found[letter] = _begin(letter, units)
        db.session.commit()
    for letter, (day, status, kind, reason) in LATER.items():
        with time_machine.travel(noon(day), tick=False):
            if letter not in found:
                found[letter] = _begin(letter, units)
            if status:
                history.write(found[letter], {"membership_status": status}, SHELL, reason=kind.label)
            db.session.add(MembershipChange(member=found[letter], kind=kind, on_date=day, reason=reason))
            db.session.commit()
    return found


def _begin(letter: str, units: dict[str, OrgUnit]) -> Member:
    name, unit, said = PEOPLE[letter]
    usual = {"sex": "2", "birth_date": date(1975, 6, 15), "post_category": "2", "join_date": date(2010, 9, 1)}
    values = factories.a_person(**{**usual, **said}, name=name).values
    return history.begin(values, units[unit], SHELL, reason="入会")


def letters(actor: Any, found: Opened) -> str:
    """Return the letters of those whom an opened question finds, in their order."""
    by_name = {name: letter for letter, (name, _, _) in PEOPLE.items()}
    numbers = asking.ids(actor, found.asked)
    return "".join(sorted(by_name[db.session.get_one(Member, number).name] for number in numbers))
