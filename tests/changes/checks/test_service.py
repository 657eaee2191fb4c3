"""A check of the records: opened, signed by the branches, reminded, confirmed by the members."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.changes.checks import service
from portal.changes.checks.models import PartState as S
from portal.changes.checks.workflow import CHECK_PARTS, CHECKS
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError, Problems
from portal.core.notices import Notice
from portal.members import amending
from portal.members import service as members
from portal.org.models import Grant
from portal.org.permissions import Role
from tests import factories
from tests.client import words


def told(user) -> int:
    """How many notices a person has."""
    return db.session.scalar(select(func.count()).select_from(Notice).where(Notice.user_id == user.id)) or 0


def test_branches_sign_and_the_union_sees_who_has_not(tree, people, member) -> None:
    [check] = service.open_checks(people["union"], name="2026 年秋季学期信息核对", due=today() + timedelta(days=14))
    db.session.commit()
    of_a, of_b = sorted(check.parts, key=lambda part: part.unit.code)
    assert [len(check.parts), told(people["chair"]), told(member.user), told(people["elsewhere"])] == [2, 1, 1, 1]
    assert [todo.count for who in ("operator", "union") for todo in service.todo(people[who])] == [1]

    amending.confirm(member.user)
    CHECK_PARTS.fire(of_a, "sign", people["operator"])
    db.session.commit()
    rows = service.progress(check)
    assert [(one.members, one.confirmed, one.done, one.has_moved) for one in rows] == [
        (2, 1, 2, False),
        (0, 0, 0, False),
    ]
    assert (of_a.state, of_a.signer, service.todo(people["operator"])) == (S.SIGNED, people["operator"], [])

    assert service.remind(people["union"], check) == 1
    db.session.commit()
    assert [told(people["chair"]), told(people["elsewhere"])] == [1, 2]

    factories.make_member(tree["a"])
    assert ([one.has_moved for one in service.progress(check)], service.has_moved(of_a)) == ([True, False], True)

    CHECKS.fire(check, "close", people["union"])
    with pytest.raises(DomainError, match="已经结束"):
        CHECK_PARTS.fire(of_b, "sign", people["elsewhere"])
    with pytest.raises(DomainError, match="没有需要催办"):
        service.remind(people["union"], check)


def test_each_union_has_its_own_check(tree, people, member) -> None:
    other = factories.make_unit(
        tree["root"], code="GH2", name="附属医院工会", approves_members=True, accepts_members=False
    )
    ward = factories.make_unit(other, code="GH2-1", name="内科分工会")
    db.session.add(Grant(user=people["chair"], role=Role.UNION_OPERATOR, unit=other, starts=today()))
    db.session.commit()

    opened = service.open_checks(people["union"], name="2026 年秋季学期信息核对", due=today())
    db.session.commit()

    units = {check.unit: {part.unit for part in check.parts} for check in opened}
    assert units == {tree["root"]: {tree["a"], tree["b"]}, other: {ward}}
    assert [check.unit for check in service.checks(people["chair"])] == [other]


def test_the_union_signs_only_for_a_branch_that_has_nobody(tree, client_of, people, member) -> None:
    people["elsewhere"].is_enabled = False
    [check] = service.open_checks(people["union"], name="秋季学期信息核对", due=today())
    db.session.commit()
    of_a, of_b = sorted(check.parts, key=lambda part: part.unit.code)

    with pytest.raises(DomainError, match="由分工会自己核对签字"):
        CHECK_PARTS.fire(of_a, "sign", people["union"])
    CHECK_PARTS.fire(of_a, "sign", people["chair"])
    CHECK_PARTS.fire(of_b, "sign", people["union"])
    db.session.commit()

    assert CHECK_PARTS.open_steps(of_a, people["union"]) == []
    assert [(one.part, one.by_union) for one in service.progress(check)] == [(of_a, False), (of_b, True)]
    pages = [f"/changes/checks/{check.id}", f"/changes/checks/parts/{of_b.id}"]
    db.session.rollback()
    assert ["张操作（校工会代签）" in client_of(people["union"]).get(page).text for page in pages] == [True, True]


def test_a_list_tells_what_is_missing_of_each(tree, people, member) -> None:
    part = factories.make_check_part(tree["a"])
    db.session.commit()
    members.edit(people["operator"], member, {"ethnicity": None}, seen_version=members.mark_of(member))
    amending.confirm(member.user)
    db.session.commit()

    rows, total = service.lines(part)

    hers = next(row for row in rows if row.member is member)
    assert (total, hers.missing, hers.confirmed) == (2, ("民族",), True)
    assert 10 < hers.filled < 44


def test_a_check_needs_a_name_and_a_day_to_come(tree, people) -> None:
    with pytest.raises(Problems) as refusal:
        service.open_checks(people["union"], name="", due=today() - timedelta(days=1))

    assert set(refusal.value.errors) == {"name", "due"}


def test_the_union_opens_and_the_branch_signs_on_pages(tree, client_of, people, member) -> None:
    union, operator = client_of(people["union"]), client_of(people["operator"])
    sent = union.submit("/changes/checks/new", {"name": "秋季核对", "due": today().isoformat()})
    number = next(part.id for part in service.parts(people["operator"]))
    db.session.rollback()

    page = operator.get(f"/changes/checks/parts/{number}")
    signed = operator.post(f"/act/check_parts/{number}/sign")

    assert ("曾晓梅" in page.text, signed.status_code) == (True, 302)
    assert "李操作" in words(union.get(sent.location).text)
    assert union.post(f"{sent.location}/remind").status_code == 303
    assert client_of(member.user).post("/members/me/confirm").status_code == 303
