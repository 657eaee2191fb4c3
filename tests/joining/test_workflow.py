"""Every state and every step: where each leads, who may take it, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError, Forbidden, Problems
from portal.core.notices import Notice
from portal.joining.models import Application, Reason
from portal.joining.models import ApplicationState as S
from portal.joining.workflow import JOINING
from portal.members import history
from portal.members import service as members
from portal.members.models import Member, MemberVersion
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.org.service import give
from tests import factories
from tests.joining.conftest import People

REFUSED = "refused"

# from each state, what each step leads to; what is not named is refused
LEADS_TO = {
    "draft": {"submit": "submitted", "submit_directly": "branch_ok", "park": "already_here"},
    "submitted": {
        "agree": "branch_ok",
        "redirect": "submitted",
        "approve_without_opinion": "approved",  # once the branch is late
        "return": "returned",
        "reject": "rejected",
        "withdraw": "withdrawn",
    },
    "branch_ok": {
        "approve": "approved",
        "return": "returned",
        "reject": "rejected",
        "withdraw": "withdrawn",
        "await_province": "wait_province_reg",  # in a city alone
    },
    "wait_province_reg": {
        "notify_rescan": "wait_province_reg",
        "resume": "branch_ok",
        "registered": "branch_ok",
        "reject": "rejected",
        "withdraw": "withdrawn",
    },
    "returned": {
        "resubmit": "submitted",
        "resubmit_directly": "branch_ok",
        "park": "already_here",
        "withdraw": "withdrawn",
        "expire": "expired",
    },
    "already_here": {"withdraw": "withdrawn"},
    "approved": {},
    "rejected": {},
    "withdrawn": {},
    "expired": {},
}
ACTIONS = {action for row in LEADS_TO.values() for action in row}

# who may take which of the union's steps on an application of branch a, while it waits
MAY: dict[str, dict[str, set[str]]] = {
    "submitted": {
        "branch": {"agree", "redirect", "return"},
        "other_branch": set(),
        "union": {"approve_without_opinion", "redirect", "return", "reject"},
        "chair": {"approve_without_opinion", "redirect", "return", "reject"},
        "admin": set(),
        "nobody": set(),
    },
    "branch_ok": {
        "branch": {"return"},
        "other_branch": set(),
        "union": {"approve", "return", "reject"},
        "chair": {"approve", "return", "reject"},
        "admin": set(),
        "nobody": set(),
    },
}

INPUTS: dict[str, dict[str, Any]] = {
    "approve": {"study_date": today},
    "approve_without_opinion": {"comment": "分工会主席出差，已电话核实", "study_date": today},
    "redirect": {
        "comment": "他在机械学院工作",
        "unit_id": lambda: unit_of("GH02").id,
        "seen_unit": lambda: unit_of("GH01").id,
    },
    "return": {"comment": "请核对籍贯", "wrong_fields": ["native_place"], "reason": Reason.WRONG},
    "reject": {"comment": "不是本校教职工", "reason": Reason.NOT_OURS},
}


def unit_of(code: str) -> OrgUnit:
    return db.session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one()


def fire(item: Application, action: str, actor: Any, *, own: bool = False) -> None:
    inputs = {name: value() if callable(value) else value for name, value in INPUTS.get(action, {}).items()}
    JOINING.fire(item, action, actor, own=own, **inputs)


def let_wait(item: Application, days: int = 14) -> None:
    """Let it be as if the branch had been asked, and the form sent, so many days ago."""
    assert item.asked_at is not None
    assert item.submitted_at is not None
    item.asked_at -= timedelta(days=days)
    item.submitted_at -= timedelta(days=days)
    db.session.commit()


def test_the_table_names_every_step_and_state() -> None:
    assert {step.action for step in JOINING.steps} == ACTIONS
    assert {state.value for state in S} == set(LEADS_TO)


@pytest.mark.parametrize("state", list(LEADS_TO))
def test_a_step_leads_where_the_table_says_or_is_refused(tree: dict[str, OrgUnit], state: str) -> None:
    item = factories.make_application(tree["a"], S.SUBMITTED if state == "draft" else S(state))
    let_wait(item)
    if state == "draft":
        db.session.execute(update(Application).values(state=S.DRAFT))
        db.session.refresh(item)

    led = {}
    for action in ACTIONS:
        attempt = db.session.begin_nested()
        try:
            fire(item, action, factories.Hand(), own=True)
            led[action] = item.state.value
        except Conflict:
            led[action] = REFUSED
        attempt.rollback()
        db.session.refresh(item)

    assert led == {action: LEADS_TO[state].get(action, REFUSED) for action in ACTIONS}


@pytest.mark.parametrize("state", list(MAY))
def test_each_role_is_offered_and_allowed_the_same_steps(tree: dict[str, OrgUnit], people: People, state: str) -> None:
    item = factories.make_application(tree["a"], S(state))
    let_wait(item)

    offered, allowed = {}, {}
    for who in MAY[state]:
        actor = getattr(people, who)
        offered[who] = {step.action for step in JOINING.open_steps(item, actor)}
        allowed[who] = set()
        for action in LEADS_TO[state]:
            attempt = db.session.begin_nested()
            try:
                fire(item, action, actor)
                allowed[who].add(action)
            except Forbidden:
                pass
            attempt.rollback()
            db.session.refresh(item)

    assert offered == MAY[state]
    assert allowed == MAY[state]


def test_nobody_decides_on_himself(tree: dict[str, OrgUnit]) -> None:
    person = factories.a_person().values
    item = factories.make_application(tree["a"], S.BRANCH_OK, **person)
    me = members.admit(SHELL, unit=tree["b"], values=person | {"staff_no": None}, join_date=today())
    assert me.user is not None
    give(SHELL, me.user, Role.UNION_OPERATOR, tree["root"])
    db.session.commit()

    offered = JOINING.open_steps(item, me.user)
    with pytest.raises(Forbidden, match="本人不能审批自己的事项"):
        fire(item, "approve", me.user)

    assert offered == []
    assert item.state == S.BRANCH_OK


@pytest.mark.parametrize("second", ["union", "chair"])
def test_the_second_of_two_approvers_is_told_who_was_first(
    tree: dict[str, OrgUnit], people: People, second: str
) -> None:
    item = factories.make_application(tree["a"], S.BRANCH_OK)
    fire(item, "approve", people.union)
    db.session.commit()

    with pytest.raises(Conflict, match="该事项已由 总操作 处理"):
        fire(item, "approve", getattr(people, second))

    assert len(db.session.scalars(select(Member)).all()) == 1


def test_approval_makes_the_member_whole(tree: dict[str, OrgUnit], people: People) -> None:
    person = factories.a_person().values
    item = factories.make_application(tree["a"], S.BRANCH_OK, **person)
    day = today()

    JOINING.fire(item, "approve", people.union, study_date=day)
    db.session.commit()

    member = item.member
    assert member is not None
    assert {name: getattr(member, name) for name in person} == person
    assert (member.unit, member.join_date, member.member_no) == (tree["a"], day, f"GH-{day.year}-00001")
    assert [version.valid_from for version in db.session.scalars(select(MemberVersion))] == [day]
    assert [(change.kind.label, change.on_date, change.to_unit) for change in member.changes] == [
        ("入会", day, tree["a"])
    ]
    assert member.user is not None
    assert (member.user.username, member.user.password_hash) == (person["staff_no"], None)
    assert (item.study_date, item.decided_by) == (day, people.union.id)


def test_a_pending_staff_number_is_not_stored(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"], S.BRANCH_OK, staff_no="待发工号")

    fire(item, "approve", people.union)
    db.session.commit()

    assert item.member is not None
    assert item.member.staff_no is None
    assert item.member.user is not None
    assert item.member.user.username == item.member.member_no


@pytest.mark.parametrize("days", [-1, 1])
def test_the_day_of_the_decision_lies_between_application_and_today(
    tree: dict[str, OrgUnit], people: People, days: int
) -> None:
    item = factories.make_application(tree["a"], S.BRANCH_OK)

    with pytest.raises(DomainError) as refused:
        JOINING.fire(item, "approve", people.union, study_date=today() + timedelta(days=days))

    assert refused.value.field == "study_date"
    assert refused.value.message.startswith("研究日期应在申请提交日")
    db.session.rollback()
    assert db.session.scalars(select(Member)).all() == []


def test_a_number_that_got_a_member_meanwhile_is_a_conflict(tree: dict[str, OrgUnit], people: People) -> None:
    person = factories.a_person().values
    item = factories.make_application(tree["a"], S.BRANCH_OK, **person)
    other = members.admit(SHELL, unit=tree["b"], values=person | {"staff_no": None}, join_date=today())
    db.session.commit()

    with pytest.raises(Conflict) as refused:
        fire(item, "approve", people.union)

    assert refused.value.message == (
        f"该证件号码已有会籍（{other.trace_label}，机械工程学院分工会），不能重复建立，请核对后退回"
    )
    db.session.rollback()
    assert item.state == S.BRANCH_OK


def test_a_staff_number_in_use_is_told_by_name_and_changes_nothing(tree: dict[str, OrgUnit], people: People) -> None:
    factories.make_member(tree["b"], name="林同号", staff_no="20260001")
    item = factories.make_application(tree["a"], S.BRANCH_OK, staff_no="20260001")

    with pytest.raises(DomainError, match="工号已被 林同号 使用"):
        fire(item, "approve", people.union)

    db.session.rollback()
    assert item.state == S.BRANCH_OK


def test_who_left_before_is_taken_back_on_the_old_record(tree: dict[str, OrgUnit], people: People) -> None:
    person = factories.a_person().values
    old = members.admit(SHELL, unit=tree["b"], values=person, join_date=today())
    history.write(old, {"membership_status": "withdrawn"}, SHELL, reason="退会")
    db.session.commit()
    item = factories.make_application(tree["a"], S.BRANCH_OK, **person)

    fire(item, "approve", people.union)
    db.session.commit()

    assert item.member == old
    assert (old.unit, old.membership_status) == (tree["a"], "active")


def test_returning_opens_only_what_the_form_asks(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"])

    JOINING.fire(
        item,
        "return",
        people.branch,
        comment="请核对",
        wrong_fields=["member_no", "mobile", "name"],
        reason=Reason.WRONG,
    )

    assert item.wrong_fields == ["name", "mobile"]
    assert item.answer == "请核对"


@pytest.mark.parametrize(
    ("action", "inputs", "field", "sentence"),
    [
        ("return", {"comment": " ", "wrong_fields": ["name"]}, "comment", "请填写退回修改的理由"),
        ("reject", {"comment": ""}, "comment", "请填写不予批准的理由"),
        ("reject", {"comment": "不是本校教职工"}, "reason", "请选择原因"),
        ("redirect", {"comment": ""}, "comment", "请填写转到其他分工会的理由"),
    ],
)
def test_a_refusal_needs_its_words(
    tree: dict[str, OrgUnit], people: People, action: str, inputs: dict[str, Any], field: str, sentence: str
) -> None:
    item = factories.make_application(tree["a"])

    with pytest.raises(DomainError) as refused:
        JOINING.fire(item, action, people.union, **inputs)

    assert (refused.value.field, refused.value.message) == (field, sentence)


def test_what_a_return_lacks_is_told_at_once(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"])

    with pytest.raises(Problems) as refused:
        JOINING.fire(item, "return", people.branch, comment="请核对", wrong_fields=[])

    assert refused.value.errors == {"reason": ["请选择原因"], "wrong_fields": ["请勾选需要申请人修改的项目"]}


def told(user: User | None) -> list[str]:
    assert user is not None
    return [notice.title for notice in db.session.scalars(select(Notice).where(Notice.user_id == user.id))]


def test_each_step_tells_those_whose_turn_it_is(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"], name="宋新人")
    JOINING.fire(item, "agree", people.branch, comment="情况属实")
    fire(item, "approve", people.union)
    db.session.commit()

    assert told(people.branch) == ["宋新人申请加入外国语学院分工会，请给出分工会意见", "宋新人的入会申请已批准"]
    assert told(people.union) == ["宋新人申请加入外国语学院分工会，请审批"]
    assert told(people.chair) == ["宋新人申请加入外国语学院分工会，请审批"]
    assert told(people.other_branch) == told(people.nobody) == told(people.admin) == []
    assert item.member is not None
    assert told(item.member.user) == ["您已成为工会会员"]


def test_the_union_is_told_where_a_branch_has_nobody(tree: dict[str, OrgUnit], people: People) -> None:
    factories.make_application(tree["b"], name="宋无人")
    db.session.delete(people.other_branch.grants[0])
    db.session.commit()

    factories.make_application(tree["b"], name="宋新人")

    assert told(people.union) == ["宋新人申请加入机械工程学院分工会，请给出分工会意见"]


def test_only_the_union_hears_of_someone_already_here(tree: dict[str, OrgUnit], people: People) -> None:
    factories.make_application(tree["a"], S.ALREADY_HERE, name="宋旧人")

    assert told(people.branch) == []
    assert told(people.union) == ["宋旧人的入会申请与已有会籍或申请重复，请核实"]


def test_every_step_leaves_its_trace(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"])
    JOINING.fire(
        item, "return", people.branch, comment="请核对籍贯", wrong_fields=["native_place"], reason=Reason.WRONG
    )

    events = [(event.action, event.actor_label, event.reason) for event in audit.events_of(item)]

    assert events == [("joining.submit", "申请人", ""), ("joining.return", "方分会", "请核对籍贯")]


def test_without_an_opinion_the_union_decides_at_once(
    app: Flask, tree: dict[str, OrgUnit], user_as: Callable[..., User]
) -> None:
    tree["b"].needs_opinion = False
    union = user_as(Role.UNION_OPERATOR, tree["root"])

    item = factories.make_application(tree["b"], S.BRANCH_OK)

    assert [step.action for step in JOINING.open_steps(item, union)] == ["approve", "return", "reject"]
    assert [event.action for event in audit.events_of(item)] == ["joining.submit_directly"]
    assert item.opinion_at is None
    assert isinstance(item.submitted_at and item.submitted_at.date(), date)
