"""Code lists that are too long for an enumeration: CSV files with their source, read once."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Code:
    """One line of a code list."""

    code: str
    label: str
    aliases: tuple[str, ...]
    level: str | None  # what the code ranks as in another list, where the file has that column
    is_common: bool  # stands first in a select box
    is_current: bool  # False for what is only read, never offered


class CodeList:
    """A national code list, kept as CSV: `code,label[,aliases][,level][,common][,ended]`.

    The first line of the file is a comment with the source. Aliases are divided by spaces. `common` holds a number for
    the entries that a select box shows first, in that order; `ended` holds the year in which a code was abolished: it
    is still read and shown, but no longer offered.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path

    def __repr__(self) -> str:
        return f"<CodeList {self.name}>"

    @cached_property
    def _codes(self) -> dict[str, Code]:
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        rows.sort(key=lambda row: int(row.get("common") or 10_000))
        return {
            row["code"]: Code(
                code=row["code"],
                label=row["label"],
                aliases=tuple((row.get("aliases") or "").split()),
                level=row.get("level") or None,
                is_common=bool(row.get("common")),
                is_current=not row.get("ended"),
            )
            for row in rows
        }

    @cached_property
    def _words(self) -> dict[str, str]:
        """What people write, to the code it stands for; a label wins over an alias, the current over the abolished."""
        words: dict[str, str] = {}
        ordered = sorted(self._codes.values(), key=lambda code: not code.is_current)
        for code in ordered:
            words.setdefault(_plain(code.label), code.code)
        for code in ordered:
            for alias in code.aliases:
                words.setdefault(_plain(alias), code.code)
        return words

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def label(self, code: str) -> str:
        """Return the Chinese word of `code`, or `code` itself where the list does not know it."""
        known = self._codes.get(code)
        return known.label if known else code

    def level(self, code: str) -> str | None:
        """Return what `code` ranks as, or None where the list says nothing about it."""
        known = self._codes.get(code)
        return known.level if known else None

    def code_of(self, text: str) -> str | None:
        """Return the code that `text` is, or is the label or another name of; None where there is none."""
        plain = _plain(text)
        return plain if plain in self._codes else self._words.get(plain)

    def choices(self) -> list[tuple[str, str]]:
        """Return (code, label) of all current codes, the common ones first."""
        return [(code.code, code.label) for code in self._codes.values() if code.is_current]


def _plain(text: str) -> str:
    """Return `text` with half-width letters and without spaces, as codes and labels are compared."""
    return "".join(unicodedata.normalize("NFKC", text).split())
