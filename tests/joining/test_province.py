"""等待省平台注册: the union marks an application; the applicant registers, and comes back by a button or her code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.core import audit, settings
from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import Conflict, Forbidden
from portal.joining import receipts, service
from portal.joining.models import Application
from portal.joining.models import ApplicationState as S
from portal.joining.workflow import JOINING
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Role
from tests import factories
from tests.client import DistrustfulClient, words
from tests.joining.conftest import typed

LINK = "https://zhuce.example.gov.cn/"
MARK, RESCAN, RESUME = "标记“该用户未注册，请先注册”", "通知重新扫码", "已注册，恢复审核"


@pytest.fixture
def union(as_city: None) -> OrgUnit:
    """A union of a city, which asks for the quick form and no opinion."""
    top = factories.make_unit(
        None,
        code="GH",
        name="滨海市总工会",
        kind=UnitKind.CITY,
        approves_members=False,
        needs_opinion=False,
        join_form="quick",
    )
    unit = factories.make_unit(
        top, code="GH01", name="第一港务有限公司工会", kind=UnitKind.UNION, approves_members=True
    )
    db.session.commit()
    return unit


@pytest.fixture
def admin(union: OrgUnit) -> User:
    """Who administers it."""
    user = factories.make_user(Role.UNIT_ADMIN, union, name="赵管理")
    db.session.commit()
    return user


def quick(person: factories.Person) -> dict[str, Any]:
    """The quick form as she types it."""
    return typed({name: person.values[name] for name in ("name", "id_number", "mobile")}) | {"consent": "y"}


@pytest.fixture
def person() -> factories.Person:
    """Who applies."""
    return factories.a_person(name="殷晓澜")


@pytest.fixture
def phone(union: OrgUnit, client: DistrustfulClient, person: factories.Person) -> DistrustfulClient:
    """Her phone, with the receipt of what she has sent."""
    path = f"/joining/apply/{factories.make_code(union).token}"
    db.session.commit()
    client.submit(path, quick(person))
    return client


def the_one() -> Application:
    db.session.expire_all()
    return db.session.query(Application).order_by(Application.id).first()  # type: ignore[return-value]  # it is there


def press(browser: DistrustfulClient, action: str, comment: str = "") -> None:
    """Press a button of her application."""
    item = the_one()
    shown = browser.get(f"/joining/{item.id}").text
    assert JOINING.step(action).label in words(shown)
    assert browser.post(f"/act/joining/{item.id}/{action}", data={"comment": comment}).status_code == 302


def test_the_walk_of_the_manual(union, admin, phone, person, client_of) -> None:
    settings.set(SHELL, "joining_province_link", LINK)
    db.session.commit()
    browser, path = client_of(admin), f"/joining/apply/{factories.make_code(union).token}"
    db.session.commit()

    press(browser, "await_province")
    waits = words(phone.get("/joining/receipt").text)
    listed = words(browser.get("/joining/?state=wait_province_reg").text)
    press(browser, "notify_rescan", "带上身份证")
    told = words(phone.get("/joining/receipt").text)
    gone = phone.get("/joining/province")
    phone.submit(path, quick(person))

    assert "该用户未注册，请先注册" in waits
    assert LINK in waits
    assert "单位工会管理员通知您" not in waits
    assert ("殷晓澜" in listed, "等待省平台注册" in listed) == (True, True)
    assert "单位工会管理员通知您：请重新扫码。" in told
    assert "带上身份证" in told
    assert (gone.status_code, gone.location) == (302, LINK)
    item = the_one()
    assert (item.state, item.rescan_asked_at, item.answer) == (S.BRANCH_OK, None, "")
    assert db.session.query(Application).count() == 1
    assert [row.id for row in service.listing(admin, service.Filters()).rows] == [item.id]
    actions = [event.action.removeprefix("joining.") for event in audit.events_of(item)]
    assert actions == ["submit_directly", "await_province", "notify_rescan", "repeat", "registered"]


def test_the_receipt_of_the_second_scan_opens_the_application(union, admin, phone, person, client_of) -> None:
    """She scans with another phone, and sets her password there when she is approved."""
    JOINING.fire(the_one(), "await_province", admin)
    db.session.commit()
    other, path = client_of(None), f"/joining/apply/{factories.make_code(union).token}"
    db.session.commit()

    other.submit(path, quick(person))
    client_of(admin).submit(f"/joining/{the_one().id}/approve")

    for one in (phone, other):
        assert "设置登录密码" in words(one.get("/joining/receipt").text)


@pytest.mark.parametrize("changed", [{"mobile": "13912345678"}, {"name": "殷小澜"}])
def test_somebody_with_another_name_or_mobile_moves_nothing(union, admin, phone, person, client_of, changed) -> None:
    JOINING.fire(the_one(), "await_province", admin)
    db.session.commit()
    other, path = client_of(None), f"/joining/apply/{factories.make_code(union).token}"
    db.session.commit()

    other.submit(path, quick(person) | changed)

    assert the_one().state is S.WAIT_PROVINCE
    assert "该用户未注册" not in words(other.get("/joining/receipt").text)


def test_her_own_button_brings_it_back(admin, phone) -> None:
    JOINING.fire(the_one(), "await_province", admin)
    db.session.commit()

    phone.submit("/joining/receipt", action="registered")

    assert the_one().state is S.BRANCH_OK
    assert phone.post("/joining/receipt/registered").status_code == 409


def test_without_a_link_there_is_no_link(admin, phone) -> None:
    JOINING.fire(the_one(), "await_province", admin)
    db.session.commit()

    page = phone.get("/joining/receipt").text

    assert "/joining/province" not in page
    assert "注册方法请询问单位工会" in page
    assert phone.get("/joining/province").status_code == 404


def test_the_administrator_may_go_on_without_her(admin, phone, client_of) -> None:
    browser = client_of(admin)
    press(browser, "await_province")
    press(browser, "resume")

    browser.submit(f"/joining/{the_one().id}/approve")

    assert the_one().state is S.APPROVED


def test_the_form_behind_a_unions_code_says_what_the_manual_says(union, client) -> None:
    path = f"/joining/apply/{factories.make_code(union).token}"
    db.session.commit()

    page = words(client.get(path).text)

    assert page.index("入会申请") < page.index("申请加入")
    assert "提交申请" not in page.replace("提交申请即", "")
    assert "请确认这是您所在的单位工会" in page


def test_a_school_does_not_know_it(tree: dict[str, OrgUnit], user_as: Callable[..., User], client_of) -> None:
    item = factories.make_application(tree["a"], S.BRANCH_OK)
    operator = user_as(Role.UNION_OPERATOR, tree["root"])

    page = words(client_of(operator).get(f"/joining/{item.id}").text)
    with pytest.raises(Forbidden):
        JOINING.fire(item, "await_province", operator)

    assert "未注册" not in page
    assert [label for _, label in service.state_choices(operator, service.Filters()) if "省平台" in label] == []


def test_only_what_waits_for_the_province_comes_back(tree: dict[str, OrgUnit]) -> None:
    for state in (S.BRANCH_OK, S.RETURNED, S.APPROVED):
        item = factories.make_application(tree["a"], state)

        with pytest.raises(Conflict):
            receipts.come_back(factories.receipt_code(item))
        db.session.rollback()
