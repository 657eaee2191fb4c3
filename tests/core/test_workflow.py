"""Whatever is submitted, judged and settled: every workflow's table is whole, and every step refuses what it must."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.core.audit import AuditEvent, events_of
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.notices import Notice
from portal.core.workflow import Step, Workflow, workflows
from portal.joining.models import ApplicationState, Reason
from portal.joining.workflow import JOINING
from portal.messaging.sending.models import MessageState
from portal.org.models import Grant, OrgUnit
from portal.org.permissions import Role
from portal.query.exports.models import ExportState
from tests import factories
from tests.congress import making as congresses
from tests.messaging import making as messages

# How an item of each workflow comes into a state; the first state of an application is passed in one request.
MAKES: dict[str, Callable[..., Any]] = {
    "changes": factories.make_change,
    "objections": factories.make_objection,
    "checks": factories.make_check,
    "check_parts": factories.make_check_part,
    "joining": factories.make_application,
    "matters": factories.make_matter,
    "transfers": factories.make_transfer,
    "plans": factories.make_plan,
    "merging": factories.make_merge,
    "incoming": factories.make_incoming,
    "handover": factories.make_handover,
    "exports": factories.make_export,
    "rosters": factories.make_roster,
    "wordings": messages.make_wording,
    "bulletins": messages.make_bulletin,
    "composing": messages.make_plan,
    "roster_parts": factories.make_roster_part,
    "standing": factories.make_standing,
    "letters": factories.make_letter,
    "outbox": factories.make_batch,
    "congress_sessions": congresses.make_session,
    "outbox_messages": factories.make_message,
}
UNSEEN = {ApplicationState.DRAFT}
# how far the worker is with a file, once nobody has to confirm it any more, and with a message
OF_THE_WORKER = {
    ExportState.DONE, ExportState.FAILED, ExportState.GIVEN, ExportState.REMOVED,
    MessageState.SENDING, MessageState.SUBMITTED, MessageState.WRONG_NUMBER,
}  # fmt: skip


def every_step() -> list[Any]:
    """Every step of every workflow."""
    return [
        pytest.param(table, step, id=f"{table.name}-{step.action}")
        for table in workflows.values()
        for step in table.steps
    ]


def every_wrong_state() -> list[Any]:
    """Every step with every state that it does not start from."""
    return [
        pytest.param(table, step, state, id=f"{table.name}-{step.action}-{state}")
        for table in workflows.values()
        if table.name in MAKES
        for step in table.steps
        for state in type(step.target)
        if state not in step.sources and state not in UNSEEN
    ]


def test_every_workflow_can_be_arranged() -> None:
    assert set(MAKES) == set(workflows)


@pytest.mark.parametrize("table", workflows.values(), ids=lambda table: table.name)
def test_the_table_is_whole(table: Workflow) -> None:
    actions = [step.action for step in table.steps]
    states = set(type(table.steps[0].target))
    left = {state for step in table.steps for state in step.sources} | OF_THE_WORKER
    reached = {step.target for step in table.steps}

    assert len(actions) == len(set(actions))
    assert [action for action in actions if not re.fullmatch("[a-z_]+", action)] == []
    assert [state for state in states if state not in left | reached] == []
    assert [step.action for step in table.steps if bool(step.permission) == step.own] == []
    assert [step.action for step in table.steps if step.permission and step.at is None] == []
    assert [state.label for state in states if not re.search("[一-鿿]", state.label)] == []


@pytest.mark.parametrize(("table", "step"), every_step())
def test_every_step_speaks_chinese_and_a_danger_asks_or_has_a_form(table: Workflow, step: Step) -> None:
    assert re.search("[一-鿿]", step.label)
    assert table.step(step.action) is step
    assert AuditEvent(action=f"{table.name}.{step.action}").action_label == step.label
    if step.tone == "danger":
        assert step.confirm or step.form


def left_traces() -> tuple[int, int]:
    """How many events and notices there are."""
    found = tuple(db.session.scalar(select(func.count()).select_from(table)) or 0 for table in (AuditEvent, Notice))
    return found[0], found[1]


@pytest.mark.parametrize(("table", "step", "state"), every_wrong_state())
def test_a_step_from_another_state_is_refused_and_leaves_nothing(tree, table: Workflow, step: Step, state: Any) -> None:
    item = MAKES[table.name](tree["a"], state)
    before = left_traces()

    with pytest.raises(Conflict, match="该事项已"):
        table.fire(item, step.action, factories.Hand(), comment="试一试", own=True)

    assert item.state is state
    assert left_traces() == before


def test_who_is_later_learns_who_was_faster(tree, user_as) -> None:
    item = factories.make_application(tree["a"])
    first, second = (user_as(Role.BRANCH_OPERATOR, tree["a"], name=name) for name in ("李先到", "王后到"))
    JOINING.fire(item, "agree", first)

    with pytest.raises(Conflict, match="该事项已由 李先到 处理，请刷新后查看") as refusal:
        JOINING.fire(item, "agree", second)

    assert refusal.value.status == 409


def test_a_step_needs_its_permission_at_its_place(tree, user_as) -> None:
    item = factories.make_application(tree["a"])
    foreign = user_as(Role.BRANCH_CHAIR, tree["b"])

    with pytest.raises(Forbidden, match="您没有「分工会同意」这一事项的权限"):
        JOINING.fire(item, "agree", foreign)

    assert item.state is ApplicationState.SUBMITTED


def test_the_applicants_steps_need_the_applicant(tree, user_as) -> None:
    item = factories.make_application(tree["a"])

    with pytest.raises(Forbidden, match="您没有「撤回申请」这一事项的权限"):
        JOINING.fire(item, "withdraw", user_as(Role.UNION_OPERATOR, tree["root"]))

    assert item.state is ApplicationState.SUBMITTED


@pytest.mark.parametrize("role", [Role.UNION_OPERATOR, Role.UNION_CHAIR])
def test_nobody_decides_on_himself(tree, role: Role) -> None:
    person = factories.a_person()
    item = factories.make_application(tree["a"], ApplicationState.BRANCH_OK, **person.values)
    member = factories.make_member(tree["b"], **person.values)
    actor = member.user
    db.session.add(Grant(user=actor, role=role, unit=tree["root"], starts=today()))
    db.session.commit()

    steps = JOINING.open_steps(item, actor)
    with pytest.raises(Forbidden, match="本人不能审批自己的事项"):
        JOINING.fire(item, "approve", actor)

    assert steps == []
    assert item.state is ApplicationState.BRANCH_OK


@pytest.mark.parametrize("comment", ["", "   ", "\n"])
def test_a_reason_that_is_asked_for_must_be_given(tree, comment: str) -> None:
    item = factories.make_application(tree["a"], ApplicationState.BRANCH_OK)

    with pytest.raises(DomainError, match="请填写") as refusal:
        JOINING.fire(item, "reject", factories.Hand(), comment=comment)

    assert refusal.value.field == "comment"
    assert item.state is ApplicationState.BRANCH_OK


def test_a_step_leaves_one_event_with_its_reason(tree, user_as) -> None:
    item = factories.make_application(tree["a"])
    actor = user_as(Role.BRANCH_CHAIR, tree["a"], name="赵主席")

    JOINING.fire(item, "agree", actor, comment=" 情况属实 ")
    db.session.commit()

    event = events_of(item)[-1]
    assert (event.action, event.actor_label, event.reason) == ("joining.agree", "赵主席", "情况属实")
    assert event.changes == {"state": ["待分工会意见", "待校工会审批"]}
    assert (item.state, event.unit_id) == (ApplicationState.BRANCH_OK, tree["a"].id)


def test_open_steps_are_those_that_fire(tree, user_as) -> None:
    """The buttons, the list of work and the refusal ask the same table."""
    items = {state: factories.make_application(tree["a"], state) for state in ApplicationState if state not in UNSEEN}
    actors = [user_as(role, tree["root"] if "union" in role else tree["a"]) for role in Role]

    for actor in actors:
        for item in items.values():
            for step in JOINING.steps:
                is_open = step in JOINING.open_steps(item, actor)
                savepoint = db.session.begin_nested()
                answer = "taken"
                try:
                    JOINING.fire(item, step.action, actor, comment="理由", **inputs_of(step, tree))
                except (Forbidden, Conflict):
                    answer = "not his"
                except DomainError:
                    answer = "his, but not so"  # what the step asks for is not there yet
                savepoint.rollback()
                if answer != "his, but not so":
                    assert (actor.name, item.state, step.action, answer == "taken") == (
                        actor.name, item.state, step.action, is_open,
                    )  # fmt: skip


def inputs_of(step: Step, tree: dict[str, OrgUnit]) -> dict[str, Any]:
    """What a step asks for besides a comment."""
    asked: dict[str, dict[str, Any]] = {
        "approve": {"study_date": today()},
        "approve_without_opinion": {"study_date": today()},
        "redirect": {"unit_id": tree["b"].id, "seen_unit": tree["a"].id},
        "reject": {"reason": Reason.OTHER},
        "return": {"reason": Reason.OTHER, "wrong_fields": ["native_place"]},
    }
    return asked.get(step.action, {})


def test_a_step_that_is_none_is_absent() -> None:
    with pytest.raises(Absent):
        JOINING.step("bless")
