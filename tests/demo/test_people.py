"""The invented people: well formed, free of contradiction, and nobody's."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core import kinds
from portal.core.kinds import Kind
from portal.demo.naming import HARD_NAMES
from portal.demo.numbers import Numbers, check_digit, counties
from portal.demo.people import Invented, Inventor, Place, retirement
from portal.members import documents
from portal.members.catalogue import FIELD, FIELDS, REQUIRED_FULL
from portal.members.checks import check
from portal.members.enums import IdType, MembershipStatus

TODAY = date(2026, 9, 1)
PLACES = {
    "school": (Place("海港大学", ("机械工程学院",), "college"), Place("海港大学", ("图书馆", "人事处"), "office")),
    "city": (Place("滨海市第一食品有限公司", ("综合部",), "city"),),
}
ALWAYS_KNOWN = {"id_type", "membership_status"}  # columns that hold a code for everybody

profiles = st.sampled_from(["school", "city"])
seeds = st.integers(0, 2**32)


def people(count: int, *, seed: int = 1, profile: str = "school") -> list[Invented]:
    inventor = Inventor(Random(seed), profile=profile, today=TODAY)
    return [inventor.member(PLACES[profile][number % len(PLACES[profile])]) for number in range(count)]


def test_check_digit_of_the_standard_s_example() -> None:
    assert check_digit("11010519491231002") == "X"


@given(seed=seeds, profile=profiles)
@settings(max_examples=150, deadline=None)
def test_a_document_says_what_the_record_says(seed: int, profile: str) -> None:
    values = people(1, seed=seed, profile=profile)[0].values

    read = documents.read(values["id_type"], values["id_number"])

    assert (read.id_type, read.number, read.warnings) == (values["id_type"], values["id_number"], ())
    assert read.birth_date in (None, values["birth_date"])
    assert read.sex in (None, values["sex"])


@given(seed=seeds, profile=profiles)
@settings(max_examples=150, deadline=None)
def test_a_member_passes_every_rule_of_the_house(seed: int, profile: str) -> None:
    values = people(1, seed=seed, profile=profile)[0].values

    checked, _ = check(values, required=("name", "id_number"), today=TODAY)

    assert checked == values


@given(seed=seeds, profile=profiles)
@settings(max_examples=150, deadline=None)
def test_every_value_is_as_its_kind_would_read_it(seed: int, profile: str) -> None:
    values = people(1, seed=seed, profile=profile)[0].values
    typed = {name: value for name, value in values.items() if name in FIELD and value is not None}

    assert {name: kinds.parse(FIELD[name], value) for name, value in typed.items()} == typed


@given(seed=seeds, profile=profiles)
@settings(max_examples=150, deadline=None)
def test_the_turns_of_a_membership_follow_each_other(seed: int, profile: str) -> None:
    person = people(1, seed=seed, profile=profile)[0]
    days = [turn.on for turn in person.turns]

    assert days[0] == person.joined == person.values["join_date"]
    assert person.values["school_entry_date"] is None or person.values["school_entry_date"] <= person.joined
    assert all(before < after for before, after in pairwise(days))
    assert days[-1] <= TODAY
    assert person.is_active == (len(days) == 1)


@given(seed=seeds)
@settings(max_examples=150, deadline=None)
def test_an_applicant_has_answered_the_whole_form(seed: int) -> None:
    values = Inventor(Random(seed), profile="school", today=TODAY).applicant(PLACES["school"][seed % 2])

    checked, _ = check(values, required=REQUIRED_FULL, today=TODAY)

    assert checked == values


def test_nobody_can_hold_the_invented_documents() -> None:
    numbers = [person.values["id_number"] for person in people(400) if person.values["id_type"] == "1"]

    assert len(numbers) > 350
    assert {number[14:17] for number in numbers} == {"996", "997", "998", "999"}


def test_no_number_comes_twice() -> None:
    everybody = people(3000)
    for name in ("id_number", "mobile", "staff_no"):
        given_out = [person.values[name] for person in everybody if person.values[name] is not None]
        assert len(set(given_out)) == len(given_out) > 2500


def test_two_people_of_one_county_and_day_get_two_numbers() -> None:
    numbers = Numbers(Random(1))
    code = counties()[0][0]

    made = {numbers.document(IdType.IDENTITY_CARD, code, "1", date(1980, 2, 29)) for _ in range(5)}

    assert len(made) == 5


@pytest.mark.parametrize("count", [100, 600])
@pytest.mark.parametrize("profile", ["school", "city"])
def test_every_coded_field_has_several_codes_and_some_gaps(profile: str, count: int) -> None:
    everybody = people(count, profile=profile)
    coded = [field for field in FIELDS if field.kind is Kind.CHOICE]
    assert len(coded) >= 17
    for field in coded:
        found = {person.values[field.name] for person in everybody}
        assert len(found - {None}) >= 2, field.name
        assert (None in found) == (field.name not in ALWAYS_KNOWN), field.name


def test_names_that_break_programs_are_there() -> None:
    names = {person.values["name"] for person in people(600)}

    assert {name for _, _, name in HARD_NAMES} <= names
    assert sum(any(ord(character) > 0xFFFF for character in name) for name in names) >= 3
    assert max(map(len, names)) >= 28


def test_the_retired_keep_their_membership() -> None:
    everybody = people(1000)
    retired = [person for person in everybody if person.values["employment_status"] == "4"]

    assert 50 < len(retired) < 250
    for person in retired:
        assert person.values["membership_status"] == MembershipStatus.RETAINED
        if person.values["sex"] in ("1", "2"):
            assert person.turns[-1].on == retirement(person.values["sex"], person.values["birth_date"])
        assert person.values["remark"].startswith(f"{person.turns[-1].on.year}年")


@pytest.mark.parametrize(
    ("sex", "born", "day"),
    [
        ("1", date(1964, 12, 31), date(2025, 1, 1)),  # the last man of the old age
        ("1", date(1965, 1, 1), date(2025, 3, 1)),  # 60 years and 1 month
        ("1", date(1976, 9, 9), date(2039, 10, 1)),  # 63 years
        ("2", date(1981, 9, 9), date(2039, 10, 1)),  # 58 years
        ("2", date(1969, 12, 5), date(2025, 1, 1)),
    ],
)
def test_retirement_follows_the_decision_of_2024(sex: str, born: date, day: date) -> None:
    assert retirement(sex, born) == day


def test_the_same_seed_invents_the_same_people() -> None:
    assert people(50, seed=7) == people(50, seed=7)
    assert people(50, seed=7) != people(50, seed=8)
