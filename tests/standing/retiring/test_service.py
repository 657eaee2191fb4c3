"""The list of those about to retire: who stands on it and why, many begun in one act, the file, the reminder."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import openpyxl
import pytest
import time_machine
from sqlalchemy import func, select

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import DomainError, Problems
from portal.core.notices import Notice
from portal.members import history, retirement
from portal.members.enums import ChangeType, FamilyPlanning, MembershipStatus, PostKind, RetireTrack
from portal.members.models import Member, MembershipChange, UnionPost
from portal.org.permissions import Role
from portal.standing import service as standing
from portal.standing.models import StandingChange, StandingState
from portal.standing.retiring import coming, service
from portal.standing.retiring.coming import Order
from tests import factories

SOON = timedelta(days=10)


def retiring(unit, on: date, **values) -> Member:
    """A member whom the personnel office lets retire on this day."""
    member = factories.make_member(unit, **values)
    history.write(member, {"retire_date_hr": on}, SHELL, reason="安排")
    return member


def born_for(ahead: int) -> date | None:
    """A man's birth date by which he retires in so many months; in some months nobody does."""
    born = retirement.last_birth(RetireTrack.MAN_60, coming.last_month(ahead))
    return born if born and retirement.month_of(born, RetireTrack.MAN_60) == coming.last_month(ahead) else None


@pytest.fixture
def union(tree, user_as):
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"])


@pytest.fixture
def branch(tree, user_as):
    """The operator of branch a."""
    return user_as(Role.BRANCH_OPERATOR, tree["a"])


# --- who stands on it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sex", "born", "values", "day", "basis"),
    [
        ("1", date(1964, 12, 20), {}, date(2024, 12, 20), "男 60 岁起算"),
        ("1", date(1965, 1, 31), {}, date(2025, 2, 28), "男 60 岁起算"),  # a shorter month
        ("1", date(1976, 9, 1), {}, date(2039, 9, 1), "男 60 岁起算"),
        ("2", date(1981, 9, 15), {}, date(2039, 9, 15), "女 55 岁起算"),
        ("2", date(1975, 1, 15), {"post_category": "4"}, date(2025, 2, 15), "女 50 岁起算"),
        ("2", date(1984, 11, 15), {"retire_track": "f50"}, date(2039, 11, 15), "女 50 岁起算"),
        ("2", date(1975, 1, 15), {"retire_date_hr": date(2030, 5, 1)}, date(2030, 5, 1), "人事日期"),
    ],
)
def test_the_day_is_the_offices_or_the_formulas(sex, born, values, day, basis) -> None:
    when = coming.predicted(Member(sex=sex, birth_date=born, **values))

    assert when == coming.When(day, basis)


def test_nobody_tells_without_sex_or_birth() -> None:
    unknown = (Member(sex=None, birth_date=date(1965, 1, 1)), Member(sex="1"))

    assert [coming.predicted(member) for member in unknown] == [None, None]


def test_who_stands_on_the_list(tree, union, branch) -> None:
    ahead = 3 if born_for(3) else 4
    born = born_for(ahead)
    assert born is not None
    by_formula = factories.make_member(
        tree["a"], name="钱公式", sex="1", birth_date=born,
        id_number=factories.id_number(birth=born, sex="1"),
    )  # fmt: skip
    overdue = retiring(tree["b"], today() - timedelta(days=400), name="赵过期")
    retiring(tree["a"], coming.last_month(ahead + 1), name="孙太早")
    rehired = retiring(tree["a"], today(), name="李返聘", employment_form="5")
    under_way = retiring(tree["a"], today(), name="周在办")
    retained = retiring(tree["a"], today(), name="吴保留")
    history.write(retained, {"membership_status": MembershipStatus.RETAINED.value}, SHELL, reason="安排")
    db.session.commit()
    service.submit(branch, {under_way.id: today()}, document_no="")
    db.session.commit()

    rows, total = coming.people(union, months=ahead)

    found = [(row.member.name, row.is_overdue) for row in rows]
    assert (found, total) == ([(overdue.name, True), (by_formula.name, False)], 2)
    assert rehired.membership_status == MembershipStatus.ACTIVE.value  # it was there to be listed
    of_a, _ = coming.people(branch, months=ahead)
    assert [row.member.name for row in of_a] == ["钱公式"]
    assert [len(coming.people(union, months=months)[0]) for months in (ahead - 1, ahead + 1)] == [1, 3]
    assert [coming.count(union, months) for months in (ahead - 1, ahead, ahead + 1)] == [1, 2, 3]
    by_name, _ = coming.people(union, months=ahead + 1, order=Order.NAME)
    assert [row.member.name for row in by_name] == ["钱公式", "孙太早", "赵过期"]


def test_what_to_think_of_is_marked_for_who_may_read_it(tree, union, user_as) -> None:
    member = retiring(tree["a"], today() + SOON, family_planning=FamilyPlanning.ONLY_CHILD_CERTIFICATE.value)
    later, before = today() + timedelta(days=900), today() + timedelta(days=3)
    db.session.add_all([
        UnionPost(member=member, kind=PostKind.DELEGATE, unit_id=tree["a"].id, starts=today(), ends=later),
        UnionPost(member=member, kind=PostKind.GROUP_LEADER, unit_id=tree["a"].id, starts=today(), ends=before),
    ])  # fmt: skip
    db.session.commit()
    reader = user_as(Role.ORG_ADMIN, tree["root"])

    [seen] = coming.rows_of(union, [member.id])
    [unseen] = coming.rows_of(reader, [member.id])

    assert (seen.has_certificate, seen.posts) == (True, ("外国语学院分工会教代会代表",))
    assert (unseen.has_certificate, unseen.may_ask) == (False, False)


