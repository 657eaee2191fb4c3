"""Who is in a group now, and why: asked each time, cut to whom the asker may see, and nobody where it is broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from portal.core.calendar import local, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.members import many
from portal.members.enums import MembershipStatus, PostKind
from portal.members.models import Member, UnionPost
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P
from portal.query import asking, conditions
from portal.query.asking import Asked
from portal.query.conditions import QueryError
from portal.query.definitions import service as definitions
from portal.query.definitions.questions import opened

from .models import Group

OWN, BUILT_IN = "g", "b"  # what a word for a group begins with


@dataclass(frozen=True)
class BuiltIn:
    """A group that every union has: who holds one of the posts today, or without posts everyone."""

    key: str
    name: str
    note: str
    posts: tuple[PostKind, ...] = ()

    @property
    def ref(self) -> str:
        """The word for it."""
        return f"{BUILT_IN}:{self.key}"


BUILT_INS: dict[str, BuiltIn] = {
    one.key: one
    for one in (
        BuiltIn("everyone", "全体会员", "会籍状态为正常的会员"),
        BuiltIn("executive", "教代会执委", "今天在任的教代会执委", (PostKind.CONGRESS_EXECUTIVE,)),
        BuiltIn("chairs", "分工会主席", "今天在任的分工会主席", (PostKind.BRANCH_CHAIR,)),
        BuiltIn(
            "committees", "分工会委员", "今天在任的分工会主席、副主席和委员",
            (PostKind.BRANCH_CHAIR, PostKind.BRANCH_VICE_CHAIR, PostKind.BRANCH_COMMITTEE),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Who is in a group: `people` are numbers of members, each with why; `broken` says why it has nobody."""

    name: str
    people: dict[int, str] = field(default_factory=dict)
    broken: str = ""


@dataclass(frozen=True)
class Offer:
    """A group as a form offers it."""

    ref: str
    name: str
    note: str


def ref_of(group: Group) -> str:
    """Return the word for a group."""
    return f"{OWN}:{group.id}"


def in_sight(actor: User) -> ColumnElement[bool]:
    """Return the condition that a member may be seen and written to by the actor."""
    return and_(access.in_scope(Member, actor, P.MESSAGE_SEND), access.in_scope(Member, actor, P.MEMBER_READ))


def usable(actor: User) -> list[Group]:
    """Return the groups that the actor may send to: those of her units and below, and shared ones from above."""
    query = select(Group).where(Group.withdrawn_at.is_(None))
    query = query.where(or_(access.in_scope(Group, actor, P.MESSAGE_SEND), Group.is_shared))
    return [one for one in db.session.scalars(query.order_by(Group.name, Group.id)) if may_use(actor, one)]


def may_use(actor: User, group: Group) -> bool:
    """Whether the actor may send to the group."""
    if actor.may(P.MESSAGE_SEND, group.unit):
        return True
    return group.is_shared and any(group.unit.covers(grant.unit) for grant in actor.giving(P.MESSAGE_SEND))


def offers(actor: User) -> list[Offer]:
    """Return all groups that the actor may send to, the built-in ones first."""
    own = [Offer(ref_of(one), one.name, one.unit.name) for one in usable(actor)]
    return [Offer(one.ref, one.name, one.note) for one in BUILT_INS.values()] + own


def name_of(actor: User, ref: str) -> str:
    """Return the name of the group that `ref` stands for. Raises Absent."""
    kind, _, word = ref.partition(":")
    if kind == BUILT_IN and word in BUILT_INS:
        return BUILT_INS[word].name
    return _own(actor, ref).name


def found(actor: User, ref: str) -> Found:
    """Return who is in the group that `ref` stands for now, as far as the actor sees. Raises Absent."""
    kind, _, word = ref.partition(":")
    if kind == BUILT_IN and word in BUILT_INS:
        return of_built_in(actor, BUILT_INS[word])
    return of_group(actor, _own(actor, ref))


