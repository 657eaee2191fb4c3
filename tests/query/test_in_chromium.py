"""Two boxes of conditions put together in a real browser: by the mouse, by the keyboard alone, and without a script.

The rows are those that the command `find` lists.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.serving import Desk, chromium, command, desk, school, seeded

__all__ = ["chromium", "desk", "school", "seeded"]

FOCUSED = """() => {
  const one = document.activeElement;
  return (one.getAttribute("aria-label") || one.innerText || "").trim();
}"""
UNION = "校工会操作员 GH"
WANTED = {
    "all": [
        {"any": [
            {"field": "title_level", "op": "in", "value": ["411", "412"]},
            {"field": "age", "op": "between", "value": [30, 44]},
        ]},
        {"any": [
            {"field": "sex", "op": "eq", "value": "2"},
            {"field": "name", "op": "contains", "value": "文"},
        ]},
    ]
}  # fmt: skip


def listed(page: Page) -> list[str]:
    """The 会员证号 of all rows, page after page."""
    found: list[str] = []
    while True:
        page.wait_for_load_state()
        found += [cell.inner_text().strip() for cell in page.locator('td[data-label="会员证号"]').all()]
        further = page.get_by_role("link", name="下一页")
        if not further.count():
            return found
        with page.expect_navigation():
            further.click()


def by_command(desk: Desk, tmp_path: Path, question: dict[str, Any]) -> list[str]:
    """The 会员证号 of whom the command `find` lists."""
    file = tmp_path / "question.json"
    file.write_text(json.dumps(question), "utf-8")
    who = desk.school.who[UNION].username
    told = command(desk.school.server.instance, "find", "--as", who, "--query", str(file))
    assert told.returncode == 0, told.stderr
    return [row["member_no"] or "—" for row in json.loads(told.stdout)["rows"]]


def asked(page: Page) -> dict[str, Any]:
    """The question in the address."""
    return json.loads(parse_qs(urlsplit(page.url).query)["q"][0])


def settle(page: Page) -> None:
    """Wait until what was fetched stands in its place."""
    page.wait_for_timeout(20)
    expect(page.locator("[data-builder][aria-busy]")).to_have_count(0)


# --- by the mouse -----------------------------------------------------------------------------------------------------


def press(page: Page, name: str, place: int = 0) -> None:
    page.get_by_role("button", name=name).nth(place).click()
    settle(page)


def choose(page: Page, label: str, word: str) -> None:
    page.get_by_label(label, exact=True).select_option(label=word)
    settle(page)


@pytest.mark.parametrize("width", [1280, 375])
def test_two_boxes_by_the_mouse(desk: Desk, tmp_path: Path, width: int) -> None:
    page = desk.sign_in(UNION, width)
    page.goto("/query/")
    press(page, "清空")
    press(page, "删除第 1 个条件")
    press(page, "添加条件组")
    choose(page, "第 2 组第 1 个条件的字段", "职称级别")
    choose(page, "第 2 组第 1 个条件的匹配规则", "属于")
    page.locator("[data-ticks] summary").first.click()
    page.get_by_label("正高", exact=True).check()
    page.get_by_label("副高", exact=True).check()
    page.keyboard.press("Escape")
    press(page, "组内添加条件")
    choose(page, "第 2 组第 2 个条件的字段", "年龄")
    choose(page, "第 2 组第 2 个条件的匹配规则", "介于")
    page.get_by_label("第 2 组第 2 个条件的起始值").fill("30")
    page.get_by_label("第 2 组第 2 个条件的截止值").fill("44")
    press(page, "添加条件组")
    choose(page, "第 3 组第 1 个条件的字段", "性别")
    choose(page, "第 3 组第 1 个条件的值", "女")
    press(page, "组内添加条件", 1)
    choose(page, "第 3 组第 2 个条件的字段", "姓名")
    page.get_by_label("第 3 组第 2 个条件的值").fill("文")
    expect(page.locator("[data-count]")).to_contain_text("人")
    told = page.locator("[data-count]").inner_text()
    assert look(page) == []

    page.get_by_role("button", name="执行查询").click()
    page.wait_for_url(re.compile(r"/query/\?q="))

    assert asked(page) == WANTED
    expected = by_command(desk, tmp_path, WANTED)
    assert listed(page) == expected
    assert expected  # somebody was there to find
    assert re.findall(r"\d+", told) == [str(len(expected))]


# --- by the keyboard --------------------------------------------------------------------------------------------------


def tab_to(page: Page, label: str) -> None:
    """Go on by the Tab key until what has this name has the focus."""
    for _ in range(150):
        name = page.evaluate(FOCUSED)
        if name.startswith(label):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key never comes to {label}")


def go_to_option(page: Page, word: str) -> None:
    """Choose by the arrow keys in the select that has the focus."""
    for _ in range(80):
        now = page.evaluate("() => document.activeElement.selectedOptions[0].label")
        if now == word:
            return
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(30)
    raise AssertionError(f"the arrow keys never come to {word}")


def enter(page: Page, label: str) -> None:
    tab_to(page, label)
    page.keyboard.press("Enter")
    settle(page)


def pick(page: Page, label: str, word: str) -> None:
    tab_to(page, label)
    go_to_option(page, word)
    settle(page)


def test_two_boxes_by_the_keyboard_alone(desk: Desk, tmp_path: Path) -> None:
    page = desk.sign_in(UNION)
    page.goto("/query/")
    enter(page, "清空")
    page.keyboard.press("Tab")
    enter(page, "添加条件组")
    pick(page, "第 2 组第 1 个条件的字段", "职称级别")
    pick(page, "第 2 组第 1 个条件的匹配规则", "属于")
    tab_to(page, "第 2 组第 1 个条件的值")
    page.keyboard.press("Enter")
    for _ in range(2):  # 正高 and 副高 stand first
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    page.keyboard.press("Escape")
    enter(page, "组内添加条件")
    pick(page, "第 2 组第 2 个条件的字段", "年龄")
    pick(page, "第 2 组第 2 个条件的匹配规则", "介于")
    tab_to(page, "第 2 组第 2 个条件的起始值")
    page.keyboard.type("30")
    page.keyboard.press("Tab")
    page.keyboard.type("44")
    enter(page, "添加条件组")
    pick(page, "第 3 组第 1 个条件的字段", "性别")
    pick(page, "第 3 组第 1 个条件的值", "女")
    enter(page, "组内添加条件")
    pick(page, "第 3 组第 2 个条件的字段", "姓名")
    tab_to(page, "第 3 组第 2 个条件的值")
    page.keyboard.insert_text("文")
    page.keyboard.press("Enter")  # the form goes out from where one types
    page.wait_for_url(re.compile(r"/query/\?q="))

    assert asked(page) == WANTED
    assert listed(page) == by_command(desk, tmp_path, WANTED)


# --- without a script -------------------------------------------------------------------------------------------------


def test_a_question_on_a_phone_without_a_script(desk: Desk, tmp_path: Path) -> None:
    page = desk.sign_in(UNION, 375, java_script_enabled=False)
    page.goto("/query/")
    page.get_by_role("button", name="删除第 2 个条件").click()
    page.get_by_role("button", name="添加条件", exact=True).click()
    page.get_by_label("第 2 个条件的字段").select_option(label="年龄")
    page.get_by_role("button", name="按所选字段更新规则和值").click()
    page.get_by_label("第 2 个条件的匹配规则").select_option(label="介于")
    page.get_by_role("button", name="按所选字段更新规则和值").click()
    page.get_by_label("第 2 个条件的起始值").fill("30")
    page.get_by_label("第 2 个条件的截止值").fill("44")
    page.get_by_role("button", name="执行查询").click()

    wanted = {
        "all": [
            {"field": "membership_status", "op": "eq", "value": "active"},
            {"field": "age", "op": "between", "value": [30, 44]},
        ]
    }
    assert asked(page) == wanted
    assert listed(page) == by_command(desk, tmp_path, wanted)


# --- a batch edit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 375])
def test_a_batch_edit_from_the_list_and_back_to_it(desk: Desk, width: int) -> None:
    desk.refused.add(422)  # a form that is not filled in
    page = desk.sign_in(UNION, width, java_script_enabled=width > 375)
    page.goto("/query/?q=" + quote(json.dumps({"all": [{"field": "sex", "op": "eq", "value": "1"}]})))
    before = listed_here(page)
    page.get_by_label("办理", exact=True).select_option(label="批量修改")
    page.get_by_label("对哪些会员办理").select_option("all")
    page.get_by_role("button", name="办理", exact=True).click()
    assert look(page) == []
    page.get_by_label("工作单位（部门）", exact=True).check()
    page.get_by_label("婚姻状况", exact=True).check()
    page.get_by_role("button", name="下一步：填写新值").click()
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_role("alert")).to_contain_text("请选择婚姻状况，或勾选“清空”")
    assert look(page) == []
    page.get_by_label("工作单位（部门）", exact=True).fill(f"合并后的部门{width}")
    page.get_by_label("婚姻状况", exact=True).select_option(label="未婚")
    page.get_by_label("生效日期").fill("2026-01-01")
    page.get_by_label("原因").fill("部门合并")
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("批量修改预览")
    assert look(page) == []
    page.get_by_role("button", name=re.compile(r"^修改 \d+ 人$")).click()
    expect(page.get_by_text("24 小时内可以撤销", exact=False).first).to_be_visible()
    changed = page.get_by_text(f"→ 合并后的部门{width}").count()
    page.get_by_text("撤销批量修改", exact=True).first.click()
    page.get_by_role("button", name="确认撤销批量修改").click()
    expect(page.get_by_text("已全部撤销")).to_be_visible()
    assert (changed > 0, look(page)) == (True, [])
    page.get_by_role("link", name="返回查询结果").click()

    assert listed_here(page) == before


def listed_here(page: Page) -> list[str]:
    """The 会员证号 of the rows of this page."""
    page.wait_for_load_state()
    return [cell.inner_text().strip() for cell in page.locator('td[data-label="会员证号"]').all()]
