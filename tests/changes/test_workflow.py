"""Every state × event × role of 会员信息变更 is the move that the rules name, or a refusal with a sentence.

The table is written by hand from the state machine (4b of the workflows), apart from the code that it judges.
"""

from __future__ import annotations

import pytest

from portal.changes.models import ChangeState as S
from portal.changes.workflow import CHANGES
from portal.core.db import db
from portal.core.errors import DomainError, Forbidden
from portal.members import filing
from portal.members.printing import Papers
from tests import factories

BRANCH, UNION, OTHERS = ("operator", "chair"), ("union", "union chair"), ("elsewhere", "admin", "nobody")
NO = "不能办理"
EVERYBODY = (*BRANCH, *UNION, *OTHERS, "herself")

# (what is asked, state, event) -> (who, where to); for all others, and all that is not named, it is refused
OF_THE_BRANCH, OF_THE_UNION, ON_PAPER = "political_status", "degree", "name"
TABLE = {
    (OF_THE_BRANCH, S.PENDING_BRANCH, "agree"): (BRANCH + UNION, S.APPLIED),
    (OF_THE_BRANCH, S.PENDING_BRANCH, "refuse"): (BRANCH + UNION, S.REFUSED),
    (OF_THE_UNION, S.PENDING_BRANCH, "pass_on"): (BRANCH + UNION, S.PENDING_SCHOOL),
    (OF_THE_UNION, S.PENDING_BRANCH, "refuse"): (BRANCH + UNION, S.REFUSED),
    (OF_THE_UNION, S.PENDING_SCHOOL, "approve"): (UNION, S.APPLIED),
    (OF_THE_UNION, S.PENDING_SCHOOL, "reject"): (UNION, S.REFUSED),
    (ON_PAPER, S.PENDING_BRANCH, "pass_on"): (BRANCH + UNION, S.PENDING_SCHOOL),
    (ON_PAPER, S.PENDING_BRANCH, "refuse"): (BRANCH + UNION, S.REFUSED),
    (ON_PAPER, S.PENDING_SCHOOL, "approve_first"): (UNION, S.PENDING_SECOND),
    (ON_PAPER, S.PENDING_SCHOOL, "reject"): (UNION, S.REFUSED),
    # who agreed first is 「union」
    (ON_PAPER, S.PENDING_SECOND, "confirm"): (("union chair",), S.APPLIED),
    (ON_PAPER, S.PENDING_SECOND, "reject"): (UNION, S.REFUSED),
}
VALUES = {OF_THE_BRANCH: "01", OF_THE_UNION: "201", ON_PAPER: "曾晓玫"}
# a doctor's way into a state
WAYS = {
    S.PENDING_BRANCH: (),
    S.PENDING_SCHOOL: ("pass_on",),
    S.PENDING_SECOND: ("pass_on", "approve_first"),
    S.REFUSED: ("refuse",),
}


def arrange(unit, people, member, field: str, state: S):
    """File a request and take it to `state`; the name stands on a printed form."""
    if field == ON_PAPER:
        filing.keep_prints(
            people["union"], [(member.id, unit.id)], print_id="p1", papers=Papers.REGISTRATION, at_joining=False,
            of_batch=False,
        )  # fmt: skip
    item = factories.make_change(unit, member=member, **{field: VALUES[field]})
    for action in WAYS.get(state, ()):
        CHANGES.fire(item, action, people["union"], comment="理由")
    if state is S.APPLIED:
        for action in {OF_THE_BRANCH: ("agree",), OF_THE_UNION: ("pass_on", "approve")}[field]:
            CHANGES.fire(item, action, people["union"])
    if state is S.CANCELLED:
        CHANGES.fire(item, "cancel", member.user, own=True)
    db.session.commit()
    return item


@pytest.mark.parametrize(
    ("field", "state"),
    [(OF_THE_BRANCH, state) for state in (S.PENDING_BRANCH, S.APPLIED, S.REFUSED, S.CANCELLED)]
    + [(OF_THE_UNION, state) for state in S if state is not S.PENDING_SECOND]
    + [(ON_PAPER, state) for state in (S.PENDING_BRANCH, S.PENDING_SCHOOL, S.PENDING_SECOND)],
)
def test_every_event_by_every_role_is_the_named_move_or_a_refusal(tree, people, member, field, state) -> None:
    item = arrange(tree["a"], people, member, field, state)
    found, expected, sentences = {}, {}, []
    for step in CHANGES.steps:
        for who in EVERYBODY:
            takers, target = TABLE.get((field, state, step.action), ((), None))
            if step.own:  # herself alone, as the caller has proven
                takers, target = (("herself",), S.CANCELLED) if state in WAYS and state is not S.REFUSED else ((), None)
            expected[step.action, who] = target if who in takers else NO
            savepoint = db.session.begin_nested()
            try:
                CHANGES.fire(item, step.action, people[who], comment="理由", own=step.own and who == "herself")
                found[step.action, who] = item.state
            except DomainError as refusal:
                sentences.append(refusal.message)
                found[step.action, who] = NO
            savepoint.rollback()
            db.session.refresh(item)
            buttons = CHANGES.open_steps(item, people[who], own=who == "herself")
            assert (step in buttons) == (expected[step.action, who] != NO), (step.action, who)

    assert found == expected
    assert [sentence for sentence in sentences if len(sentence) < 8] == []


def test_the_first_of_two_is_not_the_second(tree, people, member) -> None:
    item = arrange(tree["a"], people, member, ON_PAPER, S.PENDING_SECOND)

    with pytest.raises(DomainError, match="须由校工会另一位有审批权限的人复核"):
        CHANGES.fire(item, "confirm", people["union"])

    CHANGES.fire(item, "confirm", people["union chair"])
    assert (item.state, member.name) == (S.APPLIED, "曾晓玫")


def test_nobody_decides_on_her_own_request(tree, people) -> None:
    item = factories.make_change(tree["a"], member=own(people["colleague"]))

    with pytest.raises(Forbidden, match="本人不能审批自己的事项"):
        CHANGES.fire(item, "pass_on", people["colleague"])
    CHANGES.fire(item, "pass_on", people["operator"])

    assert item.state is S.PENDING_SCHOOL


def own(user):
    """The member behind an account."""
    from portal.members import service

    return service.own(user)
