"""What stands on a time-line, and how the rooms above put there what they know.

The floor does not know its rooms. Each room declares here, when it is loaded, who tells what of a member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from portal.core.calendar import local, today
from portal.core.enums import LabelEnum
from portal.org.models import User

from ..models import Member


class About(LabelEnum):
    """What a happening is about; the time-line can be cut to one."""

    FIELDS = "fields", "信息修改"
    MEMBERSHIP = "membership", "会籍与单位"
    POSTS = "posts", "工会职务"
    CASES = "cases", "申请与办理"
    LOOKS = "looks", "查看与打印"


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One thing that happened: `what`, entered `at` by `by`, holding from the day `on` (None: it holds of no day).

    `at` is None where nobody wrote down when it was entered. `changes` are (label, what became of it) as who looks may
    read it, `state` says how far a case is. `is_correction` tells that it says otherwise what was on record before.
    `endpoint` with `id` leads to more; `line` is the number of the line of 会籍变化记录 that it is.
    """

    about: About
    what: str
    at: datetime | None
    by: str
    on: date | None = None
    why: str = ""
    changes: tuple[tuple[str, str], ...] = ()
    state: str = ""
    is_correction: bool = False
    endpoint: str = ""
    id: int = 0
    line: int = 0

    @property
    def is_coming(self) -> bool:
        """Whether its day is still to come."""
        return self.on is not None and self.on > today()

    @property
    def is_dated(self) -> bool:
        """Whether it holds from another day than the one on which it was entered."""
        return self.on is not None and (self.at is None or self.on != local(self.at).date())


Teller = Callable[[User, Member], Iterable[Happening]]

_tellers: list[Teller] = []


def declare(teller: Teller) -> None:
    """Let `teller` say what the actor, who may read the member or is she herself, may know of her.

    However much has happened it asks the database a fixed number of times.
    """
    _tellers.append(teller)


def told(actor: User, member: Member) -> list[Happening]:
    """Return what the rooms tell, in no order."""
    return [one for teller in _tellers for one in teller(actor, member)]
