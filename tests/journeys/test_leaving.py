"""Leaving and retirement in a real browser: at most five clicks for the branch, one act for the union."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.serving import Desk

BRANCH_OPERATOR, UNION_OPERATOR = "分工会操作员 GH01", "校工会操作员 GH"
MOST = 5  # clicks from the first page on


@dataclass
class Finger:
    """Clicks, and counts."""

    clicks: int = 0

    def press(self, target: Locator) -> None:
        """Click."""
        target.click()
        self.clicks += 1


def member_page(finger: Finger, page: Page, place: int) -> str:
    """Go from the first page to the member at this place of the list, and return the name."""
    page.goto("/")
    finger.press(page.get_by_role("navigation").get_by_role("link", name="会员信息查询"))
    row = page.get_by_role("main").locator("tbody tr").nth(place).get_by_role("link").first
    name = row.inner_text()
    finger.press(row)
    return name


def test_a_branch_lets_two_go_in_few_clicks_and_the_union_agrees_to_both(desk: Desk) -> None:
    branch = desk.sign_in(BRANCH_OPERATOR)
    retiring, leaving = Finger(), Finger()

    first = member_page(retiring, branch, 5)
    retiring.press(branch.get_by_role("link", name="办理退休"))
    retiring.press(branch.get_by_role("button", name="提交", exact=True))
    expect(branch.get_by_role("status")).to_contain_text("已提交")
    second = member_page(leaving, branch, 6)
    leaving.press(branch.get_by_role("link", name="办理离职/调离"))
    branch.get_by_label("转往单位").fill("山海大学")
    branch.get_by_label("接收工会").fill("山海大学工会")
    leaving.press(branch.get_by_role("button", name="提交", exact=True))
    expect(branch.get_by_role("status")).to_contain_text("已提交")

    union = desk.sign_in(UNION_OPERATOR)
    union.get_by_role("link", name=re.compile(r"^会籍变动\s*\d+$")).first.click()
    for name in (first, second):
        union.get_by_label(f"选择{name}").first.check()
    union.get_by_role("button", name="同意所选").click()
    union.get_by_role("button", name="确认同意 2 件").click()

    assert (retiring.clicks <= MOST, leaving.clicks <= MOST) == (True, True)
    expect(union.get_by_role("status")).to_contain_text("已同意 2 件")
    union.get_by_role("link", name=first, exact=True).first.click()
    expect(union.get_by_role("main")).to_contain_text("已办结")
    expect(union.get_by_role("main")).to_contain_text("保留会籍")
