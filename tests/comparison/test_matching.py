"""Which row means which member: the keys in their order, and whatever only a person can tell."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from portal.comparison.listed import Listed, Problems, from_plain
from portal.comparison.matching import (
    BIRTH_DIFFERS,
    ID_DIFFERS,
    ID_DIFFERS_BY_NAME,
    NAME_ALONE,
    NAME_DIFFERS,
    SEVERAL,
    Known,
    Matched,
    match,
    single,
)

BORN, OTHER_DAY = date(1980, 1, 2), date(1981, 3, 4)
A, B = ("1", "a" * 64), ("1", "b" * 64)


def row(number: int = 3, name: str = "殷晓梅", **given: Any) -> Listed:
    """Somebody on the list."""
    return Listed(number, name, values={"name": name}, **given)


def member(number: int = 1, name: str = "殷晓梅", **given: Any) -> Known:
    """Somebody in the house, of whom nothing is known but her name."""
    known: dict[str, Any] = {"staff_no": None, "document": None, "born": None, "department": ""}
    return Known(number, name, **(known | given))


def outcome(found: Matched) -> tuple[list[tuple[int, int]], list[tuple[int, int, str]], list[int], list[int]]:
    """Pairs, doubts, rows and members that stand alone, by their numbers."""
    return (
        [(one.number, other.id) for one, other in found.pairs],
        [(one.row.number, one.member.id, one.why) for one in found.doubts],
        [one.number for one in found.only_there],
        [one.id for one in found.only_here],
    )


PAIR: Any = ([(3, 1)], [], [], [])
ALONE: Any = ([], [], [3], [1])


def doubt(why: str) -> Any:
    """Only a person can tell."""
    return [], [(3, 1, why)], [], []


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        # the document decides, whatever else is said
        ({"document": A, "name": "王改姓", "staff_no": "9001"}, {"document": A, "staff_no": "9002"}, PAIR),
        # then the number, unless something contradicts it
        ({"staff_no": "9001"}, {"staff_no": "9001"}, PAIR),
        ({"staff_no": "9001", "document": A, "born": BORN}, {"staff_no": "9001"}, PAIR),
        ({"staff_no": "9001", "document": A}, {"staff_no": "9001", "document": B}, doubt(ID_DIFFERS)),
        ({"staff_no": "9001", "born": BORN}, {"staff_no": "9001", "born": OTHER_DAY}, doubt(BIRTH_DIFFERS)),
        ({"staff_no": "9001", "name": "王改姓"}, {"staff_no": "9001"}, doubt(NAME_DIFFERS)),
        ({"staff_no": "9001", "name": "王改姓", "born": BORN}, {"staff_no": "9001", "born": BORN}, PAIR),
        ({"staff_no": "9001", "name": "王新号", "born": BORN}, {"staff_no": "9001", "born": OTHER_DAY}, ALONE),
        ({"staff_no": "9001", "name": "王新号", "document": A}, {"staff_no": "9001", "document": B}, ALONE),
        # then the name with the day of birth; a new number is no other person
        ({"born": BORN, "staff_no": "9001"}, {"born": BORN, "staff_no": "9002"}, PAIR),
        ({"born": BORN, "document": A}, {"born": BORN, "document": B}, doubt(ID_DIFFERS_BY_NAME)),
        ({"born": BORN, "document": A}, {"born": OTHER_DAY, "document": B}, ALONE),
        # then the name with the department
        ({"department": "教务处"}, {"department": "教务处", "staff_no": "9001", "born": BORN}, PAIR),
        ({"department": "教 务处", "staff_no": "901"}, {"department": "教务处", "staff_no": "902"}, doubt(NAME_ALONE)),
        ({"department": "教务处", "born": BORN}, {"department": "教务处", "born": OTHER_DAY}, ALONE),
        # a name alone never
        ({}, {}, doubt(NAME_ALONE)),
        ({"department": "教务处"}, {"department": "机械系"}, doubt(NAME_ALONE)),
        ({"name": "别人"}, {}, ALONE),
        ({"name": "买买提 • 吐尔逊", "born": BORN}, {"name": "买买提吐尔逊", "born": BORN}, PAIR),
    ],
)  # fmt: skip
def test_the_keys_in_their_order(theirs: dict[str, Any], ours: dict[str, Any], expected: Any) -> None:
    assert outcome(match([row(**theirs)], [member(**ours)], decisions={})) == expected


def test_two_of_one_name_are_told_apart_or_left_to_a_person() -> None:
    twins = [member(1, born=BORN, department="教务处"), member(2, born=BORN, department="教务处")]

    by_birth = match([row(born=BORN)], twins, decisions={})
    by_document = match(
        [row(3, document=B), row(4, document=A)], [member(1, document=A), member(2, document=B)], decisions={}
    )
    two_rows = match([row(3, department="教务处"), row(4, department="教务处")], [twins[0]], decisions={})

    assert outcome(by_birth) == ([], [(3, 1, SEVERAL), (3, 2, SEVERAL)], [], [])
    assert outcome(by_document) == ([(3, 2), (4, 1)], [], [], [])
    assert outcome(two_rows) == ([], [(3, 1, NAME_ALONE), (4, 1, NAME_ALONE)], [], [])


def test_a_doubt_ends_where_either_has_found_another() -> None:
    rows = [row(3, "王改姓", staff_no="9001"), row(4, document=A)]
    found = match(rows, [member(1, staff_no="9001", document=A)], decisions={})

    assert outcome(found) == ([(4, 1)], [], [3], [])


def test_a_number_of_somebody_else_is_said() -> None:
    found = match(
        [row(name="王新号", staff_no="9001", document=A)], [member(1, staff_no="9001", document=B)], decisions={}
    )

    assert {number: known.id for number, known in found.reused.items()} == {3: 1}


def test_what_a_person_has_said_counts_first(app) -> None:
    one = row(department="教务处")
    people = [member(1, department="教务处"), member(2, department="机械系")]

    as_other = match([one], people, decisions={(one.key, 2): True})
    not_her = match([one], people, decisions={(one.key, 1): False})
    neither = match([one], people, decisions={(one.key, 1): False, (one.key, 2): False})

    assert outcome(as_other) == ([(3, 2)], [], [], [1])
    assert outcome(not_her) == ([], [(3, 2, NAME_ALONE)], [], [1])
    assert outcome(neither) == ([], [], [3], [1, 2])


def test_a_person_who_stands_twice_is_compared_once_and_told() -> None:
    problems = Problems()
    rows = [
        row(3, document=A, staff_no="9001"), row(4, document=A), row(5, staff_no="9001"),
        row(6, "王一", born=BORN, department="教务处"), row(7, "王一", born=BORN, department="教务处"),
        row(8, "王二", staff_no="9001"),
    ]  # fmt: skip

    kept, doubtful = single(rows, problems)

    assert [one.number for one in kept] == [3, 6, 8]
    assert doubtful == {"9001"}
    assert problems.told() == [
        ("与第 3 行是同一个人，只比对第 3 行", [4, 5]),
        ("与第 6 行是同一个人，只比对第 6 行", [7]),
        ("工号与第 3 行相同，人却不同，这两行都没有按工号比对", [8]),
    ]


def test_a_number_that_the_list_gives_twice_decides_nothing() -> None:
    rows = [row(3, staff_no="9001"), row(4, "王二", staff_no="9001")]

    found = match(rows, [member(1, staff_no="9001")], doubtful=frozenset({"9001"}), decisions={})

    assert outcome(found) == ([], [(3, 1, NAME_ALONE)], [4], [])


def test_numbers_in_a_sentence_are_hidden(app) -> None:
    problems = Problems()

    problems.tell(7, '职称"11010519491231002X"不在国标代码表中')

    assert problems.told() == [('职称"**************002X"不在国标代码表中', [7])]


def test_a_row_comes_back_as_it_was_kept(app) -> None:
    one = row(staff_no="9001", document=A, born=BORN, department="教务处")
    one.values |= {"staff_no": "9001", "work_start_date": date(2004, 7, 1)}

    assert from_plain(one.as_plain()) == one
