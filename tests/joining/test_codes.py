"""Join codes: issued, revoked, renewed, printed, counted; and what nobody's altered token opens."""

from __future__ import annotations

import base64
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

import pdfplumber
import pytest
import time_machine
from flask import Flask
from PIL import Image
from pyzbar.pyzbar import decode
from sqlalchemy import func, select
from werkzeug.http import parse_options_header

from portal.config import is_reachable
from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import SHANGHAI, today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.joining import code_views, codes, posters, service
from portal.joining.codes import Funnel
from portal.joining.models import Application, CodeDay, JoinCode
from portal.joining.models import ApplicationState as S
from portal.joining.service import Filters
from portal.org.models import JoinForm, OrgUnit, User
from portal.org.permissions import Role
from tests import factories
from tests.client import DistrustfulClient, parse, words
from tests.conftest import PROOF
from tests.factories import a_person
from tests.joining.conftest import People, typed

Browser = Callable[..., DistrustfulClient]

OUTSIDE = "https://gonghui.example.edu.cn"
CONSENT = {"consent": "y"}
MM_PER_POINT = 25.4 / 72


@pytest.fixture
def outside(app: Flask, monkeypatch: pytest.MonkeyPatch) -> str:
    """The house has an address that phones can reach."""
    monkeypatch.setitem(app.config, "BASE_URL", OUTSIDE)
    return OUTSIDE


def address(code: JoinCode) -> str:
    return f"/joining/apply/{code.token}"


def scanned(picture: Image.Image) -> list[str]:
    """Return what another library than ours reads in a picture."""
    return [symbol.data.decode() for symbol in decode(picture.convert("L"))]


def elements(page: str, name: str) -> Iterator[Element]:
    return (element for element in parse(page).iter() if str(element.tag).endswith(f"}}{name}"))


def value_of(page: str, identity: str) -> str | None:
    """Return what stands in the input with the id `identity`."""
    return next((element.get("value") for element in elements(page, "input") if element.get("id") == identity), None)


def days() -> list[tuple[int, int]]:
    """Return opened and begun of every day of every code."""
    rows = db.session.scalars(select(CodeDay).order_by(CodeDay.code_id, CodeDay.day))
    return [(row.opened, row.begun) for row in rows]


def live() -> list[JoinCode]:
    query = select(JoinCode).where(JoinCode.revoked_at.is_(None)).order_by(JoinCode.unit_id)
    return list(db.session.scalars(query))


def acts(item: Any) -> list[tuple[str, str, str]]:
    return [(event.action, event.actor_label, event.reason) for event in audit.events_of(item)]


# --- issue, revoke, renew -------------------------------------------------------------------------------------------


def test_issuing_a_code_twice_gives_the_same_one_and_one_trace(tree: dict[str, OrgUnit], people: People) -> None:
    first, second = codes.issue_code(people.branch, tree["a"]), codes.issue_code(people.branch, tree["a"])

    assert first is second
    assert [event.actor_label for event in audit.events_of(first)] == ["方分会"]
    assert len(first.token) == 22


@pytest.mark.parametrize("name", ["root", "closed"])
def test_a_unit_that_takes_nobody_gets_no_code(tree: dict[str, OrgUnit], name: str) -> None:
    with pytest.raises(DomainError, match="不能生成入会码"):
        codes.issue_code(SHELL, tree[name])


def test_a_code_opens_nothing_once_revoked_or_its_unit_closed(tree: dict[str, OrgUnit]) -> None:
    revoked, disabled = factories.make_code(tree["a"]), factories.make_code(tree["b"])
    codes.revoke(SHELL, revoked, reason="海报遗失")
    tree["b"].is_enabled = False
    good = factories.make_code(tree["a"])

    opened = [codes.open_code(token) for token in (revoked.token, disabled.token, "nonsense", good.token)]

    assert opened == [None, None, None, good]


def test_a_unit_without_a_code_gets_one(people: People, client_of: Browser, tree: dict[str, OrgUnit]) -> None:
    browser = client_of(people.branch)

    answer = browser.submit("/joining/codes", action="issue")
    foreign = browser.post(f"/joining/codes/issue/{tree['b'].id}")

    assert (answer.status_code, answer.location) == (302, "/joining/codes")
    assert foreign.status_code == 404
    assert [one.unit_id for one in live()] == [tree["a"].id]


