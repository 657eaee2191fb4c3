"""What was previewed is written whole or not at all, as it was seen, and never against what others did since."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import now, today
from portal.core.db import OPEN_END, db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.notices import Notice
from portal.joining import entry
from portal.joining.models import Application, ApplicationState
from portal.joining.proof import entry_of
from portal.joining.workflow import JOINING
from portal.members import history
from portal.members import service as members
from portal.members.activation.service import Claim, activate
from portal.members.enums import ChangeReason, ChangeType
from portal.members.importing.models import ImportState, Verdict
from portal.members.models import Member, MemberVersion, NumberCounter
from portal.org.permissions import Role
from tests import doors, factories
from tests.members.importing.lists import JOINED, a_historic, bring, commit, content, everybody, judged, line

V = Verdict


def applications() -> list[Application]:
    return list(db.session.scalars(select(Application).order_by(Application.id)))


def acts(batch_id: str) -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).where(AuditEvent.batch_id == batch_id)))


def test_new_people_become_applications_that_wait_for_their_word(tree, union, user_as):
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    person = factories.a_person()
    item = bring(union, tree["root"], line(person, 用工形式="事业编制"))

    commit(union, item)

    [form] = applications()
    assert (form.state, form.unit, form.name) == (ApplicationState.SUBMITTED, tree["a"], person.name)
    assert (form.data["id_number"], form.data["employment_form"]) == (person.id_number, "1")
    held = entry_of(form)
    assert held is not None
    assert (held.operator, held.is_proven) == (union, False)
    assert everybody() == []
    assert [row.application_id for row in judged(item)] == [form.id]
    JOINING.fire(form, "agree", chair)
    with pytest.raises(DomainError, match="本人签字的申请表"):
        JOINING.fire(form, "approve", union, study_date=today())
    db.session.rollback()
    told = db.session.scalars(select(Notice.title).where(Notice.user_id == chair.id)).all()
    assert told == [f"{union.label}导入了 1 份加入外国语学院分工会的入会申请，请给出分工会意见"]


def test_an_imported_application_is_proven_and_approved_as_any_other(tree, union, user_as):
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    person = factories.a_person()
    commit(union, bring(union, tree["root"], line(person)))
    [form] = applications()
    number = form.id
    scan = entry.keep_scan(union, doors.scan())
    entry.add_evidence(union, number, scan)
    db.session.commit()

    JOINING.fire(form, "agree", chair)
    JOINING.fire(form, "approve", union, study_date=today())
    db.session.commit()

    [member] = everybody()
    assert (member.name, member.unit, member.id_number) == (person.name, tree["a"], person.id_number)


def test_history_makes_members_at_once_with_their_own_day_and_number(tree, union):
    own, numbered = a_historic(member_no="老证-007"), a_historic()
    item = bring(union, tree["root"], line(own), line(numbered, "GH02"), is_historic=True)

    commit(union, item)

    first, second = everybody()
    assert (first.member_no, second.member_no) == ("老证-007", "GH-2020-00001")
    assert [one.join_date for one in (first, second)] == [JOINED, JOINED]
    assert [one.unit for one in (first, second)] == [tree["a"], tree["b"]]
    assert (first.membership_status, first.employment_status, first.user_id) == ("active", "1", None)
    for member in (first, second):
        [version] = member.versions
        assert (version.valid_from, version.valid_to, version.batch_id) == (JOINED, OPEN_END, item.batch_id)
        assert [(one.kind, one.on_date, one.to_unit_id) for one in member.changes] == [
            (ChangeType.JOINED, JOINED, member.unit_id)
        ]
    assert [row.version_after for row in judged(item)] == [history.present_version(one).id for one in (first, second)]
    assert applications() == []


def test_one_import_leaves_one_trace(tree, union):
    member = factories.make_member(tree["a"])
    rows = [line(a_historic()) for _ in range(3)]
    item = bring(
        union, tree["root"], *rows, line({"name": member.name, "id_number": member.id_number}, 备注="新"),
        is_historic=True,
    )  # fmt: skip

    commit(union, item)

    assert acts(item.batch_id) == ["import.commit"]
    [event] = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "import.commit"))
    assert (event.actor_label, event.details["new"], event.details["update"]) == (union.label, 3, 1)


def test_numbers_that_are_brought_are_never_given_again(tree, union):
    brought = a_historic(member_no="GH-2020-00005")
    commit(union, bring(union, tree["root"], line(a_historic()), line(brought), is_historic=True))

    commit(union, bring(union, tree["root"], line(a_historic()), is_historic=True))

    assert sorted(one.member_no for one in everybody()) == ["GH-2020-00005", "GH-2020-00006", "GH-2020-00007"]
    member = factories.make_member(tree["b"], join_date=today())
    assert member.member_no == f"GH-{today().year}-00001"


def test_who_has_retired_keeps_her_membership_from_the_day_that_is_written(tree, union):
    left = JOINED + timedelta(days=900)
    known = a_historic()
    unknown = a_historic()
    item = bring(
        union, tree["root"],
        line(known, 就业状况="退休", 会籍变化类型="保留会籍", 会籍变化日期=left.isoformat()),
        line(unknown, 就业状况="离休"),
        is_historic=True,
    )  # fmt: skip

    commit(union, item)

    first, second = everybody()
    assert [one.membership_status for one in (first, second)] == ["retained", "retained"]
    assert [(one.valid_from, one.membership_status) for one in first.versions] == [
        (JOINED, "active"),
        (left, "retained"),
    ]
    lines = [(one.kind, one.on_date, one.reason) for one in first.changes]
    assert lines == [(ChangeType.JOINED, JOINED, None), (ChangeType.RETAINED, left, ChangeReason.RETIRED)]
    assert [one.valid_from for one in second.versions] == [JOINED, today()]
    assert second.changes[1].reason is ChangeReason.VETERAN_RETIRED


def test_an_imported_member_sets_her_own_password(tree, union):
    person = a_historic()
    commit(union, bring(union, tree["root"], line(person), is_historic=True))

    name = activate(
        Claim(person.values["staff_no"], person.id_number, person.values["mobile"]),
        "海上明月共潮生 88",
        "海上明月共潮生 88",
    )
    db.session.commit()

    [member] = everybody()
    assert (name, member.user.username) == (person.values["staff_no"], person.values["staff_no"])


def test_updates_are_written_with_their_versions_and_the_member_is_told(tree, union):
    member = factories.make_member(tree["a"], mobile="13912345678")
    before = history.present_version(member)
    item = bring(
        union,
        tree["root"],
        line({"name": member.name, "id_number": member.id_number}, 手机号码="13812345678", 学历="博士"),
    )

    commit(union, item)

    db.session.expire_all()
    assert (member.mobile, member.education) == ("13812345678", "11")
    after = history.present_version(member)
    assert (after.batch_id, after.recorder, after.mobile) == (item.batch_id, union, "13812345678")
    assert before.superseded_at is not None  # the last edit of a day wins
    assert [(row.version_before, row.version_after) for row in judged(item)] == [(before.id, after.id)]
    told = db.session.scalars(select(Notice).where(Notice.user_id == member.user_id).order_by(Notice.id.desc())).first()
    assert told is not None
    assert (told.title, told.body) == (f"您的会员信息已由 {union.label} 修改", "修改的内容：学历（文化程度）、手机号码")


def test_an_empty_cell_clears_nothing(tree, union):
    member = factories.make_member(tree["a"], home_address="迎宾路一号", education="21")
    said = content(member)

    commit(
        union,
        bring(
            union,
            tree["root"],
            line({"name": member.name, "id_number": member.id_number}, 现住址="", 学历="/", 备注="新"),
        ),
    )

    db.session.expire_all()
    assert content(member) == said | {"remark": "新"}


def test_while_a_row_is_wrong_nothing_is_written_unless_that_is_chosen(tree, union):
    right, wrong = factories.a_person(), factories.a_person(mobile="123")
    item = bring(union, tree["root"], line(right), line(wrong))

    with pytest.raises(DomainError, match="有 1 行错误"):
        commit(union, item)
    db.session.rollback()
    assert applications() == []

    commit(union, item, only_right=True)
    assert [form.name for form in applications()] == [right.name]
    assert (item.state, item.counts["new"], item.counts["error"]) == (ImportState.IMPORTED, 1, 1)


@pytest.mark.parametrize("historic", [False, True])
def test_a_competing_change_refuses_the_rows_touched_and_nothing_is_written(tree, union, historic):
    member = factories.make_member(tree["a"])
    quiet = factories.make_member(tree["a"])
    meanwhile = a_historic()
    item = bring(
        union, tree["root"],
        line({"name": member.name, "id_number": member.id_number}, 备注="新"),
        line({"name": quiet.name, "id_number": quiet.id_number}, 备注="新"),
        line(meanwhile),
        line(a_historic()),
        is_historic=historic,
    )  # fmt: skip
    history.write(member, {"remark": "别人写的"}, SHELL, reason="测试")
    members.admit(SHELL, unit=tree["b"], values=meanwhile.values, join_date=today())
    db.session.commit()
    before = [content(one) for one in everybody()]

    with pytest.raises(Conflict, match="第 2、4 行（共 2 行）"):
        commit(union, item)
    db.session.rollback()

    assert [content(one) for one in everybody()] == before
    assert applications() == []
    assert item.state is ImportState.PREVIEW


def test_an_application_sent_meanwhile_refuses_its_row(tree, union):
    person = factories.a_person()
    item = bring(union, tree["root"], line(factories.a_person()), line(person))
    factories.make_application(tree["b"], **person.values)

    with pytest.raises(Conflict, match="第 3 行"):
        commit(union, item)


def test_a_staff_number_taken_meanwhile_refuses_its_row(tree, union):
    person = factories.a_person()
    item = bring(union, tree["root"], line(person))
    factories.make_member(tree["b"], staff_no=person.values["staff_no"])

    with pytest.raises(Conflict, match="第 2 行"):
        commit(union, item)


def test_a_branch_closed_meanwhile_refuses_its_rows(tree, union):
    item = bring(union, tree["root"], line(factories.a_person()))
    tree["a"].is_enabled = False
    db.session.commit()

    with pytest.raises(Conflict, match="第 2 行"):
        commit(union, item)


def test_a_right_lost_meanwhile_refuses_what_needs_it(tree, union):
    member = factories.make_member(tree["a"], education="21")
    item = bring(union, tree["root"], line({"name": member.name, "id_number": member.id_number}, 学历="博士"))
    union.grants[0].role = Role.BRANCH_OPERATOR
    db.session.commit()

    with pytest.raises(Conflict, match="第 2 行"):
        commit(union, item)


def test_counts_of_the_preview_are_those_after(tree, union):
    here, elsewhere = factories.make_member(tree["a"]), factories.make_member(tree["b"])
    person, wrong = a_historic(), a_historic(mobile="1")
    rows = [
        line(person), line(person), line(wrong),
        line({"name": here.name, "id_number": here.id_number}, 备注="新"),
        line({"name": elsewhere.name, "id_number": elsewhere.id_number}),
    ]  # fmt: skip
    item = bring(union, tree["root"], *rows, is_historic=True)
    seen = dict(item.counts)
    versions = len(db.session.scalars(select(MemberVersion)).all())

    commit(union, item, only_right=True)

    assert item.counts == seen
    assert (seen["new"], seen["update"], seen["transfer"], seen["duplicate"], seen["error"]) == (1, 1, 1, 1, 1)
    assert len(everybody()) == 2 + seen["new"]
    assert len(db.session.scalars(select(MemberVersion)).all()) == versions + seen["new"] + seen["update"]
    assert [row.verdict for row in judged(item)] == [V.NEW, V.DUPLICATE, V.ERROR, V.UPDATE, V.TRANSFER]


def test_a_preview_is_imported_once_and_within_a_day(tree, union):
    item = bring(union, tree["root"], line(factories.a_person()))
    commit(union, item)
    with pytest.raises(Conflict, match="已导入"):
        commit(union, item)
    db.session.rollback()
    late = bring(union, tree["root"], line(factories.a_person()))

    with time_machine.travel(now() + timedelta(hours=25)), pytest.raises(Conflict, match="24 小时"):
        commit(union, late)


def test_only_its_maker_imports_a_preview(tree, union, user_as):
    colleague = user_as(Role.UNION_OPERATOR, tree["root"])
    item = bring(union, tree["root"], line(factories.a_person()))

    with pytest.raises(Absent):
        commit(colleague, item)


def test_the_number_on_the_button_is_the_number_that_is_written(tree, union):
    item = bring(union, tree["root"], line(factories.a_person()))

    with pytest.raises(Conflict, match="行数"):
        commit(union, item, seen=2)


def test_who_has_left_is_taken_back_by_an_application(tree, union):
    member = factories.make_member(tree["a"])
    history.write(member, {"membership_status": "withdrawn"}, SHELL, reason="退会")

    commit(
        union,
        bring(union, tree["root"], line({"name": member.name, "id_number": member.id_number, "mobile": member.mobile})),
    )

    [form] = applications()
    assert (form.name, form.state) == (member.name, ApplicationState.SUBMITTED)


def test_more_people_than_one_hand_holds(tree, union):
    known = [factories.make_member(tree["a"]) for _ in range(3)]
    rows = [line(a_historic(member_no=f"N{number}")) for number in range(520)]
    rows[515:515] = [line({"name": one.name, "id_number": one.id_number}, 备注="新") for one in known]

    item = commit(union, bring(union, tree["root"], *rows, is_historic=True))

    assert (item.counts["new"], item.counts["update"]) == (520, 3)
    found = db.session.scalars(select(Member).where(Member.member_no.like("N%"))).all()
    by_number = {row.member_id: row.data["values"]["member_no"] for row in judged(item) if row.verdict is V.NEW}
    assert {one.id: one.member_no for one in found} == by_number
    assert db.session.scalars(select(NumberCounter).where(NumberCounter.scope == "member_no:GH:2020")).all() == []
