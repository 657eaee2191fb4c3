"""A union moves in: from an empty database to printed forms, by the README alone, as somebody who is no programmer.

Two people from the union's office, then members on their phones. What they read, type, tap and choose is counted (see
`pace`), one person after the other, though in life the members do it all at once; what the machine takes is added as
the clock of the wall says. The roster of the members is there before: it is the office's own.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pdfplumber
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.conftest import PROOF
from tests.factories import Person
from tests.journeys.pace import KEY_ON_DESK, Hand, keys_for, reading
from tests.serving import BORN, PASSWORD, ROOT, Desk, School, Server, settings_of

HALF_AN_HOUR = 30 * 60
MEMBERS, ACTIVATED = (3000, 10) if PROOF else (300, 3)
UNION = "海港大学工会"
BRANCHES = [
    f"{name}分工会"
    for name in (
        "机关一", "机关二", "教务处", "后勤处", "图书馆", "校医院", "附属中学", "附属小学", "马克思主义学院",
        "外国语学院", "机械工程学院", "电气工程学院", "材料学院", "计算机学院", "化工学院", "经济管理学院", "文法学院",
        "理学院", "艺术学院", "体育学院", "建筑学院", "海洋学院", "继续教育学院", "产业集团",
    )
]  # fmt: skip
LOOKED_AT = 11  # rows of a preview that somebody compares with the list, its heading included
OF_THE_TEN = BRANCHES[5]  # whose members activate their accounts and are printed
ADMIN, OPERATOR = "20080017", "20120345"
HERS = "bohai wan 1921"
HEADINGS = (
    "序号", "姓名", "性别", "身份证号", "民族", "政治面貌", "学历", "工号", "部门", "分工会", "联系电话", "入会时间",
)  # fmt: skip


@dataclass
class Stopwatch:
    """Adds up what the people take; the machine's part is on the wall."""

    begun: float = field(default_factory=time.monotonic)
    thought: float = 0.0  # seconds beside those of the hands
    hands: list[tuple[str, Hand]] = field(default_factory=list)

    def hand(self, page: Page, who: str) -> Hand:
        """Return the hand of `who` in the window of `page`."""
        hand = Hand(page)
        self.hands.append((who, hand))
        return hand

    def reads(self, text: str) -> None:
        """Read something that is no page."""
        self.thought += reading(text)

    def types(self, text: str) -> None:
        """Type something that is no page."""
        self.thought += KEY_ON_DESK * keys_for(text)

    @property
    def counted(self) -> float:
        """The seconds of the people."""
        return self.thought + sum(hand.seconds for _, hand in self.hands)

    @property
    def waited(self) -> float:
        """The seconds of the machine so far."""
        return time.monotonic() - self.begun


# --- the README -------------------------------------------------------------------------------------------------------


def chapter(title: str) -> str:
    """Return what the Chinese half of the README says under `title`."""
    lines: list[str] = []
    inside = fenced = False
    for line in (ROOT / "README.md").read_text("utf-8").split("\n---\n")[0].splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced:
            inside = line.lstrip("# ") == title
        elif inside:
            lines.append(line)
    assert lines, title
    return "\n".join(lines)


def commands_in(text: str) -> list[str]:
    """Return what a chapter lets the reader type, without the remarks."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]


def to_run(line: str, instance: Path) -> tuple[list[str], dict[str, str]]:
    """Return the words and the environment of a line as it is typed, over an instance of the test's own."""
    first, *words = shlex.split(line)
    assert first == "python3"
    environment = settings_of(instance)
    return [sys.executable, *words], environment | {"PORTAL_VENV": sys.prefix}


class Started(Server):
    """The server that a line of the README starts, at the address that it says."""

    def __init__(self, instance: Path, line: str) -> None:
        super().__init__(instance)
        self._line = line

    def __enter__(self) -> Server:
        self.instance.mkdir()
        self.log = self.instance / "server.log"
        words, environment = to_run(self._line, self.instance)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(words, env=environment, cwd=ROOT, stderr=log, stdout=subprocess.DEVNULL)
        for _ in range(1200):
            if found := BORN.search(self.log.read_text("utf-8")):
                self.address = f"http://127.0.0.1:{found[1]}"
                return self
            assert self.process.poll() is None, self.log.read_text("utf-8")
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text("utf-8"))


