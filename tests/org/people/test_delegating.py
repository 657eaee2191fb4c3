"""A chair's decisions in other hands: from a day to a day, signed 「某某代某某」, ended by itself or by her."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from portal.core import audit, notices
from portal.core.calendar import SHANGHAI, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.joining.models import ApplicationState as S
from portal.org import access
from portal.org.models import Grant, OrgUnit, User
from portal.org.people import delegating, service
from portal.org.permissions import Permission, Role
from tests import factories
from tests.client import words

APPROVE = [Permission.JOINING_APPROVE.value]
P = Permission


@pytest.fixture
def chair(tree, user_as) -> User:
    return user_as(Role.UNION_CHAIR, tree["root"], username="zhuxi", name="孙主席")


@pytest.fixture
def deputy(tree, user_as) -> User:
    return user_as(Role.BRANCH_CHAIR, tree["a"], username="fenhui", name="李分会")


def lend(chair: User, user: User, tree: dict[str, OrgUnit], *, starts: int = 0, ends: int = 7) -> Grant:
    """Lend from so many days from today to so many."""
    day = today()
    grant = delegating.lend(
        chair, tree["root"].id, user.username, APPROVE, starts=day + timedelta(starts), ends=day + timedelta(ends)
    )
    db.session.commit()
    return grant


def test_the_deputy_approves_and_the_trace_says_for_whom(tree, chair, deputy, client_of) -> None:
    item = factories.make_application(tree["b"], S.BRANCH_OK)
    browser, path = client_of(deputy), f"/joining/{item.id}/approve"
    assert browser.get(path).status_code == 403

    client_of(chair).submit(
        "/people/delegations/new",
        {
            "username": "fenhui",
            "decisions": APPROVE,
            "ends": (today() + timedelta(days=3)).isoformat(),
            "reason": "出差",
        },
    )
    answer = browser.post(path, data={"study_date": today().isoformat()})

    assert (answer.status_code, item.state) == (302, S.APPROVED)
    steps = [(event.action, event.actor_id, event.actor_label) for event in audit.events_of(item)]
    assert ("joining.approve", deputy.id, "李分会代孙主席") in steps
    (lent,) = delegating.own(chair)
    (event,) = audit.events_of(lent)
    assert (event.action, event.actor_label, event.reason) == ("grant.lend", "孙主席", "出差")
    told = notices.of(deputy.id)[0]
    assert told.title == "孙主席委托您办理海港大学工会的事项"
    assert "李分会代孙主席" in told.body


def test_what_the_deputy_does_by_her_own_right_is_signed_by_her_alone(tree, chair, deputy, client_of) -> None:
    lend(chair, deputy, tree)
    item = factories.make_application(tree["a"])

    client_of(deputy).post(f"/act/joining/{item.id}/agree", data={"comment": "同意"})

    assert audit.events_of(item)[-1].actor_label == "李分会"


def test_many_approved_at_once_are_signed_so_too(tree, chair, deputy, client_of) -> None:
    lend(chair, deputy, tree)
    items = [factories.make_application(tree["b"], S.BRANCH_OK) for _ in range(2)]
    ids = ",".join(str(item.id) for item in items)

    client_of(deputy).post("/joining/approve-many", data={"ids": ids, "study_date": today().isoformat()})

    db.session.expire_all()
    assert [item.state for item in items] == [S.APPROVED] * 2
    labels = {
        event.actor_label for item in items for event in audit.events_of(item) if event.action == "joining.approve"
    }
    assert labels == {"李分会代孙主席"}


def test_only_what_is_lent_is_lent(tree, chair, deputy) -> None:
    lend(chair, deputy, tree)

    taken = {permission for permission in P if deputy.may(permission, tree["b"])}
    assert taken == {P.JOINING_APPROVE, P.JOINING_READ, P.JOINING_RETURN}  # who decides has to read the case
    assert access.units(deputy, P.MEMBER_READ) == [tree["a"]]
    assert deputy.id in access.people_with(P.JOINING_APPROVE, tree["root"])
    assert deputy.id not in access.people_with(P.MEMBER_READ, tree["b"])


def test_it_holds_from_its_first_day_through_its_last(tree, chair, deputy) -> None:
    begin = datetime(2026, 9, 1, 9, tzinfo=SHANGHAI)
    with time_machine.travel(begin, tick=False):
        lend(chair, deputy, tree, starts=2, ends=4)
    held = {}
    for day in range(7):
        with time_machine.travel(begin + timedelta(days=day), tick=False):
            held[day] = deputy.may(P.JOINING_APPROVE, tree["b"])

    assert [day for day, may in held.items() if may] == [2, 3, 4]


def test_the_chair_takes_it_back_and_the_next_click_is_refused(tree, chair, deputy, client_of) -> None:
    grant = lend(chair, deputy, tree)
    item = factories.make_application(tree["b"], S.BRANCH_OK)
    hers, his = client_of(chair), client_of(deputy)
    assert his.get(f"/joining/{item.id}/approve").status_code == 200

    hers.submit("/people/delegations", action=f"/{grant.id}/end")

    assert his.post(f"/joining/{item.id}/approve", data={"study_date": today().isoformat()}).status_code == 403
    assert "已结束" in words(hers.get("/people/delegations").text)
    assert notices.of(deputy.id)[0].title == "孙主席已收回对您的委托"
    with pytest.raises(Conflict):
        delegating.take_back(chair, db.session.get_one(Grant, grant.id))


@pytest.mark.parametrize("end", ["disabled", "ended", "moved"])
def test_who_has_lost_the_right_lends_nothing(tree, chair, deputy, end) -> None:
    lend(chair, deputy, tree)
    assert deputy.may(P.JOINING_APPROVE, tree["b"])

    if end == "disabled":
        chair.is_enabled = False
    elif end == "ended":
        chair.grants[0].ends = today() - timedelta(days=1)
    else:
        chair.grants[0].unit = tree["a"]
    db.session.commit()

    assert not deputy.may(P.JOINING_APPROVE, tree["b"])
    assert not deputy.holds(P.JOINING_APPROVE) or end == "moved"


def test_what_is_lent_is_not_lent_on(tree, chair, deputy, user_as, client_of) -> None:
    lend(chair, deputy, tree)
    third = user_as(Role.BRANCH_OPERATOR, tree["b"])

    assert client_of(deputy).get("/people/delegations/new").status_code == 403
    with pytest.raises(DomainError):
        delegating.lend(deputy, tree["root"].id, third.username, APPROVE, starts=today(), ends=today())


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"username": "nobody"}, "没有这个用户名"),
        ({"username": "zhuxi"}, "不能委托给自己"),
        ({"username": "admin"}, "超级管理员只管系统"),
        ({"username": "ta-xiao"}, "没有这个用户名"),  # of another union
        ({"username": "gone"}, "没有这个用户名"),  # disabled
        ({"username": "Y1"}, "没有这个用户名"),  # a member without office
        ({"decisions": []}, "请勾选要委托的事项"),
        ({"decisions": ["member.reveal"]}, "请勾选要委托的事项"),
        ({"starts": "2020-01-01"}, "委托不能从过去开始"),
        ({"ends": "2020-01-01"}, "截止日期应在起始日期之后一年以内"),
        ({"ends": "2099-01-01"}, "截止日期应在起始日期之后一年以内"),
        ({"ends": ""}, "截止日期"),
        ({"unit": "999"}, "请选择您担任主席的单位"),
    ],
)
def test_what_cannot_be_lent_is_a_sentence(tree, chair, deputy, user_as, client_of, changed, sentence) -> None:
    user_as(Role.SUPER_ADMIN, tree["root"], username="admin")
    user_as(Role.BRANCH_OPERATOR, tree["b"], username="gone", is_enabled=False)
    elsewhere = factories.make_unit(None, code="YY", name="他校工会")
    user_as(Role.UNION_OPERATOR, elsewhere, username="ta-xiao")
    factories.make_member(tree["a"], staff_no="Y1")
    db.session.commit()
    form = {"unit": tree["root"].id, "username": "fenhui", "decisions": APPROVE, "starts": today().isoformat(),
            "ends": today().isoformat()}  # fmt: skip

    answer = client_of(chair).post("/people/delegations/new", data=form | changed)

    assert (answer.status_code, sentence in words(answer.text)) == (422, True), words(answer.text)
    assert delegating.own(chair) == []


def test_the_same_is_not_lent_twice_for_a_day(tree, chair, deputy) -> None:
    first = lend(chair, deputy, tree, starts=0, ends=5)

    with pytest.raises(Conflict, match="已经委托给李分会"):
        lend(chair, deputy, tree, starts=5, ends=9)
    lend(chair, deputy, tree, starts=6, ends=9)
    delegating.take_back(chair, first)
    lend(chair, deputy, tree, starts=0, ends=4)

    assert len(delegating.own(chair)) == 3


def test_anothers_delegation_is_absent(tree, chair, deputy, user_as) -> None:
    grant = lend(chair, deputy, tree)
    second = user_as(Role.UNION_CHAIR, tree["root"])

    with pytest.raises(Absent):
        delegating.find(second, grant.id)


def test_a_lent_right_is_no_office(tree, chair, deputy, user_as, client_of) -> None:
    """It counts neither as the last chair, nor may it be ended as an office is; her page shows whose it is."""
    grant = lend(chair, deputy, tree)
    admin = user_as(Role.SUPER_ADMIN, tree["root"])
    browser = client_of(admin)

    with pytest.raises(DomainError, match="最后一位校工会主席"):
        service.disable(admin, chair)
    assert browser.post(f"/people/grants/{grant.id}/end", data={"at_once": "y"}).status_code == 404
    page = words(browser.get(f"/people/{deputy.id}").text)
    assert "校工会主席（代孙主席）" in page
    assert f"至 {show_date(grant.ends)}" in page
