"""A small population with many gaps, edited once since, remembered in plain dictionaries as of two days."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import time_machine

from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history
from portal.members.enums import ChangeType, PostKind
from portal.members.models import MembershipChange, UnionPost
from portal.org.models import OrgUnit
from tests import factories

BEGUN, PAST, EDITED = date(2024, 2, 29), date(2025, 2, 28), date(2025, 9, 1)
GIVEN = ("晓梅", "建国", "雅琴", "梅", "100%真", "o_o", "子轩")


@dataclass
class People:
    """`now` and `past` are what is known of each member by number, as of today and as of PAST."""

    units: dict[str, OrgUnit]
    now: dict[int, dict[str, Any]] = field(default_factory=dict)
    past: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def within(self) -> dict[str, set[str]]:
        """The codes of each unit's subtree."""
        units = list(self.units.values())
        return {top.code: {one.code for one in units if one.path.startswith(top.path)} for top in units}


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def _maybe(rng: random.Random, value: Any, gap: float = 0.2) -> Any:
    return None if rng.random() < gap else value


def _drawn(rng: random.Random) -> dict[str, Any]:
    """What may stand on a sheet, gaps included; days lie where ages and months turn."""
    born = rng.choice([date(1984, 2, 29), date(1981, 2, 28), date(1980, 2, 28), date(1965, 1, 31), date(1976, 9, 1)])
    born += timedelta(days=rng.choice([0, 0, 1, -1, 400, 3000, -2500, 9000]))
    children = _maybe(rng, [
        {"name": "小明", "sex": "1", "birth_date": date(rng.randint(2008, 2023), rng.randint(1, 12), 15).isoformat()}
        for _ in range(rng.randint(0, 3))
    ], 0.3)  # fmt: skip
    return {
        "sex": _maybe(rng, rng.choice("12")),
        "birth_date": _maybe(rng, born, 0.1),
        "ethnicity": _maybe(rng, rng.choice(["01", "11", "05"])),
        "political_status": _maybe(rng, rng.choice(["01", "03", "13"])),
        "department": _maybe(rng, rng.choice(["教务处", "图书馆", "C_B%实验室", "c_b\\楼"])),
        "post_category": _maybe(rng, rng.choice("1249")),
        "title_level": _maybe(rng, rng.choice(["411", "412", "420", "499"])),
        "admin_rank": _maybe(rng, rng.choice("036")),
        "education": _maybe(rng, rng.choice(["11", "14", "21", "31"])),
        "work_start_date": _maybe(rng, date(rng.randint(1990, 2020), rng.randint(1, 12), 1)),
        "join_date": _maybe(rng, date(rng.randint(1995, 2024), 2, rng.choice([1, 28]))),
        "marital_status": _maybe(rng, rng.choice(["10", "20", "21", "40"])),
        "children": children,
        "children_count": _maybe(rng, rng.randint(0, 3), 0.3),
        "is_migrant_worker": _maybe(rng, rng.random() < 0.5),
        "hobbies": _maybe(rng, sorted(rng.sample(["01", "02", "10", "99"], rng.randint(1, 3)))),
        "home_address": _maybe(rng, "海港区河北大街"),
        "membership_status": rng.choice(["active", "active", "retained", "withdrawn"]),
        "counted_here": rng.random() < 0.8,
        "retire_track": _maybe(rng, rng.choice(["m60", "f50", "f55"]), 0.8),
        "retire_date_hr": _maybe(rng, date(rng.randint(2024, 2045), 5, 20), 0.8),
        "remark": _maybe(rng, rng.choice(["“引号”'", "100%", "a_b"]), 0.5),
    }


def populate(units: dict[str, OrgUnit], number: int, seed: int = 1) -> People:
    """Write `number` members; a third are edited later, one in ten moves to another unit."""
    rng = random.Random(seed)
    people = People(units)
    places = [units["root"], units["a"], units["a"], units["b"]]
    written = []
    with time_machine.travel(noon(BEGUN), tick=False):
        for serial in range(number):
            person = factories.a_person(**_drawn(rng), name=rng.choice("张王李") + rng.choice(GIVEN)).values
            person["mobile"] = _maybe(rng, f"138{serial:08d}")
            member = history.begin(person, place := rng.choice(places), SHELL, reason="入会")
            told = {**person, "branch": place.code, "posts": [], "changes": []}
            told["changes"] = [(rng.choice("137"), date(2024, rng.randint(1, 12), 3)) for _ in range(rng.randint(0, 2))]
            if rng.random() < 0.2:
                told["posts"] = [
                    (rng.choice(["04", "06", "12"]), date(2024, 1, 1), rng.choice([None, date(2025, 6, 30)]))
                ]
            for kind, starts, ends in told["posts"]:
                post = UnionPost(member=member, kind=PostKind(kind), unit=place, starts=starts, ends=ends)  # type: ignore[call-arg]
                db.session.add(post)
            for kind, on in told["changes"]:
                db.session.add(MembershipChange(member=member, kind=ChangeType(kind), on_date=on))  # type: ignore[call-arg]
            people.past[member.id] = told
            written.append(member)
    db.session.commit()
    with time_machine.travel(noon(EDITED), tick=False):
        for member in written:
            told = dict(people.past[member.id])
            if rng.random() < 0.35:
                edits = {name: value for name, value in _drawn(rng).items() if rng.random() < 0.3}
                edits.pop("children", None)  # whose births are known as of today alone
                if rng.random() < 0.3:
                    place = rng.choice(places)
                    told["branch"] = place.code
                    edits["branch"] = place
                history.write(member, edits, SHELL, reason="修改")
                told.update({name: value for name, value in edits.items() if name != "branch"})
            people.now[member.id] = told
    db.session.commit()
    return people
