"""What becomes of a row, and why."""

from datetime import date

import pytest

from portal.core.actors import SHELL
from portal.core.errors import DomainError, Forbidden
from portal.members import filing, history
from portal.members.importing.judging import ELSEWHERE
from portal.members.importing.models import ImportState, Verdict
from portal.members.printing import Papers
from portal.org.models import UnitKind
from portal.org.permissions import Role
from portal.org.units import departments
from portal.org.units import service as units
from tests import factories
from tests.members.importing.lists import a_historic, bring, errors, everybody, judged, line, verdicts, warnings

V = Verdict


def test_who_is_not_here_is_new_and_nobody_is_written(tree, union):
    person = factories.a_person()

    item = bring(union, tree["root"], line(person))

    assert (item.state, verdicts(item)) == (ImportState.PREVIEW, [V.NEW])
    assert item.counts == {
        "new": 1,
        "update": 0,
        "transfer": 0,
        "duplicate": 0,
        "error": 0,
        "warned": 0,
        "unchanged": 0,
    }
    assert everybody() == []
    [row] = judged(item)
    assert row.data["values"]["id_number"] == person.id_number
    assert person.id_number.encode() not in (row.data_sealed or b"")
    assert row.data["unit"] == tree["a"].id


def test_the_least_columns_of_a_new_member_are_four(tree, union):
    person = factories.a_person()
    given = {"姓名": person.name, "身份证号": person.id_number, "手机号": person.values["mobile"], "所属分工会": "GH01"}

    for missing in given:
        item = bring(union, tree["root"], given | {missing: "", "工号": "20260001"})
        assert verdicts(item) == [V.ERROR], missing

    assert [one[0][0] for one in errors(bring(union, tree["root"], given | {"身份证号": "", "工号": "20260001"}))] == [
        "id_number"
    ]
    assert verdicts(bring(union, tree["root"], given)) == [V.NEW]


def test_every_mistake_of_a_row_is_told_at_once_and_hides_no_other_row(tree, union):
    right, wrong = factories.a_person(), factories.a_person()
    number = wrong.id_number[:-1] + ("0" if wrong.id_number[-1] != "0" else "1")

    item = bring(
        union,
        tree["root"],
        line(wrong, "没有的分工会", 身份证号=number, 手机号码="12345", 民族="火星族", 证件号码=number),
        line(right),
    )

    assert verdicts(item) == [V.ERROR, V.NEW]
    [told, none] = errors(item)
    assert none == []
    assert {name for name, _ in told} == {"id_number", "mobile", "ethnicity", "branch"}
    assert ["id_number", "身份证号码校验位错误，请核对"] in told


def test_a_member_of_the_branch_is_an_update_with_old_and_new(tree, union):
    member = factories.make_member(tree["a"], education="21", mobile="13912345678")

    item = bring(
        union,
        tree["root"],
        {"姓名": member.name, "证件号码": member.id_number, "手机号码": "13812345678", "学历": "", "备注": "双肩挑"},
    )

    [row] = judged(item)
    assert row.verdict is V.UPDATE
    assert (row.member_id, row.version_before) == (member.id, history.present_version(member).id)
    assert row.data["changes"] == {"mobile": ["13912345678", "13812345678"], "remark": [None, "双肩挑"]}


def test_a_row_that_says_nothing_new_changes_nothing(tree, union):
    member = factories.make_member(tree["a"])

    item = bring(
        union, tree["root"], line({"name": member.name, "id_number": member.id_number, "mobile": member.mobile})
    )

    assert (verdicts(item), judged(item)[0].data["changes"], item.counts["unchanged"]) == ([V.UPDATE], {}, 1)


def test_without_its_document_a_row_is_known_by_its_card_number_or_by_staff_number_and_name(tree, union):
    member = factories.make_member(tree["a"])
    stranger = factories.a_person()

    item = bring(
        union,
        tree["root"],
        {"姓名": member.name, "会员证号": member.member_no, "备注": "一"},
        {"姓名": member.name, "工号": member.staff_no, "备注": "二"},
        {"姓名": stranger.name + "他", "工号": member.staff_no, "备注": "三"},
    )

    assert verdicts(item) == [V.UPDATE, V.DUPLICATE, V.ERROR]
    assert [row.member_id for row in judged(item)] == [member.id, member.id, None]
    assert "id_number" in [name for name, _ in errors(item)[2]]


