"""Every page that a person of each role comes to by menu and links, and those that strangers see."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from portal.joining.models import ApplicationState
from tests.browser.looking import look, violations_on
from tests.conftest import PROOF
from tests.journeys.applicant import address_of, apply, somebody
from tests.serving import Desk

OWN = {"/", "/members/me", "/members/me/edit", "/members/me/photo", "/notices", "/devices", "/password", "/card"}
CHAIR = OWN | {"/joining/", "/joining/N", "/joining/codes", "/members/", "/members/N"}
OPERATOR = CHAIR | {"/members/N/edit"}
# who walks, and what they must come to at least
PEOPLE = {
    "超级管理员 GH": {"/", "/members/me", "/notices", "/devices", "/password", "/units/", "/units/N", "/units/N/new"},
    "校工会主席 GH": CHAIR,
    "校工会操作员 GH": OPERATOR,
    "分工会主席 GH01": OPERATOR,
    "分工会操作员 GH01": OPERATOR,
    "会员 GH01": OWN,
}
# whose pages are mostly of the same kinds: in a proof each looks at all of hers; a chair comes to her operator's
TOGETHER = (
    [(who,) for who in PEOPLE] if PROOF else [("校工会操作员 GH", "分工会操作员 GH01", "超级管理员 GH"), ("会员 GH01",)]
)
HREF = re.compile(r'<a\b[^>]*\bhref="([^"]*)"')
FILES = re.compile(
    r"\.(png|svg|jpg|pdf|xlsx)$|/\d+/photo$|^/prints/blank$|^/members/import/template$|/import/\d+/file$"
)
FIRST_LOAD = 100_000  # bytes

COMMON = "的工会员职书身份证号码爱好龙凤"
RARE = "䶮㛃㙍喆堃珺龘\U00020bb7\U0002b5af\U0002cc56\U0002a6a5"
# draws a character as the page's own text is drawn, and returns its dots
DRAWN = """character => {
  const style = getComputedStyle(document.body), canvas = document.createElement("canvas");
  canvas.width = canvas.height = 48;
  const brush = canvas.getContext("2d", {willReadFrequently: true});
  brush.font = `32px ${style.fontFamily}`;
  brush.textBaseline = "top";
  brush.fillText(character, 4, 4);
  return [...brush.getImageData(0, 0, 48, 48).data].filter((_, index) => index % 4 == 3).join("");
}"""


def pattern(path: str) -> str:
    """Return the kind of page behind an address: of a hundred members one is looked at."""
    return re.sub(r"\d+", "N", path)


def inside(page: Page) -> list[str]:
    """Return the paths of pages inside the portal that the open page leads to."""
    addresses = page.evaluate("[...document.querySelectorAll('a[href]')].map(one => one.href)")
    here = urlsplit(page.url)
    found = [urlsplit(address) for address in addresses]
    return [one.path for one in found if one.netloc == here.netloc and not FILES.search(one.path)]


def linked(page: Page, path: str) -> list[str]:
    """Return what `inside` does of the page at `path`, asked for without being drawn."""
    answer = page.request.get(path)
    assert answer.status == 200, path
    found = [urlsplit(urljoin(path, html.unescape(one))) for one in HREF.findall(answer.text())]
    return [one.path for one in found if not one.netloc and not FILES.search(one.path)]


def walk(page: Page, *begin: str, looked_at: Collection[str] = ()) -> tuple[set[str], list[str]]:
    """Go wherever the links lead; return the kinds of pages that were seen, and what is wrong with them.

    Kinds that were `looked_at` before are asked for, but not drawn again.
    """
    waiting, known, problems = deque(begin), {pattern(path) for path in begin}, []
    while waiting:
        path = waiting.popleft()
        if pattern(path) in looked_at:
            onwards = linked(page, path)
        else:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, page.url
            problems += look(page)
            onwards = inside(page)
        for onward in onwards:
            if pattern(onward) not in known:
                known.add(pattern(onward))
                waiting.append(onward)
    return known, problems


@pytest.mark.parametrize("people", TOGETHER, ids="、".join)
def test_every_page_that_someone_comes_to(desk: Desk, people: tuple[str, ...]) -> None:
    looked_at: set[str] = set()
    for who in people:
        known, problems = walk(desk.sign_in(who), "/", looked_at=looked_at)
        looked_at |= known

        assert problems == []
        assert PEOPLE[who] - known == set()


def test_an_application_in_every_state(desk: Desk) -> None:
    page = desk.sign_in("校工会操作员 GH")
    page.goto("/joining/?state=all")
    labels = {state.label for state in ApplicationState}
    states = labels & set(page.locator("tbody .badge").all_inner_texts())
    paths = [path for path in inside(page) if pattern(path) == "/joining/N"]
    problems = look(page)
    for path in paths:
        page.goto(path)
        problems += look(page)

    assert problems == []
    assert len(states) == 8, states  # all that an operator is shown


def test_what_strangers_see(desk: Desk) -> None:
    page = desk.window()
    known, problems = walk(page, "/login", "/joining/receipt", urlsplit(address_of(desk.school)).path)
    desk.refused = {404}
    for path in ("/joining/apply/nothing", "/nowhere"):
        page.goto(path)
        problems += look(page)

    assert problems == []
    assert {"/login", "/joining/receipt"} <= known


def test_what_a_refused_form_says(desk: Desk) -> None:
    desk.refused = {422}
    stranger, operator = desk.window(), desk.sign_in("校工会操作员 GH")
    problems = []
    for path, button in ((address_of(desk.school), "提交申请"), ("/login", "登录"), ("/joining/receipt", "查看")):
        stranger.goto(path)
        stranger.get_by_role("main").get_by_role("button", name=button, exact=True).click()
        expect(stranger.get_by_role("alert")).to_be_focused()
        problems += look(stranger)
    operator.goto("/members/")
    operator.locator("tbody a").first.click()
    operator.locator("summary", has_text="查看完整").first.click()
    problems += look(operator)
    operator.goto(next(path for path in inside(operator) if path.endswith("/edit")))
    operator.get_by_label("手机号码").fill("12345")
    operator.get_by_role("button", name="保存").click()
    expect(operator.get_by_role("alert")).to_contain_text("手机号码")
    problems += look(operator)

    assert problems == []


def test_a_receipt_from_sent_to_mended(desk: Desk) -> None:
    she, phone = somebody("褚回执"), desk.window(375)
    apply(phone, address_of(desk.school), she)
    problems = look(phone)
    operator = desk.sign_in("分工会操作员 GH01")
    operator.goto("/joining/")
    operator.get_by_role("link", name=she.name).click()
    operator.get_by_role("link", name="退回修改").click()
    operator.get_by_label("原因").select_option("信息有误")
    operator.get_by_label("理由").fill("籍贯请写到市")
    operator.get_by_label("籍贯").check()
    operator.get_by_role("button", name="确认退回修改").click()
    expect(operator.get_by_role("status")).to_be_visible()
    phone.reload()
    problems += look(phone)
    phone.get_by_role("link", name="去修改").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("修改入会申请")
    problems += look(phone)

    assert problems == []


def test_axe_finds_what_is_wrong(desk: Desk) -> None:
    page = desk.window()
    page.set_content("<!doctype html><title>x</title><main><h1>x</h1><input><p style='color:#ccc'>太淡的字</p></main>")

    assert {found.split(" at ")[0] for found in violations_on(page)} >= {"label", "color-contrast", "html-has-lang"}


@pytest.mark.parametrize("path", ["/login", "/joining/receipt", ""], ids=["login", "receipt", "joining form"])
def test_a_first_load_is_small(desk: Desk, path: str) -> None:
    page = desk.window(375)
    loaded: dict[str, int] = {}
    page.on("requestfinished", lambda request: loaded.setdefault(request.url, size_of(request)))
    page.goto(path or address_of(desk.school), wait_until="networkidle")

    assert len(loaded) >= 5  # the page, two style sheets, the script, the mark
    assert sum(loaded.values()) <= FIRST_LOAD, loaded


def size_of(request: Request) -> int:
    """Return how many bytes came over the line for a request."""
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


@pytest.mark.parametrize("path", ["/login", "/members/me"])
def test_characters_are_drawn_and_are_no_boxes(desk: Desk, path: str) -> None:
    page = desk.sign_in("会员 GH01")
    page.goto(path)
    unknown = {page.evaluate(DRAWN, character) for character in "\u0378\u0379\ue0ff\U0010fffd"}
    empty = page.evaluate(DRAWN, " ")
    drawn = {character: page.evaluate(DRAWN, character) for character in COMMON + RARE}

    assert empty not in unknown  # a missing character is drawn as something, so that it can be told
    assert [character for character, dots in drawn.items() if dots == empty or dots in unknown] == []
    assert len(set(drawn.values())) == len(drawn)
