"""Many members written at once: the same rows as one by one."""

from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import OPEN_END, db, new_uuid
from portal.members import history, many
from portal.members.enums import ChangeReason, ChangeType
from portal.members.models import SHARED, ChildBirth, Member, MembershipChange, MemberVersion
from tests import factories

LONG_AGO = date(2012, 5, 1)


def traced(batch_id: str) -> None:
    """Leave the one trace that the caller leaves, and commit."""
    audit.record(SHELL, "demo.members", batch_id=batch_id)
    db.session.commit()


def begun(tree, *people, since=LONG_AGO, **rest):
    """Begin these people in branch a."""
    batch = new_uuid()
    wanted = [many.Beginning(person.values, tree["a"].id, since, **rest) for person in people]
    written = many.begin(wanted, SHELL, reason="导入", batch_id=batch)
    traced(batch)
    return [db.session.get_one(Member, one.member_id) for one in written]


def content(row) -> dict[str, object]:
    """What a row of members or versions says, ciphertexts opened."""
    return history.opened({name: getattr(row, name) for name in SHARED}) | {"unit_id": row.unit_id}


def test_many_begin_as_one_does(tree):
    canaries = factories.canaries().values
    one = history.begin(canaries, tree["a"], SHELL, reason="导入")
    db.session.flush()
    expected, columns = content(one), (one.name_pinyin, one.name_initials, one.name_plain, one.title_level)
    number, mobile = (one.id_index, one.id_tail_index), (one.mobile_index, one.mobile_tail_index)
    births = [(birth.birth_date, birth.sex) for birth in one.child_births]
    db.session.rollback()

    [member] = begun(tree, factories.Person(canaries))

    assert content(member) == expected
    assert (member.name_pinyin, member.name_initials, member.name_plain, member.title_level) == columns
    assert ((member.id_index, member.id_tail_index), (member.mobile_index, member.mobile_tail_index)) == (
        number,
        mobile,
    )
    assert [(birth.birth_date, birth.sex) for birth in member.child_births] == births
    [version] = member.versions
    assert content(version) == expected
    assert (version.valid_from, version.valid_to, version.reason) == (LONG_AGO, OPEN_END, "导入")


def test_who_has_turned_since_has_two_versions_and_both_lines(tree):
    retired = today() - timedelta(days=100)
    turns = (
        many.Turn(ChangeType.JOINED, LONG_AGO, to_unit_id=tree["a"].id),
        many.Turn(ChangeType.RETAINED, retired, ChangeReason.RETIRED, from_unit_id=tree["a"].id),
    )
    person = factories.a_person(membership_status="retained")

    [member] = begun(tree, person, turns=turns, turned=retired, before={"membership_status": "active"})

    found = [(one.valid_from, one.valid_to, one.membership_status) for one in member.versions]
    assert found == [(LONG_AGO, retired, "active"), (retired, OPEN_END, "retained")]
    lines = [(one.kind, one.on_date, one.reason) for one in member.changes]
    assert lines == [
        (ChangeType.JOINED, LONG_AGO, None),
        (ChangeType.RETAINED, retired, ChangeReason.RETIRED),
    ]


def test_many_written_on_another_day_close_what_held_before(tree):
    members = begun(tree, factories.a_person(), factories.a_person())
    before = [history.present_version(member).id for member in members]
    numbers = [member.id for member in members]
    batch = new_uuid()

    written = many.write(
        {numbers[0]: {"education": "11"}, numbers[1]: {"mobile": "13912345678", "name": "曾晓梅"}},
        SHELL,
        reason="批量修改",
        batch_id=batch,
    )
    traced(batch)

    db.session.expire_all()
    assert [written[number].before for number in numbers] == before
    assert [written[number].after for number in numbers] == [history.present_version(one).id for one in members]
    old, new = members[0].versions
    assert (old.valid_to, old.superseded_at, new.valid_from, new.education) == (today(), None, today(), "11")
    assert members[1].mobile == "13912345678"
    assert members[1].mobile_index == history.indexes_of("mobile", "13912345678")[0]
    assert members[1].name_pinyin == "zengxiaomei"
    for member in members:
        assert content(member) == content(history.present_version(member))


def test_the_last_edit_of_a_day_wins(tree):
    [member] = begun(tree, factories.a_person(), since=today())
    batch = new_uuid()

    many.write({member.id: {"education": "11"}}, SHELL, reason="批量修改", batch_id=batch)
    traced(batch)

    db.session.expire_all()
    old, new = member.versions
    assert old.superseded_at is not None
    assert (old.valid_to, new.valid_from, new.valid_to) == (OPEN_END, today(), OPEN_END)
    assert history.version_on(member, today()) is new


def test_restoring_brings_every_column_back(tree):
    person = factories.canaries().values
    [member] = begun(tree, factories.Person(person))
    first = history.present_version(member)
    said, found_by = content(member), (member.id_index, member.mobile_index, member.name_pinyin)
    batch = new_uuid()
    many.write(
        {member.id: {"mobile": "13912345678", "name": "曾晓梅", "home_address": None, "education": "11"}},
        SHELL,
        reason="批量修改",
        batch_id=batch,
    )
    traced(batch)
    assert content(member) != said

    many.restore({member.id: first.id}, SHELL, reason="撤销", batch_id=new_uuid())
    traced(batch)

    db.session.expire_all()
    assert content(member) == said
    assert (member.id_index, member.mobile_index, member.name_pinyin) == found_by
    assert member.id_number_sealed == first.id_number_sealed
    assert content(history.present_version(member)) == said
    assert [one.reason for one in member.versions] == ["导入", "批量修改", "撤销"]


def test_removing_leaves_nothing(tree):
    turns = (many.Turn(ChangeType.JOINED, LONG_AGO, to_unit_id=tree["a"].id),)
    [gone, stays] = begun(tree, factories.Person(factories.canaries().values), factories.a_person(), turns=turns)
    batch = new_uuid()

    many.remove([gone.id])
    traced(batch)

    db.session.expire_all()
    assert db.session.scalars(select(Member)).all() == [stays]
    for model in (MemberVersion, MembershipChange, ChildBirth):
        assert {row.member_id for row in db.session.scalars(select(model))} <= {stays.id}


def test_a_column_nobody_knows_is_a_mistake_of_ours(tree):
    [member] = begun(tree, factories.a_person())

    with pytest.raises(KeyError, match="shoe_size"):
        many.write({member.id: {"shoe_size": "42"}}, SHELL, reason="", batch_id=new_uuid())

    db.session.rollback()


def test_a_clock_set_back_does_not_turn_the_order_round(tree):
    [member] = begun(tree, factories.a_person(), since=today())
    batch, born = new_uuid(), today()

    with time_machine.travel(born - timedelta(days=3)):
        many.write({member.id: {"education": "11"}}, SHELL, reason="批量修改", batch_id=batch)
        traced(batch)

    db.session.expire_all()
    assert [one.valid_from for one in member.versions] == [born, born]
    assert history.present_version(member).education == "11"
