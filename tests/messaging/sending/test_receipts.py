"""Receipts move a message forward or not at all: doubled, late, in any order, or made up."""

import json

import pytest

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.messaging.sending import moving, receiving
from portal.messaging.sending.gateways import choosing
from portal.messaging.sending.gateways.choosing import Outlet, Pace
from portal.messaging.sending.gateways.gateway import Answer, Fate, Receipt, Verdict
from portal.messaging.sending.models import Message
from portal.messaging.sending.models import MessageState as M
from tests import factories
from tests.messaging.gateways import campus


@pytest.fixture
def message(tree) -> Message:
    """A message that the gateway has, under its number n1."""
    message = factories.make_message(tree["a"], M.SUBMITTED)
    message.gateway, message.gateway_id, message.attempts = "http", "n1", 2
    db.session.commit()
    return message


def after(message: Message, *receipts: Receipt) -> M:
    """Return the state of the message after the receipts."""
    receiving.receive("http", receipts)
    db.session.commit()
    db.session.refresh(message)
    return message.state


ARRIVED, FAILED = Receipt(Fate.DELIVERED, "", "n1"), Receipt(Fate.UNREACHABLE, "", "n1", word="UNDELIV")


def test_what_has_arrived_stays_arrived(message: Message) -> None:
    assert after(message, ARRIVED) is M.DELIVERED
    assert after(message, FAILED, ARRIVED, FAILED) is M.DELIVERED


def test_one_that_failed_first_may_have_arrived_yet(message: Message) -> None:
    assert after(message, FAILED) is M.UNREACHABLE
    assert after(message, Receipt(Fate.REFUSED, "", "n1")) is M.UNREACHABLE
    assert after(message, ARRIVED) is M.DELIVERED


@pytest.mark.parametrize("state", [M.SENDING, M.UNSURE])
def test_our_key_settles_what_has_no_number_yet(message: Message, state: M) -> None:
    message.state, message.gateway_id = state, None
    key = moving.key_of(message.uuid, 2)

    assert after(message, Receipt(Fate.DELIVERED, key, "n9")) is M.DELIVERED
    assert message.gateway_id == "n9"


def test_the_answer_that_comes_after_the_receipt_changes_nothing(message: Message) -> None:
    message.state, message.gateway_id = M.SENDING, None
    after(message, Receipt(Fate.DELIVERED, moving.key_of(message.uuid, 2)))

    moving.answered(message.id, 2, Answer(Verdict.TAKEN, "n1"))
    db.session.commit()
    db.session.refresh(message)

    assert (message.state, message.gateway_id) == (M.DELIVERED, "n1")


def test_a_failure_of_an_earlier_try_says_nothing_of_the_present_one(message: Message) -> None:
    earlier = moving.key_of(message.uuid, 1)

    assert after(message, Receipt(Fate.REFUSED, earlier)) is M.SUBMITTED
    assert after(message, Receipt(Fate.DELIVERED, earlier)) is M.DELIVERED


def test_a_lost_answer_is_found_by_the_phone_if_it_is_the_only_one(message: Message) -> None:
    message.state, message.gateway_id = M.UNSURE, None
    receipt = Receipt(Fate.DELIVERED, "", "sid-7", f"+86{message.number}")

    assert after(message, receipt) is M.DELIVERED


def test_two_lost_answers_of_one_phone_stay_open(tree, message: Message) -> None:
    other = factories.make_message(tree["a"], M.UNSURE)
    other.gateway, other.number, other.number_index = "http", message.number, message.number_index
    message.state, message.gateway_id = M.UNSURE, None
    db.session.commit()

    assert after(message, Receipt(Fate.DELIVERED, "", "sid-7", message.number)) is M.UNSURE


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(Fate.DELIVERED, "nobody-1"),
        Receipt(Fate.DELIVERED, "", "n2"),
        Receipt(Fate.DELIVERED, "", "", "13900000000"),
        Receipt(Fate.DELIVERED, "%" * 5000, "n" * 5000),
    ],
)
def test_what_is_about_nothing_moves_nothing(message: Message, receipt: Receipt) -> None:
    assert after(message, receipt) is M.SUBMITTED


def test_another_gateway_says_nothing_of_it(message: Message) -> None:
    assert receiving.receive("aliyun", [ARRIVED, Receipt(Fate.DELIVERED, moving.key_of(message.uuid, 2))]) == 0


# --- the address ----------------------------------------------------------------------------------------------------


def test_the_gateway_reports_at_its_secret_address_and_is_thanked_for_anything(client, message: Message) -> None:
    choosing.use(Outlet(campus("http://127.0.0.1"), Pace(1, 1)))
    address = f"/messaging/receipts/http/{receiving.token('http')}"
    report = {"msgid": "n1", "ext": "", "mobile": "", "stat": "DELIVRD"}

    answers = [client.post(address, data=body, csrf=False) for body in (json.dumps([report]), "[]", "nonsense")]

    db.session.refresh(message)
    assert [(answer.status_code, answer.json) for answer in answers] == [(200, {"code": 0})] * 3
    assert message.state is M.DELIVERED
    (event,) = db.session.query(AuditEvent).filter_by(action="messages.receive")
    assert event.details == {"gateway": "http", "messages": 1}


@pytest.mark.parametrize(("gateway", "token"), [("http", "guessed"), ("aliyun", None), ("pigeon", None)])
def test_a_forged_report_is_a_page_that_does_not_exist(client, message: Message, gateway: str, token: str) -> None:
    choosing.use(Outlet(campus("http://127.0.0.1"), Pace(1, 1)))
    token = token or receiving.token(gateway)

    answer = client.post(f"/messaging/receipts/{gateway}/{token}", data=b"[]", csrf=False)

    assert answer.status_code == 404
    db.session.refresh(message)
    assert message.state is M.SUBMITTED
