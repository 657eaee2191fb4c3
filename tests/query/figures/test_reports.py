"""Percentages, summaries and the reports of the year against plain Python over the same people."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from portal.org.permissions import Role
from portal.query import conditions
from portal.query.asking import Asked
from portal.query.conditions import QueryError
from portal.query.figures import reports, summary
from portal.query.figures.percent import percentages
from portal.query.figures.reports import REPORTS, UNASSIGNED, Wish
from tests.query import oracle
from tests.query.people import PAST, noon, populate

TODAY = date(2026, 2, 28)


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_percentages_add_up_to_a_hundred(numbers):
    shares = percentages(numbers)

    assert sum(round(float(share) * 10) for share in shares) == (1000 if sum(numbers) else 0)
    for number, share in zip(numbers, shares, strict=True):
        assert abs(float(share) - (number * 100 / sum(numbers) if sum(numbers) else 0)) < 0.1


def test_the_largest_remainder_gets_the_tenth_that_is_over():
    assert percentages([1, 1, 1]) == ["33.4", "33.3", "33.3"]
    assert percentages([2, 1]) == ["66.7", "33.3"]
    assert percentages([0, 0]) == ["0.0", "0.0"]


@pytest.fixture
def people(tree):
    return populate(tree, 60)


def number_of(where, people, known, day, visible):
    question = conditions.plain(where)
    return sum(
        person["branch"] in visible and oracle.matches(question, person, day, people.within)
        for person in known.values()
    )


@pytest.mark.parametrize("day", [TODAY, PAST])
def test_every_cell_of_every_report_is_what_plain_python_counts(tree, user_as, people, day):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    known = people.past if day == PAST else people.now
    with time_machine.travel(noon(TODAY), tick=False):
        for _, _, make in REPORTS.values():
            for options in ({}, {"is_inclusive": False, "all_who_studied": True}):
                report = make(operator, Wish(tree["root"], day, **options))
                cells = [cell for row in (*report.rows, report.totals) for cell in row.cells]

                assert [cell.number for cell in cells] == [
                    number_of(cell.where, people, known, day, people.within["GH"]) for cell in cells
                ]
                for place, total in enumerate(report.totals.cells):
                    assert sum(row.cells[place].number for row in report.rows) == total.number
                assert report.totals.cells[0].number > 0


def test_each_report_takes_everybody_once(tree, user_as, people):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    with time_machine.travel(noon(TODAY), tick=False):
        wish = Wish(tree["root"], TODAY)
        everybody = reports.basics(operator, wish).totals.cells[0].number
        for make in (reports.ages, reports.titles, reports.education, reports.families):
            report = make(operator, wish)
            place = report.columns.index(reports.TOTAL)

            assert report.totals.cells[place].number == everybody
            assert sum(cell.number for cell in report.totals.cells[:place]) == everybody
            assert sum(round(float(row.share) * 10) for row in report.rows) == 1000


def test_a_branch_and_the_union_see_the_same_number_for_the_branch(tree, user_as, people):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    with time_machine.travel(noon(TODAY), tick=False):
        of_union = reports.basics(operator, Wish(tree["root"], TODAY))
        own = reports.basics(chair, Wish(tree["a"], TODAY))

    row = next(row for row in of_union.rows if row.label == tree["a"].name)
    assert [cell.number for cell in own.totals.cells] == [cell.number for cell in row.cells]
    assert [row.label for row in own.rows] == [tree["a"].name]
    assert [row.label for row in of_union.rows] == [tree[key].name for key in ("a", "b", "closed")] + [UNASSIGNED]


def test_who_may_not_read_families_gets_the_one_refusal(tree, user_as, people):
    reader = user_as(Role.ORG_ADMIN, tree["root"])

    with pytest.raises(QueryError, match="没有“marital_status”这一项，或您无权使用它"):
        reports.families(reader, Wish(tree["root"], TODAY))
    with pytest.raises(QueryError, match="没有“marital_status”这一项，或您无权使用它"):
        summary.summary(reader, Asked(), ["marital_status"])


def test_a_summary_adds_up_and_every_number_opens_its_people(tree, user_as, people):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    asked = Asked(
        conditions.parse({"any": [{"field": "sex", "op": "empty"}, {"field": "age", "op": "lt", "value": 60}]}), TODAY
    )
    with time_machine.travel(noon(TODAY), tick=False):
        for by in (
            ["age"],
            ["branch", "sex"],
            ["title_level", "children_count"],
            ["join_date"],
            ["counted_here", "age"],
        ):
            found = summary.summary(operator, asked, by)
            everybody = number_of(asked.where, people, people.now, TODAY, people.within["GH"])

            assert found.total.number == sum(line.total.number for line in found.lines) == everybody
            cells = [cell for line in found.lines for cell in (*line.cells, line.total)] + list(found.totals)
            assert [cell.number for cell in cells] == [
                number_of(cell.where, people, people.now, TODAY, people.within["GH"]) for cell in cells
            ]
        born = [
            oracle.whole_years(person["birth_date"], TODAY)
            for person in people.now.values()
            if person["birth_date"] and oracle.matches(conditions.plain(asked.where), person, TODAY, people.within)
        ]
        assert found.average_age == f"{sum(born) / len(born):.1f}"


def test_rows_without_anybody_are_shown(tree, user_as):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])

    found = summary.summary(operator, Asked(), ["branch"])

    assert [(line.label, line.total.number, line.percent) for line in found.lines] == [
        (tree["a"].name, 0, "0.0"),
        (tree["b"].name, 0, "0.0"),
    ]
    assert found.average_age == "—"
