"""The page of settings, and that what it says is what the rooms do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.core import settings
from portal.core.actors import SHELL
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.joining import service as joining
from portal.joining.models import ApplicationState as S
from portal.joining.models import overdue_days
from portal.joining.workflow import JOINING
from portal.members import paper
from portal.org.permissions import Role
from tests import doors, factories
from tests.client import find_form, form_values, words


@pytest.fixture
def admin(tree, user_as):
    return user_as(Role.SUPER_ADMIN, tree["root"], name="管系统")


@pytest.fixture
def operator(tree, user_as):
    return user_as(Role.UNION_OPERATOR, tree["root"])


def test_each_setting_shows_its_value_and_who_changed_it(client_of, admin) -> None:
    browser = client_of(admin)
    before = words(browser.get("/system/settings").text)

    saved = browser.submit(
        "/system/settings", {"joining_opinion_days": "8", "home_contact": "行政楼 203"}, follow_redirects=True
    )

    text = words(saved.text)
    assert "已保存：联系方式、分工会提出意见的期限（工作日）" in text
    assert 'value="8"' in saved.text
    assert "默认：5。管系统于" in text
    assert "管系统于" not in before
    assert "海港大学工会 · 会员之家行政楼 203" in text


def test_a_wrong_value_is_named_keeps_what_was_typed_and_changes_nothing(client_of, admin) -> None:
    browser = client_of(admin)

    refused = browser.submit("/system/settings", {"joining_opinion_days": "百", "home_contact": "行政楼 203"})

    assert refused.status_code == 422
    assert "分工会提出意见的期限（工作日）应为 1 至 60 的整数" in words(refused.text)
    assert 'value="百"' in refused.text
    assert 'value="行政楼 203"' in refused.text
    assert settings.value("home_contact") == ""


def test_of_two_who_change_at_once_the_second_is_told(client_of, admin, user_as, tree) -> None:
    first, second = client_of(admin), client_of(user_as(Role.SUPER_ADMIN, tree["root"]))

    form, target = find_form(second.get("/system/settings").text, "/system/settings", None)
    first.submit("/system/settings", {"home_contact": "甲"})

    late = second.post(target, data=form_values(form) | {"home_contact": "乙"})

    assert late.status_code == 409
    assert "系统设置刚刚被他人修改" in words(late.text)
    assert settings.value("home_contact") == "甲"


def test_saving_nothing_says_so(client_of, admin) -> None:
    assert "没有改动" in words(client_of(admin).submit("/system/settings", follow_redirects=True).text)


def test_the_environment_is_shown_without_a_password(client_of, admin, app, monkeypatch) -> None:
    settings = replace(app.config["SETTINGS"], database_uri="postgresql+psycopg://gonghui:jiyue99@db.example/portal")
    monkeypatch.setitem(app.config, "SETTINGS", settings)

    page = client_of(admin).get("/system/settings").text

    assert "PostgreSQL（db.example，库 portal）" in page
    assert "jiyue99" not in page
    assert app.config["INSTANCE"] in page


def test_name_and_contact_stand_on_the_pages(client, client_of, admin) -> None:
    settings.set(SHELL, "home_name", "海港工会")
    settings.set(SHELL, "home_contact", "行政楼 203 室")
    db.session.commit()

    outside, inside = words(client.get("/login").text), words(client_of(admin).get("/").text)

    assert "海港工会" in outside
    assert "遇到问题请联系：行政楼 203 室" in outside
    assert "海港工会" in inside
    assert "海港大学工会 · 会员之家" not in inside


# --- what the rooms do with them --------------------------------------------------------------------------------------


def test_the_branch_has_the_days_that_are_set(tree, operator) -> None:
    item = factories.make_application(tree["a"])
    item.asked_at = item.submitted_at = now() - timedelta(days=28)
    before = overdue_days(item)

    settings.set(SHELL, "joining_opinion_days", 60)

    assert before > 0
    assert overdue_days(item) == 0
    with pytest.raises(DomainError, match="60 个工作日的办理期限内"):
        JOINING.fire(item, "approve_without_opinion", operator, comment="急", study_date=today())


def test_a_returned_application_waits_as_long_as_is_set(tree) -> None:
    item = factories.make_application(tree["a"], S.RETURNED)
    item.returned_at = now() - timedelta(days=40)
    db.session.commit()
    settings.set(SHELL, "joining_returned_days", 60)

    waits = joining.expire_returned()
    settings.set(SHELL, "joining_returned_days", 35)
    expires = joining.expire_returned()

    assert (waits, expires) == (0, 1)


def test_who_typed_it_in_may_approve_unless_the_union_forbids_it(tree, operator, user_as) -> None:
    other = user_as(Role.UNION_CHAIR, tree["root"])
    item = doors.make_entry(operator, tree["a"])
    JOINING.fire(item, "agree", user_as(Role.BRANCH_OPERATOR, tree["a"]))
    allowed = [step.action for step in JOINING.open_steps(item, operator)]
    settings.set(SHELL, "joining_enterer_approves", False)

    closed = [step.action for step in JOINING.open_steps(item, operator)]
    with pytest.raises(DomainError, match="这份申请由您录入，按系统设置须由另一位有批准权限的人批准"):
        JOINING.fire(item, "approve", operator, study_date=today())

    assert "approve" in allowed
    assert "approve" not in closed
    assert "approve" in [step.action for step in JOINING.open_steps(item, other)]


@pytest.mark.parametrize("opinion", ["同意该同志入会", ""])
def test_the_form_prints_the_opinion_that_is_set(tree, operator, opinion: str) -> None:
    member = factories.make_member(tree["a"])
    settings.set(SHELL, "members_opinion", opinion)

    [form] = paper.printables(operator, [member])

    assert (form.opinion, form.branch_opinion, bool(form.opinion_date)) == (opinion, opinion, bool(opinion))