def _own(actor: User, ref: str) -> Group:
    kind, _, word = ref.partition(":")
    if kind != OWN or not (word.isascii() and word.isdigit() and len(word) < 10):
        raise Absent
    group = db.session.get(Group, int(word))
    if group is None or group.withdrawn_at is not None or not may_use(actor, group):
        raise Absent
    return group


def of_built_in(actor: User, group: BuiltIn) -> Found:
    """Return who is in a built-in group today."""
    if not group.posts:
        query = select(Member.id).where(Member.membership_status == MembershipStatus.ACTIVE.value, in_sight(actor))
        return Found(group.name, dict.fromkeys(db.session.scalars(query.order_by(Member.id)), group.note))
    day = today()
    posts = (
        select(UnionPost)
        .join(UnionPost.member)
        .where(UnionPost.kind.in_(group.posts), UnionPost.starts <= day)
        .where(or_(UnionPost.ends.is_(None), UnionPost.ends >= day), in_sight(actor))
        .order_by(UnionPost.unit_id, UnionPost.kind, UnionPost.id)
    )
    people: dict[int, str] = {}
    for post in db.session.scalars(posts):
        until = f"，任期至{show_date(post.ends)}" if post.ends else ""
        people.setdefault(post.member_id, f"{post.unit.name}{post.kind.label}{until}")
    return Found(group.name, people)


def of_group(actor: User, group: Group) -> Found:
    """Return who is in the group now, as far as the actor sees; nobody at all where its question is broken."""
    try:
        people = _asked(actor, group)
    except QueryError as error:
        return Found(group.name, broken=error.message)
    by_hand = {one.member_id: one for one in group.people}
    seen = seen_of(actor, by_hand)
    for number, one in by_hand.items():
        if one.is_out:
            people.pop(number, None)
        elif number in seen:
            people.setdefault(number, f"{one.adder.label} {show_date(local(one.added_at).date())}添加")
    return Found(group.name, people)


def seen_of(actor: User, ids: Iterable[int]) -> set[int]:
    """Return those of `ids` whom the actor may write to."""
    seen: set[int] = set()
    for some in many.in_chunks(sorted(set(ids))):
        seen |= set(db.session.scalars(select(Member.id).where(Member.id.in_(some), in_sight(actor))))
    return seen


def question_in_words(actor: User, group: Group) -> str:
    """Return what the group asks, as a sentence; "" for one that has people alone, or asks what cannot be asked."""
    try:
        if group.question is not None:
            return "按条件查询"
        asked = _question(actor, group)
        return f"口径“{asked.name}”" if asked else ""
    except QueryError:
        return "口径已失效"


def _question(actor: User, group: Group) -> Any:
    if group.preset:
        try:
            return definitions.preset(group.preset)
        except Absent as error:
            raise QueryError("这个口径已经没有了，请重新选择口径") from error
    if group.definition is None:
        return None
    if group.definition.withdrawn_at is not None:
        raise QueryError(f"口径“{group.definition.name}”已停用，请重新选择口径")
    return definitions.question_of(group.definition)


def _asked(actor: User, group: Group) -> dict[int, str]:
    """Return whom the group's question finds. Raises QueryError for a broken one, or what the actor may not ask."""
    if group.question is not None:
        node = conditions.parse(group.question)
        return dict.fromkeys(asking.ids(actor, Asked(node), permission=P.MESSAGE_SEND), "符合分组的条件")
    asked = _question(actor, group)
    if asked is None:
        return {}
    ids = asking.ids(actor, opened(actor, asked, {}).asked, permission=P.MESSAGE_SEND)
    return dict.fromkeys(ids, f"口径“{asked.name}”")


def all_of(actor: User, refs: Sequence[str]) -> Found:
    """Return who is in any of the groups, each once. Raises Absent, and DomainError on `groups` for a broken one."""
    people: dict[int, str] = {}
    names = []
    for ref in refs:
        one = found(actor, ref)
        if one.broken:
            raise DomainError(f"分组“{one.name}”已失效，不能发送：{one.broken}", field="groups")
        names.append(one.name)
        for number, why in one.people.items():
            people.setdefault(number, why)
    return Found("、".join(names), people)