def test_a_revoked_code_opens_nothing_and_what_came_by_it_stays(
    client: DistrustfulClient, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    item = factories.make_application(tree["a"])
    code = live()[0]
    browser = client_of(people.branch)

    answer = browser.post(f"/joining/codes/{code.id}/revoke", data={"reason": "海报被转到校外"})

    assert answer.location == f"/joining/codes/{code.id}"
    page = browser.get(answer.location).text
    assert "已停用" in words(page)
    assert "海报被转到校外" in words(page)
    assert [element.get("action") for element in elements(page, "form")] == ["/logout"]  # nothing can be done with it
    assert client.get(address(code)).status_code == 404
    assert (live(), item.code_id, item.state) == ([], code.id, S.SUBMITTED)
    assert acts(code)[-1] == ("joining.revoke", "方分会", "海报被转到校外")


def test_a_renewed_code_takes_the_place_of_the_old_one(
    client: DistrustfulClient, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    item = factories.make_application(tree["a"])
    old = live()[0]
    browser = client_of(people.branch)

    answer = browser.submit(f"/joining/codes/{old.id}", {"reason": "定期更换"}, action="renew")

    [new] = live()
    assert answer.location == f"/joining/codes/{new.id}"
    assert (new.unit_id, new.token != old.token) == (old.unit_id, True)
    assert [client.get(address(code)).status_code for code in (old, new)] == [404, 200]
    assert item.code_id == old.id
    assert acts(old)[-1] == ("joining.renew", "方分会", "定期更换")
    assert acts(new) == [("joining.code", "方分会", "")]
    assert [line.code for line in codes.board(people.branch).lines] == [new, old]


@pytest.mark.parametrize("action", ["revoke", "renew"])
def test_an_end_without_a_reason_is_refused(code: JoinCode, people: People, client_of: Browser, action: str) -> None:
    answer = client_of(people.branch).post(f"/joining/codes/{code.id}/{action}", data={"reason": "  "})

    assert answer.status_code == 422
    assert "请填写原因" in words(answer.text)
    assert live() == [code]


@pytest.mark.parametrize("action", ["revoke", "renew"])
def test_the_second_to_end_a_code_is_told_so(code: JoinCode, people: People, client_of: Browser, action: str) -> None:
    codes.revoke(people.union, code, reason="海报遗失")

    answer = client_of(people.branch).post(f"/joining/codes/{code.id}/{action}", data={"reason": "定期更换"})

    assert answer.status_code == 409
    assert "这个入会码已经停用" in words(answer.text)
    assert live() == []


def test_the_code_of_a_closed_unit_is_not_renewed_but_may_be_revoked(
    tree: dict[str, OrgUnit], code: JoinCode, people: People
) -> None:
    tree["a"].is_enabled = False
    with pytest.raises(DomainError, match="不能生成入会码"), db.session.begin_nested():
        codes.renew(people.union, code, reason="定期更换")
    assert live() == [code]

    codes.revoke(people.union, code, reason="单位撤销")

    assert live() == []


# --- what opens the form --------------------------------------------------------------------------------------------


def test_no_token_with_altered_bits_opens_anything(client: DistrustfulClient, code: JoinCode) -> None:
    """Each of the 128 bits alone, then two to sixteen at once: one polite page, and nobody gets in."""
    dice = random.Random(20260901)
    bits = {frozenset((bit,)) for bit in range(128)}
    while len(bits) < 1000:
        bits.add(frozenset(dice.sample(range(128), dice.randint(2, 16))))
    good = int.from_bytes(base64.urlsafe_b64decode(code.token + "=="), "big")
    forged = {
        base64.urlsafe_b64encode((good ^ sum(1 << bit for bit in some)).to_bytes(16, "big")).decode().rstrip("=")
        for some in bits
    }
    assert len(forged) == 1000
    assert code.token not in forged

    answers = [client.get(f"/joining/apply/{token}") for token in sorted(forged)[:: 1 if PROOF else 10]]

    assert [token for token in forged if codes.open_code(token)] == []
    assert codes.open_code(code.token) == code
    assert client.get(address(code)).status_code == 200
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert "这个入会码不能使用" in words(answers[0].text)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token + "%00",
        lambda token: token + "%20",
        lambda token: "%00" * 22,
        lambda token: "%ff" * 22,
        lambda token: "会" * 22,
        lambda token: "%25" * 22,
        lambda token: token + "==",
        lambda token: token.swapcase(),
        lambda token: "A" * 5000,
    ],
)
def test_what_is_no_token_gets_the_same_page(
    client: DistrustfulClient, code: JoinCode, change: Callable[[str], str]
) -> None:
    usual = client.get(f"/joining/apply/{'A' * 22}")

    answer = client.get(f"/joining/apply/{change(code.token)}")

    assert (answer.status_code, answer.text) == (404, usual.text)


