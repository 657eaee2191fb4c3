"""What is done about findings: by whom, how often, with what trace, and what is left with its sentence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, text

from portal.comparison import rechecking, service, taking
from portal.comparison.matters import service as matters
from portal.comparison.matters.models import Matter, MatterState
from portal.comparison.matters.workflow import MATTERS
from portal.comparison.models import Comparison, Finding, Kind, Outcome
from portal.comparison.taking import Act, Reason
from portal.core import settings
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.notices import Notice
from portal.members import history, many
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.org.models import User
from portal.org.permissions import Role
from portal.org.units import departments
from tests import factories
from tests.comparison.conftest import compare, findings, row_of, sheet, waiting

MORE = ("staff_no", "name", "id_number", "department", "admin_duty", "mobile", "prof_title")


def take(actor: User, item: Comparison, act: Act, *found: Finding, **more) -> taking.Settled:
    """Do it and commit."""
    told = taking.take(actor, item.id, act, [one.id for one in found], **more)
    db.session.commit()
    return told


def why(told: taking.Settled) -> list[str]:
    """Return the sentences about what was left."""
    return [sentence for _, sentence in told.skipped]


def test_who_is_later_learns_who_was_faster(tree, operator, user_as) -> None:
    second = user_as(Role.UNION_OPERATOR, tree["root"], name="后来的")
    gone, also = (factories.make_member(tree["a"]) for _ in range(2))
    stays = factories.make_member(tree["a"])
    item = compare(operator, sheet([row_of(stays)]), tree["root"])
    both = findings(item, Kind.ONLY_HERE)
    take(operator, item, Act.LEAVE, both[0])

    told = take(second, item, Act.IGNORE, *both, reason=Reason.SECONDED)

    assert {gone.id, also.id} == {one.member_id for one in both}
    assert (told.done, why(told)) == (1, ["已由总操作处理"])
    assert [(one.outcome, one.settler.name) for one in both] == [
        (Outcome.MATTER, "总操作"), (Outcome.IGNORED, "后来的"),
    ]  # fmt: skip


def test_one_event_for_many_with_what_was_done(tree, operator) -> None:
    stays = factories.make_member(tree["a"])
    for _ in range(3):
        factories.make_member(tree["a"])
    item = compare(operator, sheet([row_of(stays)]), tree["root"])

    take(operator, item, Act.RETIRE, *findings(item, Kind.ONLY_HERE), note="人事处来函")

    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "comparison.intend")).one()
    assert (event.action_label, event.reason, event.subject_id) == ("比对后转待办", "人事处来函", str(item.id))
    assert event.details == {"lists": ["系统有、名单无"], "done": 3, "skipped": 0}
    assert {one.note for one in db.session.scalars(select(Matter))} == {"人事处来函"}


@pytest.mark.parametrize(
    ("act", "more", "sentence", "name"),
    [
        (Act.IGNORE, {}, "请选择忽略的原因", "reason"),
        (Act.IGNORE, {"reason": Reason.OTHER, "note": " "}, "请在备注中写明原因", "note"),
        (Act.LEAVE, {"note": "长" * 161}, "备注最多 160 个字，请缩短", "note"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_settled(tree, operator, act, more, sentence, name) -> None:
    factories.make_member(tree["a"])
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    one = findings(item, Kind.ONLY_HERE)[0]

    with pytest.raises(DomainError, match=sentence) as refusal:
        take(operator, item, act, one, **more)

    assert (refusal.value.field, one.outcome) == (name, None)


def test_nothing_ticked_and_the_wrong_list(tree, operator) -> None:
    factories.make_member(tree["a"])
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])

    with pytest.raises(DomainError, match="请先勾选要处理的行"):
        take(operator, item, Act.IGNORE, reason=Reason.UNWILLING)
    told = take(operator, item, Act.INVITE, findings(item, Kind.ONLY_HERE)[0])

    assert (told.done, why(told)) == (0, ["“系统有、名单无”不能邀请入会"])


def test_a_number_of_another_comparison_is_nobodys_here(tree, operator) -> None:
    factories.make_member(tree["a"])
    first, second = (compare(operator, sheet([factories.a_person().values]), tree["root"]) for _ in range(2))

    with pytest.raises(DomainError, match="请先勾选"):
        take(operator, second, Act.LEAVE, *findings(first, Kind.ONLY_HERE))


@pytest.mark.parametrize("role", [Role.BRANCH_OPERATOR, Role.BRANCH_CHAIR, Role.UNION_CHAIR, Role.SUPER_ADMIN])
def test_only_the_unions_clerk_compares(tree, operator, user_as, role) -> None:
    factories.make_member(tree["a"])
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    other = user_as(role, tree["a"] if "branch" in role else tree["root"])

    with pytest.raises(DomainError, match="请选择要比对的单位"):
        compare(other, sheet([factories.a_person().values]), tree["a"])
    with pytest.raises(Absent):
        take(other, item, Act.LEAVE, *findings(item, Kind.ONLY_HERE))


def test_another_unions_members_are_not_compared(tree, operator) -> None:
    city = factories.make_unit(None, code="CITY", name="市总工会", approves_members=False)
    theirs = factories.make_unit(city, code="CU", name="水泥厂工会", approves_members=True, accepts_members=True)
    elsewhere = factories.make_member(theirs)
    clerk = factories.make_user(Role.UNIT_ADMIN, theirs)
    ours = factories.make_member(tree["a"])

    here = compare(operator, sheet([row_of(ours), row_of(elsewhere)]), tree["root"])
    there = compare(clerk, sheet([row_of(elsewhere)]), theirs)

    assert waiting(operator, here) == {"only_there": 1}
    assert service.line(operator, findings(here, Kind.ONLY_THERE)[0]).said == ""
    assert waiting(clerk, there) == {}


def test_a_list_of_one_branch_misses_nobody_of_another(tree, operator) -> None:
    at_a, at_b = factories.make_member(tree["a"]), factories.make_member(tree["b"], department="机械系")
    gone = factories.make_member(tree["a"])
    other_b = factories.make_member(tree["b"])

    item = compare(operator, sheet([row_of(at_a), row_of(at_b)]), tree["a"])

    assert {one.member_id for one in findings(item, Kind.ONLY_HERE)} == {gone.id}
    assert other_b.id not in {one.member_id for one in findings(item, Kind.MISPLACED)}
    assert waiting(operator, item) == {"only_here": 1}


# --- what is written --------------------------------------------------------------------------------------------------


def different(operator: User, member: Member, tree, **values: str) -> tuple[Comparison, dict[str, Finding]]:
    """Compare a list on which the member has other values; return what differs by field."""
    item = compare(operator, sheet([row_of(member, **values)], MORE), tree["root"])
    return item, {one.field: one for one in findings(item, Kind.DIFFERENT)}


def test_values_are_written_by_the_rules_and_the_member_is_told(tree, operator) -> None:
    member = factories.make_member(tree["a"], prof_title="013", title_level="420")
    item, found = different(operator, member, tree, prof_title="教授", mobile="13700001111")

    told = take(operator, item, Act.APPLY, *found.values())

    db.session.refresh(member)
    assert (told.done, told.skipped) == (2, [])
    assert (member.prof_title, member.title_level, member.mobile) == ("011", "411", "13700001111")
    assert history.present_version(member).reason == "人事名单比对"
    notice = db.session.scalars(select(Notice).where(Notice.user_id == member.user_id)).one()
    assert notice.body == "依据人事部门的名单，修改的内容：职称、职称级别、手机号码"


def test_what_has_changed_since_is_left(tree, operator) -> None:
    member = factories.make_member(tree["a"], admin_duty="科长")
    item, found = different(operator, member, tree, admin_duty="处长", mobile="13700001111")
    history.write(member, {"admin_duty": "副处长", "mobile": "13700001111"}, SHELL, reason="测试")
    db.session.commit()

    told = take(operator, item, Act.APPLY, *found.values())

    assert why(told) == ["系统中的内容在比对之后有了变动，请重新比对"]
    assert [found[name].outcome for name in ("admin_duty", "mobile")] == [None, Outcome.RESOLVED]
    db.session.refresh(member)
    assert member.admin_duty == "副处长"


def test_a_number_that_is_taken_stops_itself_alone(tree, operator) -> None:
    holder = factories.make_member(tree["b"], staff_no="20010001")
    member = factories.make_member(tree["a"])
    item = compare(
        operator,
        sheet([row_of(member, staff_no="20010001", admin_duty="处长"), row_of(holder, staff_no="20010002")], MORE),
        tree["root"],
    )
    mine = [one for one in findings(item, Kind.DIFFERENT) if one.member_id == member.id]

    told = take(operator, item, Act.APPLY, *mine)

    db.session.refresh(member)
    assert (told.done, why(told)) == (1, ["工号已被其他会员使用，请核对"])
    assert (member.admin_duty, member.staff_no != "20010001") == ("处长", True)


def test_ones_own_record_is_not_written_in_passing(tree, operator) -> None:
    me = factories.make_member(tree["a"])
    operator.username = "old"
    me.user_id = operator.id
    db.session.commit()
    item, found = different(operator, me, tree, prof_title="教授")

    told = take(operator, item, Act.APPLY, *found.values())

    assert why(told) == ["不能直接修改本人的职称"]


def test_a_value_against_the_rules_is_left_with_its_sentence(tree, operator) -> None:
    member = factories.make_member(tree["a"], prof_title="013", title_level="420")
    item = compare(
        operator,
        sheet([row_of(member, work_start_date="2050-07", admin_duty="处长")], (*MORE, "work_start_date")),
        tree["root"],
    )
    found = findings(item, Kind.DIFFERENT)

    told = take(operator, item, Act.APPLY, *found)

    db.session.refresh(member)
    assert why(told) == ["参加工作时间不能晚于今天"]
    assert (told.done, member.admin_duty) == (1, "处长")


# --- what a person has to say -----------------------------------------------------------------------------------------


def test_of_two_candidates_one_is_meant(tree, operator) -> None:
    here, there = factories.make_member(tree["a"], name="殷两可"), factories.make_member(tree["b"], name="殷两可")
    item = compare(
        operator, sheet([{"name": "殷两可", "department": "图书馆", "admin_duty": "馆长"}], MORE), tree["root"]
    )
    pairs = {one.member_id: one for one in findings(item, Kind.UNSURE)}
    assert set(pairs) == {here.id, there.id}

    told = take(operator, item, Act.SAME, pairs[here.id], pairs[there.id])

    assert (told.done, why(told)) == (1, ["这一行或这位会员已与另一位对上，请先核对"])
    assert {one.outcome for one in pairs.values()} == {Outcome.SAME, Outcome.OTHER}
    assert {one.field for one in findings(item, Kind.DIFFERENT)} == {"department", "admin_duty"}
    assert [one.member_id for one in findings(item, Kind.ONLY_HERE)] == [there.id]
    again = compare(
        operator, sheet([{"name": "殷两可", "department": "图书馆", "admin_duty": "馆长"}], MORE), tree["root"]
    )
    assert findings(again, Kind.UNSURE) == []
    assert {one.field for one in findings(again, Kind.DIFFERENT)} == {"department", "admin_duty"}


def test_a_judged_document_can_be_written(tree, operator) -> None:
    member = factories.make_member(tree["a"])
    number = factories.id_number(birth=member.birth_date, sex=member.sex)
    item = compare(operator, sheet([row_of(member, id_number=number)]), tree["root"])
    take(operator, item, Act.SAME, *findings(item, Kind.UNSURE))

    told = take(operator, item, Act.APPLY, *findings(item, Kind.DIFFERENT))

    db.session.refresh(member)
    assert (told.done, member.id_number) == (1, number)


# --- what lasts -------------------------------------------------------------------------------------------------------


def test_only_what_is_new_stands_in_front(tree, operator) -> None:
    stays, gone, later = (factories.make_member(tree["a"]) for _ in range(3))
    first = compare(operator, sheet([row_of(stays), row_of(later)]), tree["root"])
    take(operator, first, Act.IGNORE, *findings(first, Kind.ONLY_HERE), reason=Reason.SECONDED, note="支教")

    second = compare(operator, sheet([row_of(stays)]), tree["root"])

    old = db.session.scalars(
        select(Finding).where(Finding.comparison_id == second.id, Finding.member_id == gone.id)
    ).one()
    assert [one.member_id for one in findings(second, Kind.ONLY_HERE)] == [later.id]
    assert (old.outcome, old.is_carried, old.note) == (Outcome.IGNORED, True, "借调、挂职、进修：支教")
    assert service.counts(operator, second)[Kind.ONLY_HERE] == service.Count(2, 1)


def test_a_value_that_was_written_and_comes_back_is_new(tree, operator) -> None:
    member = factories.make_member(tree["a"], admin_duty="科长")
    item, found = different(operator, member, tree, admin_duty="处长")
    take(operator, item, Act.APPLY, *found.values())
    history.write(db.session.get_one(Member, member.id), {"admin_duty": "科长"}, SHELL, reason="测试")
    db.session.commit()

    _, again = different(operator, member, tree, admin_duty="处长")

    assert set(again) == {"admin_duty"}


def test_what_is_ignored_may_wait_again(tree, operator) -> None:
    factories.make_member(tree["a"])
    first = compare(operator, sheet([factories.a_person().values]), tree["root"])
    one = findings(first, Kind.ONLY_HERE)[0]
    take(operator, first, Act.IGNORE, one, reason=Reason.UNWILLING)
    second = compare(operator, sheet([factories.a_person().values]), tree["root"])
    carried = db.session.scalars(
        select(Finding).where(Finding.comparison_id == second.id, Finding.kind == Kind.ONLY_HERE)
    ).one()

    take(operator, second, Act.REOPEN, carried)

    assert [(found.outcome, found.is_carried, found.note) for found in (one, carried)] == [(None, False, "")] * 2
    assert why(take(operator, second, Act.REOPEN, carried)) == ["只有已忽略的可以改回未处理"]


def test_what_waits_twice_is_settled_once(tree, operator) -> None:
    factories.make_member(tree["a"])
    first, second = (compare(operator, sheet([factories.a_person().values]), tree["root"]) for _ in range(2))
    assert waiting(operator, first)["only_here"] == 1

    take(operator, second, Act.LEAVE, *findings(second, Kind.ONLY_HERE))

    assert waiting(operator, first) == {"only_there": 1}
    assert db.session.scalar(select(func.count()).select_from(Matter)) == 1


def test_a_matter_that_waits_already_is_not_opened_twice(tree, operator) -> None:
    member = factories.make_member(tree["a"])
    matter = factories.make_matter(tree["a"], member=member)
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    one = findings(item, Kind.ONLY_HERE)[0]

    take(operator, item, Act.LEAVE, one)

    assert (one.matter_id, db.session.scalar(select(func.count()).select_from(Matter))) == (matter.id, 1)


def test_looking_once_more_settles_what_came_right(tree, operator) -> None:
    gone, moved, other = (factories.make_member(tree["a"], department="机械系") for _ in range(3))
    changed, retained = factories.make_member(tree["b"], admin_duty="科长"), factories.make_member(tree["a"])
    history.write(retained, {"membership_status": MembershipStatus.RETAINED.value}, SHELL, reason="测试")
    new = factories.a_person(department="教务处")
    rows = [row_of(one) for one in (moved, other, retained)] + [row_of(changed, admin_duty="处长", department="机械系")]
    item = compare(operator, sheet([*rows, new.values], MORE), tree["root"])
    before = waiting(operator, item)
    history.write(gone, {"membership_status": MembershipStatus.TRANSFERRED_OUT.value}, SHELL, reason="测试")
    history.write(moved, {"branch": tree["b"]}, SHELL, reason="测试")
    history.write(changed, {"admin_duty": "处长"}, SHELL, reason="测试")
    history.write(retained, {"membership_status": MembershipStatus.ACTIVE.value}, SHELL, reason="测试")
    factories.make_member(tree["a"], **new.values)
    db.session.commit()

    number = rechecking.recheck(operator, item.id)
    db.session.commit()

    assert before == {"only_there": 1, "only_here": 1, "misplaced": 2, "different": 2, "retained": 1}
    assert number == 5
    assert waiting(operator, item) == {"misplaced": 1, "different": 1}
    departments.add(operator, "机械系", tree["a"], starts=date(2020, 1, 1))
    db.session.commit()
    assert rechecking.recheck(operator, item.id) == 1


# --- what ends --------------------------------------------------------------------------------------------------------


def test_the_clock_forgets_what_the_list_said(tree, operator) -> None:
    factories.make_member(tree["a"], name="殷离开")
    member = factories.make_member(tree["a"], admin_duty="科长")
    new = factories.a_person(name="殷新来")
    item = compare(operator, sheet([new.values, row_of(member, admin_duty="处长")], MORE), tree["root"])
    db.session.commit()
    settings.set(SHELL, "comparison_keep_days", 30)
    db.session.commit()

    with time_machine.travel(now() + timedelta(days=29), tick=False):
        assert service.forget_due() == 0
    with time_machine.travel(now() + timedelta(days=31), tick=False):
        assert (service.forget_due(), service.forget_due()) == (1, 0)
    db.session.commit()

    assert (item.said, [one.data for one in findings(item, Kind.ONLY_THERE)]) == (None, [None])
    assert waiting(operator, item) == {"only_there": 1, "only_here": 1, "different": 1}
    assert service.line(operator, findings(item, Kind.ONLY_THERE)[0]).name == "第 3 行"
    assert why(take(operator, item, Act.INVITE, *findings(item, Kind.ONLY_THERE))) == [
        "名单内容已按规定清除，请重新上传名单比对"
    ]
    assert why(take(operator, item, Act.APPLY, *findings(item, Kind.DIFFERENT))) == [
        "名单内容已按规定清除，请重新上传名单比对"
    ]
    assert take(operator, item, Act.LEAVE, *findings(item, Kind.ONLY_HERE)).done == 1


def test_the_database_holds_nothing_of_the_list_in_plain_words(tree, operator, prepared) -> None:
    new = factories.a_person(name="殷无痕", mobile="13788887777")
    compare(operator, sheet([new.values], MORE), tree["root"])

    stored = str(db.session.execute(text("SELECT * FROM comparison_findings")).all())
    stored += str(db.session.execute(text("SELECT * FROM comparisons")).all())
    stored += str(db.session.execute(text("SELECT details, reason FROM audit_events")).all())

    assert "在职名单" in stored
    assert [one for one in ("殷无痕", new.id_number, "13788887777") if one in stored] == []


def test_a_comparison_of_which_nothing_was_settled_may_go(tree, operator) -> None:
    factories.make_member(tree["a"])
    wrong, right = (compare(operator, sheet([factories.a_person().values]), tree["root"]) for _ in range(2))
    take(operator, right, Act.LEAVE, *findings(right, Kind.ONLY_HERE))

    with pytest.raises(Conflict, match="这次比对已有处理结果，不能删除"):
        service.discard(operator, right.id)
    service.discard(operator, wrong.id)
    db.session.commit()

    assert [item for item, _ in service.comparisons(operator)[0]] == [right]


def test_a_member_who_is_removed_leaves_her_finding(tree, operator) -> None:
    """An import that is undone takes its members away; what was compared meanwhile must not stop it."""
    person = many.Beginning(factories.a_person().values | {"join_date": today()}, tree["a"].id, today())
    member_id = many.begin([person], SHELL, reason="测试", batch_id="x")[0].member_id
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    one = findings(item, Kind.ONLY_HERE)[0]
    assert one.member_id == member_id
    many.remove([member_id])
    db.session.commit()
    db.session.expire_all()

    assert one.member_id is None
    assert why(take(operator, item, Act.LEAVE, one)) == ["已不是在册会员，或不在您的管理范围内"]


# --- matters ----------------------------------------------------------------------------------------------------------


def test_a_matter_shows_to_its_branch_until_it_is_done(tree, operator, user_as) -> None:
    matter = factories.make_matter(tree["a"])
    own, other = user_as(Role.BRANCH_OPERATOR, tree["a"]), user_as(Role.BRANCH_CHAIR, tree["b"])
    assert [[todo.count for todo in matters.todo(who)] for who in (own, operator, other)] == [[1], [1], []]
    MATTERS.fire(matter, "finish", own)
    db.session.commit()

    assert matter.state is MatterState.DONE
    assert [matters.todo(who) for who in (own, operator)] == [[], []]
    assert matters.matters(own, state="done") == ([matter], 1)
    with pytest.raises(Absent):
        matters.find(other, matter.id)
