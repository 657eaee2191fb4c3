"""Whatever the clock does, each is greeted once a year; the dead, the leavers and the retained are not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core import settings
from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import DomainError
from portal.members import history
from portal.members.models import Member
from portal.messaging import choices
from portal.messaging.birthdays import service
from portal.messaging.birthdays.models import Greeting
from portal.messaging.sending.models import Message
from portal.org.models import OrgUnit
from portal.org.permissions import Role
from tests import factories
from tests.messaging import making

NINE = datetime(2027, 5, 6, 1, 0, tzinfo=UTC)
JOINED = date(2026, 1, 5)


def born(unit: OrgUnit, day: date, **values: object) -> Member:
    number = factories.id_number(birth=day, sex="2")
    return factories.make_member(unit, join_date=JOINED, birth_date=day, sex="2", id_number=number, **values)


def switched_on(unit: OrgUnit, *, to_retained: bool = False) -> None:
    actor = factories.make_user(Role.UNION_OPERATOR, unit)
    service.change(actor, unit, is_on=True, to_retained=to_retained, wording="s:birthday")


def greeted() -> list[tuple[str, int]]:
    rows = db.session.scalars(select(Greeting).order_by(Greeting.id))
    return [(row.member.name, row.year) for row in rows]


def test_each_is_greeted_once_whatever_the_clock_does(tree) -> None:
    born(tree["a"], date(1980, 5, 5), name="昨一")
    born(tree["a"], date(1980, 5, 6), name="今二")
    born(tree["b"], date(1980, 5, 7), name="明三")
    switched_on(tree["root"])
    hour, day, late = timedelta(hours=1), timedelta(days=1), NINE + timedelta(hours=14, minutes=30)  # half past eleven
    for moment in (
        NINE, NINE + day, NINE, NINE - day, NINE - hour, NINE, late, late + hour, late, late + hour,
        NINE + timedelta(days=365), NINE,
    ):  # fmt: skip
        with time_machine.travel(moment):
            service.greet()
            db.session.flush()

    assert greeted() == [("今二", 2027), ("明三", 2027), ("昨一", 2027), ("昨一", 2028)]
    assert len(list(db.session.scalars(select(Message)))) == 4


def test_nobody_is_greeted_before_the_union_wants_it(tree) -> None:
    born(tree["a"], date(1980, 5, 6))
    with time_machine.travel(NINE):
        service.greet()

    assert greeted() == []


@pytest.mark.parametrize(("in_march", "day"), [(False, 28), (True, 1)])
def test_the_29th_of_february_has_its_day_each_year(tree, in_march: bool, day: int) -> None:
    born(tree["a"], date(1980, 2, 29), name="闰二")
    born(tree["a"], date(1980, 2, 28), name="平二")
    switched_on(tree["root"])
    settings.set(SHELL, "messaging_leap_march", in_march)
    for moment in (datetime(2027, 2, 28, 1, tzinfo=UTC), datetime(2027, 3, 1, 1, tzinfo=UTC)):
        with time_machine.travel(moment):
            service.greet()
            db.session.flush()
            if moment.day == day:
                assert "闰二" in [name for name, _ in greeted()]

    assert sorted(greeted()) == [("平二", 2027), ("闰二", 2027)]
    assert service.birthday_in(2028, date(1980, 2, 29)) == date(2028, 2, 29)


def test_the_dead_and_the_retained_are_not_greeted_and_who_wants_no_message_reads_it_inside(tree) -> None:
    dead, retired, quiet = (born(tree["a"], date(1980, 5, 6), name=name) for name in ("逝一", "退二", "静三"))
    history.write(dead, {"membership_status": "deceased"}, SHELL, reason="测试")
    history.write(retired, {"membership_status": "retained"}, SHELL, reason="测试")
    choices.choose(quiet.user, quiet, is_inside=True)
    switched_on(tree["root"])

    with time_machine.travel(NINE):
        service.greet()
        db.session.flush()
        assert greeted() == [("静三", 2027)]
        assert list(db.session.scalars(select(Message))) == []
        plan = service.of_unit(tree["root"])
        plan.to_retained = True
        service.greet()
        db.session.flush()

    assert greeted() == [("静三", 2027), ("退二", 2027)]
    (message,) = db.session.scalars(select(Message))
    assert message.text == "退二老师：外国语学院分工会祝您生日快乐，工作顺利，阖家幸福！"


def test_a_wording_that_somebody_has_to_fill_in_cannot_greet(tree, user_as) -> None:
    union = user_as(Role.UNION_OPERATOR, tree["root"])
    making.make_wording(tree["root"])

    with pytest.raises(DomainError, match="不能用于生日祝福"):
        service.change(union, tree["root"], is_on=True, to_retained=False, wording="s:gift")
