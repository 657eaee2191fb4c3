"""Merging two records of one person: what holds, what follows, what is refused, and that an undo brings all back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from portal.core.actors import SHELL
from portal.core.audit import AuditEvent, events_of
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.notices import Notice
from portal.members import cases, history, seeking
from portal.members import service as members
from portal.members.enums import ChangeReason, ChangeType, PostKind
from portal.members.models import Member, MemberVersion, UnionPost
from portal.members.service import find_by_document
from portal.members.timeline import service as timeline
from portal.merging import service
from portal.merging.models import MergeState as S
from portal.merging.workflow import MERGING
from portal.messaging import choices
from portal.messaging.choices import MessageChoice
from portal.org.models import Grant
from portal.org.permissions import Role
from portal.query import asking, conditions
from portal.query.asking import Asked
from portal.query.figures import ledger, monthly
from portal.query.figures.reports import Wish
from tests import factories
from tests.query.people import noon

WHY = "核对了本人护照"
EVERYBODY = conditions.parse({"all": [{"field": "membership_status", "op": "eq", "value": "active"}]})


@pytest.fixture
def clerk(tree, user_as):
    """An operator of the union."""
    return user_as(Role.UNION_OPERATOR, tree["root"], name="钱合并")


def twice(tree, **values: Any) -> tuple[Member, Member]:
    """One person with two records: an identity card in branch a, a passport in branch b."""
    kept = factories.make_member(tree["a"], name="陈两份", mobile="13900001234", degree=None)
    same = {name: getattr(kept, name) for name in ("name", "birth_date", "sex", "work_start_date", "resume")}
    other = {"id_type": "2", "id_number": "E12345678", "degree": "201", "department": "国际处"}
    gone = factories.make_member(tree["b"], **same, **other, **values)
    db.session.commit()
    return kept, gone


def said(*records: Member) -> list[dict[str, Any]]:
    """Every column of the records, as they stand today."""
    db.session.expire_all()
    names = [column.name for column in Member.__table__.columns]
    return [{name: getattr(one, name) for name in names} for one in records]


def heads(actor, tree, day: date) -> list[int]:
    """How many the branches a and b count on the day, and the school."""
    found = asking.counts_by_unit(actor, [Asked(EVERYBODY, day)], among=EVERYBODY)
    numbers = {code: numbers[0] for code, numbers in found.items()}
    return [numbers.get("GH01", 0), numbers.get("GH02", 0), asking.count(actor, Asked(EVERYBODY, day))]


def known_on(day: date) -> int:
    """How many active members the versions told of on that day itself."""
    end = noon(day) + timedelta(hours=11)
    V = MemberVersion
    query = select(func.count(V.id)).where(
        V.membership_status == "active", V.valid_from <= day, V.valid_to > day, V.recorded_at <= end,
        (V.superseded_at.is_(None)) | (V.superseded_at > end),
    )  # fmt: skip
    return db.session.scalar(query) or 0


def corrected(actor, tree) -> tuple[int, int, int]:
    """What the ledger of branch b corrects this year, and how many it cannot match; the month report's correction."""
    report = ledger.ledger(actor, Wish(tree["b"], today()))
    month = monthly.monthly(actor, Wish(tree["b"], today()))
    for row in (*report.rows, report.totals):
        opening, *moved, closing, _ = (cell.number for cell in row.cells)
        told = zip(ledger.ACTIVE.columns, moved, strict=True)
        assert opening + sum(n if label in (*monthly.ADDED, monthly.CORRECTED) else -n for label, n in told) == closing
    assert all(monthly.balances(row, month.columns) for row in (*month.rows, month.totals))
    place = report.columns.index(monthly.CORRECTED)
    whole = month.totals.cells[month.columns.index(monthly.CORRECTED)].number
    return report.totals.cells[place].number, report.totals.cells[-1].number, whole


