"""The benchmark of the export: what it writes is read back and is what the floor has written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.bench import exporting, place
from portal.core import crypto, uploads


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[place.Place]:
    """A small seeded city; afterwards the process has its own keys and folder back."""
    keys, folder = crypto._keys, uploads._folder
    made = place.seeded(tmp_path_factory.mktemp("bench"), 120, lambda sentence: None)
    with place.place_at(made) as here:
        yield here
    if keys is not None:
        crypto.use(keys)
    if folder is not None:
        uploads.use(folder)


def test_the_workbook_holds_the_people_of_the_floor_and_nobody_else(city: place.Place) -> None:
    [case] = exporting.export_cases(city)

    people = case.floor()
    book = case.ours(case.arrange())

    assert len(people) == 120
    assert case.same(people, book)
    assert not case.same(people[1:], book)
    assert not case.same([("某人", *people[0][1:]), *people[1:]], book)
    assert sum(len(number) == 18 for _, number, *_ in people) > 100  # opened, in full
