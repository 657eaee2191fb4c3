"""What the worker does with what is due: once, when it is time, to whom may still be written to."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core import db as database
from portal.core import settings
from portal.core.actors import SHELL
from portal.core.audit import events_of
from portal.core.calendar import local, now
from portal.core.db import db
from portal.core.errors import Conflict, DomainError
from portal.messaging.sending import claiming, moving, outbox, worker
from portal.messaging.sending.gateways import choosing
from portal.messaging.sending.gateways.choosing import Outlet, Pace
from portal.messaging.sending.gateways.gateway import Answer, Parcel, Receipt, Verdict
from portal.messaging.sending.models import URGENT, Batch, BatchState, Message
from portal.messaging.sending.models import MessageState as M
from portal.org.permissions import Role
from tests import factories


class Book:
    """A gateway that notes what it gets and answers what it was told to."""

    name = "book"
    thanks = "{}"

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.got: list[Parcel] = []

    def send(self, parcel: Parcel) -> Answer:
        """Note it."""
        self.got.append(parcel)
        return self.answers.pop(0) if self.answers else Answer(Verdict.TAKEN, f"n{len(self.got)}")

    def receipts(self, body: bytes) -> list[Receipt]:
        """It reports nothing."""
        return []


@pytest.fixture
def book(app) -> Book:
    """The gateway in use, one message at a time."""
    gateway = Book()
    choosing.use(Outlet(gateway, Pace(1000, 1, wait=0.0)))
    return gateway


def send() -> None:
    """Let the worker go through what is due, as its thread does."""
    worker.work()
    database.writes()


def all_messages() -> list[Message]:
    """Return the messages as they are now, in order."""
    db.session.expire_all()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def test_all_that_is_due_goes_once_and_the_batch_ends(tree, book: Book) -> None:
    settings.set(SHELL, "messaging_signature", "校工会")
    batch = factories.make_batch(tree["a"], people=3)
    db.session.commit()

    send()
    send()

    sent = all_messages()
    assert [parcel.number for parcel in book.got] == [message.number for message in sent]
    assert [(message.state, message.gateway_id, message.attempts) for message in sent] == [
        (M.SUBMITTED, f"n{number}", 1) for number in (1, 2, 3)
    ]
    assert book.got[0].signed_text == "【校工会】节日快乐"
    assert batch.state is BatchState.DONE
    assert [event.action for event in events_of(batch)][-2:] == ["outbox.begin", "outbox.finish"]


@pytest.mark.parametrize(
    ("answer", "state", "word"),
    [
        (Answer(Verdict.REFUSED, word="BLACK"), M.REFUSED, "BLACK"),
        (Answer(Verdict.WRONG_NUMBER, word="网关认为号码无效"), M.WRONG_NUMBER, "网关认为号码无效"),
        (Answer(Verdict.UNSURE, word="没有收到网关的应答"), M.UNSURE, "没有收到网关的应答"),
    ],
)
def test_what_the_gateway_says_is_kept_and_not_tried_again(tree, book, answer: Answer, state: M, word: str) -> None:
    factories.make_batch(tree["a"], people=1)
    db.session.commit()
    book.answers = [answer]

    send()
    send()

    (message,) = all_messages()
    assert (len(book.got), message.state, message.error) == (1, state, word)


def test_what_was_surely_not_taken_is_tried_again_and_given_up_in_the_end(tree, book: Book) -> None:
    factories.make_batch(tree["a"], people=1)
    db.session.commit()
    book.answers = [Answer(Verdict.NOT_NOW, word="网关忙")] * 20

    send()

    (message,) = all_messages()
    assert (len(book.got), message.state, message.error) == (worker.TRIES, M.REFUSED, "网关忙")
    assert len({parcel.key for parcel in book.got}) == worker.TRIES


def test_the_next_try_waits(tree, book: Book) -> None:
    choosing.use(Outlet(book, Pace(1000, 1, wait=600)))
    factories.make_batch(tree["a"], people=1)
    db.session.commit()
    book.answers = [Answer(Verdict.NOT_NOW, word="网关忙")]

    send()

    (message,) = all_messages()
    assert (len(book.got), message.state) == (1, M.QUEUED)
    assert message.next_try_at is not None
    assert timedelta(minutes=9) < message.next_try_at - now() <= timedelta(minutes=10)


def test_who_has_left_or_has_another_number_meanwhile_is_not_written_to(tree, book: Book) -> None:
    members = [factories.make_member(tree["a"]) for _ in range(3)]
    batch = factories.make_batch(tree["a"])
    outbox.queue(factories.Hand(), batch, [factories.recipient(tree["a"], one) for one in members])
    members[1].mobile_index = "another"
    closed = {members[2].id: "本人不接收短信"}

    def check(asked: Batch, ids: Sequence[int]) -> dict[int, str]:
        return {one: closed[one] for one in ids if asked.id == batch.id and one in closed}

    claiming.ask_too(check)
    db.session.commit()

    send()
    claiming.ask_no_more(check)

    assert [(one.state, one.error) for one in all_messages()] == [
        (M.SUBMITTED, ""), (M.STOPPED, claiming.OTHER_NUMBER), (M.STOPPED, "本人不接收短信"),
    ]  # fmt: skip
    assert len(book.got) == 1


def test_after_a_restore_nothing_goes_before_a_person_says_so(tree, user_as, book: Book) -> None:
    sender = user_as(Role.BRANCH_OPERATOR, tree["a"])
    batch = factories.make_batch(tree["a"], people=2)
    settings.set(SHELL, "restored_at", "2026-11-20T08:00:00+00:00")  # as `restore` does
    db.session.commit()

    send()
    before = len(book.got), {one.state for one in all_messages()}
    with pytest.raises(DomainError, match="请填写恢复发送的理由"):
        outbox.release(sender, batch, reason=" ")
    released = outbox.release(sender, batch, reason="已与网关核对，没有发过")
    db.session.commit()
    send()

    assert before == (0, {M.QUEUED})
    assert (released, len(book.got)) == (2, 2)
    assert [event.reason for event in events_of(batch) if event.action == "messages.release"] == [
        "已与网关核对，没有发过"
    ]
    with pytest.raises(Conflict, match="没有等待恢复发送的"):
        outbox.release(sender, batch, reason="再来")


def test_what_waits_for_its_time_or_the_morning_waits(tree, book: Book) -> None:
    hour = local(now()).hour
    settings.set(SHELL, "messaging_quiet_from", hour)
    settings.set(SHELL, "messaging_quiet_until", hour + 1)
    resting, later, urgent = (factories.make_batch(tree["a"], people=1) for _ in range(3))
    resting.respects_quiet, later.scheduled_at, urgent.priority = True, now() + timedelta(hours=1), URGENT
    db.session.commit()

    send()

    assert [one.state for one in all_messages()] == [M.QUEUED, M.QUEUED, M.SUBMITTED]


def test_the_urgent_goes_first(tree, book: Book) -> None:
    _, second = (factories.make_batch(tree["a"], people=1) for _ in range(2))
    second.priority = URGENT
    db.session.commit()

    send()

    first, urgent = all_messages()
    assert [parcel.key.rpartition("-")[0] for parcel in book.got] == [urgent.uuid, first.uuid]


def test_a_stopped_batch_keeps_quiet(tree, book: Book) -> None:
    batch = factories.make_batch(tree["a"], people=2)
    outbox.stop(factories.Hand(), batch)
    db.session.commit()

    send()

    assert book.got == []


@pytest.mark.parametrize(("age", "state"), [(timedelta(0), M.SENDING), (timedelta(minutes=6), M.UNSURE)])
def test_what_another_machine_has_in_hand_is_lost_after_a_while(tree, book: Book, age: timedelta, state: M) -> None:
    message = factories.make_message(tree["a"], M.SENDING)
    message.claimed_by, message.claimed_at = "elsewhere-1", now() - age
    db.session.commit()

    send()

    assert [one.state for one in all_messages()] == [state]


def test_what_a_dead_worker_here_had_in_hand_is_lost_at_once(tree, book: Book) -> None:
    message = factories.make_message(tree["a"], M.SENDING)
    message.claimed_by = f"{worker.socket.gethostname()[:20]}-dead"
    message.claimed_at = now()
    db.session.commit()

    send()

    (message,) = all_messages()
    assert (message.state, message.error, book.got) == (M.UNSURE, moving.LOST_WITH_ITS_WORKER, [])


def test_a_gateway_that_breaks_leaves_it_uncertain_and_no_number_in_the_log(tree, app, caplog) -> None:
    class Broken(Book):
        def send(self, parcel: Parcel) -> Answer:
            raise ValueError(parcel.number)

    choosing.use(Outlet(Broken(), Pace(1000, 1)))
    factories.make_batch(tree["a"], people=1)
    db.session.commit()

    send()

    (message,) = all_messages()
    assert (message.state, message.error) == (M.UNSURE, "网关程序出错")
    assert "ValueError" in caplog.text
    assert message.number not in caplog.text


def test_the_speed_is_kept(tree, book: Book) -> None:
    choosing.use(Outlet(book, Pace(50, 4)))
    factories.make_batch(tree["a"], people=25)
    db.session.commit()
    begun = now()

    send()

    assert len(book.got) == 25
    assert now() - begun >= timedelta(seconds=20 / 50)  # five may go at once