# --- the poster -----------------------------------------------------------------------------------------------------


def steps_of(page: pdfplumber.page.Page) -> list[str]:
    """Return what stands in each of the four columns of steps."""
    columns = [(13 + 46 * number, 215, 13 + 46 * (number + 1), 265) for number in range(4)]
    boxes = [tuple(side / MM_PER_POINT for side in column) for column in columns]
    return ["".join(page.crop(box).extract_text().split()) for box in boxes]


def test_the_picture_leads_a_phone_to_the_form(
    app: Flask, client: DistrustfulClient, code: JoinCode, people: People, client_of: Browser
) -> None:
    browser = client_of(people.branch)
    page = browser.get(f"/joining/codes/{code.id}")
    png = browser.get(f"/joining/codes/{code.id}.png")
    svg = browser.get(f"/joining/codes/{code.id}.svg")

    with Image.open(io.BytesIO(png.data)) as drawn:
        [read] = scanned(drawn)

    assert read == f"{app.config['BASE_URL']}/joining/apply/{code.token}"
    assert value_of(page.text, "address") == read
    assert "外国语学院分工会" in words(client.get(read.removeprefix(app.config["BASE_URL"])).text)
    assert (svg.mimetype, svg.data[:5]) == ("image/svg+xml", b"<?xml")
    assert png.headers["Content-Disposition"] == 'attachment; filename="GH01.png"'


def test_a_poster_is_one_page_whose_code_leads_to_the_form(
    outside: str, code: JoinCode, people: People, client_of: Browser
) -> None:
    answer = client_of(people.branch).submit(f"/joining/codes/{code.id}", {"note": "先连校园网哦"}, action="poster")

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    name = parse_options_header(answer.headers["Content-Disposition"])[1]["filename"]
    assert name == "GH01 外国语学院分工会 入会海报.pdf"
    with pdfplumber.open(io.BytesIO(answer.data)) as pdf:
        [page] = pdf.pages
        text = "".join(page.extract_text().split())
        [picture] = page.images
        [read] = scanned(page.to_image(resolution=100).original)
        paper = (round(page.width * MM_PER_POINT), round(page.height * MM_PER_POINT))
        steps = steps_of(page)
        margins = [
            (char["x0"], page.width - char["x1"], char["top"], page.height - char["bottom"]) for char in page.chars
        ]
    assert paper == (210, 297)
    assert read == f"{OUTSIDE}/joining/apply/{code.token}"
    for line in (
        "海港大学工会", "扫码入会", "外国语学院分工会", "先连校园网哦", "联系电话0335-8050000", "本二维码长期有效",
        "gonghui.example.edu.cn",
    ):  # fmt: skip
        assert line in text
    assert steps[1:] == [
        "2填写备好身份证件，按提示填写登记信息，约需十分钟",
        "3提交提交后请记下回执码，可随时查看办理进度",
        "4入会分工会同意、工会批准后，在回执页设置密码即可登录",
    ]
    # 45 of the picture's 53 modules are the code itself, the rest is white
    assert picture["width"] * MM_PER_POINT * 45 / 53 >= 80
    assert min(min(sides) for sides in margins) * MM_PER_POINT >= 4  # what any printer can print
    assert acts(code)[-1] == ("joining.poster", "方分会", "")


