"""Who stands in the units: known to the floor above, which hands its numbers in here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from portal.org.models import OrgUnit


class Population(Protocol):
    """What the floor of members tells of the units; `portal.members.population` does."""

    def living(self, ids: Sequence[int]) -> dict[int, int]:
        """Return how many living members each of the units with these numbers has, what is below included."""

    def departments(self, union: OrgUnit) -> list[tuple[str, int, int]]:
        """Return the departments of the union's living members as they are written, those of most members first.

        With each: how many work there, and the number of the unit in which most of them are.
        """


_known: list[Population] = []


def use(population: Population) -> None:
    """Ask `population` from now on."""
    _known[:] = [population]


def living(ids: Sequence[int]) -> dict[int, int]:
    """Return how many living members each of the units with these numbers has, what is below included."""
    return _known[0].living(ids)


def living_below(unit: OrgUnit) -> int:
    """Return how many living members the unit and what is below have."""
    return living([unit.id])[unit.id]


def departments(union: OrgUnit) -> list[tuple[str, int, int]]:
    """Return (department, how many work there, the unit in which most of them are) of the union's living members."""
    return _known[0].departments(union)
