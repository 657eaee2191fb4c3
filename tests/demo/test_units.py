"""The invented trees."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.demo.units import chinese, plans, sizes
from portal.org.models import UnitKind


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (24, "二十四"), (100, "一百"), (105, "一百零五"),
        (110, "一百一十"), (111, "一百一十一"), (1005, "一千零五"), (14999, "一万四千九百九十九"), (20000, "二万"),
    ],
)  # fmt: skip
def test_numbers_in_chinese(number: int, words: str) -> None:
    assert chinese(number) == words


@given(units=st.integers(1, 2000), profile=st.sampled_from(["school", "city"]))
@settings(max_examples=60, deadline=None)
def test_a_tree_has_as_many_units_as_asked_for(units: int, profile: str) -> None:
    made = plans(profile, units)

    assert len(made) == units
    assert len({plan.code for plan in made}) == len({plan.name for plan in made}) == units
    assert all(re.fullmatch(r"[A-Z0-9-]{1,20}", plan.code) for plan in made)
    assert [plan.parent for plan in made].index(None) == 0
    assert all(plan.parent is not None and plan.parent < place for place, plan in enumerate(made) if place)
    assert any(plan.place for plan in made)


def test_branches_are_named_by_number() -> None:
    made = plans("school", 25)

    assert (made[0].code, made[0].kind, made[0].place) == ("GH", UnitKind.UNION, None)
    assert [(plan.code, plan.name) for plan in made[1:3]] == [("GH01", "第一分工会"), ("GH02", "第二分工会")]
    assert (made[24].code, made[24].name, made[24].parent) == ("GH24", "第二十四分工会", 0)


def test_a_single_unit_takes_the_members_itself() -> None:
    for profile in ("school", "city"):
        (root,) = plans(profile, 1)
        assert root.kind is UnitKind.UNION
        assert root.place is not None


def test_a_city_has_its_levels_even_when_small() -> None:
    assert [plan.kind for plan in plans("city", 5)] == [
        UnitKind.CITY, UnitKind.COUNTY, UnitKind.TOWN, UnitKind.UNION, UnitKind.UNION,
    ]  # fmt: skip
    large = Counter(plan.kind for plan in plans("city", 400))
    assert set(large) == {
        UnitKind.CITY, UnitKind.COUNTY, UnitKind.SYSTEM, UnitKind.INDUSTRY, UnitKind.TOWN, UnitKind.UNION,
    }  # fmt: skip
    assert large[UnitKind.UNION] > 300


def test_members_of_a_city_stand_in_its_unions() -> None:
    assert {plan.kind for plan in plans("city", 200) if plan.place} == {UnitKind.UNION}


def test_sizes_are_skewed() -> None:
    rng = Random(1)
    urn = sizes(rng, 24)
    drawn = Counter(urn.draw(rng) for _ in range(5000))

    assert len(drawn) == 24
    assert drawn.most_common(1)[0][1] > 4 * min(drawn.values())
