"""Answers as plain data, as programs and the command line read them."""

from __future__ import annotations

from typing import Any

from portal.core.db import db
from portal.members import sight
from portal.members.models import Member, MemberVersion
from portal.org.models import User

from . import asking
from .asking import Asked
from .fields import BY_NAME

COLUMNS = ("member_no", "name", "branch", "staff_no", "membership_status")
AT_ONCE = 500


def number(actor: User, asked: Asked) -> dict[str, Any]:
    """Return how many members the question finds. Raises QueryError."""
    return {"count": asking.count(actor, asked)}


def numbers(actor: User, asked: Asked, by: list[str]) -> dict[str, Any]:
    """Return how many there are of each value of the fields `by`, 未填 with the code None. Raises QueryError."""
    groups = asking.grouped(actor, asked, by)
    return {
        "rows": [
            dict(zip(by, group.codes, strict=True)) | {"label": "、".join(group.labels), "count": group.number}
            for group in groups
        ],
        "total": sum(group.number for group in groups),
    }


def people(actor: User, asked: Asked) -> dict[str, Any]:
    """Return whom the question finds, with what every list shows. Raises QueryError."""
    rows = asking.rows_of(actor, asked)
    found = asking.ids(actor, asked)
    listed: list[dict[str, str]] = []
    for start in range(0, len(found), AT_ONCE):
        chunk = found[start : start + AT_ONCE]
        query = asking.selected(actor, asked, rows.table, rows=rows).where(rows.member_id.in_(chunk))
        by_number = {_number(row): row for row in db.session.scalars(query)}
        listed += [{name: sight.value(actor, by_number[one], name, place="list") for name in COLUMNS} for one in chunk]
        db.session.expunge_all()
    return {"columns": {name: BY_NAME[name].label for name in COLUMNS}, "rows": listed, "total": len(listed)}


def _number(row: Member | MemberVersion) -> int:
    return row.id if isinstance(row, Member) else row.member_id
