"""The pictures of the manual, taken anew: `instance/venv/bin/python -m tests.screenshots [NAME ...]`.

A demo school is made and served, a real Chromium goes where the manual leads, and what it sees is put into static/help/
as small WebP files. Without names all of them are taken. The people in them are invented.
"""

from __future__ import annotations

import io
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import FilePayload, Page

from tests.factories import a_person
from tests.journeys.applicant import address_of
from tests.serving import CHROMIUM, ROOT, Account, Desk, School, Server, command, playwright

PLACE = ROOT / "static" / "help"
OUTSIDE = "https://gonghui.example.edu.cn"  # codes and posters need an address that phones can reach
MOST = 60_000  # bytes of one picture
DESK, PHONE = (1280, 800), (375, 625)
WIDTHS = {DESK: 960, PHONE: 480}  # px of the files

UNION, CHAIR, BRANCH, MEMBER, ADMIN = (
    "校工会操作员 GH", "校工会主席 GH", "分工会操作员 GH01", "会员 GH01", "超级管理员 GH",
)  # fmt: skip


def first(page: Page, path: str, selector: str) -> None:
    """Open a list and its first row."""
    page.goto(path)
    page.locator(selector).first.click()


def home(page: Page) -> None:
    """The first page of an operator."""
    page.goto("/")


def codes(page: Page) -> None:
    """The codes of all branches."""
    page.goto("/joining/codes")


def application(page: Page) -> None:
    """An application that waits."""
    first(page, "/joining/", "tbody th a")


def many(page: Page) -> None:
    """Several applications, ticked."""
    page.goto("/joining/?ticked=1")


def members(page: Page) -> None:
    """The list of members."""
    page.goto("/members/?unit=GH03")


def member(page: Page) -> None:
    """The sheet of a member."""
    first(page, "/members/?sex=2", "tbody th a")


def prints(page: Page) -> None:
    """A finished print."""
    page.goto("/members/?unit=GH03")
    page.get_by_role("button", name="打印全部").click()
    for _ in range(90):
        page.wait_for_timeout(1000)
        page.reload()
        if page.get_by_role("link", name="下载 PDF").count():
            return
    raise TimeoutError("the print was not finished")


def units(page: Page) -> None:
    """The tree."""
    page.goto("/units/")


def accounts(page: Page) -> None:
    """Who works here."""
    page.goto("/people/")


def settings(page: Page) -> None:
    """What the union may change."""
    page.goto("/system/settings")


# name of the file, who looks, at what
SHOTS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "home": (UNION, home),
    "codes": (UNION, codes),
    "application": (BRANCH, application),
    "many": (UNION, many),
    "members": (UNION, members),
    "member": (BRANCH, member),
    "print": (UNION, prints),
    "units": (UNION, units),
    "accounts": (UNION, accounts),
    "settings": (ADMIN, settings),
}


def keep(name: str, png: bytes, width: int) -> None:
    """Write one picture as small as it must be."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    for quality in range(80, 20, -10):
        stream = io.BytesIO()
        picture.save(stream, "WEBP", quality=quality, method=6)
        if stream.tell() <= MOST:
            break
    (PLACE / f"{name}.webp").write_bytes(stream.getvalue())
    print(f"{name}: {picture.width} × {picture.height}, {stream.tell()} bytes")


def take_poster(desk: Desk) -> None:
    """Take the sheet that goes on the wall, from its PDF."""
    page = desk.sign_in(UNION)
    first(page, "/joining/codes", "tbody a.btn")
    with page.expect_download() as got:
        page.get_by_role("button", name="下载海报").click()
    file = desk.school.server.instance / "poster.pdf"
    got.value.save_as(file)
    stream = io.BytesIO()
    pypdfium2.PdfDocument(file)[0].render(scale=1.5).to_pil().save(stream, "PNG")
    keep("poster", stream.getvalue(), WIDTHS[PHONE])


def take_form(desk: Desk) -> None:
    """Take the applicant's form on a phone."""
    phone = desk.window(PHONE[0])
    phone.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    phone.goto(address_of(desk.school))
    phone.evaluate("document.querySelector('#section-1').scrollIntoView()")
    keep("apply", phone.screenshot(), WIDTHS[PHONE])


