"""What sends: it claims, lets go of the database, hands over, and writes down what the gateway said.

Never twice: a row is `sending` and committed before the gateway hears of it. One that is still so when its worker is
gone may have been taken; it becomes 待核实 and waits for its receipt or a person. Several workers may run at once.
"""

from __future__ import annotations

import fcntl
import logging
import queue
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.queues import never

from . import claiming, moving
from .claiming import Claim
from .gateways import choosing
from .gateways.choosing import Outlet, Pace
from .gateways.gateway import Answer, Verdict
from .models import Message
from .models import MessageState as M

T = TypeVar("T")

log = logging.getLogger("portal.messages")

TRIES = 8  # in a row, before a message that the gateway never takes is given up
SLOWER_BY, WAIT_MOST = 3.0, 1200.0  # each wait is longer than the one before
GATHER = 0.02  # seconds: answers that come together are written down together
BUSY_TRIES, BUSY_WAIT = 20, 0.5  # for a database that does not answer; seconds
LEASE = timedelta(minutes=5)  # a call is over long before; what is in hand longer has lost its worker
BEGIN_WITHIN = 60.0  # seconds: what a line has not begun by then, because the machine slept, it does not begin

_folder: Path | None = None


def keep_in(folder: Path) -> None:
    """Keep the locks that say which workers live in `folder`."""
    global _folder
    _folder = folder


def work(stopping: Callable[[], bool] = never) -> None:
    """Send what is due until `stopping()` or nothing is left; several processes may do so at once."""
    outlet = choosing.current()
    with _alive() as name:
        settle_lost(name)
        if _read(lambda: db.session.scalar(select(Message.id).where(moving.due()).limit(1))) is not None:
            _Sender(name, outlet).run(stopping)
        for batch_id in _read(claiming.finished):
            database.writes()
            claiming.finish(batch_id)
            db.session.commit()


def _read(ask: Callable[[], T]) -> T:
    database.reads()
    try:
        return ask()
    finally:
        database.release()


def settle_lost(name: str = "") -> None:
    """Mark as 待核实 what workers had in hand that are gone; `name` is the one who asks."""
    in_hand = select(Message.claimed_by).where(Message.state == M.SENDING, Message.claimed_by != name).distinct()
    holders = _read(lambda: list(db.session.scalars(in_hand)))
    if not holders:
        return
    here = f"{socket.gethostname()[:20]}-"
    gone = [one for one in holders if one.startswith(here) and not _lives(one)]
    database.writes()
    number = sum(moving.lost(one) for one in gone) + moving.lost_before(now() - LEASE)
    db.session.commit()
    if number:
        log.warning("%s messages were in hand of a worker that is gone", number)


@contextmanager
def _alive() -> Iterator[str]:
    """Hold a lock that ends with this process, under the name that is yielded."""
    folder = _locks()
    for left in folder.glob("*.lock"):
        _sweep(left)
    name = f"{socket.gethostname()[:20]}-{secrets.token_hex(6)}"
    path = folder / f"{name}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield name
        finally:
            path.unlink(missing_ok=True)


def _locks() -> Path:
    if _folder is None:
        raise RuntimeError("the folder of the workers' locks is not set")
    _folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _folder


def _lives(name: str) -> bool:
    try:
        with (_locks() / f"{name}.lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _sweep(path: Path) -> None:
    """Remove a lock that nobody holds; a young one may just be about to be taken."""
    with suppress(FileNotFoundError):
        is_old = time.time() - path.stat().st_mtime > BEGIN_WITHIN
        if is_old and not _lives(path.stem):
            path.unlink(missing_ok=True)


class _Throttle:
    """So many a second, and never more at once than belong to a tenth of one."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._most = max(1.0, per_second / 10)
        self._left = self._most
        self._at = time.monotonic()

    def left(self) -> int:
        """Return how many may go now."""
        at = time.monotonic()
        self._left = min(self._most, self._left + (at - self._at) * self.per_second)
        self._at = at
        return int(self._left)

    def take(self, number: int) -> None:
        """Say that so many go."""
        self._left -= number

    def until_next(self) -> float:
        """Return in how many seconds another one may go."""
        return max(0.0, (1 - self._left) / self.per_second)


class _Sender:
    """One worker: it holds the database only to claim and to write down, both in one short transaction."""

    def __init__(self, name: str, outlet: Outlet) -> None:
        self.name = name
        self.gateway = outlet.gateway
        self.pace: Pace = outlet.pace
        self.throttle = _Throttle(outlet.pace.per_second)
        self.in_hand = 0
        self.answers: queue.SimpleQueue[tuple[Claim, Answer]] = queue.SimpleQueue()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Go on until nothing is due and nothing is in hand."""
        answered: list[tuple[Claim, Answer]] = []
        with ThreadPoolExecutor(self.pace.lines, "line") as lines:
            while True:
                room = 0 if stopping() else min(self.pace.lines - self.in_hand, self.throttle.left())
                claims = self._turn(answered, room) if answered or room else []
                self.throttle.take(len(claims))
                self.in_hand += len(claims)
                for claim in claims:
                    lines.submit(self._hand_over, claim, time.monotonic())
                if not self.in_hand and not (room == 0 and not stopping()):
                    return
                answered = self._gathered(room)
                self.in_hand -= len(answered)

    def _turn(self, answered: list[tuple[Claim, Answer]], room: int) -> list[Claim]:
        """As `_once`, again while the database is busy: what the gateways said must not be lost."""
        for _ in range(BUSY_TRIES):
            try:
                return self._once(answered, room)
            except OperationalError:
                db.session.rollback()
                time.sleep(BUSY_WAIT)
        return self._once(answered, room)

    def _once(self, answered: list[tuple[Claim, Answer]], room: int) -> list[Claim]:
        """Write down what was answered and claim what there is room for, in one transaction."""
        database.writes()
        for claim, answer in sorted(answered, key=lambda pair: pair[0].id):  # locks in the order of all others
            if answer.verdict is Verdict.NOT_NOW:
                moving.not_now(claim.id, claim.attempt, answer.word, wait=self._wait(claim.attempt))
            else:
                moving.answered(claim.id, claim.attempt, answer)
        claims = claiming.claim(self.name, self.gateway.name, room) if room else []
        db.session.commit()
        return claims

    def _wait(self, attempt: int) -> float | None:
        if attempt % TRIES == 0:
            return None
        return min(WAIT_MOST, self.pace.wait * SLOWER_BY ** (attempt % TRIES - 1))

    def _hand_over(self, claim: Claim, claimed: float) -> None:
        """In a line of its own: no database here."""
        try:
            if time.monotonic() - claimed > BEGIN_WITHIN:
                answer = Answer(Verdict.NOT_NOW, word="没有及时发出")
            else:
                answer = self.gateway.send(claim.parcel)
        except Exception as error:
            # its words may hold the number
            log.error("gateway %s: %s", self.gateway.name, type(error).__name__)
            answer = Answer(Verdict.UNSURE, word="网关程序出错")
        self.answers.put((claim, answer))

    def _gathered(self, room: int) -> list[tuple[Claim, Answer]]:
        """Wait until something is answered, or another message may go; return what is there a moment later."""
        full = self.in_hand >= self.pace.lines or (room > 0)
        found: list[tuple[Claim, Answer]] = []
        try:
            if self.in_hand:
                found.append(self.answers.get(timeout=1.0 if full else max(GATHER, self.throttle.until_next())))
                time.sleep(GATHER)
            else:
                time.sleep(max(GATHER, self.throttle.until_next()))
            while True:
                found.append(self.answers.get_nowait())
        except queue.Empty:
            return found
