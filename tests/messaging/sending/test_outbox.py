"""What the room asks of the outbox: nobody twice in a batch, nothing readable in the rows, stopped and resumed."""

import pytest
from sqlalchemy import func, select, text

from portal.core import crypto
from portal.core.audit import events_of
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.messaging.sending import outbox
from portal.messaging.sending.models import Batch, BatchState, Message, MessageState
from portal.messaging.sending.outbox import Recipient
from portal.messaging.sending.workflow import MESSAGES
from portal.org.permissions import Role
from tests import factories


def states(batch: Batch) -> dict[str, int]:
    """How many messages of the batch are in each state, by its word."""
    query = select(Message.state, func.count()).where(Message.batch_id == batch.id).group_by(Message.state)
    return {state.label: number for state, number in db.session.execute(query)}


def test_each_number_is_queued_once_however_often_it_is_given(tree, user_as) -> None:
    sender = user_as(Role.BRANCH_OPERATOR, tree["a"])
    batch = outbox.open_batch(sender, unit=tree["a"], title=" 节日慰问通知 ")
    first, second = (factories.recipient(tree["a"]) for _ in range(2))

    counts = (outbox.queue(sender, batch, [first, second, first]), outbox.queue(sender, batch, [second]))
    db.session.commit()

    assert counts == (2, 0)
    assert (batch.title, batch.state, states(batch)) == ("节日慰问通知", BatchState.QUEUED, {"排队中": 2})
    assert [event.details["messages"] for event in events_of(batch)] == [2, 0]


def test_number_and_text_lie_sealed(tree) -> None:
    batch = factories.make_batch(tree["a"])
    one = Recipient("王收信", "13912345678", "请到工会领取慰问品", tree["a"].id, variables={"day": "5日"})

    outbox.queue(factories.Hand(), batch, [one])
    db.session.commit()

    (message,) = batch.messages
    stored = db.session.execute(text("SELECT number_sealed, text_sealed, number_index FROM messages")).one()
    assert (message.number, message.text) == ("13912345678", "请到工会领取慰问品")
    assert message.variables == {"day": "5日"}
    assert stored[2] == crypto.index("mobile", "13912345678")
    assert b"13912345678" not in bytes(stored[0])
    assert "慰问".encode() not in bytes(stored[1])


@pytest.mark.parametrize("number", ["", "12", "1391234567a", "１３９１２３４５６７８"])
def test_what_is_no_number_is_kept_to_be_seen(tree, number: str) -> None:
    batch = factories.make_batch(tree["a"])

    queued = outbox.queue(factories.Hand(), batch, [Recipient("王收信", number, "您好", tree["a"].id)])

    assert (queued, states(batch)) == (0, {"号码错误": 1})


def test_sending_needs_the_right_at_the_unit(tree, user_as) -> None:
    stranger = user_as(Role.BRANCH_OPERATOR, tree["b"])

    with pytest.raises(Forbidden, match="以该单位名义发送短信"):
        outbox.open_batch(stranger, unit=tree["a"], title="通知")
    with pytest.raises(Forbidden, match="以该单位名义发送短信"):
        outbox.queue(stranger, factories.make_batch(tree["a"]), [factories.recipient(tree["a"])])

    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_batch_has_a_title(tree) -> None:
    with pytest.raises(DomainError, match="请填写标题") as refusal:
        outbox.open_batch(factories.Hand(), unit=tree["a"], title=" ")

    assert refusal.value.field == "title"


def test_a_stopped_batch_waits_until_it_is_resumed(tree, user_as) -> None:
    sender = user_as(Role.BRANCH_OPERATOR, tree["a"])
    batch = factories.make_batch(tree["a"], people=3)
    gone = db.session.scalars(select(Message).limit(1)).one()
    gone.state = MessageState.SUBMITTED
    db.session.flush()

    outbox.stop(sender, batch)
    stopped = states(batch)
    with pytest.raises(Conflict, match="不能再加入收信人"):
        outbox.queue(sender, batch, [factories.recipient(tree["a"])])
    outbox.resume(sender, batch)

    assert stopped == {"已提交": 1, "已停止": 2}
    assert (batch.state, states(batch)) == (BatchState.QUEUED, {"已提交": 1, "排队中": 2})


def test_what_was_kept_back_for_another_reason_is_not_resumed(tree) -> None:
    batch = factories.make_batch(tree["a"], people=2)
    left = db.session.scalars(select(Message).limit(1)).one()
    left.state, left.error = MessageState.STOPPED, "已退会"
    db.session.flush()

    outbox.stop(factories.Hand(), batch)
    outbox.resume(factories.Hand(), batch)

    assert states(batch) == {"已停止": 1, "排队中": 1}


def test_an_uncertain_one_goes_again_on_a_persons_word_alone(tree, user_as) -> None:
    sender = user_as(Role.BRANCH_OPERATOR, tree["a"])
    message = factories.make_message(tree["a"], MessageState.UNSURE)
    message.attempts, message.claimed_at = 2, now()

    with pytest.raises(DomainError, match="请填写重新发送的理由"):
        MESSAGES.fire(message, "resend", sender)
    MESSAGES.fire(message, "resend", sender, comment="本人说没有收到")

    assert (message.state, message.attempts, message.claimed_at) == (MessageState.QUEUED, 2, None)


def test_one_of_a_batch_that_had_ended_opens_it_again(tree) -> None:
    message = factories.make_message(tree["a"], MessageState.UNREACHABLE)
    message.batch.state = BatchState.DONE
    db.session.flush()

    MESSAGES.fire(message, "resend", factories.Hand(), comment="已开机")

    assert message.batch.state is BatchState.QUEUED


def test_nothing_of_a_stopped_batch_goes_again(tree) -> None:
    message = factories.make_message(tree["a"], MessageState.UNSURE)
    outbox.stop(factories.Hand(), message.batch)

    with pytest.raises(DomainError, match="请先继续发送"):
        MESSAGES.fire(message, "resend", factories.Hand(), comment="再试")

    assert message.state is MessageState.UNSURE
