"""What the rooms above know of a member: the cases that are open about her, and the doors to open a new one.

The floor does not know its rooms. Each room declares here, when it is loaded, how to find its open cases, and under
which name its doors stand on the member's page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from portal.org.models import User
from portal.org.permissions import Permission

from .enums import MembershipStatus
from .models import Member


@dataclass(frozen=True)
class Case:
    """An open case about a member: what it is called, and the page (`endpoint` with `id`) where it stands.

    `fields` are the catalogue names of what it will change: the sheet marks them as waiting.
    `seen_by` is what one must be able to do at her unit to learn of it; `is_death` says that somebody has reported her
    death: from then on no greeting goes to her, decided or not.
    """

    label: str
    endpoint: str
    id: int
    is_death: bool = False
    fields: tuple[str, ...] = ()
    seen_by: Permission = Permission.MEMBER_READ


@dataclass(frozen=True)
class Door:
    """A way to open a case from the member's page: `endpoint` takes `member_id`.

    It is shown to whoever has the permission at the member's unit, while her membership is one of `statuses`.
    """

    label: str
    endpoint: str
    permission: Permission
    statuses: frozenset[MembershipStatus]


Finder = Callable[[Collection[int]], Iterable[tuple[int, Case]]]  # members' numbers -> (number, case)

_finders: list[Finder] = []
_doors: list[Door] = []


def declare(finder: Finder, *doors: Door) -> None:
    """Let `finder` find the open cases of a room, and let its `doors` stand on the member's page."""
    _finders.append(finder)
    _doors.extend(doors)


def open_cases(member_ids: Collection[int]) -> dict[int, list[Case]]:
    """Return the open cases of these members, by number; who has none is left out. For verbs."""
    found: dict[int, list[Case]] = defaultdict(list)
    for finder in _finders:
        for number, case in finder(member_ids):
            found[number].append(case)
    return dict(found)


def cases_for(actor: User, member: Member) -> list[Case]:
    """Return the open cases of this member that the actor may learn of, for pages; of herself what anyone may."""
    is_own = member.user_id == actor.id
    return [
        case
        for case in open_cases([member.id]).get(member.id, [])
        if (case.seen_by is Permission.MEMBER_READ if is_own else actor.may(case.seen_by, member.unit))
    ]


def reported_dead(member_ids: Collection[int]) -> set[int]:
    """Return the numbers of those whose death is reported and not yet on record: no message or birthday goes to them.

    Whoever sends asks for the recorded ones by their status.
    """
    return {number for number, cases in open_cases(member_ids).items() if any(case.is_death for case in cases)}


def doors_for(actor: User, member: Member) -> list[Door]:
    """Return the doors that the actor may take from the page of this member; none from her own."""
    if member.user_id == actor.id:
        return []
    return [
        door for door in _doors if member.membership_status in door.statuses and actor.may(door.permission, member.unit)
    ]
