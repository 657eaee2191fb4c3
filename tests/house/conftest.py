"""The full house, for the tests that walk all of it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import PROOF, Prepared
from tests.house.walk import TOLD_APART, Walk


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave those whom only Python tells apart to SQLite, where a whole walk is made by each of them."""
    given = {item: getattr(item, "callspec", None) for item in items}
    left = [
        item
        for item, spec in given.items()
        if spec and spec.params.get("prepared") == "postgresql" and not PROOF
        and spec.params.get("principal", TOLD_APART[0]) not in TOLD_APART
    ]  # fmt: skip
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture
def walk(app: Flask, prepared: Prepared) -> Walk:
    """The house, its people and their browsers: built once in a process, put back for each test."""
    if "walk" not in prepared.memory:
        prepared.memory["walk"] = Walk(app, prepared)
    walk: Walk = prepared.memory["walk"]
    walk.put_back()
    return walk
