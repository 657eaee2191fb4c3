"""The benchmark of the export: what it writes is read back and is what the floor has written."""

from __future__ import annotations

from portal.bench import exporting, place

MEMBERS = 120


def test_the_workbook_holds_the_people_of_the_floor_and_nobody_else(city: place.Place) -> None:
    [case] = exporting.export_cases(city)

    people = case.floor()
    book = case.ours(case.arrange())

    assert len(people) == 120
    assert case.same(people, book)
    assert not case.same(people[1:], book)
    assert not case.same([("某人", *people[0][1:]), *people[1:]], book)
    assert sum(len(number) == 18 for _, number, *_ in people) > 100  # opened, in full
