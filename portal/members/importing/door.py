"""The door to the room above in which people apply: it hands in what an import asks of applications.

An import without 历史会员补录 makes applications, and this floor knows none; the roof opens the door (`use`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from portal.org.models import User

Document = tuple[str, str]  # the type, and the keyed index of the number


@dataclass(frozen=True, slots=True)
class Waiting:
    """An application under way: where it lies, and the word for its state."""

    application_id: int
    unit_id: int
    state: str


@dataclass(frozen=True, slots=True)
class Applicant:
    """Someone to apply: her values by catalogue name, as `checks.check` returned them, and the unit she asks for."""

    values: Mapping[str, Any]
    unit_id: int


class Applications(Protocol):
    """What an import asks of the room."""

    @property
    def asked(self) -> Collection[str]:
        """The catalogue names that an application may say something about."""

    def waiting(self, indexes: Sequence[str]) -> Mapping[Document, Waiting]:
        """Return by document the applications under way whose number has one of these `indexes`."""

    def enter(self, actor: User, people: Sequence[Applicant], *, has_consent: bool) -> list[int]:
        """Write an application for each, as entered by the actor and waiting for the person's own word.

        Returns their numbers in the same order. The caller leaves the trace.
        """

    def tell(self, actor: User, unit_ids: Mapping[int, int]) -> None:
        """Tell those whose turn it is how many applications (by unit) the actor has just entered for their people."""

    def withdraw(self, actor: User, ids: Collection[int]) -> dict[int, str]:
        """Withdraw those applications that nobody has touched, and return by number why the others stay."""


_applications: Applications | None = None


def use(applications: Applications) -> None:
    """Let imports make their applications there."""
    global _applications
    _applications = applications


def applications() -> Applications:
    """Return the room behind the door."""
    if _applications is None:
        raise RuntimeError("importing.door.use was not called")
    return _applications
