"""The outbox on its pages: what a branch has sent, one message, stopped, settled, released."""

import pytest

from portal.core import settings
from portal.core.actors import SHELL
from portal.core.db import db
from portal.messaging.sending import receiving
from portal.messaging.sending.gateways import choosing
from portal.messaging.sending.gateways.choosing import Outlet, Pace
from portal.messaging.sending.models import BatchState, Message, MessageState
from portal.org.permissions import Role
from tests import factories
from tests.messaging.gateways import campus


def test_a_branch_sees_its_own_batches_and_how_far_they_are(tree, user_as, client_of) -> None:
    mine, foreign = factories.make_batch(tree["a"], people=2), factories.make_batch(tree["b"], people=1)
    mine.title, foreign.title = "读书会通知", "别家的通知"
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page, cut = browser.get("/messaging/outbox"), browser.get("/messaging/outbox?state=done")

    assert "读书会通知" in page.text
    assert "别家的通知" not in page.text
    assert "共 1 条" in page.text
    assert "没有符合条件的短信" in cut.text


def test_a_batch_shows_people_and_hides_numbers(tree, user_as, client_of) -> None:
    message = factories.make_message(tree["a"], MessageState.UNREACHABLE)
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page = browser.get(f"/messaging/outbox/{message.batch_id}?state=unreachable")
    empty = browser.get(f"/messaging/outbox/{message.batch_id}?state=refused")
    one = browser.get(f"/messaging/outbox/messages/{message.id}")

    assert "暂时无法接收" in page.text
    assert message.number[-4:] in page.text
    assert "没有这种情况的短信" in empty.text
    assert "节日快乐" in one.text
    assert [text for text in (page.text, empty.text, one.text) if message.number in text] == []


def test_a_batch_is_stopped_and_an_uncertain_one_settled_by_their_buttons(tree, user_as, client_of) -> None:
    message = factories.make_message(tree["a"], MessageState.UNSURE)
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    browser.submit(f"/messaging/outbox/{message.batch_id}", action="/stop")
    page = f"/messaging/outbox/messages/{message.id}"
    settled = browser.submit(page, {"comment": "本人说收到了"}, action="/verified")

    db.session.refresh(message)
    assert settled.status_code == 302
    assert (message.batch.state, message.state) == (BatchState.STOPPED, MessageState.DELIVERED)


def test_after_a_restore_a_person_lets_it_go(tree, user_as, client_of) -> None:
    batch = factories.make_batch(tree["a"], people=2)
    settings.set(SHELL, "restored_at", "2026-11-20T08:00:00+00:00")
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    address = f"/messaging/outbox/{batch.id}"

    before = browser.get(address)
    refused = browser.post(f"{address}/release", data={"reason": " "})
    browser.submit(address, {"reason": "已与网关核对"}, action="/release")
    after = browser.get(address)

    assert "有 2 条等待恢复发送" in before.text
    assert (refused.status_code, "请填写恢复发送的理由" in refused.text) == (422, True)
    assert "等待恢复发送" not in after.text
    assert {one.epoch for one in db.session.query(Message)} == {"2026-11-20T08:00:00+00:00"}


@pytest.mark.parametrize("has_gateway", [False, True])
def test_the_administrator_reads_where_receipts_go(tree, user_as, client_of, has_gateway: bool) -> None:
    if has_gateway:
        choosing.use(Outlet(campus("http://127.0.0.1"), Pace(20, 4)))
    browser = client_of(user_as(Role.SUPER_ADMIN, tree["root"]))

    page = browser.get("/messaging/outbox/gateway")

    assert (receiving.token("http") in page.text) is has_gateway
    assert ("未接短信网关" in page.text) is not has_gateway
