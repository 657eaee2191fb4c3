"""A small server that speaks as gateways do, in a process of its own: it keeps a log of what it took.

It may be slow, cut lines before or after it has taken a message, and say that it is busy, by chances that a test sets.
The two big ones check the signature of each request as their vendors describe it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from portal.messaging.sending.gateways.http import Http, Speech

KEY_ID, SECRET = "key-of-tests", "secret-of-tests"


@dataclass
class Manners:
    """How the server behaves: `slow` seconds at most for an answer; the others are chances between 0 and 1."""

    slow: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    busy: float = 0.0
    per_second: float = 0.0  # no faster than this; 0: as it comes
    answer: dict[str, Any] = field(default_factory=dict)  # instead of success


class Server(ThreadingHTTPServer):
    """The server with its manners and its log."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, manners: Manners, log: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manners = manners
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.turn = threading.Lock()
        self.next_at = 0.0

    def took(self, **told: str) -> str:
        """Write down that a message was taken, and return its number here."""
        number = f"{random.getrandbits(64):016x}"
        os.write(self.log, (json.dumps({**told, "id": number}) + "\n").encode())
        return number

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Take a message, or not."""
        manners = self.server.manners
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if manners.per_second:
            with self.server.turn:
                at = max(time.monotonic(), self.server.next_at)
                self.server.next_at = at + 1 / manners.per_second
            time.sleep(max(0.0, at - time.monotonic()))
        chance = random.random()
        if chance < manners.busy:
            self.answer(429, {"code": "busy"})
        elif chance < manners.busy + manners.cut_before:
            self.connection.close()
        elif manners.answer:
            self.server.took(key="", number="", text=self.path)  # whatever it says, it has the message
            self.answer(
                int(manners.answer.get("status", 200)), manners.answer["body"], **manners.answer.get("headers", {})
            )
        else:
            status, told = self.spoken(body)
            if chance < manners.busy + manners.cut_before + manners.cut_after:
                self.connection.close()
                return
            time.sleep(random.random() * manners.slow)
            self.answer(status, told)

    def spoken(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answer as the gateway whose protocol this is."""
        if "x-acs-action" in self.headers:
            return self.aliyun(body)
        if "X-TC-Action" in self.headers:
            return self.tencent(body)
        told = json.loads(body)
        return 200, {"code": 0, "msgid": self.server.took(key=told["ext"], number=told["mobile"], text=told["content"])}

    def aliyun(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Check ACS3-HMAC-SHA256 step by step, then take a SendSms."""
        said = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})",
            self.headers["Authorization"],
        )
        assert said
        names = said[2].split(";")
        assert {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-version"} <= set(names)
        target = urlsplit(self.path)
        headers = "".join(f"{name}:{(self.headers[name] or '').strip()}\n" for name in names)
        hashed = hashlib.sha256(body).hexdigest()
        asked = dict(parse_qsl(target.query, keep_blank_values=True))
        query = urlencode(sorted(asked.items()), safe="~", quote_via=quote)  # as RFC 3986 has it, however it was sent
        request = f"POST\n{target.path}\n{query}\n{headers}\n{said[2]}\n{hashed}"
        digest = hashlib.sha256(request.encode()).hexdigest()
        wanted = hmac.new(SECRET.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), hashlib.sha256).hexdigest()
        if said[1] != KEY_ID:
            return 404, {"Code": "InvalidAccessKeyId.NotFound", "Message": "Specified access key is not found."}
        if said[3] != wanted or self.headers["x-acs-content-sha256"] != hashed:
            return 400, {"Code": "SignatureDoesNotMatch", "Message": "Specified signature is not matched."}
        assert (self.headers["x-acs-action"], self.headers["x-acs-version"]) == ("SendSms", "2017-05-25")
        took = self.server.took(
            key=asked["OutId"], number=asked["PhoneNumbers"], text=asked["TemplateParam"],
            template=asked["TemplateCode"], signature=asked["SignName"],
        )  # fmt: skip
        return 200, {"Code": "OK", "Message": "OK", "BizId": took, "RequestId": took}

    def tencent(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Check TC3-HMAC-SHA256 step by step, then take a SendSms."""
        said = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=([^/]+)/([0-9-]+)/sms/tc3_request, SignedHeaders=([^,]+), "
            r"Signature=([0-9a-f]{64})",
            self.headers["Authorization"],
        )
        assert said
        at = int(self.headers["X-TC-Timestamp"])
        assert said[2] == time.strftime("%Y-%m-%d", time.gmtime(at))
        values = {"x-tc-action": self.headers["X-TC-Action"].lower()}
        names = said[3].split(";")
        headers = "".join(f"{name}:{values.get(name, self.headers[name])}\n" for name in names)
        request = f"POST\n/\n\n{headers}\n{said[3]}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"TC3{SECRET}".encode()
        for part in (said[2], "sms", "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        told = f"TC3-HMAC-SHA256\n{at}\n{said[2]}/sms/tc3_request\n{digest}"
        wanted = hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
        if (said[1], said[4]) != (KEY_ID, wanted):
            error = {
                "Code": "AuthFailure.SignatureFailure",
                "Message": "The provided credentials could not be validated.",
            }
            return 200, {"Response": {"Error": error, "RequestId": "1"}}
        assert (self.headers["X-TC-Action"], self.headers["X-TC-Version"]) == ("SendSms", "2021-01-11")
        asked = json.loads(body)
        (number,) = asked["PhoneNumberSet"]
        took = self.server.took(
            key=asked["SessionContext"], number=number, text=json.dumps(asked["TemplateParamSet"], ensure_ascii=False),
            template=asked["TemplateId"], signature=asked["SignName"],
        )  # fmt: skip
        state = {
            "SerialNo": took, "PhoneNumber": number, "Fee": 2, "SessionContext": asked["SessionContext"],
            "Code": "Ok", "Message": "send success", "IsoCode": "CN",
        }  # fmt: skip
        return 200, {"Response": {"SendStatusSet": [state], "RequestId": "1"}}

    def answer(self, status: int, told: dict[str, Any] | str, **headers: str) -> None:
        """Send JSON, or a text as it is."""
        body = (told if isinstance(told, str) else json.dumps(told)).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass(frozen=True)
class Running:
    """A server that runs, by its address and its log."""

    url: str
    log: Path

    def took(self) -> list[dict[str, str]]:
        """Return what it took, in order."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()] if self.log.exists() else []


@contextmanager
def gateway(folder: Path, manners: Manners | None = None) -> Iterator[Running]:
    """Run the server in a process of its own until the block ends."""
    log = folder / "gateway.log"
    server = Server(manners or Manners(), log)
    child = os.fork()
    if child == 0:
        try:
            server.serve_forever(poll_interval=0.05)
        finally:
            os._exit(0)
    server.socket.close()
    try:
        yield Running(f"http://127.0.0.1:{server.server_address[1]}", log)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(server.log)


def campus(url: str) -> Http:
    """Return the gateway `http` as the settings of a campus would have it."""
    return Http(
        Speech(
            f"{url}/send", '{"mobile": "{number}", "content": "{text}", "ext": "{key}"}', re.compile(r'"code": 0'),
            busy=re.compile("busy"), id=re.compile(r'"msgid": "(\w+)"'),
            fields={"key": "ext", "id": "msgid", "number": "mobile", "status": "stat", "parts": "fee"},
        )
    )  # fmt: skip
