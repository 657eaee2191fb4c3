"""From the code on the poster to the printed form: the walk that the whole house is built around."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import pdfplumber
from PIL import Image
from playwright.sync_api import Page, Route, expect
from pyzbar import pyzbar

from portal.core.calendar import today
from tests.journeys.applicant import Applicant, fill, portrait, send, somebody, take
from tests.serving import Desk, command, type_in

BRANCH_OPERATOR, UNION_OPERATOR, CHAIR = "分工会操作员 GH01", "校工会操作员 GH", "校工会主席 GH"

HERS = {
    "name": "欧阳雨桐",
    "household_type": "1",
    "household_place": "河北秦皇岛",
    "school_entry_date": "2014-07-05",
    "admin_duty": "系副主任",
    "admin_rank": "0",
    "degree": "3",
    "prof_title": "012",
    "consent_sensitive": True,
    "marital_status": "10",
    "children_count": "0",
    "family_members-0-relation": "51",
    "family_members-0-name": "欧阳建国",
    "family_members-0-workplace": "秦皇岛港务集团",
    "family_members-0-phone": "0335-3096000",
    "family_members-1-relation": "52",
    "family_members-1-name": "钱秀兰",
    "family_members-1-workplace": "已退休",
    "home_address": "河北大街西段 438 号",
    "hobbies": ["01", "02"],
    "resume-0-start": "2008-09",
    "resume-0-end": "2012-06",
    "resume-0-place": "燕山大学",
    "resume-0-post": "本科生",
    "resume-0-witness": "赵明德",
    "resume-1-start": "2014-07",
    "resume-1-place": "海港大学",
    "resume-1-post": "教师",
}
PASSWORD_HERS = "东临碣石以观沧海 88"


def test_a_new_colleague_joins_and_her_form_is_printed(desk: Desk, tmp_path: Path) -> None:
    she = somebody(**HERS)

    address = scan_the_poster(desk)
    phone = desk.window(375)
    receipt = she_fills_in_the_form(desk, phone, address, she, portrait(tmp_path))
    the_branch_agrees(desk, she)
    the_union_approves(desk, she)
    member_no = she_sets_her_password(phone, she)
    she_sees_her_record(phone, she, member_no)
    paper, chair = the_chair_prints(desk, she)
    she_sees_who_printed(phone, chair)

    assert re.fullmatch(r"[a-z2-9]{5}-[a-z2-9]{5}", receipt)
    text, cells = read_back(paper)
    assert member_no in text
    assert expected_cells(she) - cells == set(), cells
    verified = command(desk.school.server.instance, "audit", "verify")
    assert (verified.returncode, verified.stdout) == (0, "日志完整，未发现改动\n")


def scan_the_poster(desk: Desk) -> str:
    """The operator opens the page of her code; what her screen shows is what a phone's camera reads."""
    page = desk.sign_in(BRANCH_OPERATOR)
    page.get_by_role("link", name="入会二维码").click()
    page.get_by_role("link", name="查看").first.click()
    card = page.locator("section.card", has=page.get_by_role("heading", name="二维码", exact=True))
    expect(card.get_by_role("img")).to_be_visible()
    (seen,) = pyzbar.decode(Image.open(io.BytesIO(page.screenshot(full_page=True))))
    with page.expect_download() as download:
        card.get_by_role("link", name="下载图片").click()
    (posted,) = pyzbar.decode(Image.open(download.value.path()))

    address = seen.data.decode()
    assert posted.data == seen.data
    assert address == card.get_by_label("申请地址").input_value()
    assert address.startswith(f"{desk.school.address}/joining/apply/")
    return address


def she_fills_in_the_form(desk: Desk, phone: Page, address: str, she: Applicant, photo: Path) -> str:
    """She reads, agrees, fills in the sections and sends; what she forgets first, the form tells her."""
    phone.goto(address)
    expect(phone.get_by_role("heading", level=1)).to_have_text("第一分工会")
    fill(phone, {**she.inputs, "photo": photo})
    phone.get_by_role("button", name="添加一行").nth(1).click()
    expect(phone.locator('[name="resume-2-start"]')).to_be_focused()
    phone.get_by_role("button", name="删除这一行个人简历").nth(2).click()
    desk.refused = {422}
    phone.get_by_role("button", name="提交申请").click()
    expect(phone.get_by_role("alert")).to_contain_text("请阅读个人信息处理说明并勾选同意")
    expect(phone.get_by_text("照片已保存")).to_be_visible()
    desk.refused = set()
    phone.get_by_label("我已阅读并同意").check()
    receipt = send(phone)

    expect(phone.get_by_role("heading", level=1)).to_have_text(f"{she.name}的入会申请")
    expect(phone.locator(".steps-line li")).to_have_text(
        [re.compile("已提交"), re.compile("分工会意见.*办理中"), re.compile("校工会审批"), re.compile("建立会籍")]
    )
    return receipt


