"""`messages`: the worker sends to a gateway that takes 200 a second, beside a bare loop that sends at its limit.

`pages_beside_messages`: the list of members while it sends, beside the same in quiet.

20,000 messages would take 100 s a round; 600 take 3 s, of which beginning and end are a larger part, so that the ratio
of a long batch is better, not worse. Time is that on the wall: the gateway is the limit, not the processor.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn

from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.core import db as database
from portal.core.actors import CLOCK
from portal.core.db import db
from portal.messaging.sending import outbox, worker
from portal.messaging.sending.gateways import choosing
from portal.messaging.sending.gateways.choosing import Outlet, Pace
from portal.messaging.sending.gateways.http import Http, Speech
from portal.messaging.sending.models import Message, MessageState
from portal.messaging.sending.outbox import Recipient
from portal.org.models import OrgUnit

from .measuring import Case
from .pages import shown_on
from .place import UNION, Place

MESSAGES, PER_SECOND, LINES = 600, 200.0, 32
PAGES, LIST = 40, "/members/"
BODY = '{"mobile": "{number}", "content": "{text}", "ext": "{key}"}'


class _Gateway(ThreadingHTTPServer):
    """Takes `PER_SECOND` messages a second, no more."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.turn, self.next_at = threading.Lock(), 0.0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was killed is no news."""


class _Taking(BaseHTTPRequestHandler):
    server: _Gateway

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Wait for one's turn, then take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.turn:
            at = max(time.monotonic(), self.server.next_at)
            self.server.next_at = at + 1 / PER_SECOND
        time.sleep(max(0.0, at - time.monotonic()))
        body = b'{"code": 0, "msgid": "1"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _begun(place: Place) -> int:
    """Run the gateway in a process of its own until the place is left; return its port."""
    server = _Gateway()
    child = os.fork()
    if child == 0:
        try:
            server.serve_forever()
        finally:
            os._exit(0)
    server.socket.close()
    place.leaving.callback(os.waitpid, child, 0)
    place.leaving.callback(os.kill, child, signal.SIGKILL)
    return int(server.server_address[1])


def _queue(copy: Place, port: int, messages: int) -> None:
    """Set the copy back, and queue so many messages for the gateway at `port`."""
    speech = Speech(f"http://127.0.0.1:{port}/", BODY, re.compile('"code": 0'), id=re.compile(r'"msgid": "(\w+)"'))
    copy.renew()
    choosing.use(Outlet(Http(speech), Pace(1000, LINES)))
    worker.keep_in(copy.folder / "jobs")
    with copy.app.app_context():
        database.writes()
        unit = db.session.scalars(select(OrgUnit).where(OrgUnit.parent_id.is_(None))).one()
        batch = outbox.open_batch(CLOCK, unit=unit, title="性能测试", respects_quiet=False)
        people = [Recipient("测试", f"139{number:08d}", "节日快乐", unit.id) for number in range(messages)]
        outbox.queue(CLOCK, batch, people)
        db.session.commit()
        db.session.remove()


def _submitted(copy: Place) -> int:
    """Return how many messages of the copy the gateway has."""
    with copy.app.app_context():
        database.reads()
        number = db.session.scalar(select(func.count()).where(Message.state == MessageState.SUBMITTED)) or 0
        db.session.remove()
    return number


def message_cases(place: Place, *, messages: int = MESSAGES) -> list[Case]:
    """Return the case: so many messages queued, claimed, handed over and written down."""
    copy = place.copied()
    port = _begun(place)

    def ours(_: None) -> int:
        with copy.app.app_context():
            worker.work()
        return _submitted(copy)

    return [
        Case(
            f"{messages} 条，网关每秒 {PER_SECOND:.0f} 条", floor=_floor(port, messages), ours=ours,
            same=lambda expected, found: expected == found, arrange=lambda: _queue(copy, port, messages),
            by_the_wall=True,
        )
    ]  # fmt: skip


def beside_cases(place: Place, *, opened: int = PAGES) -> list[Case]:
    """Return the case: the list of members opened so often while a worker sends, beside the same in quiet."""
    copy = place.copied()
    port = _begun(place)
    browsers: list[FlaskClient] = []

    def arranged() -> None:
        _queue(copy, port, MESSAGES)
        browsers[:] = [copy.browser(UNION)]
        browsers[0].get(LIST)

    def look() -> list[list[str]]:
        pages = [browsers[0].get(LIST).get_data(as_text=True) for _ in range(opened)]
        return shown_on(pages[-1])

    def ours(_: None) -> tuple[list[list[str]], bool]:
        copy.close()  # connections do not survive a fork
        child = os.fork()
        if child == 0:
            _send_alone(copy)
        try:
            rows = look()
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return rows, _submitted(copy) > 0

    return [
        Case(
            f"会员列表 {opened} 次，后台正在发短信", floor=lambda: (look(), True), ours=ours,
            same=lambda expected, found: expected == found, arrange=arranged, per=opened,
        )
    ]  # fmt: skip


def _send_alone(copy: Place) -> NoReturn:
    """Send in this process, which was forked for it, until it is killed."""
    try:
        with copy.app.app_context():
            worker.work()
    finally:
        os._exit(0)


def _floor(port: int, messages: int) -> Callable[[], int]:
    """Return what sends as many with nothing to remember, in as many lines."""
    body = json.dumps({"mobile": "13900000000", "content": "节日快乐", "ext": "1"}).encode()

    def floor() -> int:
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(messages):
            waiting.put(number)
        taken = []

        def line() -> None:
            while True:
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    return
                connection = HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("POST", "/", body)
                if connection.getresponse().status == 200:
                    taken.append(number)
                connection.close()

        lines = [threading.Thread(target=line) for _ in range(LINES)]
        for one in lines:
            one.start()
        for one in lines:
            one.join()
        return len(taken)

    return floor
