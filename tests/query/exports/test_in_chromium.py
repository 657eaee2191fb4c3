"""From the list to the file in a real browser: how the pages look, the confirmation, the rows as they were shown."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.looking import look
from tests.query.exports import books
from tests.serving import Desk, chromium, desk, school, seeded

__all__ = ["chromium", "desk", "school", "seeded"]

OPERATOR, CHAIR = "校工会操作员 GH", "校工会主席 GH"


def test_a_list_is_exported_as_it_is_shown_and_full_numbers_once_confirmed(desk: Desk) -> None:
    desk.refused = {422}
    page = desk.sign_in(OPERATOR)
    page.goto("/query/?columns=name,mobile,age&sort=-name&per_page=100")
    shown = [row.locator("th, td").all_inner_texts()[1:] for row in page.locator("tbody tr").all()]
    page.locator("[name=task]").select_option("exports.of_selection")
    page.locator("[name=scope]").select_option("all")
    page.get_by_role("button", name="办理").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("导出会员名单")
    problems = look(page)
    button = page.get_by_role("button", name=re.compile("^导出"))
    button.click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.locator("[name=purpose]").fill("节日慰问名册核对")
    with page.expect_download() as waiting:
        button.click()

    rows = books.rows_in(Path(waiting.value.path()).read_bytes())

    assert rows[0] == ["姓名", "手机号码", "年龄"]
    assert rows[1 : len(shown) + 1] == [[text if text != "—" else "" for text in row] for row in shown]
    assert shown
    page.get_by_label("证件号码", exact=True).check()
    page.locator("[name=secrets]").select_option("full")
    button.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("待确认")
    problems += look(page)
    address = page.url
    chair = desk.sign_in(CHAIR)
    chair.goto("/")
    chair.get_by_role("link", name=re.compile("导出待确认")).first.click()
    problems += look(chair)
    chair.locator("tbody th a").first.click()
    chair.locator("summary", has_text="同意导出").click()
    chair.get_by_role("button", name="确认同意导出").click()
    expect(chair.get_by_role("status").or_(chair.get_by_role("alert")).first).to_contain_text("已同意导出")
    page.goto(address)
    expect(page.get_by_role("button", name="下载文件")).to_be_visible(timeout=40_000)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载文件").click()
    full = books.rows_in(Path(waiting.value.path()).read_bytes())
    assert len(full) == len(rows)
    assert re.fullmatch(r"\d{17}[\dX]", full[1][-1])
    assert problems == []
