"""Rows that grow and shrink on a phone, with a script and without one, and what the Enter key does among them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.serving import Desk

MEMBER = "会员 GH01"


def names(page: Page) -> list[str]:
    """Return what stands in the inputs of the children's names."""
    return [one.input_value() for one in page.locator("#children [name$='-name']").all()]


def press(page: Page, button: str, place: int = 0) -> None:
    """Press a button of the children's rows."""
    page.locator("#children").get_by_role("button", name=button).nth(place).click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_member_writes_her_children_down_on_a_phone(desk: Desk, script: bool) -> None:
    page = desk.sign_in(MEMBER, 375, java_script_enabled=script)
    page.goto("/members/me/edit")
    page.get_by_label("子女数").fill("3")
    if page.locator("#children-none").is_checked():
        page.locator("#children-none").uncheck()
    while any(names(page)):
        press(page, "删除这一行子女信息")
    while len(names(page)) < 4:
        press(page, "添加一行")
    expect(page.get_by_label("子女数")).to_have_value("3")
    for place, name in enumerate(("甲一", "乙二", "丙三", "丁四")):
        page.locator("#children [name$='-name']").nth(place).fill(name)

    press(page, "删除这一行子女信息", 1)

    expect(page.locator("#children [name$='-name']").nth(1)).to_have_value("丙三")
    if script:
        assert look(page) == []
    page.locator("#children [name$='-name']").first.press("Enter")  # sends the form, and takes no row away
    page.wait_for_url(re.compile(r"/members/me(#children)?$"))
    expect(page.get_by_role("status").first).to_have_text("已保存")
    page.goto("/members/me/edit")
    assert [name for name in names(page) if name] == ["甲一", "丙三", "丁四"]
