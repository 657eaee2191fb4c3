"""Verbs of transfers: who is where and in whose lists, what is refused, many at once, and what the clock reminds of."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from portal.core.audit import AuditEvent, events_of
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.notices import Notice
from portal.members import cases, history, turning
from portal.members.enums import ChangeReason, ChangeType, MembershipStatus
from portal.members.models import Member
from portal.org import access
from portal.org.models import UnitKind
from portal.org.permissions import Permission as P
from portal.org.permissions import Role
from portal.transfers import many, service
from portal.transfers.models import Occasion, TurnDown
from portal.transfers.models import TransferState as S
from portal.transfers.service import MOVING, OVERDUE, Filters
from portal.transfers.workflow import TRANSFER, the_union
from tests import factories
from tests.client import links, words


def heads(tree) -> dict[str, int]:
    """How many members each unit counts."""
    rows = db.session.execute(select(Member.unit_id, func.count()).group_by(Member.unit_id))
    found = {row[0]: row[1] for row in rows}
    return {name: found.get(tree[name].id, 0) for name in ("a", "b")}


def test_branches_and_union_tell_the_same_at_every_moment(tree, user_as) -> None:
    member = factories.make_member(tree["a"], department="英语系")
    out, into, union = (
        user_as(Role.BRANCH_OPERATOR, tree["a"]),
        user_as(Role.BRANCH_CHAIR, tree["b"]),
        user_as(Role.UNION_CHAIR, tree["root"]),
    )

    def told() -> list[tuple[int, int]]:
        return [service.under_way(one) for one in (out, into, union)]

    assert (told(), heads(tree)) == ([(0, 0), (0, 0), (0, 0)], {"a": 1, "b": 0})
    item = service.send(out, member, to=tree["b"], occasion=Occasion.POST, note="任职文件")
    assert (told(), heads(tree)) == ([(1, 0), (0, 1), (1, 1)], {"a": 1, "b": 0})
    TRANSFER.fire(item, "approve", union)
    assert (told(), heads(tree)) == ([(1, 0), (0, 1), (1, 1)], {"a": 1, "b": 0})
    assert [case.label for case in cases.open_cases([member.id])[member.id]] == [
        "校内转会（待接收）：转到机械工程学院分工会"
    ]
    TRANSFER.fire(item, "receive", into, department="机械系")
    db.session.commit()

    assert (told(), heads(tree)) == ([(0, 0), (0, 0), (0, 0)], {"a": 0, "b": 1})
    line = member.changes[-1]
    assert (line.kind, line.reason, line.on_date) == (ChangeType.MOVED_BRANCH, ChangeReason.MOVED_BRANCH, today())
    assert (line.from_unit, line.to_unit, line.recorded_by) == (tree["a"], tree["b"], into.id)
    assert (member.unit, member.department) == (tree["b"], "机械系")
    assert history.present_version(member).unit == tree["b"]
    assert [event.action for event in events_of(item)] == ["transfers.send", "transfers.approve", "transfers.receive"]


def test_who_waits_is_told_and_who_acted_is_not(tree, user_as) -> None:
    out, into, union = (
        user_as(Role.BRANCH_OPERATOR, tree["a"]),
        user_as(Role.BRANCH_CHAIR, tree["b"]),
        user_as(Role.UNION_CHAIR, tree["root"]),
    )
    item = service.send(out, factories.make_member(tree["a"], name="周转会"), to=tree["b"], occasion=Occasion.POST)
    TRANSFER.fire(item, "approve", union)
    TRANSFER.fire(item, "receive", into)
    db.session.commit()

    def told(user_id: int | None) -> list[str]:
        return list(db.session.scalars(select(Notice.title).where(Notice.user_id == user_id).order_by(Notice.id)))

    way = "（外国语学院分工会 → 机械工程学院分工会）"
    assert told(union.id) == [f"周转会申请转会{way}，请审核"]
    assert told(into.id) == [f"周转会转会{way}已同意，请机械工程学院分工会接收"]
    assert told(out.id) == [f"周转会转会{way}已同意，请机械工程学院分工会接收", f"周转会的转会{way}已接收"]
    assert told(item.member.user_id)[-1].startswith("您的会籍已转到机械工程学院分工会")


def test_the_union_sends_straight_to_the_receiver(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    item = service.send(clerk, factories.make_member(tree["a"]), to=tree["b"], occasion=Occasion.DEPARTMENT)

    assert (item.state, item.handed_at is not None) == (S.APPROVED, True)


def test_the_receiver_sees_the_transfer_and_not_the_record(tree, user_as) -> None:
    item = factories.make_transfer(tree["a"], S.APPROVED, to=tree["b"])
    asked = factories.make_transfer(tree["a"], S.ASKED, to=tree["b"])
    into, foreign = user_as(Role.BRANCH_OPERATOR, tree["b"]), factories.make_unit(tree["root"], code="GH9", name="附中")
    outsider = user_as(Role.BRANCH_OPERATOR, foreign)

    assert service.find(into, item.id) is item
    for reader, number in ((into, asked.id), (outsider, item.id)):
        with pytest.raises(Absent):
            service.find(reader, number)
    with pytest.raises(Absent):
        access.fetch(Member, item.member_id, into, P.MEMBER_READ)


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (("return",), S.RETURNED), (("refuse",), S.REFUSED), (("withdraw",), S.WITHDRAWN),
        (("approve", "turn_down", "cancel"), S.CANCELLED),
    ],
    ids=["returned", "refused", "withdrawn", "cancelled"],
)  # fmt: skip
def test_the_receiver_no_longer_sees_what_leads_nowhere(tree, user_as, steps, state) -> None:
    receiver, sender = user_as(Role.BRANCH_OPERATOR, tree["b"]), user_as(Role.BRANCH_OPERATOR, tree["a"])
    union = user_as(Role.UNION_CHAIR, tree["root"])
    item = service.send(sender, factories.make_member(tree["a"]), to=tree["b"], occasion=Occasion.POST)
    db.session.commit()
    assert service.find(receiver, item.id) is item

    for step in steps:
        who = {"withdraw": sender, "turn_down": receiver}.get(step, union)
        inputs = {"reason": TurnDown.NOT_OURS} if step == "turn_down" else {}
        TRANSFER.fire(item, step, who, comment="她父亲病重，家里有事", **inputs)
    db.session.commit()

    assert (item.state, service.find(sender, item.id)) == (state, item)
    assert service.listing(receiver, Filters(service.ALL)).rows == []
    with pytest.raises(Absent):
        service.find(receiver, item.id)
    last = db.session.query(Notice).filter_by(user_id=receiver.id).order_by(Notice.id.desc()).first()
    told = (last.title.endswith("已取消"), last.body, last.link) if last else None
    assert told == ((True, "", "") if state is S.CANCELLED else None)


@pytest.mark.parametrize(
    ("target", "field", "sentence"),
    [
        ("a", "to", "已经在外国语学院分工会"),
        ("closed", "to", "已撤销分工会已停用"),
        ("root", "to", "不直接接收会员"),
    ],
)
def test_where_nobody_can_go_is_refused(tree, user_as, target, field, sentence) -> None:
    member = factories.make_member(tree["a"])

    with pytest.raises(DomainError, match=sentence) as refusal:
        service.send(user_as(Role.BRANCH_CHAIR, tree["a"]), member, to=tree[target], occasion=Occasion.OTHER)

    assert refusal.value.field == field


def test_a_member_has_one_open_transfer_and_nobody_sends_himself(tree, user_as) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    item = factories.make_transfer(tree["a"], S.RETURNED, to=tree["b"])
    own = factories.make_member(tree["a"])
    own.user = chair

    with pytest.raises(Conflict, match="已有一份转会"):
        service.send(chair, item.member, to=tree["b"], occasion=Occasion.POST)
    with pytest.raises(Forbidden, match="本人的转会"):
        service.send(chair, own, to=tree["b"], occasion=Occasion.POST)
    with pytest.raises(Forbidden, match="没有转出"):
        service.send(user_as(Role.BRANCH_CHAIR, tree["b"]), own, to=tree["b"], occasion=Occasion.POST)


def test_a_short_loan_is_warned_of(tree, user_as) -> None:
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])

    def warned(days: int) -> list[str]:
        item = service.send(
            chair, factories.make_member(tree["a"]), to=tree["b"], occasion=Occasion.LOAN,
            until=today() + timedelta(days=days),
        )  # fmt: skip
        return service.warnings(item)

    assert (warned(90), warned(400)) == ([service.SHORT_LOAN], [])


def test_a_member_asks_and_takes_back(tree) -> None:
    member = factories.make_member(tree["a"])
    item = service.ask(member.user, to=tree["b"], occasion=Occasion.POST)

    service.take_back(member.user)

    assert item.state is S.WITHDRAWN
    with pytest.raises(Absent):
        service.take_back(member.user)


@pytest.mark.parametrize("how", ["leaves", "moves"])
def test_an_open_transfer_ends_when_the_membership_turns_elsewhere(tree, how) -> None:
    item = factories.make_transfer(tree["a"], S.APPROVED, to=tree["b"])
    c = factories.make_unit(tree["root"], code="GH7", name="图书馆分工会")
    values = {"branch": c} if how == "moves" else {"membership_status": MembershipStatus.TRANSFERRED_OUT.value}
    kind = ChangeType.MOVED_BRANCH if how == "moves" else ChangeType.TRANSFERRED_OUT

    turning.turn(item.member, factories.Hand(), kind, on=today(), values=values, reason="另行办理")

    assert item.state is S.CANCELLED
    assert events_of(item)[-1].reason == "会籍已另行变化"


def test_who_is_no_longer_there_cannot_be_received(tree, user_as) -> None:
    item = factories.make_transfer(tree["a"], S.APPROVED, to=tree["b"])
    c = factories.make_unit(tree["root"], code="GH7", name="图书馆分工会")
    history.write(item.member, {"branch": c}, factories.Hand(), reason="批量修改")  # which turns no membership

    with pytest.raises(Conflict, match="已不在外国语学院分工会"):
        TRANSFER.fire(item, "receive", user_as(Role.BRANCH_CHAIR, tree["b"]))


def test_force_waits_for_fifteen_working_days(tree, user_as) -> None:
    item = factories.make_transfer(tree["a"], S.APPROVED, to=tree["b"])
    chair = user_as(Role.UNION_CHAIR, tree["root"])

    with pytest.raises(DomainError, match="超过 15 个工作日仍未接收才能强制接收"):
        TRANSFER.fire(item, "force", chair, comment="逾期")
    with time_machine.travel(now() + timedelta(days=40)):
        TRANSFER.fire(item, "force", chair, comment="逾期")

    assert (item.state, item.was_forced, item.member.unit) == (S.RECEIVED, True, tree["b"])


def test_another_reason_needs_words(tree) -> None:
    item = factories.make_transfer(tree["a"], S.APPROVED, to=tree["b"])

    with pytest.raises(DomainError, match="请写明原因"):
        TRANSFER.fire(item, "turn_down", factories.Hand(), reason=TurnDown.OTHER)


def test_rerouting_leads_to_another_branch(tree, user_as) -> None:
    item = factories.turn_down(factories.make_transfer(tree["a"], S.APPROVED, to=tree["b"]))
    c = factories.make_unit(tree["root"], code="GH7", name="图书馆分工会")

    TRANSFER.fire(item, "reroute", user_as(Role.UNION_CHAIR, tree["root"]), comment="应到图书馆", to=c)

    assert (item.state, item.to_unit, item.turned_down) == (S.APPROVED, c, None)
    assert events_of(item)[-1].changes["to_unit"] == ["机械工程学院分工会", "图书馆分工会"]


def test_many_are_sent_approved_and_received_with_one_number_each_time(tree, user_as) -> None:
    out, into, union = (
        user_as(Role.BRANCH_OPERATOR, tree["a"]),
        user_as(Role.BRANCH_CHAIR, tree["b"]),
        user_as(Role.UNION_CHAIR, tree["root"]),
    )
    people = [factories.make_member(tree["a"]) for _ in range(3)]
    open_one = factories.make_transfer(tree["a"], S.RETURNED, member=people[0])
    foreign = factories.make_member(tree["b"])

    sent = many.send_many(out, [*(one.id for one in people), foreign.id], to=tree["b"], occasion=Occasion.DEPARTMENT)
    ids = [one.item_id for one in sent.done]
    approved = many.take(union, "approve", [*ids, open_one.id])
    received = many.take(into, "receive", ids)
    db.session.commit()

    assert [one.name for one in sent.done] == [one.name for one in people[1:]]
    assert [(one.name, one.why[:4]) for one in sent.skipped] == [(people[0].name, people[0].name[:3] + "已")]
    assert [(len(one.done), len(one.skipped)) for one in (approved, received)] == [(2, 1), (2, 0)]
    assert [one.unit for one in people] == [tree["a"], tree["b"], tree["b"]]
    batches = db.session.execute(
        select(AuditEvent.action, func.count(AuditEvent.batch_id.distinct()), func.count())
        .where(AuditEvent.action.in_(["transfers.send", "transfers.approve", "transfers.receive"]))
        .where(AuditEvent.batch_id.is_not(None)).group_by(AuditEvent.action).order_by(AuditEvent.action)
    )  # fmt: skip
    assert [tuple(row) for row in batches] == [
        ("transfers.approve", 1, 2), ("transfers.receive", 1, 2), ("transfers.send", 1, 2),
    ]  # fmt: skip
    titles = select(Notice.title).where(Notice.user_id.in_([into.id, union.id])).order_by(Notice.id)
    assert [title for title in db.session.scalars(titles) if title.startswith("2 份")] == [
        "2 份转会申请等待审核", "2 份转会（转到机械工程学院分工会）等待接收",
    ]  # fmt: skip


def test_the_clock_reminds_once_and_does_no_more(tree, user_as) -> None:
    union = user_as(Role.UNION_CHAIR, tree["root"])
    item = factories.make_transfer(tree["a"], S.SENT, to=tree["b"])
    titles = select(func.count()).select_from(Notice).where(Notice.user_id == union.id)
    before = db.session.scalar(titles)

    with time_machine.travel(now() + timedelta(days=15)):
        reminded = [service.remind_late(), service.remind_late()]
        db.session.commit()
        late = service.listing(union, Filters(OVERDUE)).rows

    assert (reminded, item.state) == ([1, 0], S.SENT)
    assert db.session.scalar(titles) == (before or 0) + 1
    assert late == [item]


def test_between_two_unions_of_a_city_the_level_above_decides(app, user_as, tree) -> None:
    city = factories.make_unit(None, code="C", name="海港市总工会", kind=UnitKind.CITY, approves_members=False)
    county = factories.make_unit(city, code="C1", name="东区总工会", kind=UnitKind.COUNTY, accepts_members=False)
    one, other = (
        factories.make_unit(
            county, code=f"C10{place}", name=f"第{place}基层工会", kind=UnitKind.UNION, approves_members=True
        )
        for place in (1, 2)
    )
    branch = factories.make_unit(one, code="C10101", name="一车间分工会")
    org_admin = user_as(Role.ORG_ADMIN, county)
    admin = user_as(Role.UNIT_ADMIN, one)
    between = factories.make_transfer(one, S.SENT, to=other)
    within = factories.make_transfer(one, S.SENT, to=branch)

    assert (the_union(between), the_union(within)) == (county, one)
    assert [service.may_take(user, [between, within]) for user in (org_admin, admin)] == [{between.id}, {within.id}]
    with pytest.raises(DomainError, match="第1基层工会内部的转会，由它自己审核"):
        TRANSFER.fire(within, "approve", org_admin)
    with pytest.raises(Forbidden):
        TRANSFER.fire(between, "approve", admin)
    TRANSFER.fire(between, "approve", org_admin)
    assert between.state is S.APPROVED


def test_the_list_counts_as_the_first_page_does(tree, user_as) -> None:
    chair = user_as(Role.UNION_CHAIR, tree["root"])
    items = [factories.make_transfer(tree["a"], state, to=tree["b"]) for state in (S.SENT, S.APPROVED, S.RETURNED)]

    assert [(todo.label, todo.count) for todo in service.todo(chair)] == [("校内转会", 1)]
    assert service.listing(chair, Filters()).rows == [items[0]]
    assert service.listing(chair, Filters(MOVING, way="in", unit="GH02")).rows == items[:2]
    assert [(one.label, one.number) for one in service.figures(chair)] == [("在途转出", "2"), ("在途转入", "2")]
    assert service.figures(user_as()) == []


def test_the_list_of_members_tells_who_is_on_the_way_from_and_to_the_unit_it_shows(tree, user_as, client_of) -> None:
    branch, union = user_as(Role.BRANCH_OPERATOR, tree["a"]), user_as(Role.UNION_OPERATOR, tree["root"])
    for home, way in (("a", "b"), ("a", "b"), ("b", "a")):
        member = factories.make_member(tree[home])
        sender = branch if home == "a" else user_as(Role.BRANCH_OPERATOR, tree["b"])
        service.send(sender, member, to=tree[way], occasion=Occasion.OTHER, note="部门调整")
    db.session.commit()

    for who, path in ((branch, "/members/"), (union, f"/members/?unit={tree['a'].code}")):
        browser = client_of(who)
        page = browser.get(path).text
        out, into = (way for way in links(page) if "state=moving" in way)
        assert ("在途转出 2 人" in words(page), "在途转入 1 人" in words(page)) == (True, True)
        assert ("共 2 条" in browser.get(out).text, "共 1 条" in browser.get(into).text) == (True, True)
    assert (service.under_way(union), service.under_way(union, tree["b"].code)) == ((3, 3), (1, 2))
