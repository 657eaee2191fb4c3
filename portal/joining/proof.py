"""Whether the person of an application asks for it herself (《工会会员会籍管理办法》 article 5: 由本人申请)."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.db import db

from .entry_models import Entry
from .models import Application

MISSING = (
    "这份申请由工作人员代为录入，还没有本人签字的申请表，也没有本人确认，不能批准；请先上传签字申请表，或请本人确认"
)


def entry_of(item: Application) -> Entry | None:
    """Return who entered the application, None where the person sent it herself."""
    return db.session.scalars(select(Entry).where(Entry.application_id == item.id)).one_or_none()


def missing(item: Application) -> str:
    """Return why the application cannot be approved yet, or nothing."""
    entry = entry_of(item)
    return "" if entry is None or entry.is_proven else MISSING
