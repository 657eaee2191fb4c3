"""The page of the working-day calendar: what is written there is what every term counts by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from portal.core import workdays
from portal.core.calendar import midnight
from portal.core.db import db
from portal.core.workdays import CalendarSpan, CalendarYear
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.transfers import models as transfers
from tests.client import DistrustfulClient, find_form, form_values, words

Browser = Callable[[User | None], DistrustfulClient]


@pytest.fixture
def admin(tree: dict[str, OrgUnit], user_as: Callable[..., User], client_of: Browser) -> DistrustfulClient:
    """The administrator's browser."""
    return client_of(user_as(Role.SUPER_ADMIN, tree["root"]))


def shown(browser: DistrustfulClient, year: int) -> dict[str, str]:
    """The form of a year as the page fills it."""
    path = f"/system/calendar/{year}"
    return form_values(find_form(browser.get(path).text, path)[0])


def row(place: int, kind: str, name: str, starts: str, ends: str = "") -> dict[str, str]:
    """One row of the form."""
    cells = {"kind": kind, "name": name, "starts": starts, "ends": ends}
    return {f"spans-{place}-{cell}": text for cell, text in cells.items()}


def test_a_vacation_is_added_and_the_shipped_holidays_stay_the_houses_own(admin: DistrustfulClient) -> None:
    form = shown(admin, 2026)
    spare = max(int(name.split("-")[1]) for name in form if name.startswith("spans-"))

    admin.post("/system/calendar/2026", data=form | row(spare, "vacation", "暑假", "2026-07-11", "2026-08-30"))

    assert db.session.query(CalendarYear).all() == []
    assert [one.name for one in db.session.query(CalendarSpan)] == ["暑假"]
    db.session.remove()
    assert workdays.add_working_days(date(2026, 7, 10), 1) == date(2026, 8, 31)
    page = admin.get("/system/calendar?start=2026-07-10&number=1").text
    assert "从2026年7月10日起 1 个工作日，除去暑假 51 天，到2026年8月31日。" in words(page)


def test_a_year_is_written_from_its_notice_and_terms_elsewhere_follow(
    admin: DistrustfulClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "还没有安排，按周末计算" in words(admin.get("/system/calendar").text)
    free, worked = date(2027, 2, 5), date(2027, 2, 14)
    rows = row(0, "free", "春节", "2027-02-05", "2027-02-11") | row(1, "work", "春节", "2027-02-14")

    admin.post("/system/calendar/2027", data=shown(admin, 2027) | rows | {"source": "2027年放假通知"})

    db.session.remove()
    assert (workdays.is_working_day(free), workdays.is_working_day(worked)) == (False, True)
    assert "还没有安排" not in words(admin.get("/system/calendar").text)
    # what a transfer's office has not done within five working days is late: the same days count
    day = worked + timedelta(days=4)  # a Thursday: Monday to Wednesday, the Sunday and Friday the 12th lie behind it
    monkeypatch.setattr(transfers, "today", lambda: day)
    assert transfers.overdue_before() == midnight(date(2027, 2, 12))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (row(0, "free", "国庆节", "2027-10-07", "2027-10-01"), "第 1 行的结束日期早于开始日期，请核对"),
        (row(0, "work", "国庆节", "2027-10-08"), "第 1 行调休上班的日子不是周末，请核对"),
        (row(0, "free", "元旦", "2028-01-01"), "第 1 行不在2027年内"),
        (row(0, "vacation", "暑假", "2027-01-01", "2027-12-01"), "第 1 行寒暑假超过 100 天"),
        (
            row(0, "free", "国庆节", "2027-10-01", "2027-10-07") | row(1, "free", "中秋节", "2027-10-07"),
            "重叠，请核对",
        ),
        (row(0, "free", "国庆节", "2027-10-01") | {"source": ""}, "请填写依据"),
        (row(0, "free", "国庆节", "2027-10-01") | {"seen": "other"}, "刚刚被他人修改"),
    ],
)
def test_what_cannot_be_is_refused_and_kept_on_the_page(
    admin: DistrustfulClient, typed: dict[str, str], sentence: str
) -> None:
    form = shown(admin, 2027) | {"source": "放假通知"} | typed

    answer = admin.post("/system/calendar/2027", data=form)

    assert answer.status_code in (409, 422)
    assert sentence in words(answer.text)
    assert typed["spans-0-starts"] in answer.text
    assert db.session.query(CalendarSpan).all() == []
