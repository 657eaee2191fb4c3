"""A member objects to what was made of her record, and is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from portal.changes.objections import service
from portal.changes.objections.models import ObjectionState as S
from portal.changes.objections.workflow import OBJECTIONS
from portal.changes.workflow import CHANGES
from portal.core import notices
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.notices import Notice
from portal.members import history, turning
from portal.members import service as members
from portal.members.enums import ChangeType
from portal.org.permissions import Role
from tests import factories


def edit(actor, member, **values):
    """Edit as in the form, and return the version."""
    members.edit(actor, member, values, seen_version=members.mark_of(member))
    db.session.commit()
    return history.present_version(member)


def test_the_notice_says_old_and_new_but_no_secret(tree, people, member) -> None:
    edit(people["operator"], member, admin_duty="科长", mobile="13912349999", marital_status="21")

    [notice] = [one for one in notices.of(member.user_id) if "修改" in one.title]
    assert notice.title == "您的会员信息已由 李操作 修改"
    assert "您的“职务”由“未填”改为“科长”" in notice.body
    assert ("您的“手机号码”已修改" in notice.body, "您的“婚姻状况”已修改" in notice.body) == (True, True)
    assert ("9999" in notice.body, "初婚" in notice.body, notice.link) == (False, False, "/changes/mine")


def test_a_branch_answers_for_its_own_edit_and_the_union_for_its(tree, people, member) -> None:
    of_branch = service.file(member.user, edit(people["operator"], member, admin_duty="科长").id, text="我不是科长")
    of_union = service.file(member.user, edit(people["union"], member, staff_no="20009999").id, text="工号不对")
    db.session.commit()

    assert (of_branch.state, of_union.state) == (S.WAITING_BRANCH, S.WAITING_UNION)
    assert [todo.count for who in ("chair", "union chair") for todo in service.todo(people[who])] == [1, 1]
    with pytest.raises(Forbidden):
        OBJECTIONS.fire(of_union, "answer_by_union", people["operator"], comment="对的")
    with pytest.raises(DomainError, match="请填写答复的理由"):
        OBJECTIONS.fire(of_branch, "answer", people["chair"])
    OBJECTIONS.fire(of_branch, "answer", people["chair"], comment="任命文件在案")
    OBJECTIONS.fire(of_union, "set_back_by_union", people["union chair"])
    db.session.commit()

    assert (of_branch.state, of_branch.answer, member.admin_duty) == (S.ANSWERED, "任命文件在案", "科长")
    assert (of_union.state, member.staff_no != "20009999") == (S.SET_BACK, True)
    assert service.objectionable(member.user) == []


def test_what_was_edited_again_is_not_set_back(tree, people, member) -> None:
    item = service.file(member.user, edit(people["operator"], member, admin_duty="科长").id, text="我不是科长")
    edit(people["operator"], member, admin_duty="处长")

    with pytest.raises(DomainError, match="此后又有修改"), db.session.begin_nested():
        OBJECTIONS.fire(item, "set_back", people["chair"])
    db.session.refresh(item)

    assert (item.state, member.admin_duty) == (S.WAITING_BRANCH, "处长")


def test_only_others_edits_of_the_last_seven_days_are_objected_to_once(tree, people, member) -> None:
    with time_machine.travel(now() - timedelta(days=8), tick=False):
        colleague = factories.make_member(tree["a"])
        old = edit(people["operator"], colleague, admin_duty="科长")
    edit(member.user, member, home_address="新地址")
    asked = factories.make_change(tree["a"], member=member, political_status="01")
    CHANGES.fire(asked, "agree", people["operator"])
    db.session.commit()
    by_operator = edit(people["operator"], member, admin_duty="科长")

    assert [one.version_id for one in service.objectionable(member.user)] == [by_operator.id]
    assert service.objectionable(colleague.user) == []
    for user, version in ((colleague.user, old), (colleague.user, by_operator), (people["nobody"], by_operator)):
        with pytest.raises(Absent):
            service.file(user, version.id, text="我不是科长")
    service.file(member.user, by_operator.id, text="我不是科长")
    with pytest.raises(Conflict):
        service.file(member.user, by_operator.id, text="我不是科长")


def test_an_objection_goes_along_with_the_member_and_leaves_her_old_branch(tree, people, member) -> None:
    item = service.file(member.user, edit(people["operator"], member, admin_duty="科长").id, text="我不是科长")

    turning.turn(
        member, people["union"], ChangeType.MOVED_BRANCH, on=today(), values={"branch": tree["b"]}, reason="转"
    )
    db.session.commit()

    assert (item.unit, OBJECTIONS.fetch(people["elsewhere"], item.id)) == (tree["b"], item)
    with pytest.raises(Absent):
        OBJECTIONS.fetch(people["operator"], item.id)
    with pytest.raises(Forbidden):
        OBJECTIONS.fire(item, "set_back", people["operator"])
    assert member.admin_duty == "科长"


def test_whoever_edited_does_not_judge_the_objection(tree, people, member, user_as) -> None:
    alone = user_as(Role.BRANCH_OPERATOR, tree["b"], name="独一人")
    lonely = factories.make_member(tree["b"])
    people["elsewhere"].is_enabled = False
    db.session.commit()

    mine = service.file(member.user, edit(people["operator"], member, admin_duty="科长").id, text="我不是科长")
    nobodys = service.file(lonely.user, edit(alone, lonely, admin_duty="科长").id, text="我不是科长")
    of_union = service.file(member.user, edit(people["union"], member, staff_no="20009999").id, text="工号不对")
    db.session.commit()

    waiting = {who: service.waiting_count(people[who]) for who in ("operator", "chair", "union", "union chair")}
    assert (nobodys.state, waiting) == (
        S.WAITING_UNION,
        {"operator": 0, "chair": 1, "union": 1, "union chair": 2},
    )
    assert db.session.query(Notice).filter(Notice.user_id == people["operator"].id).all() == []
    for item, who, verbs in (
        (mine, "operator", ("answer", "set_back")),
        (of_union, "union", ("answer_by_union", "set_back_by_union")),
    ):
        for verb in verbs:
            with pytest.raises(DomainError, match="您自己所做的修改"):
                OBJECTIONS.fire(item, verb, people[who], comment="我没有错")
        assert OBJECTIONS.open_steps(item, people[who]) == []
    OBJECTIONS.fire(mine, "set_back", people["chair"])
    OBJECTIONS.fire(of_union, "set_back_by_union", people["union chair"])
    assert (member.admin_duty, member.staff_no != "20009999") == (None, True)
