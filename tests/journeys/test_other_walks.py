"""The same house for those who have no script, no mouse, or a form that came back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.journeys.applicant import address_of, apply, fill, somebody, take
from tests.serving import Desk

BRANCH_OPERATOR, UNION_OPERATOR = "分工会操作员 GH01", "校工会操作员 GH"


def test_the_form_goes_without_a_script(desk: Desk) -> None:
    she = somebody("沈无痕")
    phone = desk.window(375, java_script_enabled=False)
    phone.goto(address_of(desk.school))
    desk.refused = {422}
    phone.get_by_role("button", name="提交申请").click()
    sentences = phone.get_by_role("alert").get_by_role("listitem").all_inner_texts()
    desk.refused = set()
    fill(phone, {**she.inputs, "consent": True})
    phone.get_by_role("button", name="提交申请").click()

    assert "请阅读个人信息处理说明并勾选同意" in "".join(sentences)
    assert len(sentences) > 10
    expect(phone.get_by_role("heading", level=1)).to_have_text("沈无痕的入会申请")
    expect(phone.locator(".step-now")).to_contain_text("分工会意见")


def tab_to(page: Page, words: str) -> None:
    """Press the tabulator until what has the focus reads `words`, and see that the eye finds it too."""
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => { const one = document.activeElement, style = getComputedStyle(one);
            const rings = style.outlineStyle != "none" || style.boxShadow != "none";
            const labels = [...one.labels || []].map(label => label.innerText);
            const names = [one.innerText, one.getAttribute("aria-label"), ...labels];
            return [names.filter(Boolean).join(" ").replace(/\\s+/g, " ").trim(), rings]; }"""
        )
        if re.search(words, found[0]):
            assert found[1], f"the focus on {found[0]!r} cannot be seen"
            return
    raise AssertionError(f"no way by the tabulator to {words!r}")


def press(page: Page, words: str) -> None:
    """Go to what reads `words` by the tabulator, press it, and come to the next page."""
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_who_has_no_mouse_agrees_and_approves(desk: Desk) -> None:
    she = somebody("韩键盘")
    apply(desk.window(375), address_of(desk.school), she)
    for who in (BRANCH_OPERATOR, UNION_OPERATOR):
        desk.sign_in(who)  # so that each has a password of their own

    branch = by_keys(desk, BRANCH_OPERATOR)
    press(branch, r"^入会申请 \d+$")
    press(branch, "^韩键盘$")
    tab_to(branch, "^分工会同意$")
    if branch.evaluate("document.activeElement.tagName") == "SUMMARY":
        branch.keyboard.press("Enter")
        tab_to(branch, "^确认分工会同意$")
    branch.keyboard.press("Enter")
    expect(branch.get_by_role("status")).to_have_text("已分工会同意")
    union = by_keys(desk, UNION_OPERATOR)
    press(union, r"^入会申请 \d+$")
    press(union, "^韩键盘$")
    press(union, "^批准入会$")
    press(union, "^确认批准入会$")

    expect(union.get_by_role("status")).to_have_text("已批准入会")
    expect(union.get_by_role("link", name="查看会员信息")).to_be_visible()


def by_keys(desk: Desk, who: str) -> Page:
    """Sign in as `who` with the keyboard alone."""
    page = desk.window()
    page.goto("/login")
    tab_to(page, "^用户名$")
    page.keyboard.type(desk.school.who[who].username)
    tab_to(page, "^密码$")
    page.keyboard.type(desk.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("您好")
    tab_to(page, "^跳到正文$")
    return page


def test_what_came_back_is_mended_and_then_withdrawn(desk: Desk) -> None:
    she = somebody("卫归来", native_place="河北")
    phone = desk.window(375)
    receipt = apply(phone, address_of(desk.school), she)
    branch = desk.sign_in(BRANCH_OPERATOR)
    branch.get_by_role("link", name=re.compile(r"^入会申请\s*\d+$")).click()
    branch.get_by_role("link", name=she.name, exact=True).click()
    branch.get_by_role("link", name="退回修改").click()
    branch.get_by_label("原因").select_option("信息有误")
    branch.get_by_label("理由").fill("籍贯请写到市")
    branch.get_by_label("籍贯").check()
    branch.get_by_role("button", name="确认退回修改").click()
    expect(branch.get_by_role("status")).to_have_text("已退回修改")

    computer = desk.window()  # another device: the code on the receipt is all she has
    computer.goto("/joining/receipt")
    computer.get_by_label("回执码").fill(receipt.upper())
    computer.get_by_role("button", name="查看").click()
    expect(computer.get_by_text("籍贯请写到市")).to_be_visible()
    computer.get_by_role("link", name="去修改").click()
    assert computer.get_by_role("textbox").count() == 1  # nothing else is open
    expect(computer.get_by_role("main")).to_contain_text(she.inputs["department"])
    computer.get_by_label("籍贯").fill("河北石家庄")
    computer.get_by_role("button", name="重新提交").click()
    expect(computer.get_by_role("status")).to_have_text("已重新提交")
    branch.reload()
    expect(branch.get_by_role("main")).to_contain_text("河北石家庄")
    take(computer, "撤回申请")
    expect(computer.get_by_role("status")).to_have_text("申请已撤回")
    phone.reload()

    expect(phone.locator(".steps-line")).to_contain_text("已撤回")
    branch.reload()
    expect(branch.get_by_role("main")).to_contain_text("已撤回")
    assert branch.locator("main summary, main .page-actions a").count() == 0  # nobody can decide any more
