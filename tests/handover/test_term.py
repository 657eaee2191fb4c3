"""A whole term handed over at once: who to whom, what is left alone and why, one batch, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.core import audit
from portal.core.calendar import today
from portal.core.db import db
from portal.handover.models import Handover, HandoverState
from portal.handover.posts import service
from portal.handover.posts.models import PostGrant
from portal.handover.workflow import HANDOVER
from portal.members.enums import PostKind
from portal.members.models import Member
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import Role
from tests import factories
from tests.client import words
from tests.org.people.test_accounts import PASSWORD, password_on

TERM = "/posts/term"
BEGUN = timedelta(days=900)


@pytest.fixture
def old(tree: dict[str, OrgUnit], people: dict[str, User]) -> dict[str, Member]:
    """The present term: 吴一 chairs branch a, 郑二 is her deputy, 陈三 chairs branch b; 朱四 is nobody yet."""
    made = {
        name: factories.make_member(tree[branch], name=called)
        for name, branch, called in (
            ("chair", "a", "吴一"), ("deputy", "a", "郑二"), ("other", "b", "陈三"), ("new", "b", "朱四"),
        )
    }  # fmt: skip
    give(people["operator"], made["chair"], tree["a"], PostKind.BRANCH_CHAIR)
    give(people["operator"], made["deputy"], tree["a"], PostKind.BRANCH_VICE_CHAIR)
    db.session.commit()
    return made


def give(actor: User, member: Member, unit: OrgUnit, kind: PostKind) -> None:
    wanted = service.Wanted(member, kind, unit, "", "第八届", today() - BEGUN, None)
    service.give(actor, wanted, with_office=True)


def typed(lines: str, *, days: int, ends: date | None = None, **more: str) -> dict[str, str]:
    starts = today() + timedelta(days=days)
    form = {"term": "第九届", "starts": starts.isoformat(), "lines": lines, "ends_others": "y", "hands_over": "y"}
    return form | {"ends": ends.isoformat() if ends else ""} | more


def terms_of(member: Member) -> list[tuple[str, str, date | None, bool]]:
    db.session.expire_all()
    grants = db.session.scalars(select(Grant).where(Grant.user_id == member.user_id).order_by(Grant.id))
    return [(one.role.value, one.unit.code, one.ends, one.revoked_at is not None) for one in grants]


def handings() -> list[tuple[str, str, date, HandoverState]]:
    rows = db.session.scalars(select(Handover).order_by(Handover.id))
    return [(one.from_user.name, one.to_user.name, one.day, one.state) for one in rows]


def test_seen_first_then_arranged_in_one_batch_and_cancelled_one_by_one(people, tree, old, client_of) -> None:
    browser = client_of(people["operator"])
    day, last = today() + timedelta(days=30), today() + timedelta(days=1800)
    form = typed("郑二 分工会主席 GH01\n朱四 分工会副主席 GH01", days=30, ends=last)

    seen = words(browser.post(TERM, data=form | {"act": "preview"}).text)
    before = handings()
    answer = browser.post(TERM, data=form | {"act": "write"})

    chair = old["chair"].user
    assert f"可移交 吴一（{chair.username}） 外国语学院分工会分工会主席 郑二（{old['deputy'].user.username}）" in seen
    assert "确认保存 2 项职务，移交 1 人的职责" in seen
    assert before == []
    assert handings() == [("吴一", "郑二", day, HandoverState.WAITING)]
    assert terms_of(old["chair"]) == [("branch_chair", "GH01", day - timedelta(days=1), False)]
    assert terms_of(old["deputy"]) == [("branch_chair", "GH01", last, False)]
    item = db.session.scalars(select(Handover)).one()
    event = audit.AuditEvent
    of_batch = select(event.action).where(event.batch_id == item.batch_id).order_by(event.id)
    assert db.session.scalars(of_batch).all() == [
        "handover.arrange", "post.end", "post.end", "post.give", "post.give", "handover.term",
    ]  # fmt: skip
    page = words(browser.get(answer.location).text)
    assert "已登记第九届的 2 项职务；已安排 1 人的交接" in page
    assert "打印交接清单" in page
    came_with = db.session.scalars(select(PostGrant).order_by(PostGrant.post_id)).all()
    assert [one.grant.user_id for one in came_with] == [old["chair"].user_id, old["deputy"].user_id]

    HANDOVER.fire(item, "cancel", people["operator"])
    db.session.commit()

    assert terms_of(old["chair"]) == [("branch_chair", "GH01", None, False)]
    assert terms_of(old["deputy"]) == [("branch_chair", "GH01", last, True)]


@pytest.mark.parametrize("days", [-40, 0, 1])
def test_nobody_is_without_a_chair_on_any_day(people, tree, old, client_of, days: int) -> None:
    """A term that has begun, begins today, or tomorrow: until then the old one works, from then on the new one."""
    client_of(people["operator"]).post(TERM, data=typed("郑二 分工会主席 GH01", days=days, act="write"))

    day = today() + timedelta(days=max(days, 0))
    state = HandoverState.WAITING if days == 1 else HandoverState.DONE
    assert handings() == [("吴一", "郑二", day, state)]
    held = [grant.holds_on(today()) for grant in db.session.scalars(select(Grant).where(Grant.role == "branch_chair"))]
    chairs = {member: [one.holds_on(today()) for one in old[member].user.grants] for member in ("chair", "deputy")}
    assert held.count(True) >= 1
    assert chairs == {"chair": [days == 1], "deputy": [days != 1]}


def test_who_comes_into_another_office_keeps_what_is_hers(people, tree, old, client_of) -> None:
    """吴一 moves from branch a to branch b, 陈三 from b to a: both stay officers, no account is emptied."""
    give(people["operator"], old["other"], tree["b"], PostKind.BRANCH_CHAIR)
    db.session.commit()

    form = typed("吴一 分工会主席 GH02\n陈三 分工会主席 GH01", days=0, act="write")
    client_of(people["operator"]).post(TERM, data=form)

    assert handings() == [
        ("吴一", "陈三", today(), HandoverState.DONE), ("陈三", "吴一", today(), HandoverState.DONE),
    ]  # fmt: skip
    assert terms_of(old["chair"]) == [("branch_chair", "GH01", None, True), ("branch_chair", "GH02", None, False)]
    assert terms_of(old["other"]) == [("branch_chair", "GH02", None, True), ("branch_chair", "GH01", None, False)]
    assert [count for item in db.session.scalars(select(Handover)) for count in item.counts] == []


def test_a_successor_without_an_account_gets_one_and_its_slip(people, tree, old, client_of, client) -> None:
    user, old["new"].user = old["new"].user, None
    db.session.flush()
    db.session.delete(user)
    db.session.commit()
    browser, form = client_of(people["operator"]), typed("朱四 分工会主席 GH01", days=0)

    seen = words(browser.post(TERM, data=form | {"act": "preview"}).text)
    answer = browser.post(TERM, data=form | {"act": "write"})

    assert "朱四（开通新账号）" in seen
    db.session.expire_all()
    username = old["new"].user.username
    assert username == old["new"].staff_no
    assert username in words(answer.text)
    password = password_on(answer.text)
    client.submit("/login", {"username": username, "password": password})
    client.submit("/password", {"current": password, "new": PASSWORD, "again": PASSWORD}, action="password")
    assert "外国语学院分工会 分工会主席" in words(client.get("/").text)


def left_alone(people: dict[str, User], tree: dict[str, OrgUnit], old: dict[str, Member]) -> dict[str, Any]:
    """Each case: what is pasted, and the reason that is shown."""
    give(people["operator"], old["chair"], tree["root"], PostKind.UNION_CHAIR)
    for name, role, unit in (("deputy", Role.BRANCH_OPERATOR, "a"), ("chair", Role.UNION_CHAIR, "root")):
        db.session.add(Grant(user=old[name].user, role=role, unit=tree[unit], starts=today()))
        db.session.commit()
    numbers = {name: member.staff_no for name, member in old.items()}
    return {
        "again": ("吴一 分工会主席 GH01", "连任，职责照旧"),
        "several": (
            f"{numbers['new']} 分工会副主席 GH01\n{numbers['chair']} 分工会副主席 GH01",
            "接任的不止一人，请单独办理交接",
        ),
        "above": ("朱四 校工会主席 GH", "吴一的职责由上级设置，请由上级办理交接"),
        "far": ("郑二 分工会主席 GH01", "交接日应在今天以后一年以内，请核对"),
    }


@pytest.mark.parametrize("case", ["again", "several", "above", "far"])
def test_what_cannot_pass_is_named_and_left_alone(people, tree, old, client_of, case: str) -> None:
    lines, reason = left_alone(people, tree, old)[case]
    form = typed(lines, days=400 if case == "far" else 3)
    offices = {name: terms_of(member) for name, member in old.items()}

    seen = client_of(people["operator"]).post(TERM, data=form | {"act": "preview"})

    assert "不移交" in words(seen.text)
    assert reason in words(seen.text)
    assert "人的职责</button>" not in seen.text
    assert (handings(), {name: terms_of(member) for name, member in old.items()}) == ([], offices)


def test_without_the_right_to_hand_over_only_posts_are_written(
    people, tree, old, user_as: Callable[..., User], client_of
) -> None:
    clerk = client_of(user_as(Role.UNIT_ADMIN, tree["root"], name="韩管理"))

    page = clerk.get(TERM).text
    clerk.post(TERM, data=typed("郑二 分工会主席 GH01", days=3, act="write"))

    assert "同时办理交接" in client_of(people["operator"]).get(TERM).text
    assert "同时办理交接" not in page
    assert handings() == []
    assert [office for office, *_ in terms_of(old["deputy"])] == ["branch_chair"]


def test_not_wished_for_is_not_done(people, tree, old, client_of) -> None:
    form = typed("郑二 分工会主席 GH01", days=3, act="write", hands_over="")
    del form["hands_over"]

    client_of(people["operator"]).post(TERM, data=form)

    assert handings() == []
    assert [office for office, *_ in terms_of(old["deputy"])] == ["branch_chair"]
