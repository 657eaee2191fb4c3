"""Verbs of groups: made, looked at, people added and taken out, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select

from portal.core import audit
from portal.core import db as database
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.members import endings, hanging, many, search
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.query import conditions, keeping, showing
from portal.query.conditions import QueryError
from portal.query.definitions import service as definitions
from portal.query.definitions.questions import keeps_number
from portal.query.models import Selection

from . import resolving
from .models import Group, GroupPerson
from .resolving import Found

audit.name_acts({
    "group.make": "建立短信分组",
    "group.put": "分组增减人员",
    "group.drop": "分组撤销手工增减",
    "group.withdraw": "停用短信分组",
})  # fmt: skip

PER_PAGE, CANDIDATES = 50, 20
MOST_NAMED = 5_000  # people whom one group names
PEOPLE, CONDITIONS = "people", "conditions"
QUERY_PAGE = "/query/"


@dataclass(frozen=True)
class Wanted:
    """A group to be made: `source` is PEOPLE, CONDITIONS, "d:" with a definition's number or "p:" with a preset."""

    name: str
    unit: OrgUnit | None
    is_shared: bool
    source: str


@dataclass(frozen=True)
class Row:
    """One person of a group and why she is in it; `by_hand` is the row that put her there."""

    member: Member
    why: str
    by_hand: GroupPerson | None


# --- finding ----------------------------------------------------------------------------------------------------------


def places(actor: User) -> list[OrgUnit]:
    """Return the units where the actor may keep groups."""
    return access.tops(actor, P.MESSAGE_SEND)


def find(actor: User, number: int) -> Group:
    """Return a group that the actor may send to, locked if the request writes. Raises Absent."""
    query = select(Group).where(Group.id == number, Group.withdrawn_at.is_(None))
    if database.is_writing():
        query = query.with_for_update(of=Group)
    group = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if group is None or not resolving.may_use(actor, group):
        raise Absent
    return group


def kept(actor: User, number: int) -> Group:
    """Return a group that the actor may change. Raises Absent."""
    group = find(actor, number)
    if not may_change(actor, group):
        raise Absent
    return group


def may_change(actor: User, group: Group) -> bool:
    """Whether the actor works where the group is kept, or above."""
    return actor.may(P.MESSAGE_SEND, group.unit)


def rows(actor: User, group: Group | None, found: Found, page: int) -> list[Row]:
    """Return a page of the people of a group, by name."""
    by_hand = {one.member_id: one for one in group.people} if group else {}
    members: dict[int, Member] = {}
    order: list[tuple[str, int]] = []
    for some in many.in_chunks(sorted(found.people)):
        order += [(name, number) for number, name in db.session.execute(
            select(Member.id, Member.name_pinyin).where(Member.id.in_(some))
        )]  # fmt: skip
    wanted = [number for _, number in sorted(order)][(page - 1) * PER_PAGE : page * PER_PAGE]
    members = {one.id: one for one in db.session.scalars(select(Member).where(Member.id.in_(wanted)))}
    return [Row(members[one], found.people[one], by_hand.get(one)) for one in wanted]


def taken_out(actor: User, group: Group) -> list[GroupPerson]:
    """Return who was taken out by hand, as far as the actor sees."""
    seen = resolving.seen_of(actor, [one.member_id for one in group.people if one.is_out])
    return [one for one in group.people if one.is_out and one.member_id in seen]


def candidates(actor: User, text: str) -> list[Member]:
    """Return whom `text` (a name or a 工号) may mean."""
    if not text.strip():
        return []
    query = select(Member).where(resolving.in_sight(actor), search.matches(text.strip()))
    return list(db.session.scalars(query.order_by(Member.id).limit(CANDIDATES)))


def sources(actor: User) -> list[tuple[str, str]]:
    """Return the definitions that a group may follow, as (word, name)."""
    saved = [(f"d:{one.id}", one.name) for one in definitions.saved(actor)]
    return saved + [(f"p:{one.key}", one.name) for one in definitions.presets(actor)]


