"""Every state x event x role is the move that 4c names, or a refusal with a sentence: a table written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.org.models import Grant
from portal.org.permissions import Role
from portal.standing.models import ChangeKind as K
from portal.standing.models import StandingState as S
from portal.standing.workflow import STANDING
from tests import factories

BRANCH, UNION, CHAIR, NOBODY = "branch", "union", "chair", "nobody"
# who walks: role, place, and whose right she has
PEOPLE = {
    "operator of a": (Role.BRANCH_OPERATOR, "a", {BRANCH}),
    "chair of a": (Role.BRANCH_CHAIR, "a", {BRANCH}),
    "operator of b": (Role.BRANCH_OPERATOR, "b", {NOBODY}),
    "union operator": (Role.UNION_OPERATOR, "root", {UNION}),
    "administrator of a union": (Role.UNIT_ADMIN, "root", {UNION}),
    "union chair": (Role.UNION_CHAIR, "root", {CHAIR}),
    "super administrator": (Role.SUPER_ADMIN, "root", {NOBODY}),
    "administrator above": (Role.ORG_ADMIN, "root", {NOBODY}),
    "nobody": (None, "root", {NOBODY}),
}

# event: from, to, who for what a branch asks for, who for what the union proposes
EVENTS: dict[str, tuple[set[S], S, set[str], set[str]]] = {
    "agree": ({S.SUBMITTED}, S.DONE, {UNION, CHAIR}, set()),
    "decide": ({S.SUBMITTED}, S.DONE, set(), {CHAIR}),
    "return": ({S.SUBMITTED}, S.RETURNED, {UNION, CHAIR}, {UNION, CHAIR}),
    "refuse": ({S.SUBMITTED}, S.REFUSED, {UNION, CHAIR}, set()),
    "turn_down": ({S.SUBMITTED}, S.REFUSED, set(), {CHAIR}),
    "resubmit": ({S.RETURNED}, S.SUBMITTED, {BRANCH, UNION}, {UNION}),
    "withdraw": ({S.SUBMITTED, S.RETURNED}, S.WITHDRAWN, {BRANCH, UNION}, {UNION}),
    "call_off": ({S.SCHEDULED}, S.WITHDRAWN, {UNION, CHAIR}, {UNION, CHAIR}),
    "file_number": ({S.DONE}, S.DONE, set(), {UNION, CHAIR}),
    "talk": ({S.SUBMITTED}, S.SUBMITTED, set(), set()),  # of who would give up her membership herself
    "take_back": ({S.SUBMITTED, S.RETURNED}, S.WITHDRAWN, set(), set()),  # the member's
    "apply": ({S.SCHEDULED}, S.DONE, set(), set()),  # the clock's
    "give_back": ({S.SCHEDULED}, S.RETURNED, set(), set()),
}


def inputs_of(action: str, kind: K) -> dict[str, Any]:
    """What a step asks for besides a comment."""
    asked: dict[str, dict[str, Any]] = {
        "resubmit": {"effective_on": today(), "facts": factories.FACTS.get(kind, {})},
        "file_number": {"filing_no": "秦工备〔2026〕3号"},
    }
    return asked.get(action, {})


@pytest.mark.parametrize("kind", [K.RETIRE, K.EXPEL])
def test_every_state_event_and_role_is_a_move_or_a_refusal(tree, user_as, kind) -> None:
    assert {step.action for step in STANDING.steps} == set(EVENTS)
    is_unions = kind is K.EXPEL
    states = [state for state in S if not (is_unions and state is S.SCHEDULED)]
    items = {state: factories.make_standing(tree["a"], state, kind) for state in states}
    people = {name: user_as(role, tree[place]) for name, (role, place, _) in PEOPLE.items()}
    wrong = []
    for state, item in items.items():
        for action, (sources, target, for_branch, for_union) in EVENTS.items():
            for name, actor in people.items():
                may = PEOPLE[name][2] & (for_union if is_unions else for_branch)
                expected: object = Forbidden if not may else Conflict if state not in sources else target
                savepoint = db.session.begin_nested()
                found: object
                try:
                    STANDING.fire(item, action, actor, comment="请核对", **inputs_of(action, kind))
                    found = item.state
                except DomainError as refusal:
                    found = type(refusal) if refusal.message.endswith(("权限", "后查看")) else refusal.message
                savepoint.rollback()
                db.session.expire(item)
                if found != expected:
                    wrong.append((state, action, name, found, expected))

    assert wrong == []


@pytest.mark.parametrize("role", [Role.UNION_OPERATOR, Role.UNION_CHAIR])
def test_nobody_decides_on_himself(tree, role) -> None:
    for kind in (K.RETIRE, K.EXPEL):
        item = factories.make_standing(tree["a"], kind=kind)
        actor = item.member.user
        db.session.add(Grant(user=actor, role=role, unit=tree["root"], starts=today()))
        db.session.commit()

        assert STANDING.open_steps(item, actor) == []
        for step in STANDING.steps:
            if not step.own:
                with pytest.raises(Forbidden, match="本人不能审批自己的事项"):
                    STANDING.fire(item, step.action, actor, comment="试一试")
