"""A pair that differs exactly where it was made to: members of a school, and a personnel office's file of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history, many
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.org.models import OrgUnit
from tests import factories
from tests.comparison.conftest import row_of, sheet

FIELDS = (
    "staff_no", "name", "id_number", "department", "prof_title", "admin_duty", "mobile", "birth_date",
    "employment_status",
)  # fmt: skip
LECTURER, PROFESSOR = "013", "011"


@dataclass
class Planted:
    """The file's rows, and what must be found: (list, name, field or ""), and what must be told of the file."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    found: set[tuple[str, str, str]] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    people: dict[str, Member] = field(default_factory=dict)

    def file(self) -> bytes:
        """Return the personnel office's file."""
        return sheet(self.rows, FIELDS)


def number_cell(number: str) -> float:
    """Return what Excel makes of an ID number in a cell of numbers."""
    return float(int(number[:15] + "000"))


def plant(tree: dict[str, OrgUnit], *, alike: int) -> Planted:
    """Fill the school with `alike` people who are the same on both sides, and everyone who is not."""
    planted = Planted()
    _alike(planted, tree, alike)
    _only_there(planted, tree)
    _only_here(planted, tree)
    _placed(planted, tree)
    _different(planted, tree)
    _unsure(planted, tree)
    _traps(planted, tree)
    db.session.commit()
    return planted


def _member(planted: Planted, unit: OrgUnit, name: str, **values: Any) -> Member:
    member = factories.make_member(unit, name=name, **values)
    planted.people[name] = member
    return member


def _alike(planted: Planted, tree: dict[str, OrgUnit], number: int) -> None:
    """Bring the many in at once, as an import would; half of the file's rows come without their document."""
    people = [factories.a_person(department="教务处" if place % 2 else "机械系") for place in range(number)]
    beginnings = [
        many.Beginning(
            person.values | {"member_no": f"GH-1999-{place:05d}", "join_date": date(1999, 1, 1)},
            tree["a" if place % 2 else "b"].id, date(1999, 1, 1),
        )
        for place, person in enumerate(people)
    ]  # fmt: skip
    many.begin(beginnings, SHELL, reason="测试", batch_id="planted")
    for place, person in enumerate(people):
        row = {name: person.values[name] for name in ("staff_no", "name", "department", "mobile")}
        row |= {"id_number": person.id_number} if place % 3 else {"birth_date": str(person.values["birth_date"])}
        planted.rows.append(row)


def _only_there(planted: Planted, tree: dict[str, OrgUnit]) -> None:
    new = factories.a_person(name="殷新来", department="教务处").values
    namesake = factories.a_person(name="殷同名", department="机械系").values
    _member_on_list(planted, tree["b"], "殷同名", birth_date=date(1960, 2, 29), sex="1")
    broken = factories.a_person(name="殷数字", department="招生办").values
    left = _member(planted, tree["a"], "殷退会")
    history.write(left, {"membership_status": MembershipStatus.WITHDRAWN.value}, SHELL, reason="测试")
    planted.rows += [
        {name: new[name] for name in ("staff_no", "name", "id_number", "department")},
        {name: namesake[name] for name in ("staff_no", "name", "id_number", "department")},
        {**{name: broken[name] for name in ("staff_no", "name", "department")},
         "id_number": number_cell(broken["id_number"])},
        row_of(left),
    ]  # fmt: skip
    planted.found |= {("only_there", name, "") for name in ("殷新来", "殷同名", "殷数字", "殷退会")}
    planted.told.add("证件号码被 Excel 存成了数字，后几位可能已丢失，请把该列设为文本格式后重新填写")


def _member_on_list(planted: Planted, unit: OrgUnit, name: str, **values: Any) -> Member:
    """Admit someone whose row says the same."""
    if "birth_date" in values:
        values["id_number"] = factories.id_number(birth=values["birth_date"], sex=values["sex"])
    department = "教务处" if unit.code == "GH01" else "机械系"
    member = _member(planted, unit, name, department=department, **values)
    planted.rows.append(row_of(member))
    return member


