"""What the tests of comparisons stand on: a school with departments, and a personnel office's file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select

from portal.comparison import bringing, service
from portal.comparison.models import Comparison, Finding, Kind
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import many
from portal.members.models import Member
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.org.units import departments
from tests import factories

# as personnel offices call them
HEADINGS = {
    "staff_no": "教工编号", "name": "姓 名", "id_number": "公民身份号码", "department": "所在部门",
    "prof_title": "专业技术职务", "admin_duty": "行政职务", "mobile": "联系电话", "birth_date": "出生年月日",
    "employment_status": "人员状态", "work_start_date": "参加工作年月",
}  # fmt: skip
FEW = ("staff_no", "name", "id_number", "department")


def sheet(rows: Iterable[dict[str, Any]], fields: Sequence[str] = FEW) -> bytes:
    """Return a personnel office's file with these people, by catalogue names: a title above, a total below."""
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.append(["海港大学在职教职工花名册"])
    page.append([HEADINGS[name] for name in fields])
    number = 0
    for row in rows:
        number += 1
        page.append([row.get(name) for name in fields])
    page.append(["合计", number])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def row_of(member: Member, **other: Any) -> dict[str, Any]:
    """Return what the personnel office knows of a member, but for `other`."""
    return {name: getattr(member, name) for name in FEW} | other


def crowd(unit: OrgUnit, number: int) -> list[Member]:
    """Bring `number` members in at once, as an import would."""
    people = [factories.a_person() for _ in range(number)]
    since = date(1999, 1, 1)
    beginnings = [many.Beginning(person.values | {"join_date": since}, unit.id, since) for person in people]
    written = many.begin(beginnings, SHELL, reason="测试", batch_id="crowd")
    return [db.session.get_one(Member, one.member_id) for one in written]


@pytest.fixture
def operator(tree: dict[str, OrgUnit], user_as: Callable[..., User]) -> User:
    """The union's clerk; 教务处 and 招生办 belong to branch a, 机械系 to branch b."""
    user = user_as(Role.UNION_OPERATOR, tree["root"], name="总操作")
    for name, branch in (("教务处", "a"), ("招生办", "a"), ("机械系", "b")):
        departments.add(user, name, tree[branch])
    db.session.commit()
    return user


def compare(actor: User, raw: bytes, unit: OrgUnit) -> Comparison:
    """Compare a file and commit."""
    unit_id = unit.id
    db.session.commit()
    item = bringing.bring(actor, raw, "在职名单.xlsx", unit_id)
    db.session.commit()
    return item


def findings(item: Comparison, kind: Kind) -> list[Finding]:
    """Return what waits on a list, as it was found."""
    query = select(Finding).where(Finding.comparison_id == item.id, Finding.kind == kind, Finding.outcome.is_(None))
    return list(db.session.scalars(query.order_by(Finding.place)))


def waiting(actor: User, item: Comparison) -> dict[str, int]:
    """Return how many wait on each list that has any."""
    return {kind.value: count.open for kind, count in service.counts(actor, item).items() if count.open}
