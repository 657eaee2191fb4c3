"""A narrow look at a change says of the changed fields what the whole look says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from portal.core import kinds
from portal.core.calendar import today
from portal.core.errors import Problems
from portal.core.kinds import Kind
from portal.members import checks, history
from portal.members.catalogue import FIELD
from portal.query.batches.offering import FOR_MANY
from tests import factories
from tests.conftest import PROOF

CHILDREN: list[Any] = [
    None,
    [],
    [{"name": "小明", "birth_date": "2016-05-01", "is_only_child": True}],
    [{}, {"sex": "1"}],
]


class Watched(dict[str, Any]):
    """Values that remember what was read of them."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.read.add(name)
        super().__setitem__(name, value)


def records(number: int) -> Iterator[dict[str, Any]]:
    """Records as the database holds them: whole, with gaps, and with families of every kind."""
    rng = random.Random(5)
    for _ in range(number):
        values = factories.a_person(
            marital_status=rng.choice([None, "10", "21", "40"]), children_count=rng.choice([None, 0, 1, 2]),
            children=rng.choice(CHILDREN), spouse=rng.choice([None, {"name": "王伟"}]),
            family_planning=rng.choice([None, "1", "2"]), degree=rng.choice([None, "3", "4"]),
            prof_title=rng.choice([None, "011", "013"]), employment_form=rng.choice(["1", "4"]),
        ).values  # fmt: skip
        blank = {name: None for name in FIELD if name in history.WRITABLE and name != "branch"}
        try:
            values, _ = checks.check(blank | values, today=today())
        except Problems:
            continue  # of a record that is wrong already the whole look says less
        yield blank | {name: value for name, value in values.items() if name in blank}


def new_values(name: str) -> list[Any]:
    field = FIELD[name]
    match field.kind:
        case Kind.CHOICE:
            return [*[code for code, _ in kinds.options_of(field)][:6], None]
        case Kind.BOOL:
            return [True, False, None]
        case Kind.INTEGER:
            return [0, 1, 2, None]
        case Kind.DATE | Kind.MONTH:
            return [kinds.parse(field, text) for text in ("1950-05-01", "1990-05-01", "2010-09-01")] + [None]
        case Kind.MULTI_CHOICE:
            return [["1"], None]
    return ["新的", None]


def looked(record: dict[str, Any], changed: dict[str, Any], *, is_narrow: bool) -> Any:
    try:
        written, warnings = checks.check_change(record, changed, today=today(), is_narrow=is_narrow)
    except Problems as problems:
        return problems.errors
    return {name: written[name] for name in written if name in checks.needed_by(changed)}, set(warnings)


@pytest.mark.parametrize("name", [field.name for field in FOR_MANY])
def test_a_narrow_look_finds_what_the_whole_look_finds(app, name):
    found = 0
    for record in records(200 if PROOF else 20):
        for value in new_values(name):
            whole, narrow = (looked(record, {name: value}, is_narrow=is_narrow) for is_narrow in (False, True))
            if isinstance(whole, dict):
                assert narrow == whole
            else:
                assert (narrow[0], narrow[1] <= whole[1]) == (whole[0], True)
                found += bool(narrow[0])
    assert found


def test_each_rule_reads_no_more_than_it_is_said_to(app):
    for record in records(200 if PROOF else 40):
        for rule, told in checks._READ.items():
            values = Watched(record)
            rule(values, today(), checks._Findings())
            assert values.read <= told, rule
