"""Automatic leaving: who is a candidate, what must come before a proposal, and that nothing happens by itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden
from portal.org.permissions import Role
from portal.standing.dues import owing
from portal.standing.dues import service as dues
from portal.standing.leaving import service
from portal.standing.models import ChangeKind, StandingChange
from portal.standing.workflow import STANDING
from tests import factories


def back(months: int) -> date:
    return owing.plus(today().replace(day=1), -months)


@pytest.fixture
def union(tree, user_as):
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"])


@pytest.fixture
def branch(tree, user_as):
    """The operator of branch a."""
    return user_as(Role.BRANCH_OPERATOR, tree["a"])


@pytest.fixture
def people(tree, union):
    """Seven months, five months and nothing owed."""
    made = [
        factories.make_member(tree["a"], name=name, staff_no=number, join_date=date(2020, 5, 1))
        for name, number in (("久欠", "A001"), ("少欠", "A002"), ("已交", "A003"))
    ]
    root = tree["root"].id
    db.session.commit()
    for month, numbers in ((8, ("A001", "A002", "A003")), (6, ("A002",)), (1, ("A003",))):
        raw = "工号\n" + "\n".join(numbers)
        item = dues.upload(union, raw.encode(), "会费.csv", unit_id=root, month=back(month))
        dues.record(union, item.id, seen=len(numbers))
        db.session.commit()
    return made


def names(actor) -> list[str]:
    return [one.member.name for one in service.candidates(actor)[0]]


def test_six_months_make_a_candidate_and_nothing_more(tree, union, branch, user_as, people) -> None:
    other = user_as(Role.BRANCH_OPERATOR, tree["b"])

    assert [owing.account_of(one).owed for one in people] == [7, 5, 0]
    assert [names(union), names(branch), names(other)] == [["久欠"], ["久欠"], []]
    assert db.session.scalar(select(func.count(StandingChange.id))) == 0


def test_warned_then_proposed_then_decided_by_the_chair(tree, union, branch, user_as, people) -> None:
    person, chair = people[0], user_as(Role.UNION_CHAIR, tree["root"])
    with pytest.raises(DomainError, match="还没有登记谈话"):
        service.propose(union, person.id, situation="两年没有参加活动")
    service.warn(branch, person.id, kind="talk", on=today(), note="本人表示知道")
    db.session.commit()

    item = service.propose(union, person.id, situation="两年没有参加活动")
    db.session.commit()

    assert (item.kind, item.data) == (
        ChangeKind.LAPSE,
        {
            "warned_on": today().isoformat(),
            "note": f"连续 7 个月未交会费；谈话：{show_date(today())}。两年没有参加活动",
        },
    )
    assert person.membership_status == "active"
    assert names(union) == []
    with pytest.raises(Forbidden):
        STANDING.fire(item, "decide", union)
    STANDING.fire(item, "decide", chair)
    db.session.commit()
    assert person.membership_status == "withdrawn"


def test_a_warning_before_the_last_payment_is_heeded(branch, union, people) -> None:
    with pytest.raises(DomainError, match="催告应在这以后") as refusal:
        service.warn(branch, people[0].id, kind="letter", on=back(8))

    assert refusal.value.field == "on"
    with pytest.raises(DomainError, match="不能晚于今天"):
        service.warn(branch, people[0].id, kind="letter", on=today() + timedelta(days=1))


def test_who_owes_less_is_neither_warned_nor_proposed(union, branch, people) -> None:
    for verb in (
        lambda: service.warn(branch, people[1].id, kind="talk", on=today()),
        lambda: service.propose(union, people[1].id, situation="没有参加活动"),
    ):
        with pytest.raises(DomainError, match="不属于自动退会的情形"):
            verb()


def test_a_branch_proposes_nothing_and_knows_no_others(tree, branch, user_as, people) -> None:
    service.warn(branch, people[0].id, kind="talk", on=today())
    db.session.commit()

    with pytest.raises(Forbidden):
        service.propose(branch, people[0].id, situation="没有参加活动")
    with pytest.raises(Absent):
        service.warn(user_as(Role.BRANCH_OPERATOR, tree["b"]), people[0].id, kind="talk", on=today())


def test_the_pages(client_of, union, branch, people) -> None:
    person, page = people[0].id, f"/standing/leaving/{people[0].id}"
    browser = client_of(branch)
    listed = browser.get("/standing/leaving").text
    refused = browser.post(f"{page}/warn", data={"kind": "talk", "on": ""})
    browser.post(f"{page}/warn", data={"kind": "letter", "on": today().isoformat(), "note": "挂号信"})
    clerk = client_of(union)
    shown = clerk.get(page).text

    done = clerk.post(f"{page}/propose", data={"situation": "没有参加活动"}, follow_redirects=True).text

    assert ("久欠" in listed, "欠交 7 个月" in listed, "少欠" in listed) == (True, True, False)
    assert (refused.status_code, "请填写日期" in refused.text) == (422, True)
    assert ("挂号信" in shown, "提出自动退会" in shown) == (True, True)
    assert "等待校工会主席决定" in done
    assert db.session.scalars(select(StandingChange.member_id)).all() == [person]
