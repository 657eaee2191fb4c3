"""A frozen list: what it keeps, how it is added to and taken from, who sees what of it, and when nothing moves."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from sqlalchemy import select

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden
from portal.core.notices import Notice
from portal.members import history, many
from portal.org.permissions import Role
from portal.query import conditions, selections
from portal.query.asking import Asked
from portal.query.rosters import freezing, papers, service
from portal.query.rosters.models import PartState as Q
from portal.query.rosters.models import Roster, RosterRow
from portal.query.rosters.models import RosterState as S
from portal.query.rosters.service import Counts
from portal.query.rosters.workflow import PARTS, ROSTERS
from tests import factories
from tests.query.rosters.frozen import GIFT, freeze


@pytest.fixture
def keeper(user_as, tree):
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"], name="钱操作")


@pytest.fixture
def checker(user_as, tree):
    """The chair of branch a."""
    return user_as(Role.BRANCH_CHAIR, tree["a"], name="孙主席")


@pytest.fixture
def people(tree) -> dict[str, Any]:
    """Three members of branch a, two of branch b."""
    named = {"王晓梅": "a", "陈建国": "a", "李雅琴": "a", "张文博": "b", "赵志强": "b"}
    made = {name: factories.make_member(tree[unit], name=name, marital_status="10") for name, unit in named.items()}
    db.session.commit()
    return made


def told(roster: Roster) -> dict[str, Counts]:
    return {part.unit.name[:2]: counts for part, counts in papers.numbers_of(roster)}


def on_it(roster: Roster) -> list[tuple[str, str]]:
    return [(row.name, row.unit.name[:2]) for row in service.all_rows(roster)]


def part_of(roster: Roster, unit: Any) -> Any:
    return next(part for part in roster.parts if part.unit_id == unit.id)


def test_a_list_keeps_everybody_in_the_branch_of_its_day(keeper, people):
    roster = freeze(keeper)

    assert on_it(roster) == [
        ("陈建国", "外国"),
        ("李雅琴", "外国"),
        ("王晓梅", "外国"),
        ("张文博", "机械"),
        ("赵志强", "机械"),
    ]
    assert told(roster) == {"外国": Counts(3), "机械": Counts(2)}
    row = service.all_rows(roster)[0]
    assert (row.staff_no, row.values) == (
        people["陈建国"].staff_no,
        {"sex": row.values["sex"], "marital_status": "未婚"},
    )
    assert (service.amount(roster, 3), service.each(roster)) == ("3份", "米面油礼包 1份")
    assert "未婚".encode() not in row.values_sealed


def test_transfers_and_a_retirement_leave_the_list_as_it_is(keeper, people, tree):
    roster = freeze(keeper)
    before = on_it(roster), [row.values for row in service.all_rows(roster)], told(roster)

    with time_machine.travel(now() + timedelta(days=40), tick=False):
        for name in ("王晓梅", "陈建国"):
            history.write(people[name], {"branch": tree["b"], "marital_status": "21"}, SHELL, reason="转会")
        history.write(people["李雅琴"], {"membership_status": "retained"}, SHELL, reason="退休")
        db.session.commit()
        db.session.expire_all()

        assert (on_it(roster), [row.values for row in service.all_rows(roster)], told(roster)) == before


def test_a_list_of_a_past_day_holds_what_held_on_it(keeper, people, tree):
    day = today()
    with time_machine.travel(now() + timedelta(days=10), tick=False):
        history.write(people["王晓梅"], {"branch": tree["b"]}, SHELL, reason="转会")
        db.session.commit()

        then, since = freeze(keeper, Asked(day=day)), freeze(keeper)

        assert (told(then), told(since)) == (
            {"外国": Counts(3), "机械": Counts(2)},
            {"外国": Counts(2), "机械": Counts(3)},
        )


def test_what_is_added_and_taken_off_adds_up(keeper, people, tree):
    late = factories.make_member(tree["b"], name="周海燕")
    db.session.commit()
    roster = freeze(keeper)
    late_row = next(row for row in service.all_rows(roster) if row.member_id == late.id)
    newcomer = factories.make_member(tree["b"], name="吴明哲")
    db.session.commit()

    service.remove(keeper, late_row, reason="已调离")
    service.add(keeper, roster, newcomer.id, reason="退休返聘")
    db.session.commit()

    assert told(roster) == {"外国": Counts(3), "机械": Counts(3, 1, 1)}
    assert sum(counts.now for counts in told(roster).values()) == len(on_it(roster)) == 6
    listed, total = service.rows(roster, q="周海燕")
    assert (total, listed[0].removed_why) == (1, "已调离")
    acts = [(told.action_label, told.reason) for told in service.history(roster)]
    assert acts[1:] == [
        ("核减", f"周海燕（{late.staff_no}） 机械工程学院分工会：已调离"),
        ("增补", f"吴明哲（{newcomer.staff_no}） 机械工程学院分工会：退休返聘"),
    ]

    service.restore(keeper, late_row, reason="误核减")
    db.session.commit()
    assert told(roster)["机械"] == Counts(3, 1, 0)


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_changes(keeper, people, reason):
    roster = freeze(keeper)
    row = service.all_rows(roster)[0]

    with pytest.raises(DomainError, match="请填写原因"):
        service.remove(keeper, row, reason=reason)

    assert row.removed_at is None


def test_nobody_is_on_a_list_twice(keeper, people):
    roster = freeze(keeper)

    with pytest.raises(DomainError, match="已在名单上"):
        service.add(keeper, roster, people["王晓梅"].id, reason="补发")

    assert [why for _, why in service.candidates(keeper, roster, "王晓梅")] == ["已在名单上"]


def test_a_branch_sees_its_own_part_once_it_is_asked(keeper, checker, people, tree):
    roster = freeze(keeper)
    mine, theirs = part_of(roster, tree["a"]), part_of(roster, tree["b"])
    with pytest.raises(Absent):
        service.find_part(checker, mine.id)

    ROSTERS.fire(roster, "put_out", keeper)
    db.session.commit()

    assert service.find_part(checker, mine.id) is mine
    for find, number in ((service.find_part, theirs.id), (service.find, roster.id)):
        with pytest.raises(Absent):
            find(checker, number)
    assert service.to_check(checker) == [mine]
    assert [(todo.label, todo.count) for todo in service.todo(checker)] == [("待核对名单", 1)]
    assert db.session.scalars(select(Notice.title).where(Notice.user_id == checker.id)).all() == [
        "请核对名单：2027年春节慰问品"
    ]


def test_an_objection_is_told_answered_and_confirmed(keeper, checker, people, tree):
    roster = freeze(keeper)
    part = part_of(roster, tree["a"])
    ROSTERS.fire(roster, "put_out", keeper)

    PARTS.fire(part, "object", checker, comment="缺新来的吴老师")
    assert [(todo.label, todo.count) for todo in service.todo(keeper)] == [("待答复的名单异议", 1)]
    with pytest.raises(DomainError, match="1 个分工会的异议没有答复"):
        ROSTERS.fire(roster, "close", keeper)
    with pytest.raises(Forbidden):
        PARTS.fire(part, "answer", checker, comment="自己答复")
    PARTS.fire(part, "answer", keeper, comment="按截至日期，不补")
    PARTS.fire(part, "confirm", checker)
    db.session.commit()

    assert (part.state, part.objection, part.answer) == (Q.CONFIRMED, "缺新来的吴老师", "按截至日期，不补")
    titles = db.session.scalars(select(Notice.title).where(Notice.user_id == keeper.id)).all()
    assert titles == ["外国语学院分工会对名单有异议：2027年春节慰问品"]
    assert service.todo(keeper) == service.todo(checker) == []


def test_a_change_after_the_confirmation_asks_the_branch_again(keeper, checker, people, tree):
    roster = freeze(keeper)
    part = part_of(roster, tree["a"])
    ROSTERS.fire(roster, "put_out", keeper)
    PARTS.fire(part, "confirm", checker)

    service.remove(keeper, service.all_rows(roster, part)[0], reason="已调离")
    db.session.commit()

    assert (part.state, part_of(roster, tree["b"]).state) == (Q.WAITING, Q.WAITING)


def test_nobody_but_the_branch_confirms_for_it(keeper, people, tree):
    roster = freeze(keeper)
    ROSTERS.fire(roster, "put_out", keeper)

    with pytest.raises(Forbidden):
        PARTS.fire(part_of(roster, tree["a"]), "confirm", keeper)


@pytest.mark.parametrize("end", ["close", "void"])
def test_after_its_end_nothing_of_a_list_changes(keeper, checker, people, tree, end):
    roster = freeze(keeper)
    part, row = part_of(roster, tree["a"]), service.all_rows(roster)[0]
    newcomer = factories.make_member(tree["b"], name="吴明哲")
    ROSTERS.fire(roster, "put_out", keeper)
    ROSTERS.fire(roster, end, keeper, comment="年前发完")
    db.session.commit()

    refused = [
        lambda: service.remove(keeper, row, reason="已调离"),
        lambda: service.add(keeper, roster, newcomer.id, reason="补发"),
        lambda: PARTS.fire(part, "confirm", checker),
        lambda: PARTS.fire(part, "object", checker, comment="缺人"),
    ]
    for act in refused:
        with pytest.raises(DomainError, match="名单已定稿或作废"):
            act()
    assert (roster.state is (S.CLOSED if end == "close" else S.VOID), part.state) == (True, Q.WAITING)
    assert told(roster) == {"外国": Counts(3), "机械": Counts(2)}


def test_a_branch_keeps_lists_of_its_own_and_asks_nobody(checker, people, tree):
    roster = freeze(checker)

    assert (roster.unit, on_it(roster)) == (
        tree["a"], [("陈建国", "外国"), ("李雅琴", "外国"), ("王晓梅", "外国")],
    )  # fmt: skip
    with pytest.raises(DomainError, match="直接定稿"):
        ROSTERS.fire(roster, "put_out", checker)
    ROSTERS.fire(roster, "close", checker)
    assert (roster.state, service.todo(checker)) == (S.CLOSED, [])


def test_a_column_that_may_not_be_kept_is_refused(keeper, people):
    for name in ("id_number", "mobile", "dues_base", "home_address", "children", "no_such"):
        with pytest.raises(DomainError, match=r"不能保存到名单中|没有“no_such”这一项"):
            freeze(keeper, columns=(name,))
    assert db.session.scalars(select(RosterRow.id)).all() == []


def test_who_has_gone_out_of_scope_since_is_left_out(checker, people, tree):
    chosen = selections.freeze(checker, Asked())
    history.write(people["王晓梅"], {"branch": tree["b"]}, SHELL, reason="转会")
    db.session.commit()

    roster, skipped = freezing.freeze(checker, chosen, GIFT)
    db.session.commit()

    assert (on_it(roster), skipped) == ([("陈建国", "外国"), ("李雅琴", "外国")], 1)


def test_a_branch_that_comes_on_the_list_later_is_asked_too(keeper, checker, people, tree):
    roster = freeze(keeper, Asked(conditions.parse({"field": "branch", "op": "within", "value": "GH02"})))
    ROSTERS.fire(roster, "put_out", keeper)

    service.add(keeper, roster, people["王晓梅"].id, reason="补发")
    db.session.commit()

    assert service.to_check(checker) == [part_of(roster, tree["a"])]
    told = db.session.scalars(select(Notice.title).where(Notice.user_id == checker.id)).all()
    assert told == ["请核对名单：2027年春节慰问品"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"all": [{"field": "name", "op": "contains", "value": "梅"}]}, "姓名 包含「梅」"),
        ({"field": "mobile", "op": "tail", "value": "0001"}, ""),
        ({"field": "no_such", "op": "eq", "value": 1}, ""),
    ],
)
def test_the_history_begins_with_the_question(keeper, people, question, words):
    chosen = selections.freeze(keeper, Asked(), back=f"/query/?q={quote(json.dumps(question))}")

    roster, _ = freezing.freeze(keeper, chosen, GIFT)
    db.session.commit()

    assert [told.reason for told in service.history(roster)] == [words]


def test_a_row_outlives_an_import_that_is_undone(keeper, people, tree):
    gone = history.begin(factories.a_person(name="吴明哲").values, tree["a"], SHELL, reason="导入")
    db.session.commit()
    roster = freeze(keeper)
    row = next(row for row in service.all_rows(roster) if row.member_id == gone.id)

    many.remove([gone.id])
    audit.record(keeper, "import.undo", roster)
    db.session.commit()
    db.session.refresh(row)

    assert (row.member_id, row.name, told(roster)["外国"]) == (None, "吴明哲", Counts(4))
