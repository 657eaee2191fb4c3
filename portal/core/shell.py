"""How a command speaks and ends: messages go to standard error, standard output holds the answer alone."""

from __future__ import annotations

import sys

DONE, NO, REFUSED = 0, 1, 2  # the answer is yes or given; the answer is no; nothing was done


def say(sentence: str) -> None:
    """Print a message for people."""
    print(sentence, file=sys.stderr, flush=True)
