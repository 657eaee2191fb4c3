"""What we count is what the gateway charges: with the signature of the unit, of whatever characters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.core import settings
from portal.core.actors import SHELL
from portal.core.db import db
from portal.messaging.sending import outbox, receiving, worker
from portal.messaging.sending.gateways import choosing
from portal.messaging.sending.gateways.choosing import Outlet, Pace
from portal.messaging.sending.models import Message
from portal.messaging.sending.outbox import Recipient
from portal.messaging.signatures import signature_of
from portal.org.permissions import Role
from tests import factories
from tests.client import words
from tests.messaging.gateways import campus, gateway

# with 【外语分工会】 before them, seven units long
TEXTS = ["节" * 63, "节" * 64, "😀" * 31 + "节", "😀" * 32, "𠮷节a1，\n" * 20, "节" * 127, "节" * 128, "好"]


def charged(text: str) -> int:
    """How many parts a carrier sends: it cuts a long text into pieces of 134 bytes, 70 characters go alone."""
    left, parts = text.encode("utf-16-be"), 0
    if len(left) <= 140:
        return 1
    while left:
        left, parts = left[134:], parts + 1
    return parts


def test_a_unit_signs_as_itself_or_as_the_one_above(tree) -> None:
    settings.set(SHELL, "messaging_signature", "海港大学")
    assert signature_of(tree["a"]) == "海港大学"
    tree["root"].sms_signature = "校工会"
    assert (signature_of(tree["root"]), signature_of(tree["a"])) == ("校工会", "校工会")
    tree["a"].sms_signature = "外语分工会"
    assert (signature_of(tree["a"]), signature_of(tree["b"])) == ("外语分工会", "校工会")


@pytest.mark.parametrize("overcharged", [0, 1])
def test_the_segments_are_those_the_gateway_charges(
    tree, client, client_of, user_as, tmp_path: Path, overcharged: int
) -> None:
    tree["a"].sms_signature = "外语分工会"
    sender = user_as(Role.BRANCH_OPERATOR, tree["a"])
    batch = outbox.open_batch(factories.Hand(), unit=tree["a"], title="核对计费", respects_quiet=False)
    people = [Recipient("钱收信", f"139{number:08d}", text, tree["a"].id) for number, text in enumerate(TEXTS)]
    outbox.queue(factories.Hand(), batch, people)
    tree["a"].sms_signature = "改名后的分工会很长"  # what was queued keeps the one that was counted
    db.session.commit()
    with gateway(tmp_path) as running:
        choosing.use(Outlet(campus(running.url), Pace(1000, 4)))
        worker.work()
        took = running.took()

    told = [
        {"ext": one["key"], "msgid": one["id"], "mobile": one["number"], "stat": "DELIVRD", "fee": charged(one["text"])}
        for one in took
    ]
    told[0]["fee"] = int(told[0]["fee"]) + overcharged
    client.post(f"/messaging/receipts/http/{receiving.token('http')}", data=json.dumps(told), csrf=False)
    db.session.expire_all()
    shown = words(client_of(sender).get(f"/messaging/outbox/{batch.id}").text)

    ours, theirs = db.session.execute(select(func.sum(Message.segments), func.sum(Message.billed))).one()
    assert len(took) == len(TEXTS)
    assert {one["text"][:7] for one in took} == {"【外语分工会】"}
    assert (ours, theirs) == (15, 15 + overcharged)
    assert ("与本系统算的相同" in shown, "本系统算的是 15 条，请与网关核对" in shown) == (
        not overcharged,
        bool(overcharged),
    )
