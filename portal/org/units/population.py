"""Who stands in the units and who wants in: known to the floors above, which hand their numbers in here."""

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


class Applications(Protocol):
    """What the room of joining tells of the units; `portal.joining.waiting` does."""

    def undecided(self, unit: OrgUnit) -> int:
        """Return how many applications to the unit and those below wait for a decision."""

    def returned(self, unit: OrgUnit) -> int:
        """Return how many applications to the unit and those below are being mended; they may be sent again."""


_known: list[Population] = []
_applications: list[Applications] = []


def use(population: Population, applications: Applications) -> None:
    """Ask these from now on."""
    _known[:] = [population]
    _applications[:] = [applications]


def living(ids: Sequence[int]) -> dict[int, int]:
    """Return how many living members each of the units with these numbers has, what is below included."""
    return _known[0].living(ids)


def living_below(unit: OrgUnit) -> int:
    """Return how many living members the unit and what is below have."""
    return living([unit.id])[unit.id]


def departments(union: OrgUnit) -> list[tuple[str, int, int]]:
    """Return (department, how many work there, the unit in which most of them are) of the union's living members."""
    return _known[0].departments(union)


def undecided(unit: OrgUnit) -> int:
    """Return how many applications to the unit and those below wait for a decision."""
    return _applications[0].undecided(unit)


def returned(unit: OrgUnit) -> int:
    """Return how many applications to the unit and those below are being mended; they may be sent again."""
    return _applications[0].returned(unit)
