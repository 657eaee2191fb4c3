"""Many at once, the right branch, the late branch: each case by itself, and nothing silently skipped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.notices import Notice
from portal.core.workdays import working_days
from portal.joining import many, service
from portal.joining.models import Application, opinion_days, overdue_days
from portal.joining.models import ApplicationState as S
from portal.joining.service import OVERDUE, Filters
from portal.joining.workflow import JOINING, places_for
from portal.members import service as members
from portal.members.models import Member
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.org.service import give
from tests import factories
from tests.client import DistrustfulClient, find_form, form_values, words
from tests.factories import a_person
from tests.joining.conftest import People

Browser = Callable[[User | None], DistrustfulClient]


def waiting(unit: OrgUnit, number: int, state: S = S.BRANCH_OK, **values: Any) -> list[Application]:
    """Send so many applications."""
    return [factories.make_application(unit, state, **values) for _ in range(number)]


def ids(items: list[Application]) -> list[int]:
    return [item.id for item in items]


def states() -> list[str]:
    return [item.state.value for item in db.session.scalars(select(Application).order_by(Application.id))]


def let_wait(item: Application, days: int) -> None:
    """Let it be as if it had been sent, and the branch asked, so many days ago."""
    for name in ("submitted_at", "asked_at"):
        setattr(item, name, getattr(item, name) - timedelta(days=days))
    db.session.commit()


# --- many at once ---------------------------------------------------------------------------------------------------


def test_all_are_approved_with_one_day_and_one_batch(tree: dict[str, OrgUnit], people: People) -> None:
    items = waiting(tree["a"], 2) + waiting(tree["b"], 1)

    outcome = many.take(people.union, "approve", ids(items), study_date=today(), meeting="第三届委员会第五次会议")
    db.session.commit()

    assert [one.item_id for one in outcome.done] == ids(items)
    assert outcome.skipped == []
    assert states() == ["approved"] * 3
    assert {(item.study_date, item.meeting) for item in items} == {(today(), "第三届委员会第五次会议")}
    numbers = sorted(item.member.member_no or "" for item in items if item.member)
    assert numbers == [f"GH-{today().year}-{number:05d}" for number in (1, 2, 3)]
    steps = [audit.events_of(item)[-1] for item in items]
    (batch,) = {event.batch_id for event in steps}
    (summary,) = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "joining.approve_many"))
    assert {event.action for event in steps} == {"joining.approve"}
    assert (summary.batch_id, summary.reason) == (batch, "第三届委员会第五次会议")
    assert summary.details == {"done": ids(items), "skipped": {}}


def test_what_cannot_be_approved_is_skipped_and_says_why(tree: dict[str, OrgUnit], people: People) -> None:
    """Someone faster, a number that is here by now, a day before the sending, a taken 工号, a step too early."""
    person = a_person().values
    faster, here, late, good = waiting(tree["a"], 1) + waiting(tree["a"], 1, **person) + waiting(tree["a"], 2)
    taken = waiting(tree["a"], 1, staff_no="20260001")[0]
    early = waiting(tree["a"], 1, S.SUBMITTED)[0]
    for item in (faster, here, good, taken):
        let_wait(item, 3)
    day = today() - timedelta(days=2)
    JOINING.fire(faster, "approve", people.chair, study_date=day)
    members.admit(SHELL, unit=tree["b"], values=person | {"staff_no": None}, join_date=today())
    factories.make_member(tree["b"], name="林同号", staff_no="20260001")
    db.session.commit()

    outcome = many.take(people.union, "approve", ids([faster, here, late, good, taken, early]), study_date=day)
    db.session.commit()

    assert [one.item_id for one in outcome.done] == [good.id]
    whys = {one.item_id: one.why for one in outcome.skipped}
    assert set(whys) == set(ids([faster, here, late, taken, early]))
    assert whys[faster.id] == "该事项已由 总主席 处理，请刷新后查看"
    assert whys[here.id].startswith("该证件号码已有会籍")
    assert whys[late.id].startswith("研究日期应在申请提交日")
    assert whys[taken.id] == "工号已被 林同号 使用"
    assert whys[early.id] == "现在是“待分工会意见”，还不能批准入会"
    assert (good.state, here.state, taken.state) == (S.APPROVED, S.BRANCH_OK, S.BRANCH_OK)
    (summary,) = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "joining.approve_many"))
    assert summary.details["skipped"] == {str(item_id): why for item_id, why in whys.items()}


def test_ones_own_case_is_left_to_others(tree: dict[str, OrgUnit], people: People) -> None:
    person = a_person().values
    mine, other = waiting(tree["a"], 1, **person) + waiting(tree["a"], 1)
    me = members.admit(SHELL, unit=tree["b"], values=person | {"staff_no": None}, join_date=today())
    assert me.user is not None
    give(SHELL, me.user, Role.UNION_OPERATOR, tree["root"])
    db.session.commit()

    ready = many.all_ready(me.user, "approve", Filters())
    outcome = many.take(me.user, "approve", ids([mine, other]), study_date=today())

    assert ready == [other]
    assert [one.item_id for one in outcome.done] == [other.id]
    assert outcome.skipped[0].why == "本人不能审批自己的事项，请由其他有权限的人员办理"


def test_what_is_out_of_scope_is_not_touched(tree: dict[str, OrgUnit], people: People) -> None:
    mine, theirs = waiting(tree["a"], 1, S.SUBMITTED) + waiting(tree["b"], 1, S.SUBMITTED)

    outcome = many.take(people.branch, "agree", ids([mine, theirs]), comment="情况属实")
    db.session.commit()

    assert [one.item_id for one in outcome.done + outcome.skipped] == [mine.id]
    assert (mine.state, theirs.state) == (S.BRANCH_OK, S.SUBMITTED)
    assert audit.events_of(mine)[-1].reason == "情况属实"
    with pytest.raises(DomainError, match="请先勾选要办理的申请"):
        many.take(people.branch, "agree", ids([theirs]))
    with pytest.raises(DomainError, match="请先勾选要办理的申请"):
        many.take(people.branch, "agree", [])


def test_a_branch_cannot_approve_many(tree: dict[str, OrgUnit], people: People) -> None:
    items = waiting(tree["a"], 2)

    outcome = many.take(people.branch, "approve", ids(items), study_date=today())

    assert outcome.done == []
    assert {one.why for one in outcome.skipped} == {"您没有「批准入会」这一事项的权限"}


def test_a_day_in_the_future_is_refused_as_a_whole(tree: dict[str, OrgUnit], people: People) -> None:
    items = waiting(tree["a"], 2)

    with pytest.raises(DomainError, match="研究日期不能晚于今天"):
        many.take(people.union, "approve", ids(items), study_date=today() + timedelta(days=1))

    db.session.rollback()
    assert states() == ["branch_ok"] * 2


def test_the_number_on_the_button_is_what_can_be_done(tree: dict[str, OrgUnit], people: People) -> None:
    waiting(tree["a"], 2)
    waiting(tree["b"], 1)
    waiting(tree["a"], 3, S.SUBMITTED)
    waiting(tree["a"], 1, S.RETURNED)

    def offered(actor: User, **filters: str) -> list[tuple[str, int]]:
        return [(step.action, number) for step, number in service.ready_steps(actor, Filters(**filters))]

    assert offered(people.union) == [("approve", 3)]
    assert offered(people.union, unit="GH01", state="all") == [("approve", 2)]
    assert offered(people.branch) == [("agree", 3)]
    assert offered(people.other_branch) == offered(people.admin) == offered(people.union, state="returned") == []
    for actor, action in ((people.union, "approve"), (people.branch, "agree")):
        ((_, number),) = offered(actor)
        assert len(many.all_ready(actor, action, Filters())) == number


def test_twenty_applications_take_three_clicks(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    items = waiting(tree["a"], 12) + waiting(tree["b"], 8)
    browser = client_of(people.union)
    home = browser.get("/")
    assert "入会申请20" in words(home.text).replace(" ", "")

    listed = browser.get("/joining/?state=todo")  # one: the tile
    assert "批准全部 20 份" in words(listed.text)
    asked = browser.get("/joining/approve-many?state=todo&all=20")  # two: the button, with the form's hidden inputs
    form, target = find_form(asked.text, "/joining/approve-many")
    done = browser.post(target, data=form_values(form))  # three: confirm, with today's date as it stands there

    assert "已批准入会 20 份" in words(done.text)
    assert {item.state for item in items} == {S.APPROVED}


def test_only_what_is_ticked_is_done(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    first, second = waiting(tree["a"], 2)
    browser = client_of(people.union)

    unticked = browser.get("/joining/approve-many?state=todo", follow_redirects=True)
    listed = browser.get("/joining/?ticked=1")
    form = find_form(browser.get(f"/joining/approve-many?id={second.id}&id=x&id={10**30}").text, "/")[0]
    empty = browser.post("/joining/approve-many", data=form_values(form) | {"study_date": ""})
    done = browser.post("/joining/approve-many", data=form_values(form) | {"meeting": "工发〔2026〕12号"})
    again = browser.post("/joining/approve-many", data=form_values(form))

    assert "请先勾选要办理的申请" in words(unticked.text)
    assert listed.text.count("checked") == 2
    assert (empty.status_code, "研究日期" in words(empty.text)) == (422, True)
    assert "已批准入会 1 份" in words(done.text)
    assert (first.state, second.state, second.meeting) == (S.BRANCH_OK, S.APPROVED, "工发〔2026〕12号")
    assert "该事项已由 总操作 处理" in words(again.text)


def test_a_branch_agrees_to_many(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    waiting(tree["a"], 3, S.SUBMITTED)
    browser = client_of(people.branch)

    form = find_form(browser.get("/joining/agree-many?state=todo&all=3").text, "/")[0]
    done = browser.post("/joining/agree-many", data=form_values(form) | {"comment": "情况属实"})

    assert "已分工会同意 3 份" in words(done.text)
    assert states() == ["branch_ok"] * 3


def test_more_than_fit_are_told(
    tree: dict[str, OrgUnit], people: People, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "MOST", 2)
    items = waiting(tree["a"], 3)

    page = client_of(people.union).get("/joining/approve-many?state=todo&all=3")

    assert "其余 1 份请随后再办理一次" in words(page.text)
    assert form_values(find_form(page.text, "/")[0])["ids"] == ",".join(map(str, ids(items[:2])))


def test_two_operators_at_once_approve_each_exactly_once(app: Flask, tree: dict[str, OrgUnit], people: People) -> None:
    numbers = ids(waiting(tree["a"], 20))
    actors = [people.union.id, people.chair.id]
    db.session.remove()
    outcomes: list[many.Outcome] = []
    failures: list[BaseException] = []
    ready = threading.Barrier(2)

    def approve(actor_id: int) -> None:
        try:
            with app.app_context():
                ready.wait()
                actor = db.session.get_one(User, actor_id)
                outcomes.append(many.take(actor, "approve", numbers, study_date=today()))
                db.session.commit()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=approve, args=(actor_id,)) for actor_id in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert sorted(one.item_id for outcome in outcomes for one in outcome.done) == numbers
    assert sorted(one.item_id for outcome in outcomes for one in outcome.skipped) == numbers
    assert all("处理，请刷新后查看" in one.why for outcome in outcomes for one in outcome.skipped)
    assert db.session.scalar(select(func.count(Member.id))) == 20


# --- the right branch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["branch", "union", "chair"])
def test_sending_on_loses_nothing_and_asks_the_other_branch(tree: dict[str, OrgUnit], people: People, who: str) -> None:
    item = factories.make_application(tree["a"], name="宋投错")
    before, code_id, asked = dict(item.data), item.code_id, item.asked_at
    db.session.commit()

    JOINING.fire(
        item, "redirect", getattr(people, who), comment="他在机械学院工作", unit_id=tree["b"].id, seen_unit=item.unit_id
    )
    db.session.commit()

    assert (item.state, item.unit, item.code_id, item.data) == (S.SUBMITTED, tree["b"], code_id, before)
    assert asked is not None
    assert item.asked_at is not None
    assert item.asked_at > asked
    with pytest.raises(Absent):
        service.find(people.branch, item.id)
    assert service.find(people.other_branch, item.id) == item
    told = db.session.scalars(select(Notice).where(Notice.user_id == people.other_branch.id)).one()
    assert told.title == "宋投错申请加入机械工程学院分工会（由其他分工会转来），请给出分工会意见"
    event = audit.events_of(item)[-1]
    assert (event.action, event.reason) == ("joining.redirect", "他在机械学院工作")
    assert event.changes["unit"] == ["外国语学院分工会", "机械工程学院分工会"]


def test_only_units_of_the_same_union_that_take_members_are_offered(tree: dict[str, OrgUnit], people: People) -> None:
    own_union = factories.make_unit(
        tree["root"], code="GH08", name="附属医院工会", approves_members=True, kind=tree["root"].kind
    )
    ward = factories.make_unit(own_union, code="GH0801", name="外科分工会")
    item = factories.make_application(tree["a"])

    offered = places_for(item)

    assert offered == [tree["b"]]
    for wrong in (tree["closed"], tree["a"], own_union, ward, tree["root"]):
        with pytest.raises(DomainError, match="请选择要转到的分工会") as refused:
            JOINING.fire(item, "redirect", people.union, comment="转", unit_id=wrong.id, seen_unit=item.unit_id)
        assert refused.value.field == "unit_id"
        db.session.rollback()


def test_the_second_who_sends_it_on_is_told(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    third = factories.make_unit(tree["root"], code="GH05", name="机关分工会")
    item = factories.make_application(tree["a"])
    first, second = client_of(people.union), client_of(people.chair)
    path = f"/joining/{item.id}/redirect"
    late = form_values(find_form(second.get(path).text, path)[0])

    done = first.submit(path, {"unit_id": str(tree["b"].id), "comment": "他在机械学院工作"})
    answer = second.post(path, data=late | {"unit_id": str(third.id), "comment": "他在机关工作"})
    with pytest.raises(Conflict, match="已转到机械工程学院分工会"):
        JOINING.fire(item, "redirect", people.union, comment="转", unit_id=third.id, seen_unit=tree["a"].id)
    db.session.rollback()

    assert (done.status_code, done.location, answer.status_code) == (302, "/joining/", 409)
    assert item.unit_id == tree["b"].id


def test_the_applicant_sees_where_it_went(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    item = factories.make_application(tree["a"], name="宋投错")
    client_of(people.branch).submit(
        f"/joining/{item.id}/redirect", {"unit_id": str(tree["b"].id), "comment": "他在机械学院工作"}
    )
    holder = client_of(None)

    holder.submit("/joining/receipt", {"code": factories.receipt_code(item)})
    sheet = words(client_of(people.union).get(f"/joining/{item.id}").text)

    assert "机械工程学院分工会" in words(holder.get("/joining/receipt").text)
    assert "扫码申请的单位外国语学院分工会" in sheet.replace(" ", "")


# --- the late branch ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", range(0, 25, 1))
def test_list_and_mark_agree_on_who_is_late(tree: dict[str, OrgUnit], people: People, days: int) -> None:
    item = factories.make_application(tree["a"])
    let_wait(item, days)

    late = max(0, working_days(today() - timedelta(days=days), today()) - opinion_days())

    assert overdue_days(item) == late
    assert service.listing(people.union, Filters(OVERDUE)).rows == ([item] if late else [])
    assert [todo.count for todo in service.todo(people.union)] == ([0, 1] if late else [0])


def test_who_was_sent_on_waits_anew(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"])
    let_wait(item, 20)
    assert overdue_days(item) > 0

    JOINING.fire(item, "redirect", people.branch, comment="转", unit_id=tree["b"].id, seen_unit=item.unit_id)

    assert overdue_days(item) == 0


def test_in_time_the_union_waits_for_the_branch(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"])

    offered = [step.action for step in JOINING.open_steps(item, people.union)]
    with pytest.raises(DomainError, match="分工会还在 5 个工作日的办理期限内"):
        JOINING.fire(item, "approve_without_opinion", people.union, comment="急", study_date=today())

    assert offered == ["redirect", "return", "reject"]
    db.session.rollback()
    assert item.state == S.SUBMITTED


def test_without_a_late_branch_the_union_goes_on_with_a_written_reason(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    item = factories.make_application(tree["a"], name="宋久等")
    let_wait(item, 20)
    browser = client_of(people.union)
    path = f"/joining/{item.id}/approve-without-opinion"
    marked = words(browser.get("/joining/?state=overdue").text)

    silent = browser.submit(path, {"study_date": today().isoformat(), "comment": ""})
    done = browser.submit(path, {"study_date": today().isoformat(), "comment": "分工会主席出差，已电话核实"})

    assert f"逾期 {overdue_days(item) or working_days(today() - timedelta(days=20), today()) - 5} 个工作日" in marked
    assert (silent.status_code, done.status_code, item.state) == (422, 302, S.APPROVED)
    assert "请填写理由" in words(silent.text)
    assert item.member is not None
    told = [notice.title for notice in db.session.scalars(select(Notice).where(Notice.user_id == people.branch.id))]
    assert "宋久等的入会申请已批准（未经分工会意见）" in told
    assert audit.events_of(item)[-1].reason == "分工会主席出差，已电话核实"


def test_a_branch_does_not_go_on_without_itself(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    item = factories.make_application(tree["a"])
    let_wait(item, 20)

    answer = client_of(people.branch).get(f"/joining/{item.id}/approve-without-opinion")

    assert answer.status_code == 403
    assert "approve_without_opinion" not in [step.action for step in JOINING.open_steps(item, people.branch)]


def test_a_request_without_the_words_is_an_opinion_without_words(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    (item,) = waiting(tree["a"], 1, S.SUBMITTED)

    done = client_of(people.branch).post("/joining/agree-many", data={"ids": str(item.id)})

    assert (done.status_code, item.state) == (200, S.BRANCH_OK)
