"""An import is taken back within a day, but not what others have built on."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, Forbidden
from portal.joining.models import Application, ApplicationState
from portal.joining.workflow import JOINING
from portal.members import filing, history
from portal.members.activation.service import Claim, activate
from portal.members.enums import PostKind
from portal.members.importing import service, undoing
from portal.members.importing.models import Import, ImportState
from portal.members.models import SHARED, Member, MembershipChange, MemberVersion, NumberCounter, UnionPost
from portal.members.printing import Papers
from portal.org.models import User
from portal.org.permissions import Role
from tests import factories
from tests.conftest import PROOF
from tests.members.importing.lists import a_historic, bring, commit, content, everybody, judged, line

WHEN_AND_WHY = {"id", "recorded_at", "recorded_by", "reason", "batch_id"}  # of a version


def undo(actor: User, item: Import) -> Import:
    number = item.id
    db.session.commit()
    done = undoing.undo(actor, number)
    db.session.commit()
    db.session.expire_all()
    return done


def kept(item: Import) -> dict[int, str]:
    return {row.number: row.kept_reason for row in judged(item) if row.kept_reason}


def imported(actor, unit, *rows, **wish) -> Import:
    return commit(actor, bring(actor, unit, *rows, **wish))


def update_of(member: Member, **cells: str) -> dict[str, str]:
    return line({"name": member.name, "id_number": member.id_number}, **(cells or {"备注": "导入的"}))


def test_a_thousand_updates_are_restored_but_for_three_edited_since(tree, union):
    count, edited = (1000, 3) if PROOF else (60, 3)
    members = [
        factories.make_member(tree["a"], remark=f"原来的{number}", education="21", home_address="迎宾路一号")
        for number in range(count)
    ]
    before = [content(one) for one in members]
    tables = whole(Member), whole(MemberVersion)
    rows = [
        update_of(one, 备注="导入的", 学历="博士", 手机号码=f"137{number:08d}", 现住址="新街二号", 工资="5000")
        for number, one in enumerate(members)
    ]
    item = imported(union, tree["root"], *rows)
    db.session.expire_all()
    assert [content(one) == old for one, old in zip(members, before, strict=True)] == [False] * count
    for one in members[:edited]:
        history.write(one, {"remark": "后来改的"}, union, reason="工会修改")
    later = [content(one) for one in members[:edited]]

    undo(union, item)

    assert item.state is ImportState.UNDONE
    assert [content(one) for one in members[edited:]] == before[edited:]
    assert [content(one) for one in members[:edited]] == later
    assert list(kept(item)) == [2, 3, 4]
    assert all(f"导入后由{union.label}于" in why for why in kept(item).values())
    rows_shown, total = service.rows(union, item, only=service.KEPT)
    assert [(row.name, row.kept_reason) for row in rows_shown] == list(
        zip((one.name for one in members), kept(item).values(), strict=False)
    )
    assert total == undoing.kept_count(item) == edited
    for one in members:
        assert content(one) == content_of_present(one)
    assert_restored([one.id for one in members[edited:]], *tables)


def whole(model: type[Member] | type[MemberVersion]) -> dict[int, dict[str, Any]]:
    """Return every column of every row by its number, sealed ones opened."""
    rows = db.session.execute(select(model.__table__)).mappings()
    return {
        row["id"]: {name: value for name, value in row.items() if not name.endswith("_sealed")} | history.opened(row)
        for row in rows
    }


def assert_restored(ids: list[int], members: dict[int, dict[str, Any]], versions: dict[int, dict[str, Any]]) -> None:
    """Of these members every column of both tables is as it was: nothing is lost, and only what was done is added."""
    assert ids
    now_members, now_versions = whole(Member), whole(MemberVersion)
    assert [one for one in ids if now_members[one] != members[one]] == []
    present = {row["member_id"]: row for row in now_versions.values() if row["superseded_at"] is None}
    for number, was in versions.items():
        if was["member_id"] not in ids:
            continue
        old, new = now_versions[number], present[was["member_id"]]
        assert old | {"superseded_at": None} == was
        assert {name for name, value in was.items() if new[name] != value} == WHEN_AND_WHY


def content_of_present(member: Member) -> dict[str, object]:
    """What the member would be by her present version alone."""
    version = history.present_version(member)
    sealed_and_plain = content(member)
    held = history.opened({name: getattr(version, name) for name in SHARED})
    return sealed_and_plain | held | {"unit_id": version.unit_id}


def test_the_versions_tell_what_happened(tree, union):
    member = factories.make_member(tree["a"])
    first = history.present_version(member).id
    item = imported(union, tree["root"], update_of(member))

    undo(union, item)

    assert [one.reason for one in member.versions] == ["入会", "批量导入", "撤销批量导入"]
    assert [one.superseded_at is None for one in member.versions] == [False, False, True]
    assert history.differing(db.session.get_one(MemberVersion, first), history.present_version(member)) == ()


def test_on_the_next_day_the_past_stays_as_it_was_known(tree, union):
    member = factories.make_member(tree["a"])
    with time_machine.travel(now() + timedelta(days=2)):
        item = imported(union, tree["root"], update_of(member))
    with time_machine.travel(now() + timedelta(days=2, hours=20)):
        undo(union, item)
    assert member.remark is None


def test_members_that_the_import_made_are_removed_and_their_numbers_given_anew(tree, union):
    stays = factories.make_member(tree["a"])
    item = imported(union, tree["root"], line(a_historic()), line(a_historic()), is_historic=True)
    numbers = [one.member_no for one in everybody()]

    undo(union, item)

    assert everybody() == [stays]
    assert {row.member_id for row in db.session.scalars(select(MemberVersion))} == {stays.id}
    assert {row.member_id for row in db.session.scalars(select(MembershipChange))} == {stays.id}
    again = imported(union, tree["root"], line(a_historic()), line(a_historic()), is_historic=True)
    assert [one.member_no for one in everybody()] == numbers
    assert again.numbers == item.numbers


def test_members_who_have_gone_on_stay_and_say_why(tree, union):
    people = [a_historic() for _ in range(6)]
    item = imported(union, tree["root"], *(line(person) for person in people), is_historic=True)
    edited, active, printed, posted, used, free = everybody()
    history.write(edited, {"remark": "补充"}, union, reason="工会修改")
    filing.keep_prints(
        union, [(printed.id, printed.unit_id)], print_id=printed.uuid, papers=Papers.REGISTRATION, at_joining=False,
        of_batch=False,
    )  # fmt: skip
    db.session.add(UnionPost(member=posted, kind=PostKind.GROUP_LEADER, unit_id=posted.unit_id, starts=today()))
    member_no = used.member_no
    db.session.commit()
    activate(
        Claim(people[1].values["staff_no"], people[1].id_number, people[1].values["mobile"]),
        "海上明月共潮生 88",
        "海上明月共潮生 88",
    )
    db.session.commit()
    later = bring(union, tree["root"], line({"name": used.name, "member_no": member_no}, 备注="又一次"))
    commit(union, later)

    undo(union, item)

    assert kept(item) == {
        2: kept(item)[2],
        3: undoing.ACCOUNT,
        4: undoing.HANGS,
        5: undoing.HANGS,
        6: kept(item)[6],
    }
    assert "修改过" in kept(item)[2]
    assert "修改过" in kept(item)[6]
    assert everybody() == [edited, active, printed, posted, used]
    assert free not in everybody()
    [counter] = db.session.scalars(select(NumberCounter).where(NumberCounter.scope == "member_no:GH:2020"))
    assert counter.value == 6  # numbers in use: none is given again


def test_applications_are_withdrawn_but_for_those_in_hand(tree, union, user_as):
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    item = imported(union, tree["root"], line(factories.a_person()), line(factories.a_person()))
    first, second = db.session.scalars(select(Application).order_by(Application.id))
    JOINING.fire(second, "agree", chair)

    undo(union, item)

    assert (first.state, second.state) == (ApplicationState.WITHDRAWN, ApplicationState.BRANCH_OK)
    assert kept(item) == {3: "这份入会申请在导入后已有人办理"}
    shown, _ = service.rows(union, item, only=service.KEPT)
    assert [row.name for row in shown] == [second.name]


def test_what_cannot_be_given_back_stays(tree, union):
    member = factories.make_member(tree["a"], staff_no="T7770001")
    item = imported(union, tree["root"], update_of(member, 工号="T7770002"))
    factories.make_member(tree["b"], staff_no="T7770001")

    undo(union, item)

    assert kept(item) == {2: undoing.STAFF_NO_TAKEN}
    assert member.staff_no == "T7770002"


def test_a_corrected_document_comes_back_too(tree, union):
    member = factories.make_member(tree["a"])
    said, number = content(member), member.id_number
    fresh = factories.id_number(birth=member.birth_date, sex=member.sex)
    row = {"姓名": member.name, "会员证号": member.member_no, "证件号码": fresh}

    item = imported(union, tree["root"], row)
    db.session.expire_all()
    assert member.id_number == fresh

    undo(union, item)

    assert (member.id_number, content(member)) == (number, said)


def test_an_undo_leaves_one_trace_and_happens_once_within_a_day(tree, union):
    member = factories.make_member(tree["a"])
    item = imported(union, tree["root"], update_of(member))
    late = imported(union, tree["root"], update_of(member, 备注="更晚的"))

    undo(union, late)

    [event] = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "import.undo"))
    assert (event.details["undone"], event.details["kept"], event.details["import"]) == (1, 0, late.batch_id)
    with pytest.raises(Conflict, match="已撤销"):
        undo(union, late)
    db.session.rollback()
    with time_machine.travel(now() + timedelta(hours=25)), pytest.raises(Conflict, match="24 小时"):
        undo(union, item)


def test_history_is_undone_by_the_union_alone(tree, union, clerk, user_as):
    colleague = user_as(Role.UNION_OPERATOR, tree["root"])
    item = imported(union, tree["root"], line(a_historic()), is_historic=True)

    with pytest.raises(Absent):
        undo(clerk, item)
    db.session.rollback()
    undo(colleague, item)

    assert (everybody(), item.undoer) == ([], colleague)


def test_who_lost_the_right_to_history_does_not_undo_it(tree, union):
    item = imported(union, tree["root"], line(a_historic()), is_historic=True)
    union.grants[0].role = Role.BRANCH_OPERATOR
    db.session.commit()

    with pytest.raises(Forbidden):
        undo(union, item)


# --- what the clock forgets -------------------------------------------------------------------------------------------


def test_previews_of_yesterday_end_with_their_rows_and_files(tree, union, prepared):
    old = bring(union, tree["root"], line(factories.a_person()))
    done = imported(union, tree["root"], line(factories.a_person()))
    folder = prepared.instance / "uploads"
    assert len(list(folder.iterdir())) == 2

    with time_machine.travel(now() + timedelta(hours=25)):
        fresh = bring(union, tree["root"], line(factories.a_person()))
        assert service.expire() == 1
        db.session.commit()

    db.session.expire_all()
    assert (old.state, old.said, judged(old), old.upload_id) == (ImportState.EXPIRED, None, [], None)
    assert (done.state, fresh.state) == (ImportState.IMPORTED, ImportState.PREVIEW)
    assert len(list(folder.iterdir())) == 2

    with time_machine.travel(now() + timedelta(days=8)):
        service.expire()
        db.session.commit()

    db.session.expire_all()
    assert [row.data for row in judged(done)] == [None]
    assert list(folder.iterdir()) == []
    shown, total = service.rows(union, done)
    assert (total, [row.verdict.label for row in shown]) == (1, ["新增"])
