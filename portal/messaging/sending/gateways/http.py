"""Any gateway that takes one message in one request: its settings say how it speaks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from .gateway import Answer, Fate, Parcel, Receipt, Unreadable, Verdict, parts_of, reports
from .transport import TOO_MANY, CutOff, NotReached, ask

SUCCESSES = range(200, 300)
CLIENTS_FAULT = range(400, 500)


@dataclass(frozen=True)
class Speech:
    """How the gateway speaks. `success`, `busy`, `wrong` and `refused` are looked for in the text of its answer.

    `body` has {number}, {text} and {key} where they belong; `id` finds the gateway's number of a message (group 1).
    `fields` says what a receipt calls our `key`, its `id`, the `number`, the `status` and the `parts` charged; a status
    that `delivered` finds has arrived.
    """

    url: str
    body: str
    success: re.Pattern[str]
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    busy: re.Pattern[str] | None = None
    wrong: re.Pattern[str] | None = None
    refused: re.Pattern[str] | None = None
    id: re.Pattern[str] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    delivered: re.Pattern[str] = re.compile(r"^(DELIVRD|DELIVERED|SUCCESS|OK|true|True|0)$")
    thanks: str = '{"code": 0}'


class Http:
    """A gateway of the campus or of a carrier."""

    name = "http"

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self._is_json = speech.body.lstrip().startswith(("{", "["))

    @property
    def thanks(self) -> str:
        """What its settings say."""
        return self.speech.thanks

    def send(self, parcel: Parcel) -> Answer:
        """Hand over one message; what neither success nor a refusal is found in is unsure."""
        said = self.speech
        kind = "application/json; charset=utf-8" if self._is_json else "application/x-www-form-urlencoded"
        try:
            reply = ask(said.method, said.url, {"Content-Type": kind, **said.headers}, self._filled(parcel))
        except NotReached:
            return Answer(Verdict.NOT_NOW, word="连不上网关")
        except CutOff:
            return Answer(Verdict.UNSURE, word="没有收到网关的应答")
        if reply.status == TOO_MANY or _found(said.busy, reply.body):
            return Answer(Verdict.NOT_NOW, word="网关忙")
        if reply.status in SUCCESSES and said.success.search(reply.body):
            number = said.id.search(reply.body) if said.id else None
            return Answer(Verdict.TAKEN, number[1][:80] if number else None)
        if _found(said.wrong, reply.body):
            return Answer(Verdict.WRONG_NUMBER, word="网关认为号码无效")
        if reply.status in CLIENTS_FAULT or _found(said.refused, reply.body):
            return Answer(Verdict.REFUSED, word=f"网关拒绝（HTTP {reply.status}）")
        return Answer(Verdict.UNSURE, word=f"网关的应答无法识别（HTTP {reply.status}）")

    def _filled(self, parcel: Parcel) -> bytes:
        values = {"number": parcel.number, "text": parcel.signed_text, "key": parcel.key}

        def fill(match: re.Match[str]) -> str:
            value = values[match[1]]
            return json.dumps(value, ensure_ascii=False)[1:-1] if self._is_json else quote(value, safe="")

        return re.sub(r"\{(number|text|key)\}", fill, self.speech.body).encode()

    def receipts(self, body: bytes) -> list[Receipt]:
        """Return what a report says, JSON or a form. Raises Unreadable."""
        if body.lstrip()[:1] in (b"{", b"["):
            return reports(body, self._read)
        try:
            return [self._read(dict(parse_qsl(body.decode(), strict_parsing=True)))]
        except (ValueError, KeyError) as error:
            raise Unreadable from error

    def _read(self, told: dict[str, Any]) -> Receipt:
        names = self.speech.fields
        status = str(told[names["status"]])
        arrived = self.speech.delivered.search(status)
        said = {name: str(told.get(names.get(name, ""), "")) for name in ("key", "id", "number")}
        fate = Fate.DELIVERED if arrived else Fate.UNREACHABLE
        parts = parts_of(told.get(names.get("parts", ""), ""))
        return Receipt(fate, said["key"], said["id"], said["number"], "" if arrived else status[:80], parts)


def _found(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None
