"""Verbs and lists of objections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from portal.changes.models import ChangeRequest
from portal.core import audit, notices
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.fields import NOW
from portal.core.todo import Todo
from portal.members import endings, hanging, history
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.models import Member, MemberVersion
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import WAITING, Objection
from .models import ObjectionState as S
from .workflow import OBJECTIONS, the_union

audit.name_acts({"objections.file": "提出异议"})

DAYS = 7
TEXT_LEAST, TEXT_MOST = 4, 300  # characters
PER_PAGE = 50


@dataclass(frozen=True)
class Edited:
    """An edit by somebody else that one may still object to."""

    version_id: int
    before_id: int
    names: tuple[str, ...]
    by: str
    at: datetime

    @property
    def labels(self) -> list[str]:
        """What was edited, in words."""
        return [FIELD[name].label for name in self.names]


def objectionable(actor: User) -> list[Edited]:
    """Return the edits of the actor's own record by operators' hands that are younger than DAYS, latest first.

    What she has asked for herself, what comes of her membership, and what she has objected to is left out.
    """
    member = members.own(actor)
    if member is None:
        return []
    asked = set(db.session.scalars(select(ChangeRequest.batch_id).where(ChangeRequest.member_id == member.id)))
    query = select(Objection.version_id, Objection.uuid).where(Objection.member_id == member.id)
    objected = list(db.session.execute(query))
    done, back = {one.version_id for one in objected}, {one.uuid for one in objected}
    found = []
    for edit in reversed(history.edits_of(member)):
        after = edit.after
        names = tuple(name for name in edit.names if NOW in (FIELD[name].edits.branch, FIELD[name].edits.union))
        is_young = after.recorded_at > now() - timedelta(days=DAYS)
        is_hers = after.recorded_by in (None, actor.id) or (after.batch_id and after.batch_id in asked | back)
        if edit.before is not None and names and is_young and not is_hers and after.id not in done:
            by = after.recorder.label if after.recorder else "系统"
            found.append(Edited(after.id, edit.before.id, names, by, after.recorded_at))
    return found


def find_edit(actor: User, version_id: int) -> Edited:
    """Return the edit that the actor may object to. Raises Absent."""
    edit = next((one for one in objectionable(actor) if one.version_id == version_id), None)
    if edit is None:
        raise Absent
    return edit


def file(actor: User, version_id: int, *, text: str) -> Objection:
    """Object to an edit of one's own record; the branch answers, or the union if one of its people edited.

    Whoever edited does not answer: where the branch has nobody else, the union does.

    Raises Absent, Conflict, DomainError on `words`.
    """
    member = members.own(actor, to_write=True)
    if member is None:
        raise Absent
    twice = select(Objection.id).where(Objection.version_id == version_id, Objection.member_id == member.id)
    if db.session.scalar(twice):
        raise Conflict("您已经对这次修改提出过异议")
    edit = find_edit(actor, version_id)
    words = text.strip()
    if not TEXT_LEAST <= len(words) <= TEXT_MOST:
        raise DomainError(f"请写明异议，{TEXT_LEAST} 至 {TEXT_MOST} 个字", field="words")
    recorder = db.session.get_one(MemberVersion, version_id).recorder
    judged = {actor.id, recorder.id if recorder else None}  # neither judges the edit
    branch = set(access.people_with(P.CHANGE_AGREE, member.unit, at_unit_only=True)) - judged
    is_of_union = not branch or (recorder is not None and recorder.may(P.MEMBER_EDIT_UNION, member.unit))
    item = Objection(
        member=member, unit=member.unit, version_id=edit.version_id, before_id=edit.before_id,
        fields=",".join(edit.names), state=S.WAITING_UNION if is_of_union else S.WAITING_BRANCH,
    )  # fmt: skip
    item.text = words
    db.session.add(item)
    audit.record(actor, "objections.file", item)
    people = set(access.people_with(P.CHANGE_DECIDE, the_union(item))) - judged if is_of_union else branch
    title = f"{member.name}对修改{item.labels}有异议，请答复"[:200]
    notices.tell(people, title, link=f"/changes/objections/{item.id}")
    return item


def find(actor: User, item_id: int) -> Objection:
    """Return one's own objection, or one in scope; locked if the request writes. Raises Absent."""
    query = select(Objection).join(Objection.member).where(Objection.id == item_id, Member.user_id == actor.id)
    if database.is_writing():
        query = access.locking(Objection, query)
    mine = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    return mine or OBJECTIONS.fetch(actor, item_id)


def withdraw(actor: User, item_id: int) -> None:
    """Take one's own objection back. Raises Absent, Conflict."""
    item = find(actor, item_id)
    if item.member.user_id != actor.id:
        raise Absent
    OBJECTIONS.fire(item, "withdraw", actor, own=True)


def own_objections(actor: User) -> list[Objection]:
    """Return one's own objections, latest first."""
    query = select(Objection).join(Objection.member).where(Member.user_id == actor.id)
    return list(db.session.scalars(query.order_by(Objection.id.desc()).limit(PER_PAGE)))


def objections(actor: User, *, waiting: bool, page: int = 1) -> tuple[list[Objection], int]:
    """Return a page of the objections in scope, or of those only that wait for the actor, and how many there are."""
    query = _waiting(actor) if waiting else access.scoped(Objection, actor, P.CHANGE_AGREE)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.order_by(Objection.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(rows)), total


def _waiting(actor: User) -> Select[Any]:
    decides = access.in_scope(Objection, actor, P.CHANGE_DECIDE)
    query: Select[Any] = access.scoped(Objection, actor, P.CHANGE_AGREE)
    about = select(Member.id).where(Member.user_id == actor.id)
    return query.where(
        Objection.state.in_(WAITING),
        Objection.member_id.not_in(about),
        Objection.version.has(MemberVersion.recorded_by.is_distinct_from(actor.id)),
        or_(
            and_(Objection.state == S.WAITING_BRANCH, ~decides),
            and_(Objection.state == S.WAITING_UNION, decides),
        ),
    )


def waiting_count(actor: User) -> int:
    """Return how many wait for the actor."""
    return db.session.scalar(select(func.count()).select_from(_waiting(actor).subquery())) or 0


def todo(actor: User) -> list[Todo]:
    """Return how many wait for the actor, if there are any."""
    count = waiting_count(actor) if actor.holds(P.CHANGE_AGREE) else 0
    return [Todo("会员的异议", count, "objections.index")] if count else []


endings.go_along("待答复的异议，随人转到新单位", Objection, WAITING)


hanging.stays("异议", Objection, open_states=WAITING)
