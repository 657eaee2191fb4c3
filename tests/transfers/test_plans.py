"""A unit ends: its members move on the day, everything that hangs on it follows, and the past stays as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.joining.expected.models import ExpectedList, ExpectedPerson
from portal.joining.models import ApplicationState, JoinCode
from portal.members import history
from portal.members.enums import ChangeType, PostKind
from portal.members.models import MembershipChange, MemberVersion, UnionPost
from portal.messaging.wordings.models import WordingState
from portal.org.permissions import Role
from portal.query.definitions.models import Definition, Reach
from portal.transfers.models import TransferState
from portal.transfers.plans import service as plans
from portal.transfers.plans.models import PlanState
from portal.transfers.plans.service import Wish
from tests import factories
from tests.messaging.making import make_group, make_wording


@pytest.fixture
def clerk(user_as, tree):
    """Who looks after the units of the school."""
    return user_as(Role.UNION_OPERATOR, tree["root"])


def at(tree, unit: str, **values):
    """A member of the unit, who was there before today."""
    with time_machine.travel(now() - timedelta(days=10)):
        member = factories.make_member(tree[unit], **values)
        db.session.commit()
    return member


def test_all_that_hangs_on_a_unit_goes_to_its_heir(tree, clerk, user_as) -> None:
    yesterday = today() - timedelta(days=1)
    one, other = at(tree, "a"), at(tree, "a")
    tree["c"] = factories.make_unit(tree["root"], code="GH05", name="体育部分工会")
    code = factories.make_code(tree["a"])
    application = factories.make_application(tree["a"])
    going = factories.make_transfer(tree["a"], TransferState.SENT, to=tree["c"], member=one)
    needless = factories.make_transfer(tree["a"], TransferState.APPROVED, to=tree["b"], member=other)
    coming = factories.make_transfer(tree["c"], TransferState.APPROVED, to=tree["a"])
    post = UnionPost(member=one, kind=PostKind.BRANCH_COMMITTEE, unit_id=tree["a"].id, starts=yesterday)
    db.session.add(post)
    officer = user_as(Role.BRANCH_OPERATOR, tree["a"])
    for grant in db.session.scalars(select(factories.Grant).where(factories.Grant.unit_id == tree["a"].id)):
        assert grant.holds_on(today())
    wish = Wish(tree["b"], today(), document_no="校工〔2026〕3号", keeps_posts=True)

    foreseen = plans.preview(clerk, tree["a"], wish)
    plan = plans.make(clerk, tree["a"], wish)
    db.session.commit()

    assert (foreseen.going, foreseen.staying) == ([("机械工程学院分工会", 2)], 0)
    assert [tuple(line) for line in plan.counts] == [("会员", 2), *foreseen.hanging]
    assert (plan.state, tree["a"].is_enabled) == (PlanState.DONE, False)
    assert [member.unit for member in (one, other)] == [tree["b"], tree["b"]]
    lines = db.session.scalars(
        select(MembershipChange).where(
            MembershipChange.kind == ChangeType.MOVED_BRANCH, MembershipChange.member_id == one.id
        )
    ).one()
    assert (lines.from_unit, lines.to_unit, lines.on_date) == (tree["a"], tree["b"], today())
    assert history.version_on(one, yesterday).unit == tree["a"]
    assert history.present_version(one).batch_id == plan.batch_id
    assert (application.unit, application.state) == (tree["b"], ApplicationState.SUBMITTED)
    live = (
        select(func.count())
        .select_from(JoinCode)
        .where(JoinCode.unit_id == tree["a"].id, JoinCode.revoked_at.is_(None))
    )
    assert (code.is_open, db.session.scalar(live)) == (False, 0)
    assert (going.unit, going.to_unit, going.state) == (tree["b"], tree["c"], TransferState.SENT)
    assert needless.state is TransferState.CANCELLED
    assert (coming.to_unit, coming.state) == (tree["b"], TransferState.APPROVED)
    assert post.ends == yesterday
    assert [(held.unit, held.starts) for held in one.posts if held.ends is None] == [(tree["b"], today())]
    assert officer.live_grants == []


def test_what_is_the_units_own_goes_to_its_heir(tree, clerk) -> None:
    group, old = make_group(tree["a"]), make_group(tree["a"], withdrawn_at=now())
    wording, retired = (make_wording(tree["a"], state) for state in (WordingState.APPROVED, WordingState.RETIRED))
    roll = ExpectedList(unit=tree["root"], name="新入职")
    person = ExpectedPerson(roll=roll, unit=tree["a"], name="殷新来")
    question = Definition(name="青年", reach=Reach.SHARED, unit=tree["a"], owner_id=group.owner_id)
    db.session.add_all([roll, person, question])
    db.session.commit()

    plans.make(clerk, tree["a"], Wish(tree["b"], today(), document_no="校工〔2026〕3号"))
    db.session.commit()

    assert [one.unit for one in (group, wording, person, question)] == [tree["b"]] * 4
    assert [one.unit for one in (old, retired, roll)] == [tree["a"], tree["a"], tree["root"]]


def test_a_unit_is_split_by_departments_and_single_members(tree, clerk) -> None:
    tree["c"] = factories.make_unit(tree["root"], code="GH05", name="体育部分工会")
    office = at(tree, "a", department="外语 办公室")
    teacher = at(tree, "a", department="英语系")
    single = at(tree, "a", department="英语系", staff_no="E123")

    plan = plans.make(
        clerk, tree["a"], Wish(tree["b"], today(), lines="外语办公室 GH05\ne123 体育部分工会", closes=True)
    )

    assert [one.unit.code for one in (office, teacher, single)] == ["GH05", "GH02", "GH05"]
    assert plans.named(plan) == [("外语 办公室", "体育部分工会"), ("个别会员 1 人", "体育部分工会")]


def test_a_part_may_leave_while_the_unit_stays(tree, clerk) -> None:
    leaver, stayer = at(tree, "a", department="英语系"), at(tree, "a", department="日语系")

    plans.make(clerk, tree["a"], Wish(tree["b"], today(), lines="英语系 GH02", closes=False))

    assert (leaver.unit, stayer.unit, tree["a"].is_enabled) == (tree["b"], tree["a"], True)


def test_a_plan_waits_for_its_day_and_the_clock_may_come_twice(tree, clerk) -> None:
    member = at(tree, "a")
    plan = plans.make(clerk, tree["a"], Wish(tree["b"], today() + timedelta(days=3)))
    db.session.commit()

    plans.carry_out_due()
    assert (plan.state, member.unit) == (PlanState.PLANNED, tree["a"])
    with time_machine.travel(now() + timedelta(days=3)):
        plans.carry_out_due()
        plans.carry_out_due()

    moved = select(func.count()).select_from(MemberVersion).where(MemberVersion.batch_id == plan.batch_id)
    assert (plan.state, member.unit, db.session.scalar(moved)) == (PlanState.DONE, tree["b"], 1)


def test_a_plan_whose_heir_was_closed_meanwhile_tells_its_maker(tree, clerk) -> None:
    member = at(tree, "a")
    plan = plans.make(clerk, tree["a"], Wish(tree["b"], today() + timedelta(days=3)))
    tree["b"].is_enabled = False
    db.session.commit()

    with time_machine.travel(now() + timedelta(days=3)):
        plans.carry_out_due()

    assert (plan.state, member.unit) == (PlanState.PLANNED, tree["a"])
    assert plan.hindered == "机械工程学院分工会已停用或不直接接收会员，请另选转入单位"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"on": -1}, "on"),
        ({"heir": "a"}, "heir"),
        ({"heir": "closed"}, "heir"),
        ({"lines": "不存在的部门 GH02"}, "lines"),
        ({"lines": "英语系 GH77"}, "lines"),
        ({"lines": "英语系"}, "lines"),
        ({"closes": False}, "lines"),
    ],
)
def test_what_cannot_be_names_its_input(tree, clerk, changed, field) -> None:
    at(tree, "a", department="英语系")
    given = {"heir": "b", "on": 0, **changed}
    wish = Wish(tree[given.pop("heir")], today() + timedelta(days=given.pop("on")), **given)

    with pytest.raises(DomainError) as refusal:
        plans.make(clerk, tree["a"], wish)

    assert refusal.value.field == field


def test_nobody_plans_the_end_of_his_own_unit_or_twice(tree, clerk) -> None:
    plans.make(clerk, tree["a"], Wish(tree["b"], today() + timedelta(days=3)))

    with pytest.raises(Forbidden):
        plans.unit_for(clerk, tree["root"].id)
    with pytest.raises(Conflict, match="已有一份待生效的撤并方案"):
        plans.make(clerk, tree["a"], Wish(tree["b"], today()))


def test_what_is_under_way_about_a_member_goes_along_with_her(tree, clerk) -> None:
    member, other = at(tree, "a"), at(tree, "a")
    leaving = factories.make_standing(tree["a"], member=member)
    asked = factories.make_change(tree["a"], member=other)
    wish = Wish(tree["b"], today(), document_no="校工〔2026〕4号")

    foreseen = plans.preview(clerk, tree["a"], wish)
    plans.make(clerk, tree["a"], wish)
    db.session.commit()

    assert {label for label, number in foreseen.hanging if number == 1} >= {
        "在办的会籍变动，随人转到新单位",
        "在办的信息变更，随人转到新单位",
    }
    assert [item.unit for item in (leaving, asked)] == [tree["b"], tree["b"]]


def test_the_super_administrator_merges_whole_units_and_parts_none(tree, user_as, client_of) -> None:
    admin = user_as(Role.SUPER_ADMIN, tree["root"])
    at(tree, "a", department="教务处", staff_no="20150012")
    db.session.commit()

    sentences = set()
    for lines, closes in (("教务处 JX01", True), ("20150012 JX01", True), ("无此人 JX01", True), ("", False)):
        with pytest.raises(DomainError) as caught:
            plans.preview(admin, tree["a"], Wish(tree["b"], today(), lines=lines, closes=closes))
        sentences.add(caught.value.message)
    db.session.rollback()
    path = f"/transfers/plans/new/{tree['a'].id}"
    page = client_of(admin).get(path)
    foreseen = client_of(admin).submit(path, {"heir": str(tree["b"].id), "on": today().isoformat()})
    typed = {"heir": str(tree["b"].id), "on": today().isoformat(), "closes": "y", "confirm": "1"}
    sent = client_of(admin).post(path, data=typed)

    assert sentences == {plans.WHOLE_ONLY}
    assert ("教务处" in page.text, 'name="lines"' in page.text) == (False, False)
    assert ("1 人" in foreseen.text, sent.status_code) == (True, 302)
    db.session.refresh(tree["a"])
    assert tree["a"].is_enabled is False
