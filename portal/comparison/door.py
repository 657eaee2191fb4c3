"""The door to the room in which people are asked to join: it hands in how somebody is put on its list.

No room knows another; the roof opens the door (`use`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from portal.org.models import OrgUnit, User


@dataclass(frozen=True, slots=True)
class Invitee:
    """Someone who ought to join; `unit` is her branch, or the unit of the list where that is not known."""

    name: str
    staff_no: str | None
    department: str
    unit: OrgUnit


class Invited(Protocol):
    """What became of the invitees; `name` is that of their list."""

    @property
    def name(self) -> str:
        """What the list is called."""

    @property
    def refused(self) -> Sequence[str]:
        """In their order: "" for who stands on a list now, else why not."""


class Invitations(Protocol):
    """What a comparison asks of the room."""

    def enlist(self, actor: User, unit: OrgUnit, people: Sequence[Invitee], *, name: str) -> Invited:
        """Put the people on the open list `name` of the unit, which is made if there is none.

        Who stands on an open list already stays where she is. Raises DomainError where nobody can be put on it.
        """


_rooms: list[Invitations] = []


def use(invitations: Invitations) -> None:
    """Ask `invitations` from now on."""
    _rooms[:] = [invitations]


def invitations() -> Invitations:
    """Return the room behind the door."""
    return _rooms[0]
