"""What the rooms above know of a member that stands beside her sheet: a line each, by who looks.

The floor does not know its rooms. Each room declares here, when it is loaded, what it has to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portal.org.models import User

from .models import Member


@dataclass(frozen=True)
class Beside:
    """One line: `label` and `text`; `endpoint`, with the member's `id`, leads to more, "" to nothing."""

    label: str
    text: str
    endpoint: str = ""


Teller = Callable[[User, Member], Iterable[Beside]]

_tellers: list[Teller] = []


def declare(teller: Teller) -> None:
    """Let `teller` say what the actor, who may read the member or is she herself, is to see."""
    _tellers.append(teller)


def lines_for(actor: User, member: Member) -> list[Beside]:
    """Return all lines, in the order in which the rooms were loaded."""
    return [line for teller in _tellers for line in teller(actor, member)]
