"""Sheets of dues: what is read, recorded and taken back, and what each member owes then."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.members import beside, history, turning
from portal.members.enums import ChangeReason, ChangeType, MembershipStatus
from portal.members.models import Member
from portal.org.permissions import Role
from portal.standing.dues import owing, service, showing
from portal.standing.dues.models import DuesPaid, DuesSheet, SheetState, Verdict
from tests import factories
from tests.standing.dues.conftest import JOINED, back, bring, record, table


def verdicts(item: DuesSheet) -> list[tuple[int, Verdict, str]]:
    lines, _ = service.lines(item)
    return sorted((line.number, line.verdict, line.note) for line in lines)


def paid() -> list[tuple[int, object]]:
    rows = db.session.execute(select(DuesPaid.member_id, DuesPaid.month).order_by(DuesPaid.member_id, DuesPaid.month))
    return [(row.member_id, row.month) for row in rows]


def owed(*members: Member) -> list[int]:
    db.session.expire_all()
    return [owing.account_of(member).owed for member in members]


# --- what is read -----------------------------------------------------------------------------------------------------


def test_each_line_has_its_verdict(tree, clerk, people, pay) -> None:
    pay(back(2), people[1])
    last = f"{back(1):%Y-%m}"
    raw = table(
        ("2026 年工会会费扣款表",),
        ("序号", "职工号", "姓 名", "会费月份", "金额"),
        (1, "A001", "安小青", last, 22.8),
        (2, "A001", "安小青", last, 22.8),
        (3, "A002", "白大山", f"{back(2):%Y年%m月}", 20),
        (4, "A002", "白小山", last, 20),
        (5, "X999", "无此人", last, 20),
        (6, None, "没工号", last, 20),
        (7, "B001", "董机械", "2026.1", 20),
        ("合计", None, None, None, 122.8),
    )

    item = bring(clerk, tree["root"], raw)

    assert verdicts(item) == [
        (3, Verdict.PAID, ""),
        (4, Verdict.TWICE, "与第 3 行是同一人同一个月，只算一次"),
        (5, Verdict.BEFORE, "这个月已经登记过"),
        (6, Verdict.OTHER_NAME, "这个工号的会员是白大山，请核对"),
        (7, Verdict.UNKNOWN, "本工会的会员中没有这个工号"),
        (8, Verdict.WRONG, "没有工号"),
        (9, Verdict.WRONG, '月份"2026.1"分不清是 1 月还是 10 月，请写成 2026-01 或 2026-10'),
    ]
    assert paid() == [(people[1].id, back(2))]


@pytest.mark.parametrize(
    ("raw", "field", "sentence"),
    [
        ("姓名,月份\n安小青,2026-09\n".encode(), "file", "没有认出“工号”一列"),
        ("工号,姓名\nA001,安小青\n".encode(), "month", "表中没有“月份”一列"),
        ("工号,月份\n,\n".encode(), "file", "列名下面没有人员"),
        (b"PK\x03\x04 no workbook", "file", "文件无法读取"),
    ],
)
def test_a_sheet_that_says_nothing_is_refused(tree, clerk, raw: bytes, field: str, sentence: str) -> None:
    db.session.commit()

    with pytest.raises(DomainError, match=sentence) as refusal:
        service.upload(clerk, raw, "会费.csv", unit_id=tree["root"].id)

    assert refusal.value.field == field


def test_a_month_far_ahead_is_refused(tree, clerk, people) -> None:
    db.session.commit()

    with pytest.raises(DomainError, match="不合理") as refusal:
        service.upload(clerk, table(("工号",), ("A001",)), "会费.xlsx", unit_id=tree["root"].id, month=back(-13))

    assert refusal.value.field == "month"


# --- recording and taking back ----------------------------------------------------------------------------------------


def test_a_sheet_is_recorded_in_one_act_and_says_nothing_more(tree, clerk, people) -> None:
    raw = table(("工号", "姓名", "金额"), ("A001", "安小青", 22.8), ("B001", "董机械", None))

    item = record(clerk, bring(clerk, tree["root"], raw, back(1)))

    assert paid() == [(people[0].id, back(1)), (people[2].id, back(1))]
    assert [row.amount for row in db.session.scalars(select(DuesPaid).order_by(DuesPaid.id))] == ["22.80", None]
    assert (item.state, item.lines, item.first_month, item.last_month) == (
        SheetState.RECORDED, None, back(1), back(1),
    )  # fmt: skip
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.batch_id == item.uuid)).all()
    assert [(event.action, event.details["paid"]) for event in events] == [("dues.record", 2)]


def test_the_same_sheet_again_records_nobody_twice(tree, clerk, people, pay) -> None:
    pay(back(1), people[0])
    again = bring(clerk, tree["root"], table(("工号",), ("A001",)), back(1))

    with pytest.raises(DomainError, match="没有可以登记的行"):
        service.record(clerk, again.id, seen=0)

    assert paid() == [(people[0].id, back(1))]


def test_what_has_changed_since_the_preview_records_nothing(tree, clerk, people) -> None:
    item = bring(clerk, tree["root"], table(("工号", "姓名"), ("A001", "安小青")), back(1))
    history.write(people[0], {"name": "安小菁"}, SHELL, reason="更名")
    db.session.commit()

    with pytest.raises(Conflict, match="没有登记任何一行"):
        service.record(clerk, item.id, seen=1)

    assert paid() == []


def test_a_sheet_is_taken_back_within_a_day(tree, clerk, people, pay) -> None:
    item = pay(back(1), people[0], people[1])

    service.undo(clerk, item.id)
    db.session.commit()

    assert (paid(), item.state) == ([], SheetState.UNDONE)
    with pytest.raises(Conflict, match="已撤销"):
        service.undo(clerk, item.id)


def test_a_later_sheet_about_the_same_people_comes_first(tree, clerk, people, pay) -> None:
    first, other = pay(back(2), people[0]), pay(back(2), people[2])
    pay(back(1), people[0])

    with pytest.raises(Conflict, match="请先撤销那一张"):
        service.undo(clerk, first.id)
    service.undo(clerk, other.id)

    assert paid() == [(people[0].id, back(2)), (people[0].id, back(1))]


def test_after_a_day_neither_preview_nor_record_moves(tree, clerk, people, pay) -> None:
    done = pay(back(1), people[0])
    waits = bring(clerk, tree["root"], table(("工号",), ("A002",)), back(1))

    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        with pytest.raises(Conflict, match="24 小时"):
            service.undo(clerk, done.id)
        with pytest.raises(Conflict, match="24 小时"):
            service.record(clerk, waits.id, seen=1)
        cleared = service.expire()
        db.session.commit()

    assert (cleared, waits.state, waits.lines) == (1, SheetState.EXPIRED, None)


def test_a_branch_keeps_no_dues(tree, user_as, people) -> None:
    branch = user_as(Role.BRANCH_OPERATOR, tree["a"])
    db.session.commit()

    with pytest.raises(Absent):
        service.upload(branch, table(("工号",), ("A001",)), "会费.xlsx", unit_id=tree["a"].id, month=back(1))


# --- what is owed -----------------------------------------------------------------------------------------------------


def test_nobody_owes_before_the_first_sheet(people) -> None:
    assert owed(*people) == [0, 0, 0]


def test_whole_months_after_the_last_one_paid_are_owed(people, pay) -> None:
    pay(back(8), *people)
    pay(back(3), people[1])
    pay(back(1), people[0])

    assert owed(*people) == [0, 2, 7]
    assert [owing.account_of(one).paid_until for one in people] == [back(1), back(3), back(8)]


def test_who_has_no_number_owes_nothing_that_is_known(tree, clerk, people, pay) -> None:
    person = factories.make_member(tree["a"], name="无工号", staff_no="待发工号", join_date=JOINED)
    pay(back(8), people[0])
    pay(back(1), people[0])
    book = owing.book_of(tree["root"])
    assert book is not None

    rows, _ = showing.people(clerk, book, months=1)

    assert sorted(row.member.name for row in rows) == ["白大山", "董机械"]
    assert showing.word(owing.account_of(person)) == "没有工号，无法核对"


def test_the_present_month_is_not_owed_yet(people, pay) -> None:
    pay(back(0), people[0])
    pay(back(-1), people[0])

    assert owed(*people) == [0, 0, 0]  # the books begin with a month that is not over


def test_a_stray_row_moves_neither_end_of_the_books(tree, clerk, people) -> None:
    last, stray = f"{back(1):%Y-%m}", f"{back(40):%Y-%m}"
    raw = table(("工号", "月份"), ("A001", last), ("B001", last), ("A002", last), ("A001", stray))

    record(clerk, bring(clerk, tree["root"], raw))

    assert owed(*people) == [0, 0, 0]
    book = owing.book_of(tree["root"])
    assert book is not None
    assert (book.since, book.until) == (back(1), back(1))


def test_who_joined_later_owes_from_the_month_after(tree, people, pay) -> None:
    late = factories.make_member(tree["a"], name="迟来", join_date=back(4) + timedelta(days=9))
    pay(back(8), people[0])
    pay(back(1), people[0])

    assert owed(late) == [3]


def test_the_retained_owe_nothing_and_begin_anew(people, pay) -> None:
    pay(back(8), *people)
    pay(back(1), people[0])
    person = people[2]
    retained = {"membership_status": MembershipStatus.RETAINED.value}
    active = {"membership_status": MembershipStatus.ACTIVE.value}
    turning.turn(
        person, SHELL, ChangeType.RETAINED, on=today(), values=retained, reason="服兵役", because=ChangeReason.ARMY
    )
    db.session.commit()
    while_away = owed(person)
    turning.turn(person, SHELL, ChangeType.RESTORED, on=today(), values=active, reason="恢复会籍")
    db.session.commit()

    assert (while_away, owed(person)) == ([0], [0])


def test_the_list_agrees_with_each_account(tree, clerk, user_as, people, pay) -> None:
    factories.make_member(tree["a"], name="新来的")
    pay(back(9), *people)
    pay(back(3), people[1])
    pay(back(1), people[0])
    book = owing.book_of(tree["root"])
    assert book is not None
    everybody = list(db.session.scalars(select(Member)))

    for months in (1, 2, 3, 6, 7, 8, 9):
        rows, total = showing.people(clerk, book, months=months)
        expected = {one.id for one in everybody if owing.account_of(one).owed >= months}
        assert ({row.member.id for row in rows}, total) == (expected, len(expected)), months

    of_a, _ = showing.people(user_as(Role.BRANCH_OPERATOR, tree["a"]), book, months=1)
    assert [(row.member.name, row.account.owed, row.until, row.opens) for row in of_a] == [("白大山", 2, "", False)]


# --- who reads what ---------------------------------------------------------------------------------------------------


def test_each_reads_her_part_of_a_members_dues(tree, clerk, user_as, people, pay) -> None:
    pay(back(8), *people)
    pay(back(1), people[0])
    person = people[2]
    branch = user_as(Role.BRANCH_OPERATOR, tree["b"])

    told = [
        [(line.label, line.text) for line in beside.lines_for(reader, person)]
        for reader in (person.user, branch, clerk)
    ]

    month = showing.month_words(back(8))
    assert told == [
        [("会费交至", month)], [("会费", "欠交 7 个月")], [("会费", f"欠交 7 个月（交至{month}）")],
    ]  # fmt: skip


def test_amounts_are_read_like_the_salary(tree, clerk, user_as, people) -> None:
    history.write(people[0], {"dues_base": "4569.90"}, SHELL, reason="测试")
    record(clerk, bring(clerk, tree["root"], table(("工号", "金额"), ("A001", "22.8")), back(1)))

    amounts = showing.amounts(clerk, people[0].id, reason="核对会费")

    assert (str(amounts.due), [text for _, text in amounts.paid]) == ("22.80", ["22.80"])
    looks = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "member.reveal")).all()
    assert [(event.subject_id, event.reason) for event in looks] == [(str(people[0].id), "核对会费")]
    with pytest.raises(Absent):
        showing.amounts(user_as(Role.BRANCH_CHAIR, tree["a"]), people[0].id, reason="核对会费")
    with pytest.raises(DomainError, match="查看原因"):
        showing.amounts(clerk, people[0].id, reason="")