# --- the files that the office has ------------------------------------------------------------------------------------


def sheet_of_branches(path: Path) -> Path:
    """Write the branches as they are typed into a new workbook: two columns, no codes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in [("名称", "类型"), *((name, "分工会") for name in BRANCHES)]:
        sheet.append(row)
    book.save(path)
    return path


def roster(path: Path, people: dict[str, list[Person]]) -> Path:
    """Write the roster of members by branch, as an office keeps it: a title above, days as days, words for codes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append([f"{UNION}会员花名册"])
    sheet.merge_cells("A1:L1")
    sheet.append(HEADINGS)
    serial = 0
    for branch, members in people.items():
        for one in members:
            serial += 1
            says = one.values
            joined = max(date(2005, 3, 1) + timedelta(days=serial * 11 % 7000), says["work_start_date"])
            sheet.append((
                serial, says["name"], "女" if says["sex"] == "2" else "男", says["id_number"], "汉", "群众", "本科",
                says["staff_no"], branch.removesuffix("分工会"), branch, says["mobile"], joined,
            ))  # fmt: skip
    sheet.append(["合计", f"{serial}人"])
    book.save(path)
    return path


def everybody() -> dict[str, list[Person]]:
    """Invent the members, by branch: the last ones' branch is small, the others share the rest."""
    others = [name for name in BRANCHES if name != OF_THE_TEN]
    people: dict[str, list[Person]] = {name: [] for name in BRANCHES}
    for number in range(MEMBERS - ACTIVATED):
        people[others[number % len(others)]].append(factories.a_person())
    people[OF_THE_TEN] = [factories.a_person() for _ in range(ACTIVATED)]
    return people


# --- the steps --------------------------------------------------------------------------------------------------------


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[Server, Stopwatch]]:
    """An empty database, served as the README begins the real start; the clock runs from before that."""
    watch = Stopwatch()
    text = chapter("真正启用")
    watch.reads(text)
    line = commands_in(text)[0]
    watch.types(line)
    with Started(tmp_path / "instance", line) as server:
        yield server, watch