def test_the_document_goes_before_the_card_number_and_that_before_the_staff_number(tree, union):
    by_document, by_card, by_staff_no = (factories.make_member(tree["a"], name="王伟") for _ in range(3))
    fresh = factories.id_number()

    item = bring(
        union,
        tree["root"],
        {"姓名": "王伟", "证件号码": by_document.id_number, "会员证号": by_card.member_no},
        {"姓名": "王伟", "证件号码": fresh, "会员证号": by_card.member_no, "工号": by_staff_no.staff_no},
    )

    first, second = judged(item)
    assert (first.verdict, first.member_id) == (V.UPDATE, by_document.id)
    assert second.member_id == by_card.id
    assert second.verdict is V.ERROR  # the staff number is the third one's
    assert errors(item)[1] == [["staff_no", "工号已被 王伟 使用，请核对"]]


def test_who_belongs_to_another_branch_is_not_written(tree, union):
    member = factories.make_member(tree["b"])

    item = bring(union, tree["root"], line({"name": member.name, "id_number": member.id_number}, "GH01", 备注="新"))

    assert verdicts(item) == [V.TRANSFER]
    assert warnings(item) == ["现为机械工程学院分工会的会员，请按校内转会办理，本行不写入"]


@pytest.mark.parametrize("where", ["member", "application"])
def test_a_branch_learns_nothing_of_who_is_elsewhere(tree, clerk, where):
    if where == "member":
        values = {"name": (one := factories.make_member(tree["b"])).name, "id_number": one.id_number}
    else:
        values = {"name": (form := factories.make_application(tree["b"])).name, "id_number": form.data["id_number"]}

    item = bring(clerk, tree["a"], line(values, "GH01", 手机号="123"))

    [row] = judged(item)
    assert (row.verdict, row.member_id, row.data["errors"]) == (V.TRANSFER, None, [])
    assert row.data["warnings"] == [["id_number", ELSEWHERE]]


def test_an_application_under_way_is_not_entered_again(tree, union):
    form = factories.make_application(tree["a"])

    item = bring(union, tree["root"], line(form.data))

    assert verdicts(item) == [V.DUPLICATE]
    assert warnings(item) == ["已有入会申请在办理（外国语学院分工会，待分工会意见），不重复导入"]


def test_the_same_person_twice_counts_once(tree, union):
    person = factories.a_person()

    item = bring(union, tree["root"], line(person), line(factories.a_person()), line(person, 手机号码="13912340000"))

    assert verdicts(item) == [V.NEW, V.NEW, V.DUPLICATE]
    assert warnings(item) == ["与第 2 行是同一个人，只导入第 2 行"]


def test_one_staff_number_for_two_people_is_an_error(tree, union):
    member = factories.make_member(tree["b"])
    first, second, third = (factories.a_person(staff_no=number) for number in ("T9990001", "T9990001", member.staff_no))

    item = bring(union, tree["root"], line(first), line(second), line(third))

    assert verdicts(item) == [V.NEW, V.ERROR, V.ERROR]
    assert errors(item)[1] == [["staff_no", "工号与第 2 行相同，请核对"]]
    assert errors(item)[2] == [["staff_no", f"工号已被 {member.name} 使用，请核对"]]


def test_a_branch_changes_what_it_may_and_is_told_what_not(tree, clerk):
    member = factories.make_member(tree["a"], education="21")

    item = bring(
        clerk,
        tree["a"],
        line(
            {"name": member.name, "id_number": member.id_number},
            学历="博士研究生毕业",
            备注="新",
            就业状况="退休",
            会员证号="X-1",
        ),
    )

    [row] = judged(item)
    assert (row.verdict, row.data["changes"]) == (V.UPDATE, {"remark": [None, "新"]})
    [told] = warnings(item)
    labels, _, rest = told.partition("与登记")
    assert sorted(labels.split("、")) == sorted(["学历（文化程度）", "会员证号", "就业状况"])
    assert rest == "的不同，但您不能直接修改，没有导入"


def test_a_list_changes_no_name_that_stands_on_a_printed_form(tree, union):
    printed, plain = (factories.make_member(tree["a"], staff_no=number) for number in ("20150001", "20150002"))
    filing.keep_prints(
        union, [(printed.id, tree["a"].id)], print_id="p1", papers=Papers.REGISTRATION, at_joining=False, of_batch=False
    )
    names = ("曾晓玫", "曾晓眉")

    item = bring(
        union,
        tree["root"],
        *(
            line({"name": name, "id_number": one.id_number}, 备注="新")
            for name, one in zip(names, (printed, plain), strict=True)
        ),
    )

    first, second = judged(item)
    assert (first.data["changes"], set(second.data["changes"])) == ({"remark": [None, "新"]}, {"name", "remark"})
    assert "姓名与登记的不同，但登记表已打印，须两人办理，没有导入；请在会员页面申请修改" in warnings(item)[0]


