"""A personnel office's list, brought and worked through on a phone; each page is looked at in both widths."""

from __future__ import annotations

from playwright.sync_api import expect

from tests import factories
from tests.browser.looking import look
from tests.serving import Desk


def a_list() -> dict[str, object]:
    """Return a file with two people whom nobody knows, and a row that is wrong."""
    people = [factories.a_person(name=name).values for name in ("褚新来", "褚新到")]
    rows = [(one["staff_no"], one["name"], one["id_number"], "火星系") for one in people]
    lines = [("工号", "姓名", "身份证号", "部门"), *rows, ("20260001", "褚@", "", "")]
    text = "\n".join(",".join(map(str, line)) for line in lines)
    return {"name": "在职名单.csv", "mimeType": "text/csv", "buffer": text.encode()}


def test_a_list_is_worked_through_by_hand(desk: Desk) -> None:
    page = desk.sign_in("校工会操作员 GH", 375)
    page.goto("/comparison/")
    problems = look(page)
    page.get_by_label("人事名单").set_input_files(files=[a_list()])  # type: ignore[list-item]
    page.get_by_role("button", name="开始比对").click()
    expect(page.get_by_role("heading", name="名单中的问题")).to_be_visible()
    problems += look(page)
    page.get_by_label("选择褚新来").check()
    page.get_by_label("怎样处理").select_option("忽略")
    page.get_by_role("button", name="处理所选").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("忽略 1 项")
    problems += look(page)
    page.get_by_label("原因").select_option("外聘、兼职")
    page.get_by_role("button", name="确认忽略 1 项").click()
    expect(page.get_by_role("status")).to_contain_text("忽略：已处理 1 项")
    page.get_by_role("button", name="处理全部 1 项").click()
    page.get_by_role("button", name="确认邀请入会 1 项").click()
    expect(page.get_by_role("status")).to_contain_text("已把 1 人加入应入会名单")
    page.locator(".figure-card", has_text="系统有、名单无").get_by_role("link").click()
    page.locator("tbody input[type=checkbox]").first.check()
    page.get_by_role("button", name="处理所选").click()
    page.get_by_role("button", name="确认拟办离职 1 项").click()
    expect(page.get_by_role("status")).to_contain_text("拟办离职：已处理 1 项")
    page.get_by_label("情况").select_option("已处理")
    page.get_by_role("button", name="查询").click()
    problems += look(page)
    page.get_by_role("link", name="拟办离职").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("拟办离职")
    problems += look(page)
    page.goto("/comparison/matters")
    problems += look(page)

    assert problems == []
