"""Delegates: a list from a file, the composition, vacancies; each as the people of a school meet it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from portal.congress import seats, service
from portal.congress.importing import service as importing
from portal.congress.importing.judging import Verdict
from portal.congress.models import Congress, Delegate, DelegateKind, DelegationPost, Person, Present, Vacated
from portal.core import settings
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError
from portal.members import turning
from portal.members.enums import ChangeReason, ChangeType, MembershipStatus, PostKind
from portal.members.models import UnionPost
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from tests.congress import making
from tests.congress.making import colleague


@pytest.fixture
def clerk(tree: dict[str, OrgUnit], user_as: Callable[..., User]) -> User:
    """Who keeps the congress."""
    return user_as(Role.UNION_OPERATOR, tree["root"], name="殷操作")


@pytest.fixture
def congress(tree: dict[str, OrgUnit]) -> Congress:
    """The eighth congress of the school."""
    item = making.make_congress(tree["root"])
    db.session.commit()
    return item


def verdicts(item: object) -> dict[int, tuple[str, str]]:
    """What became of each row, by its number in Excel."""
    lines, _ = importing.lines(item)  # type: ignore[arg-type]
    return {line.number: (line.verdict.value, line.note) for line in lines}


def test_a_list_is_judged_line_by_line_and_seats_whom_it_can(tree, clerk: User, congress: Congress) -> None:
    wang, other = colleague(tree["a"], "王一", staff_no="A001"), colleague(tree["b"], "李二", staff_no="A002")
    for unit in (tree["a"], tree["b"]):
        colleague(unit, "赵重名")
    ends = congress.ends - timedelta(days=100)

    item = making.brought(
        clerk,
        congress,
        ("王一", "A001", "第一代表团", "正式代表", "团长"),  # 3
        ("李二", "", "第一代表团", "列席"),  # by her name alone
        ("丁外聘", "W900", "第二代表团", "", "", "男", "回族", "专任教师", "1990-05-06", "", f"{ends}"),
        ("孙三", "W901", "第二代表团"),  # 6: no member, no sex
        ("赵重名", "", "第二代表团"),
        ("王一", "A001", "第二代表团"),  # 8: twice
        ("张四", "A002", "第二代表团"),  # another's number
        ("周五", "W902", "第一代表团", "正式", "团长", "女"),  # 10: a second head
        ("吴六", "W903", "第二代表团", "候补", "", "女"),
        ("郑七", "W904", "第二代表团", "", "", "女", "", "", "", "2010-01-01", ""),
        ("", "W905", "第二代表团"),
        ("合计", "", ""),
    )  # fmt: skip

    assert verdicts(item) == {
        3: ("member", "将新建第一代表团"),
        4: ("member", "将新建第一代表团"),
        5: ("outsider", "将新建第二代表团"),
        6: ("wrong", "会员中没有这个工号；不是会员的，请填写性别（出生日期、民族、岗位类别、部门最好也填）"),
        7: ("wrong", "有不止一位会员叫这个名字，请填写工号"),
        8: ("twice", "与第 3 行是同一人，只算一次"),
        9: ("wrong", "工号 A002 是李二，与姓名不符，请核对"),
        10: ("wrong", "第一代表团的团长是王一，只能有一位"),
        11: ("wrong", "代表类别“候补”不认识，请写正式、列席或特邀"),
        12: ("wrong", verdicts(item)[12][1]),
        13: ("wrong", "没有姓名"),
    }
    assert "不在本届" in verdicts(item)[12][1]
    assert db.session.query(Delegate).count() == 0

    importing.record(clerk, item.id, seen=3)
    db.session.commit()

    found = {one.person.called: one for one in db.session.query(Delegate)}
    assert {
        name: (one.kind, one.delegation.name, one.delegation_post, one.ends, one.person.member)
        for name, one in found.items()
    } == {
        "王一": (DelegateKind.FORMAL, "第一代表团", DelegationPost.HEAD, congress.ends, wang),
        "李二": (DelegateKind.OBSERVER, "第一代表团", DelegationPost.NONE, congress.ends, other),
        "丁外聘": (DelegateKind.FORMAL, "第二代表团", DelegationPost.NONE, ends, None),
    }
    outsider = found["丁外聘"].person
    assert (outsider.staff_no, outsider.sex, outsider.birth_date, outsider.post_category) == (
        "W900", "1", date(1990, 5, 6), "1",
    )  # fmt: skip
    assert item.lines is None
    # a member's formal seat is a post of the union, which groups and field 30 read
    assert [(post.member.name, post.kind) for post in db.session.query(UnionPost)] == [("王一", PostKind.DELEGATE)]
    # who came before is left alone
    again = making.brought(clerk, congress, ("王一", "A001", "第一代表团"), ("丁外聘", "W900", "第二代表团"))
    assert set(verdicts(again).values()) == {("before", "本届已是代表")}


def test_a_list_is_taken_back_within_a_day_unless_somebody_has_acted(tree, clerk: User, congress: Congress) -> None:
    colleague(tree["a"], "王一", staff_no="A001")
    item = making.brought(
        clerk, congress, ("王一", "A001", "第一代表团"), ("丁外聘", "W900", "第一代表团", "", "", "男")
    )
    importing.record(clerk, item.id, seen=2)
    db.session.commit()

    importing.undo(clerk, item.id)
    db.session.commit()

    assert [db.session.query(table).count() for table in (Delegate, Person, UnionPost)] == [0, 0, 0]
    second = making.brought(clerk, congress, ("王一", "A001", "第一代表团"))
    importing.record(clerk, second.id, seen=1)
    session = making.make_session(tree["root"], service.S.CALLED, congress=congress)
    seat = db.session.query(Delegate).one()
    service.attend(clerk, session.id, present=[seat.id], excused=[])
    with pytest.raises(Conflict, match="王一在导入之后已有签到或变动"):
        importing.undo(clerk, second.id)


def test_what_has_changed_since_the_preview_is_told_and_nobody_is_seated(tree, clerk: User, congress: Congress) -> None:
    item = making.brought(clerk, congress, ("王一", "A001", "第一代表团", "", "", "女"))
    colleague(tree["a"], "王一", staff_no="A001")
    db.session.commit()

    with pytest.raises(Conflict, match="没有导入任何一行"):
        importing.record(clerk, item.id, seen=1)

    assert db.session.query(Delegate).count() == 0


def test_the_composition_is_counted_of_formal_delegates_and_marks_what_is_short(tree, congress: Congress) -> None:
    settings.set(SHELL, "congress_teacher_share", "10")  # of the next congress, not of this one
    day = today()
    born = {"old": date(day.year - 50, 1, 1), "on the edge": date(day.year - 40, day.month, min(day.day, 28))}
    facts = [
        {"post_category": "1", "sex": "2", "ethnicity": "01", "birth_date": born["old"]},
        {"post_category": "1", "sex": "1", "ethnicity": "03", "birth_date": born["on the edge"]},
        {"post_category": "2", "sex": "1", "ethnicity": "01", "birth_date": None},
        {"post_category": None, "sex": "1", "ethnicity": None, "birth_date": born["old"]},
    ]
    for number, one in enumerate(facts):
        seat = making.make_seat(congress, name=f"丁{number}")
        for name, value in one.items():
            setattr(seat.person, name, value)
    making.make_seat(congress, name="丁列席", kind=DelegateKind.OBSERVER)
    db.session.commit()

    table = {one.label: one for one in seats.composition(congress)}

    assert {label: (one.count, one.total, one.percent, one.is_short, one.unknown) for label, one in table.items()} == {
        "教师": (2, 4, "50.0 %", True, 1),
        "女代表": (1, 4, "25.0 %", False, 0),
        "青年（40 周岁以下）": (1, 4, "25.0 %", False, 1),
        "少数民族": (1, 4, "25.0 %", False, 1),
    }


@pytest.mark.parametrize(
    ("kind", "status", "because", "why"),
    [
        (ChangeType.RETAINED, MembershipStatus.RETAINED, ChangeReason.RETIRED, Vacated.RETIRED),
        (ChangeType.TRANSFERRED_OUT, MembershipStatus.TRANSFERRED_OUT, None, Vacated.LEFT_SCHOOL),
        (ChangeType.WITHDRAWN, MembershipStatus.WITHDRAWN, None, None),  # still one of the staff
    ],
)
def test_who_leaves_the_staff_leaves_a_vacancy_that_another_fills(
    tree, clerk: User, congress: Congress, kind: ChangeType, status: MembershipStatus, because: ChangeReason | None,
    why: Vacated | None,
) -> None:  # fmt: skip
    member = colleague(tree["a"], "王一")
    seat = making.make_seat(congress, member)
    db.session.commit()

    turning.turn(member, clerk, kind, on=today(), values={"membership_status": status}, reason="测试", because=because)
    db.session.commit()

    assert (seat.vacated, seat.ends == today(), seat.is_vacancy) == (why, why is not None, why is not None)
    if why is None:
        return
    heir = making.make_seat(congress, name="丁补选")
    seats.rework(clerk, heir.id, delegation=heir.delegation_id, post="none", replaces=seat.id)
    db.session.commit()
    assert (heir.replaces, seat.is_vacancy) == (seat, False)
    assert seats.of(congress, cut=seats.Cut.VACANT) == []


def test_who_becomes_a_member_keeps_her_seat_as_one(tree, congress: Congress) -> None:
    seat = making.make_seat(congress, name="丁外聘")
    db.session.commit()
    staff_no = seat.person.staff_no

    member = colleague(tree["a"], "丁外聘", staff_no=staff_no)
    turning_change = member.changes[0]
    seats.follow(SHELL, member, turning_change)
    db.session.commit()

    assert (seat.person.member, seat.person.name, seat.person.called) == (member, None, "丁外聘")


def test_a_delegation_has_one_head_and_a_seat_is_found_by_its_account(tree, clerk: User, congress: Congress) -> None:
    member = colleague(tree["a"], "王一")
    first, second = making.make_seat(congress, member), making.make_seat(congress, name="丁二")
    seats.rework(clerk, first.id, delegation=first.delegation_id, post="head")
    db.session.commit()

    with pytest.raises(DomainError, match="第一代表团的团长是王一"):
        seats.rework(clerk, second.id, delegation=first.delegation_id, post="head")

    assert seats.seat_of(member.user, congress) is first
    assert seats.seat_of(member.user, congress, congress.ends + timedelta(days=1)) is None
    assert seats.seat_of(clerk, congress) is None


def test_verdicts_that_seat_are_the_two_that_say_so() -> None:
    assert {verdict for verdict in Verdict if verdict.label.startswith("可导入")} == importing.SEATED
    assert Present.PRESENT.label == "到会"