def take_comparison(desk: Desk) -> None:
    """Compare the members with a list as HR would send it, in which some things differ."""
    database = sqlite3.connect(desk.school.server.instance / "portal.db")
    query = "SELECT name, staff_no, department FROM members WHERE membership_status = 'active' AND staff_no IS NOT NULL"
    rows = [list(row) for row in database.execute(query + " ORDER BY id").fetchall()]
    database.close()
    for place in range(5, 60, 9):
        rows[place][2] = rows[place + 40][2]
    lines = [["姓名", "工号", "部门"], *rows[4:], ["邵新来", "20269001", "教务处"], ["祝新来", "20269002", "财务处"]]
    text = "\n".join(",".join(cell or "" for cell in line) for line in lines)
    page = desk.sign_in(UNION)
    page.goto("/comparison/")
    file: FilePayload = {"name": "在职人员.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("人事名单").set_input_files(file)
    page.get_by_role("button", name="开始比对").click()
    page.wait_for_url("**/comparison/*")
    keep("comparison", page.screenshot(), WIDTHS[DESK])


def take_import(desk: Desk) -> None:
    """Look at what a list of old members would become, in which some rows are wrong."""
    database = sqlite3.connect(desk.school.server.instance / "portal.db")
    query = "SELECT name, staff_no, join_date FROM members WHERE staff_no IS NOT NULL ORDER BY id LIMIT 6"
    known = database.execute(query).fetchall()
    database.close()
    people = [a_person() for _ in range(9)]
    rows = [
        [one.name, one.values["staff_no"], one.id_number, one.values["mobile"], "第三分工会", "2015-09-01", "讲师"]
        for one in people
    ]
    rows[2][2] = rows[2][2][:-1] + ("0" if rows[2][2][-1] != "0" else "1")
    rows[5][4] = "第九十九分工会"
    rows += [[name, staff_no, "", "", "", joined, "副教授"] for name, staff_no, joined in known]
    headings = ["姓名", "工号", "身份证号", "手机号码", "分工会", "入会日期", "职称"]
    text = "\n".join(",".join(cell or "" for cell in line) for line in [headings, *rows])
    page = desk.sign_in(UNION)
    page.goto("/members/import")
    file: FilePayload = {"name": "会员名单.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("会员名单").set_input_files(file)
    page.get_by_label("历史会员补录").check()
    page.get_by_role("button", name="上传并预览").click()
    page.wait_for_url("**/members/import/*")
    keep("import", page.screenshot(), WIDTHS[DESK])


def take_handover(desk: Desk) -> None:
    """Look at what a branch's operator would hand over."""
    leaver = desk.school.who["分工会操作员 GH02"].username
    page = desk.sign_in(UNION)
    page.goto(f"/handover/new?from_username={leaver}")
    page.mouse.wheel(0, 330)
    page.wait_for_timeout(500)
    keep("handover", page.screenshot(), WIDTHS[DESK])


TAKEN_OTHERWISE: dict[str, Callable[[Desk], None]] = {
    "apply": take_form,
    "poster": take_poster,
    "import": take_import,
    "comparison": take_comparison,
    "handover": take_handover,
}


def main(names: list[str]) -> None:
    """Take the pictures called `names`, or all."""
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        told = command(instance, "seed", "--members", "600", "--units", "25", "--seed", "2026")
        if told.returncode:
            raise SystemExit(told.stderr)
        lines = (instance / "demo-accounts.txt").read_text("utf-8").splitlines()
        who = {f"{one.role} {one.unit}": one for one in (Account(*line.split("\t")) for line in lines)}
        browser = playwright().chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM))
        with Server(instance, base_url=OUTSIDE) as server:
            desk = Desk(browser, School(server, who))
            wanted = [name for name in (*SHOTS, *TAKEN_OTHERWISE) if not names or name in names]
            for name, take in TAKEN_OTHERWISE.items():
                if name in wanted:
                    take(desk)
            for name, (person, look) in SHOTS.items():
                if name not in wanted:
                    continue
                page = desk.sign_in(person, DESK[0])
                look(page)
                page.wait_for_load_state("networkidle")
                keep(name, page.screenshot(), WIDTHS[DESK])
            desk.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
