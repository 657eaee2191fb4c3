"""Congresses for tests: one with two delegations, seats of members and of somebody who is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import count

from openpyxl import Workbook

from portal.congress import rules, seats
from portal.congress.importing import service as importing
from portal.congress.models import (
    Attendance,
    Congress,
    CongressSession,
    Delegate,
    DelegateImport,
    DelegateKind,
    Delegation,
    Person,
    Present,
    SessionState,
)
from portal.congress.offices.models import CommitteeMember, CommitteePost, Handler, HandlerPost, HandlingDepartment
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.members.models import Member
from portal.org.models import OrgUnit, User
from tests import factories

_serial = count(1)
HEADINGS = (
    "姓名",
    "工号",
    "代表团",
    "代表类别",
    "团内职务",
    "性别",
    "民族",
    "岗位类别",
    "出生日期",
    "任期开始",
    "任期截止",
)


def make_congress(unit: OrgUnit, number: int = 8) -> Congress:
    """A congress of the unit that began a year ago."""
    starts = today().replace(day=1) - timedelta(days=365)
    item = Congress(unit=unit, number=number, starts=starts, ends=starts + timedelta(days=1500), rules=rules.copied())
    db.session.add(item)
    db.session.flush()
    return item


def make_session(
    unit: OrgUnit, state: SessionState = SessionState.PLANNED, *, congress: Congress | None = None
) -> CongressSession:
    """A session of a congress of the unit, today, whose window is open."""
    congress = congress or make_congress(unit)
    number = len(congress.sessions) + 1
    item = CongressSession(
        congress_id=congress.id, unit=unit, number=number, state=state, held_on=today(), place="礼堂",
        collects_from=today() - timedelta(days=5), collects_until=today() + timedelta(days=5), grace_days=3,
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()
    db.session.expire(congress, ["sessions"])
    db.session.commit()
    return item


def make_seat(
    congress: Congress, member: Member | None = None, *, delegation: str = "第一代表团",
    kind: DelegateKind = DelegateKind.FORMAL, name: str = "鲁外聘",
) -> Delegate:  # fmt: skip
    """A seat of a member, or of somebody who is none."""
    known = {one.name: one for one in congress.delegations}
    place = known.get(delegation) or Delegation(congress_id=congress.id, name=delegation, place=len(known) + 1)
    person = Person(unit=congress.unit, member=member)
    if member is None:
        person.name, person.staff_no, person.sex = name, f"W{next(_serial):05d}", "1"
    db.session.add_all([place, person])
    db.session.flush()
    db.session.expire(congress, ["delegations"])
    item = seats.seat(SHELL, congress, seats.Wanted(person, place, kind))
    db.session.flush()
    return item


def workbook(*rows: tuple[object, ...], headings: tuple[str, ...] = HEADINGS) -> bytes:
    """A list of delegates as an office writes it: a title, the headings, the rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["教职工代表大会代表名单"])
    sheet.append(list(headings))
    for row in rows:
        sheet.append(list(row))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass(frozen=True)
class Place:
    """What of this room lies at a place."""

    ids: dict[str, int]


def fill(unit: OrgUnit, member: Member, clerk: User) -> Place:
    """Give the unit a congress with rows in every table of the room; commits."""
    congress = make_congress(unit)
    seat = make_seat(congress, member)
    outsider = make_seat(congress, name="鲁外聘")
    session = make_session(unit, SessionState.CALLED, congress=congress)
    db.session.add(Attendance(session=session, delegate=seat, present=Present.PRESENT))
    committee = CommitteeMember(
        unit=unit, congress=congress, person=seat.person, post=CommitteePost.MEMBER, starts=congress.starts,
        ends=congress.ends,
    )  # fmt: skip
    department = HandlingDepartment(unit=unit, name="教务处")
    handler = Handler(
        unit=unit, department=department, person=seat.person, post=HandlerPost.CLERK, starts=congress.starts, ends=None
    )
    db.session.add_all([committee, department, handler])
    db.session.commit()
    ids = []
    for recorded in (False, True):
        line = ("鲁再来" if recorded else "鲁新来", f"N{unit.id:03d}{recorded:d}", "第二代表团", "", "", "女")
        made = importing.upload(clerk, congress.id, workbook(line), "代表.xlsx")
        if recorded:
            importing.record(clerk, made.id, seen=1)
        db.session.commit()
        ids.append(made.id)
    return Place(
        {
            "congress": congress.id,
            "seat": outsider.id,
            "delegation_of_seat": outsider.delegation_id,
            "congress_session": session.id,
            "committee_member": committee.id,
            "handling_department": department.id,
            "handler": handler.id,
            "delegate_list": ids[0],
            "recorded_list": ids[1],
        }
    )


NUMBERS = (
    "congress", "seat", "delegation_of_seat", "congress_session", "committee_member", "handling_department", "handler",
    "delegate_list", "recorded_list",
)  # fmt: skip


def brought(clerk: User, congress: Congress, *rows: tuple[object, ...]) -> DelegateImport:
    """A preview of a list with these rows; commits."""
    db.session.commit()
    item = importing.upload(clerk, congress.id, workbook(*rows), "代表名单.xlsx")
    db.session.commit()
    return item


def colleague(unit: OrgUnit, name: str, **values: object) -> Member:
    """A member called `name`."""
    return factories.make_member(unit, name=name, **values)
