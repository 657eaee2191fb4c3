"""Pages to which no link leads: what a form answers, what is shown once, what is refused; on a desk and on a phone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from portal.core.calendar import today
from tests.browser.looking import look
from tests.journeys.applicant import address_of, apply, fill, somebody, take
from tests.serving import PASSWORD, Desk

OPERATOR, CHAIR, BRANCH = "校工会操作员 GH", "校工会主席 GH", "分工会操作员 GH01"


def send(page: Page, button: str, heading: str = "") -> list[str]:
    """Press a button of the page's own part, and look at what is answered: a page, or the same one with sentences."""
    page.get_by_role("main").get_by_role("button", name=button, exact=True).click()
    if heading:
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    else:
        expect(page.get_by_role("alert")).to_be_focused()
    return look(page)


def confirm(page: Page, summary: str, button: str) -> None:
    """Press a button that asks again, and say yes."""
    page.locator("summary", has_text=summary).first.click()
    page.get_by_role("button", name=button, exact=True).click()


def sheet(folder: Path, name: str, *lines: str) -> Path:
    """Write a table as a text file."""
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    return folder / name


def test_accounts_with_their_one_time_passwords(desk: Desk) -> None:
    """A new account refused and opened, a password reset, a member's password given face to face."""
    desk.refused = {422}
    page = desk.sign_in(OPERATOR)
    page.goto("/people/new")
    problems = send(page, "保存")
    fill(page, {"username": "behind-a-post", "name": "卫看看", "role": "branch_operator", "unit": "GH02"})
    problems += send(page, "保存", "账号已开通")
    assert page.locator(".slip-password").count() == 1
    page.goto("/people/?q=behind-a-post")
    page.locator("tbody th a").first.click()
    confirm(page, "重置密码", "确认重置密码")
    expect(page.get_by_role("heading", level=1)).to_contain_text("一次性密码")
    problems += look(page)
    page.goto("/members/?unit=GH02")
    page.locator("tbody th a").last.click()
    confirm(page, "重置登录密码", "确认重置登录密码")
    expect(page.get_by_role("heading", level=1)).to_contain_text("一次性密码")
    problems += look(page)

    assert problems == []


def test_handing_over_one_and_a_whole_term(desk: Desk) -> None:
    desk.refused = {422}
    page = desk.sign_in(OPERATOR)
    page.goto("/people/new")
    fill(page, {"username": "leaver", "name": "冯移交", "role": "branch_operator", "unit": "GH03"})
    problems = send(page, "保存", "账号已开通")
    page.goto("/handover/new?from_username=leaver")
    problems += look(page)
    problems += send(page, "确认移交 1 项职责")
    fill(page, {"to_username": "successor", "to_name": "陈接任"})
    problems += send(page, "确认移交 1 项职责", "交接已安排")
    page.goto("/posts/?kind=04")
    unit, name = page.locator("tbody tr").first.locator("td, th").all_inner_texts()[2::-2]
    page.goto("/posts/term")
    problems += send(page, "预览")
    day = today() + timedelta(days=30)
    fill(
        page, {"term": "第九届", "starts": day.isoformat(), "lines": f"{name}，分工会主席，{unit}\n没有的人 分工会主席"}
    )
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.get_by_role("heading", name="随之交接（尚未办理）")).to_be_visible()
    problems += look(page)

    assert problems == []


def test_lists_before_they_are_written(desk: Desk, tmp_path: Path) -> None:
    """Members, units, people who should join, HR's list, departments: each previewed, none written."""
    desk.refused = {422}
    page = desk.sign_in(OPERATOR)
    problems = []
    people = sheet(
        tmp_path, "名单.csv", "姓名,身份证号,手机号,所属分工会,备注一", "周导入,1303021990,13903350000,第一分工会,x"
    )
    page.goto("/members/import")
    problems += send(page, "上传并预览")
    page.locator("[name=file]").set_input_files(people)
    problems += send(page, "上传并预览", "核对列")
    problems += send(page, "确认并预览", "导入预览")
    page.goto("/units/import")
    units = sheet(tmp_path, "单位.csv", "名称,代码,上级代码,类型", "新分工会,,GH,分工会", "错的,a b,XX,火星")
    page.locator("[name=file]").set_input_files(units)
    problems += send(page, "上传并预览", "导入预览")
    page.goto("/joining/expected/new")
    fill(page, {"name": "新入职", "people": "20269001 周该来 教务处\n20269001 周重复 教务处"})
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.get_by_role("heading", name="预览（尚未保存）")).to_be_visible()
    problems += look(page)
    page.goto("/comparison/")
    page.locator("[name=file]").set_input_files(sheet(tmp_path, "人事.csv", "工号,姓名,怪列", "20990001,周人事,x"))
    page.get_by_role("main").get_by_role("button", name="开始比对").click()
    page.wait_for_url(lambda url: not url.endswith("/comparison/"))
    problems += look(page)
    page.goto("/units/")
    page.get_by_role("link", name="登记和查看").first.or_(page.locator("tbody th a").first).first.click()
    page.goto(page.url.rstrip("/") + "/departments")
    page.locator("[name=pasted]").fill("财务部\t火星分工会")
    page.locator("form", has=page.locator("[name=pasted]")).get_by_role("button", name="登记").click()
    expect(page.get_by_role("alert")).to_be_focused()
    problems += look(page)

    assert problems == []


