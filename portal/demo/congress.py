"""The congress of the demo school: delegates of every branch, two sessions, a committee, departments, the vacations."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from portal.congress import rules
from portal.congress.models import (
    Congress,
    CongressSession,
    Delegate,
    DelegateKind,
    Delegation,
    DelegationPost,
    Person,
    SessionState,
)
from portal.congress.offices.models import CommitteeMember, CommitteePost, Handler, HandlerPost, HandlingDepartment
from portal.core import audit
from portal.core.actors import SHELL
from portal.core.db import db, new_uuid
from portal.core.workdays import CalendarSpan, SpanKind
from portal.members.enums import PostKind
from portal.members.models import Member, UnionPost
from portal.org.models import OrgUnit

audit.name_acts({"demo.congress": "建立虚构教代会"})

NUMBER = 8
OUTSIDERS = (("司马远航", "W0001", "1", "03"), ("诸葛明朗", "W0002", "2", "01"))  # of the staff, no members
DEPARTMENTS = ("教务处", "后勤保障处", "人事处")
_SEATED = (PostKind.DELEGATE, PostKind.DELEGATION_HEAD, PostKind.PROPOSAL_COMMITTEE)


def convene(root: OrgUnit, *, today: date) -> int:
    """Make the congress of the school from the posts that its members hold; return how many delegates it has."""
    posts: dict[PostKind, dict[int, UnionPost]] = {kind: {} for kind in _SEATED}
    query = select(UnionPost).where(UnionPost.kind.in_(_SEATED), UnionPost.unit_id == root.id).order_by(UnionPost.id)
    for post in db.session.scalars(query):
        posts[post.kind].setdefault(post.member_id, post)
    delegates = posts[PostKind.DELEGATE]
    if not delegates:
        return 0
    starts = min(post.starts for post in delegates.values())
    ends = max(post.ends or today for post in delegates.values())
    congress = Congress(unit_id=root.id, number=NUMBER, starts=starts, ends=ends, rules=rules.copied())
    db.session.add(congress)
    db.session.flush()  # everything else names it by number
    people: dict[int, Person] = {}
    members = {
        one.id: one for one in db.session.scalars(select(Member).where(Member.id.in_({*delegates, *posts[_SEATED[2]]})))
    }
    for member_id in members:
        people[member_id] = Person(unit_id=root.id, member_id=member_id)
    db.session.add_all(people.values())
    delegations = _delegations(congress, members, delegates)
    outsiders = [
        Person(unit_id=root.id, name=name, staff_no=staff_no, sex=sex, ethnicity=ethnicity, department="外聘专家")
        for name, staff_no, sex, ethnicity in OUTSIDERS
    ]
    db.session.add_all(outsiders)
    db.session.flush()  # the seats name them by number
    heads: set[int] = set()
    for member_id, post in delegates.items():
        place = delegations[members[member_id].unit_id]
        is_head = member_id in posts[PostKind.DELEGATION_HEAD] and place.id not in heads
        if is_head:
            heads.add(place.id)
        db.session.add(
            Delegate(
                congress_id=congress.id, unit_id=root.id, person_id=people[member_id].id, delegation_id=place.id,
                kind=DelegateKind.FORMAL, starts=post.starts, ends=post.ends or ends, post_id=post.id,
                delegation_post=DelegationPost.HEAD if is_head else DelegationPost.NONE,
            )
        )  # fmt: skip
    first = next(iter(delegations.values()))
    db.session.add_all(
        Delegate(
            congress_id=congress.id, unit_id=root.id, person_id=one.id, delegation_id=first.id, starts=starts,
            ends=ends, kind=DelegateKind.OBSERVER,
        )
        for one in outsiders
    )  # fmt: skip
    _sessions(congress, root, today)
    _offices(congress, root, people, posts[PostKind.PROPOSAL_COMMITTEE], list(delegates), today)
    _vacations(today)
    audit.record(SHELL, "demo.congress", batch_id=new_uuid(), details={"delegates": len(delegates) + len(outsiders)})
    return len(delegates) + len(outsiders)


def _delegations(
    congress: Congress, members: dict[int, Member], delegates: dict[int, UnionPost]
) -> dict[int, Delegation]:
    """Make a delegation of each branch that has delegates; by unit."""
    units = {members[one].unit_id: members[one].unit for one in delegates}
    ordered = sorted(units.values(), key=lambda unit: unit.code)
    found = {
        unit.id: Delegation(
            congress_id=congress.id, place=place, name=f"{unit.name.removesuffix('工会').removesuffix('分')}代表团"
        )
        for place, unit in enumerate(ordered, 1)
    }
    db.session.add_all(found.values())
    db.session.flush()  # the seats name them by number
    return found


def _sessions(congress: Congress, root: OrgUnit, today: date) -> None:
    """One session of last year, and one that collects proposals now."""
    past = max(congress.starts, today - timedelta(days=380))
    coming = min(congress.ends, today + timedelta(days=40))
    db.session.add_all(
        [
            CongressSession(
                congress_id=congress.id, unit_id=root.id, number=1, state=SessionState.CLOSED, held_on=past,
                place="图书馆报告厅", grace_days=0,
            ),
            CongressSession(
                congress_id=congress.id, unit_id=root.id, number=2, state=SessionState.PLANNED, held_on=coming,
                place="学术交流中心", collects_from=today - timedelta(days=10),
                collects_until=today + timedelta(days=20), grace_days=3,
            ),
        ]
    )  # fmt: skip


def _offices(
    congress: Congress, root: OrgUnit, people: dict[int, Person], committee: dict[int, UnionPost],
    delegates: list[int], today: date,
) -> None:  # fmt: skip
    db.session.add_all(
        CommitteeMember(
            congress_id=congress.id, unit_id=root.id, person_id=people[member_id].id,
            post=CommitteePost.MEMBER if place else CommitteePost.HEAD, starts=congress.starts, ends=congress.ends,
        )
        for place, member_id in enumerate(committee)
    )  # fmt: skip
    for place, name in enumerate(DEPARTMENTS):
        department = HandlingDepartment(unit_id=root.id, name=name)
        db.session.add(department)
        db.session.flush()  # its people name it by number
        if len(delegates) > place:
            db.session.add(
                Handler(
                    unit_id=root.id, department_id=department.id, person_id=people[delegates[-1 - place]].id,
                    post=HandlerPost.CLERK, starts=today,
                )
            )  # fmt: skip


def _vacations(today: date) -> None:
    """Write the vacations of this year and the next, as a school has them."""
    for year in (today.year, today.year + 1):
        for name, starts, ends in (
            ("寒假", date(year, 1, 18), date(year, 2, 28)),
            ("暑假", date(year, 7, 12), date(year, 8, 30)),
        ):
            db.session.add(CalendarSpan(year=year, kind=SpanKind.VACATION, name=name, starts=starts, ends=ends))