def test_a_quick_form_is_announced_as_one(
    outside: str, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    tree["a"].join_form, tree["a"].needs_opinion = JoinForm.QUICK, False
    tree["a"].name = "国" * 119 + "会"
    tree["a"].contact_phone = ""
    tree["root"].contact_phone = "0335-8059999"
    code = factories.make_code(tree["a"])

    answer = client_of(people.branch).post(f"/joining/codes/{code.id}/poster", data={"note": ""})

    with pdfplumber.open(io.BytesIO(answer.data)) as pdf:
        [page] = pdf.pages
        text = "".join(page.extract_text().split())
        assert scanned(page.to_image(resolution=100).original) == [f"{OUTSIDE}/joining/apply/{code.token}"]
        steps = steps_of(page)
    assert text.count("国") == 119
    assert steps[1] == "2填写填写姓名、证件号码和手机号码，约需一分钟"
    assert steps[3] == "4入会工会批准后，在回执页设置密码即可登录"
    assert "联系电话0335-8059999" in text
    assert "校园网" not in text


def test_a_line_that_cannot_be_printed_is_refused_and_kept(
    outside: str, code: JoinCode, people: People, client_of: Browser
) -> None:
    browser = client_of(people.branch)

    unknown = browser.post(f"/joining/codes/{code.id}/poster", data={"note": "请扫码\U0010fffd"})
    long = browser.post(f"/joining/codes/{code.id}/poster", data={"note": "长" * 25})

    assert (unknown.status_code, long.status_code) == (422, 422)
    assert "海报上有打印不出的字：\U0010fffd" in unknown.text
    assert value_of(unknown.text, "note") == "请扫码\U0010fffd"
    assert "最多 24 个字" in words(long.text)
    assert acts(code) == [("joining.code", SHELL.label, "")]


def test_no_poster_of_a_code_that_opens_nothing(
    outside: str, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    revoked, closed = factories.make_code(tree["a"]), factories.make_code(tree["b"])
    codes.revoke(SHELL, revoked, reason="海报遗失")
    tree["b"].is_enabled = False
    browser = client_of(people.union)

    answers = [browser.post(f"/joining/codes/{code.id}/poster", data={"note": ""}) for code in (revoked, closed)]
    pictures = [browser.get(f"/joining/codes/{revoked.id}.{ending}") for ending in ("svg", "png")]

    assert [answer.status_code for answer in answers + pictures] == [409] * 4


@pytest.mark.parametrize(
    ("base_url", "local"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://127.8.8.8", True),
        ("http://localhost:8080", True),
        ("https://portal.localhost", True),
        ("http://[::1]:5000", True),
        ("http://0.0.0.0:5000", True),
        ("http://192.168.1.20:5000", False),
        ("https://gonghui.example.edu.cn", False),
        ("https://localhost.example.edu.cn", False),
    ],
)
def test_only_the_machine_itself_is_out_of_reach(base_url: str, local: bool) -> None:
    assert is_reachable(base_url) is not local


def test_without_an_address_for_phones_no_poster_is_made_and_the_page_says_how_to_set_it(
    app: Flask, code: JoinCode, people: People, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "BASE_URL", "http://127.0.0.1:5000")
    browser = client_of(people.branch)

    pages = [browser.get(path).text for path in ("/joining/codes", f"/joining/codes/{code.id}")]
    single = browser.post(f"/joining/codes/{code.id}/poster", data={"note": ""})
    packed = browser.post("/joining/codes/posters", data={"unit": code.unit_id, "note": ""})

    for page in pages:
        assert "PORTAL_BASE_URL" in words(page)
        assert [form for form in elements(page, "form") if "poster" in (form.get("action") or "")] == []
    assert [answer.status_code for answer in (single, packed)] == [422, 422]
    assert "PORTAL_BASE_URL" in words(single.text)
    assert [element.get("src") for element in elements(pages[1], "img")][-1] == f"/joining/codes/{code.id}.svg"
    assert browser.get(f"/joining/codes/{code.id}.svg").status_code == 200


# --- the zip --------------------------------------------------------------------------------------------------------


def test_one_click_packs_poster_and_picture_of_every_unit_below(
    outside: str, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    old = factories.make_code(tree["a"])
    for number in range(4, 26):
        factories.make_unit(tree["root"], code=f"GH{number:02d}", name=f"第{number}/分工会")

    answer = client_of(people.union).submit("/joining/codes", action="posters")

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    made = {code.unit.code: code for code in live()}
    assert (len(made), made["GH01"]) == (24, old)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        assert len(names) == len(set(names)) == 48
        assert {"GH01 外国语学院分工会.pdf", "GH01 外国语学院分工会.png", "GH25 第25_分工会.pdf"} <= set(names)
        for name in names:
            wanted = f"{OUTSIDE}/joining/apply/{made[name[:4]].token}"
            content = io.BytesIO(packed.read(name))
            if name.endswith(".png"):
                with Image.open(content) as drawn:
                    assert scanned(drawn) == [wanted]
            else:
                with pdfplumber.open(content) as pdf:
                    [page] = pdf.pages
                    assert scanned(page.to_image(resolution=50).original) == [wanted]
                    assert made[name[:4]].unit.name in "".join(page.extract_text().split())
    assert acts(tree["root"])[-1] == ("joining.poster", "总操作", "")


def test_a_zip_holds_the_own_subtree_alone(
    outside: str, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    browser = client_of(people.branch)

    own = browser.submit("/joining/codes", action="posters")
    foreign = browser.post("/joining/codes/posters", data={"unit": tree["b"].id, "note": ""})
    nothing = browser.post("/joining/codes/posters", data={"note": ""})

    with zipfile.ZipFile(io.BytesIO(own.data)) as packed:
        assert packed.namelist() == ["GH01 外国语学院分工会.pdf", "GH01 外国语学院分工会.png"]
    assert (foreign.status_code, nothing.status_code) == (404, 404)
    assert [code.unit_id for code in live()] == [tree["a"].id]


def test_more_than_200_units_are_to_be_packed_in_parts(
    outside: str, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    middle = factories.make_unit(tree["root"], code="M", name="后勤工会", accepts_members=False)
    for number in range(199):
        factories.make_unit(middle, code=f"M{number:03d}", name=f"后勤第{number}分工会")
    browser = client_of(people.union)

    answer = browser.post("/joining/codes/posters", data={"unit": tree["root"].id, "note": ""})

    assert answer.status_code == 422
    assert "一次最多打包 200 个单位，海港大学工会及其下级有 201 个，请改选下级单位分批下载" in words(answer.text)
    assert live() == []
    assert [(unit.code, number) for unit, number in posters.subtrees(people.union)] == [("GH", 201), ("M", 199)]


def test_a_unit_with_nobody_below_is_said(
    outside: str, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    answer = client_of(people.union).post("/joining/codes/posters", data={"unit": tree["closed"].id, "note": ""})

    assert answer.status_code == 422
    assert "已撤销分工会及其下级没有接收会员的单位" in words(answer.text)


# --- how far people come --------------------------------------------------------------------------------------------


def test_a_browser_opens_a_code_once_a_day(app: Flask, client_of: Browser, code: JoinCode) -> None:
    with time_machine.travel(datetime(2026, 9, 1, 23, 59, tzinfo=SHANGHAI), tick=False) as clock:
        mine, other = client_of(), client_of()
        for browser in (mine, mine, other):
            assert browser.get(address(code)).status_code == 200
        clock.shift(timedelta(minutes=2))
        mine.get(address(code))

    assert days() == [(2, 0), (1, 0)]


def test_every_code_is_counted_for_itself(client: DistrustfulClient, tree: dict[str, OrgUnit], code: JoinCode) -> None:
    other = factories.make_code(tree["b"])
    db.session.commit()

    for one in (code, other, code, other):
        client.get(address(one))

    assert days() == [(1, 0), (1, 0)]


def test_a_form_begins_once_also_if_it_is_refused(client: DistrustfulClient, code: JoinCode) -> None:
    page = client.get(address(code)).text
    key = next(element.get("value") for element in elements(page, "input") if element.get("name") == "form_key")
    person = typed(a_person().values)

    refused = client.post(address(code), data={"form_key": key, "name": "张三"})
    sent = client.post(address(code), data=person | CONSENT | {"form_key": key})
    again = client.post(address(code), data=person | CONSENT | {"form_key": key})
    second = client.submit(address(code), {"name": "李四"})

    assert [answer.status_code for answer in (refused, sent, again, second)] == [422, 302, 302, 422]
    assert days() == [(1, 2)]


def test_a_loop_without_a_session_counts_no_more_than_its_address_may(
    client_of: Browser, code: JoinCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_views, "COUNTED", "5 per hour")
    neighbour = {"REMOTE_ADDR": "203.0.113.8"}
    with time_machine.travel(datetime(2026, 9, 1, 12, 0, tzinfo=SHANGHAI), tick=False) as clock:
        for _ in range(20):
            assert client_of().get(address(code)).status_code == 200
        in_the_hour = days()
        client_of().get(address(code), environ_base=neighbour)
        beside = days()
        clock.shift(timedelta(hours=1))
        client_of().get(address(code))

    assert (in_the_hour, beside, days()) == ([(5, 0)], [(6, 0)], [(7, 0)])


def test_a_loop_of_begun_forms_counts_no_more_either(
    client: DistrustfulClient, code: JoinCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_views, "COUNTED", "5 per hour")
    client.get(address(code))
    for number in range(20):
        client.post(address(code), data={"form_key": f"{number:08}" + "x" * 14, "name": "张三"})

    assert days() == [(1, 5)]


def test_a_crowd_behind_one_address_is_never_less_than_what_it_sent(
    client_of: Browser, code: JoinCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_views, "COUNTED", "2 per hour")
    for _ in range(5):
        assert client_of().submit(address(code), typed(a_person().values) | CONSENT).status_code == 302

    assert days() == [(5, 5)]


def test_what_opens_nothing_is_not_counted(client: DistrustfulClient, code: JoinCode) -> None:
    codes.revoke(SHELL, code, reason="海报遗失")

    client.get(address(code))
    client.post(address(code), data={"form_key": "x" * 22})

    assert days() == []


def test_the_funnel_equals_the_cases_behind_it(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    for unit in ("a", "b"):
        code = factories.make_code(tree[unit])
        db.session.commit()
        for _ in range(3):
            client_of().submit(address(code), typed(a_person().values) | CONSENT)
        client_of().get(address(code))
    for state in set(S) - {S.DRAFT}:
        factories.make_application(tree["a"], state)
    old = live()[0]
    codes.renew(SHELL, old, reason="定期更换")
    factories.make_application(tree["a"], S.APPROVED)
    db.session.commit()

    board = codes.board(people.union)

    assert [line.unit.code for line in board.lines] == ["GH01", "GH01", "GH02"]
    for line in board.lines:
        assert line.code is not None
        of_code = Application.code_id == line.code.id
        sent = db.session.scalar(select(func.count()).where(of_code, Application.state != S.DRAFT))
        approved = db.session.scalar(select(func.count()).where(of_code, Application.state == S.APPROVED))
        assert (line.funnel.submitted, line.funnel.approved) == (sent, approved)
        assert line.funnel == codes.funnel_of(people.union, line.code)
    assert [line.funnel for line in board.lines] == [
        Funnel(0, 0, 1, 1), Funnel(4, 3, 3 + len(S) - 1, 1), Funnel(4, 3, 3, 0),
    ]  # fmt: skip
    assert board.funnel == Funnel(8, 6, 7 + len(S) - 1, 2)


def test_every_number_leads_to_as_many_applications(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    for state in (S.SUBMITTED, S.APPROVED, S.APPROVED, S.REJECTED):
        factories.make_application(tree["a"], state)
    factories.make_application(tree["b"], S.APPROVED)
    for who in (people.branch, people.union):
        browser = client_of(who)
        for path in ("/joining/codes", f"/joining/codes/{live()[0].id}"):
            links = [
                (element.text or "", element.get("href") or "")
                for element in elements(browser.get(path).text, "a")
                if "code=" in (element.get("href") or "")
            ]

            assert [number for number, _ in links][:2] == ["4", "2"]
            for number, href in links:
                page = browser.get(href).text
                assert f"共 {number} 条" in words(page)
                assert len(list(elements(page, "tr"))) - 1 == int(number)


def test_what_has_gone_elsewhere_keeps_its_origin_and_is_told_as_a_number(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    gone, here = factories.make_application(tree["a"]), factories.make_application(tree["a"])
    gone.unit_id = tree["b"].id
    db.session.commit()

    page = words(client_of(people.branch).get("/joining/codes").text)

    assert codes.board(people.branch).funnel == Funnel(0, 0, 1, 0, 1)
    assert codes.board(people.union).lines[0].funnel == Funnel(0, 0, 2, 0, 0)
    assert "另 1 份已转往其他单位" in page
    assert service.listing(people.branch, Filters(state="all", code=here.code_id)).rows == [here]


def test_who_reads_no_applications_sees_no_number_of_them(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    factories.make_application(tree["a"], S.APPROVED)
    browser = client_of(people.admin)

    pages = [browser.get(path).text for path in ("/joining/codes", f"/joining/codes/{live()[0].id}")]

    assert codes.board(people.admin).funnel == Funnel(0, 0, None, None, None)
    for page in pages:
        assert "code=" not in page
    assert "已批准" not in words(pages[1])


def test_each_sees_the_codes_of_the_own_subtree(tree: dict[str, OrgUnit], people: People) -> None:
    code = factories.make_code(tree["a"])

    seen = {name: [(line.unit, line.code) for line in codes.board(getattr(people, name)).lines] for name in
            ("branch", "other_branch", "union", "nobody")}  # fmt: skip

    assert seen == {
        "branch": [(tree["a"], code)],
        "other_branch": [(tree["b"], None)],
        "union": [(tree["a"], code), (tree["b"], None)],
        "nobody": [],
    }


def test_many_units_come_in_pages_that_add_up(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    for number in range(60):
        factories.make_code(factories.make_unit(tree["root"], code=f"K{number:02d}", name=f"科室{number}工会"))
    db.session.commit()
    browser = client_of(people.union)

    first, second = codes.board(people.union, page=1), codes.board(people.union, page=99)
    found = codes.board(people.union, name="K07")

    assert (len(first.lines), len(second.lines), first.total, second.page) == (50, 12, 62, 2)
    assert {line.unit.id for line in first.lines} & {line.unit.id for line in second.lines} == set()
    assert [line.unit.name for line in found.lines] == ["科室7工会"]
    assert "第 2 页" in words(browser.get("/joining/codes?page=2").text)
    assert "共 1 条" in words(browser.get("/joining/codes?q=K07").text)
    assert "没有符合条件的单位" in words(browser.get("/joining/codes?q=无此单位").text)


def test_the_page_shows_the_last_thirty_days(code: JoinCode, people: People, client_of: Browser) -> None:
    for ago, opened in ((0, 5), (29, 4), (30, 3)):
        db.session.add(CodeDay(code_id=code.id, day=today() - timedelta(days=ago), opened=opened, begun=1))
    db.session.commit()

    assert [day.opened for day in codes.days_of(code)] == [5, 4]
    assert codes.funnel_of(people.branch, code).opened == 12
    assert "近 30 天" in words(client_of(people.branch).get(f"/joining/codes/{code.id}").text)


def test_a_city_has_codes_and_posters_alike(
    as_city: None, outside: str, user_as: Callable[..., User], client_of: Browser, tree: dict[str, OrgUnit]
) -> None:
    county = factories.make_unit(tree["root"], code="X1", name="北戴河区总工会", accepts_members=False)
    plant = factories.make_unit(county, code="X101", name="滨海机械厂工会", approves_members=True, needs_opinion=False)
    browser = client_of(user_as(Role.UNION_OPERATOR, county))

    page = browser.get("/joining/codes")
    answer = browser.submit("/joining/codes", action="posters")

    assert value_of(page.text, "note") == "请使用手机微信扫码"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.namelist() == ["X101 滨海机械厂工会.pdf", "X101 滨海机械厂工会.png"]
    assert [code.unit_id for code in live()] == [plant.id]
