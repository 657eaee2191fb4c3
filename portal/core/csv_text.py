"""Text in a csv file, which knows no kinds of cells: a spreadsheet that opens it must take text for text."""

from __future__ import annotations

import re

# what a spreadsheet would work out; or shorten: a number too long for it, or with zeros before it
_GUARDED = re.compile(r"'*(?:[=+\-@\t\r]|(?:0[0-9]+|[0-9]{16,}[xX]?)\Z)")


def guarded(text: str) -> str:
    """Return `text` with an apostrophe before it where a spreadsheet would make a formula or a number of it.

    That is how spreadsheets write such a text themselves; `unguarded` takes it off again.
    """
    return f"'{text}" if _GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """Return what `guarded` has been given."""
    return text[1:] if text.startswith("'") and _GUARDED.match(text[1:]) else text
