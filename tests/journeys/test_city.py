"""A city by its manual: administrators level by level, a code handed out, a worker who joins by it, her approval."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pyzbar import pyzbar

from portal.core.calendar import today
from tests import factories
from tests.serving import PASSWORD, Account, Desk, School, Server, change_password, command, type_in

CITY, TOP = "组织机构管理员 GH", "超级管理员 GH"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A small seeded city, served."""
    instance = tmp_path_factory.mktemp("city") / "instance"
    told = command(instance, "seed", "--members", "60", "--units", "30", "--seed", "5", "--profile", "city")
    assert told.returncode == 0, told.stderr
    (instance / "portal.cfg").write_text("PROFILE=city\n", "utf-8")
    lines = (instance / "demo-accounts.txt").read_text("utf-8").splitlines()
    accounts = [Account(*line.split("\t")) for line in lines]
    with Server(instance) as server:
        yield School(server, {f"{one.role} {one.unit}": one for one in accounts})
    shutil.rmtree(instance)


@pytest.fixture
def office(chromium: Browser, city: School) -> Iterator[Desk]:
    """Where the windows of one test stand."""
    desk = Desk(chromium, city)
    yield desk
    desk.close()


def menu(page: Page, *words: str) -> None:
    """Go by the menu: the group, then its line."""
    *_, line = words
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name=line, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(line)


def make(page: Page, line: str, *, username: str, name: str, unit: str) -> str:
    """系统管理 → `line` → 新增; return the one-time password on the slip."""
    menu(page, "系统管理", line)
    page.get_by_role("link", name="新增", exact=True).click()
    page.get_by_label("用户名").fill(username)
    page.get_by_label("姓名").fill(name)
    page.get_by_label("单位", exact=True).fill(unit)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("账号已开通")
    return page.locator(".slip-password").inner_text()


def first_time(desk: Desk, username: str, password: str) -> Page:
    """Sign in with the password of the slip, and set one's own."""
    page = desk.window()
    type_in(page, username, password)
    change_password(page, password, PASSWORD)
    return page


def of_a_county(city: School) -> tuple[str, str]:
    """Return the code of a county of the seeded city, and that of a union in it which has many below."""
    account = next(one for one in city.who.values() if one.role == "组织机构管理员" and one.unit != "GH")
    union = next(one for one in city.who.values() if one.role == "基层工会管理员" and one.unit.startswith(account.unit))
    return account.unit, union.unit


def test_the_four_steps_of_the_manual(office: Desk, city: School, tmp_path: Path) -> None:
    county, union = of_a_county(city)

    her_slip = make(office.sign_in(CITY), "组织机构管理员", username="xianqu", name="钱县区", unit=county)
    her_desk = first_time(office, "xianqu", her_slip)
    his_slip = make(her_desk, "基层工会管理员", username="张三13900000000", name="张三", unit=union)
    his_desk = first_time(office, "张三13900000000", his_slip)
    address = he_downloads_his_code(his_desk, tmp_path)
    receipt = she_applies(office, address)
    he_approves(his_desk)
    she_is_a_member(office, receipt)


def he_downloads_his_code(page: Page, folder: Path) -> str:
    """工会管理 → 基层工会管理 → 下载基层工会二维码: what the picture says is the address of the form."""
    menu(page, "工会管理", "基层工会管理")
    button = page.get_by_role("button", name=re.compile("下载基层工会二维码"))
    expect(button).to_have_count(1)
    with page.expect_download() as download:
        button.click()
    download.value.save_as(folder / "code.png")
    (code,) = pyzbar.decode(Image.open(folder / "code.png"))
    address = code.data.decode()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/joining/apply/[\w-]{22}", address)
    return address


