"""What the rooms above know that stands beside a member's sheet, or above the list of members, by who looks.

The floor does not know its rooms. Each room declares here, when it is loaded, what it has to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portal.core.todo import Figure
from portal.org.models import User

from .models import Member


@dataclass(frozen=True)
class Beside:
    """One line: `label` and `text`; `endpoint`, with the member's `id`, leads to more, "" to nothing."""

    label: str
    text: str
    endpoint: str = ""


Teller = Callable[[User, Member], Iterable[Beside]]
Counter = Callable[[User, str], Iterable[Figure]]  # who looks, and the code of the unit that the list is cut to or ""

_tellers: list[Teller] = []
_counters: list[Counter] = []


def declare(teller: Teller) -> None:
    """Let `teller` say what the actor, who may read the member or is she herself, is to see."""
    _tellers.append(teller)


def lines_for(actor: User, member: Member) -> list[Beside]:
    """Return all lines, in the order in which the rooms were loaded."""
    return [line for teller in _tellers for line in teller(actor, member)]


def declare_figures(counter: Counter) -> None:
    """Let `counter` say how many stand beside the members on the list and are not among them, or not for long."""
    _counters.append(counter)


def figures_for(actor: User, unit: str) -> list[Figure]:
    """Return all figures of the list, cut to the unit with the code `unit` ("": all that the actor reads)."""
    return [figure for counter in _counters for figure in counter(actor, unit)]
