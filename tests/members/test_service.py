"""Admission, editing with its rights, reveals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden, Problems
from portal.members import history, service
from portal.members.catalogue import FIELD
from portal.members.enums import ChangeType
from portal.members.models import Member
from portal.org.models import Grant, User
from portal.org.permissions import Role
from tests import factories


def admitted(unit, *, actor=SHELL, day=None, **values) -> Member:
    """Admit someone to `unit`."""
    return service.admit(actor, unit=unit, values=factories.a_person(**values).values, join_date=day or today())


# --- admit ------------------------------------------------------------------------------------------------------------


def test_admission_makes_number_version_line_and_account(tree, user_as):
    chair = user_as(Role.UNION_CHAIR, tree["root"])

    member = admitted(tree["a"], actor=chair, day=date(2026, 9, 1), staff_no="20150012")

    assert (member.member_no, member.join_date, member.unit) == ("GH-2026-00001", date(2026, 9, 1), tree["a"])
    assert (member.membership_status, member.employment_status) == ("active", "1")
    assert (member.user.username, member.user.password_hash, member.user.grants) == ("20150012", None, [])
    version = history.present_version(member)
    assert (version.member_no, version.reason, version.valid_from) == ("GH-2026-00001", "入会", today())
    [change] = member.changes
    assert (change.kind, change.on_date, change.to_unit_id, change.recorded_by) == (
        ChangeType.JOINED,
        date(2026, 9, 1),
        tree["a"].id,
        chair.id,
    )


def test_without_staff_number_or_with_a_taken_one_the_account_has_the_member_number(tree, user_as):
    user_as(None, None, username="20150012")

    pending = admitted(tree["a"], staff_no="待发工号", day=date(2026, 9, 1))
    taken = admitted(tree["a"], staff_no="20150012", day=date(2026, 9, 1))

    assert (pending.staff_no, pending.user.username) == (None, "GH-2026-00001")
    assert (taken.staff_no, taken.user.username) == ("20150012", "GH-2026-00002")


def test_nobody_is_admitted_twice_or_with_another_ones_staff_number(tree):
    first = admitted(tree["a"], staff_no="20150012")

    with pytest.raises(DomainError, match="该证件号码已是工会会员") as same_document:
        admitted(tree["b"], id_number=first.id_number, birth_date=first.birth_date, sex=first.sex)
    with pytest.raises(DomainError, match=f"工号已被 {first.name} 使用") as same_staff_no:
        admitted(tree["b"], staff_no="20150012")

    assert (same_document.value.field, same_staff_no.value.field) == ("id_number", "staff_no")
    assert db.session.query(Member).count() == 1


def test_the_day_and_the_unit_must_be_possible(tree):
    with pytest.raises(DomainError, match="不能晚于今天") as too_late:
        admitted(tree["a"], day=today() + timedelta(days=1))
    for unit in (tree["root"], tree["closed"]):
        with pytest.raises(DomainError, match="不接收会员"):
            admitted(unit)

    assert too_late.value.field == "join_date"


def test_who_left_comes_back_on_the_old_record_with_the_old_number(tree):
    with time_machine.travel(datetime(2026, 1, 5, 4, tzinfo=UTC)):
        member = admitted(tree["a"])
        history.write(member, {"membership_status": "withdrawn"}, SHELL, reason="退会")
    number, account = member.member_no, member.user

    again = admitted(
        tree["b"], day=date(2026, 9, 1), id_number=member.id_number, birth_date=member.birth_date, sex=member.sex
    )

    assert (again.id, again.member_no, again.user, again.unit) == (member.id, number, account, tree["b"])
    assert (again.membership_status, again.join_date) == ("active", date(2026, 9, 1))
    assert [change.kind for change in again.changes] == [ChangeType.JOINED, ChangeType.JOINED]


def test_an_expelled_person_is_not_taken_back_by_a_plain_approval(tree):
    member = admitted(tree["a"])
    history.write(member, {"membership_status": "expelled"}, SHELL, reason="开除会籍")

    with pytest.raises(DomainError, match="除名"):
        admitted(tree["a"], id_number=member.id_number, birth_date=member.birth_date, sex=member.sex)


def test_a_document_is_found_by_type_and_number(tree):
    member = admitted(tree["a"])

    assert service.find_by_document("1", member.id_number) is member
    assert service.find_by_document("2", member.id_number) is None


# --- edit -------------------------------------------------------------------------------------------------------------


def edited(actor: User, member: Member, **values) -> list[str]:
    """Edit as from a form that was opened just now."""
    return service.edit(actor, member, values, seen_version=history.present_version(member).id)


@pytest.mark.parametrize(
    ("who", "values", "is_allowed"),
    [
        ("self", {"home_address": "海港区迎宾路 1 号"}, True),
        ("self", {"marital_status": "10"}, True),
        ("self", {"family_members": [{"relation": "51", "name": "王父"}]}, True),
        ("self", {"name": "王新名"}, False),
        ("self", {"mobile": "13800001111"}, False),
        ("self", {"resume": [{"start": "2001-09", "end": None, "place": "甲"}]}, False),
        ("self", {"staff_no": "88880000"}, False),
        ("branch", {"post_category": "2"}, True),
        ("branch", {"resume": [{"start": "2001-09", "end": None, "place": "甲"}]}, True),
        ("branch", {"mobile": "13800001111"}, True),
        ("branch", {"department": "财务处"}, False),
        ("branch", {"dues_base": "6000.00"}, False),
        ("branch", {"member_no": "GH-2026-99999"}, False),
        ("union", {"department": "财务处"}, True),
        ("union", {"dues_base": "6000.00"}, True),
        ("union", {"staff_no": "88880000"}, True),
        ("union", {"member_no": "GH-2026-99999"}, False),
        ("union", {"membership_status": "withdrawn"}, False),
        ("chair", {"post_category": "2"}, False),
        ("other", {"post_category": "2"}, False),
    ],
)
def test_everyone_edits_what_the_dictionary_says(tree, user_as, who, values, is_allowed):
    member = admitted(tree["a"])
    actor = {
        "self": lambda: member.user,
        "branch": lambda: user_as(Role.BRANCH_OPERATOR, tree["a"]),
        "other": lambda: user_as(Role.BRANCH_OPERATOR, tree["b"]),
        "union": lambda: user_as(Role.UNION_OPERATOR, tree["root"]),
        "chair": lambda: user_as(Role.UNION_CHAIR, tree["root"]),
    }[who]()
    [(name, value)] = values.items()

    if is_allowed:
        edited(actor, member, **values)
        assert history.value_of(member, name) == value
    else:
        before = history.value_of(member, name)
        with pytest.raises(Forbidden, match=FIELD[name].label[:2]):
            edited(actor, member, **values)
        assert history.value_of(member, name) == before


def test_an_office_gives_no_right_over_ones_own_record(tree):
    member = admitted(tree["a"])
    db.session.add(Grant(user=member.user, role=Role.UNION_OPERATOR, unit=tree["root"], starts=today()))
    db.session.flush()

    with pytest.raises(Forbidden, match="工资"):
        edited(member.user, member, dues_base="20000.00")


def test_a_lost_update_is_a_friendly_conflict_and_an_untouched_field_stays(tree, user_as):
    member = admitted(tree["a"], post_category="1", remark="甲")
    first, second = (user_as(Role.BRANCH_OPERATOR, tree["a"], name=name) for name in ("李先", "王后"))
    seen = history.present_version(member).id
    service.edit(first, member, {"post_category": "3", "remark": "甲"}, seen_version=seen)
    typed = {"post_category": "1", "remark": "乙"}

    with pytest.raises(Conflict, match="刚刚由 李先 修改（岗位类别）"):
        service.edit(second, member, typed, seen_version=seen)
    service.edit(second, member, typed, seen_version=seen, known_version=history.present_version(member).id)

    assert (member.post_category, member.remark) == ("3", "乙")


def test_a_version_of_someone_else_is_no_basis(tree, user_as):
    member, other = admitted(tree["a"]), admitted(tree["a"])
    actor = user_as(Role.BRANCH_OPERATOR, tree["a"])

    with pytest.raises(Conflict, match="过期"):
        service.edit(actor, member, {"remark": "x"}, seen_version=history.present_version(other).id)


def test_an_edit_is_checked_against_the_rest_of_the_record(tree, user_as):
    member = admitted(tree["a"], marital_status="21", spouse={"name": "王伟"}, prof_title="013")
    union = user_as(Role.UNION_OPERATOR, tree["root"])

    with pytest.raises(Problems) as refused:
        edited(member.user, member, marital_status="10")
    edited(union, member, prof_title="012")
    edited(union, member, department="财务处")

    assert set(refused.value.errors) == {"spouse"}
    assert (member.prof_title, member.title_level) == ("012", "412")


def test_a_rule_broken_before_does_not_stop_another_edit(tree, user_as):
    member = history.begin(
        factories.a_person(spouse={"name": "王伟"}, marital_status="10").values, tree["a"], SHELL, reason="迁入"
    )
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"])

    edited(operator, member, remark="已电话核对")

    assert member.remark == "已电话核对"


def test_another_number_brings_its_sex_and_birth_date(tree, user_as):
    member = admitted(tree["a"])
    number = factories.id_number(birth=date(1991, 2, 3), sex="1")

    edited(user_as(Role.UNION_OPERATOR, tree["root"]), member, id_number=number)

    assert (member.id_number, member.sex, member.birth_date) == (number, "1", date(1991, 2, 3))
    assert service.find_by_document("1", number) is member


def test_an_edit_takes_no_document_or_staff_number_of_another(tree, user_as):
    member, other = admitted(tree["a"]), admitted(tree["b"])
    union = user_as(Role.UNION_OPERATOR, tree["root"])

    with pytest.raises(DomainError, match="已是工会会员"):
        edited(union, member, id_number=other.id_number)
    with pytest.raises(DomainError, match="工号已被"):
        edited(union, member, staff_no=other.staff_no)


def test_a_secret_left_empty_stays_and_a_shared_mobile_warns(tree, user_as):
    member, other = admitted(tree["a"], dues_base="5200.00"), admitted(tree["a"])
    union = user_as(Role.UNION_OPERATOR, tree["root"])

    told = edited(union, member, dues_base=None, id_number=None, mobile=other.mobile)

    assert (member.dues_base, len(told)) == ("5200.00", 1)
    assert "手机号码" in told[0]


def test_who_left_is_edited_by_the_union_alone(tree, user_as):
    member = admitted(tree["a"])
    history.write(member, {"membership_status": "deceased"}, SHELL, reason="去世")

    with pytest.raises(Forbidden):
        edited(user_as(Role.BRANCH_OPERATOR, tree["a"]), member, remark="x")
    with pytest.raises(Forbidden):
        edited(member.user, member, home_address="x")
    edited(user_as(Role.UNION_OPERATOR, tree["root"]), member, remark="家属已联系")

    assert member.remark == "家属已联系"


# --- find and reveal --------------------------------------------------------------------------------------------------


def test_a_member_is_found_from_her_unit_and_above_and_by_herself(tree, user_as):
    member, other = admitted(tree["a"]), admitted(tree["b"])

    for actor in (member.user, user_as(Role.BRANCH_CHAIR, tree["a"]), user_as(Role.UNION_CHAIR, tree["root"])):
        assert service.find(actor, member.id) is member
    for actor in (other.user, user_as(Role.BRANCH_CHAIR, tree["b"]), user_as(Role.SUPER_ADMIN, tree["root"])):
        with pytest.raises(Absent):
            service.find(actor, member.id)
    assert (service.own(member.user), service.own(user_as())) == (member, None)


def test_a_reveal_needs_right_and_reason_and_leaves_its_trace_first(tree, user_as):
    member = admitted(tree["a"], dues_base="5200.00")
    union = user_as(Role.UNION_OPERATOR, tree["root"])

    with pytest.raises(DomainError, match="查看原因"):
        service.reveal(union, member, "id_number", reason="看 看 ")
    number = service.reveal(union, member, "id_number", reason="办理会员卡")
    salary = service.reveal(union, member, "dues_base", reason="核对会费")
    mine = service.reveal(member.user, member, "id_number", reason="")

    assert (number, salary, mine) == (member.id_number, "5200.00", member.id_number)
    told = [(e.actor_label, e.reason, e.details) for e in audit.events_of(member) if e.action == "member.reveal"]
    assert told == [
        (union.name, "办理会员卡", {"field": "id_number"}),
        (union.name, "核对会费", {"field": "dues_base"}),
        (member.name, "本人查看", {"field": "id_number"}),
    ]
    assert member.id_number not in str([vars(event) for event in audit.events_of(member)])


def test_only_secrets_are_revealed_and_only_to_the_entitled(tree, user_as):
    member = admitted(tree["a"], dues_base="5200.00")

    for role, unit in ((Role.BRANCH_OPERATOR, "a"), (Role.BRANCH_CHAIR, "b")):
        with pytest.raises(Forbidden):
            service.reveal(user_as(role, tree[unit]), member, "id_number", reason="办理会员卡")
    for name in ("mobile", "name", "no_such_field"):
        with pytest.raises(Absent):
            service.reveal(user_as(Role.UNION_OPERATOR, tree["root"]), member, name, reason="办理会员卡")
    assert [event.action for event in audit.events_of(member)] == ["member.begin"]