def she_applies(desk: Desk, address: str) -> str:
    """扫描二维码 → 入会申请 → 申请加入, on a phone."""
    phone = desk.window(375)
    phone.goto(address)
    phone.get_by_role("link", name="入会申请").click()
    number = factories.id_number()
    phone.get_by_label("我已阅读并同意").check()
    phone.get_by_label("姓名").fill("殷扫码")
    phone.get_by_label("证件号码").fill(number)
    phone.get_by_label("手机号码").fill("13900001234")
    phone.get_by_role("button", name="申请加入").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("殷扫码的入会申请")
    expect(phone.locator(".steps-line li")).to_have_text(
        [re.compile("已提交"), re.compile("基层工会审核.*办理中"), re.compile("建立会籍")]
    )
    return phone.locator(".receipt-code").inner_text().strip()


def he_approves(page: Page) -> None:
    """会员管理 → 入会审核 → 审核."""
    menu(page, "会员管理", "入会审核")
    row = page.get_by_role("row", name=re.compile("殷扫码"))
    row.get_by_role("link", name=re.compile("^审核")).click()
    page.get_by_role("link", name="批准入会").click()
    page.get_by_label("研究日期").fill(today().isoformat())
    page.get_by_role("button", name="确认批准入会").click()
    expect(page.get_by_role("status")).to_have_text("已批准入会")


def she_is_a_member(desk: Desk, receipt: str) -> None:
    """Her receipt has moved on, on any phone."""
    phone = desk.window(375)
    phone.goto("/joining/receipt")
    phone.get_by_label("回执码").fill(receipt)
    phone.get_by_role("button", name="查看").click()
    expect(phone.get_by_text(re.compile("您已成为工会会员，会员证号"))).to_be_visible()


def test_who_is_not_registered_with_the_province_is_asked_to_scan_again(office: Desk, city: School) -> None:
    _, union = of_a_county(city)
    desk = office.sign_in(f"基层工会管理员 {union}")
    menu(desk, "工会管理", "基层工会管理")
    desk.get_by_role("link", name=re.compile("查看.*的二维码")).click()
    address = desk.get_by_label("申请地址").input_value()
    phone = office.window(375)
    person = {"姓名": "殷省平", "证件号码": factories.id_number(), "手机号码": "13900004321"}

    fill_in(phone, address, person)
    menu(desk, "会员管理", "入会审核")
    desk.get_by_role("row", name=re.compile("殷省平")).get_by_role("link", name=re.compile("^审核")).click()
    press(desk, "标记“该用户未注册，请先注册”")
    phone.reload()
    expect(phone.get_by_text("该用户未注册，请先注册")).to_be_visible()
    press(desk, "通知重新扫码")
    phone.reload()
    expect(phone.get_by_text(re.compile("单位工会管理员通知您：请重新扫码"))).to_be_visible()
    fill_in(phone, address, person)

    menu(desk, "会员管理", "入会审核")
    expect(desk.get_by_role("row", name=re.compile("殷省平"))).to_contain_text("待审批")


def fill_in(phone: Page, address: str, person: dict[str, str]) -> None:
    """Send the quick form."""
    phone.goto(address)
    phone.get_by_label("我已阅读并同意").check()
    for label, text in person.items():
        phone.get_by_label(label).fill(text)
    phone.get_by_role("button", name="申请加入").click()
    expect(phone.locator(".receipt-code")).to_be_visible()


def press(page: Page, label: str) -> None:
    """Press a button that asks for a word, and leave the word out."""
    page.locator("summary", has_text=label).click()
    page.get_by_role("button", name=f"确认{label}").click()
    expect(page.get_by_role("status")).to_contain_text(label)


def test_the_super_administrator_makes_a_county_its_administrator(office: Desk, city: School) -> None:
    """The first of a county is made from above; at the county's own level she makes none beside her."""
    county, _ = of_a_county(city)
    slip = make(office.sign_in(TOP), "组织机构管理员", username="dierming", name="第二名", unit=county)
    page = first_time(office, "dierming", slip)
    menu(page, "系统管理", "组织机构管理员")
    office.refused = {422}
    page.get_by_role("link", name="新增", exact=True).click()
    page.get_by_label("用户名").fill("disanming")
    page.get_by_label("姓名").fill("第三名")
    page.get_by_label("单位", exact=True).fill(county)
    page.get_by_role("button", name="保存").click()

    expect(page.get_by_role("alert")).to_contain_text("请改选下级单位")