def _only_here(planted: Planted, tree: dict[str, OrgUnit]) -> None:
    for name in ("殷离开", "殷退休", "殷外派"):
        _member(planted, tree["b"], name)
    planted.found |= {("only_here", name, "") for name in ("殷离开", "殷退休", "殷外派")}
    for name, is_listed in (("殷保留", False), ("殷返聘", True)):
        member = _member(planted, tree["a"], name)
        history.write(member, {"membership_status": MembershipStatus.RETAINED.value}, SHELL, reason="测试")
        if is_listed:
            # a retained member is not compared any further
            planted.rows.append(row_of(member, department="机械系", prof_title="教授"))
            planted.found.add(("retained", name, ""))
    # her number was given to somebody else, who is no member
    old = _member(planted, tree["b"], "殷旧号", staff_no="20019999")
    someone = factories.a_person(name="殷新号", staff_no="20019999", department="机械系").values
    planted.rows.append({name: someone[name] for name in ("staff_no", "name", "id_number", "department")})
    planted.found |= {("only_here", old.name, ""), ("only_there", "殷新号", "")}


def _placed(planted: Planted, tree: dict[str, OrgUnit]) -> None:
    for name in ("殷转会", "殷调动"):
        member = _member(planted, tree["a"], name, department="机械系")
        planted.rows.append(row_of(member))
        planted.found.add(("misplaced", name, ""))
    nowhere = _member(planted, tree["a"], "殷新部", department="没登记的部门")
    planted.rows.append(row_of(nowhere))


def _different(planted: Planted, tree: dict[str, OrgUnit]) -> None:
    changed: dict[str, tuple[str, Any]] = {
        "殷职称": ("prof_title", "教授"),
        "殷职务": ("admin_duty", "处长"),
        "殷部门": ("department", "招生办"),
        "殷手机": ("mobile", "13700001234"),
        "殷工号": ("staff_no", "20018888"),
        "殷改姓": ("name", "王改姓"),
    }
    for name, (field_name, value) in changed.items():
        member = _member(planted, tree["a"], name, prof_title=LECTURER)
        planted.rows.append(row_of(member, **{field_name: value}))
        planted.found.add(("different", name, field_name))
    # without a document she is known by her number and birth, though her name has changed
    renamed = _member(planted, tree["a"], "殷改名")
    planted.rows.append(
        {"staff_no": renamed.staff_no, "name": "殷新名", "department": "教务处", "birth_date": str(renamed.birth_date)}
    )
    planted.found.add(("different", "殷改名", "name"))
    retired = _member(planted, tree["a"], "殷到龄")
    planted.rows.append(row_of(retired, employment_status="退休"))
    planted.found.add(("different", "殷到龄", "employment_status"))


def _unsure(planted: Planted, tree: dict[str, OrgUnit]) -> None:
    mistyped = _member(planted, tree["a"], "殷错号")
    other_number = factories.id_number(birth=mistyped.birth_date, sex=mistyped.sex or "2")
    planted.rows.append(row_of(mistyped, id_number=other_number))
    planted.found.add(("unsure", "殷错号", ""))
    _member(planted, tree["a"], "殷只名")
    planted.rows.append({"name": "殷只名", "department": "机械系"})
    planted.found.add(("unsure", "殷只名", ""))


def _traps(planted: Planted, tree: dict[str, OrgUnit]) -> None:
    """Whoever must not be found: two of one name, twice on the list, other ways to write the same."""
    for place in ("a", "b"):
        _member_on_list(planted, tree[place], "殷重名", birth_date=date(1980, 1, 2 if place == "a" else 3), sex="2")
    twice = _member_on_list(planted, tree["a"], "殷两行")
    planted.rows.append(row_of(twice))
    planted.told.add("与第 {twice} 行是同一个人，只比对第 {twice} 行")
    dotted = _member(planted, tree["a"], "买买提·吐尔逊", admin_duty=None, mobile="13912345678")
    planted.rows.append(
        row_of(dotted, name="买买提 • 吐尔逊", admin_duty="无", mobile="+86 139-1234-5678", department=" 教 务 处 ")
    )
    small = _member(planted, tree["a"], "殷小写", birth_date=date(1975, 5, 5), sex="1", id_number=_ending_in_x())
    planted.rows.append(row_of(small, id_number=f"'{small.id_number[:6]} {small.id_number[6:].lower()}"))
    damaged = _member(planted, tree["a"], "殷数位")
    planted.rows.append(row_of(damaged, id_number=number_cell(damaged.id_number)))
    unread = _member(planted, tree["a"], "殷生造", prof_title=LECTURER)
    planted.rows.append(row_of(unread, prof_title="特聘校长"))
    planted.told.add('职称"特聘校长"不在国标代码表中')


def _ending_in_x() -> str:
    while True:
        number = factories.id_number(birth=date(1975, 5, 5), sex="1")
        if number.endswith("X"):
            return number
