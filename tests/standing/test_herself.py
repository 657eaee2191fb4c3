"""What a member asks for herself (4c): the talk before she gives it up, who is told, who may take it back."""

from __future__ import annotations

import pytest

from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Problems
from portal.core.notices import Notice
from portal.members.enums import ChangeReason
from portal.org.permissions import Role
from portal.standing import herself, listing
from portal.standing.models import ChangeKind as K
from portal.standing.models import StandingState as S
from portal.standing.workflow import STANDING
from tests import factories
from tests.client import words
from tests.standing.test_service import in_status

WISH = {"wish": "个人原因，自愿退会"}


@pytest.fixture
def offices(tree, user_as):
    return {
        "branch": user_as(Role.BRANCH_CHAIR, tree["a"]),
        "union": user_as(Role.UNION_OPERATOR, tree["root"]),
    }


def waiting(who) -> int:
    """How much waits for her, as her first page says."""
    return sum(todo.count for todo in listing.todo(who))


def titles(user) -> list[str]:
    return [one.title for one in db.session.query(Notice).filter_by(user_id=user.id).order_by(Notice.id)]


def test_who_gives_it_up_is_talked_to_before_the_union_decides(tree, offices) -> None:
    member = in_status(tree["a"], "active")
    item = herself.submit(member.user, K.WITHDRAW, None, WISH)

    assert (item.waits_for_talk, waiting(offices["branch"]), waiting(offices["union"])) == (True, 1, 0)
    assert titles(offices["branch"])[-1] == f"{member.name}申请退会，请先谈话"
    with pytest.raises(DomainError, match="请分工会先与本人谈话"):
        STANDING.fire(item, "agree", offices["union"])
    with pytest.raises(DomainError, match="本人提出的申请由本人撤回"):
        STANDING.fire(item, "withdraw", offices["branch"])

    STANDING.fire(item, "talk", offices["branch"], talked_on=today().isoformat(), note="说明了权利，本人坚持")
    assert (item.waits_for_talk, waiting(offices["branch"]), waiting(offices["union"])) == (False, 0, 1)
    STANDING.fire(item, "agree", offices["union"])

    # it ends on the day of the announcement, and her own words stay with it
    assert (item.state, member.membership_status, item.effective_on) == (S.DONE, "withdrawn", today())
    assert item.data == WISH | {"talked_on": today().isoformat(), "note": "说明了权利，本人坚持"}
    assert titles(member.user)[-2:] == ["您的会籍已变动：退会", "您申请办理的退会：已生效"]


def test_she_takes_back_her_own_and_nothing_else(tree, offices) -> None:
    member = in_status(tree["a"], "active")
    retiring = factories.make_standing(tree["a"], member=member)
    with pytest.raises(Absent):
        herself.take_back(member.user)
    with pytest.raises(Conflict, match="您已有一件会籍变动在办理"):
        herself.submit(member.user, K.WITHDRAW, None, WISH)

    STANDING.fire(retiring, "withdraw", offices["branch"])
    db.session.commit()
    item = herself.submit(member.user, K.WITHDRAW, None, WISH)
    STANDING.fire(item, "talk", offices["branch"], talked_on=today().isoformat())
    herself.take_back(member.user)

    assert (item.state, member.membership_status) == (S.WITHDRAWN, "active")


@pytest.mark.parametrize(
    ("status", "because", "open_ways"),
    [
        ("active", None, {K.LEAVE, K.LEAVE_JOBLESS, K.WITHDRAW}),
        ("retained", ChangeReason.UNEMPLOYED, {K.RESTORE, K.WITHDRAW}),
        ("retained", ChangeReason.RETIRED, {K.WITHDRAW}),
        ("withdrawn", None, set()),
    ],
    ids=["active", "without work", "retired", "gone"],
)
def test_her_status_says_what_she_may_ask_for(tree, client_of, status, because, open_ways) -> None:
    member = in_status(tree["a"], status, because)
    browser = client_of(member.user)

    page = words(browser.get("/standing/mine/").text)

    assert {kind for kind, why in herself.ways_of(member) if not why} == open_ways
    assert {kind for kind in K if f"申请{kind.label}" in page} == open_ways
    assert ("返聘不恢复会籍" in page) is (because is ChangeReason.RETIRED)


def test_the_form_on_her_own_page_sends_it_to_the_union(tree, offices, client_of) -> None:
    member = in_status(tree["a"], "retained", ChangeReason.UNEMPLOYED)
    browser = client_of(member.user)
    given = {"kind": "restore", "on": today().isoformat(), "work": "", "wish": "重新就业"}

    refused = browser.post("/standing/mine/", data=given)
    sent = browser.post("/standing/mine/", data=given | {"work": "与学校签订三年聘用合同"})

    assert (refused.status_code, "请填写" in refused.text, "重新就业" in refused.text) == (422, True, True)
    assert (sent.status_code, waiting(offices["union"]), waiting(offices["branch"])) == (302, 1, 0)
    page = words(browser.get("/standing/mine/").text)
    assert ("恢复会籍" in page, "待审批" in page, "撤回申请" in page) == (True, True, True)
    with pytest.raises(Absent):
        herself.submit(offices["branch"], K.WITHDRAW, None, WISH)
    with pytest.raises(Absent):
        herself.submit(member.user, K.RETIRE, None, {})
    with pytest.raises(Problems):
        herself.submit(in_status(tree["a"], "active").user, K.WITHDRAW, None, {})


def test_the_branch_writes_the_talk_down_on_its_page(tree, offices, client_of) -> None:
    item = herself.submit(in_status(tree["a"], "active").user, K.WITHDRAW, None, WISH)
    db.session.commit()
    number = item.id
    browser = client_of(offices["branch"])

    detail = words(browser.get(f"/standing/{number}").text)
    empty = browser.post(f"/standing/{number}/talk", data={"talked_on": ""})
    done = browser.post(f"/standing/{number}/talk", data={"talked_on": today().isoformat(), "note": "已谈"})

    assert ("待分工会谈话" in detail, "登记谈话" in detail, WISH["wish"] in detail) == (True, True, True)
    assert (empty.status_code, done.status_code) == (422, 302)
    assert "待审批" in words(browser.get(f"/standing/{number}").text)
