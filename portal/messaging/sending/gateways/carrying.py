"""Carries the request that a vendor's SDK has built and signed, and says afterwards what became of it.

The transports of the SDKs take a proxy from the environment, follow redirects, use a connection twice, and tell an
answer that did not come from a connection that did not come about by their words alone; so a message could go out
twice, or elsewhere. Ours does none of that (`transport`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from .gateway import Answer, Verdict
from .transport import TOO_MANY, CutOff, NotReached, Reply, ask

OURS = {"accept-encoding": "identity", "connection": "close"}


class TooMany(Exception):
    """The gateway did not listen, because others speak (429)."""


def carry(method: str, address: str, headers: Mapping[str, str], body: bytes, *, timeout: float) -> Reply:
    """Send the request, `timeout` seconds for each part of it. Raises NotReached, CutOff or TooMany."""
    reply = ask(method, address, {**{name.lower(): text for name, text in headers.items()}, **OURS}, body,
                timeout=timeout)  # fmt: skip
    if reply.status == TOO_MANY:
        raise TooMany
    return reply


def outcome(error: BaseException | None) -> Answer | None:
    """Return what it means where `carry` failed: what it raised is wrapped by the SDK. None where it did not."""
    while error is not None:
        if isinstance(error, TooMany):
            return Answer(Verdict.NOT_NOW, word="网关忙")
        if isinstance(error, NotReached):
            return Answer(Verdict.NOT_NOW, word="连不上网关")
        if isinstance(error, CutOff):
            return Answer(Verdict.UNSURE, word="没有收到网关的应答")
        error = getattr(error, "inner_exception", None) or error.__context__
    return None


def silence(*names: str) -> None:
    """Make loggers of an SDK say nothing: they write whole requests, with number, text and key, where one asks them."""
    for name in names:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.handlers.clear()  # they write on the standard error by themselves
