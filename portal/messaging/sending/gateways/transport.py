"""One request to a gateway, which says for sure whether anything of it can have arrived."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds, for each of: to connect, to send, to hear
ANSWER_MOST = 64 * 1024  # bytes
TOO_MANY = 429


class NotReached(Exception):
    """Nothing was sent: the connection did not come about."""


class CutOff(Exception):
    """The request was sent, or part of it, and no answer came: nobody knows."""


@dataclass(frozen=True)
class Reply:
    """What the gateway answered; the names of the headers are in small letters."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Return the object in the body; an empty one where there is none."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


def ask(method: str, address: str, headers: Mapping[str, str], body: bytes, *, timeout: float = TIMEOUT) -> Reply:
    """Send one request on a connection of its own and return the reply. Raises NotReached or CutOff.

    No connection is used twice: on one that the gateway has closed meanwhile nobody knows what arrived. No redirect
    is followed.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())
    else:
        connection = HTTPConnection(host, parts.port, timeout=timeout)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotReached from error
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body=body, headers=dict(headers))
            response = connection.getresponse()
            told = response.read(ANSWER_MOST).decode("utf-8", "replace")
            return Reply(response.status, told, {name.lower(): text for name, text in response.getheaders()})
        except (OSError, HTTPException) as error:
            raise CutOff from error
    finally:
        connection.close()
