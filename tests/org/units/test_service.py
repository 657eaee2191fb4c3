"""Units founded, set up, renamed, moved, closed: what the verbs do, and what they refuse with a sentence."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from portal.core import audit
from portal.core.actors import APPLICANT
from portal.core.calendar import midnight, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.joining import codes
from portal.joining.models import ApplicationState as S
from portal.joining.workflow import JOINING
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Permission as P
from portal.org.permissions import Role
from portal.org.units import departments, kinds, names, population, service
from portal.org.units.models import UnitName
from tests import factories

K = UnitKind
Units = dict[str, OrgUnit]


@pytest.fixture
def keeper(city: Units) -> User:
    """Who looks after the whole city."""
    return user(Role.SUPER_ADMIN, city["root"])


@pytest.fixture
def eastern(city: Units) -> User:
    """Who looks after the east county and what is below."""
    return user(Role.ORG_ADMIN, city["east"])


def user(role: Role, unit: OrgUnit) -> User:
    made = factories.make_user(role, unit)
    db.session.commit()
    return made


def paths() -> dict[str, str]:
    """The path of every unit, as the codes of the units on the way."""
    rows = db.session.execute(select(OrgUnit.id, OrgUnit.code, OrgUnit.path)).all()
    codes_of = {row.id: row.code for row in rows}
    return {row.code: ">".join(codes_of[int(number)] for number in row.path.strip("/").split("/")) for row in rows}


def name_on(unit: OrgUnit, day: date) -> str:
    """What the unit was called on `day`, as far as is written down."""
    return next((one.name for one in names.names_of(unit) if one.valid_from <= day < one.valid_to), unit.name)


def branch_of(department: str, day: date, under: OrgUnit) -> OrgUnit | None:
    """The only unit to which the department belongs on `day`."""
    found = departments.branches_of(department, day, under)
    return found[0] if len(found) == 1 else None


def last_event(unit: OrgUnit) -> audit.AuditEvent:
    return audit.events_of(unit)[-1]


# --- founding ---------------------------------------------------------------------------------------------------------


def test_a_new_unit_gets_its_parents_code_and_what_its_kind_does(city: Units, keeper: User) -> None:
    town = service.found(keeper, city["west"], name="西山区第一街道工会", kind=K.TOWN)
    union = service.found(
        keeper, town, name="西山商贸公司工会", kind=K.UNION, code="ws-7", contact_phone="0335-1234567"
    )
    branch = service.found(keeper, union, name="门店分工会", kind=K.BRANCH)

    assert [(unit.code, unit.approves_members, unit.accepts_members) for unit in (town, union, branch)] == [
        ("GH0201", False, False),
        ("WS-7", True, True),
        ("WS-701", False, True),
    ]
    assert paths()["WS-701"] == "GH>GH02>GH0201>WS-7>WS-701"
    assert (last_event(union).action, last_event(union).actor_id) == ("unit.found", keeper.id)
    assert last_event(union).details == {"code": "WS-7", "kind": "union", "parent": "GH0201"}


def test_a_code_takes_the_first_two_free_digits_and_says_when_none_is_left(city: Units, keeper: User) -> None:
    assert service.next_code(city["town"]) == "GH010103"
    for number in range(3, 100):
        factories.make_unit(city["town"], code=f"GH0101{number:02}", name=f"第{number}工会", kind=K.UNION)

    with pytest.raises(DomainError, match="两位数字已经用完") as refused:
        service.next_code(city["town"])
    assert refused.value.field == "code"


@pytest.mark.parametrize(
    ("under", "given", "field", "sentence"),
    [
        ("town", {"code": "GH02"}, "code", "单位代码 GH02 已被使用"),
        ("town", {"code": "gh02"}, "code", "单位代码 GH02 已被使用"),
        ("town", {"code": "GH_1"}, "code", "大写字母、数字和短横线"),
        ("town", {"code": "A" * 21}, "code", "最多 20 个字符"),
        ("town", {"kind": K.BRANCH}, "kind", "分工会不能设在乡镇（街道）工会下面"),
        ("shop", {"kind": K.UNION}, "kind", "分工会下面可以设：工会小组"),
        ("town", {"name": "海港机械公司工会"}, "name", "同一上级下面已经有“海港机械公司工会”"),
        ("town", {"name": " \u200b"}, "name", "2 至 120 个字"),
        ("town", {"name": "海" * 121}, "name", "现在是 121 个"),
        ("town", {"contact_phone": "1" * 41}, "contact_phone", "联系电话最多 40 个字符"),
    ],
)
def test_what_cannot_be_founded(
    city: Units, keeper: User, under: str, given: dict[str, str], field: str, sentence: str
) -> None:
    before = set(paths())

    with pytest.raises(DomainError, match=sentence) as refused:
        service.found(keeper, city[under], **{"name": "新建工会", "kind": K.UNION, **given})  # type: ignore[arg-type]

    assert refused.value.field == field
    assert set(paths()) == before


def test_a_school_has_branches_and_groups_alone(tree: Units) -> None:
    assert kinds.below(tree["root"].kind) == [K.BRANCH, K.GROUP]
    assert kinds.below(K.GROUP) == []
    assert all(kinds.kind_of(kind.label) is kind for kind in K)
    assert kinds.kind_of("县(区) 总工会") is K.COUNTY


def test_nobody_founds_outside_or_without_the_right(city: Units, eastern: User) -> None:
    chair = user(Role.UNION_CHAIR, city["root"])
    for actor, unit in ((eastern, city["west"]), (eastern, city["root"]), (chair, city["town"])):
        with pytest.raises(Absent):
            service.found(actor, unit, name="新建工会", kind=K.UNION)


# --- settings ---------------------------------------------------------------------------------------------------------


def settings(unit: OrgUnit, **changed: object) -> dict[str, object]:
    return {one: getattr(unit, one) for one in service.SETTINGS} | changed


def test_settings_are_traced_old_to_new(city: Units, keeper: User) -> None:
    service.set_up(keeper, city["other"], **settings(city["other"], contact_phone="110", needs_opinion=True))

    assert last_event(city["other"]).changes == {
        "contact_phone": ["0335-8050000", "110"],
        "needs_opinion": [None, True],
    }
    with pytest.raises(DomainError, match="没有改动任何设置"):
        service.set_up(keeper, city["other"], **settings(city["other"]))


def test_a_kind_must_fit_above_and_below_and_is_not_ones_own_to_change(
    city: Units, keeper: User, eastern: User
) -> None:
    with pytest.raises(DomainError, match="它的下级有乡镇（街道）工会，不能改为系统工会"):
        service.set_up(keeper, city["east"], **settings(city["east"], kind=K.SYSTEM))
    with pytest.raises(DomainError, match="系统工会不能设在乡镇"):
        service.set_up(keeper, city["other"], **settings(city["other"], kind=K.SYSTEM))
    with pytest.raises(Forbidden, match="您自己所在的单位"):
        service.set_up(eastern, city["east"], **settings(city["east"], kind=K.SYSTEM))

    service.set_up(eastern, city["east"], **settings(city["east"], contact_phone="0335-1"))
    service.set_up(keeper, city["west"], **settings(city["west"], kind=K.SYSTEM))

    assert (city["east"].contact_phone, city["west"].kind) == ("0335-1", K.SYSTEM)


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_name_is_readable_as_of_every_day(city: Units, keeper: User) -> None:
    unit, first = city["firm"], city["firm"].name
    service.rename(keeper, unit, "海港重工公司工会", on=date(2020, 9, 1))
    service.rename(keeper, unit, "海港重工集团工会", on=today())
    service.rename(keeper, unit, "海港装备公司工会", on=date(2023, 1, 1))  # written down afterwards

    days = (date(1999, 1, 1), date(2020, 8, 31), date(2020, 9, 1), date(2022, 12, 31), date(2023, 1, 1), today())
    assert [name_on(unit, day) for day in days] == [
        first, first, "海港重工公司工会", "海港重工公司工会", "海港装备公司工会", "海港重工集团工会",
    ]  # fmt: skip
    assert unit.name == "海港重工集团工会"
    lines = names.names_of(unit)
    assert all(one.valid_to == other.valid_from for one, other in pairwise(lines))
    assert last_event(unit).changes == {"name": ["海港重工公司工会", "海港装备公司工会"]}
    assert name_on(city["shop"], date(2000, 1, 1)) == "一车间分工会"


def test_a_name_of_the_future_waits_for_its_day(city: Units, keeper: User) -> None:
    unit, first, day = city["shop"], city["shop"].name, today() + timedelta(days=10)
    service.rename(keeper, unit, "总装车间分工会", on=day)
    names.apply_due()
    assert (unit.name, name_on(unit, day)) == (first, "总装车间分工会")

    with time_machine.travel(midnight(day) + timedelta(minutes=1)):
        names.apply_due()
        names.apply_due()

        assert unit.name == "总装车间分工会"
        events = [event for event in audit.events_of(unit) if event.action == "unit.rename_due"]
        assert [(event.actor_label, event.changes) for event in events] == [
            ("系统定时任务", {"name": [first, "总装车间分工会"]})
        ]
        with pytest.raises(Conflict, match="已经生效，不能撤销"):
            names.cancel(keeper, names.names_of(unit)[-1].id)
    db.session.commit()


def test_a_name_of_the_future_is_taken_back(city: Units, keeper: User, eastern: User) -> None:
    unit, day = city["west"], today() + timedelta(days=10)
    service.rename(keeper, unit, "西山新区总工会", on=day)
    db.session.commit()
    line = names.names_of(unit)[-1]
    with pytest.raises(Absent):
        names.cancel(eastern, line.id)

    names.cancel(keeper, line.id)

    assert name_on(unit, day) == "西山区总工会"
    assert [one.valid_to.year for one in names.names_of(unit)] == [9999]
    assert last_event(unit).action == "unit.rename_cancel"


def test_a_second_name_of_a_day_corrects_the_first(city: Units, keeper: User) -> None:
    unit, first = city["west"], city["west"].name
    service.rename(keeper, unit, "西山新区总工会")
    service.rename(keeper, unit, "西山高新区总工会")
    assert [line.name for line in names.names_of(unit)] == [first, "西山高新区总工会"]

    service.rename(keeper, unit, first)

    db.session.flush()
    assert (unit.name, [line.name for line in names.names_of(unit)]) == (first, [first])


@pytest.mark.parametrize(
    ("name", "on", "sentence"),
    [
        ("海港食品公司工会", None, "同一上级下面已经有"),
        ("海港机械公司工会", None, "已经是“海港机械公司工会”"),
        ("海", None, "2 至 120 个字"),
        ("海港重工公司工会", date(1026, 9, 1), "更名日期应在1921年1月1日之后"),
        ("海港重工公司工会", date(9999, 12, 31), "请核对年份"),
    ],
)
def test_names_that_cannot_be(city: Units, keeper: User, name: str, on: date | None, sentence: str) -> None:
    with pytest.raises(DomainError, match=sentence):
        service.rename(keeper, city["firm"], name, on=on)

    db.session.rollback()
    assert db.session.scalars(select(UnitName)).all() == []


def test_a_unit_is_found_by_code_name_and_old_name(city: Units, keeper: User) -> None:
    service.rename(keeper, city["firm"], "海港重工公司工会")
    db.session.flush()

    found = [service.find_by(text, city["east"]) for text in ("gh010101", "海港重工公司工会", " 海港机械公司工会")]
    assert found == [city["firm"]] * 3
    assert [service.find_by(text, city["east"]) for text in ("GH02", "西山区总工会", "海港", "")] == [None] * 4
    service.found(keeper, city["other"], name="机关分工会", kind=K.BRANCH)
    with pytest.raises(DomainError, match="有不止一个单位叫“机关分工会”，请改写单位代码"):
        service.find_by("机关分工会", city["root"])


# --- moving -----------------------------------------------------------------------------------------------------------


def test_a_subtree_moves_with_everything_below(city: Units, keeper: User, eastern: User) -> None:
    western = user(Role.ORG_ADMIN, city["west"])
    member = factories.make_member(city["shop"])
    before = paths()

    service.move(keeper, city["town"], city["west"])
    db.session.commit()

    moved = {"GH0101", "GH010101", "GH010102", "GH01010101", "GH01010102"}
    assert paths() == before | {code: before[code].replace("GH>GH01>", "GH>GH02>") for code in moved}
    assert member.unit.path == f"{city['firm'].path}{member.unit_id}/"
    seen = access.scoped(Member, western, P.MEMBER_READ, Member.id)
    assert db.session.scalars(seen).all() == [member.id]
    assert db.session.scalars(access.scoped(Member, eastern, P.MEMBER_READ, Member.id)).all() == []
    assert last_event(city["town"]).details == {"units": 5}
    assert last_event(city["town"]).changes["parent"] == ["东港区总工会（GH01）", "西山区总工会（GH02）"]


@pytest.mark.parametrize(
    ("what", "where", "sentence"),
    [
        ("town", "town", "不能把东港区第一街道工会移到它自己下面"),
        ("east", "town", "不能把东港区总工会移到它自己的下级下面"),
        ("firm", "shop", "移到它自己的下级下面"),
        ("firm", "town", "已经在东港区第一街道工会下面"),
        ("shop", "east", "分工会不能设在县（区）总工会下面"),
        ("town", "root", "乡镇（街道）工会不能设在市总工会下面"),
        ("shop", "other", "同一上级下面已经有“一车间分工会”"),
        ("office", "other", "海港食品公司工会已停用，不能移到它下面"),
    ],
)
def test_where_a_unit_cannot_go(city: Units, keeper: User, what: str, where: str, sentence: str) -> None:
    factories.make_unit(city["other"], code="X1", name="一车间分工会")
    if what == "office":
        service.disable(keeper, city["other"])
    before = paths()

    with pytest.raises(DomainError, match=sentence) as refused:
        service.move(keeper, city[what], city[where])

    assert refused.value.field == "parent"
    assert paths() == before


def test_a_side_that_is_not_ones_own_is_absent(city: Units, eastern: User) -> None:
    for what, where in (("town", "west"), ("west", "east")):
        with pytest.raises(Absent):
            service.move(eastern, city[what], city[where])
    with pytest.raises(Absent):
        service.managed(eastern, city["west"].id)
    with pytest.raises(Forbidden, match="您不能改动它的上级"):
        service.move(eastern, city["east"], city["town"])


# --- closing ----------------------------------------------------------------------------------------------------------


def test_a_unit_with_members_is_not_closed_and_says_what_to_do(city: Units, keeper: User) -> None:
    members = [factories.make_member(city["shop"]), factories.make_member(city["shop"])]
    gone = factories.make_member(city["other"])
    db.session.execute(update(Member).where(Member.id == gone.id).values(membership_status=MembershipStatus.WITHDRAWN))
    sentence = (
        "海港机械公司工会及其下级还有 2 名会员（其中：一车间分工会 2 人），不能停用。"
        "请用“撤并方案”把他们一次转到其他单位，或逐个转出，然后再停用"
    )

    with pytest.raises(DomainError) as refused:
        service.disable(keeper, city["firm"])

    assert refused.value.message == sentence
    assert city["shop"].is_enabled
    assert service.why_not_disabled(city["shop"]).startswith("一车间分工会还有 2 名会员，不能停用")
    assert service.disable(keeper, city["other"]) == 1  # who has left is no member any more
    assert len(members) == 2


@pytest.mark.parametrize("state", [S.SUBMITTED, S.BRANCH_OK, S.WAIT_PROVINCE])
def test_a_unit_where_an_application_waits_is_not_closed(city: Units, keeper: User, state: S) -> None:
    item = factories.make_application(city["firm"], state)
    sentence = (
        "第一街道工会（含下级）还有 1 份入会申请没有办结，不能停用。"
        "请先审批或退回，或把申请转到其他单位，全部办结后再停用"
    )

    with pytest.raises(DomainError) as refused:
        service.disable(keeper, city["town"])

    assert refused.value.message.endswith(sentence)
    assert (city["town"].is_enabled, city["firm"].is_enabled) == (True, True)
    assert service.why_not_disabled(city["other"]) == ""
    JOINING.fire(item, "withdraw", APPLICANT, own=True)
    assert service.disable(keeper, city["town"]) == 5


@pytest.mark.parametrize("state", [S.RETURNED, S.REJECTED, S.WITHDRAWN])
def test_what_nobody_here_has_to_decide_is_not_in_the_way(city: Units, keeper: User, state: S) -> None:
    factories.make_application(city["firm"], state)

    assert population.returned(city["town"]) == (1 if state is S.RETURNED else 0)
    assert service.disable(keeper, city["firm"]) == 3


def test_a_closed_unit_takes_nobody_and_its_code_is_closed(city: Units, keeper: User) -> None:
    code = codes.issue_code(keeper, city["firm"])
    db.session.commit()
    assert codes.open_code(code.token) is code

    assert service.disable(keeper, city["firm"]) == 3
    db.session.commit()

    assert [city[name].is_enabled for name in ("firm", "shop", "office", "town")] == [False, False, False, True]
    assert codes.open_code(code.token) is None
    assert last_event(city["firm"]).changes == {"is_enabled": [True, False]}
    with pytest.raises(DomainError, match="已停用，请先启用它再新增下级"):
        service.found(keeper, city["firm"], name="二车间分工会", kind=K.BRANCH)
    with pytest.raises(DomainError, match="上级海港机械公司工会已停用，请先启用上级"):
        service.enable(keeper, city["shop"])
    with pytest.raises(DomainError, match="已经停用"):
        service.disable(keeper, city["firm"])

    assert service.enable(keeper, city["firm"]) == 1
    assert [city[name].is_enabled for name in ("firm", "shop", "office")] == [True, False, False]
    assert service.enable(keeper, city["shop"]) == 1
    assert codes.open_code(code.token) is code


def test_all_below_are_opened_together_if_wanted(city: Units, keeper: User, eastern: User) -> None:
    service.disable(keeper, city["firm"])

    assert service.enable(eastern, city["firm"], below=True) == 3

    assert city["shop"].is_enabled
    with pytest.raises(DomainError, match="没有停用"):
        service.enable(eastern, city["firm"])


def test_ones_own_unit_is_not_ones_own_to_close(city: Units, keeper: User, eastern: User) -> None:
    for actor, unit in ((eastern, city["east"]), (keeper, city["root"])):
        with pytest.raises(Forbidden):
            service.disable(actor, unit)
    with pytest.raises(Absent):
        service.disable(eastern, city["west"])


# --- departments ------------------------------------------------------------------------------------------------------


def test_a_department_belongs_to_a_branch_from_a_day_to_a_day(city: Units, keeper: User) -> None:
    firm, shop, office = city["firm"], city["shop"], city["office"]
    line = departments.add(keeper, "生产（一）部", shop, starts=date(2020, 1, 1))
    departments.end(keeper, line, on=date(2024, 9, 1))
    departments.add(keeper, "生产(一)部", office)  # since the line before it ended

    days = (date(2019, 12, 31), date(2020, 1, 1), date(2024, 8, 31), date(2024, 9, 1), today())
    assert [branch_of(" 生产（一） 部", day, firm) for day in days] == [None, shop, shop, office, office]
    assert branch_of("生产（一）部", today(), city["other"]) is None
    assert branch_of("财务部", today(), firm) is None
    assert last_event(line).changes == {"to": ["", "2024-09-01"]}


def test_a_department_may_be_divided_and_then_names_no_one_branch(city: Units, keeper: User) -> None:
    for unit in (city["shop"], city["office"]):
        departments.add(keeper, "信息学院", unit)

    assert departments.branches_of("信息学院", today(), city["firm"]) == [city["shop"], city["office"]]
    assert branch_of("信息学院", today(), city["firm"]) is None
    with pytest.raises(DomainError, match="“信息学院”已经对应一车间分工会（最初至现在）"):
        departments.add(keeper, "信息学院", city["shop"])


def test_departments_that_cannot_be(city: Units, keeper: User, eastern: User) -> None:
    service.disable(keeper, city["office"])
    for unit, name, sentence in (
        ("town", "财务部", "不直接接收会员"),
        ("office", "财务部", "已停用"),
        ("shop", "  ", "1 至 60 个字"),
        ("shop", "部" * 61, "1 至 60 个字"),
    ):
        with pytest.raises(DomainError, match=sentence):
            departments.add(keeper, name, city[unit])
    with pytest.raises(DomainError, match="请核对年份"):
        departments.add(keeper, "财务部", city["shop"], starts=date(202, 1, 1))
    line = departments.add(keeper, "财务部", city["shop"], starts=today())
    with pytest.raises(DomainError, match="结束日期应晚于起始日期"):
        departments.end(keeper, line, on=today())
    with pytest.raises(Absent):
        departments.end(user(Role.ORG_ADMIN, city["west"]), line)
    assert departments.lines_of(city["firm"]) == ([line], False)
    assert departments.count(city["firm"]) == 1


def test_many_departments_are_pasted_all_or_none(city: Units, keeper: User) -> None:
    departments.add(keeper, "人事部", city["office"])
    service.rename(keeper, city["shop"], "总装分工会")
    again = "人事部\t机关分工会\n财务部\t机关分工会\n"
    good = "部门\t分工会\n财务部\t机关分工会\n一车间\tGH01010101\n\n二车间\t一车间分工会\n" + again

    assert departments.paste(keeper, city["firm"], good) == (3, 2)

    found = {name: branch_of(name, today(), city["firm"]) for name in ("财务部", "一车间", "二车间")}
    assert found == {"财务部": city["office"], "一车间": city["shop"], "二车间": city["shop"]}
    assert last_event(city["firm"]).details["lines"] == [
        "财务部 → 机关分工会", "一车间 → 总装分工会", "二车间 → 总装分工会",
    ]  # fmt: skip
    with pytest.raises(DomainError) as refused:
        departments.paste(
            keeper, city["firm"], "三车间\t总装分工会\n四车间\t火星分工会\n五车间\t\n六车间\t西山区总工会"
        )
    assert refused.value.errors == {  # type: ignore[attr-defined]
        "pasted": [
            "第 2 行：没有找到分工会“火星分工会”，请核对名称或改写单位代码",
            "第 3 行：应有两列：部门、分工会",
            "第 4 行：没有找到分工会“西山区总工会”，请核对名称或改写单位代码",
        ]
    }
    assert branch_of("三车间", today(), city["firm"]) is None
    with pytest.raises(DomainError, match="这些部门都已登记"):
        departments.paste(keeper, city["firm"], "财务部\t机关分工会")
    with pytest.raises(DomainError, match="请粘贴两列"):
        departments.paste(keeper, city["firm"], "\n")


def test_departments_of_members_without_a_branch_are_told(app: Flask, city: Units, keeper: User) -> None:
    for unit, department in (("shop", "一车间"), ("shop", "一车间"), ("office", "一车间"), ("office", "财务部")):
        factories.make_member(city[unit], department=department)
    factories.make_member(city["other"], department="包装车间")

    assert departments.unmapped(city["firm"]) == [
        departments.Unmapped("一车间", 3, city["shop"].id),
        departments.Unmapped("财务部", 1, city["office"].id),
    ]
    departments.add(keeper, "一 车间", city["shop"])
    assert [one.name for one in departments.unmapped(city["firm"])] == ["财务部"]


def test_a_signature_of_messages_stands_without_its_brackets(city: Units, keeper: User) -> None:
    service.set_up(keeper, city["other"], **settings(city["other"], sms_signature="【 海港 工会】"))

    assert city["other"].sms_signature == "海港 工会"
    for wrong in ("工" * 17, "海【港"):
        with pytest.raises(DomainError, match="短信签名最多 16 个字，不带【】") as refused:
            service.set_up(keeper, city["other"], **settings(city["other"], sms_signature=wrong))
        assert refused.value.field == "sms_signature"
