"""Saved questions in Chromium: opened, compared, copied; each page is looked at in both widths."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.looking import look
from tests.serving import Desk


def test_a_question_is_opened_compared_and_copied(desk: Desk) -> None:
    page = desk.sign_in("校工会操作员 GH", 375)
    page.goto("/")
    problems = look(page)
    page.locator(".figure-card", has_text="45岁以下青年教师").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("45岁以下青年教师")
    problems += look(page)
    page.get_by_label("含本数").select_option("含本数")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_text("专任教师，45周岁以下（含45）")).to_be_visible()
    page.get_by_role("link", name="与另一日期比较").click()
    problems += look(page)
    page.goto("/query/definitions/presets/q1")
    problems += look(page)
    page.goto("/query/definitions/presets/q2")
    page.get_by_role("link", name="另存为").click()
    problems += look(page)
    page.get_by_label("名称").fill("我们的青年教师")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("已保存口径“我们的青年教师”")
    problems += look(page)
    page.goto("/query/definitions/")
    expect(page.get_by_role("link", name="我们的青年教师")).to_be_visible()
    problems += look(page)

    assert problems == []