def question_behind(actor: User, selection: Selection) -> dict[str, Any] | None:
    """Return the question of the list that a selection was made on; None where nobody can say, or it holds a number."""
    place = urlsplit(selection.back)
    if place.path != QUERY_PAGE or selection.day != today():
        return None
    word = parse_qs(place.query).get("q", [""])[0]
    try:
        node = keeping.node_of(actor, word) if word else showing.DEFAULT
    except QueryError:
        return None
    if keeps_number(node) or any(map(keeping.is_number, conditions.leaves(node))):
        return None
    return conditions.plain(node)


# --- writing ----------------------------------------------------------------------------------------------------------


def make(actor: User, wanted: Wanted, selection: Selection | None = None) -> Group:
    """Make a group of a question, or of the people of `selection`. Raises DomainError, Absent."""
    name = " ".join(wanted.name.split())
    if not name:
        raise DomainError("请填写分组名称，例如“篮球爱好者”", field="name")
    tops = places(actor)
    unit = wanted.unit or tops[0]
    if not actor.may(P.MESSAGE_SEND, unit):
        raise DomainError("请选择您管理范围内的单位", field="unit")
    group = Group(name=name, owner_id=actor.id, unit=unit, is_shared=wanted.is_shared)
    if wanted.source == CONDITIONS and selection is not None:
        group.question = question_behind(actor, selection)
        if group.question is None:
            raise DomainError("这个查询含号码或没有保留下来，不能每次重新查询，请改选“固定名单”", field="source")
    elif wanted.source != PEOPLE:
        _follow(actor, group, wanted.source)
    db.session.add(group)
    db.session.flush()  # its people name it
    count = 0
    if wanted.source == PEOPLE and selection is not None:
        count = _name_all(actor, group, selection.member_ids)
    audit.record(actor, "group.make", group, details={"count": count, "source": wanted.source.split(":")[0]})
    return group


def _follow(actor: User, group: Group, source: str) -> None:
    if source not in dict(sources(actor)):
        raise DomainError("请从列表中选择口径，或选“固定名单”", field="source")
    kind, _, word = source.partition(":")
    if kind == "p":
        group.preset = word
    else:
        group.definition = definitions.find(actor, int(word))
    if broken := resolving.of_group(actor, group).broken:
        raise DomainError(broken, field="source")


def _name_all(actor: User, group: Group, ids: Sequence[int]) -> int:
    if len(ids) > MOST_NAMED:
        raise DomainError(f"固定名单最多 {MOST_NAMED} 人，现在是 {len(ids)} 人，请改选按条件", field="source")
    seen = resolving.seen_of(actor, ids)
    db.session.add_all(GroupPerson(group_id=group.id, member_id=one, added_by=actor.id) for one in ids if one in seen)
    return len(seen)


def put(actor: User, group: Group, member_id: int, *, is_out: bool) -> GroupPerson:
    """Add a member to the group by hand, or take her out of it. Raises Absent for one whom the actor does not see."""
    member = db.session.scalars(
        select(Member).where(Member.id == member_id, resolving.in_sight(actor))
    ).one_or_none()  # fmt: skip
    if member is None:
        raise Absent
    row = next((one for one in group.people if one.member_id == member_id), None)
    if row is None:
        row = GroupPerson(group=group, member=member)
        db.session.add(row)
    elif row.is_out == is_out:
        raise Conflict("这位会员已经这样调整过了，请刷新后查看")
    if is_out and not group.is_asked:
        group.people.remove(row)
        db.session.delete(row)
    else:
        row.is_out, row.added_by, row.added_at = is_out, actor.id, now()
    word = "移出" if is_out else "添加"
    audit.record(actor, "group.put", group, changes={"person": ("", f"{word} {member.trace_label}")})
    return row


def drop(actor: User, group: Group, person_id: int) -> None:
    """Undo what was done by hand about one person. Raises Absent."""
    row = next((one for one in group.people if one.id == person_id), None)
    if row is None:
        raise Absent
    audit.record(actor, "group.drop", group, changes={"person": (row.member.trace_label, "")})
    group.people.remove(row)
    db.session.delete(row)


def withdraw(actor: User, group: Group) -> None:
    """Take the group out of every list; what is about to be sent to it goes to nobody."""
    group.withdrawn_at = now()
    audit.record(actor, "group.withdraw", group)


hanging.follows("短信分组中的名字", GroupPerson, key=("group_id",))


endings.inherit("短信分组，归新单位", Group, Group.withdrawn_at.is_(None))
