"""Receipts: each moves its message forward, or nothing. Twice, late, in any order or made up, they do no harm."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from sqlalchemy import select

from portal.core import audit, crypto
from portal.core.actors import Outsider
from portal.core.db import db

from . import moving
from .gateways.gateway import Fate, Receipt
from .models import Message
from .models import MessageState as M

GATEWAY = Outsider("短信网关")
MOST = 1000  # receipts in one report
ID_MOST = 80  # characters of a gateway's number

audit.name_acts({"messages.receive": "收到短信回执"})


def token(gateway: str) -> str:
    """Return what stands at the end of the secret address to which `gateway` reports."""
    return crypto.index("receipts", gateway)[:40]


def is_address(gateway: str, given: str) -> bool:
    """Whether `given` is the token of that address."""
    return hmac.compare_digest(token(gateway).encode(), given.encode())


def receive(gateway: str, receipts: Sequence[Receipt]) -> int:
    """Move the messages that the receipts are about, and return how many moved; leaves one trace if any did."""
    found = [(number, receipt) for receipt in receipts[:MOST] if (number := _about(gateway, receipt)) is not None]
    moved = 0
    for number, receipt in sorted(found, key=lambda pair: pair[0]):  # locks in the order of all others
        word, gateway_id = receipt.word[:ID_MOST], receipt.gateway_id[:ID_MOST]
        moved += moving.reported(Message.id == number, receipt.fate, word, gateway_id=gateway_id, parts=receipt.parts)
    if moved:
        audit.record(GATEWAY, "messages.receive", details={"gateway": gateway, "messages": moved})
    return moved


def _about(gateway: str, receipt: Receipt) -> int | None:
    """Return the number of the message that a receipt is about: by our key, the gateway's number, else the phone's."""
    if receipt.key:
        uuid, _, attempt = receipt.key.rpartition("-")
        row = db.session.execute(
            select(Message.id, Message.attempts).where(Message.uuid == uuid[:36], Message.gateway == gateway)
        ).one_or_none()
        if row is not None:
            # an earlier attempt that failed says nothing of the present one; one that arrived says all
            is_present = attempt == str(row.attempts)
            return row.id if is_present or receipt.fate is Fate.DELIVERED else None
    if receipt.gateway_id:
        known = select(Message.id).where(Message.gateway == gateway, Message.gateway_id == receipt.gateway_id[:ID_MOST])
        if numbers := db.session.scalars(known.limit(2)).all():
            return numbers[0] if len(numbers) == 1 else None
    return _by_phone(gateway, receipt.number) if not receipt.key else None


def _by_phone(gateway: str, phone: str) -> int | None:
    """Return the one message to this phone whose answer was lost; None where there is none, or more than one."""
    plain = phone.removeprefix("+").removeprefix("86") if phone.startswith("+86") or len(phone) > 11 else phone
    if not plain:
        return None
    lost = select(Message.id).where(
        Message.gateway == gateway, Message.number_index == crypto.index("mobile", plain),
        Message.gateway_id.is_(None), Message.state.in_((M.SENDING, M.UNSURE)),
    )  # fmt: skip
    numbers = db.session.scalars(lost.limit(2)).all()
    return numbers[0] if len(numbers) == 1 else None