def test_headcounts_and_ledger_tell_one_less_from_the_day_on_and_an_undo_the_next_day_brings_all_back(
    tree, clerk
) -> None:
    first, day = date(2026, 3, 2), date(2026, 5, 20)
    with time_machine.travel(noon(first), tick=False):
        kept, gone = twice(tree)
    with time_machine.travel(noon(day - timedelta(days=1)), tick=False):
        before, counted = said(kept, gone), heads(clerk, tree, today())

    with time_machine.travel(noon(day), tick=False):
        item, _ = service.merge(clerk, kept.id, gone.id, reason=WHY)
        db.session.commit()
        merged = heads(clerk, tree, day), heads(clerk, tree, day - timedelta(days=1)), heads(clerk, tree, first)
        balanced = corrected(clerk, tree)
        line = gone.changes[-1]
    assert counted == [1, 1, 2]
    assert merged == ([1, 0, 1], [1, 1, 2], [1, 1, 2])
    assert balanced == (-1, 0, -1)
    assert (line.kind, line.reason, line.on_date, line.from_unit, line.to_unit) == (
        ChangeType.MERGED, ChangeReason.DUPLICATE, day, tree["b"], None
    )  # fmt: skip
    assert [known_on(one) for one in (first, day - timedelta(days=1), day)] == [2, 2, 1]

    with time_machine.travel(noon(day + timedelta(days=1)) - timedelta(minutes=1), tick=False):
        MERGING.fire(item, "undo", clerk)
        db.session.commit()
        undone = heads(clerk, tree, today()), heads(clerk, tree, day)
        balanced = corrected(clerk, tree)
    assert item.state is S.UNDONE
    assert undone == ([1, 1, 2], [1, 1, 2])
    assert balanced == (0, 0, 0)
    assert said(kept, gone) == before
    assert [change.kind for change in gone.changes] == [ChangeType.JOINED]
    assert [known_on(one) for one in (first, day)] == [2, 1]  # as known then nothing is changed afterwards
    assert [history.value_of(history.present_version(one), "staff_no") for one in (kept, gone)] == [
        one["staff_no"] for one in before
    ]


def test_the_kept_record_takes_what_was_chosen_and_the_shell_lets_go_of_what_is_one_persons(tree, clerk) -> None:
    kept, gone = twice(tree)
    staff_no, passport, cards = gone.staff_no, "E12345678", [kept.member_no, gone.member_no]
    old = str(kept.id_number)

    compared = service.compare(clerk, kept, gone)
    item, _ = service.merge(
        clerk, kept.id, gone.id, reason=WHY, taken=["id_number", "staff_no", "degree", "member_no", "mobile"]
    )
    db.session.commit()

    assert {row.field.name: row.is_taken for row in compared.rows} == {
        "id_number": False, "staff_no": False, "department": False, "degree": True, "member_no": False, "mobile": False,
    }  # fmt: skip
    assert [kept.id_type, kept.id_number, kept.staff_no, kept.degree] == ["2", passport, staff_no, "201"]
    assert (kept.department, kept.unit, kept.membership_status) == ("教务处", tree["a"], "active")
    assert [kept.member_no, gone.member_no] == cards[::-1]
    assert (gone.membership_status, gone.id_number, gone.staff_no, gone.unit) == ("merged", None, None, tree["b"])
    assert find_by_document("2", passport) is kept
    assert find_by_document("1", old) is None
    assert "并入重复档案" in str(kept.remark)
    assert kept.birth_date is not None
    assert [event.action for event in events_of(item)] == ["merging.propose", "merging.agree"]
    assert [[event.action for event in events_of(one)][-1] for one in (kept, gone)] == ["member.merge"] * 2
    for one in (kept, gone):
        [row] = timeline.page(clerk, one, about="cases").rows
        assert (row.what, row.why, row.is_correction) == (f"合并重复档案：{item.trace_label}", WHY, True)
    assert {event.is_correction for event in events_of(item)} == {True}
    assert members.editable(clerk, gone) == ()
    assert service.into(clerk, gone.id) is kept


