"""Two dates: who has come, who has gone, and the reason of each, without a word from beyond one's own part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine

from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.query.conditions import QueryError
from portal.query.definitions import dates
from portal.query.definitions.presets import BY_KEY
from tests.query.definitions import seeded
from tests.query.people import noon

TOMORROW = date(2026, 11, 22)


@pytest.fixture
def people(tree: dict[str, OrgUnit]) -> Iterator[dict[str, Any]]:
    """The thirteen, a day later: a title has risen, and somebody has moved and had another child."""
    found = seeded.seed(tree)
    with time_machine.travel(noon(TOMORROW), tick=False):
        history.write(found["C"], {"title_level": "412"}, SHELL, reason="晋升")
        history.write(found["M"], {"branch": tree["b"], "children_count": 3}, SHELL, reason="调动")
        db.session.commit()
        yield found


def told(actor: User, key: str, since: date | None, **given: str) -> tuple[list[tuple[str, str]], ...]:
    """Return who came and who went, each with the reason."""
    found = dates.compared(actor, BY_KEY[key], given, since)
    return tuple([(one.name, one.reason) for one in side] for side in (found.more, found.fewer))


def test_who_joined_retired_left_and_died_is_told(tree, people, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    found = dates.compared(clerk, BY_KEY["q1"], {"as_of": "2026-11-21"}, date(2026, 2, 28))

    assert (found.numbers, found.came, found.went) == ((11, 9), 1, 3)
    assert [(one.name, one.reason, one.id) for one in found.more] == [
        ("卫雨桐", "入会（2026年9月1日）", people["L"].id)
    ]
    assert [(one.name, one.reason) for one in found.fewer] == [
        ("郑文博", "保留会籍（2026年3月1日，退休）"),
        ("王明哲", "去世（2026年11月5日，去世）"),
        ("褚秀兰", "退会（2026年5月1日，个人要求退会）"),
    ]


def test_a_birthday_is_a_reason(tree, people, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    came, went = told(clerk, "q2", date(2026, 11, 20), as_of="2026-11-21")

    assert (came, went) == ([], [("赵晓梅", "年龄由 44 变为 45")])


def test_a_changed_field_is_told_with_its_day(tree, people, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    came, went = told(clerk, "q4", date(2026, 11, 21), as_of="2026-11-22")

    assert (came, went) == ([("孙子轩", "职称级别由“中级”改为“副高”（2026年11月22日）")], [])


def test_each_branch_is_told_of_a_move_and_nothing_from_the_other(tree, people, user_as) -> None:
    giving, taking = user_as(Role.BRANCH_CHAIR, tree["a"]), user_as(Role.BRANCH_CHAIR, tree["b"])

    left = dates.compared(giving, BY_KEY["q9"], {}, date(2026, 11, 21))
    come = dates.compared(taking, BY_KEY["q9"], {}, date(2026, 11, 21))

    assert [(one.name, one.reason, one.id) for one in left.fewer] == [("蒋文博", "转出到机械工程学院分工会", None)]
    assert [(one.name, one.reason, one.id) for one in come.more] == [
        ("蒋文博", "由外国语学院分工会转入", people["M"].id)
    ]
    assert (left.more, come.fewer) == ((), ())


def test_the_first_day_is_the_end_of_last_month_unless_said(tree, people, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    found = dates.compared(clerk, BY_KEY["q1"], {}, None)

    assert (found.before.asked.day, found.after.asked.day) == (date(2026, 10, 31), TOMORROW)
    assert [one.name for one in found.fewer] == ["王明哲"]


def test_both_days_have_the_same_answers_in_the_blanks(tree, people, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    found = dates.compared(clerk, BY_KEY["q16"], {}, date(2026, 1, 31))

    assert found.before.answers == found.after.answers == {"first": "2026-11", "last": "2027-04"}


def test_days_out_of_order_are_refused(tree, people, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    with pytest.raises(QueryError, match="“上次日期”应早于“截至日期”"):
        dates.compared(clerk, BY_KEY["q1"], {"as_of": "2026-11-01"}, date(2026, 11, 1))


def test_who_has_no_record_of_the_first_day_is_counted_apart(tree, people, user_as) -> None:
    clerk = user_as(Role.UNION_OPERATOR, tree["root"])

    found = dates.compared(clerk, BY_KEY["q1"], {"as_of": "2026-02-28"}, date(2025, 1, 1))

    assert (found.numbers, found.unknown) == ((0, 11), 13)
    assert {one.reason for one in found.more} == {"档案自2025年1月10日起有记录"}
