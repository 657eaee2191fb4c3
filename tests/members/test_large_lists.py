"""What keeps the list quick in a large union changes nothing of what it shows."""

from __future__ import annotations

import pytest

from portal.core import db as database
from portal.core.db import db
from portal.members import history, search
from portal.members.search import Filters, Sort
from portal.org.permissions import Role
from tests import factories


@pytest.fixture
def county(tree):
    """Units below branch a: two towns, each with two unions."""
    made = {}
    for town in ("1", "2"):
        made[town] = factories.make_unit(tree["a"], code=f"GH01{town}", name=f"{town}街道")
        for union in ("1", "2"):
            made[town + union] = factories.make_unit(made[town], code=f"GH01{town}{union}", name=f"{town}{union}公司")
    db.session.commit()
    return made


def codes(actor, chosen: str = "") -> tuple[list[str], bool]:
    """Return the codes that may be chosen, and whether they are not all."""
    units, is_cut = search.units_to_choose(actor, chosen)
    return [code for code, _ in units], is_cut


def test_few_units_are_all_there_to_choose(tree, county, user_as):
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"])

    assert codes(operator) == (["GH01", "GH011", "GH0111", "GH0112", "GH012", "GH0121", "GH0122"], False)
    assert search.units_to_choose(operator, "")[0][:3] == [
        ("GH01", "外国语学院分工会"), ("GH011", "　1街道"), ("GH0111", "　　11公司")
    ]  # fmt: skip


def test_many_units_are_chosen_level_by_level(tree, county, user_as, monkeypatch):
    monkeypatch.setattr(search, "UNITS_AT_ONCE", 4)
    union, operator = user_as(Role.UNION_CHAIR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])

    assert codes(union) == (["GH", "GH01", "GH02", "GH03"], True)
    assert codes(union, "GH01") == (["GH", "GH01", "GH011", "GH012", "GH02", "GH03"], True)
    assert codes(union, "GH012")[0] == ["GH", "GH01", "GH011", "GH012", "GH0121", "GH0122", "GH02", "GH03"]
    assert codes(operator) == codes(operator, "GH02") == codes(operator, "none") == (["GH01", "GH011", "GH012"], True)


def test_who_has_two_places_finds_both_however_many_units_there_are(tree, county, user_as, monkeypatch):
    monkeypatch.setattr(search, "UNITS_AT_ONCE", 2)
    operator = user_as(Role.BRANCH_OPERATOR, county["1"])
    db.session.add(factories.Grant(user=operator, role=Role.BRANCH_CHAIR, unit=tree["b"], starts=factories.today()))
    db.session.commit()

    assert codes(operator) == (["GH011", "GH0111", "GH0112", "GH02"], True)


def total(actor, **given) -> int:
    """Return the count of the list as a reading request finds it."""
    db.session.rollback()
    database.reads()
    try:
        return search.list_page(actor, Filters(**given)).total
    finally:
        db.session.rollback()
        database.writes()


def test_a_kept_count_is_ones_own_and_changes_with_the_members(tree, user_as):
    union, branch = user_as(Role.UNION_CHAIR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])
    first = factories.make_member(tree["a"])
    factories.make_member(tree["b"])
    db.session.commit()
    assert [total(union), total(union), total(branch), total(union, sex=first.sex)] == [2, 2, 1, 1]

    factories.make_member(tree["a"])
    db.session.commit()
    assert [total(union), total(branch)] == [3, 2]

    history.write(first, {"membership_status": "retained"}, union, reason="退休")
    db.session.commit()
    assert [total(union), total(branch), total(union, status="retained")] == [2, 1, 1]


def test_a_change_that_is_not_committed_is_counted_but_not_kept(tree, user_as):
    union = user_as(Role.UNION_CHAIR, tree["root"])
    factories.make_member(tree["a"])

    assert search.list_page(union, Filters()).total == 1
    assert total(union) == 0  # it was rolled back


@pytest.mark.parametrize("sort", list(Sort))
def test_many_are_walked_in_the_order_in_which_few_are_gathered(tree, user_as, sort, monkeypatch):
    union = user_as(Role.UNION_CHAIR, tree["root"])
    for place in range(9):
        factories.make_member(tree["ab"[place % 2]])

    def walk() -> list[list[int]]:
        pages, after = [], None
        while not pages or pages[-1]:
            page = search.list_page(union, Filters(), sort=sort, after=after, per_page=4)
            pages.append([row.id for row in page.rows])
            after = pages[-1][-1] if pages[-1] else None
        return pages

    gathered = walk()
    monkeypatch.setattr(search, "FEW", 0)

    assert [len(page) for page in gathered] == [4, 4, 1, 0]
    assert walk() == gathered