def test_what_hangs_on_the_shell_follows_but_for_what_she_has_twice_and_the_account_is_shut(tree, clerk) -> None:
    kept, gone = twice(tree)
    shut, mine = gone.user, kept.user
    assert shut is not None
    assert mine is not None
    choices.choose(shut, gone, is_inside=True)
    post = UnionPost(member=gone, kind=PostKind.DELEGATE, unit=tree["root"], starts=date(2025, 1, 1))
    db.session.add(post)
    db.session.commit()

    hangs = service.compare(clerk, kept, gone).hanging
    item, _ = service.merge(clerk, kept.id, gone.id, reason=WHY)
    db.session.commit()

    assert ("工会职务", 0, 1, True) in hangs
    assert post.member is kept
    assert db.session.get(MessageChoice, kept.id) is not None
    assert (kept.user, gone.user, mine.is_enabled, shut.is_enabled) == (mine, shut, True, False)
    assert service.told(item) == [("工会职务", 1), ("短信接收方式", 1)]
    told = db.session.scalars(select(Notice).where(Notice.user_id == mine.id)).all()[-1]
    assert (told.title, gone.member_no in told.body) == ("您的两份会员档案已合并为一份", True)

    MERGING.fire(item, "undo", clerk)
    db.session.commit()
    db.session.expire_all()

    assert post.member is gone
    assert [db.session.get(MessageChoice, one.id) is not None for one in (kept, gone)] == [False, True]
    assert (gone.user, shut.is_enabled) == (shut, True)


def test_the_account_with_an_office_or_a_password_is_the_one_that_stays(tree, clerk) -> None:
    kept, gone = twice(tree)
    mine, hers = kept.user, gone.user
    assert mine is not None
    assert hers is not None
    hers.password_hash = "x"
    item, _ = service.merge(clerk, kept.id, gone.id, reason=WHY)
    db.session.commit()
    after = (kept.user, gone.user, mine.is_enabled, hers.is_enabled)
    MERGING.fire(item, "undo", clerk)
    db.session.commit()

    assert after == (hers, mine, False, True)
    assert (kept.user, gone.user, mine.is_enabled) == (mine, hers, True)
    for user, unit in ((mine, tree["a"]), (hers, tree["b"])):
        db.session.add(Grant(user=user, role=Role.BRANCH_OPERATOR, unit=unit, starts=today()))
    db.session.commit()
    with pytest.raises(DomainError, match="都有职责"):
        service.merge(clerk, kept.id, gone.id, reason=WHY)


def test_every_refusal_says_why_and_leaves_both_as_they_were(tree, clerk, user_as) -> None:
    kept, gone = twice(tree)
    dead = factories.make_member(tree["a"])
    history.write(dead, {"membership_status": "deceased"}, SHELL, reason="去世")
    left = factories.make_member(tree["a"])
    history.write(left, {"membership_status": "withdrawn"}, SHELL, reason="退会")
    moving = factories.make_transfer(tree["a"]).member
    matter = factories.make_matter(tree["a"]).member
    for one in (kept, gone):
        db.session.add(UnionPost(member=one, kind=PostKind.BRANCH_COMMITTEE, unit=tree["a"], starts=date(2025, 1, 1)))
    db.session.commit()
    before = said(kept, gone, dead, left, moving, matter)

    refused = [
        (kept, kept, "这是同一份档案"),
        (kept, gone, "在同一时间都任"),
        (kept, dead, "会籍状态是去世"),
        (left, kept, "请改为保留另一份"),
        (kept, moving, "未办结的校内转会"),
        (matter, kept, "未办结的人事比对待办"),
    ]
    for one, other, sentence in refused:
        with pytest.raises(DomainError, match=sentence):
            service.merge(clerk, one.id, other.id, reason=WHY)
    with pytest.raises(DomainError, match="请写明怎样确认"):
        service.merge(clerk, kept.id, left.id, reason="同人")
    with pytest.raises(Conflict, match="有改动"):
        service.merge(clerk, kept.id, left.id, reason=WHY, seen=(1, 1))
    with pytest.raises(Absent):
        service.merge(user_as(Role.BRANCH_CHAIR, tree["a"]), kept.id, dead.id, reason=WHY)
    kept.user = clerk
    with pytest.raises(Forbidden, match="本人"):
        service.merge(clerk, gone.id, kept.id, reason=WHY)
    db.session.rollback()

    assert said(kept, gone, dead, left, moving, matter) == before


