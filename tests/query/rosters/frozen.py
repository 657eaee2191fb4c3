"""A list of a small school's members, and what is read back from its papers."""

from __future__ import annotations

import io
from typing import Any

import pypdf

from portal.core.db import db
from portal.org.models import User
from portal.query import selections
from portal.query.asking import Asked
from portal.query.rosters import freezing
from portal.query.rosters.models import Roster, RosterKind

GIFT = freezing.Wish("2027年春节慰问品", RosterKind.HOLIDAY, "米面油礼包", 100, "份", ("sex", "marital_status"))


def freeze(actor: User, asked: Asked | None = None, **changed: Any) -> Roster:
    """Freeze whom the question finds, everybody in scope without one."""
    wish = freezing.Wish(**{**vars(GIFT), **changed})
    roster, _ = freezing.freeze(actor, selections.freeze(actor, asked or Asked()), wish)
    db.session.commit()
    return roster


def pages(pdf: bytes) -> list[str]:
    """The text of each page, without its spaces."""
    return ["".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def names(pdf: bytes) -> list[str]:
    """The texts of a PDF, line by line, without what only says when and by whom it was printed."""
    lines = [line for page in pypdf.PdfReader(io.BytesIO(pdf)).pages for line in page.extract_text().splitlines()]
    return [line for line in lines if "打印时间" not in line]
