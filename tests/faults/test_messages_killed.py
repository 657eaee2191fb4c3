"""A gateway that is slow, cuts lines and is busy, receipts late, twice and in any order, and a worker killed on and on.

Nobody gets a message twice, by the gateway's own log; none is lost; and what a kill leaves uncertain is no more than
what was in flight, and settled by its receipt.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
import traceback
from contextvars import Context
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from portal.core import audit
from portal.core.db import db
from portal.messaging.sending import moving, receiving, worker
from portal.messaging.sending.gateways import choosing
from portal.messaging.sending.gateways.choosing import Outlet, Pace
from portal.messaging.sending.models import Message
from portal.messaging.sending.models import MessageState as M
from tests import factories
from tests.conftest import PROOF
from tests.messaging.gateways import Manners, Running, campus, gateway

MESSAGES, KILLS = (2000, 300) if PROOF else (200, 30)
LINES, PER_SECOND = 4, 60.0
LIFE = (0.04, 0.14)  # seconds; PER_SECOND is so low that the messages outlast the kills
MANNERS = Manners(slow=0.03, cut_before=0.02, cut_after=0.03, busy=0.05)


def started(app: Flask) -> int:
    """Send in a process of its own, forked from this one; return its number."""
    db.session.remove()
    db.engine.dispose()  # connections do not survive a fork
    child = os.fork()
    if child:
        return child

    def send() -> None:
        with app.app_context():
            worker.work()

    try:
        Context().run(send)
    except BaseException:
        traceback.print_exc()
        os._exit(3)
    os._exit(0)


def ended(child: int, *, after: float | None = None) -> int:
    """Kill a worker `after` so many seconds, or wait for its end; return how it ended."""
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counts() -> dict[M, int]:
    """How many messages are in each state."""
    found = db.session.execute(select(Message.state, func.count()).group_by(Message.state))
    counted = {row[0]: int(row[1]) for row in found}
    db.session.rollback()
    return counted


def left_by_the_dead() -> int:
    """How many are uncertain because their worker is gone."""
    found = select(func.count()).where(Message.state == M.UNSURE, Message.error == moving.LOST_WITH_ITS_WORKER)
    number = db.session.scalar(found) or 0
    db.session.rollback()
    return number


def still_to_go() -> int:
    """How many wait or are in hand."""
    found = counts()
    return found.get(M.QUEUED, 0) + found.get(M.SENDING, 0)


def report(client, running: Running, took: list[dict[str, str]]) -> None:
    """Let the gateway report what it took: some twice, in any order, with some that are about nothing."""
    told = [{"ext": one["key"], "msgid": one["id"], "mobile": one["number"], "stat": "DELIVRD"} for one in took]
    told += random.sample(told, len(told) // 3)
    told += [{"ext": "nobody-1", "msgid": "none", "mobile": "1", "stat": "DELIVRD"}] * 3
    random.shuffle(told)
    address = f"/messaging/receipts/http/{receiving.token('http')}"
    for first in range(0, len(told), 200):
        answer = client.post(address, data=json.dumps(told[first : first + 200]), csrf=False)
        assert (answer.status_code, answer.json) == (200, {"code": 0})


def test_a_worker_killed_on_and_on_sends_nothing_twice(app: Flask, tree, client, tmp_path: Path) -> None:
    workers = 1 if db.engine.dialect.name == "sqlite" else 2
    random.seed(20261122)
    factories.make_batch(tree["a"], people=MESSAGES)
    db.session.commit()
    kills, uncertain = 0, []
    with gateway(tmp_path, MANNERS) as running:
        choosing.use(Outlet(campus(running.url), Pace(PER_SECOND, LINES, wait=0.01)))
        while still_to_go():
            if kills >= KILLS:
                choosing.use(Outlet(campus(running.url), Pace(500, LINES, wait=0.01)))
            before = left_by_the_dead()
            children = [started(app) for _ in range(workers)]
            dies = kills < KILLS
            cut = [ended(child, after=random.uniform(*LIFE) / workers if dies else None) for child in children]
            kills += cut.count(-signal.SIGKILL)
            worker.settle_lost()
            uncertain.append(left_by_the_dead() - before)
        took = running.took()
        sent = counts()
        report(client, running, took[: len(took) // 2])
        report(client, running, took)
    after, uuids = counts(), [one["key"].rpartition("-")[0] for one in took]
    unsettled = set(db.session.scalars(select(Message.uuid).where(Message.state == M.UNSURE)))
    db.session.rollback()

    waiting = after.get(M.UNSURE, 0)
    print(  # the figures of the proof, for whoever runs it with -rP
        f"{db.engine.dialect.name}: {MESSAGES} messages, {workers} workers, {kills} kills; taken {len(uuids)}, "
        f"twice {len(uuids) - len(set(uuids))}, unsure before the receipts {sent.get(M.UNSURE, 0)}, at most "
        f"{max(uncertain)} of {LINES * workers} in flight a kill; delivered {after.get(M.DELIVERED, 0)}, never taken "
        f"and left to a person {waiting}, lost {MESSAGES - after.get(M.DELIVERED, 0) - waiting}"
    )
    assert kills >= KILLS
    assert max(uncertain) <= LINES * workers
    assert len(uuids) == len(set(uuids))  # nobody twice
    assert after.get(M.DELIVERED, 0) == len(uuids)  # each that was taken is settled by its receipt
    assert unsettled.isdisjoint(uuids)
    assert after.get(M.DELIVERED, 0) + after.get(M.UNSURE, 0) == MESSAGES  # none lost
    assert set(sent) <= {M.SUBMITTED, M.UNSURE}
    assert audit.verify() is None
    db.session.rollback()
