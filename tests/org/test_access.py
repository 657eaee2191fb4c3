"""A role at a unit covers the unit's subtree, from its first day to its last; what is outside looks absent."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select

from portal.core import db as database
from portal.core.actors import APPLICANT
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.org import access, service
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import ROLE_PERMISSIONS, Permission, Role
from tests import factories

DAY = timedelta(days=1)


def codes(query) -> list[str]:
    return sorted(db.session.scalars(query.with_only_columns(OrgUnit.code)))


@pytest.mark.parametrize(
    ("role", "place", "seen"),
    [
        (Role.UNION_OPERATOR, "root", ["GH", "GH01", "GH02", "GH03"]),
        (Role.BRANCH_OPERATOR, "a", ["GH01"]),
        (Role.SUPER_ADMIN, "root", []),
    ],
)
def test_scope_is_the_subtree_of_the_grant(tree, user_as, role: Role, place: str, seen: list[str]) -> None:
    actor = user_as(role, tree[place])

    assert codes(access.scoped(OrgUnit, actor, Permission.MEMBER_READ)) == seen


def test_a_branch_below_a_branch_is_covered_and_a_sister_is_not(tree, user_as) -> None:
    group = factories.make_unit(tree["a"], code="GH0101", name="英语系工会小组")
    actor = user_as(Role.BRANCH_CHAIR, tree["a"])

    assert codes(access.scoped(OrgUnit, actor, Permission.MEMBER_READ)) == ["GH01", "GH0101"]
    assert [actor.may(Permission.MEMBER_READ, unit) for unit in (group, tree["b"], tree["root"])] == [
        True,
        False,
        False,
    ]


def test_a_path_that_only_begins_alike_is_no_subtree(tree, user_as) -> None:
    """Unit 2 must not cover unit 20: the trailing slash and the range take care of it."""
    made = [
        factories.make_unit(tree["root"], code=f"X{number:03d}", name=f"第 {number} 分工会") for number in range(30)
    ]
    actor = user_as(Role.BRANCH_CHAIR, tree["a"])
    alike = [unit for unit in made if str(unit.id).startswith(str(tree["a"].id))]
    assert alike

    assert codes(access.scoped(OrgUnit, actor, Permission.MEMBER_READ)) == ["GH01"]
    assert [unit for unit in alike if actor.may(Permission.MEMBER_READ, unit)] == []


def test_several_grants_add_up(tree, user_as) -> None:
    actor = user_as(Role.BRANCH_CHAIR, tree["a"])
    db.session.add(Grant(user=actor, role=Role.BRANCH_OPERATOR, unit=tree["b"], starts=today()))
    db.session.commit()

    assert codes(access.scoped(OrgUnit, actor, Permission.MEMBER_READ)) == ["GH01", "GH02"]


def test_rights_of_one_grant_do_not_reach_the_place_of_another(tree, user_as) -> None:
    """Approving holds at the union, branch work at the branch: no grant lends its permission to another's place."""
    actor = user_as(Role.SUPER_ADMIN, tree["root"])
    db.session.add(Grant(user=actor, role=Role.BRANCH_CHAIR, unit=tree["a"], starts=today()))
    db.session.commit()

    assert codes(access.scoped(OrgUnit, actor, Permission.MEMBER_READ)) == ["GH01"]
    assert codes(access.scoped(OrgUnit, actor, Permission.AUDIT_READ)) == ["GH", "GH01", "GH02", "GH03"]
    assert actor.may(Permission.JOINING_APPROVE, tree["a"]) is False


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [
        (-DAY, None, True),
        (0 * DAY, None, True),
        (DAY, None, False),
        (-10 * DAY, -DAY, False),
        (-10 * DAY, 0 * DAY, True),
        (0 * DAY, 0 * DAY, True),
    ],
)
def test_a_grant_holds_from_its_first_day_to_its_last(
    tree, user_as, starts: timedelta, ends: timedelta | None, holds: bool
) -> None:
    actor = user_as(
        Role.BRANCH_CHAIR, tree["a"], starts=today() + starts, ends=None if ends is None else today() + ends
    )

    assert codes(access.scoped(OrgUnit, actor, Permission.MEMBER_READ)) == (["GH01"] if holds else [])
    assert actor.may(Permission.MEMBER_READ, tree["a"]) is holds
    assert actor.holds(Permission.MEMBER_READ) is holds
    assert access.people_with(Permission.MEMBER_READ, tree["a"]) == ([actor.id] if holds else [])


def test_a_day_of_a_grant_is_a_day_in_shanghai(tree, user_as) -> None:
    actor = user_as(Role.BRANCH_CHAIR, tree["a"], starts=date(2026, 1, 1), ends=date(2026, 8, 31))
    shanghai = ZoneInfo("Asia/Shanghai")

    with time_machine.travel(datetime(2026, 8, 31, 23, 59, tzinfo=shanghai), tick=False):
        assert actor.may(Permission.MEMBER_READ, tree["a"]) is True
    with time_machine.travel(datetime(2026, 9, 1, 0, 1, tzinfo=shanghai), tick=False):  # still August in UTC
        assert actor.may(Permission.MEMBER_READ, tree["a"]) is False


