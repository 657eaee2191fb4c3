"""Groups are asked anew each time, with the sight of whoever asks, and a broken one has nobody."""

from __future__ import annotations

import pytest

from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.members import history
from portal.members.enums import PostKind
from portal.members.models import UnionPost
from portal.messaging.groups import resolving, service
from portal.messaging.groups.service import Wanted
from portal.org.permissions import Role
from portal.query import asking, selections
from portal.query.asking import Asked
from tests import factories
from tests.messaging import making

OFFICE = {"all": [{"field": "department", "op": "eq", "value": "团委"}]}


def test_a_question_is_asked_each_time_and_people_are_added_and_taken_out_by_hand(tree, user_as) -> None:
    actor = user_as(Role.BRANCH_OPERATOR, tree["a"], name="李经办")
    finds, leaves = (factories.make_member(tree["a"], department="团委") for _ in range(2))
    man = factories.make_member(tree["a"], department="工会")
    group = making.make_group(tree["a"], owner=actor, question=OFFICE)
    service.put(actor, group, man.id, is_out=False)
    service.put(actor, group, leaves.id, is_out=True)
    later = factories.make_member(tree["a"], department="团委")

    found = resolving.of_group(actor, group)

    assert set(found.people) == {finds.id, man.id, later.id}
    assert found.people[finds.id] == "符合分组的条件"
    assert "李经办" in found.people[man.id]
    history.write(finds, {"department": "工会"}, factories.SHELL, reason="测试")
    assert set(resolving.of_group(actor, group).people) == {man.id, later.id}


def test_a_shared_group_reaches_only_whom_each_sender_sees(tree, user_as) -> None:
    union = user_as(Role.UNION_OPERATOR, tree["root"])
    mine, other = factories.make_member(tree["a"]), factories.make_member(tree["b"])
    shared = making.make_group(tree["root"], mine, other, owner=union, is_shared=True)
    hidden = making.make_group(tree["root"], mine, owner=union)
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])

    assert set(resolving.found(union, resolving.ref_of(shared)).people) == {mine.id, other.id}
    assert set(resolving.found(chair, resolving.ref_of(shared)).people) == {mine.id}
    assert [one.id for one in resolving.usable(chair)] == [shared.id]
    with pytest.raises(Absent):
        service.find(chair, hidden.id)
    with pytest.raises(Absent):
        service.kept(chair, shared.id)


def test_a_broken_question_finds_nobody(tree, user_as) -> None:
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    named = factories.make_member(tree["a"])
    gone = {"all": [{"field": "no_such_field", "op": "eq", "value": "2"}]}
    group = making.make_group(tree["root"], named, owner=actor, question=gone)

    found = resolving.of_group(actor, group)

    assert (found.people, bool(found.broken)) == ({}, True)
    with pytest.raises(DomainError, match="已失效，不能发送"):
        resolving.all_of(actor, [resolving.ref_of(group)])


def test_posts_of_today_make_the_built_in_groups(tree, user_as) -> None:
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    sits, sat = factories.make_member(tree["a"]), factories.make_member(tree["b"])
    kind = PostKind.CONGRESS_EXECUTIVE
    db.session.add(UnionPost(member=sits, kind=kind, unit=tree["root"], starts=today()))
    past = today().replace(year=today().year - 2)
    db.session.add(UnionPost(member=sat, kind=kind, unit=tree["root"], starts=past, ends=past))
    db.session.flush()

    found = resolving.found(actor, "b:executive")

    assert found.people == {sits.id: "海港大学工会教代会执委"}


def test_a_selection_becomes_people_or_the_question_behind_it(tree, user_as) -> None:
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    factories.make_member(tree["a"])
    chosen = selections.freeze(actor, Asked(), back="/query/?q=%7B%22all%22%3A%5B%5D%7D")
    after = factories.make_member(tree["b"])

    named = service.make(actor, Wanted("固定", None, False, service.PEOPLE), chosen)
    asked = service.make(actor, Wanted("按条件", None, False, service.CONDITIONS), chosen)

    assert after.id not in resolving.of_group(actor, named).people
    assert set(resolving.of_group(actor, asked).people) == set(asking.ids(actor, Asked()))
    with pytest.raises(DomainError, match="请填写分组名称"):
        service.make(actor, Wanted(" ", None, False, service.PEOPLE))
