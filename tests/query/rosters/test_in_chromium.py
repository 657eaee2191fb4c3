"""A list in Chromium from the query to the papers: frozen, objected to on a phone, answered, closed, printed."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pypdf
from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.serving import Desk, chromium, desk, school, seeded

__all__ = ["chromium", "desk", "school", "seeded"]

TITLE = "2027年春节慰问品"


def press(page: Page, name: str, comment: str = "") -> None:
    """Press a button that asks again, and go on with it."""
    page.locator("summary", has_text=re.compile(f"^{name}$")).first.click()
    panel = page.locator("details[open]")
    if comment:
        panel.locator("textarea").fill(comment)
    panel.get_by_role("button", name=f"确认{name}").click()
    page.wait_for_load_state()


def figure(page: Page, label: str) -> str:
    """The number of a card."""
    return page.locator(".figure-card", has_text=label).locator(".figure-number").inner_text()


def frozen(page: Page, task: str) -> None:
    """Start a task for everybody whom the query page finds."""
    page.goto("/query/")
    page.get_by_label("办理", exact=True).select_option(task)
    page.get_by_label("对哪些会员办理").select_option("all")
    page.get_by_role("button", name="办理", exact=True).click()
    page.wait_for_load_state()


def test_a_list_goes_from_the_query_to_the_papers(desk: Desk) -> None:
    union = desk.sign_in("校工会操作员 GH")
    frozen(union, "存为名单")
    problems = look(union)
    union.get_by_label("名单名称").fill(TITLE)
    union.get_by_label("品名").fill("米面油礼包")
    union.get_by_label("每人数量或金额").fill("1")
    union.get_by_label("计量单位").fill("份")
    union.get_by_label("年龄", exact=True).check()
    union.get_by_role("button", name="存为名单").click()
    expect(union.get_by_role("status")).to_contain_text(f"已存为名单“{TITLE}”")
    problems += look(union)
    place, people = union.url, int(figure(union, "现有人数"))
    assert figure(union, "应发数") == f"{people}份"
    press(union, "发分工会核对")

    branch = desk.sign_in("分工会主席 GH01", 375)
    branch.goto("/")
    branch.get_by_role("link", name="待核对名单").click()
    problems += look(branch)
    branch.get_by_role("link", name=TITLE).click()
    own = int(figure(branch, "现有人数"))
    assert 0 < own < people
    name = branch.locator('th[data-label="姓名"]').first.inner_text().strip()
    press(branch, "提出异议", f"{name}已调离")
    problems += look(branch)

    union.goto("/")
    union.get_by_role("link", name="待答复的名单异议").click()
    union.get_by_role("link", name=TITLE).first.click()
    part = union.url
    union.get_by_label("姓名或工号").fill(name)
    union.get_by_role("button", name="查询").click()
    union.wait_for_load_state()
    press(union, "核减", "已调离")
    union.goto(part)
    press(union, "答复异议", "已核减")

    branch.reload()
    expect(branch.locator("del", has_text=name)).to_be_visible()
    press(branch, "核对无误")
    expect(branch.locator("h1")).to_contain_text("核对无误")

    union.goto(place)
    union.get_by_role("link", name="增补").click()
    union.get_by_label("姓名或工号").fill(name)
    union.get_by_role("button", name="查找").last.click()
    expect(union.get_by_text("已核减，请在名单中恢复").first).to_be_visible()
    problems += look(union)
    union.goto(place)
    press(union, "定稿")
    assert int(figure(union, "现有人数")) == people - 1
    expect(union.locator("summary", has_text="核减")).to_have_count(0)
    union.get_by_role("button", name="各分工会签领表").click()
    expect(union.get_by_role("button", name="下载压缩包")).to_be_visible(timeout=60_000)
    problems += look(union)
    with union.expect_download() as fetched:
        union.get_by_role("button", name="下载压缩包").click()
    papers = read(fetched.value.path())
    assert sum(len(re.findall(r"\n\d+ ", text)) for text in papers.values()) == people - 1
    mine = next(text for title, text in papers.items() if "第一分工会" in title)
    assert (len(re.findall(r"\n\d+ ", mine)), f"共 {own - 1} 人" in mine) == (own - 1, True)

    assert problems == []


def read(path: Path) -> dict[str, str]:
    """The texts of the sheets in an archive, by their names."""
    with zipfile.ZipFile(path) as archive:
        return {
            name: "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(archive.read(name))).pages)
            for name in archive.namelist()
            if name.endswith(".pdf")
        }


def test_a_sheet_is_printed_straight_from_the_query(desk: Desk) -> None:
    page = desk.sign_in("分工会操作员 GH01")
    frozen(page, "打印花名册、签到表、签领表")
    problems = look(page)
    desk.refused.add(422)
    page.get_by_role("button", name="生成表格").click()
    expect(page.get_by_text("请填写标题，例如").first).to_be_visible()
    page.get_by_label("标题").fill("在职会员花名册")
    page.get_by_label("打印用途").fill("张榜核对名册")
    with page.expect_download() as fetched:
        page.get_by_role("button", name="生成表格").click()

    text = "".join(one.extract_text() for one in pypdf.PdfReader(fetched.value.path()).pages)
    found = int(page.get_by_role("heading", name="已选定").inner_text().split()[1])
    assert (fetched.value.suggested_filename, f"共 {found} 人" in text) == ("在职会员花名册.pdf", True)
    assert problems == []
