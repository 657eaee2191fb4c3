"""The demo university and the seeded populations, in a real database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import demo
from portal.congress.models import Collecting, Congress, Delegate, DelegateKind
from portal.core import audit, kinds, uploads
from portal.core import db as database
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.kinds import Kind
from portal.joining.models import Application, ApplicationState, JoinCode
from portal.members import history
from portal.members import service as members
from portal.members.catalogue import FIELDS
from portal.members.enums import ChangeType, MembershipStatus, PostKind
from portal.members.models import SHARED, ChildBirth, Member, MembershipChange, MemberVersion, UnionPost
from portal.members.numbers import next_member_no
from portal.org import access
from portal.org import service as org
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission, Role
from tests.conftest import Prepared

Populate = Callable[..., list[tuple[str, str, str, str]]]
ALWAYS_KNOWN = {"id_type", "membership_status"}


@pytest.fixture
def populate(app: Flask, tmp_path: Path) -> Populate:
    """Fill the test's database; what is not said is the demo of `run`."""

    def fill(**wish: Any) -> list[tuple[str, str, str, str]]:
        asked = {"members": 600, "units": 25, "seed": 1, "profile": "school", **wish}
        return demo.populate(**asked, say=lambda sentence: None, uploads=tmp_path / "uploads")

    return fill


