"""Corrections from a day in the past: which days they touch, who may, and what must not be crossed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.notices import Notice
from portal.members import correcting, history, service, turning
from portal.members.enums import ChangeType
from portal.org.permissions import Role
from tests import factories
from tests.client import words
from tests.members.test_history import FIRST_DAY, noon

SECOND, THIRD, FOURTH = (FIRST_DAY + timedelta(days=days) for days in (5, 10, 15))


@pytest.fixture
def member(tree):
    """Somebody whose department was entered on three days."""
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["a"], department="教务处")
    with time_machine.travel(noon(THIRD), tick=False):
        history.write(member, {"department": "财务处"}, SHELL, reason="修改")
    db.session.commit()
    return member


def departments(member):
    return [history.version_on(member, day).department for day in (FIRST_DAY, SECOND, THIRD, today())]


def test_a_correction_holds_until_the_next_change_of_the_field(tree, user_as, member) -> None:
    operator = user_as(Role.UNION_OPERATOR, tree["root"])

    reach = correcting.reach(operator, member, "department", SECOND)
    correcting.correct(
        operator, member, "department", "图书馆", since=SECOND, reason="登记有误", document_no="工发〔2026〕3号",
        seen=service.mark_of(member),
    )  # fmt: skip

    assert reach == correcting.Reach("工作单位（部门）", SECOND, THIRD - timedelta(days=1), "教务处", "财务处")
    assert departments(member) == ["教务处", "图书馆", "财务处", "财务处"]
    notice = db.session.query(Notice).filter_by(user_id=member.user_id).order_by(Notice.id.desc()).first()
    assert "更正的内容：工作单位（部门）" in notice.body


def test_what_cannot_be_corrected_is_refused(tree, user_as, member) -> None:
    operator, branch = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])
    mark = service.mark_of(member)

    def attempt(actor=operator, name="department", since=SECOND, reason="登记有误", value="图书馆", seen=mark):
        with pytest.raises(DomainError) as caught:
            correcting.correct(actor, member, name, value, since=since, reason=reason, seen=seen)
        return type(caught.value), caught.value.field

    assert attempt(since=today() + timedelta(days=1)) == (DomainError, "since")
    assert attempt(since=FIRST_DAY - timedelta(days=1)) == (DomainError, "since")
    assert attempt(reason="错") == (DomainError, "reason")
    assert attempt(value="教务处") == (DomainError, "department")
    assert attempt(seen=mark + 1)[0] is Conflict
    assert attempt(actor=branch)[0] is Forbidden
    assert attempt(actor=member.user)[0] is Forbidden
    assert attempt(name="membership_status", value="retained")[0] is Forbidden
    assert departments(member) == ["教务处", "教务处", "财务处", "财务处"]


@pytest.mark.parametrize("on", [SECOND, FOURTH], ids=["earlier", "later"])
def test_the_day_of_a_line_moves_with_what_it_brought(tree, user_as, member, on: date) -> None:
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    retired = turning.turn(
        member, SHELL, ChangeType.RETAINED, on=THIRD, values={"membership_status": "retained"}, reason="退休"
    )

    correcting.redate(operator, member, retired, on=on, reason="批文日期有误", seen=service.mark_of(member))

    stands = {day: history.version_on(member, day).membership_status for day in (FIRST_DAY, SECOND, THIRD, FOURTH)}
    assert stands == {day: "retained" if day >= on else "active" for day in stands}
    assert [change.on_date for change in member.changes] == [FIRST_DAY, on]
    assert departments(member)[2:] == ["财务处", "财务处"]


def test_what_came_after_the_line_stays(tree, user_as, member) -> None:
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    retired = turning.turn(
        member, SHELL, ChangeType.RETAINED, on=SECOND, values={"membership_status": "retained"}, reason="失业"
    )
    turning.turn(member, SHELL, ChangeType.RESTORED, on=FOURTH, values={"membership_status": "active"}, reason="复职")

    correcting.redate(operator, member, retired, on=THIRD, reason="日期有误", seen=service.mark_of(member))

    stands = {day: history.version_on(member, day).membership_status for day in (SECOND, THIRD, FOURTH, today())}
    assert stands == {SECOND: "active", THIRD: "retained", FOURTH: "active", today(): "active"}
    assert member.membership_status == "active"
    assert departments(member) == ["教务处", "教务处", "财务处", "财务处"]


def test_a_line_crosses_no_other(tree, user_as, member) -> None:
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    moved = turning.turn(member, SHELL, ChangeType.MOVED_BRANCH, on=SECOND, values={"branch": tree["b"]}, reason="转会")
    turning.turn(member, SHELL, ChangeType.RETAINED, on=FOURTH, values={"membership_status": "retained"}, reason="退休")
    mark, joined = service.mark_of(member), member.changes[0]

    for on in (FIRST_DAY, FOURTH, SECOND):
        with pytest.raises(DomainError) as caught:
            correcting.redate(operator, member, moved, on=on, reason="日期有误", seen=mark)
        assert caught.value.field == "on"
    with pytest.raises(DomainError, match="入会日期"):
        correcting.redate(operator, member, joined, on=SECOND, reason="日期有误", seen=mark)
    with pytest.raises(Conflict):
        correcting.redate(operator, member, moved, on=THIRD, reason="日期有误", seen=mark + 1)
    with pytest.raises(Absent):
        correcting.line_of(operator, factories.make_member(tree["a"]), moved.id)
    assert [change.on_date for change in member.changes] == [FIRST_DAY, SECOND, FOURTH]


def test_a_line_of_the_day_on_which_the_record_began_stays(tree, user_as, member) -> None:
    """What she was before is on no version: the line would move and leave them behind."""
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    member.changes[0].on_date = FIRST_DAY - timedelta(days=3)  # joined before she was entered
    moved = turning.turn(
        member, SHELL, ChangeType.MOVED_BRANCH, on=FIRST_DAY, values={"branch": tree["b"]}, reason="转会"
    )

    with pytest.raises(DomainError, match="系统中的记录始于"):
        correcting.redate(operator, member, moved, on=SECOND, reason="日期有误", seen=service.mark_of(member))
    assert moved.on_date == FIRST_DAY


def test_the_pages_of_a_correction(tree, user_as, client_of, member) -> None:
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    line = turning.turn(
        member, SHELL, ChangeType.RETAINED, on=THIRD, values={"membership_status": "retained"}, reason="退休"
    )
    db.session.commit()
    browser, sheet = client_of(operator), f"/members/{member.id}"
    path = f"{sheet}/correct?field=department&since={SECOND.isoformat()}"

    choice = browser.get(f"{sheet}/correct")
    early = browser.get(f"{sheet}/correct?field=department&since=1990-01-01")
    page = browser.get(path)
    refused = browser.submit(path, {"department": "图书馆", "reason": "错"}, action="correct")
    done = browser.submit(path, {"department": "图书馆", "reason": "登记有误"}, action="correct")
    moved = browser.submit(
        f"{sheet}/lines/{line.id}", {"on": FOURTH.isoformat(), "reason": "批文日期有误"}, action="lines"
    )

    assert "更正哪一项" in words(choice.text)
    assert (early.status_code, "请改填更晚的日期" in words(early.text)) == (422, True)
    assert "之后另有修改（财务处），不受影响" in words(page.text)
    assert (refused.status_code, "图书馆" in refused.text) == (422, True)
    assert (done.status_code, moved.status_code) == (303, 303)
    db.session.expire_all()
    assert departments(member) == ["教务处", "图书馆", "财务处", "财务处"]
    assert [change.on_date for change in member.changes] == [FIRST_DAY, FOURTH]