def test_an_application_taken_up_for_somebody_and_by_many(desk: Desk) -> None:
    """The refused reasons, many at once and their result, the day of a decision refused."""
    desk.refused = {422}
    she = somebody("韩多份")
    apply(desk.window(375), address_of(desk.school), she)
    clerk = desk.sign_in(BRANCH)
    clerk.goto("/joining/?q=" + she.name)
    clerk.locator("tbody [type=checkbox]").first.check()
    clerk.get_by_role("button", name="同意所选").click()
    expect(clerk.get_by_role("heading", level=1)).to_contain_text("1 份")
    problems = look(clerk)
    problems += send(clerk, "确认分工会同意 1 份", "的结果")
    operator = desk.sign_in(OPERATOR)
    operator.goto("/joining/?state=branch_ok&q=" + she.name)
    operator.locator("tbody th a").first.click()
    address = operator.url
    for link in ("退回修改", "不予批准", "批准入会"):
        operator.goto(address)
        operator.get_by_role("main").get_by_role("link", name=link, exact=True).click()
        if link == "批准入会":
            operator.locator("[name=study_date]").fill((today() + timedelta(days=9)).isoformat())
        operator.get_by_role("main").locator("form button[type=submit]").last.click()
        expect(operator.get_by_role("alert")).to_be_focused()
        problems += look(operator)

    assert problems == []


def test_a_receipt_to_its_password_and_the_same_again_by_oneself(desk: Desk) -> None:
    """Approved: the receipt sets a password; forgotten: refused, then set anew."""
    desk.refused = {422}
    she, phone = somebody("沈密码"), desk.window(375)
    apply(phone, address_of(desk.school), she)
    for who, step in ((BRANCH, "分工会同意"), (OPERATOR, "批准入会")):
        page = desk.sign_in(who)
        page.goto("/joining/?q=" + she.name)
        page.locator("tbody th a").first.click()
        if step == "批准入会":
            page.get_by_role("main").get_by_role("link", name=step, exact=True).click()
            page.get_by_role("main").locator("form button[type=submit]").last.click()
        else:
            take(page, step)
        expect(page.get_by_role("status")).to_be_visible()
    phone.reload()
    problems = look(phone)
    problems += send(phone, "设置密码")
    fill(phone, {"tail": she.id_number[-4:], "new": PASSWORD, "again": PASSWORD})
    phone.get_by_role("button", name="设置密码").click()
    expect(phone.get_by_role("status")).to_be_visible()
    problems += look(phone)
    phone.goto("/activate")
    problems += send(phone, "设置密码")
    wrong = {"who": she.name, "id_number": she.id_number, "mobile": "13900000000", "new": PASSWORD, "again": PASSWORD}
    fill(phone, wrong)
    problems += send(phone, "设置密码")
    fill(phone, wrong | {"mobile": str(she.inputs["mobile"])})
    phone.get_by_role("button", name="设置密码").click()
    expect(phone.get_by_role("status")).to_be_visible()
    problems += look(phone)

    assert problems == []


def test_lent_and_refused(desk: Desk) -> None:
    desk.refused = {422}
    page = desk.sign_in(CHAIR)
    page.goto("/people/delegations/new")
    problems = send(page, "确认委托")

    assert problems == []


def test_a_number_revealed(desk: Desk) -> None:
    page = desk.sign_in(OPERATOR)
    page.goto("/members/")
    page.locator("tbody th a").first.click()
    page.locator("summary", has_text="查看完整").first.click()
    page.locator("details[open] textarea, details[open] [name=reason]").first.fill("核对登记表")
    page.locator("details[open] button[type=submit]").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    assert look(page) == []
