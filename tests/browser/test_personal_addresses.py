"""Pages at addresses that one person gets: an entry to confirm, an invitation; the pages that make them, shown once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import look
from tests.journeys.applicant import fill, somebody
from tests.serving import Account, Desk, School, Server

OUTSIDE = "https://gonghui.example.edu.cn"  # an address that leads to phones, so that links are made at all
OPERATOR, BRANCH = "校工会操作员 GH", "分工会操作员 GH01"


@pytest.fixture
def office(chromium: Browser, seeded: Path, tmp_path: Path) -> Iterator[Desk]:
    """The school as phones reach it."""
    shutil.copytree(seeded, tmp_path / "instance")
    lines = (tmp_path / "instance" / "demo-accounts.txt").read_text("utf-8").splitlines()
    accounts = [Account(*line.split("\t")) for line in lines]
    with Server(tmp_path / "instance", base_url=OUTSIDE) as server:
        desk = Desk(chromium, School(server, {f"{one.role} {one.unit}": one for one in accounts}))
        yield desk
        desk.close()


def path_on(page: Page) -> str:
    """Return the first address of the text to be sent, as a path of the server at hand."""
    found = re.search(re.escape(OUTSIDE) + r"(/\S+)", page.get_by_role("textbox").first.input_value())
    assert found
    return found[1]


def test_an_entry_that_the_person_confirms_on_her_phone(office: Desk) -> None:
    office.refused = {404, 422}
    she, clerk, phone = somebody("蒋代录"), office.sign_in(BRANCH), office.window(375)
    clerk.goto("/joining/entry/new")
    clerk.get_by_role("main").get_by_role("button", name="提交申请").click()
    expect(clerk.get_by_role("alert")).to_be_focused()
    problems = look(clerk)
    fill(clerk, {**she.inputs, "consent": True, "awaits_person": True})
    clerk.get_by_role("main").get_by_role("button", name="提交申请").click()
    clerk.locator("summary", has_text="生成本人链接").click()
    clerk.get_by_role("button", name="确认生成本人链接").click()
    expect(clerk.get_by_role("heading", level=1)).to_have_text("本人确认链接")
    problems += look(clerk)
    address = path_on(clerk)
    phone.goto(address)
    problems += look(phone)
    phone.get_by_role("button", name="确认申请").click()
    expect(phone.get_by_role("alert")).to_be_focused()
    problems += look(phone)
    fill(phone, {"consent": True, "tail": she.id_number[-4:]})
    phone.get_by_role("button", name="确认申请").click()
    expect(phone.locator(".receipt-code").or_(phone.get_by_role("status"))).not_to_have_count(0)
    problems += look(phone)
    phone.goto(address)  # opens once
    problems += look(phone)

    assert problems == []


def test_an_invitation_to_join(office: Desk) -> None:
    operator, phone = office.sign_in(OPERATOR), office.window(375)
    operator.goto("/joining/expected/new")
    fill(operator, {"name": "新入职", "people": "20269001 韩该来 教务处 第一分工会\n20269002 杨未定 教务处"})
    operator.get_by_role("button", name="预览", exact=True).click()
    operator.get_by_role("button", name="确认保存").click()
    problems = look(operator)
    operator.locator("form[action$='/invite'] button[type=submit]").click()
    expect(operator.get_by_role("heading", level=1)).to_have_text("邀请链接")
    problems += look(operator)
    words = operator.get_by_role("textbox").first.input_value()
    addresses = re.findall(re.escape(OUTSIDE) + r"(/\S+)", words)
    for address in addresses:
        phone.goto(address)
        problems += look(phone)

    assert problems == []
    assert len(addresses) == 2
