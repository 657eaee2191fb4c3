"""Checks between fields, admission, editing with its rights, reveals."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden, Problems
from portal.members import history, service
from portal.members.catalogue import FIELD, REQUIRED_FULL, REQUIRED_QUICK
from portal.members.enums import ChangeType
from portal.members.models import Member
from portal.org.models import Grant, User
from portal.org.permissions import Role
from tests import factories

DAY = date(2026, 9, 1)


def problems(values, **given) -> dict[str, list[str]]:
    """Return the errors of a check, none if it passes."""
    try:
        service.check(values, today=DAY, **given)
    except Problems as error:
        return error.errors
    return {}


def warnings(values) -> list[str]:
    """Return the warnings of a check that passes."""
    return service.check(values, today=DAY)[1]


def admitted(unit, *, actor=SHELL, day=None, **values) -> Member:
    """Admit someone to `unit`."""
    return service.admit(actor, unit=unit, values=factories.a_person(**values).values, join_date=day or today())


# --- check ------------------------------------------------------------------------------------------------------------


def test_a_whole_person_passes_and_gets_what_her_number_tells():
    person = factories.a_person().values
    given = {name: value for name, value in person.items() if name not in ("sex", "birth_date", "id_type")}

    filled, told = service.check(given | {"branch": None}, required=REQUIRED_FULL, today=DAY)

    assert told == []
    assert {name: filled[name] for name in ("sex", "birth_date", "id_type")} == {
        name: person[name] for name in ("sex", "birth_date", "id_type")
    }


def test_every_missing_answer_has_its_sentence():
    errors = problems({}, required=(*REQUIRED_FULL, "photo"))

    assert errors["name"] == ["请填写姓名"]
    assert errors["ethnicity"] == ["请选择民族"]
    assert errors["photo"] == ["请上传照片"]
    assert set(errors) == {*REQUIRED_FULL, "photo"} - {"branch"}
    assert set(problems({}, required=REQUIRED_QUICK)) == set(REQUIRED_QUICK)


def test_nothing_stands_for_none_only_where_it_is_an_answer():
    errors = problems({"family_members": [], "resume": []}, required=("family_members", "resume"))

    assert set(errors) == {"resume"}


def test_the_political_status_is_asked_of_identity_cards_alone():
    passport = {"id_type": "2", "id_number": "E12345678", "sex": "1", "birth_date": date(1990, 5, 1)}

    assert problems(passport, required=("political_status",)) == {}
    card = {"id_type": "1", "id_number": factories.id_number()}
    assert set(problems(card, required=("political_status",))) == {"political_status"}


def test_what_the_number_says_wins_with_exact_sentences():
    number = factories.id_number(birth=date(1990, 5, 1), sex="2")

    assert problems({"id_number": number, "sex": "1", "birth_date": date(1990, 5, 2)}) == {
        "sex": ["性别与身份证号码不一致"],
        "birth_date": ["出生日期与身份证号码不一致（证件为 1990-05-01）"],
    }


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("130302900501123", "请填写 18 位身份证号码"),
        ("130302199002301234", "身份证号码中的出生日期无效"),
        ("990302199005011234", None),
    ],
)
def test_a_number_that_cannot_be_has_its_sentence(number, sentence):
    errors = problems({"id_type": "1", "id_number": number})

    assert set(errors) == {"id_number"}
    assert sentence is None or errors["id_number"] == [sentence]


@pytest.mark.parametrize(
    ("born", "is_right"),
    [
        (date(2010, 9, 1), True),  # sixteen today
        (date(2010, 9, 2), False),
        (date(1926, 9, 1), True),
        (date(1925, 9, 1), False),
        (date(2026, 9, 2), False),
    ],
)
def test_the_age_is_an_error_of_the_birth_date(born, is_right):
    errors = problems({"birth_date": born})

    assert set(errors) == (set() if is_right else {"birth_date"})


STUDY = {"start": "2001-09", "end": "2005-07", "place": "海港师范学院"}
WORK = {"start": "2005-07", "end": None, "place": "海港大学"}

RULES = [
    ({"prof_title": "012", "title_level": "411"}, "title_level", "职称与职称级别不一致"),
    ({"work_start_date": date(2026, 10, 1)}, "work_start_date", None),
    ({"school_entry_date": date(2026, 11, 1)}, "school_entry_date", None),
    ({"birth_date": date(1990, 5, 2), "school_entry_date": date(2006, 5, 1)}, "school_entry_date", None),
    ({"spouse": {"name": "王伟"}, "marital_status": "10"}, "spouse", None),
    ({"spouse": {"name": "王伟"}}, "spouse", None),
    ({"children_count": 1, "children": [{"name": "甲"}, {"name": "乙"}]}, "children_count", None),
    ({"children": [{"birth_date": "2026-09-02"}]}, "children", None),
    ({"birth_date": date(1990, 5, 1), "children": [{"birth_date": "2004-04-30"}]}, "children", None),
    ({"employment_form": "4", "dispatch_company": None}, "dispatch_company", None),
    ({"resume": [{"start": "2026-10", "end": None, "place": "海港大学"}]}, "resume", None),
]


@pytest.mark.parametrize(("values", "name", "sentence"), RULES, ids=[f"{rule[1]}-{n}" for n, rule in enumerate(RULES)])
def test_a_broken_rule_is_an_error_of_its_field(values, name, sentence):
    errors = problems(values)

    assert set(errors) == {name}
    assert sentence is None or errors[name] == [sentence]


ALLOWED = [
    {"prof_title": "012", "title_level": "412"},
    {"school_entry_date": date(2026, 10, 31)},
    {"birth_date": date(1990, 5, 1), "school_entry_date": date(2006, 5, 1)},
    {"spouse": {"name": "王伟"}, "marital_status": "22"},
    {"children_count": 2, "children": [{"name": "甲"}]},
    {"children": [{"birth_date": "2026-09-01"}]},
    {"employment_form": "4", "dispatch_company": "海港人力资源公司"},
    {"birth_date": date(1990, 5, 20), "work_start_date": date(2006, 5, 1)},
    {"resume": [STUDY, WORK]},
]


@pytest.mark.parametrize("values", ALLOWED, ids=[next(iter(values)) + f"-{n}" for n, values in enumerate(ALLOWED)])
def test_what_the_rules_allow_passes_in_silence(values):
    assert service.check(values, today=DAY)[1] == []


WARNED = [
    ({"birth_date": date(1990, 5, 1), "political_status": "03"}, "共青团员"),
    ({"birth_date": date(1990, 5, 1), "work_start_date": date(2006, 4, 1)}, "参加工作"),
    ({"birth_date": date(2006, 5, 1), "sex": "1", "marital_status": "21"}, "法定婚龄"),
    ({"family_planning": "1", "children_count": 2}, "光荣证"),
    ({"family_planning": "1", "children": [{"birth_date": "2016-01-01"}]}, "2015 年"),
    ({"degree": "2", "education": "21"}, "同等学力"),
    ({"is_migrant_worker": True, "household_type": "1"}, "农民工"),
    ({"employment_form": "4"}, "劳务派遣"),
    ({"resume": [STUDY | {"end": "2005-08"}, WORK]}, "重叠"),
]


@pytest.mark.parametrize(("values", "word"), WARNED, ids=[word for _, word in WARNED])
def test_what_is_odd_warns_and_refuses_nothing(values, word):
    told = warnings(values)

    assert len(told) == 1
    assert word in told[0]


def test_the_level_follows_the_title():
    assert service.check({"prof_title": "012"}, today=DAY)[0]["title_level"] == "412"


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
        ChangeType.JOINED, date(2026, 9, 1), tree["a"].id, chair.id,
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
    member = admitted(tree["a"], day=date(2026, 1, 5))
    number, account = member.member_no, member.user
    history.write(member, {"membership_status": "withdrawn"}, SHELL, reason="退会")

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
