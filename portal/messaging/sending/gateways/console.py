"""No gateway: what would be sent is kept in the outbox, where those with the right read it."""

from __future__ import annotations

from .gateway import Answer, Parcel, Receipt, Unreadable, Verdict


class Console:
    """Takes everything, sends nothing."""

    name = "console"
    thanks = "{}"

    def send(self, parcel: Parcel) -> Answer:
        """Take it; the row itself is what the page shows."""
        return Answer(Verdict.TAKEN)

    def receipts(self, body: bytes) -> list[Receipt]:
        """Nobody sends one."""
        raise Unreadable