def test_a_printed_name_or_document_takes_a_second_person(tree, clerk, user_as) -> None:
    item = factories.make_merge(tree["a"])
    asker, chair = item.asker, user_as(Role.UNION_CHAIR, tree["root"])
    waiting = [case.label for case in cases.open_cases([item.gone_id])[item.gone_id]]

    with pytest.raises(DomainError, match="另一个人复核"):
        MERGING.fire(item, "agree", asker)
    seen = [todo.count for todo in (*service.todo(chair), *service.todo(asker))]
    MERGING.fire(item, "agree", chair)
    db.session.commit()

    assert waiting == ["重复档案合并（待复核）"]
    assert seen == [1]
    assert (item.state, item.kept.id_type, item.gone.membership_status) == (S.DONE, "2", "merged")


def test_a_second_person_agrees_to_what_was_proposed_or_to_nothing(tree, user_as) -> None:
    item = factories.make_merge(tree["a"])
    history.write(item.kept, {"department": "图书馆"}, SHELL, reason="测试")
    db.session.commit()

    with pytest.raises(Conflict, match="在提出合并以后有改动"):
        MERGING.fire(item, "agree", user_as(Role.UNION_CHAIR, tree["root"]))


@pytest.mark.parametrize("what", ["an edit", "a request", "a day"])
def test_an_undo_is_refused_once_somebody_has_touched_either_or_the_day_is_over(tree, clerk, what: str) -> None:
    with time_machine.travel(noon(date(2026, 5, 20)), tick=False):
        kept, gone = twice(tree)
        item, _ = service.merge(clerk, kept.id, gone.id, reason=WHY)
        db.session.commit()
    hours = 24 if what == "a day" else 2
    with time_machine.travel(noon(date(2026, 5, 20)) + timedelta(hours=hours), tick=False):
        if what == "an edit":
            history.write(kept, {"department": "图书馆"}, clerk, reason="工会修改")
        elif what == "a request":
            factories.make_transfer(tree["a"], member=kept)
        db.session.commit()
        before = said(kept, gone)
        sentence = {"an edit": "合并后由钱合并于", "a request": "未办结的校内转会", "a day": "超过 24 小时"}[what]
        with pytest.raises(Conflict, match=sentence) as refusal:
            MERGING.fire(item, "undo", clerk)
        db.session.rollback()

        assert refusal.value.status == 409
        assert said(kept, gone) == before
        assert [step.action for step in service.steps_for(clerk, item)] == ([] if what == "a day" else ["undo"])


def test_doubles_are_found_by_two_signs_or_a_document_within_sight_alone(tree, clerk, user_as) -> None:
    kept, gone = twice(tree)
    spouse = factories.make_member(tree["a"], mobile="13900001234")
    namesake = factories.make_member(tree["b"], name="陈两份")
    renamed = factories.make_member(tree["b"], name="陈二份", mobile=spouse.mobile)
    history.write(renamed, {"birth_date": spouse.birth_date}, SHELL, reason="测试")
    db.session.commit()

    found, total = service.likely(clerk)

    assert [(group.sign, list(group.members)) for group in found] == [
        ("姓名、出生日期相同", [kept, gone]), ("出生日期、手机号码相同", [spouse, renamed]),
    ]  # fmt: skip
    assert total == 2
    assert service.like(clerk, gone) == [(kept, "姓名、出生日期相同")]
    assert service.named(clerk, kept, "陈两份") == [gone, namesake]
    sought = select(func.count(AuditEvent.id)).where(AuditEvent.action == seeking.ACT)
    assert {one.id for one in service.named(clerk, kept, "13900001234")} == {spouse.id, renamed.id}
    assert (service.named(clerk, kept, "13987654321"), db.session.scalar(sought)) == ([], 2)
    assert service.likely(user_as(Role.BRANCH_CHAIR, tree["b"])) == ([], 0)
    service.merge(clerk, kept.id, gone.id, reason=WHY)
    assert service.like(clerk, kept) == []
