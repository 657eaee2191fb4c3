"""A bulletin reaches who is in its groups when it is published, and tells who has not read it."""

from __future__ import annotations

import io

import pytest

from portal.core import notices
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.messaging import choices
from portal.messaging.bulletins import files, service
from portal.messaging.bulletins.models import BulletinState
from portal.messaging.bulletins.service import Wanted
from portal.messaging.bulletins.workflow import BULLETINS
from portal.org.permissions import Role
from tests import factories
from tests.messaging import making


def test_published_read_and_who_has_not(tree, user_as) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    reads, silent = (factories.make_member(tree["a"]) for _ in range(2))
    factories.make_member(tree["b"])
    item = service.write(chair, Wanted("放假", "放假三天。", ["b:everyone"]))

    BULLETINS.fire(item, "publish", chair)
    db.session.flush()
    service.mark_read(reads.user, service.for_me(reads.user, item.id))

    assert service.counts([item])[item.id] == service.Counts(people=2, read=1)
    assert service.unread_ids(chair, item) == [silent.id]
    assert (notices.unread_count(reads.user_id), notices.unread_count(silent.user_id)) == (0, 1)
    assert [(todo.label, todo.count) for todo in service.todo(silent.user)] == [("未读的通知公告", 1)]
    assert service.todo(reads.user) == []
    assert service.remind(chair, item) == 1
    assert notices.unread_count(silent.user_id) == 2
    with pytest.raises(Conflict):
        service.rewrite(chair, item, Wanted("改", "改", ["b:everyone"]))
    BULLETINS.fire(item, "withdraw", chair, comment="写错了")
    with pytest.raises(Absent):
        service.for_me(silent.user, item.id)


def test_nobody_else_opens_it_or_its_attachment(tree, user_as) -> None:
    member, other = factories.make_member(tree["a"]), factories.make_member(tree["a"])
    item = making.make_bulletin(tree["a"], BulletinState.PUBLISHED, [member])
    file = making.attach(item)

    assert service.file_of(member.user, file.id)[1] == b"%PDF-1.7"
    with pytest.raises(Absent):
        service.file_of(other.user, file.id)
    with pytest.raises(Absent):
        service.for_me(other.user, item.id)


@pytest.mark.parametrize("name", ["page.html", "picture.pdf", "noname"])
def test_what_is_no_document_is_not_taken(name: str) -> None:
    with pytest.raises(DomainError, match="没有收下") as refusal:
        files.read(io.BytesIO(b"<html>"), name)

    assert refusal.value.field == "files"


def test_attachments_are_kept_and_taken_away(tree, user_as) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    brought = files.read(io.BytesIO(b"%PDF-1.7"), "C:\\表\\报名表.pdf")
    item = service.write(chair, Wanted("放假", "放假。", ["b:everyone"], brought=[brought]))
    db.session.flush()
    assert [one.name for one in item.files] == ["报名表.pdf"]

    service.rewrite(chair, item, Wanted("放假", "放假。", ["b:everyone"], dropped=[item.files[0].id]))

    assert item.files == []


def test_a_member_chooses_how_she_is_told(tree) -> None:
    member = factories.make_member(tree["a"])
    choices.choose(member.user, member, is_inside=True)
    db.session.flush()

    assert choices.inside_only([member.id]) == {member.id}
    assert choices.own(member.user) == (member, True)


def test_no_bulletin_carries_the_number_of_a_document(tree, user_as) -> None:
    chair, number = user_as(Role.BRANCH_CHAIR, tree["a"]), factories.id_number()

    with pytest.raises(DomainError, match="不能写证件号码") as refusal:
        service.write(chair, Wanted("名单", f"中奖：{number}", ["b:everyone"]))

    assert refusal.value.field == "body"


def test_what_a_branch_has_written_stays_there_though_the_union_publishes_it(tree, user_as) -> None:
    chair, union = user_as(Role.BRANCH_CHAIR, tree["a"]), user_as(Role.UNION_OPERATOR, tree["root"])
    hers, other = (factories.make_member(tree[code]) for code in "ab")
    item = service.write(chair, Wanted("放假", "放假。", ["b:everyone"]))

    BULLETINS.fire(item, "publish", union)
    db.session.flush()

    assert service.for_me(hers.user, item.id).member == hers
    assert service.counts([item])[item.id].people == 1
    with pytest.raises(Absent):
        service.for_me(other.user, item.id)
