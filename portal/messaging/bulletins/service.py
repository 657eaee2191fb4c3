"""Verbs of bulletins: written, read, and who has not read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select, update

from portal.core import audit, notices, uploads
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.todo import Todo
from portal.members import hanging
from portal.members.models import Member
from portal.messaging.groups import resolving
from portal.messaging.wordings import blanks
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import files
from .files import Brought
from .models import Bulletin, BulletinFile, BulletinReader
from .models import BulletinState as S
from .workflow import BULLETINS, HERE

audit.name_acts({
    "bulletin.write": "起草通知公告",
    "bulletin.rewrite": "修改通知公告",
    "bulletin.read": "阅读通知公告",
    "bulletin.remind": "提醒未读的人",
})  # fmt: skip

PER_PAGE = 50
UNREAD = "unread"


@dataclass(frozen=True)
class Wanted:
    """What a bulletin says and for whom; `dropped` are numbers of attachments to be taken away."""

    title: str
    body: str
    groups: Sequence[str]
    unit: OrgUnit | None = None
    brought: Sequence[Brought] = ()
    dropped: Sequence[int] = ()


@dataclass(frozen=True)
class Counts:
    """How many it is for, how many have read it, and how many have no account to read it with."""

    people: int = 0
    read: int = 0
    without: int = 0

    @property
    def unread(self) -> int:
        """How many have not read it."""
        return self.people - self.read


# --- of who publishes -------------------------------------------------------------------------------------------------


def places(actor: User) -> list[OrgUnit]:
    """Return the units on whose behalf the actor may publish."""
    return access.tops(actor, P.MESSAGE_SEND)


def find(actor: User, number: int) -> Bulletin:
    """Return a bulletin in the actor's scope. Raises Absent."""
    item: Bulletin = BULLETINS.fetch(actor, number)
    return item


def page_of(actor: User, page: int) -> tuple[list[Bulletin], int]:
    """Return a page of the bulletins in the actor's scope, the newest first, and how many there are."""
    query: Select[tuple[Bulletin]] = access.scoped(Bulletin, actor, P.MESSAGE_SEND)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(Bulletin.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(query)), total


def counts(items: Sequence[Bulletin]) -> dict[int, Counts]:
    """Return the numbers of each bulletin, by its number."""
    reader = BulletinReader
    query = (
        select(
            reader.bulletin_id,
            func.count(),
            func.count(reader.read_at),
            func.count(case((Member.user_id.is_(None), 1))),
        )
        .join(reader.member)
        .where(reader.bulletin_id.in_([one.id for one in items]))
        .group_by(reader.bulletin_id)
    )
    found = {number: Counts(*numbers) for number, *numbers in db.session.execute(query)}
    return {one.id: found.get(one.id, Counts()) for one in items}


def _unread(actor: User, item: Bulletin) -> Select[Any]:
    query = select(BulletinReader).join(BulletinReader.member)
    return query.where(
        BulletinReader.bulletin_id == item.id, BulletinReader.read_at.is_(None), resolving.in_sight(actor)
    )


def unread(actor: User, item: Bulletin, page: int) -> tuple[list[BulletinReader], int]:
    """Return a page of who has not read it, by branch and name, as far as the actor sees, and how many there are."""
    query = _unread(actor, item)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(Member.unit_id, Member.name_pinyin, Member.id).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(query)), total


def unread_ids(actor: User, item: Bulletin) -> list[int]:
    """Return the members who have not read it, as far as the actor sees."""
    return [one.member_id for one in db.session.scalars(_unread(actor, item).order_by(BulletinReader.id))]


def write(actor: User, wanted: Wanted) -> Bulletin:
    """Write a draft. Raises DomainError under its input."""
    unit = wanted.unit or places(actor)[0]
    if not actor.may(P.MESSAGE_SEND, unit):
        raise DomainError("请选择您管理范围内的单位", field="unit")
    item = Bulletin(unit=unit, owner_id=actor.id, state=S.DRAFT)
    _fill(actor, item, wanted)
    audit.record(actor, "bulletin.write", item)
    return item


def rewrite(actor: User, item: Bulletin, wanted: Wanted) -> None:
    """Change a draft. Raises DomainError, and Conflict once it is published."""
    if item.state is not S.DRAFT:
        raise Conflict("已经发布或撤回的通知不能修改，请另写一份")
    _fill(actor, item, wanted)
    audit.record(actor, "bulletin.rewrite", item)


