"""Canaries: texts that stand nowhere else, one in each field that not everyone may read, and who may hear them.

Who may read what, by the hand of the table of roles: the sheet of a member or an application shows mobile, address and
family to those whose office covers the place; a list shows none of it; ID number and salary stand whole only in the
answer to a reveal, and in a form that the union prints. All else is silent.
"""

from __future__ import annotations

import html
import io
import zipfile
from dataclasses import dataclass
from typing import Any

import pdfplumber
from werkzeug.test import TestResponse

from portal.core.web import XLSX
from tests.house.walk import Walk

COVERED = {
    "operator of a": {"a"},
    "chair of a": {"a"},
    "operator of b": {"b"},
    "union operator": {"a", "b", "top"},
    "union chair": {"a", "b", "top"},
}
UNION = {"union operator", "union chair"}
SHEETS = {
    "members.detail", "members.edit", "joining.detail", "changes.detail", "changes.agree", "merging.pair",
    "timeline.index",  # what an edit of the sheet has made of it
}  # fmt: skip
PRINTS = {"members.registration_form"}


@dataclass(frozen=True)
class Song:
    """One canary: where it lives and what kind it is."""

    text: str
    place: str
    kind: str  # secret, family, masked


def songs(walk: Walk) -> list[Song]:
    """Every canary of the house."""
    found = []
    for place, of_place in walk.canaries.items():
        for canaries in of_place:
            for kind in ("secret", "family", "masked"):
                found += [Song(text, place, kind) for text in getattr(canaries, kind)]
    return found


def may_hear(principal: str, endpoint: str, song: Song) -> bool:
    """Whether this person may read this canary in the answer of this route."""
    if song.place not in COVERED.get(principal, set()):
        return False
    if song.kind == "secret":
        return endpoint in PRINTS and principal in UNION
    if endpoint == "exports.start":  # a branch exports the family of its own people, and nobody's numbers
        return song.kind == "family" and principal not in UNION
    if endpoint == "importing.detail":  # what an import changes of the family, its operators have to see
        return song.kind == "family" and principal != "union chair"
    return endpoint in SHEETS | PRINTS


def read(answer: TestResponse) -> str:
    """Return all that a person can read of an answer, its headers too."""
    content = answer.get_data()
    answer.close()
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    if content.rstrip().endswith(b"%%EOF"):  # a whole PDF
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            return headers + "".join("".join((page.extract_text() or "").split()) for page in pdf.pages)
    if answer.mimetype == XLSX and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"\n".join(book.read(name) for name in book.namelist())
    text = content.decode("utf-8", errors="replace")
    return headers + text + html.unescape(text)


def reveals(endpoint: str, principal: str, body: dict[str, Any], song: Song) -> bool:
    """Whether this is the answer to a reveal, with its reason, of just this number or this salary."""
    if song.kind != "secret" or principal not in UNION or "reason" not in body:
        return False
    is_number = song.text.isdigit() or song.text.endswith("X")
    if is_number:
        return endpoint == "members.reveal" and body.get("field") == "id_number"
    return endpoint == "dues.member"


def heard_and_leaked(
    walk: Walk, principal: str, endpoint: str, body: dict[str, Any], text: str
) -> tuple[set[Song], set[Song]]:
    """Return the canaries that stand in what this person has read, and those of them that should not."""
    heard = {song for song in songs(walk) if song.text in text}
    leaked = {
        song for song in heard if not (may_hear(principal, endpoint, song) or reveals(endpoint, principal, body, song))
    }
    return heard, leaked
