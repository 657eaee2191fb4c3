"""Handing out what was made earlier: only to who might still have it made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from portal.core.db import db
from portal.core.errors import Forbidden
from portal.members import many
from portal.org.models import User
from portal.org.permissions import Permission

from . import asking
from .asking import Asked
from .conditions import EVERYBODY

LESS_THAN_THEN = "文件生成以后，您的权限或管理范围有了变化，不能再下载这份文件；仍需要时请重新选定会员后再生成"


def check_still(
    actor: User, ids: Sequence[int], day: date, *, made_at: datetime, skipped: int = 0,
    permission: Permission = Permission.MEMBER_READ,
) -> None:  # fmt: skip
    """Raise Forbidden where a file made at `made_at` of the members `ids` as of `day` is not the actor's any more.

    It is hers as long as every grant that she held then holds, and she has the `permission` for all of them but the
    `skipped`, who were not in it.
    """
    if not actor.has_kept_grants_of(made_at):
        raise Forbidden(LESS_THAN_THEN)
    asked = Asked(EVERYBODY, day)
    rows = asking.rows_of(actor, asked)
    may: set[int] = set()
    for some in many.in_chunks(ids, many.HANDFUL):
        query = asking.selected(actor, asked, rows.member_id, rows=rows, permission=permission)
        may |= set(db.session.scalars(query.where(many.among(rows.member_id, some))))
    if len(may) < len(set(ids)) - skipped:
        raise Forbidden(LESS_THAN_THEN)