# --- many in one act --------------------------------------------------------------------------------------------------


def test_twelve_retirements_are_asked_for_and_agreed_to_in_one_act_each(tree, union, branch) -> None:
    members = [retiring(tree["a"], today() + SOON) for _ in range(12)]
    db.session.commit()
    days = {member.id: today() + SOON if place >= 9 else today() for place, member in enumerate(members)}

    asked = service.submit(branch, days, document_no="海大人〔2026〕12 号")
    db.session.commit()
    items = list(db.session.scalars(select(StandingChange).order_by(StandingChange.id)))
    agreed = standing.agree_many(union, [item.id for item in items])
    db.session.commit()

    assert {item.batch_id for item in items} == {asked.batch_id}
    assert {item.data["note"] for item in items} == {"文号：海大人〔2026〕12 号"}
    assert (len(agreed.done), agreed.skipped) == (12, [])
    acts = select(audit.AuditEvent.batch_id).where(audit.AuditEvent.action == "standing.agree_many")
    assert list(db.session.scalars(acts)) == [agreed.batch_id]
    retained = select(func.count(MembershipChange.id)).where(MembershipChange.kind == ChangeType.RETAINED)
    assert db.session.scalar(retained) == 9
    assert [item.state for item in items[9:]] == [StandingState.SCHEDULED] * 3

    with time_machine.travel(today() + SOON + timedelta(days=1), tick=False):
        done = standing.apply_due()
        db.session.commit()

    assert (done, db.session.scalar(retained)) == (3, 12)
    assert {member.membership_status for member in members} == {"retained"}


def test_one_day_that_cannot_be_begins_nobodys(tree, branch) -> None:
    here, far = retiring(tree["a"], today()), retiring(tree["a"], today() + timedelta(days=80))
    db.session.commit()

    with pytest.raises(Problems) as refusal:
        service.submit(branch, {here.id: today(), far.id: today() + timedelta(days=80)}, document_no="")

    assert list(refusal.value.errors) == [service.day_field(far.id)]
    assert db.session.scalar(select(func.count(StandingChange.id))) == 0


def test_a_branch_begins_for_its_own_and_nobody_for_herself(tree, branch, user_as) -> None:
    other = retiring(tree["b"], today())
    mine = retiring(tree["a"], today())
    mine.user = branch
    db.session.commit()

    with pytest.raises(DomainError, match="请先勾选"):
        service.submit(branch, {other.id: today(), mine.id: today()}, document_no="")

    assert service.chosen(branch, [other.id, mine.id]) == []


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_says_what_the_list_says_without_the_family(tree, union) -> None:
    day = today() + SOON
    member = retiring(tree["a"], day, name="郑退休", family_planning=FamilyPlanning.ONLY_CHILD_CERTIFICATE.value)
    db.session.commit()

    name, content = service.export(union, months=3, unit="", order=Order.DATE, purpose="与人事处核对")
    db.session.commit()

    sheet = openpyxl.load_workbook(BytesIO(content)).active
    rows = [tuple(cell.value or "" for cell in row) for row in sheet.iter_rows(min_row=2)]
    hers = (member.staff_no, "外国语学院分工会", "男" if member.sex == "1" else "女", show_date(member.birth_date))
    assert name.endswith(".xlsx")
    assert rows == [
        service.HEADINGS,
        ("郑退休", *hers, "人事日期", show_date(day), "", ""),
    ]
    events = db.session.scalars(select(audit.AuditEvent).where(audit.AuditEvent.action == "retiring.export")).all()
    assert [(event.reason, event.details["rows"]) for event in events] == [("与人事处核对", 1)]
    with pytest.raises(DomainError, match="用途"):
        service.export(union, months=3, unit="", order=Order.DATE, purpose="")


# --- the reminder -----------------------------------------------------------------------------------------------------


def test_operators_are_reminded_once_a_month_and_nothing_begins(tree, union, branch, user_as) -> None:
    other, chair = user_as(Role.BRANCH_OPERATOR, tree["b"]), user_as(Role.UNION_CHAIR, tree["root"])
    for unit, days in (("a", 10), ("a", -5), ("b", 20)):
        retiring(tree[unit], today() + timedelta(days=days))
    db.session.commit()

    told = [service.remind(), service.remind()]
    db.session.commit()

    found = db.session.execute(select(Notice.user_id, Notice.title, Notice.link).where(Notice.link == service.LINK))
    assert told == [3, 0]
    assert sorted(found) == sorted([
        (union.id, "海港大学工会有 3 人拟在三个月内退休", service.LINK),
        (branch.id, "外国语学院分工会有 2 人拟在三个月内退休", service.LINK),
        (other.id, "机械工程学院分工会有 1 人拟在三个月内退休", service.LINK),
    ])  # fmt: skip
    assert chair.id not in {row.user_id for row in found}
    assert db.session.scalar(select(func.count(StandingChange.id))) == 0
    assert [(one.count, one.params) for one in service.todo(branch)] == [(2, {"months": "1"})]
    with time_machine.travel(coming.last_month(1), tick=False):
        assert service.remind() == 3
