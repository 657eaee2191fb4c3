"""A unit on one page: every number is what plain Python counts, names stand in order, one click from the first page."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from portal.core.calendar import today
from portal.org.permissions import Role
from portal.query import conditions
from portal.query.figures import overview
from portal.query.figures.reports import Wish
from tests.client import links, words
from tests.query import oracle
from tests.query.people import PAST, noon, populate

TODAY = date(2026, 2, 28)


def cells_of(found):
    pairs = [cell for one in found.pyramid for cell in (one.men, one.women)]
    bars = [bar.cell for _, _, bars in found.charts for bar in bars]
    return [tile.cell for tile in found.tiles] + pairs + bars + [people.cell for people in found.lists]


@pytest.mark.parametrize("day", [TODAY, PAST])
def test_every_number_is_what_plain_python_counts(tree, user_as, day):
    people = populate(tree, 60)
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    known = people.past if day == PAST else people.now
    with time_machine.travel(noon(TODAY), tick=False):
        found = overview.overview(chair, Wish(tree["a"], day))

    def number_of(where):
        question = conditions.plain(where)
        return sum(
            one["branch"] == tree["a"].code and oracle.matches(question, one, day, people.within)
            for one in known.values()
        )

    cells = cells_of(found)
    assert [cell.number for cell in cells] == [number_of(cell.where) for cell in cells]
    members = found.tiles[0].cell.number
    assert members > 5
    by_name = {name: bars for name, _, bars in found.charts}
    for name in ("titles", "education", "sex", "filled"):
        assert sum(bar.cell.number for bar in by_name[name]) == members
        assert sum(round(float(bar.share) * 10) for bar in by_name[name]) == 1000
        assert max(bar.length for bar in by_name[name]) == 100
    unknown = by_name["sex"][2].cell.number
    assert sum(one.men.number + one.women.number for one in found.pyramid) == members - unknown
    question = conditions.plain(found.tiles[0].cell.where)
    everybody = [one for one in known.values() if oracle.matches(question, one, day, people.within)]
    filled = sum(oracle.value_of(one, "completeness", day) for one in everybody)
    assert found.filled == f"{filled * 100 / (44 * members):.1f}%"
    assert [cell.number for cell in found.month.totals.cells][-1] == members
    for people_of in found.lists:
        assert len(people_of.names) == min(people_of.cell.number, overview.MOST_NAMES)
        assert [overview._in_order(one.words) for one in people_of.names] == sorted(
            overview._in_order(one.words) for one in people_of.names
        )


def test_a_coming_day_has_no_month_and_a_far_one_is_refused(tree, user_as, client_of):
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])

    assert overview.overview(chair, Wish(tree["a"], today() + timedelta(days=40))).month is None
    page = client_of(chair).get("/query/overview?as_of=2100-12-01")
    assert (page.status_code, "年份不合理" in words(page.text)) == (422, True)


def test_one_click_from_the_first_page_and_each_number_opens_its_people(tree, user_as, client_of):
    populate(tree, 40)
    chair, union = (client_of(user_as(*one)) for one in (
        (Role.BRANCH_CHAIR, tree["a"]), (Role.UNION_OPERATOR, tree["root"])
    ))  # fmt: skip

    assert "/query/overview" in links(chair.get("/").text)
    page = chair.get("/query/overview")
    assert tree["a"].name + "一览" in words(page.text)
    first = next(link for link in links(page.text) if link.startswith("/query/?q="))
    assert "查到" in words(chair.get(first).text)
    assert chair.get("/query/overview?unit=GH02").status_code == 404
    other = union.get("/query/overview?unit=GH02")
    assert tree["b"].name + "一览" in words(other.text)
    assert "/query/overview" not in links(client_of(user_as()).get("/").text)
