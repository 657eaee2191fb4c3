"""How fast applications are dealt with, and why they come back: by branch, from the applications themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any

from portal.core.db import db
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Application, Reason, overdue_before
from .models import ApplicationState as S
from .service import LISTED, sent_in

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Times:
    """How long a step took each time."""

    each: list[timedelta] = field(default_factory=list)

    @property
    def middle(self) -> str:
        """The median, as people say it; empty where the step was never taken."""
        return shown(timedelta(seconds=median(one.total_seconds() for one in self.each))) if self.each else ""

    @property
    def longest(self) -> str:
        """The longest, as people say it."""
        return shown(max(self.each)) if self.each else ""


@dataclass
class Figures:
    """The figures of one unit, or of all together (`unit` is None).

    `by_state` counts applications by state, `overdue` those whose opinion is late; `returned` and `rejected` count
    them by reason; `opinion` and `decision` say how long the branch and the union took. `is_exact` tells whether the
    list, which shows what is below a unit too, shows the same rows.
    """

    unit: OrgUnit | None
    by_state: Counter[S] = field(default_factory=Counter)
    overdue: int = 0
    returned: Counter[Reason] = field(default_factory=Counter)
    rejected: Counter[Reason] = field(default_factory=Counter)
    opinion: Times = field(default_factory=Times)
    decision: Times = field(default_factory=Times)
    is_exact: bool = True

    @property
    def sent(self) -> int:
        """How many were sent."""
        return self.by_state.total()


def shown(time: timedelta) -> str:
    """Return a length of time as people say it: minutes, hours up to two days, then days."""
    if time < HOUR:
        return f"{int(time.total_seconds() // 60)} 分钟"
    if time < 2 * DAY:
        return f"{int(time / HOUR)} 小时"
    return f"{time / DAY:.1f} 天"


def figures(actor: User, year: str) -> tuple[list[Figures], Figures]:
    """Return the figures of each unit in the actor's scope with applications first sent in `year`, and of all.

    The branch's time runs from when it was last asked (sent, sent again, sent on) to its opinion; the union's from
    there, or where no opinion is needed from the sending, to the decision. A decision without the opinion that was
    needed tells neither.
    """
    columns = (
        Application.unit_id, Application.state, Application.asked_at, Application.opinion_at, Application.decided_at,
        Application.return_reason, Application.reject_reason,
    )  # fmt: skip
    query = access.scoped(Application, actor, P.JOINING_READ, *columns)
    rows = db.session.execute(query.where(Application.state.in_(LISTED), sent_in(year))).all()
    units = {unit.id: unit for unit in access.units(actor, P.JOINING_READ)}
    found = {unit_id: Figures(units[unit_id]) for unit_id in {row.unit_id for row in rows}}
    needed = {unit_id: access.opinion_needed(units[unit_id]) for unit_id in found}
    late, total = overdue_before(), Figures(None)
    for row in rows:
        for one in (found[row.unit_id], total):
            _add(one, row, is_late=row.asked_at is not None and row.asked_at < late, is_asked=needed[row.unit_id])
    paths = [units[unit_id].path for unit_id in found]
    for unit_id, one in found.items():
        one.is_exact = not any(path != units[unit_id].path and path.startswith(units[unit_id].path) for path in paths)
    return sorted(found.values(), key=_code), total


def _code(one: Figures) -> str:
    return one.unit.code if one.unit else ""


def _add(one: Figures, row: Any, *, is_late: bool, is_asked: bool) -> None:
    one.by_state[row.state] += 1
    one.overdue += row.state == S.SUBMITTED and is_late
    if row.return_reason:
        one.returned[row.return_reason] += 1
    if row.reject_reason:
        one.rejected[row.reject_reason] += 1
    if row.opinion_at and row.asked_at:
        one.opinion.each.append(row.opinion_at - row.asked_at)
    begun = row.opinion_at or (None if is_asked else row.asked_at)
    if row.decided_at and begun:
        one.decision.each.append(row.decided_at - begun)
