"""What every gateway is asked, and what it may answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from portal.core.errors import DomainError

PARTS_DIGITS = 3  # of a number of parts: no message has a thousand


class Verdict(Enum):
    """What became of a message that was handed over."""

    TAKEN = "the gateway has it"
    NOT_NOW = "surely not taken, and may be tried again"
    REFUSED = "surely not taken, and never will be"
    WRONG_NUMBER = "surely not taken: it is no number"
    UNSURE = "it may have been taken"


class Fate(Enum):
    """What a receipt says."""

    DELIVERED = "it has arrived"
    WRONG_NUMBER = "nobody has the number"
    UNREACHABLE = "the phone could not be reached"
    REFUSED = "the carrier or the person did not want it"


@dataclass(frozen=True)
class Parcel:
    """One message on its way: `key` is our name of it, which comes back with the receipt where the gateway can."""

    key: str
    number: str = field(repr=False)
    text: str = field(repr=False)
    signature: str = ""
    template_code: str = ""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def signed_text(self) -> str:
        """The text with its signature before it, as the person reads it."""
        return f"【{self.signature}】{self.text}" if self.signature else self.text


@dataclass(frozen=True)
class Answer:
    """`gateway_id` is the gateway's number of a message that it took; `word` its own word for what was wrong.

    `parts` is how many it charges for, 0 where it does not say.
    """

    verdict: Verdict
    gateway_id: str | None = None
    word: str = ""
    parts: int = 0


@dataclass(frozen=True)
class Receipt:
    """What a gateway reports of one message; `key` and `gateway_id` are "", `parts` 0 where it does not say them."""

    fate: Fate
    key: str = ""
    gateway_id: str = ""
    number: str = field(default="", repr=False)
    word: str = ""
    parts: int = 0


class Unreadable(DomainError):
    """A receipt that is none."""

    def __init__(self) -> None:
        super().__init__("回执无法识别")


class Gateway(Protocol):
    """A way out of the house."""

    @property
    def name(self) -> str:
        """What the rows and the address of its receipts call it."""

    @property
    def thanks(self) -> str:
        """The JSON that it takes for 「received」."""

    def send(self, parcel: Parcel) -> Answer:
        """Hand over one message; never raises."""

    def receipts(self, body: bytes) -> list[Receipt]:
        """Return what a report says. Raises Unreadable."""


def reports(body: bytes, read: Callable[[dict[str, Any]], Receipt]) -> list[Receipt]:
    """Return the receipts of a JSON array, or of one object. Raises Unreadable."""
    try:
        told = json.loads(body)
        return [read(one) for one in (told if isinstance(told, list) else [told])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable from error


def parts_of(said: object) -> int:
    """Return how many parts a gateway charges for, 0 where it says nothing that is a small number."""
    text = str(said)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= PARTS_DIGITS else 0


def fate_of(word: str, *, delivered: bool, wrong: frozenset[str], refused: frozenset[str]) -> Fate:
    """Return what a carrier's `word` means, by the words for a wrong number and for a refusal."""
    if delivered:
        return Fate.DELIVERED
    if word in wrong:
        return Fate.WRONG_NUMBER
    return Fate.REFUSED if word in refused else Fate.UNREACHABLE
