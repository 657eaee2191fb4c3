"""What handing over does to offices, rows and accounts; and all that must not succeed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from portal.core import audit, notices
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.handover import service
from portal.handover.models import Handover, HandoverState
from portal.handover.workflow import HANDOVER
from portal.members.models import Member
from portal.org import sessions
from portal.org.models import Grant, LoginSession, User
from portal.org.people import delegating
from portal.org.people import service as accounts
from portal.org.permissions import Permission, Role
from portal.prints.models import PrintJob, PrintKind
from tests import factories

SECRET = accounts.Secret("one-time", "not a hash")


def in_days(days: int):
    return today() + timedelta(days=days)


def a_print(owner: User) -> PrintJob:
    job = PrintJob(
        owner_id=owner.id, title="入会申请书", kind=PrintKind.REGISTRATION, at_joining=True, double_sided=False,
        check_url="http://localhost/", member_ids=[1],
    )  # fmt: skip
    db.session.add(job)
    db.session.commit()
    return job


def sessions_of(user: User) -> int:
    return db.session.scalar(select(func.count()).where(LoginSession.user_id == user.id)) or 0


# --- today and in the future ------------------------------------------------------------------------------------------


def test_today_the_office_passes_at_once(people, tree, term_of) -> None:
    leaver, coming = people["leaver"], people["coming"]
    sessions.open_session(leaver, address="127.0.0.1", device="Test")
    job, others = a_print(leaver), a_print(people["foreign"])
    begun = leaver.grants[0].starts

    item, password = service.arrange(people["operator"], leaver, "JieRen", day=today(), reason="换届")
    db.session.commit()

    assert password == ""
    assert (item.state, item.counts, item.unit) == (HandoverState.DONE, [["打印任务", 1]], tree["a"])
    assert term_of(leaver) == [("branch_chair", "GH01", begun, None, True)]
    assert term_of(coming)[1:] == [("branch_chair", "GH01", today(), None, False)]
    assert (job.owner_id, others.owner_id) == (coming.id, people["foreign"].id)
    assert (leaver.is_enabled, sessions_of(leaver)) == (False, 0)
    assert [event.action for event in audit.events_of(item)] == ["handover.arrange", "handover.complete"]
    assert [event.reason for event in audit.events_of(item)] == ["换届", ""]
    assert [event.action for event in audit.events_of(leaver)] == ["handover.out"]
    assert notices.of(coming.id)[0].title == "李离开的工作完成交接"


def test_in_the_future_both_work_in_their_days_and_the_clock_completes(people, tree, term_of) -> None:
    leaver, coming = people["leaver"], people["coming"]
    job = a_print(leaver)
    day, begun = in_days(10), leaver.grants[0].starts

    item, _ = service.arrange(people["operator"], leaver, "jieren", day=day)
    db.session.commit()
    service.complete_due()

    assert (item.state, leaver.is_enabled, job.owner_id) == (HandoverState.WAITING, True, leaver.id)
    assert term_of(leaver) == [("branch_chair", "GH01", begun, day - timedelta(days=1), False)]
    assert term_of(coming)[1:] == [("branch_chair", "GH01", day, None, False)]
    with time_machine.travel(now() + timedelta(days=9)):
        assert [leaver.may(Permission.MEMBER_EDIT, tree["a"]), len(coming.live_grants)] == [True, 1]
    with time_machine.travel(now() + timedelta(days=10)):
        assert [leaver.may(Permission.MEMBER_EDIT, tree["a"]), len(coming.live_grants)] == [False, 2]
        service.complete_due()
        db.session.commit()
        service.complete_due()  # once more finds nothing
        db.session.commit()
    assert (item.state, leaver.is_enabled, job.owner_id) == (HandoverState.DONE, False, coming.id)
    assert [event.actor_label for event in audit.events_of(item)] == ["钱操作", "系统定时任务"]


def test_a_successor_without_an_account_gets_one(people, tree, term_of) -> None:
    item, password = service.arrange(
        people["operator"], people["leaver"], "xin-ren", day=in_days(3), name="殷新人", secret=SECRET
    )
    db.session.commit()

    assert password == "one-time"
    assert (item.to_user.name, item.to_user.must_change_password) == ("殷新人", True)
    assert term_of(item.to_user) == [("branch_chair", "GH01", in_days(3), None, False)]


def test_the_end_that_was_set_passes_with_the_office(people, tree, user_as, term_of) -> None:
    leaver = user_as(Role.BRANCH_CHAIR, tree["b"], ends=in_days(400), name="陈任期")

    service.arrange(people["operator"], leaver, "jieren", day=in_days(5))
    db.session.commit()

    assert term_of(people["coming"])[1:] == [("branch_chair", "GH02", in_days(5), in_days(400), False)]


def test_the_last_of_an_office_may_hand_it_over_but_not_to_nobody(people, tree, user_as) -> None:
    """Where the union may not be without an operator, the successor is there before the old one goes."""
    last = people["operator"]
    coming = user_as(Role.UNION_OPERATOR, tree["root"], starts=in_days(20), username="weilai", name="褚将来")

    with pytest.raises(DomainError, match="褚将来已有的校工会操作员·海港大学工会在交接日不生效"):
        service.arrange(people["admin"], last, "weilai", day=in_days(5))
    db.session.rollback()
    service.arrange(people["admin"], last, "weilai", day=in_days(20))
    db.session.commit()

    assert last.grants[0].ends == in_days(19)
    assert [grant.starts for grant in coming.grants] == [in_days(20)]


# --- cancelled --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("former", [None, 3, 30])
def test_cancelling_restores_the_old_ends_exactly(people, tree, user_as, term_of, former: int | None) -> None:
    ends = None if former is None else in_days(former)
    leaver = user_as(Role.BRANCH_CHAIR, tree["a"], ends=ends, name="陈任期")
    later = Grant(user=leaver, role=Role.BRANCH_OPERATOR, unit=tree["b"], starts=in_days(60), ends=in_days(90))
    db.session.add(later)
    db.session.commit()
    before = [term_of(leaver), term_of(people["coming"])]

    item, _ = service.arrange(people["operator"], leaver, "jieren", day=in_days(20))
    db.session.commit()
    while_waiting = term_of(leaver)
    HANDOVER.fire(item, "cancel", people["operator"])
    db.session.commit()

    assert while_waiting != before[0]
    assert term_of(leaver) == before[0]
    assert [term for term in term_of(people["coming"]) if not term[-1]] == before[1]
    assert item.state is HandoverState.CANCELLED
    assert notices.of(leaver.id)[0].title == "陈任期的工作取消交接"


def test_an_office_the_successor_had_before_stays_hers(people, tree, term_of) -> None:
    db.session.add(Grant(user=people["coming"], role=Role.BRANCH_CHAIR, unit=tree["a"], starts=today()))
    db.session.commit()
    before = term_of(people["coming"])

    item, _ = service.arrange(people["operator"], people["leaver"], "jieren", day=in_days(20))
    HANDOVER.fire(item, "cancel", people["operator"])
    db.session.commit()

    assert term_of(people["coming"]) == before


def test_an_office_ended_meanwhile_is_not_given_back(people, term_of) -> None:
    item, _ = service.arrange(people["operator"], people["leaver"], "jieren", day=in_days(20))
    accounts.end_grant(people["admin"], people["leaver"].grants[0], None)
    db.session.commit()

    HANDOVER.fire(item, "cancel", people["operator"])
    db.session.commit()

    assert [(end, is_revoked) for *_, end, is_revoked in term_of(people["leaver"])] == [(in_days(19), True)]


def test_nobody_cancels_offices_she_may_not_give(people, tree, user_as) -> None:
    item, _ = service.arrange(people["admin"], people["chair"], "likai", day=in_days(20))
    db.session.commit()

    assert HANDOVER.open_steps(item, people["operator"]) == []
    with pytest.raises(DomainError, match="其中有您不能设置的职责，请由上级取消"):
        HANDOVER.fire(item, "cancel", people["operator"])
    with pytest.raises(Forbidden, match="本人不能审批自己的事项"):
        HANDOVER.fire(item, "cancel", people["chair"])


def test_on_its_day_it_is_too_late(people) -> None:
    item, _ = service.arrange(people["operator"], people["leaver"], "jieren", day=in_days(1))
    db.session.commit()

    with (
        time_machine.travel(now() + timedelta(days=1)),
        pytest.raises(DomainError, match="交接日已到，不能取消；需要恢复的，请在账号页重新加授职责"),
    ):
        HANDOVER.fire(item, "cancel", people["operator"])


# --- the account that is left -----------------------------------------------------------------------------------------


def test_a_member_keeps_her_account_but_neither_office_nor_what_was_lent(people, tree) -> None:
    member = factories.make_member(tree["a"], name="杨会员")
    assert member.user is not None
    user = member.user
    db.session.add(Grant(user=user, role=Role.BRANCH_CHAIR, unit=tree["a"], starts=in_days(-9)))
    db.session.commit()
    sessions.open_session(user, address="127.0.0.1", device="Test")
    delegating.lend(
        people["chair"], tree["root"].id, user.username, [Permission.JOINING_APPROVE.value],
        starts=today(), ends=in_days(30),
    )  # fmt: skip
    db.session.commit()
    assert user.holds(Permission.JOINING_APPROVE)

    service.arrange(people["operator"], user, "jieren", day=today())
    db.session.commit()

    assert (user.is_enabled, user.live_grants, sessions_of(user)) == (True, [], 0)
    assert db.session.scalars(select(Member.user_id).where(Member.id == member.id)).one() == user.id
    assert notices.of(people["chair"].id)[0].title == "您对杨会员的委托已结束"


def test_who_keeps_an_office_keeps_account_and_prints(people, tree, user_as) -> None:
    leaver = user_as(Role.UNION_CHAIR, tree["root"], name="沈两职")
    db.session.add(Grant(user=leaver, role=Role.BRANCH_CHAIR, unit=tree["b"], starts=today()))
    db.session.commit()
    job = a_print(leaver)

    item, _ = service.arrange(people["operator"], leaver, "jieren", day=today())
    db.session.commit()

    assert [grant.role for grant in leaver.live_grants] == [Role.UNION_CHAIR]
    assert (leaver.is_enabled, job.owner_id, item.counts) == (True, leaver.id, [])


# --- refused ----------------------------------------------------------------------------------------------------------


def test_nobody_hands_over_an_office_she_may_not_give(people, tree) -> None:
    """A union operator sees the chair's and the technician's accounts, and can hand over neither."""
    grants = db.session.scalar(select(func.count()).select_from(Grant))
    for name in ("chair", "admin"):
        with pytest.raises(DomainError, match="的职责由上级设置，请由上级办理交接"):
            service.arrange(people["operator"], people[name], "jieren", day=today())
    with pytest.raises(DomainError, match="的职责由上级设置"):
        service.arrange(people["chair"], people["leaver"], "jieren", day=today())

    assert db.session.scalar(select(func.count()).select_from(Grant)) == grants
    assert db.session.scalars(select(Handover)).all() == []


def test_what_is_above_the_actor_stays(people, tree, user_as) -> None:
    leaver = user_as(Role.UNION_CHAIR, tree["root"], name="沈两职")
    db.session.add(Grant(user=leaver, role=Role.BRANCH_CHAIR, unit=tree["b"], starts=today()))
    db.session.commit()

    plan = service.plan(people["operator"], leaver)

    assert [grant.role for grant in plan.grants] == [Role.BRANCH_CHAIR]
    assert [grant.role for grant in plan.kept] == [Role.UNION_CHAIR]


REFUSED = {
    "likai": "接任人不能是移交人本人",
    "caozuo": "不能把职责移交给自己，请由其他管理员办理",
    "gone": "的账号已停用，请先启用或改选他人",
    "nobody": "没有这个用户名；接任人还没有账号的，请同时填写姓名",
    "a b/": "用户名应为 2 至 40 个汉字、字母或数字",
}


@pytest.mark.parametrize("username", REFUSED)
def test_a_successor_who_cannot_be(people, tree, user_as, username: str) -> None:
    user_as(Role.BRANCH_OPERATOR, tree["a"], username="gone", is_enabled=False)

    with pytest.raises(DomainError, match=REFUSED[username]) as refusal:
        service.arrange(people["operator"], people["leaver"], username, day=today())

    assert refusal.value.field == ("to_name" if username == "nobody" else "to_username")


def test_a_successor_beyond_ones_reach_is_a_sentence(people, tree, user_as) -> None:
    user_as(username="waimian", name="卫陌生")

    with pytest.raises(DomainError, match="接任人的账号不由您管理") as refusal:
        service.arrange(people["operator"], people["leaver"], "waimian", day=today())

    assert (refusal.value.field, refusal.value.status) == ("to_username", 422)


@pytest.mark.parametrize("days", [-1, 367])
def test_a_day_that_makes_no_sense(people, days: int) -> None:
    with pytest.raises(DomainError, match="交接日应在今天以后一年以内，请核对") as refusal:
        service.arrange(people["operator"], people["leaver"], "jieren", day=in_days(days))

    assert refusal.value.field == "day"


def test_what_is_arranged_is_not_arranged_again(people) -> None:
    service.arrange(people["operator"], people["leaver"], "jieren", day=in_days(9))
    db.session.commit()

    with pytest.raises(Conflict, match="李离开的交接已由他人安排，请刷新后查看"):
        service.arrange(people["admin"], people["leaver"], "erhui", day=in_days(9))
