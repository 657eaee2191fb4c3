"""Random questions by every kind of operator against plain Python over the same people: who, how many, of each."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
import time_machine

from portal.core.db import db
from portal.org.permissions import Role
from portal.query import asking, conditions, sentence
from portal.query.asking import Asked
from tests.conftest import PROOF
from tests.query import oracle
from tests.query.asked import Asker
from tests.query.people import PAST, noon, populate

TODAY = date(2026, 2, 28)
NUMBER = 300 if PROOF else 90
QUESTIONS = 2000 if PROOF else 200
GROUPED = ("sex", "title_level", "marital_status", "counted_here")


@pytest.fixture
def offices(tree, user_as):
    """Who asks, and which units they see."""
    return [
        (user_as(Role.UNION_OPERATOR, tree["root"]), {"root", "a", "b", "closed"}),
        (user_as(Role.UNION_CHAIR, tree["root"]), {"root", "a", "b", "closed"}),
        (user_as(Role.BRANCH_OPERATOR, tree["a"]), {"a"}),
        (user_as(Role.BRANCH_CHAIR, tree["b"]), {"b"}),
    ]


def test_random_questions_find_whom_plain_python_finds(tree, offices):
    people = populate(tree, NUMBER)
    asker = Asker(people, seed=5)
    found_somebody = 0
    with time_machine.travel(noon(TODAY), tick=False):
        for serial in range(QUESTIONS):
            actor, keys = offices[serial % len(offices)]
            visible = {tree[key].code for key in keys}
            day, known = ((TODAY, people.now), (PAST, people.past), (date(2031, 7, 1), people.now))[serial % 3]
            question = asker.question()
            expected = {
                number
                for number, person in known.items()
                if person["branch"] in visible and oracle.matches(question, person, day, people.within)
            }
            asked = Asked(conditions.parse(question), day)

            assert set(asking.ids(actor, asked)) == expected, (question, day)
            assert asking.count(actor, asked) == len(expected)
            by = GROUPED[serial % len(GROUPED)]
            groups = Counter(known[number].get(by) for number in expected)
            assert {group.codes[0]: group.number for group in asking.grouped(actor, asked, [by])} == {
                None if code is None else str(int(code)) if isinstance(code, bool) else code: number
                for code, number in groups.items()
            }
            assert conditions.plain(sentence.parse(sentence.reading(asked.where))) == question
            found_somebody += bool(expected)
        db.session.rollback()

    assert found_somebody > QUESTIONS // 3  # else nothing was compared
