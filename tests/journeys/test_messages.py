"""A branch tells its people, a message with a mistake is stopped, mended, sent and arrives, a member reads a bulletin.

The school's messages leave by a gateway of the campus that speaks over loopback and reports what has arrived.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pdfplumber
import pytest
from playwright.sync_api import Browser, Page, expect

from portal.core.calendar import today
from tests.messaging.gateways import Manners, Running, gateway
from tests.serving import Account, Desk, School, Server

UNION_OPERATOR, CHAIR, ADMIN = "校工会操作员 GH", "分工会主席 GH01", "超级管理员 GH"
TYPED = {"节日": "春节", "时间": "周三下午", "联系人": "李老师"}
PEOPLE, NUMBERLESS = 80, 3  # of the branch
CAMPUS = {
    "SMS_GATEWAY": "http",
    "SMS_HTTP_BODY": '{"mobile": "{number}", "content": "{text}", "ext": "{key}"}',
    "SMS_HTTP_SUCCESS": '"code": 0',
    "SMS_HTTP_ID": r'"msgid": "(\w+)"',
    "SMS_HTTP_RECEIPT_FIELDS": '{"key": "ext", "id": "msgid", "number": "mobile", "status": "stat"}',
}


@dataclass
class Wired:
    """A school whose messages leave by the gateway that is `running`."""

    school: School
    running: Running


@pytest.fixture(scope="module")
def wired(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """The school with a gateway, no quiet hours, and a branch of PEOPLE of whom NUMBERLESS have no number."""
    instance = tmp_path_factory.mktemp("wired") / "instance"
    shutil.copytree(seeded, instance)
    _arrange(instance)
    lines = (instance / "demo-accounts.txt").read_text("utf-8").splitlines()
    accounts = [Account(*line.split("\t")) for line in lines]
    with gateway(instance.parent, Manners()) as running:
        said = {**CAMPUS, "SMS_HTTP_URL": f"{running.url}/send"}
        (instance / "portal.cfg").write_text("".join(f"{name}={value}\n" for name, value in said.items()), "utf-8")
        with Server(instance) as server:
            yield Wired(School(server, {f"{one.role} {one.unit}": one for one in accounts}), running)


def _arrange(instance: Path) -> None:
    """Make the branch as large as it shall be, by hand: people of a school this small are spread thin."""
    with closing(sqlite3.connect(instance / "portal.db")) as connection, connection:
        (here, there) = (
            connection.execute("SELECT id FROM org_units WHERE code = ?", (code,)).fetchone()[0]
            for code in ("GH01", "GH02")
        )
        connection.execute("UPDATE members SET unit_id = ? WHERE unit_id = ?", (there, here))
        well = "SELECT id FROM members WHERE membership_status = 'active' AND mobile_index IS NOT NULL"
        once = "GROUP BY mobile_index HAVING count(*) = 1 ORDER BY id"
        of_branch = [row[0] for row in connection.execute(f"{well} {once} LIMIT {PEOPLE}")]
        assert len(of_branch) == PEOPLE
        for number in of_branch:
            connection.execute("UPDATE members SET unit_id = ? WHERE id = ?", (here, number))
        for number in of_branch[:NUMBERLESS]:
            connection.execute(
                "UPDATE members SET mobile_sealed = NULL, mobile_index = NULL, mobile_tail_index = NULL WHERE id = ?",
                (number,),
            )
        connection.execute(
            "INSERT INTO settings (name, text, changed_at, changed_by) "
            "VALUES ('messaging_quiet_from', '8', '2026-01-01 00:00:00', 'tests')"
        )


@pytest.fixture
def wired_desk(chromium: Browser, wired: Wired) -> Iterator[Desk]:
    """Where the windows of one test in that school stand."""
    desk = Desk(chromium, wired.school)
    yield desk
    desk.close()


def write(page: Page, place: str, *, tomorrow: bool = False) -> None:
    """Fill the blanks of the wording, to be sent at once or tomorrow morning."""
    for name, text in {**TYPED, "地点": place}.items():
        page.get_by_label(name, exact=True).fill(text)
    page.get_by_label("预定时间").fill(f"{today() + timedelta(days=1)}T10:00" if tomorrow else "")
    page.get_by_role("button", name="保存并核对").click()


def press(page: Page, words: str, comment: str = "") -> None:
    """Press what asks again, and say yes."""
    page.locator("summary", has_text=re.compile(f"^{words}$")).click()
    if comment:
        page.get_by_label("意见").first.fill(comment)
    page.get_by_role("button", name=f"确认{words}").click()


def report(wired: Wired, address: str) -> None:
    """Let the gateway report that whatever it took has arrived."""
    told = [
        {"ext": one["key"], "msgid": one["id"], "mobile": one["number"], "stat": "DELIVRD"}
        for one in wired.running.took()
    ]
    body = json.dumps(told).encode()
    asked = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 -- our own server
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 -- our own server
        assert json.loads(answer.read()) == {"code": 0}


def until(page: Page, words: str) -> None:
    """Look again until the page says so; what is sent in the background takes a moment."""
    for _ in range(60):
        if words in page.locator("main").inner_text():
            return
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator("main")).to_contain_text(words)


def test_a_branch_tells_eighty_people_within_four_screens(wired: Wired, wired_desk: Desk) -> None:
    page = wired_desk.sign_in(CHAIR)
    screens: list[str] = []
    page.on("domcontentloaded", lambda shown: screens.append(shown.url))
    page.goto("/messaging/plans/new")
    page.get_by_label("全体会员", exact=False).first.check()
    page.get_by_label("模板").select_option("s:gift")
    page.get_by_role("button", name="下一步：核对").click()
    write(page, "行政楼 203")
    with page.expect_download() as download:
        page.get_by_role("button", name=f"打印电话通知单（{NUMBERLESS} 人）").click()
    page.get_by_role("button", name=f"发给 {PEOPLE - NUMBERLESS} 人", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(f"已交发送，{PEOPLE - NUMBERLESS} 人")

    assert 3 <= len(screens) <= 4
    with pdfplumber.open(io.BytesIO(Path(download.value.path()).read_bytes())) as pdf:
        printed = "".join("".join(sheet.extract_text().split()) for sheet in pdf.pages)
    assert f"共{NUMBERLESS}人没有手机号码" in printed
    page.get_by_role("link", name="看发到哪一步").click()
    until(page, f"已提交\n{PEOPLE - NUMBERLESS} 条")
    took = wired.running.took()
    assert len({one["number"] for one in took}) == len(took) == PEOPLE - NUMBERLESS
    assert all("行政楼 203" in one["text"] for one in took)


def test_a_batch_with_a_mistake_is_stopped_mended_sent_and_arrives(wired: Wired, wired_desk: Desk) -> None:
    page = wired_desk.sign_in(UNION_OPERATOR)
    page.goto("/messaging/plans/new")
    page.get_by_label("教代会执委", exact=False).first.check()
    page.get_by_label("模板").select_option("s:gift")
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写【地点】")
    write(page, "行政楼 230", tomorrow=True)
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
    expect(page.locator("h1")).to_contain_text("已交发送")

    page.get_by_role("link", name="看发到哪一步").click()
    people = number.removeprefix("发给 ").removesuffix(" 人")
    until(page, f"已提交\n{people} 条")
    admin = wired_desk.sign_in(ADMIN)
    admin.goto("/messaging/outbox/gateway")
    address = admin.get_by_text("/messaging/receipts/http/").first.inner_text()
    report(wired, address)
    until(page, f"已送达\n{people} 条")
    assert not any("行政楼 230" in one["text"] for one in wired.running.took())


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
