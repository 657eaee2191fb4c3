"""The pages of dues: from the sheet to the list and back."""

from __future__ import annotations

from io import BytesIO

import pytest
from sqlalchemy import func, select

from portal.core.db import db
from portal.org.permissions import Role
from portal.standing.dues.models import DuesPaid
from portal.standing.dues.showing import month_words
from tests.standing.dues.conftest import back, table


@pytest.fixture
def browser(clerk, client_of):
    """The browser of the union's operator."""
    return client_of(clerk)


def test_from_the_sheet_to_the_list_and_back(browser, tree, people, user_as, client_of) -> None:
    rows = (("A001", "安小青"), ("A002", "白小山"))
    form = {"file": (BytesIO(table(("工号", "姓名"), *rows)), "九月.xlsx"), "month": f"{back(1):%Y-%m}"}

    place = browser.post("/standing/dues/sheets", data=form).location

    preview = browser.get(place).text
    assert "这个工号的会员是白大山，请核对" in preview
    assert "登记 1 行" in preview
    stale = browser.post(f"{place}/record", data={"seen": "2"})
    assert (stale.status_code, "要登记的行数与您看到的不同" in stale.text) == (409, True)
    browser.submit(place, {}, action="record")
    page = browser.get("/standing/dues?months=1").text
    assert ("白大山" in page, "安小青" in page, "没有登记" in page) == (True, False, True)
    branch = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"])).get("/standing/dues").text
    assert ("已交" in branch, "欠交 1 个月" in branch, "交至" in branch, "董机械" in branch) == (
        True,
        True,
        False,
        False,
    )
    assert (
        f'会费交至</dt><dd><span class="value">{month_words(back(1))}'
        in client_of(people[0].user).get("/members/me").text
    )

    browser.post(f"{place}/undo")

    assert db.session.scalar(select(func.count(DuesPaid.id))) == 0
    assert "还没有登记过会费" in browser.get("/standing/dues").text


def test_a_refused_sheet_keeps_the_month(browser, people) -> None:
    form = {"file": (BytesIO("姓名\n安小青\n".encode()), "九月.csv"), "month": f"{back(1):%Y-%m}"}

    answer = browser.post("/standing/dues/sheets", data=form)

    assert answer.status_code == 422
    assert "没有认出“工号”一列" in answer.text
    assert f'value="{back(1):%Y-%m}"' in answer.text


def test_amounts_stand_only_behind_a_reason(browser, tree, clerk, people, pay) -> None:
    pay(back(1), people[0])
    path = f"/standing/dues/members/{people[0].id}"

    before, refused = browser.get(path).text, browser.post(path, data={"reason": "看"})
    opened = browser.post(path, data={"reason": "核对会费金额"}).text

    assert ("每月应交" in before, "每月应交" in opened) == (False, True)
    assert refused.status_code == 422
