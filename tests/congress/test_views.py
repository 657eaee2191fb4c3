"""The pages of a congress, as the office uses them; and what is printed, read back."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from pypdf import PdfReader

from portal.congress.models import Congress, Delegate, DelegateImport, DelegateKind, Person
from portal.congress.models import SessionState as S
from portal.congress.offices import service as offices
from portal.congress.offices.models import CommitteeMember, CommitteePost, Handler
from portal.core.calendar import today
from portal.core.db import db
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission, Role
from tests.client import DistrustfulClient, words
from tests.congress import making

Browser = Callable[[User | None], DistrustfulClient]


@pytest.fixture
def congress(tree: dict[str, OrgUnit]) -> Congress:
    """The eighth congress of the school."""
    item = making.make_congress(tree["root"])
    db.session.commit()
    return item


@pytest.fixture
def office(tree: dict[str, OrgUnit], user_as: Callable[..., User], client_of: Browser) -> DistrustfulClient:
    """The browser of who keeps the congress."""
    return client_of(user_as(Role.UNION_OPERATOR, tree["root"], name="殷操作"))


def test_from_an_empty_house_to_a_composition_marked_red(tree, office: DistrustfulClient) -> None:
    day = today()
    answer = office.post(
        "/congress/new", data={"number": "8", "starts": f"{day.year}-01-01", "ends": f"{day.year + 4}-12-31"}
    )
    congress = answer.headers["Location"]
    assert congress.startswith("/congress/")
    rows = [
        (f"丁代表{word}", f"W90{place}", "机关代表团", "", "", "女", "汉族") for place, word in enumerate("甲乙丙丁")
    ]
    office.post(
        f"{congress}/imports", data={"file": (BytesIO(making.workbook(*rows)), "代表.xlsx")},
        content_type="multipart/form-data",
    )  # fmt: skip
    number = db.session.query(DelegateImport).one().id
    page = words(office.get(f"/congress/imports/{number}").text)
    assert "导入 4 名代表" in page

    office.post(f"/congress/imports/{number}/record", data={"seen": "4"})

    page = words(office.get(congress).text)
    assert re.search(r"教师 0／4（4 人未填） 0.0 % 不低于 60 % 不足", page), page
    assert re.search(r"女代表 4／4 100.0 % 不低于 20 % 符合", page)
    assert [one.person.who.sex for one in db.session.query(Delegate)] == ["2"] * 4


def test_a_file_that_is_no_list_keeps_the_page_and_writes_nothing(
    office: DistrustfulClient, congress: Congress
) -> None:
    path = f"/congress/{congress.id}/imports"
    for raw, name in ((b"not a workbook", "a.xlsx"), ("姓名,部门\n丁一,机关\n".encode(), "a.csv"), (b"", "")):
        answer = office.post(path, data={"file": (BytesIO(raw), name)}, content_type="multipart/form-data")

        assert answer.status_code == 422
        assert "请修改下列内容" in words(answer.text)
    assert db.session.query(DelegateImport).count() == 0


def text_of(answer: object) -> tuple[int, str]:
    """Pages and text of a PDF."""
    reader = PdfReader(BytesIO(answer.data))  # type: ignore[attr-defined]
    return len(reader.pages), re.sub(r"\s", "", "".join(page.extract_text() for page in reader.pages))


def test_cards_and_the_sheet_to_sign_in_have_everyone(tree, office: DistrustfulClient, congress: Congress) -> None:
    names = [f"丁代表{word}" for word in "甲乙丙丁戊己庚辛壬癸子"]
    for name in names:
        making.make_seat(congress, name=name)
    making.make_seat(congress, name="阿不都拉·买买提江·艾尔肯阿吉", kind=DelegateKind.GUEST)
    session = making.make_session(tree["root"], S.CALLED, congress=congress)

    pages, cards = text_of(office.post(f"/congress/{congress.id}/cards"))
    _, sheet = text_of(office.post(f"/congress/sessions/{session.id}/sheet"))

    assert pages == 2  # twelve cards, ten on a sheet
    for name in (*names, "阿不都拉·买买提江·艾尔肯阿吉"):
        assert cards.count(name) == 1, name
        assert sheet.count(name) == 1, name
    assert cards.count("正式代表证") == 11
    assert "特邀代表证" in cards
    assert "共12人" in sheet


def test_signing_in_on_the_page_leads_to_the_opening(tree, office: DistrustfulClient, congress: Congress) -> None:
    seats = [making.make_seat(congress, name=f"丁代表{word}") for word in "甲乙丙"]
    session = making.make_session(tree["root"], S.CALLED, congress=congress)
    path = f"/congress/sessions/{session.id}"
    numbers = [one.id for one in seats]

    office.post(f"{path}/attend", data={f"seat-{numbers[0]}": "present", f"seat-{numbers[1]}": "excused"})
    assert "应到正式代表 3 人，实到 1 人，不足 3 分之 2（2 人）" in words(office.get(path).text)
    office.post(f"{path}/attend", data={f"seat-{number}": "present" for number in numbers[:2]})
    assert "宣布开幕" in words(office.get(path).text)
    office.post(f"/act/congress_sessions/{session.id}/open", data={})

    assert "开会中" in words(office.get(path).text)


def test_an_office_gives_its_right_and_takes_it_back(
    tree, office: DistrustfulClient, congress: Congress, client_of: Browser
) -> None:
    member = making.colleague(tree["a"], "王委员", staff_no="A001")
    db.session.commit()
    user = member.user
    office.post(f"/congress/{congress.id}/committee", data={"person": "A001", "post": "head"})
    office.post("/congress/departments", data={"name": "教务处"})
    number = db.session.query(offices.HandlingDepartment).one().id
    office.post(f"/congress/departments/{number}", data={"person": "王委员", "post": "clerk"})

    seat, handler = db.session.query(CommitteeMember).one(), db.session.query(Handler).one()
    assert (seat.post, seat.grant.ends) == (CommitteePost.HEAD, congress.ends)
    assert user.holds(Permission.PROPOSAL_REVIEW)
    assert user.holds(Permission.PROPOSAL_ANSWER)
    assert [one.id for one in offices.departments_of(user)] == [handler.id]
    browser = client_of(user)
    assert "王委员" in words(browser.get(f"/congress/{congress.id}/committee").text)
    refused = office.post(f"/congress/{congress.id}/committee", data={"person": "无此人", "post": "member"})
    assert "会员和代表中没有“无此人”，请核对姓名，或改填工号" in words(refused.text)

    office.post(f"/congress/committee/{seat.id}/end")
    office.post(f"/congress/departments/{number}/close")

    db.session.expire_all()
    assert not user.holds(Permission.PROPOSAL_REVIEW)
    assert not user.holds(Permission.PROPOSAL_ANSWER)
    assert browser.get(f"/congress/{congress.id}").status_code == 403


def test_who_is_no_member_gets_an_account_and_finds_her_seat(
    office: DistrustfulClient, congress: Congress, client_of: Browser, app: Flask
) -> None:
    seat = making.make_seat(congress, name="丁外聘")
    number, staff_no = seat.id, seat.person.staff_no
    congress_id, unit_id, person_id = congress.id, congress.unit_id, seat.person_id
    db.session.add(
        CommitteeMember(unit_id=unit_id, congress_id=congress_id, person_id=person_id, post=CommitteePost.MEMBER,
                        starts=congress.starts, ends=congress.ends)
    )  # fmt: skip
    db.session.commit()

    slip = office.post(f"/congress/seats/{number}/account")

    assert staff_no in words(slip.text)
    user = db.session.get_one(Person, person_id).user
    assert user is not None
    assert user.must_change_password
    # a right that waited for the account comes with the clock
    assert not user.holds(Permission.PROPOSAL_REVIEW)
    assert offices.settle_all() == 1
    db.session.commit()
    assert user.holds(Permission.PROPOSAL_REVIEW)
    user.must_change_password = False
    db.session.commit()
    page = words(client_of(user).get("/congress/mine").text)
    assert "第八届教职工代表大会" in page
    assert "正式代表" in page


def test_who_has_no_seat_is_told_so(tree, client_of: Browser, user_as: Callable[..., User]) -> None:
    page = words(client_of(user_as()).get("/congress/mine").text)

    assert "您现在不是教代会代表" in page
