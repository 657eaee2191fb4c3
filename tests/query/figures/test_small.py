"""Small numbers of families: nobody outside reads any; what leaves the house has none, nor lets one be reckoned."""

from __future__ import annotations

import io
from datetime import timedelta
from itertools import product

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.org.models import Grant
from portal.org.permissions import Role
from portal.query.figures import reports, saying, small
from portal.query.figures.reports import Wish
from portal.query.figures.shelf import REPORTS
from tests import factories
from tests.client import words
from tests.query.people import populate

tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 9), min_size=width, max_size=width), min_size=1, max_size=6)
)


@given(tables)
def test_what_is_put_together_is_never_small_and_adds_up(numbers):
    rows, columns = small.merged(numbers)

    atoms = [[sum(numbers[r][c] for r, c in product(row, column)) for column in columns] for row in rows]
    assert sorted(place for row in rows for place in row) == list(range(len(numbers)))
    assert sorted(place for column in columns for place in column) == list(range(len(numbers[0])))
    whole = sum(map(sum, numbers))
    assert sum(map(sum, atoms)) == whole
    if whole >= small.LEAST or whole == 0:
        assert [one for row in atoms for one in row if small.is_small(one)] == []


@given(tables)
def test_no_small_number_follows_from_the_totals(numbers):
    """Whatever a small cell was, the same table could have been published with another number there."""
    if sum(map(sum, numbers)) < small.LEAST:
        return
    rows, columns = small.merged(numbers)
    for down, across in product(range(len(numbers)), range(len(numbers[0]))):
        if not small.is_small(numbers[down][across]):
            continue
        row = next(one for one in rows if down in one)
        column = next(one for one in columns if across in one)
        together = list(product(row, column))
        assert len(together) > 1  # somebody else could be in the next cell, and the cells sum to LEAST or more
        assert sum(numbers[r][c] for r, c in together) >= small.LEAST


def test_nothing_is_put_together_where_nothing_is_small():
    assert small.merged([[5, 0], [12, 7]]) == (((0,), (1,)), ((0,), (1,)))


def test_the_smallest_step_is_taken():
    rows, columns = small.merged([[40, 30], [3, 20], [6, 25]])

    assert (rows, columns) == (((0,), (1, 2)), ((0,), (1,)))


def member(unit, marital, children):
    factories.make_member(unit, marital_status=marital, children_count=children)


@pytest.fixture
def families(tree):
    """Eight single, twelve married of whom two have two children, one widow with two."""
    for _ in range(8):
        member(tree["a"], "10", 0)
    for number in range(12):
        member(tree["a"], "20", 2 if number < 2 else 1)
    member(tree["a"], "30", 2)
    db.session.commit()


def test_the_version_that_leaves_the_house(tree, user_as, client_of, families):
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    inside = REPORTS["families"][2](chair, Wish(tree["a"], today()))
    outside = REPORTS["families"][2](chair, Wish(tree["a"], today(), is_public=True))

    assert [cell.number for row in inside.rows for cell in row.cells if 0 < cell.number < 5] != []
    numbers = [cell.number for row in (*outside.rows, outside.totals) for cell in row.cells]
    assert [number for number in numbers if 0 < number < 5] == []
    place = outside.columns.index("合计")
    assert outside.totals.cells[place].number == 21
    assert sum(row.cells[place].number for row in outside.rows) == 21
    assert sum(round(float(row.share) * 10) for row in outside.rows) == 1000
    assert "对外公布版" in outside.title
    assert "丧偶" in " ".join(row.label for row in outside.rows)
    assert "丧偶1人" in saying.of_report(inside)
    assert "丧偶1人" not in saying.of_report(outside)
    browser = client_of(chair)
    page = browser.get("/query/reports/families?unit=GH01&is_public=y")
    file = browser.post("/query/reports/families?unit=GH01&is_public=y", data={"purpose": "对外公布", "kind": "xlsx"})
    sheet = list(openpyxl.load_workbook(io.BytesIO(file.data)).active.iter_rows(values_only=True))
    told = [cell for row in sheet for cell in row if isinstance(cell, int)]
    assert "不足 5 人的行、列已与其他行、列合并" in words(page.text)
    assert "只公布一个单位、一个日期的表" in "".join(str(cell) for row in sheet for cell in row)
    assert max(told) == 21
    assert [number for number in told if 0 < number < 5] == []


def test_too_few_people_altogether_are_not_published(tree, user_as, client_of):
    member(tree["a"], "10", 0)
    db.session.commit()
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])

    with pytest.raises(DomainError, match="不足 5 人"):
        REPORTS["families"][2](chair, Wish(tree["a"], today(), is_public=True))
    page = client_of(chair).get("/query/reports/families?unit=GH01&is_public=y")
    assert page.status_code == 422


def test_who_reads_families_in_a_branch_alone_gets_no_number_of_another(tree, user_as, client_of, families):
    """Reads all members of the union, and families of branch b: the one branch's are counted, and that is said."""
    reader = user_as(Role.ORG_ADMIN, tree["root"])
    since = today() - timedelta(days=30)
    db.session.add(Grant(user=reader, role=Role.BRANCH_OPERATOR, unit=tree["b"], starts=since))
    db.session.commit()
    browser = client_of(reader)

    with pytest.raises(DomainError, match="不能查看这个单位全部会员的婚育情况"):
        reports.families(reader, Wish(tree["root"], today()))
    with pytest.raises(DomainError, match="不能查看这个单位全部会员的婚育情况"):
        reports.families(reader, Wish(tree["a"], today()))
    own = reports.families(reader, Wish(tree["b"], today()))
    assert [cell.number for cell in own.totals.cells] == [0] * len(own.totals.cells)
    page = browser.get('/query/summary?by=branch&by=marital_status&q={"all":[]}')
    assert f"只统计您可以查看家庭信息的单位：{tree['b'].name}" in words(page.text)
    assert "共 0 人" in words(page.text)
    filtered = browser.get('/query/summary?by=branch&q={"not":{"field":"marital_status","op":"eq","value":"10"}}')
    assert "共 0 人" in words(filtered.text)


def test_an_own_branch_is_warned_but_sees_its_numbers(tree, user_as, client_of):
    populate(tree, 20)
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    page = words(browser.get("/query/summary?by=marital_status").text)
    other = words(browser.get("/query/summary?by=sex").text)

    assert "不足 5 人的数不要对外公布" in page
    assert "只统计" not in page
    assert "不要对外公布" not in other