def open_application(page: Page, she: Applicant) -> None:
    """From 待办 to her application."""
    page.get_by_role("link", name=re.compile(r"^入会申请\s*\d+$")).click()
    page.get_by_role("link", name=she.name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{she.name}的入会申请")


def the_branch_agrees(desk: Desk, she: Applicant) -> None:
    """Her branch's operator finds her among what waits, and agrees."""
    page = desk.sign_in(BRANCH_OPERATOR)
    open_application(page, she)
    expect(page.get_by_role("main")).not_to_contain_text(she.id_number)
    take(page, "分工会同意")
    expect(page.get_by_role("status")).to_have_text("已分工会同意")


def the_union_approves(desk: Desk, she: Applicant) -> None:
    """The union's operator gives the day of the decision; a day before the application is refused."""
    page = desk.sign_in(UNION_OPERATOR)
    open_application(page, she)
    page.get_by_role("link", name="批准入会").click()
    desk.refused = {422}
    page.get_by_label("研究日期").fill((today() - timedelta(days=1)).isoformat())
    page.get_by_role("button", name="确认批准入会").click()
    expect(page.get_by_role("alert")).to_contain_text("研究日期应在申请提交日")
    desk.refused = set()
    page.get_by_label("研究日期").fill(today().isoformat())
    page.get_by_role("button", name="确认批准入会").click()
    expect(page.get_by_role("status")).to_have_text("已批准入会")
    expect(page.get_by_role("link", name="查看会员信息")).to_be_visible()


def she_sets_her_password(phone: Page, she: Applicant) -> str:
    """The receipt on her phone has moved on: her number stands there, and she sets a password."""
    phone.reload()
    note = phone.get_by_text(re.compile("您已成为工会会员，会员证号")).inner_text()
    phone.get_by_label("证件号码后四位").fill(she.id_number[-4:])
    phone.get_by_label("新密码", exact=True).fill(PASSWORD_HERS)
    phone.get_by_label("再输一遍新密码").fill(PASSWORD_HERS)
    phone.get_by_role("button", name="设置密码").click()
    expect(phone.get_by_role("status")).to_have_text("密码已设置，请登录")
    expect(phone.get_by_text("您的用户名是")).to_contain_text(she.inputs["staff_no"])
    found = re.search(r"GH-\d{4}-\d{5}", note)
    assert found, note
    return found[0]


def she_sees_her_record(phone: Page, she: Applicant, member_no: str) -> None:
    """She signs in with the password that she has set, and finds what she had typed."""
    type_in(phone, she.inputs["staff_no"], PASSWORD_HERS)
    phone.get_by_role("link", name="打开菜单").click()
    phone.get_by_role("navigation", name="主菜单").get_by_role("link", name="我的会员信息").click()
    record = phone.get_by_role("main")
    for typed in (she.name, member_no, "副教授", "燕山大学", "欧阳建国", she.inputs["home_address"], "第一分工会"):
        expect(record).to_contain_text(typed)
    photo = phone.get_by_role("img", name=f"{she.name}的照片")
    assert photo.evaluate("image => image.naturalWidth / image.naturalHeight").__round__(2) == 0.71  # 5 : 7


def the_chair_prints(desk: Desk, she: Applicant) -> tuple[bytes, str]:
    """The chair looks for her by the initials of her name, and prints; return the paper and his name."""
    page = desk.sign_in(CHAIR)
    page.get_by_role("link", name="会员信息查询").click()
    page.get_by_label("查找").fill("oyyt")
    page.get_by_role("button", name="查询").click()
    page.get_by_role("link", name=she.name, exact=True).click()
    printed: list[bytes] = []

    def read(route: Route) -> None:
        answer = route.fetch()
        printed.append(answer.body())
        route.fulfill(response=answer)

    page.context.route("**/registration-form", read)
    with page.context.expect_page() as paper:
        page.get_by_role("button", name="打印登记表").click()
    paper.value.wait_for_load_state()
    return printed[0], page.locator(".user-name").inner_text()


def she_sees_who_printed(phone: Page, chair: str) -> None:
    """Her own page names the chair and what he did."""
    phone.reload()
    phone.get_by_role("link", name="谁查看过我的信息").click()
    looks = phone.get_by_label("时间线").get_by_role("listitem")
    expect(looks.first).to_contain_text("打印登记表")
    expect(looks.first).to_contain_text(chair)


def read_back(paper: bytes) -> tuple[str, set[str]]:
    """Return the text of the printed form and what stands between its rules, without the blanks of its layout."""
    with pdfplumber.open(io.BytesIO(paper)) as pdf:
        assert len(pdf.pages) == 1
        assert len(pdf.pages[0].images) == 2  # her photo, and the code that proves the print
        cells = {cell or "" for table in pdf.pages[0].extract_tables() for row in table for cell in row}
        return pdf.pages[0].extract_text(), {re.sub(r"\s", "", cell) for cell in cells}


def expected_cells(she: Applicant) -> set[str]:
    """Return what stands in the cells of her form, by what she typed."""
    return {
        she.name, "女", "1990年5月1日", "汉族", "硕士研究生毕业", "河北秦皇岛", "群众", "2014年7月", she.id_number,
        she.inputs["department"], "系副主任", "副教授", she.inputs["mobile"], "第一分工会",
        "父亲", "欧阳建国", "秦皇岛港务集团", "0335-3096000", "母亲", "钱秀兰", "已退休",
        "2008.09—2012.06", "燕山大学", "本科生", "2014.07—至今", "海港大学", "教师",
    }  # fmt: skip
