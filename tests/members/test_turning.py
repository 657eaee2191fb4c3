"""What happens to a membership on a day: the line, the versions from that day on, and what must not be crossed."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.members import history, turning
from portal.members import service as members
from portal.members.enums import ChangeReason, ChangeType, MembershipStatus
from portal.members.models import ChildBirth, Member, MembershipChange
from tests import factories
from tests.members.test_history import FIRST_DAY, noon

SPAN = 40  # days


def test_edits_from_any_day_are_read_on_every_day_as_a_plain_list_tells(tree) -> None:
    rng = random.Random(7)
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = history.begin(factories.a_person().values, tree["a"], SHELL, reason="入会")
    names = ("department", "mobile", "name", "marital_status")
    days = [{name: history.value_of(member, name) for name in names} for _ in range(SPAN)]
    choices = {
        "department": ["教务处", "财务处", None],
        "mobile": ["13800000001", "13900000002"],
        "name": ["王一", "单二"],
        "marital_status": ["10", "21", "40"],
    }

    for day in range(1, SPAN):
        with time_machine.travel(noon(FIRST_DAY + timedelta(days=day)), tick=False):
            since = rng.randint(0, day)
            edit = {name: rng.choice(choices[name]) for name in rng.sample(names, rng.randint(1, 3))}
            turning.write_from(member, edit, SHELL, since=FIRST_DAY + timedelta(days=since), reason="更正")
        for name, value in edit.items():
            before = days[since][name]
            reached = since
            while reached < SPAN and days[reached][name] == before:
                days[reached][name] = value
                reached += 1

        told = [
            {
                name: history.value_of(history.version_on(member, FIRST_DAY + timedelta(days=one)), name)
                for name in names
            }
            for one in range(day + 1)
        ]
        assert told == days[: day + 1]
    assert {name: history.value_of(member, name) for name in names} == days[-1]
    assert member.name_initials == {"王一": "wy", "单二": "se"}[member.name]
    assert member.mobile_index == history.indexes_of("mobile", member.mobile)[0]


def test_a_retirement_entered_late_holds_from_its_day(tree) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["a"], join_date=FIRST_DAY)
    day = FIRST_DAY + timedelta(days=30)

    change = turning.turn(
        member, SHELL, ChangeType.RETAINED, on=day, reason="退休", because=ChangeReason.RETIRED,
        values={"membership_status": MembershipStatus.RETAINED.value, "employment_status": "4"},
    )  # fmt: skip

    assert (change.kind, change.on_date, change.reason) == (ChangeType.RETAINED, day, ChangeReason.RETIRED)
    assert (change.from_unit_id, change.to_unit_id) == (tree["a"].id, tree["a"].id)
    status = [history.version_on(member, one).membership_status for one in (day - timedelta(days=1), day, today())]
    assert status == ["active", "retained", "retained"]
    assert (member.membership_status, member.employment_status) == ("retained", "4")


@pytest.mark.parametrize("days", [-5, 60])
def test_nothing_happens_before_what_happened_or_ahead(tree, days) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["a"], join_date=FIRST_DAY)
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=50)), tick=False):
        with pytest.raises(DomainError, match=r"生效日期不能(早|晚)于") as caught:
            turning.turn(
                member, SHELL, ChangeType.MOVED_BRANCH, on=FIRST_DAY + timedelta(days=days), reason="校内转会",
                values={"branch": tree["b"]},
            )  # fmt: skip

        assert caught.value.field == "on"
        assert member.unit is tree["a"]
        assert db.session.scalars(select(MembershipChange.kind)).all() == [ChangeType.JOINED]


def test_who_is_taken_back_is_a_member_from_the_day_of_the_decision(tree) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["a"])
    left, back = FIRST_DAY + timedelta(days=3), FIRST_DAY + timedelta(days=9)
    turning.turn(member, SHELL, ChangeType.WITHDRAWN, on=left, reason="退会", values={"membership_status": "withdrawn"})
    again = {"name": member.name, "id_type": member.id_type, "id_number": member.id_number, "department": "图书馆"}

    with pytest.raises(DomainError, match="最近一次会籍变化") as caught:
        members.admit(SHELL, unit=tree["b"], values=again, join_date=FIRST_DAY)
    members.admit(SHELL, unit=tree["b"], values=again, join_date=back)

    assert caught.value.field == "join_date"
    stands = {
        day: (held.unit_id, held.membership_status, held.department)
        for day in (left, back, today())
        if (held := history.version_on(member, day))
    }
    a, b = tree["a"].id, tree["b"].id
    assert stands == {
        left: (a, "withdrawn", "教务处"), back: (b, "active", "教务处"), today(): (b, "active", "图书馆")
    }  # fmt: skip


def test_listeners_follow_in_the_same_transaction(tree, monkeypatch) -> None:
    heard = []
    monkeypatch.setattr(turning, "_listeners", [lambda actor, member, change: heard.append((member.name, change.kind))])
    member = factories.make_member(tree["a"])

    turning.turn(member, SHELL, ChangeType.MOVED_BRANCH, on=today(), reason="校内转会", values={"branch": tree["b"]})

    assert heard == [(member.name, ChangeType.MOVED_BRANCH)]
    assert member.unit is tree["b"]
    assert db.session.get(Member, member.id).unit_id == tree["b"].id


def test_children_corrected_from_a_day_in_the_past_are_found(tree) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["a"])

    turning.write_from(
        member, {"children": [{"name": "小明", "birth_date": "2020-05-01"}]}, SHELL,
        since=FIRST_DAY + timedelta(days=3), reason="更正",
    )  # fmt: skip

    births = select(ChildBirth.birth_date).where(ChildBirth.member_id == member.id)
    assert db.session.scalars(births).all() == [date(2020, 5, 1)]
