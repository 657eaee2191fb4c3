"""The benchmark of the import: floor and product write the same members, each round anew, and nothing stays behind."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from portal.bench import batching, bringing, place
from portal.bench.measuring import Case

ROWS, LONGER = 30, 45


@pytest.fixture(scope="module")
def cases(city: place.Place) -> list[Case]:
    return bringing.import_cases(city, page_rows=ROWS, command_rows=LONGER)


def counted(city: place.Place, file: str) -> list[int]:
    with contextlib.closing(sqlite3.connect(city.folder / "copy" / file)) as connection:
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in bringing.TABLES]


def test_both_ways_write_what_the_floor_writes_in_every_round_anew(city: place.Place, cases: list[Case]) -> None:
    for case, rows in zip(cases, (ROWS, LONGER), strict=True):
        for _ in range(2):
            arranged = case.arrange()
            before = counted(city, place.DATABASE)

            people = case.floor()
            told = case.ours(arranged)

            assert len(people) == rows
            assert case.same(people, told), case.name
            assert counted(city, place.DATABASE) == counted(city, bringing.FLOOR) == [one + rows for one in before]


def test_other_people_or_other_rows_are_not_the_same(city: place.Place, cases: list[Case]) -> None:
    case = cases[0]
    arranged = case.arrange()
    people = case.floor()
    assert not case.same(people, None)  # nobody has been brought yet
    told = case.ours(arranged)
    assert case.same(people, told)

    assert not case.same([*people[1:], people[0]], told)
    with contextlib.closing(sqlite3.connect(city.folder / "copy" / place.DATABASE)) as connection:
        connection.execute(
            "UPDATE member_versions SET remark = '另一句' WHERE id = (SELECT max(id) FROM member_versions)"
        )
        connection.commit()
    assert not case.same(people, told)


def test_the_seeded_city_is_left_as_it_was_and_the_copy_goes(city: place.Place) -> None:
    with city.reading():
        before = place.rows_sha256()
    with place.place_at(city.folder) as here:
        [case, _] = bringing.import_cases(here, page_rows=ROWS, command_rows=LONGER)
        case.ours(case.arrange())
        assert (city.folder / "copy").exists()

    assert not (city.folder / "copy").exists()
    with city.reading():
        assert place.rows_sha256() == before


def test_a_batch_edit_writes_what_its_floor_writes_and_a_preview_alone_does_not(city: place.Place) -> None:
    [case] = batching.batch_cases(city, people=30)
    arranged = case.arrange()
    number = case.floor()
    assert not case.same(number, batching.SEE_OTHER)  # nobody has been changed yet

    assert case.same(number, case.ours(arranged))
    assert not case.same(29, batching.SEE_OTHER)
