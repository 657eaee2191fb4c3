"""What something is taken out of the house for: asked before every export, and kept in the trace."""

from __future__ import annotations

from .errors import DomainError

LEAST, MOST = 4, 100  # characters


def stated(text: str, *, example: str) -> str:
    """Return the purpose that `text` states, in one line.

    Raises DomainError on `purpose`, with `example` as one that would do, where it is too short or too long.
    """
    purpose = " ".join(text.split())
    if not LEAST <= len(purpose) <= MOST:
        raise DomainError(f"请填写用途，{LEAST} 至 {MOST} 个字，例如：{example}", field="purpose")
    return purpose