def test_a_union_of_3000_moves_in_within_half_an_hour(
    empty: tuple[Server, Stopwatch], chromium: Browser, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    server, watch = empty
    people = everybody()
    ten = people[OF_THE_TEN]
    files = sheet_of_branches(tmp_path / "分工会.xlsx"), roster(tmp_path / "会员花名册.xlsx", people)
    desk = Desk(chromium, School(server, {}))

    passwords = create_admin(server, watch)
    the_administrator_brings_the_branches(desk, watch, passwords[ADMIN], files[0])
    operator = the_operator_brings_the_members(desk, watch, passwords[OPERATOR], files[1])
    for number, person in enumerate(ten):
        a_member_signs_in(desk, watch, person, by_name=number % 2 == 1)
    paper = the_operator_prints(operator, tmp_path)

    seconds = watch.counted + watch.waited
    desk.close()
    read_back(paper, ten)
    record_property("seconds", round(seconds))
    print(
        f"{MEMBERS} members, {len(ten)} activated: {seconds / 60:.1f} min"
        f" = {watch.counted:.0f} s of people + {watch.waited:.0f} s of the machine"
    )
    assert sum(hand.taps for _, hand in watch.hands) > 8 * len(ten)  # it was really done
    assert seconds < HALF_AN_HOUR


def create_admin(server: Server, watch: Stopwatch) -> dict[str, str]:
    """Type the second line of the README in another window; return the one-time passwords by user name."""
    line = commands_in(chapter("真正启用"))[1]
    line = line.replace("管理员工号", ADMIN, 1).replace("操作员工号", OPERATOR, 1)
    watch.types(line)
    words, environment = to_run(line, server.instance)
    told = subprocess.run(
        words, env=environment, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert told.returncode == 0, told.stderr
    watch.reads(told.stdout + told.stderr)
    accounts = [row.split("\t") for row in told.stdout.splitlines()]
    assert [(role, username) for role, username, *_ in accounts] == [("超级管理员", ADMIN), ("校工会操作员", OPERATOR)]
    return {username: password for _, username, password, _ in accounts}


def sign_in(hand: Hand, username: str, password: str) -> None:
    """Type user name and password."""
    page = hand.page
    hand.type(page.get_by_label("用户名"), username)
    hand.type(page.get_by_label("密码"), password)
    hand.tap(page.get_by_role("button", name="登录", exact=True))


def first_time(desk: Desk, watch: Stopwatch, who: str, username: str, password: str) -> Hand:
    """Open the address that the server said, sign in with the one-time password, and set one's own."""
    page = desk.window()
    page.context.set_default_timeout(300_000)  # 3,000 rows take as long as they take; the clock of the wall tells
    hand = watch.hand(page, who)
    hand.press_keys(desk.school.address.removeprefix("http://"))
    page.goto("/")
    sign_in(hand, username, password)
    reads_page(hand, "请设置您自己的密码")
    hand.type(page.get_by_label("当前密码"), password)
    hand.type(page.get_by_label("新密码", exact=True), PASSWORD)
    hand.type(page.get_by_label("再输一遍新密码"), PASSWORD)
    hand.tap(page.get_by_role("button", name="保存新密码"))
    reads_page(hand, "您好")
    return hand


def menu(hand: Hand, line: str) -> None:
    """Go by the menu."""
    hand.tap(hand.page.get_by_role("navigation", name="主菜单").get_by_role("link", name=line, exact=True))
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text(line)


def reads_page(hand: Hand, title: str) -> None:
    """Wait for the page with this title, and read all of it."""
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text(title)
    hand.reads(hand.page.locator("main"))


def compares(hand: Hand, table: str) -> None:
    """Compare the first rows of a preview with the list."""
    rows = hand.page.get_by_role("table", name=table).get_by_role("row")
    for number in range(LOOKED_AT):
        hand.reads(rows.nth(number))


def the_administrator_brings_the_branches(desk: Desk, watch: Stopwatch, password: str, file: Path) -> None:
    """The union gets its name, and its 24 branches, which she has typed into a workbook."""
    hand = first_time(desk, watch, "超级管理员", ADMIN, password)
    page = hand.page
    menu(hand, "组织机构")
    hand.tap(page.get_by_role("link", name="看设置"))
    hand.tap(page.get_by_role("link", name="更名"))
    hand.type(page.get_by_label("新名称"), UNION)
    hand.tap(page.get_by_role("button", name="确认更名"))
    expect(page.get_by_role("status")).to_contain_text(UNION)
    menu(hand, "组织机构")
    hand.tap(page.get_by_role("link", name="批量导入"))
    reads_page(hand, "批量导入组织")
    for name in BRANCHES:
        watch.types(f"{name}分工会")
    hand.give(page.get_by_label("文件"), file)
    hand.tap(page.get_by_role("button", name="上传并预览"))
    expect(page.get_by_role("main")).to_contain_text("没有发现错误")
    hand.reads(page.locator(".page-head, .figure-card, main .flash"))
    compares(hand, "预览")
    hand.tap(page.get_by_role("button", name=f"确认导入 {len(BRANCHES)} 个单位"))
    expect(page.get_by_role("status")).to_contain_text(f"已导入 {len(BRANCHES)} 个单位")


def the_operator_brings_the_members(desk: Desk, watch: Stopwatch, password: str, file: Path) -> Hand:
    """The roster as it is: looked at, then imported."""
    hand = first_time(desk, watch, "校工会操作员", OPERATOR, password)
    page = hand.page
    menu(hand, "会员导入")
    reads_page(hand, "会员导入")
    hand.give(page.get_by_label("会员名单"), file)
    hand.tap(page.get_by_label("历史会员补录"))
    hand.tap(page.get_by_role("button", name="上传并预览"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("导入预览")
    assert_figures(page, {"新增": MEMBERS})
    hand.reads(page.locator(".page-head, .figure-card, main form[action$=commit]"))
    compares(hand, "逐行结果")
    hand.tap(page.get_by_role("button", name=f"导入 {MEMBERS} 行"))
    expect(page.get_by_role("status")).to_contain_text("导入完成")
    menu(hand, "会员信息查询")
    expect(page.get_by_text(f"共 {MEMBERS} 条")).to_be_visible()
    return hand


def assert_figures(page: Page, expected: dict[str, int]) -> None:
    """The figures over a preview are these and no others."""
    labels = page.locator(".figure-label").all_inner_texts()
    numbers = page.locator(".figure-number").all_inner_texts()
    shown = dict(zip(labels, map(int, numbers), strict=True))
    assert {label: number for label, number in shown.items() if number and label != "全部"} == expected


def a_member_signs_in(desk: Desk, watch: Stopwatch, person: Person, *, by_name: bool) -> None:
    """On a phone: who she is, a password of her own, then what the union keeps of her."""
    phone = desk.window(375)
    hand = watch.hand(phone, person.name)
    hand.press_keys(desk.school.address.removeprefix("http://"))
    phone.goto("/")
    hand.tap(phone.get_by_role("link", name="首次登录或忘记密码"))
    reads_page(hand, "首次登录或忘记密码")
    hand.type(phone.get_by_label("工号或姓名"), person.name if by_name else person.values["staff_no"])
    hand.type(phone.get_by_label("证件号码"), person.id_number)
    hand.type(phone.get_by_label("登记的手机号码"), person.values["mobile"])
    hand.type(phone.get_by_label("新密码", exact=True), HERS)
    hand.type(phone.get_by_label("再输一遍新密码"), HERS)
    hand.tap(phone.get_by_role("button", name="设置密码"))
    expect(phone.get_by_role("status")).to_contain_text("密码已设置，请用用户名")
    sign_in(hand, person.values["staff_no"], HERS)
    hand.tap(phone.get_by_role("link", name="打开菜单"))
    hand.tap(phone.get_by_role("navigation", name="主菜单").get_by_role("link", name="我的会员信息"))
    record = phone.get_by_role("main")
    for text in (person.name, OF_THE_TEN, person.values["staff_no"], person.id_number[-4:]):
        expect(record).to_contain_text(text)
    phone.context.close()


def the_operator_prints(hand: Hand, folder: Path) -> Path:
    """The forms of a branch, as one PDF."""
    page = hand.page
    menu(hand, "会员信息查询")
    branch = page.get_by_label("所属分工会")
    value = branch.locator("option", has_text=OF_THE_TEN).get_attribute("value")
    hand.choose(branch, str(value))
    hand.tap(page.get_by_role("button", name="查询"))
    expect(page.get_by_text(f"共 {ACTIVATED} 条")).to_be_visible()
    hand.choose(page.get_by_label("打印", exact=True), "both")
    hand.tap(page.get_by_role("button", name=f"打印全部 {ACTIVATED} 人"))
    ready = page.get_by_role("link", name="下载 PDF")
    expect(ready).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        hand.tap(ready)
    paper = folder / "登记表.pdf"
    download.value.save_as(paper)
    return paper


def read_back(paper: Path, people: list[Person]) -> None:
    """Each of them on two pages: the application in front, the form on its back."""
    with pdfplumber.open(paper) as pdf:
        texts = ["".join(page.extract_text().split()) for page in pdf.pages]
    assert len(texts) == 2 * len(people)
    left = {one.id_number: one for one in people}
    for front, back in zip(texts[::2], texts[1::2], strict=True):
        (number,) = (number for number in left if number in back)
        one = left.pop(number)
        assert "入会申请书" in front
        assert one.name in front
        for text in (one.name, one.values["mobile"], OF_THE_TEN, "经研究，同意入会"):
            assert text in back
    assert left == {}