def _fill(actor: User, item: Bulletin, wanted: Wanted) -> None:
    title, body = " ".join(wanted.title.split()), wanted.body.replace("\r", "").strip()
    if not title:
        raise DomainError("请填写标题", field="title")
    if not body:
        raise DomainError("请填写正文", field="body")
    blanks.refuse_document(title, field="title")
    blanks.refuse_document(body, field="body")
    if not wanted.groups:
        raise DomainError("请至少勾选一个分组", field="groups")
    groups = list(dict.fromkeys(wanted.groups))
    names = [resolving.name_of(actor, ref) for ref in groups]
    kept = [one for one in item.files if one.id not in wanted.dropped]
    if len(kept) + len(wanted.brought) > files.MOST:
        raise DomainError(f"最多 {files.MOST} 个附件", field="files")
    item.title, item.body, item.groups, item.audience = title, body, groups, "、".join(names)[:300]
    db.session.add(item)
    db.session.flush()  # attachments name it
    gone = [one for one in item.files if one.id in wanted.dropped]
    rows = [db.session.get_one(uploads.Upload, one.upload_id) for one in gone]
    for one in gone:
        item.files.remove(one)
        db.session.delete(one)
    for brought in wanted.brought:
        upload = uploads.keep(actor, brought.content, kind=files.KIND)
        row = BulletinFile(upload_id=upload.id, name=brought.name, size=len(brought.content))
        item.files.append(row)
    if rows:
        db.session.flush()  # what names them goes first
        uploads.discard(rows)


def remind(actor: User, item: Bulletin) -> int:
    """Tell who has not read it once more, and return how many can be told so. Raises Conflict, DomainError."""
    if item.state is not S.PUBLISHED:
        raise Conflict("这份通知没有发布或已经撤回，不需要提醒")
    rows = list(db.session.scalars(_unread(actor, item)))
    users = [one.member.user_id for one in rows if one.member.user_id and one.member.membership_status in HERE]
    if not users:
        raise DomainError("没有可以用站内信提醒的人：未读的人都还没有账号")
    notices.tell(users, f"请阅读通知公告：{item.title}", "", f"/bulletins/{item.id}")
    at = now()
    for one in rows:
        one.reminded_at = at
    audit.record(actor, "bulletin.remind", item, details={"count": len(users)})
    return len(users)


# --- of who reads -----------------------------------------------------------------------------------------------------


def _mine(actor: User) -> Select[Any]:
    query = select(BulletinReader).join(BulletinReader.member).join(BulletinReader.bulletin)
    return query.where(Member.user_id == actor.id, Bulletin.state == S.PUBLISHED)


def mine(actor: User, *, show: str, page: int) -> tuple[list[BulletinReader], int]:
    """Return a page of what was published for the actor, the newest first; `show` UNREAD: not yet read."""
    query = _mine(actor)
    if show == UNREAD:
        query = query.where(BulletinReader.read_at.is_(None))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(Bulletin.published_at.desc(), Bulletin.id.desc())
    return list(db.session.scalars(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE))), total


def for_me(actor: User, number: int) -> BulletinReader:
    """Return the actor's own copy of a published bulletin, locked if the request writes. Raises Absent."""
    query = _mine(actor).where(BulletinReader.bulletin_id == number)
    if database.is_writing():
        query = query.with_for_update(of=BulletinReader)
    row = db.session.scalars(query).one_or_none()
    if row is None:
        raise Absent
    return row


def mark_read(actor: User, row: BulletinReader) -> None:
    """Keep when the actor has read it, the first time."""
    if row.read_at is None:
        row.read_at = now()
        audit.record(actor, "bulletin.read", row.bulletin)
        told = notices.Notice
        read = update(told).where(told.user_id == actor.id, told.link == f"/bulletins/{row.bulletin_id}")
        db.session.execute(read.where(told.read_at.is_(None)).values(read_at=row.read_at))


def file_of(actor: User, number: int) -> tuple[BulletinFile, bytes]:
    """Return an attachment for who may read it: whom it was published for, and who publishes there. Raises Absent."""
    row = db.session.get(BulletinFile, number)
    if row is None:
        raise Absent
    if not actor.may(P.MESSAGE_SEND, row.bulletin.unit):
        for_me(actor, row.bulletin_id)
    return row, uploads.content_of(row.upload_id)


def todo(actor: User) -> list[Todo]:
    """Return how many bulletins the actor has not read."""
    _, count = mine(actor, show=UNREAD, page=1)
    return [Todo("未读的通知公告", count, "board.index", {"show": UNREAD})] if count else []


hanging.follows("收到的通知公告", BulletinReader, key=("bulletin_id",))