def test_a_wrong_cell_that_would_be_left_out_anyway_stops_no_update(tree, clerk):
    member = factories.make_member(tree["a"])

    item = bring(clerk, tree["a"], line({"name": member.name, "id_number": member.id_number}, 工资="很多", 备注="新"))

    assert (verdicts(item), errors(item)) == ([V.UPDATE], [[]])


def test_rules_between_fields_look_at_the_whole_record(tree, union):
    member = factories.make_member(tree["a"], marital_status="10")

    item = bring(union, tree["root"], line({"name": member.name, "id_number": member.id_number}, 来校时间="1980-01-01"))

    assert verdicts(item) == [V.ERROR]
    assert errors(item)[0][0][0] == "school_entry_date"


def test_the_number_of_the_document_wins_over_a_birth_date(tree, union):
    person = factories.a_person()
    born = person.values["birth_date"]

    item = bring(union, tree["root"], line(person, 出生日期=born.replace(year=born.year + 1).isoformat()))

    assert verdicts(item) == [V.NEW]
    assert judged(item)[0].data["values"]["birth_date"] == born.isoformat()
    assert born.isoformat() in warnings(item)[0]
    assert str(born.year + 1) in warnings(item)[0]


def test_a_branch_is_known_by_name_code_old_name_and_department(tree, union):
    units.rename(union, tree["b"], "智能制造学院分工会")
    departments.add(union, "马克思主义学院", tree["a"])
    people = [factories.a_person() for _ in range(6)]
    cells = ["GH01", "外国语学院分工会", "ｇｈ０２", "机械工程学院分工会"]
    rows = [line(person, cell) for person, cell in zip(people, cells, strict=False)]
    rows += [line(people[4], "", 部门="马克思主义学院"), line(people[5], "", 部门="外国语学院")]
    for row in rows:
        row.pop("工作单位（部门）", None)

    item = bring(union, tree["root"], *rows)

    assert verdicts(item) == [V.NEW] * 6
    a, b = tree["a"].id, tree["b"].id
    assert [row.data["unit"] for row in judged(item)] == [a, a, b, b, a, a]


def test_a_branch_outside_ones_own_is_as_one_that_is_not_there(tree, clerk):
    person = factories.a_person()

    told = errors(bring(clerk, tree["a"], line(person, "GH02")))
    nobody = errors(bring(clerk, tree["a"], line(person, "GH99")))

    assert [one[0] for one in told[0]] == ["branch"]
    assert told[0][0][1].replace("GH02", "") == nobody[0][0][1].replace("GH99", "")


def test_a_unit_that_takes_no_members_is_refused(tree, union):
    assert verdicts(bring(union, tree["root"], line(factories.a_person(), "GH03"))) == [V.ERROR]


def test_without_a_branch_someone_belongs_to_the_only_one(tree, clerk):
    person = factories.a_person()
    row = line(person, "")
    row.pop("工作单位（部门）")

    item = bring(clerk, tree["a"], row)

    assert (verdicts(item), judged(item)[0].data["unit"]) == ([V.NEW], tree["a"].id)


def test_who_has_left_applies_again(tree, union):
    member = factories.make_member(tree["a"])
    history.write(member, {"membership_status": "withdrawn"}, SHELL, reason="退会")

    item = bring(
        union, tree["root"], line({"name": member.name, "id_number": member.id_number, "mobile": member.mobile})
    )

    assert verdicts(item) == [V.NEW]
    assert warnings(item) == ["曾是会员（现为退会），将作为重新入会申请，批准后恢复原档案"]


@pytest.mark.parametrize("status", ["expelled", "deceased"])
def test_who_is_a_member_no_more_is_not_touched(tree, union, status):
    member = factories.make_member(tree["a"])
    history.write(member, {"membership_status": status}, SHELL, reason="测试")

    item = bring(union, tree["root"], line({"name": member.name, "id_number": member.id_number}, 备注="新"))

    assert verdicts(item) == [V.ERROR]


def test_who_retired_does_not_join(tree, union):
    item = bring(union, tree["root"], line(factories.a_person(), 就业状况="退休"))

    assert errors(item)[0][0][0] == "employment_status"


def test_family_needs_a_consent_of_its_own(tree, union):
    person = factories.a_person()

    without = bring(union, tree["root"], line(person, 婚姻状况="未婚"))
    with_it = bring(union, tree["root"], line(person, 婚姻状况="未婚"), has_consent=True)

    assert "marital_status" not in judged(without)[0].data["values"]
    assert "婚姻状况没有导入" in warnings(without)[0]
    assert judged(with_it)[0].data["values"]["marital_status"] == "10"


