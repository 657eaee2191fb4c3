"""The full house, for the tests that walk all of it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import Prepared
from tests.house.walk import Walk


@pytest.fixture
def walk(app: Flask, prepared: Prepared) -> Walk:
    """The house, its people and their browsers: built once in a process, put back for each test."""
    if "walk" not in prepared.memory:
        prepared.memory["walk"] = Walk(app, prepared)
    walk: Walk = prepared.memory["walk"]
    walk.put_back()
    return walk
