"""A finance office: its sheets, brought and recorded by the same verbs that the pages call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO

import openpyxl
import pytest

from portal.core.calendar import today
from portal.core.db import db
from portal.members.models import Member
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.standing.dues import owing, service
from portal.standing.dues.models import DuesSheet, Verdict
from tests import factories

JOINED = date(2020, 5, 1)


def back(months: int) -> date:
    """Return the first day of the month so many months ago."""
    return owing.plus(today().replace(day=1), -months)


def table(*rows: tuple[object, ...]) -> bytes:
    """Return an xlsx file with these rows."""
    book, out = openpyxl.Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


def bring(actor: User, union: OrgUnit, raw: bytes, month: date | None = None) -> DuesSheet:
    """Let the actor upload a sheet, and return the preview; commits."""
    unit_id = union.id
    db.session.commit()
    item = service.upload(actor, raw, "会费.xlsx", unit_id=unit_id, month=month)
    db.session.commit()
    return item


def record(actor: User, item: DuesSheet) -> DuesSheet:
    """Let the actor record the preview; commits."""
    service.record(actor, item.id, seen=item.counts[Verdict.PAID.value])
    db.session.commit()
    return item


@pytest.fixture
def clerk(tree, user_as) -> User:
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"])


@pytest.fixture
def people(tree) -> list[Member]:
    """Two of branch a and one of branch b, members for years."""
    made = [
        factories.make_member(tree[unit], name=name, staff_no=number, join_date=JOINED)
        for unit, name, number in (("a", "安小青", "A001"), ("a", "白大山", "A002"), ("b", "董机械", "B001"))
    ]
    db.session.commit()
    return made


@pytest.fixture
def pay(tree, clerk) -> Callable[..., DuesSheet]:
    """`pay(month, member, …)`: a sheet of this month with these members, recorded."""

    def paid(month: date, *members: Member) -> DuesSheet:
        rows = [(member.staff_no, member.name) for member in members]
        return record(clerk, bring(clerk, tree["root"], table(("工号", "姓名"), *rows), month))

    return paid
