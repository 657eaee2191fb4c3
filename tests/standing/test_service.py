"""What each kind of change does to a membership, who may ask for it, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core import audit, settings
from portal.core.actors import SHELL
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden, Problems
from portal.members import correcting, history, turning
from portal.members import service as members
from portal.members.enums import ChangeReason, ChangeType, MembershipStatus
from portal.members.models import Member
from portal.org.permissions import Role
from portal.standing import service
from portal.standing.models import ChangeKind as K
from portal.standing.models import StandingState as S
from portal.standing.service import Wanted
from portal.standing.workflow import STANDING
from tests import factories
from tests.members.test_history import FIRST_DAY, noon

ACTIVE, RETAINED = MembershipStatus.ACTIVE, MembershipStatus.RETAINED


def in_status(unit, status: str, because: ChangeReason | None = None) -> Member:
    """A member whose membership has had this status since she joined."""
    member = factories.make_member(unit)
    if status != ACTIVE:
        turning.turn(
            member, SHELL, ChangeType.RETAINED, on=today(), reason="安排", because=because,
            values={"membership_status": status},
        )  # fmt: skip
    db.session.commit()
    return member


# what 4c says of each kind: from, to, the line and its reason, the state of employment, the remark
EFFECTS = [
    (K.LEAVE, "active", "transferred_out", "4", "13", "1", "调离，会籍转出"),
    (K.LEAVE_JOBLESS, "active", "retained", "3", "1", "3", "离职，未就业，办理保留会籍"),
    (K.RETIRE, "active", "retained", "3", "11", "4", "退休，办理保留会籍"),
    (K.RETIRE_VETERAN, "active", "retained", "3", "12", "5", "离休，办理保留会籍"),
    (K.RESIGN, "active", "retained", "3", "1", "6", "退职，办理保留会籍"),
    (K.LAID_OFF, "active", "retained", "3", "2", "2", "下岗待岗，办理保留会籍"),
    (K.UNEMPLOYED, "active", "retained", "3", "3", "3", "失业，办理保留会籍"),
    (K.ARMY, "active", "retained", "3", "15", "9", "服兵役，办理保留会籍"),
    (K.RESTORE, "retained", "active", "7", None, "1", "恢复会籍"),
    (K.WITHDRAW, "active", "withdrawn", "6", "5", "1", "退会"),
    (K.WITHDRAW, "retained", "withdrawn", "6", "5", "1", "退会"),
    (K.LAPSE, "active", "withdrawn", "6", "17", "1", "自动退会"),
    (K.EXPEL, "active", "expelled", "5", "6", "1", "开除会籍"),
    (K.EXPEL, "retained", "expelled", "5", "6", "1", "开除会籍"),
    (K.DEATH, "active", "deceased", "8", "14", "1", "去世"),
    (K.DEATH, "retained", "deceased", "8", "14", "1", "去世"),
    (K.DEATH, "expelled", "deceased", "8", "14", "1", "去世"),
]


@pytest.mark.parametrize(("kind", "before", "after", "line", "because", "employment", "words"), EFFECTS)
def test_what_is_agreed_to_happens_with_its_line_and_remark(
    tree, kind, before, after, line, because, employment, words
) -> None:
    member = in_status(tree["a"], before)

    item = factories.make_standing(tree["a"], S.DONE, kind, member=member)

    change = member.changes[-1]
    assert (member.membership_status, member.employment_status) == (after, employment)
    assert (change.kind, change.reason, change.on_date, item.line) == (line, because, today(), change)
    assert member.remark == f"{show_date(today())}{words}"
    assert history.version_on(member, today()).membership_status == after
    assert item.before == {"membership_status": before, "employment_status": "1"}


# what 4c does not know: kind and status from which it is refused
REFUSED = [
    (kind, status)
    for kind, rule in service.rules.RULES.items()
    for status in MembershipStatus
    if kind not in (K.CORRECT, K.REDATE) and (kind, status.value) not in {(row[0], row[1]) for row in EFFECTS}
    and not (kind is K.DEATH and status is not MembershipStatus.DECEASED)
]  # fmt: skip


def test_from_every_other_status_the_kind_is_refused_with_a_sentence(tree, user_as) -> None:
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    members = {status: in_status(tree["a"], status) for status in MembershipStatus}

    for kind, status in REFUSED:
        with pytest.raises(DomainError, match=f"的会籍现在是“{status.label}”，不能办理{kind.label}"):
            service.ask(actor, Wanted(members[status], kind, today(), factories.FACTS.get(kind, {})))


@pytest.mark.parametrize(
    ("kind", "days", "sentence"),
    [
        (K.RETIRE, 31, ""),
        (K.RETIRE, 32, "31 天以内"),
        (K.LEAVE, 31, ""),
        (K.DEATH, 1, "去世的日期不能晚于今天"),
        (K.EXPEL, 1, "开除会籍的日期不能晚于今天"),
        (K.WITHDRAW, 1, "退会的日期不能晚于今天"),
        (K.RETIRE, -1, "生效日期不能早于"),
    ],
)
def test_the_day_of_a_change_has_its_limits(tree, user_as, kind, days, sentence) -> None:
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    wanted = Wanted(factories.make_member(tree["a"]), kind, today() + timedelta(days), factories.FACTS.get(kind, {}))

    if sentence:
        with pytest.raises(DomainError, match=sentence) as refusal:
            service.ask(actor, wanted)
        assert refusal.value.field == "on"
    else:
        assert service.ask(actor, wanted).state is S.SUBMITTED


@pytest.mark.parametrize(
    ("kind", "fact"), [(kind, fact) for kind in K if kind is not K.REDATE for fact in service.rules.RULES[kind].asked]
)
def test_what_a_kind_asks_for_has_to_be_given(tree, user_as, kind, fact) -> None:
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    member = in_status(tree["a"], RETAINED if kind in (K.RESTORE, K.CORRECT) else ACTIVE, ChangeReason.ARMY)
    facts = factories.FACTS[kind] | {fact: " "}

    with pytest.raises(Problems) as refusal:
        service.ask(actor, Wanted(member, kind, today(), facts))

    assert refusal.value.errors == {fact: [f"请填写{service.rules.FACTS[fact]}"]}


@pytest.mark.parametrize(
    ("because", "form", "sentence"),
    [
        (ChangeReason.RETIRED, "1", "已退休，返聘不恢复会籍"),
        (ChangeReason.VETERAN_RETIRED, "1", "已退休，返聘不恢复会籍"),
        (ChangeReason.ARMY, "5", "用工形式是返聘，返聘不恢复会籍"),
        (ChangeReason.ARMY, "1", ""),
    ],
)
def test_a_retiree_who_works_again_stays_retained(tree, user_as, because, form, sentence) -> None:
    actor = user_as(Role.BRANCH_OPERATOR, tree["a"])
    member = in_status(tree["a"], RETAINED, because)
    history.write(member, {"employment_form": form}, SHELL, reason="安排")
    wanted = Wanted(member, K.RESTORE, today(), factories.FACTS[K.RESTORE])

    if sentence:
        with pytest.raises(DomainError, match=sentence):
            service.ask(actor, wanted)
    else:
        assert service.ask(actor, wanted).state is S.SUBMITTED


def test_a_member_has_one_change_under_way(tree, user_as) -> None:
    item = factories.make_standing(tree["a"], S.RETURNED)

    with pytest.raises(Conflict, match="已有一件会籍变动在办理（退休，退回修改），请先办完"):
        service.ask(user_as(Role.BRANCH_OPERATOR, tree["a"]), Wanted(item.member, K.ARMY, today()))

    STANDING.fire(item, "withdraw", factories.Hand())
    again = factories.make_standing(tree["a"], member=item.member)
    assert again.state is S.SUBMITTED


def test_of_an_expulsion_a_branch_learns_nothing(tree, user_as) -> None:
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"])
    item = factories.make_standing(tree["a"], kind=K.EXPEL)

    with pytest.raises(Conflict, match="已有一件会籍变动在办理（由校工会办理），请先办完"):
        service.ask(operator, Wanted(item.member, K.RETIRE, today()))
    with pytest.raises(Absent):
        STANDING.fetch(operator, item.id)

    assert STANDING.fetch(user_as(Role.UNION_CHAIR, tree["root"]), item.id) is item


def test_nobody_asks_for_himself_nor_a_branch_for_what_the_union_proposes(tree, user_as) -> None:
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"])
    member, other = factories.make_member(tree["a"]), factories.make_member(tree["a"])
    member.user = operator
    db.session.commit()

    with pytest.raises(Forbidden, match="本人的会籍变动请由其他经办人提出"):
        service.ask(operator, Wanted(member, K.RETIRE, today()))
    with pytest.raises(Forbidden, match="自动退会由校工会提出"):
        service.ask(operator, Wanted(other, K.LAPSE, today(), factories.FACTS[K.LAPSE]))
    with pytest.raises(Absent):
        service.member_for(user_as(Role.BRANCH_OPERATOR, tree["b"]), other.id)


def test_who_asked_may_agree_unless_the_union_has_set_it_otherwise(tree, user_as) -> None:
    asker = user_as(Role.UNION_OPERATOR, tree["root"])
    first = factories.make_standing(tree["a"], asker=asker)
    second = factories.make_standing(tree["a"], asker=asker)

    STANDING.fire(first, "agree", asker)
    settings.set(SHELL, "standing_asker_decides", False)

    with pytest.raises(DomainError, match="须由提出人以外的另一个人决定"):
        STANDING.fire(second, "agree", asker)
    assert (first.state, second.state) == (S.DONE, S.SUBMITTED)


def test_a_change_to_come_is_done_by_the_clock_once(tree) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        item = factories.make_standing(tree["a"], S.SCHEDULED)
        assert service.apply_due() == 0
        assert item.member.membership_status == ACTIVE
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=14)), tick=False):  # the machine was off for four days
        done = service.apply_due(), service.apply_due()
        db.session.commit()

        member = item.member
        assert done == (1, 0)
        assert (item.state, member.membership_status) == (S.DONE, RETAINED)
        assert member.changes[-1].on_date == FIRST_DAY + timedelta(days=10)
        status = [
            history.version_on(member, FIRST_DAY + timedelta(days)).membership_status for days in (9, 10, 14)
        ]  # fmt: skip
        assert status == ["active", "retained", "retained"]


def test_what_cannot_happen_any_more_goes_back_with_the_reason(tree) -> None:
    item = factories.make_standing(tree["a"], S.SCHEDULED)
    turning.turn(
        item.member, SHELL, ChangeType.WITHDRAWN, on=today(), reason="退会", values={"membership_status": "withdrawn"}
    )
    db.session.commit()

    with time_machine.travel(noon(today() + timedelta(days=10)), tick=False):
        assert service.apply_due() == 0

    assert item.state is S.RETURNED
    assert audit.events_of(item)[-1].reason == f"{item.member.name}的会籍现在是“退会”，不能办理退休"


def test_many_are_asked_for_and_agreed_to_with_one_batch_each(tree, user_as) -> None:
    operator, union = user_as(Role.BRANCH_OPERATOR, tree["a"]), user_as(Role.UNION_OPERATOR, tree["root"])
    members = [factories.make_member(tree["a"]) for _ in range(3)]
    members.append(in_status(tree["a"], RETAINED))

    asked = service.ask_many(operator, [Wanted(member, K.RETIRE, today()) for member in members])
    agreed = service.agree_many(union, [one.item_id for one in asked.done])
    db.session.commit()

    assert [one.member_id for one in asked.done] == [member.id for member in members[:3]]
    assert [one.why for one in asked.skipped] == [f"{members[3].name}的会籍现在是“保留会籍”，不能办理退休"]
    assert (len(agreed.done), agreed.skipped) == (3, [])
    assert {member.membership_status for member in members} == {RETAINED}
    traces = select(audit.AuditEvent.action).where(audit.AuditEvent.batch_id == agreed.batch_id)
    assert sorted(set(db.session.scalars(traces))) == [
        "member.edit", "standing.agree", "standing.agree_many", "standing.apply",
    ]  # fmt: skip


# --- corrections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "before"), [(K.DEATH, ACTIVE), (K.DEATH, RETAINED), (K.RETIRE, ACTIVE)])
def test_a_correction_brings_back_what_was_before_on_every_day(tree, user_as, kind, before) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = in_status(tree["a"], before)
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=9)), tick=False):
        wrong = factories.make_standing(
            tree["a"], S.DONE, kind, member=member, on=FIRST_DAY + timedelta(days=3)
        )  # fmt: skip
        lines = len(member.changes)

        item = factories.make_standing(tree["a"], S.DONE, K.CORRECT, member=member)

        days = [history.version_on(member, FIRST_DAY + timedelta(day)).membership_status for day in range(10)]
        assert days == [before] * 10
        assert (member.membership_status, member.employment_status) == (before, "1")
        assert (len(member.changes), item.line, wrong.line) == (lines - 1, None, None)
        assert item.data["line"]["on_date"] == (FIRST_DAY + timedelta(days=3)).isoformat()
        assert member.remark.endswith("的登记")


def test_a_correction_needs_a_second_person_and_a_fresh_line(tree, user_as) -> None:
    chair = user_as(Role.UNION_CHAIR, tree["root"])
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        old = factories.make_standing(tree["a"], S.DONE).member
    item = factories.make_standing(tree["a"], kind=K.CORRECT, member=factories.make_standing(tree["a"], S.DONE).member)
    item.asked_by = chair.id

    with pytest.raises(DomainError, match="须由提出人以外的另一个人决定"):
        STANDING.fire(item, "decide", chair)
    with pytest.raises(DomainError, match="已超过 30 天，不能再更正"):
        factories.make_standing(tree["a"], kind=K.CORRECT, member=old)
    with pytest.raises(DomainError, match="没有可以更正的"):
        factories.make_standing(tree["a"], kind=K.CORRECT)


@pytest.mark.parametrize("kind", [K.EXPEL, K.LAPSE], ids=["expelled", "lapsed"])
def test_the_day_of_an_expulsion_is_moved_by_two_people(tree, user_as, kind) -> None:
    operator, chair = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.UNION_CHAIR, tree["root"])
    branch = user_as(Role.BRANCH_OPERATOR, tree["a"])
    day, right = FIRST_DAY + timedelta(days=5), FIRST_DAY + timedelta(days=3)
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["a"])
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=9)), tick=False):
        line = factories.make_standing(tree["a"], S.DONE, kind, member=member, on=day).line
    seen = members.mark_of(member)

    with pytest.raises(DomainError, match="须由校工会主席决定"):
        correcting.redate(operator, member, line, on=right, reason="决议日期有误", seen=seen)
    for on, note, field in ((day, "决议日期有误", "on"), (FIRST_DAY, "决议日期有误", "on"), (right, "错", "note")):
        with pytest.raises(DomainError) as refusal:
            service.ask(operator, Wanted(member, K.REDATE, on, {"note": note}))
        assert field in (refusal.value.field, *getattr(refusal.value, "errors", ()))
    item = service.ask(operator, Wanted(member, K.REDATE, right, {"note": "决议日期有误"}))
    db.session.commit()
    for actor in (operator, branch):
        with pytest.raises(Forbidden):
            STANDING.fire(item, "decide", actor)
    with pytest.raises(Absent):
        service.find(branch, item.id)
    assert (line.on_date, K.REDATE in service.kinds_for(operator, member)) == (day, True)
    STANDING.fire(item, "decide", chair)
    db.session.commit()

    gone = [history.version_on(member, FIRST_DAY + timedelta(day)).membership_status for day in range(6)]
    assert (item.state, line.on_date, gone[:3], set(gone[3:])) == (
        S.DONE, right, ["active"] * 3, {member.membership_status},
    )  # fmt: skip
    alone = service.ask(operator, Wanted(member, K.REDATE, day, {"note": "决议日期有误"}))
    alone.asked_by = chair.id
    with pytest.raises(DomainError, match="须由提出人以外的另一个人决定"):
        STANDING.fire(alone, "decide", chair)


def test_only_such_a_line_is_moved_by_this_way(tree, user_as) -> None:
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    left = factories.make_standing(tree["a"], S.DONE, K.WITHDRAW).member

    with pytest.raises(DomainError, match="不是开除会籍或自动退会"):
        service.ask(operator, Wanted(left, K.REDATE, today(), factories.FACTS[K.REDATE]))
    assert K.REDATE not in service.kinds_for(operator, left)
