"""A batch edit is looked at, written from any day on, refused where it must be, taken back but for what came after."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from portal.core import crypto
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.notices import Notice
from portal.members import history
from portal.members.catalogue import level_of_title
from portal.members.models import SHARED, Member, MemberVersion
from portal.members.timeline import service as timeline
from portal.org.models import User
from portal.org.permissions import Role
from portal.query.batches import service, showing
from portal.query.batches.models import BatchEdit, BatchState, Outcome
from portal.query.batches.offering import FOR_MANY, offered
from portal.query.models import Selection
from tests import factories
from tests.conftest import PROOF


@pytest.fixture
def union(tree, user_as) -> User:
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"])


@pytest.fixture
def clerk(tree, user_as) -> User:
    """The operator of branch a."""
    return user_as(Role.BRANCH_OPERATOR, tree["a"])


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def selected(actor: User, members: Iterable[Member]) -> str:
    chosen = Selection(
        token=crypto.random_token(), user_id=actor.id, member_ids=[one.id for one in members], day=today(), back="/back"
    )
    db.session.add(chosen)
    db.session.flush()
    return chosen.token


def previewed(actor: User, members: Iterable[Member], day: date | None = None, **changes: Any) -> BatchEdit:
    token = selected(actor, members)
    item = service.preview(
        actor, token, changes, day=day or today(), document_no="海大工〔2026〕12 号", reason="部门合并"
    )
    db.session.commit()
    return item


def written(actor: User, members: Iterable[Member], day: date | None = None, **changes: Any) -> BatchEdit:
    item = previewed(actor, members, day, **changes)
    service.write(actor, item.id)
    db.session.commit()
    db.session.expire_all()
    return item


def outcomes(actor: User, item: BatchEdit, only: str = "") -> dict[str, tuple[Outcome, str]]:
    rows, _ = showing.rows(actor, item, only=only)
    return {row.name: (row.outcome, row.note) for row in rows}


def whole(member: Member) -> dict[str, Any]:
    """All columns of her row."""
    return {column.name: getattr(member, column.name) for column in Member.__table__.columns}


def on(member: Member, day: date) -> dict[str, Any]:
    """What held for her on the day."""
    live = [one for one in member.versions if one.valid_from <= day < one.valid_to and one.superseded_at is None]
    assert len(live) == 1
    return {name: getattr(live[0], name) for name in SHARED}


def test_a_thousand_are_changed_and_taken_back_but_for_three_edited_since(tree, union):
    count = 1000 if PROOF else 40
    members = [factories.make_member(tree["a"], department=f"教研室{number}") for number in range(count)]
    db.session.commit()
    before = [whole(one) for one in members]

    item = written(union, members, department="外国语学院")

    assert item.counts == {"change": count, "same": 0, "refused": 0}
    assert {one.department for one in members} == {"外国语学院"}
    for one in members[:3]:
        history.write(one, {"remark": "后来改的"}, union, reason="工会修改")
    later = [whole(one) for one in members[:3]]

    service.undo(union, item.id)
    db.session.commit()
    db.session.expire_all()

    assert item.state is BatchState.UNDONE
    assert [whole(one) for one in members[3:]] == before[3:]
    assert [whole(one) for one in members[:3]] == later
    kept, total = showing.rows(union, item, only=showing.KEPT)
    assert [row.name for row in kept] == [one.name for one in members[:3]]
    assert total == 3
    assert all(row.kept.startswith(f"批量修改后由{union.label}于") for row in kept)
    for one in members:
        assert on(one, today()) == {name: whole(one)[name] for name in SHARED}


def test_one_trace_for_all_and_each_member_is_told_once(tree, union, user_as):
    members = [factories.make_member(tree["a"], department="教务处") for _ in range(3)]
    members[0].user = user_as()
    db.session.commit()
    told = db.session.scalar(select(func.count(Notice.id)))

    item = written(union, members, department="研究生院")

    events = db.session.scalars(select(AuditEvent).where(AuditEvent.batch_id == item.batch_id)).all()
    assert [event.action for event in events] == ["batch.write"]
    assert events[0].changes == {"department": ["", "研究生院"]}
    versions = db.session.scalars(select(MemberVersion).where(MemberVersion.batch_id == item.batch_id)).all()
    assert {one.reason for one in versions} == {"批量修改，文号：海大工〔2026〕12 号：部门合并"}
    accounts = sum(one.user_id is not None for one in members)
    assert db.session.scalar(select(func.count(Notice.id))) - told == accounts
    service.undo(union, item.id)
    db.session.commit()
    undone = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "batch.undo")).one()
    assert (undone.details["undone"], undone.details["kept"]) == (3, 0)


# --- who may ----------------------------------------------------------------------------------------------------------


def test_a_branch_is_offered_what_it_may_set_at_once_and_a_stranger_nothing(tree, clerk, union, user_as):
    of_branch = {field.name for field in offered(clerk)}

    assert {"post_category", "ethnicity", "political_status"} <= of_branch
    assert of_branch.isdisjoint({"department", "education", "prof_title"})  # which a branch proposes
    assert {"department", "education"} <= {field.name for field in offered(union)}
    assert offered(user_as(Role.UNION_CHAIR, tree["root"])) == ()
    never = {"id_number", "name", "branch", "membership_status", "staff_no", "member_no", "join_date", "sex", "mobile"}
    assert never.isdisjoint(field.name for field in FOR_MANY)


def test_what_may_not_be_set_at_once_is_refused_before_anything_is_looked_at(tree, clerk, union):
    members = [factories.make_member(tree["a"])]

    for actor, name in ((clerk, "department"), (union, "id_number"), (union, "membership_status"), (union, "branch")):
        with pytest.raises(DomainError, match="这一项，或您无权使用它"):
            previewed(actor, members, **{name: "1"})
    with pytest.raises(DomainError, match="民族是必填项，不能清空"):
        previewed(union, members, ethnicity=None)
    with pytest.raises(DomainError, match="请先选择要修改的字段"):
        previewed(union, members)
    with pytest.raises(DomainError, match="生效日期不能晚于今天"):
        previewed(union, members, today() + timedelta(days=1), remark="x")
    with pytest.raises(Absent):
        service.preview(clerk, selected(union, members), {"remark": "x"}, day=today(), document_no="", reason="因")


def test_members_beyond_the_branch_one_who_has_left_and_oneself_are_refused_by_name_or_without(tree, clerk, user_as):
    hers = factories.make_member(tree["a"], name="安在这")
    elsewhere = factories.make_member(tree["b"], name="毕别处")
    gone = factories.make_member(tree["a"], name="曹已去")
    history.write(gone, {"membership_status": "withdrawn"}, SHELL, reason="退会")
    herself = factories.make_member(tree["a"], name="殷自己")
    herself.user = clerk
    db.session.commit()
    people = [hers, elsewhere, gone, herself]

    item = written(clerk, people, post_category="2")

    shown = outcomes(clerk, item)
    assert shown["安在这"][0] is Outcome.CHANGE
    assert shown[""] == (Outcome.REFUSED, "已不在您的管理范围内")
    assert "毕别处" not in shown
    assert shown["曹已去"] == (Outcome.REFUSED, "会籍状态为退会，您不能直接修改“岗位类别”")
    assert shown["殷自己"] == (Outcome.REFUSED, "您不能直接修改“岗位类别”")
    assert [one.post_category for one in people] == [
        "2",
        *(elsewhere.post_category, gone.post_category, herself.post_category),
    ]
    with pytest.raises(Absent):
        service.find(user_as(Role.UNION_OPERATOR, tree["root"]), item.id)


def test_what_does_not_fit_a_members_other_fields_is_refused_with_the_rule(tree, union):
    fits = factories.make_member(tree["a"], name="安已婚", marital_status="21", spouse={"name": "王伟"})
    single = factories.make_member(tree["a"], name="白单身", marital_status="10", spouse=None)
    same = factories.make_member(tree["a"], name="曹也是", marital_status="10", spouse=None)
    db.session.commit()

    item = previewed(union, [fits, single, same], marital_status="10")

    shown = outcomes(union, item)
    assert shown["安已婚"][0] is Outcome.REFUSED
    assert "配偶信息" in shown["安已婚"][1]
    assert [shown[one][0] for one in ("白单身", "曹也是")] == [Outcome.SAME, Outcome.SAME]
    with pytest.raises(DomainError, match="没有可以修改的会员"):
        service.write(union, item.id)


def test_the_level_follows_the_title(tree, union):
    one = factories.make_member(tree["a"], prof_title=None, title_level=None)
    db.session.commit()
    before = whole(one)

    item = written(union, [one], prof_title="011")

    assert one.title_level == level_of_title("011")
    assert one.title_level is not None
    service.undo(union, item.id)
    db.session.commit()
    db.session.expire_all()
    assert whole(one) == before


# --- others at the same time ------------------------------------------------------------------------------------------


def test_somebody_changed_since_the_preview_stops_all_until_it_is_looked_at_again(tree, union):
    members = [factories.make_member(tree["a"], name=name, department="教务处") for name in ("安一", "白二")]
    db.session.commit()
    item = previewed(union, members, department="研究生院")
    history.write(members[1], {"remark": "刚刚改的"}, SHELL, reason="测试")
    db.session.commit()

    with pytest.raises(Conflict, match=r"白二（共 1 人）在预览之后有了变化，没有修改任何一人"):
        service.write(union, item.id)
    db.session.rollback()
    assert {one.department for one in members} == {"教务处"}

    service.again(union, item.id)
    service.write(union, item.id, seen=2)
    db.session.commit()
    db.session.expire_all()
    assert {one.department for one in members} == {"研究生院"}
    with pytest.raises(Conflict, match="不能再办理"):
        service.write(union, item.id)


def test_a_preview_ends_with_its_day_and_so_does_the_way_back(tree, union):
    one = factories.make_member(tree["a"])
    db.session.commit()
    old, done = previewed(union, [one], remark="甲"), written(union, [one], remark="乙")

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25), tick=False):
        with pytest.raises(Conflict, match="预览已超过 24 小时"):
            service.write(union, old.id)
        with pytest.raises(Conflict, match="修改已超过 24 小时"):
            service.undo(union, done.id)
        assert (service.may_undo(done), service.expire(), service.expire()) == (False, 1, 0)
    db.session.commit()
    assert (old.state, done.state) == (BatchState.EXPIRED, BatchState.WRITTEN)


# --- from a day in the past -------------------------------------------------------------------------------------------

BEGUN = date(2024, 3, 1)
YOUNG = {"work_start_date": None, "school_entry_date": None, "resume": None}  # nothing that lies in the future then
DAYS = [BEGUN + timedelta(days=number) for number in range(0, 900, 9)]


def lives(tree, rng: random.Random, number: int) -> list[Member]:
    """Members with some edits on some days."""
    with time_machine.travel(noon(BEGUN), tick=False):
        members = [factories.make_member(tree["a"], department="甲处", remark="一", **YOUNG) for _ in range(number)]
        db.session.commit()
    for day in sorted(rng.sample(DAYS, 12)):
        with time_machine.travel(noon(day), tick=False):
            for one in members:
                if rng.random() < 0.4:
                    name, value = rng.choice([("department", "乙处"), ("department", "丙处"), ("remark", "二")])
                    history.write(one, {name: value}, SHELL, reason="测试")
            db.session.commit()
    return members


def test_an_edit_from_any_day_is_carried_on_until_the_next_change_and_can_be_taken_back(tree, union):
    rng = random.Random(7)
    members = lives(tree, rng, 60 if PROOF else 6)
    for day in [*sorted(rng.sample(DAYS, 3)), BEGUN - timedelta(days=30)]:
        was = {one.id: {at: on(one, at) for at in DAYS} for one in members}
        rows = {one.id: whole(one) for one in members}

        item = written(union, members, day, department="丁处", remark="一")

        for one in members:
            expected = {at: dict(was[one.id][at]) for at in DAYS}
            for name, new in (("department", "丁处"), ("remark", "一")):
                first = was[one.id][max(day, BEGUN)]
                for at in (at for at in DAYS if at >= day):
                    if was[one.id][at][name] != first[name]:
                        break
                    expected[at][name] = new
            assert {at: on(one, at) for at in DAYS} == expected
            assert on(one, history.LAST_DAY) == {name: whole(one)[name] for name in SHARED}
            assert_whole(one)
        service.undo(union, item.id)
        db.session.commit()
        db.session.expire_all()
        assert showing.kept_count(item) == 0
        assert {one.id: {at: on(one, at) for at in DAYS} for one in members} == was
        assert {one.id: whole(one) for one in members} == rows


def assert_whole(member: Member) -> None:
    """Her life has no gap and no overlap."""
    live = [one for one in member.versions if one.superseded_at is None]
    live.sort(key=lambda one: one.valid_from)
    assert [one.valid_to for one in live[:-1]] == [one.valid_from for one in live[1:]]
    assert live[-1].valid_to == history.LAST_DAY + timedelta(days=1)


def test_what_was_known_on_a_day_before_can_still_be_told(tree, union):
    (one,) = lives(tree, random.Random(3), 1)
    asked = datetime.now(UTC)
    was = {at: on(one, at)["department"] for at in DAYS}

    written(union, [one], DAYS[20], department="丁处")

    known = select(MemberVersion.department).where(
        MemberVersion.member_id == one.id,
        MemberVersion.recorded_at <= asked,
        MemberVersion.superseded_at.is_(None) | (MemberVersion.superseded_at > asked),
    )
    for at in DAYS:
        then = db.session.scalars(known.where(MemberVersion.valid_from <= at, MemberVersion.valid_to > at)).one()
        assert then == was[at]


def test_the_members_history_tells_a_dated_edit_as_one(tree, union):
    with time_machine.travel(noon(BEGUN), tick=False):
        one = factories.make_member(tree["a"], department="甲处", remark="一", **YOUNG)
        db.session.commit()
    with time_machine.travel(noon(DAYS[30]), tick=False):
        history.write(one, {"remark": "二"}, SHELL, reason="测试")
        db.session.commit()

    item = written(union, [one], DAYS[10], department="丁处")
    service.undo(union, item.id)
    db.session.commit()
    db.session.expire_all()

    told = timeline.page(union, one).rows
    assert [(line.what, line.changes) for line in told[:3]] == [
        ("撤销批量修改", (("工作单位（部门）", "丁处 → 甲处"),)),
        (
            f"批量修改，自 {show_date(DAYS[10])} 起，文号：海大工〔2026〕12 号：部门合并",
            (("工作单位（部门）", "甲处 → 丁处"),),
        ),
        ("测试", (("备注", "一 → 二"),)),
    ]
    assert [(line.on, line.is_dated) for line in told[1:3]] == [(DAYS[10], True), (DAYS[30], False)]


def test_a_hundred_and_twenty_titles_of_one_document_stand_in_each_members_history(tree, union):
    with time_machine.travel(noon(BEGUN), tick=False):
        members = [factories.make_member(tree["a"], prof_title="013", **YOUNG) for _ in range(120)]
        db.session.commit()

    item = written(union, members, DAYS[10], prof_title="012")

    told = [timeline.page(union, one).rows[0] for one in members]
    reason = f"批量修改，自 {show_date(DAYS[10])} 起，文号：海大工〔2026〕12 号：部门合并"
    changed = (("职称", "讲师 → 副教授"), ("职称级别", "中级 → 副高"))
    assert {(line.what, line.changes, line.on) for line in told} == {(reason, changed, DAYS[10])}
    assert {one.versions[-1].batch_id for one in members} == {item.batch_id}


def test_what_was_changed_again_later_stays_and_the_preview_says_so(tree, union):
    with time_machine.travel(noon(BEGUN), tick=False):
        one = factories.make_member(tree["a"], name="安一", department="甲处", **YOUNG)
        db.session.commit()
    with time_machine.travel(noon(DAYS[30]), tick=False):
        history.write(one, {"department": "乙处"}, SHELL, reason="测试")
        db.session.commit()

    item = written(union, [one], DAYS[10], department="丁处")

    assert outcomes(union, item)["安一"][1] == f"工作单位（部门）自 {show_date(DAYS[30])} 起另有修改，那天起不变"
    assert (one.department, on(one, DAYS[20])["department"]) == ("乙处", "丁处")
    rows, _ = showing.rows(union, item)
    assert rows[0].changes == [("工作单位（部门）", "甲处", "丁处")]
