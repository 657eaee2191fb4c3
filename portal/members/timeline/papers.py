"""What lies around the record of a member: the posts that she held, her papers, and who looked at what is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, String, cast, select
from sqlalchemy.orm import joinedload

from portal.core.audit import AuditEvent
from portal.core.calendar import show_date
from portal.core.db import db
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission

from ..catalogue import FIELD
from ..filing import FileState, MemberPrint, PaperFile
from ..models import Member, UnionPost
from .happenings import About, Happening, declare

SYSTEM = "系统"
LOOKS = ("member.reveal", "paper.read_scan")


def posts(actor: User, member: Member) -> list[Happening]:
    """Tell which posts she was given and which ended; who wrote that down stands in the trace alone."""
    query = select(UnionPost).where(UnionPost.member_id == member.id).options(joinedload(UnionPost.unit))
    held = db.session.scalars(query).all()
    of_hers = select(cast(UnionPost.id, String)).where(UnionPost.member_id == member.id)
    traced: dict[tuple[str, str], AuditEvent] = {
        (event.subject_id, event.action): event
        for event in db.session.scalars(
            select(AuditEvent)
            .where(AuditEvent.subject_type == UnionPost.__tablename__, AuditEvent.subject_id.in_(of_hers))
            .order_by(AuditEvent.id)
        )
    }
    found = []
    for post in held:
        name = f"{post.unit.name}{post.title or post.kind.label}"
        given, ended = (traced.get((str(post.id), action)) for action in ("post.give", "post.end"))
        term = f"{post.term}，" if post.term else ""
        until = f"至{show_date(post.ends)}" if post.ends else "起，无截止日期"
        found.append(
            Happening(
                about=About.POSTS,
                what=f"任{name}",
                at=given.at if given else None,
                by=given.actor_label if given else "",
                on=post.starts,
                why=f"{term}{show_date(post.starts)}{until}",
            )
        )
        if ended is not None:
            found.append(
                Happening(
                    about=About.POSTS,
                    what=f"结束{name}的职务",
                    at=ended.at,
                    by=ended.actor_label,
                    on=post.ends,
                    why=ended.reason,
                )
            )
    return found


def looks(actor: User, member: Member) -> list[Happening]:
    """Tell who looked at what is closed; to herself, and to whoever reads the log where it happened."""
    is_own = member.user_id == actor.id
    query: Select[Any] = select(AuditEvent) if is_own else access.scoped(AuditEvent, actor, Permission.AUDIT_READ)
    events: Sequence[AuditEvent] = db.session.scalars(
        query.where(
            AuditEvent.subject_type == Member.__tablename__,
            AuditEvent.subject_id == str(member.id),
            AuditEvent.action.in_(LOOKS),
        )
    ).all()
    return [
        Happening(about=About.LOOKS, what=_looked_at(event), at=event.at, by=event.actor_label, why=event.reason)
        for event in events
    ]


def _looked_at(event: AuditEvent) -> str:
    field = FIELD.get(event.details.get("field", ""))
    return f"查看完整{field.label}" if field else event.action_label


def papers(actor: User, member: Member) -> list[Happening]:
    """Tell which papers were printed, and where the signed one lies; to herself, and to whoever prints them."""
    is_own = member.user_id == actor.id
    query = select(MemberPrint) if is_own else access.scoped(MemberPrint, actor, Permission.MEMBER_PRINT)
    rows: Sequence[MemberPrint] = db.session.scalars(
        query.where(MemberPrint.member_id == member.id).options(joinedload(MemberPrint.printer))
    ).all()
    found = [
        Happening(
            about=About.LOOKS,
            what=f"{'批量打印' if row.job else '打印'}{row.papers.label}",
            at=row.printed_at,
            by=row.printer.label if row.printer else SYSTEM,
            why="按入会时的内容" if row.at_joining else "",
        )
        for row in rows
    ]
    if is_own or actor.may(Permission.MEMBER_PRINT, member.unit):
        filed = select(PaperFile).where(PaperFile.member_id == member.id, PaperFile.state == FileState.FILED)
        found += [
            Happening(
                about=About.LOOKS,
                what="登记表签字归档",
                at=row.filed_at,
                by=row.filer.label if row.filer else SYSTEM,
                why="" if is_own else row.place,
            )
            for row in db.session.scalars(filed.options(joinedload(PaperFile.filer)))
        ]
    return found


for _teller in (posts, looks, papers):
    declare(_teller)
