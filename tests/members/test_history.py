"""Any field as of any day: versions against a plain reading of what was edited when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.db import OPEN_END, db
from portal.members import history
from portal.members.models import ChildBirth, MemberVersion
from tests import factories

FIRST_DAY = date(2026, 3, 1)

VALUES = {
    "department": st.sampled_from(["教务处", "财务处", "图书馆", None]),
    "mobile": st.sampled_from(["13800000001", "13900000002", None]),
    "marital_status": st.sampled_from(["10", "21", "40", None]),
    "family_members": st.sampled_from([None, [], [{"relation": "51", "name": "王父"}]]),
    "hobbies": st.sampled_from([None, ["01"], ["01", "02"]]),
    "dues_base": st.sampled_from([None, "5200.00", "6100.50"]),
}
one_edit = st.fixed_dictionaries({}, optional=VALUES)
edits = st.lists(st.tuples(st.integers(0, 40), one_edit), max_size=12).map(
    lambda pairs: sorted(pairs, key=lambda pair: pair[0])
)


def noon(day: date) -> datetime:
    """Return noon in Shanghai on `day`."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


@given(edits=edits)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_day_reads_as_a_plain_list_of_edits_tells(tree, edits):
    person = factories.a_person()
    told: dict[date, dict] = {}
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = history.begin(person.values, tree["a"], SHELL, reason="入会")
    now_holds = {name: person.values.get(name) for name in VALUES}
    told[FIRST_DAY] = dict(now_holds)
    for offset, values in edits:
        day = FIRST_DAY + timedelta(days=offset)
        with time_machine.travel(noon(day), tick=False):
            history.write(member, values, SHELL, reason="修改")
        now_holds |= values
        told[day] = dict(now_holds)

    assert history.version_on(member, FIRST_DAY - timedelta(days=1)) is None
    expected = told[FIRST_DAY]
    for offset in range(45):
        day = FIRST_DAY + timedelta(days=offset)
        expected = told.get(day, expected)
        version = history.version_on(member, day)
        assert {name: history.value_of(version, name) for name in VALUES} == expected
    assert {name: history.value_of(member, name) for name in VALUES} == expected

    rows = sorted(
        (v for v in db.session.query(MemberVersion).filter_by(member_id=member.id) if v.superseded_at is None),
        key=lambda v: v.valid_from,
    )
    assert (rows[0].valid_from, rows[-1].valid_to) == (FIRST_DAY, OPEN_END)
    assert [row.valid_to for row in rows[:-1]] == [row.valid_from for row in rows[1:]]


def test_nothing_changed_leaves_no_version_and_no_trace(tree):
    member = history.begin(factories.a_person(department="教务处").values, tree["a"], SHELL, reason="入会")

    assert history.write(member, {"department": "教务处", "degree": None, "remark": ""}, SHELL, reason="修改") is None
    assert [event.action for event in audit.events_of(member)] == ["member.begin"]


def test_a_second_edit_of_a_day_keeps_the_first_as_superseded(tree):
    with time_machine.travel(noon(FIRST_DAY)):
        member = history.begin(factories.a_person().values, tree["a"], SHELL, reason="入会")
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=3))):
        first = history.write(member, {"department": "财务处"}, SHELL, reason="调动")
        second = history.write(member, {"department": "图书馆"}, SHELL, reason="更正")

    assert (first.superseded_at is None, second.superseded_at) == (False, None)
    assert history.version_on(member, FIRST_DAY + timedelta(days=3)) is second
    assert [edit.names for edit in history.edits_of(member)] == [(), ("department",), ("department",)]


def test_a_clock_set_back_does_not_turn_the_order_round(tree):
    with time_machine.travel(noon(FIRST_DAY)):
        member = history.begin(factories.a_person().values, tree["a"], SHELL, reason="入会")
    with time_machine.travel(noon(FIRST_DAY - timedelta(days=2))):
        version = history.write(member, {"department": "财务处"}, SHELL, reason="调动")

    assert (version.valid_from, version.valid_to) == (FIRST_DAY, OPEN_END)


def test_what_is_derived_follows(tree):
    member = history.begin(
        factories.a_person(name="曾晓梅", prof_title="012").values,
        tree["a"],
        SHELL,
        reason="入会",
    )
    derived = (member.name_pinyin, member.name_initials, member.name_plain, member.title_level)

    history.write(
        member,
        {
            "name": "买买提·吐尔逊",
            "prof_title": "011",
            "children": [{"name": "小宝", "sex": "1", "birth_date": "2015-06-01"}],
        },
        SHELL,
        reason="更正",
    )

    assert derived == ("zengxiaomei", "zxm", "曾晓梅", "412")
    assert (member.name_plain, member.title_level) == ("买买提吐尔逊", "411")
    births = db.session.query(ChildBirth).filter_by(member_id=member.id).all()
    assert [(birth.birth_date, birth.sex) for birth in births] == [(date(2015, 6, 1), "1")]
    history.write(member, {"children": []}, SHELL, reason="更正")
    assert db.session.query(ChildBirth).filter_by(member_id=member.id).all() == []


def test_the_branch_is_a_column_with_history(tree):
    with time_machine.travel(noon(FIRST_DAY)):
        member = history.begin(factories.a_person().values, tree["a"], SHELL, reason="入会")
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=9))):
        history.write(member, {"branch": tree["b"]}, SHELL, reason="校内转会")

    assert (member.unit, history.version_on(member, FIRST_DAY).unit) == (tree["b"], tree["a"])
    assert history.edits_of(member)[-1].names == ("branch",)


def test_no_sealed_secret_or_family_value_reaches_the_trace(tree):
    person = factories.a_person()
    member = history.begin(person.values, tree["a"], SHELL, reason="入会")
    other = factories.id_number()
    values = {
        "id_number": other,
        "mobile": "13700009876",
        "dues_base": "7654.32",
        "home_address": "金丝雀路一号",
        "family_planning_text": "金丝雀证",
        "marital_status": "40",
        "children_count": 7,
        "spouse": {"name": "金丝雀"},
        "family_members": [{"relation": "51", "name": "金丝雀"}],
        "children": [{"name": "金丝雀"}],
        "resume": [{"start": "2001-01", "end": None, "place": "金丝雀大学"}],
        "honors": [{"title": "金丝雀奖"}],
        "department": "财务处",
    }

    history.write(member, values, SHELL, reason="更正")

    changes = audit.events_of(member)[-1].changes
    written = str(changes)
    assert set(changes) == set(values)
    assert changes["department"] == ["教务处", "财务处"]
    assert changes["mobile"] == ["*" * 7 + person.values["mobile"][-4:], "*******9876"]
    assert changes["id_number"][1] == "*" * 14 + other[-4:]
    for canary in ("金丝雀", other, person.id_number, "13700009876", "7654", "离婚", "40"):
        assert canary not in written.replace(other[-4:], "").replace(person.id_number[-4:], "")


def test_an_unknown_column_is_a_mistake(tree):
    with pytest.raises(KeyError, match="id_index"):
        history.begin(factories.a_person().values | {"id_index": "x"}, tree["a"], SHELL, reason="入会")
