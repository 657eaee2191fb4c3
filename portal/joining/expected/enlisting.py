"""People whom another room has found to ought to join, put on a list by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from portal.core import audit
from portal.core.db import db
from portal.core.errors import Forbidden
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import service
from .models import DEPARTMENT_MOST, ExpectedList
from .reading import Line
from .service import Verdict


class Person(Protocol):
    """Someone who ought to join `unit`."""

    @property
    def name(self) -> str:
        """Her name."""

    @property
    def staff_no(self) -> str | None:
        """Her 工号, None where it is not known."""

    @property
    def department(self) -> str:
        """Where she works, as the personnel office writes it."""

    @property
    def unit(self) -> OrgUnit:
        """Her branch, or a unit above it."""


@dataclass(frozen=True)
class Enlisted:
    """What became of each, in their order ("" for who stands on a list now), and the name of the list."""

    name: str
    refused: list[str]


def enlist(actor: User, unit: OrgUnit, people: Sequence[Person], *, name: str) -> Enlisted:
    """Put the people on the open list `name` of the unit, which is made if there is none.

    Inside the caller's transaction. Who stands on an open list of the union already stays where she is. Raises
    Forbidden without the right to make lists there.
    """
    if not actor.may(P.JOINING_APPROVE, unit):
        raise Forbidden("您不能建立应入会名单，请由校工会办理")
    lines = [
        Line(number, person.staff_no, person.name, person.department[:DEPARTMENT_MOST], person.unit)
        for number, person in enumerate(people, 1)
    ]
    judged = service.judged(unit, lines)
    refused = [row.sentence if row.verdict is Verdict.ERROR else "" for row in judged]
    roll = _open_list(unit, name)
    new = [row.line for row in judged if row.verdict is Verdict.NEW]
    if not new and roll is None:
        return Enlisted(name, refused)
    act = "expected.add" if roll is not None else "expected.create"
    roll = roll or service.begin(actor, unit, name)
    service.put(roll, new)
    audit.record(actor, act, roll, details={"new": len(new), "listed": len(lines) - len(new) - sum(map(bool, refused))})
    return Enlisted(roll.name, refused)


def _open_list(unit: OrgUnit, name: str) -> ExpectedList | None:
    query = select(ExpectedList).where(
        ExpectedList.unit_id == unit.id, ExpectedList.name == name, ExpectedList.closed_at.is_(None)
    )
    return db.session.scalars(query.order_by(ExpectedList.id.desc()).limit(1)).first()
