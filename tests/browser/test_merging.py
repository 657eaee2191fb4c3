"""Two records of one person become one, and two again: the operator's whole way, on a desk and on a phone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.serving import Desk

UNION = "校工会操作员 GH"


def active(page: Page) -> int:
    """How many members the first page counts."""
    page.goto("/")
    card = page.locator(".figure-card", has=page.get_by_text("会籍正常", exact=True))
    return int(card.locator(".figure-number").inner_text())


def test_an_operator_merges_two_records_reads_the_shell_and_takes_it_back(desk: Desk) -> None:
    desk.refused = {422}
    page = desk.sign_in(UNION)
    before, problems = active(page), []
    page.goto("/members/?status=active")
    other = page.locator("tbody tr").nth(1).locator("td").first.inner_text()
    page.locator("tbody th a").first.click()
    name = page.get_by_role("heading", level=1).inner_text()

    page.get_by_role("link", name="合并重复档案", exact=True).click()
    page.get_by_label("另一份档案").fill(other)
    page.get_by_role("button", name="查找").click()
    problems += look(page)
    page.get_by_role("link", name="对照").last.click()
    problems += look(page)
    page.get_by_role("button", name="合并为一份").click()
    expect(page.get_by_role("alert")).to_contain_text("请先核对，再勾选“确认是同一个人”")
    page.get_by_label("怎样确认是同一个人").fill("核对了本人护照")
    page.get_by_label("已核对两份档案，确认是同一个人").check()
    page.get_by_role("button", name="合并为一份").click()
    expect(page.get_by_role("status").first).to_contain_text("已合并")
    problems += look(page)
    address, counted = page.url, active(page)

    page.goto(address)
    page.locator("dt", has_text="并入的档案").locator("xpath=..").get_by_role("link").click()
    expect(page.get_by_text("已并入", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="修改", exact=True)).to_have_count(0)
    page.locator("dt", has_text="并入").locator("xpath=..").get_by_role("link", name="查看").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)

    page.goto(address)
    page.get_by_text("撤销合并", exact=True).click()
    page.get_by_role("button", name="确认撤销合并").click()
    expect(page.get_by_role("status").first).to_contain_text("已撤销合并")
    for path in ("/merging/", "/merging/doubles"):
        page.goto(path)
        problems += look(page)

    assert (counted, active(page)) == (before - 1, before)
    assert problems == []