def test_a_grant_cannot_end_before_it_starts(tree, user_as) -> None:
    from sqlalchemy.exc import IntegrityError

    user = user_as()
    db.session.add(Grant(user=user, role=Role.BRANCH_CHAIR, unit=tree["a"], starts=today(), ends=today() - DAY))

    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_a_disabled_account_may_nothing(tree, user_as) -> None:
    actor = user_as(Role.UNION_OPERATOR, tree["root"], is_enabled=False)

    assert codes(access.scoped(OrgUnit, actor, Permission.MEMBER_READ)) == []
    assert [actor.may(Permission.MEMBER_READ, tree["a"]), actor.holds(Permission.SIGNED_IN)] == [False, False]
    assert access.people_with(Permission.MEMBER_READ, tree["a"]) == []


def test_an_outsider_may_nothing(tree) -> None:
    assert {APPLICANT.may(permission, tree["root"]) for permission in Permission} == {False}


def test_foreign_and_missing_rows_are_absent_alike(tree, user_as) -> None:
    actor = user_as(Role.BRANCH_OPERATOR, tree["a"])
    assert access.fetch(OrgUnit, tree["a"].id, actor, Permission.MEMBER_READ) is tree["a"]

    sentences = []
    for number in (tree["b"].id, tree["root"].id, 999_999):
        with pytest.raises(Absent) as refusal:
            access.fetch(OrgUnit, number, actor, Permission.MEMBER_READ)
        sentences.append(refusal.value.message)

    assert len(set(sentences)) == 1


def test_fetch_reads_the_row_anew(tree, user_as) -> None:
    """Someone else may have changed it since this session saw it."""
    from sqlalchemy import text

    actor = user_as(Role.BRANCH_OPERATOR, tree["a"])
    assert tree["a"].name == "外国语学院分工会"
    db.session.execute(text("UPDATE org_units SET name = '别人刚改的名字' WHERE id = :id"), {"id": tree["a"].id})

    assert access.fetch(OrgUnit, tree["a"].id, actor, Permission.MEMBER_READ).name == "别人刚改的名字"


def test_units_come_in_the_order_of_the_tree(tree, user_as) -> None:
    group = factories.make_unit(tree["a"], code="GH0101", name="英语系工会小组")
    actor = user_as(Role.UNION_CHAIR, tree["root"])

    found = access.units(actor, Permission.MEMBER_READ)

    assert found.index(group) == found.index(tree["a"]) + 1
    assert found[0] is tree["root"]


def test_the_nearest_unit_that_approves_approves(tree) -> None:
    county = factories.make_unit(tree["root"], code="C1", name="附属医院工会", approves_members=True)
    ward = factories.make_unit(county, code="C101", name="内科分工会")

    found = [access.approving_unit(unit).code for unit in (tree["a"], tree["root"], ward)]

    assert found == ["GH", "GH", "C1"]


@pytest.mark.parametrize(
    ("at_root", "at_branch", "needed"),
    [(True, None, True), (False, None, False), (None, None, True), (True, False, False), (False, True, True)],
)
def test_whether_an_opinion_is_needed_is_inherited(tree, at_root, at_branch, needed: bool) -> None:
    tree["root"].needs_opinion = at_root
    tree["a"].needs_opinion = at_branch

    assert access.opinion_needed(tree["a"]) is needed


def test_people_with_a_right_here_and_above(tree, user_as) -> None:
    here = user_as(Role.BRANCH_OPERATOR, tree["a"])
    above = user_as(Role.UNION_OPERATOR, tree["root"])
    user_as(Role.BRANCH_OPERATOR, tree["b"])

    assert access.people_with(Permission.MEMBER_READ, tree["a"]) == sorted([here.id, above.id])
    assert access.people_with(Permission.MEMBER_READ, tree["a"], at_unit_only=True) == [here.id]


def test_the_super_administrator_decides_nothing_and_reads_nobody() -> None:
    rights = ROLE_PERMISSIONS[Role.SUPER_ADMIN]

    assert {right for right in rights if right.startswith("member.")} == set()
    assert {Permission.JOINING_APPROVE, Permission.JOINING_OPINE, Permission.JOINING_READ} & rights == set()


def test_a_user_name_is_given_once(tree, user_as) -> None:
    from portal.core.actors import SHELL

    service.open_account(SHELL, username="T1", name="甲")

    with pytest.raises(DomainError, match="用户名 T1 已被使用"):
        service.open_account(SHELL, username="T1", name="乙")

    assert db.session.scalars(select(User.name).where(User.username == "T1")).all() == ["甲"]


def test_reading_does_not_lock(tree, user_as) -> None:
    actor = user_as(Role.UNION_CHAIR, tree["root"])
    number = tree["a"].id
    db.session.commit()
    database.reads()

    assert access.fetch(OrgUnit, number, actor, Permission.MEMBER_READ).code == "GH01"

    db.session.rollback()
    database.writes()
