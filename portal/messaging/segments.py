"""How many messages a carrier charges for a text."""

from __future__ import annotations

ALONE, JOINED = 70, 67  # UTF-16 units that fit in one message, and in each part of a longer one


def segments(text: str, signature: str = "") -> int:
    """Return how many parts `text` is charged as, at least 1; `signature` stands in 【】 before it, "" for none.

    What the carriers count are UTF-16 units, letters and digits like Chinese characters: a rare character or an emoji
    is two. A text of up to 70 is one message; a longer one goes in parts of 67 (3GPP TS 23.040, 9.2.3.24.1).
    """
    whole = f"【{signature}】{text}" if signature else text
    units = len(whole.encode("utf-16-le")) // 2
    return 1 if units <= ALONE else -(-units // JOINED)
