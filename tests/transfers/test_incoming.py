"""Somebody comes from another union: she keeps the day on which she joined, and an old record if she has one."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.members import turning
from portal.members.enums import ChangeType, MembershipStatus
from portal.org.permissions import Role
from portal.transfers.incoming import service
from portal.transfers.incoming.models import IncomingState
from portal.transfers.incoming.service import ASKED, Letter
from portal.transfers.incoming.workflow import INCOMING
from tests import doors, factories

LETTER = Letter("唐山大学工会", "转字7号", date(2026, 9, 1))


def said(**values) -> dict[str, object]:
    """What the letter says of somebody."""
    person = factories.a_person(**values).values
    return {name: person.get(name) for name in ASKED} | {"join_date": date(2011, 5, 4)} | values


def of_record(member) -> dict[str, object]:
    """What names somebody who is on record."""
    return {name: getattr(member, name) for name in ("name", "id_number", "birth_date", "sex")}


def test_she_keeps_the_day_of_joining_and_gets_a_number_of_ours(tree, user_as) -> None:
    clerk, chair = user_as(Role.BRANCH_OPERATOR, tree["a"]), user_as(Role.UNION_CHAIR, tree["root"])
    item = service.record(clerk, tree["a"], said(name="唐新来"), letter=LETTER, scan=doors.scan())
    db.session.commit()

    INCOMING.fire(item, "accept", chair, unit_id=tree["b"].id)
    db.session.commit()

    member = item.member
    assert member is not None
    assert (item.state, item.unit, member.unit, member.name) == (IncomingState.ACCEPTED, tree["b"], tree["b"], "唐新来")
    assert (member.join_date, member.membership_status) == (date(2011, 5, 4), MembershipStatus.ACTIVE)
    assert member.member_no == f"GH-{today().year}-00001"
    assert [(line.kind, line.on_date, line.to_unit) for line in member.changes] == [
        (ChangeType.TRANSFERRED_IN, today(), tree["b"])
    ]
    assert member.user is not None


def test_who_was_here_before_comes_back_on_her_record(tree, user_as) -> None:
    member = factories.make_member(tree["a"], join_date=today())
    number, values = (
        member.member_no,
        {name: getattr(member, name) for name in ("name", "id_number", "birth_date", "sex")},
    )
    gone = {"membership_status": MembershipStatus.TRANSFERRED_OUT.value}
    turning.turn(member, factories.Hand(), ChangeType.TRANSFERRED_OUT, on=today(), values=gone, reason="调离")
    item = service.record(
        user_as(Role.UNION_OPERATOR, tree["root"]), tree["b"], said(**values), letter=LETTER, scan=doors.scan()
    )

    INCOMING.fire(item, "accept", factories.Hand(), unit_id=tree["b"].id)

    assert (item.member, member.member_no, member.unit) == (member, number, tree["b"])
    assert (member.membership_status, member.join_date) == (MembershipStatus.ACTIVE, date(2011, 5, 4))
    assert [line.kind for line in member.changes][-2:] == [ChangeType.TRANSFERRED_OUT, ChangeType.TRANSFERRED_IN]


@pytest.mark.parametrize(
    ("changed", "letter", "scan", "field"),
    [
        ({"join_date": None}, LETTER, True, "join_date"),
        ({"join_date": date(2100, 1, 1)}, LETTER, True, "join_date"),
        ({}, Letter(" "), True, "from_union"),
        ({}, LETTER, False, "letter"),
    ],
)
def test_what_is_missing_names_its_input(tree, user_as, changed, letter, scan, field) -> None:
    clerk = user_as(Role.BRANCH_OPERATOR, tree["a"])

    with pytest.raises(DomainError) as refusal:
        service.record(clerk, tree["a"], said() | changed, letter=letter, scan=doors.scan() if scan else None)

    assert refusal.value.field == field


def test_who_is_here_or_waits_is_refused(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    here = factories.make_member(tree["a"])
    db.session.commit()
    values = of_record(here)
    waiting = said()
    service.record(clerk, tree["a"], waiting, letter=LETTER, scan=doors.scan())
    db.session.commit()

    with pytest.raises(DomainError, match="已有会籍，请按校内转会或恢复会籍办理"):
        service.record(clerk, tree["b"], said(**values), letter=LETTER, scan=doors.scan())
    with pytest.raises(Conflict, match="请不要重复登记"):
        service.record(clerk, tree["a"], waiting, letter=LETTER, scan=doors.scan())


def test_the_slip_names_who_came_and_no_document(tree, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])
    item = factories.make_incoming(tree["a"])

    with pytest.raises(Absent):
        service.slip(clerk, item.id)
    INCOMING.fire(item, "accept", clerk, unit_id=tree["a"].id)
    db.session.commit()

    assert service.slip(clerk, item.id).startswith(b"%PDF")


def test_who_looks_after_units_above_reads_and_decides_on_nobody(tree, user_as) -> None:
    item = service.record(
        user_as(Role.BRANCH_OPERATOR, tree["a"]), tree["a"], said(), letter=LETTER, scan=doors.scan()
    )  # fmt: skip
    above, union = user_as(Role.ORG_ADMIN, tree["root"]), user_as(Role.UNION_OPERATOR, tree["root"])
    db.session.commit()

    assert service.find(above, item.id) == item
    assert INCOMING.open_steps(item, above) == []
    with pytest.raises(DomainError, match="接收，请联系它的经办人"):
        INCOMING.fire(item, "accept", above, unit_id=tree["a"].id)
    with pytest.raises(DomainError, match="接收，请联系它的经办人"):
        INCOMING.fire(item, "refuse", above, comment="不收")
    assert [step.action for step in INCOMING.open_steps(item, union)] == ["accept", "refuse", "withdraw"]