def count(model: type[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def everybody() -> list[Member]:
    return list(db.session.scalars(select(Member).order_by(Member.id)))


def test_the_demo_university(populate: Populate) -> None:
    populate()

    assert (count(Member), count(OrgUnit)) == (600, 25)
    states = Counter(db.session.scalars(select(Application.state)))
    assert set(states) == set(ApplicationState) - {ApplicationState.DRAFT, ApplicationState.WAIT_PROVINCE}
    assert sum(states.values()) == 30
    sizes = Counter(member.unit.code for member in everybody())
    assert len(sizes) == 24
    assert "GH" not in sizes
    assert sizes["GH01"] > 40
    assert {code.unit.code for code in db.session.scalars(select(JoinCode))} == set(sizes)
    each_branch_has_people_for_its_opinion()
    coded_fields_have_several_codes_and_gaps()
    the_congress_sits_as_its_posts_say()


def the_congress_sits_as_its_posts_say() -> None:
    """Every delegate among the posts has a seat, every delegation at most one head, and one session collects."""
    posts = select(func.count(UnionPost.member_id.distinct())).where(UnionPost.kind == PostKind.DELEGATE)
    formal = select(Delegate).where(Delegate.kind == DelegateKind.FORMAL)
    assert len(db.session.scalars(formal).all()) == db.session.scalar(posts)
    congress = db.session.scalars(select(Congress)).one()
    assert [one.collecting() for one in congress.sessions] == [Collecting.UNSET, Collecting.OPEN]


def each_branch_has_people_for_its_opinion() -> None:
    for unit in db.session.scalars(select(OrgUnit).where(OrgUnit.accepts_members)):
        there = access.people_with(Permission.JOINING_OPINE, unit, at_unit_only=True)
        assert len(there) == 2
        chairs = select(Member.user_id).join(UnionPost).where(UnionPost.unit_id == unit.id, UnionPost.kind == "04")
        assert db.session.scalars(chairs).one() in there


def coded_fields_have_several_codes_and_gaps() -> None:
    coded = [field for field in FIELDS if field.kind is Kind.CHOICE]
    assert len(coded) >= 17
    for field in coded:
        found = set(db.session.scalars(select(getattr(Member, field.column_name)).distinct()))
        assert len(found - {None}) >= 2, field.name
        assert (None in found) == (field.name not in ALWAYS_KNOWN), field.name


def test_every_account_signs_in_once_and_may_what_its_role_says(populate: Populate) -> None:
    accounts = populate(members=120, units=4)

    assert [(role, code) for role, _, _, code in accounts] == [
        ("超级管理员", "GH"), ("校工会主席", "GH"), ("校工会操作员", "GH"), ("分工会主席", "GH01"),
        ("分工会操作员", "GH01"), ("分工会操作员", "GH02"), ("会员", "GH01"),
    ]  # fmt: skip
    assert len({password for _, _, password, _ in accounts}) == 7
    for label, username, password, code in accounts:
        database.reads()
        user = db.session.get_one(User, org.sign_in(username, password, address="127.0.0.1", device="test").id)
        assert user.must_change_password
        me = members.own(user)
        assert (me is None) == (label == "超级管理员")
        if label == "会员":
            assert user.live_grants == []
            assert me is not None
            assert me.unit.code == code
        else:
            assert (Role(user.live_grants[0].role).label, user.live_grants[0].unit.code) == (label, code)
        db.session.commit()


def test_nobody_else_has_a_password(populate: Populate) -> None:
    accounts = populate(members=120, units=4)

    with_password = set(db.session.scalars(select(User.username).where(User.password_hash.is_not(None))))
    assert with_password == {username for _, username, _, _ in accounts}
    for member in everybody():
        assert member.user is not None
        assert member.user.username == (member.staff_no or member.member_no)


def test_a_record_is_whole(populate: Populate) -> None:
    populate(members=80, units=3)

    for member in everybody():
        present = history.present_version(member)
        assert {name: getattr(present, name) for name in SHARED} == {name: getattr(member, name) for name in SHARED}
        assert member.id_number
        assert members.find_by_document(member.id_type, member.id_number) is member
        assert re.fullmatch(r"GH-\d{4}-\d{5}", member.member_no or "")
        assert member.member_no is not None
        assert member.join_date is not None
        assert member.member_no[3:7] == str(member.join_date.year)
        assert member.changes[0].kind is ChangeType.JOINED
        assert member.changes[0].on_date == member.join_date
        births = [child["birth_date"] for child in member.children or () if child["birth_date"]]
        assert [birth.birth_date.isoformat() for birth in member.child_births] == births
    shown = [member for member in everybody() if member.photo is not None]
    assert len(shown) == 40
    assert uploads.content_of(shown[0].photo or 0).startswith(b"\xff\xd8")
    assert count(ChildBirth) > 10


def test_headcounts_of_past_days_follow_from_the_changes(populate: Populate) -> None:
    populate(members=400, units=6)
    days = [today() - timedelta(days=back) for back in (0, 30, 300, 1000, 4000)]

    for day in days:
        assert by_versions(day) == by_changes(day), day
    assert sum(by_versions(days[0]).values()) < sum(by_versions(days[1]).values()) + 40
    assert len(by_versions(days[0])) == 5


def by_versions(day: date) -> dict[int, int]:
    held = select(MemberVersion.unit_id, func.count()).where(
        MemberVersion.valid_from <= day,
        MemberVersion.valid_to > day,
        MemberVersion.superseded_at.is_(None),
        MemberVersion.membership_status == MembershipStatus.ACTIVE.value,
        MemberVersion.batch_id.is_not(None),  # who was admitted by an application has versions from today on
    )
    return dict(map(tuple, db.session.execute(held.group_by(MemberVersion.unit_id))))


def by_changes(day: date) -> dict[int, int]:
    heads: Counter[int] = Counter()
    admitted = select(Application.member_id).where(Application.member_id.is_not(None))
    changes = select(MembershipChange).where(
        MembershipChange.on_date <= day, MembershipChange.member_id.not_in(admitted)
    )
    for change in db.session.scalars(changes):
        if change.from_unit_id is not None:
            heads[change.from_unit_id] -= 1
        if change.to_unit_id is not None:
            heads[change.to_unit_id] += 1
    return {unit_id: number for unit_id, number in heads.items() if number}


def test_the_next_number_follows_the_given_ones(populate: Populate) -> None:
    populate(members=200, units=3)
    year = today().year
    root = db.session.scalars(select(OrgUnit).where(OrgUnit.code == "GH")).one()
    given = {member.member_no for member in everybody() if member.join_date and member.join_date.year == year}

    number = next_member_no(root, year)

    assert len(given) > 3
    assert given == {f"GH-{year}-{place:05}" for place in range(1, len(given) + 1)}
    assert number == f"GH-{year}-{len(given) + 1:05}"
    db.session.rollback()


def test_the_bulk_leaves_one_event_a_batch(populate: Populate) -> None:
    populate(members=200, units=3)

    events = db.session.scalars(select(audit.AuditEvent).where(audit.AuditEvent.action == "demo.members")).all()
    admitted = db.session.scalar(
        select(func.count()).where(Application.state == ApplicationState.APPROVED).select_from(Application)
    )
    assert admitted
    assert [event.details["members"] for event in events] == [200 - admitted]
    batch = select(func.count(MemberVersion.member_id.distinct())).where(MemberVersion.batch_id == events[0].batch_id)
    assert db.session.scalar(batch) == 200 - admitted


@pytest.mark.parametrize(
    ("people", "units", "profile"),
    [
        (0, 1, "school"), (1, 1, "school"), (3, 1, "city"), (0, 25, "school"), (5, 3, "school"), (10, 25, "school"),
        (90, 1, "school"), (40, 5, "city"), (2, 2, "city"),
    ],
)  # fmt: skip
def test_small_numbers_work(populate: Populate, people: int, units: int, profile: str) -> None:
    accounts = populate(members=people, units=units, profile=profile)

    assert (count(Member), count(OrgUnit)) == (people, units)
    assert [role for role, *_ in accounts[:3]] == ["超级管理员", "校工会主席", "校工会操作员"]


def test_a_city_asks_little_and_needs_no_opinion(populate: Populate) -> None:
    populate(members=300, units=30, profile="city")

    assert {member.unit.kind.value for member in everybody()} == {"union"}
    applications = db.session.scalars(select(Application)).all()
    assert len(applications) == 15
    assert {application.form.value for application in applications} == {"quick"}
    assert ApplicationState.SUBMITTED not in {application.state for application in applications}
    assert {tuple(sorted(application.data)) for application in applications} == {
        ("birth_date", "id_number", "id_type", "mobile", "name", "sex")
    }


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"members": -1}, "会员人数应为 0 至"),
        ({"members": 3_000_000}, "会员人数应为 0 至"),
        ({"units": 0}, "组织总数应为 1 至"),
        ({"units": -4}, "组织总数应为 1 至"),
        ({"profile": "village"}, "school 或 city"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(populate: Populate, wish: dict[str, Any], words: str) -> None:
    with pytest.raises(DomainError, match=words):
        populate(**wish)
    assert count(OrgUnit) == 0


def test_the_same_seed_fills_the_same_rows(populate: Populate, prepared: Prepared) -> None:
    found = []
    for seed in (1, 1, 2):
        db.session.remove()
        prepared.fresh()
        populate(members=100, units=4, seed=seed)
        found.append(plain_rows())
    assert found[0] == found[1]
    assert found[0] != found[2]


def plain_rows() -> list[Any]:
    """Everything that is not random by its nature, in plain values."""
    shown = [name for name in sorted(history.WRITABLE) if name != "branch"]
    rows: list[Any] = []
    for model in (Member, MemberVersion):
        for row in db.session.scalars(select(model).order_by(model.id)):
            rows.append([row.unit.code, *(kinds.plain(getattr(row, name)) for name in shown)])
    for change in db.session.scalars(select(MembershipChange).order_by(MembershipChange.id)):
        rows.append([change.member_id, change.kind, change.on_date, change.reason, change.from_unit_id])
    for post in db.session.scalars(select(UnionPost).order_by(UnionPost.id)):
        rows.append([post.member_id, post.kind, post.unit_id, post.title, post.starts])
    for item in db.session.scalars(select(Application).order_by(Application.id)):
        rows.append([item.unit.code, item.state, item.data, item.study_date])
    for user in db.session.scalars(select(User).order_by(User.id)):
        rows.append([user.username, user.name, user.password_hash is None, [grant.role for grant in user.grants]])
    return rows