def test_without_history_join_date_and_card_number_are_left_out_and_said_so(tree, union):
    item = bring(union, tree["root"], line(a_historic(member_no="OLD-1")))

    assert verdicts(item) == [V.NEW]
    assert {"join_date", "member_no"} & set(judged(item)[0].data["values"]) == set()
    assert sorted(sentence.partition("由系统")[0] for sentence in warnings(item)) == ["会员证号", "入会日期"]


def test_history_needs_a_day_and_only_warns_of_a_missing_mobile(tree, union):
    no_day, no_mobile = factories.a_person(), a_historic(mobile=None)

    item = bring(union, tree["root"], line(no_day), line(no_mobile), is_historic=True)

    assert verdicts(item) == [V.ERROR, V.NEW]
    assert errors(item)[0] == [["join_date", "历史会员补录须填写入会日期，例如 2012-05-01"]]
    assert [one[0] for one in judged(item)[1].data["warnings"]] == ["mobile"]


def test_history_is_the_unions(tree, clerk, union):
    with pytest.raises(Forbidden):
        bring(clerk, tree["a"], line(a_historic()), is_historic=True)

    assert verdicts(bring(union, tree["root"], line(a_historic()), is_historic=True)) == [V.NEW]


def test_a_card_number_is_given_once(tree, union):
    member = factories.make_member(tree["a"])
    taken, twice, again = (a_historic(member_no=number) for number in (member.member_no, "OLD-7", "OLD-7"))

    item = bring(union, tree["root"], line(taken), line(twice), line(again), is_historic=True)

    assert verdicts(item) == [V.ERROR, V.NEW, V.ERROR]
    assert [one[0][0] for one in errors(item) if one] == ["member_no", "member_no"]


def test_a_day_of_joining_in_the_future_is_an_error(tree, union):
    item = bring(union, tree["root"], line(a_historic(join_date=date(2999, 1, 1))), is_historic=True)

    assert verdicts(item) == [V.ERROR]


def test_numbers_that_stand_in_the_wrong_column_are_hidden_in_what_is_told(tree, union):
    person = factories.a_person()

    item = bring(union, tree["root"], line(person, 民族=person.id_number))

    [[name, sentence]] = errors(item)[0]
    assert name == "ethnicity"
    assert person.id_number not in sentence
    assert person.id_number[-4:] in sentence


def test_another_units_file_cannot_be_brought(tree, clerk):
    with pytest.raises(DomainError, match="请选择要导入的单位"):
        bring(clerk, tree["b"], line(factories.a_person()))


def test_a_city_operator_of_one_union_learns_nothing_of_another(app, user_as):
    city = factories.make_unit(None, code="C", name="市总工会", kind=UnitKind.CITY, approves_members=False)
    one, other = (
        factories.make_unit(city, code=code, name=f"{code}工会", kind=UnitKind.UNION, approves_members=True)
        for code in ("U1", "U2")
    )
    member = factories.make_member(other)
    operator = factories.make_user(Role.UNIT_ADMIN, one)

    item = bring(
        operator, one, line({"name": member.name, "id_number": member.id_number}, "U1", 手机号码=member.mobile)
    )

    assert (verdicts(item), warnings(item)) == ([V.TRANSFER], [ELSEWHERE])


def test_a_mobile_of_another_active_member_is_pointed_out_and_of_one_who_left_is_not(tree, union):
    active, gone = factories.make_member(tree["a"]), factories.make_member(tree["b"])
    history.write(gone, {"membership_status": "transferred_out"}, SHELL, reason="转出")
    rows = [line(factories.a_person(mobile=member.mobile)) for member in (active, gone)]

    item = bring(union, tree["root"], *rows)

    assert verdicts(item) == [V.NEW, V.NEW]
    assert [[sentence for _, sentence in row.data["warnings"]] for row in judged(item)] == [
        ["该手机号码也登记在另一位会员名下，请核对"],
        [],
    ]


def test_each_row_is_judged_by_the_rights_at_its_own_unit(tree, union, user_as):
    chair = user_as(Role.BRANCH_OPERATOR, tree["a"])
    own, other = factories.make_member(tree["a"]), factories.make_member(tree["b"])
    rows = [line({"name": one.name, "id_number": one.id_number}, "", 备注="新", 职务="处长") for one in (own, other)]

    assert verdicts(bring(union, tree["root"], *rows)) == [V.UPDATE, V.UPDATE]
    item = bring(chair, tree["a"], *rows)

    assert verdicts(item) == [V.UPDATE, V.TRANSFER]
    assert warnings(item) == [ELSEWHERE]
