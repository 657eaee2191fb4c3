"""The small city that the benchmark's own tests measure nothing in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.bench import place
from portal.core import crypto, uploads


@pytest.fixture(scope="module")
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[place.Place]:
    """A small city of MEMBERS, where the module says so; afterwards the process has its own keys and folder back."""
    keys, folder = crypto._keys, uploads._folder
    members = getattr(request.module, "MEMBERS", 400)
    made = place.seeded(tmp_path_factory.mktemp("bench"), members, lambda sentence: None)
    with place.place_at(made) as here:
        yield here
    if keys is not None:
        crypto.use(keys)
    if folder is not None:
        uploads.use(folder)
