"""Whether the person of an application asks for it herself (《工会会员会籍管理办法》 article 5: 由本人申请)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from portal.core.db import db

from .entry_models import Entry
from .models import Application

MISSING = (
    "这份申请由工作人员代为录入，还没有本人签字的申请表，也没有本人确认，不能批准；请先上传签字申请表，或请本人确认"
)


NEAR = "本人确认来自经办人所在的地址，请向申请人本人核实确由其本人确认，再办理"


def entry_of(item: Application) -> Entry | None:
    """Return who entered the application, None where the person sent it herself."""
    return db.session.scalars(select(Entry).where(Entry.application_id == item.id)).one_or_none()


def missing(item: Application) -> str:
    """Return why the application cannot be approved yet, or nothing."""
    entry = entry_of(item)
    return "" if entry is None or entry.is_proven else MISSING


def near(items: Iterable[Application]) -> set[int]:
    """Return the numbers of those that were confirmed from where their operator works, and by no paper."""
    asked = [item.id for item in items]
    query = select(Entry.application_id).where(Entry.is_confirmed_near, Entry.evidence_id.is_(None))
    return set(db.session.scalars(query.where(Entry.application_id.in_(asked))))


def hints(item: Application) -> list[str]:
    """Return what whoever decides should know of the person's own will."""
    found = [missing(item), NEAR if near([item]) else ""]
    return [sentence for sentence in found if sentence]
