"""A message with a mistake is stopped, mended and sent; a member reads a bulletin on her phone."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from portal.core.calendar import today
from tests.serving import Desk

UNION_OPERATOR = "校工会操作员 GH"
TYPED = {"节日": "春节", "时间": "周三下午", "联系人": "李老师"}


def write(page: Page, place: str) -> None:
    """Fill the blanks of the wording, for tomorrow morning."""
    for name, text in {**TYPED, "地点": place}.items():
        page.get_by_label(name, exact=True).fill(text)
    page.get_by_label("预定时间").fill(f"{today() + timedelta(days=1)}T10:00")
    page.get_by_role("button", name="保存并核对").click()


def press(page: Page, words: str, comment: str = "") -> None:
    """Press what asks again, and say yes."""
    page.locator("summary", has_text=re.compile(f"^{words}$")).click()
    if comment:
        page.get_by_label("意见").first.fill(comment)
    page.get_by_role("button", name=f"确认{words}").click()


def test_a_batch_with_a_mistake_is_stopped_mended_and_sent(desk: Desk) -> None:
    page = desk.sign_in(UNION_OPERATOR)
    page.goto("/messaging/plans/new")
    page.get_by_label("教代会执委", exact=False).first.check()
    page.get_by_label("模板").select_option("s:gift")
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写【地点】")
    write(page, "行政楼 230")
    button = page.get_by_role("button", name=re.compile(r"^发给 \d+ 人$"))
    number = button.inner_text()
    button.click()
    expect(page.locator("h1")).to_contain_text("待发送")

    press(page, "停止")
    expect(page.locator("h1")).to_contain_text("已停止")
    press(page, "修改后再发")
    write(page, "行政楼 203")
    expect(page.locator("blockquote")).to_contain_text("行政楼 203")
    page.get_by_role("button", name=number, exact=True).click()

    expect(page.locator("h1")).to_contain_text("待发送")
    expect(page.get_by_role("status")).to_contain_text(number.removeprefix("发给 "))


def test_a_member_reads_a_bulletin_on_her_phone(desk: Desk) -> None:
    page = desk.sign_in(UNION_OPERATOR)
    page.goto("/messaging/bulletins/new")
    page.get_by_label("标题").fill("运动会报名")
    page.get_by_label("正文").fill("十月举行，请到分工会报名。")
    page.get_by_label("全体会员", exact=False).first.check()
    page.get_by_role("button", name="保存草稿").click()
    press(page, "发布")
    address = page.url
    before = int(page.get_by_role("heading", name=re.compile("^谁还没读")).inner_text().split("（")[1].rstrip("）"))

    phone = desk.sign_in(next(who for who in desk.school.who if who.startswith("会员")), 375)
    phone.goto("/bulletins/")
    phone.get_by_role("link", name="运动会报名").click()
    expect(phone.locator("main")).to_contain_text("十月举行")
    phone.get_by_role("button", name="我已阅读").click()
    expect(phone.locator("main")).to_contain_text("您已于")
    page.goto(address)

    expect(page.get_by_role("heading", name=f"谁还没读（{before - 1}）")).to_be_visible()
