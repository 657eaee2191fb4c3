"""The number on the button is the number that is queued; who leaves gets nothing, who joins gets it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core import notices, settings
from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.members import history
from portal.messaging import choices
from portal.messaging.composing import asking, service, worker
from portal.messaging.composing.looking import look
from portal.messaging.composing.models import Outcome, Sms, SmsPerson, SmsState
from portal.messaging.composing.service import Wanted
from portal.messaging.composing.workflow import PLANS
from portal.messaging.sending import worker as sending
from portal.messaging.sending.models import Message, MessageState
from portal.messaging.wordings.models import WordingState
from portal.messaging.wordings.workflow import WORDINGS
from portal.org.models import Grant, User
from portal.org.permissions import Role
from tests import factories
from tests.messaging import making

TEN = datetime(2027, 1, 20, 2, 0, tzinfo=UTC)  # ten in the morning
GIFT = {"节日": "春节", "时间": "周三下午", "地点": "工会办公室", "联系人": "李老师"}
OFFICE = {"all": [{"field": "department", "op": "eq", "value": "团委"}]}


@pytest.fixture
def morning() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(TEN, tick=False) as traveller:
        yield traveller


def composed(actor: User, *groups: str, send_at: datetime | None = None, receipt: bool = False) -> Sms:
    plan = service.compose(actor, "s:gift", base_url="https://gh.example", groups=groups or ["b:everyone"])
    service.fill(actor, plan, Wanted("慰问品", GIFT, False, receipt, send_at))
    return plan


def sent(plan: Sms) -> set[int]:
    """Whom the outbox has."""
    query = select(Message.member_id).where(Message.batch_id == plan.batch_id)
    return {number for number in db.session.scalars(query) if number is not None}


def outcomes(plan: Sms) -> dict[int, Outcome]:
    rows = db.session.scalars(select(SmsPerson).where(SmsPerson.plan_id == plan.id))
    return {row.member_id: row.outcome for row in rows}


def test_who_leaves_gets_nothing_who_joins_gets_it_and_nobody_out_of_sight(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    stays, leaves = (factories.make_member(tree["a"], department="团委") for _ in range(2))
    factories.make_member(tree["b"], department="团委")
    group = making.make_group(tree["a"], owner=chair, question=OFFICE)
    plan = composed(chair, f"g:{group.id}", send_at=TEN + timedelta(hours=2))
    service.send(chair, plan, seen=look(chair, plan).seal)
    db.session.commit()
    assert (plan.state, plan.expected, sent(plan)) == (SmsState.WAITING, 2, set())
    history.write(leaves, {"department": "学工部"}, SHELL, reason="测试")
    joins = factories.make_member(tree["a"], department="团委")
    db.session.commit()

    worker.work()
    morning.move_to(TEN + timedelta(hours=2, minutes=1))
    assert plan.state is SmsState.WAITING
    worker.work()

    assert (plan.state, sent(plan)) == (SmsState.SENT, {stays.id, joins.id})
    assert outcomes(plan) == {stays.id: Outcome.DUE, leaves.id: Outcome.LEFT, joins.id: Outcome.DUE}


def test_the_button_sends_to_exactly_whom_it_names(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    one = factories.make_member(tree["a"])
    plan = composed(chair)
    seen = look(chair, plan).seal
    other = factories.make_member(tree["a"])

    with pytest.raises(Conflict, match="刚刚有变化"):
        service.send(chair, plan, seen=seen)
    service.send(chair, plan, seen=look(chair, plan).seal)

    assert (plan.state, plan.expected, sent(plan)) == (SmsState.SENT, 2, {one.id, other.id})
    with pytest.raises(Conflict, match="已经提交过"):
        service.send(chair, plan, seen=seen)


def test_a_gateway_that_has_filed_the_words_is_told_their_number_and_the_blanks(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    one = factories.make_member(tree["a"])
    wording = making.make_wording(tree["a"], WordingState.APPROVED)
    wording.template_no = "SMS_100200"
    plan = service.compose(chair, f"w:{wording.id}", base_url="https://gh.example", groups=["b:everyone"])
    service.fill(chair, plan, Wanted("领取", {"时间": "周三下午"}, False, False, None))

    service.send(chair, plan, seen=look(chair, plan).seal)

    message = db.session.scalars(select(Message)).one()
    assert plan.batch is not None
    assert plan.batch.template_code == "SMS_100200"
    assert message.variables == {"姓名": one.name, "时间": "周三下午"}


def test_who_gets_none_is_shown_with_the_reason(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    people = {
        "due": factories.make_member(tree["a"], name="安一", mobile="13900009999"),
        "double": factories.make_member(tree["a"], name="毕二"),
        "none": factories.make_member(tree["a"], name="曹三"),
        "gone": factories.make_member(tree["a"], name="邓四"),
        "inside": factories.make_member(tree["a"], name="方五"),
    }
    history.write(people["double"], {"mobile": "13900009999"}, SHELL, reason="测试")
    history.write(people["none"], {"mobile": None}, SHELL, reason="测试")
    history.write(people["gone"], {"membership_status": "deceased"}, SHELL, reason="测试")
    choices.choose(people["inside"].user, people["inside"], is_inside=True)
    group = making.make_group(tree["a"], *people.values(), owner=chair)
    plan = composed(chair, f"g:{group.id}")

    found = look(chair, plan)

    assert {line.member.name: line.outcome for line in found.lines} == {
        "安一": Outcome.DUE, "毕二": Outcome.DOUBLE, "曹三": Outcome.NO_NUMBER, "邓四": Outcome.GONE,
        "方五": Outcome.INSIDE,
    }  # fmt: skip
    assert found.due[0].text == "安一老师：春节慰问品请于周三下午到工会办公室领取，联系人李老师。"
    assert (found.parts, found.cost, found.problems) == (1, "0.05", [])
    assert [line.member.name for line in found.to_call] == ["曹三"]
    service.send(chair, plan, seen=found.seal)
    assert sent(plan) == {people["due"].id}


def test_an_empty_blank_stops_sending_and_names_the_person(tree, user_as, morning) -> None:
    union = user_as(Role.UNION_OPERATOR, tree["root"])
    factories.make_member(tree["a"], name="周雨桐", staff_no=None)
    wording = making.make_wording(tree["root"])
    wording.text = "【姓名】（【工号】）请于【时间】来。"
    WORDINGS.fire(wording, "approve", union)
    plan = service.compose(union, f"w:{wording.id}", base_url="https://gh.example", groups=["b:everyone"])

    found = look(union, plan)

    assert found.problems == ["请填写【时间】", "周雨桐的【工号】没有填，请补填会员信息，或换一个模板"]
    with pytest.raises(DomainError, match="周雨桐的【工号】没有填"):
        service.send(union, plan, seen=found.seal)
    assert plan.state is SmsState.DRAFT


def test_many_take_a_second_person_and_a_stopped_one_is_mended_and_sent(tree, user_as, morning) -> None:
    settings.set(SHELL, "messaging_second", 1)
    first, second = (user_as(Role.UNION_OPERATOR, tree["root"]) for _ in range(2))
    for _ in range(2):
        factories.make_member(tree["a"])
    plan = composed(first)
    service.send(first, plan, seen=look(first, plan).seal)
    assert plan.state is SmsState.PENDING
    with pytest.raises(DomainError, match="另一位有权限的人确认"):
        PLANS.fire(plan, "confirm", first)

    PLANS.fire(plan, "stop", second, comment="地点写错了")
    PLANS.fire(plan, "mend", first)
    service.fill(first, plan, Wanted("慰问品", GIFT | {"地点": "体育馆"}, False, False, None))
    service.send(first, plan, seen=look(first, plan).seal)
    PLANS.fire(plan, "confirm", second)
    db.session.commit()
    worker.work()

    assert (plan.state, len(sent(plan))) == (SmsState.SENT, 2)
    text = db.session.scalars(select(Message).where(Message.batch_id == plan.batch_id)).first()
    assert "体育馆" in text.text


def test_the_night_holds_a_message_until_eight(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    factories.make_member(tree["a"])
    plan = composed(chair)
    morning.move_to(datetime(2027, 1, 20, 14, 0, tzinfo=UTC))  # ten at night

    service.send(chair, plan, seen=look(chair, plan).seal)

    assert (plan.state, plan.send_at) == (SmsState.WAITING, datetime(2027, 1, 21, 0, 0, tzinfo=UTC))


def test_a_cap_a_broken_group_and_a_lost_office_send_nothing(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    for _ in range(2):
        factories.make_member(tree["a"])
    plan = composed(chair, send_at=TEN + timedelta(hours=1))
    service.send(chair, plan, seen=look(chair, plan).seal)
    db.session.commit()
    settings.set(SHELL, "messaging_cap", 1)
    assert look(chair, composed(chair)).problems == ["本单位每天最多发 1 人次，今天已发 0 人次，加上这次会超过"]
    db.session.scalars(select(Grant).where(Grant.user_id == chair.id)).one().revoked_at = TEN
    db.session.commit()
    morning.move_to(TEN + timedelta(hours=1, minutes=1))

    worker.work()

    assert (plan.state, sent(plan)) == (SmsState.STOPPED, set())


def test_the_same_words_to_the_same_people_within_a_day_warn(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    factories.make_member(tree["a"])
    plan = composed(chair)
    service.send(chair, plan, seen=look(chair, plan).seal)

    again = look(chair, composed(chair)).warnings
    morning.move_to(TEN + timedelta(days=1, hours=1))

    assert again == ["一天之内已经给同样的人发过同样的内容，请确认不是重复发送"]
    assert look(chair, composed(chair)).warnings == []


def test_only_those_who_have_not_answered_are_reminded(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    answers, silent = (factories.make_member(tree["a"]) for _ in range(2))
    plan = composed(chair, receipt=True)
    service.send(chair, plan, seen=look(chair, plan).seal)
    db.session.flush()
    rows = {row.member_id: row for row in db.session.scalars(select(SmsPerson).where(SmsPerson.plan_id == plan.id))}

    service.acknowledge(service.by_token(str(rows[answers.id].token)))
    again = service.remind(chair, plan)

    assert again.member_ids == [silent.id]
    texts = list(db.session.scalars(select(Message).where(Message.batch_id == plan.batch_id)))
    assert {f"https://gh.example/r/{row.token}" in text.text for row in rows.values() for text in texts
            if text.member_id == row.member_id} == {True}  # fmt: skip
    service.acknowledge(rows[silent.id])
    assert look(chair, again).problems[-1] == "没有可以收到短信的人"
    with pytest.raises(Absent):
        service.by_token("nobody")


def test_a_stranger_to_the_unit_neither_sees_nor_confirms(tree, user_as, morning) -> None:
    chair, other = user_as(Role.BRANCH_CHAIR, tree["a"]), user_as(Role.BRANCH_CHAIR, tree["b"])
    factories.make_member(tree["a"])
    plan = composed(chair)
    db.session.flush()

    with pytest.raises(Absent):
        service.find(other, plan.id)
    with pytest.raises(Forbidden):
        PLANS.fire(plan, "stop", other)


def test_a_group_that_grows_after_it_was_sent_reaches_nobody_without_the_second_person(tree, user_as, morning) -> None:
    settings.set(SHELL, "messaging_second", 2)
    first, _ = (user_as(Role.UNION_OPERATOR, tree["root"]) for _ in range(2))
    for _ in range(2):
        factories.make_member(tree["a"])
    plan = composed(first, send_at=TEN + timedelta(hours=1))
    service.send(first, plan, seen=look(first, plan).seal)
    assert (plan.state, plan.expected) == (SmsState.WAITING, 2)
    factories.make_member(tree["a"])
    db.session.commit()
    morning.move_to(TEN + timedelta(hours=1, minutes=1))

    worker.work()

    assert (plan.state, sent(plan)) == (SmsState.STOPPED, set())
    assert "分组现在有 3 人，这么多人须第二人确认" in notices.of(first.id)[0].body


def test_messages_that_wait_do_not_pass_the_cap_together(tree, user_as, morning) -> None:
    settings.set(SHELL, "messaging_cap", 3)
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    for _ in range(2):
        factories.make_member(tree["a"])
    plans = [composed(chair, send_at=TEN + timedelta(hours=1)) for _ in range(2)]
    for plan in plans:
        service.send(chair, plan, seen=look(chair, plan).seal)
    db.session.commit()
    morning.move_to(TEN + timedelta(hours=1, minutes=1))

    worker.work()

    assert [(plan.state, len(sent(plan))) for plan in plans] == [(SmsState.SENT, 2), (SmsState.STOPPED, 0)]


def test_a_group_ticked_often_is_asked_once(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])

    plan = composed(chair, *["b:everyone"] * 50)

    assert (plan.groups, plan.audience) == (["b:everyone"], "全体会员")


def test_no_blank_carries_the_number_of_a_document(tree, user_as, morning) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    plan, number = composed(chair), factories.id_number()

    with pytest.raises(DomainError, match="不能写证件号码"):
        service.fill(chair, plan, Wanted("慰问品", GIFT | {"地点": f"凭{number}领"}, False, False, None))

    assert plan.said["typed"] == GIFT


def test_who_opts_out_moves_away_or_is_sent_for_by_nobody_any_more_gets_nothing(tree, user_as, morning) -> None:
    chair, other = user_as(Role.BRANCH_CHAIR, tree["a"]), user_as(Role.BRANCH_CHAIR, tree["b"])
    stays, opts_out, moves = (factories.make_member(tree["a"]) for _ in range(3))
    wants_it = factories.make_member(tree["b"])
    plan = composed(chair)
    service.send(chair, plan, seen=look(chair, plan).seal)
    lost = composed(other)
    service.send(other, lost, seen=look(other, lost).seal)
    essential = composed(chair)
    service.fill(chair, essential, Wanted("停水", GIFT | {"节日": "停水"}, True, False, None))
    service.send(chair, essential, seen=look(chair, essential).seal)
    assert (sent(plan), sent(lost)) == ({stays.id, opts_out.id, moves.id}, {wants_it.id})
    choices.choose(opts_out.user, opts_out, is_inside=True)
    history.write(moves, {"branch": tree["b"]}, SHELL, reason="测试")
    db.session.scalars(select(Grant).where(Grant.user_id == other.id)).one().revoked_at = TEN
    db.session.commit()

    with time_machine.travel(TEN):  # the pace needs a clock that goes
        sending.work()

    def told(of: Sms) -> dict[int, str]:
        db.session.expire_all()
        rows = db.session.execute(select(Message.member_id, Message.error).where(Message.batch_id == of.batch_id))
        return {row.member_id: row.error for row in rows}

    assert told(plan) == {stays.id: "", opts_out.id: asking.OPTED_OUT, moves.id: asking.OUT_OF_SIGHT}
    assert told(lost) == {wants_it.id: asking.NO_RIGHT}
    assert told(essential) == {stays.id: "", opts_out.id: "", moves.id: asking.OUT_OF_SIGHT}
    states = db.session.scalars(select(Message.state).where(Message.error != ""))
    assert set(states) == {MessageState.STOPPED}


def test_a_message_cut_in_two_still_takes_the_second_person(tree, user_as, morning) -> None:
    settings.set(SHELL, "messaging_second", 3)
    first, second = (user_as(Role.UNION_OPERATOR, tree["root"]) for _ in range(2))
    for _ in range(2):
        factories.make_member(tree["a"])
        factories.make_member(tree["b"])
    halves = [making.make_group(tree["root"], owner=first, question={"all": [one]}) for one in (
        {"field": "branch", "op": "within", "value": tree["a"].code},
        {"field": "branch", "op": "within", "value": tree["b"].code},
    )]  # fmt: skip
    one, two, later = (composed(first, f"g:{group.id}") for group in (*halves, halves[0]))

    service.send(first, one, seen=look(first, one).seal)
    service.send(first, two, seen=look(first, two).seal)
    assert (one.state, two.state, len(sent(one))) == (SmsState.SENT, SmsState.PENDING, 2)
    PLANS.fire(two, "confirm", second)
    db.session.commit()
    worker.work()
    morning.move_to(TEN + timedelta(days=1))
    service.send(first, later, seen=look(first, later).seal)

    assert (two.state, later.state) == (SmsState.SENT, SmsState.SENT)
