"""What can be done with the members that a list shows; the rooms above bring their tasks in from the roof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.org.models import User
from portal.org.permissions import Permission


@dataclass(frozen=True)
class Task:
    """A line of the drop-down above a list; the page of `endpoint` takes `selection`, the token of a Selection."""

    label: str
    endpoint: str
    permission: Permission


_tasks: list[Task] = []


def use(tasks: Iterable[Task]) -> None:
    """Offer these tasks."""
    _tasks[:] = tasks


def open_to(actor: User) -> list[Task]:
    """Return the tasks that the actor may do somewhere."""
    return [task for task in _tasks if actor.holds(task.permission)]
