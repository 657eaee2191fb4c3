"""How long it takes a person, and how many clicks: counted from what is really typed, tapped and clicked, never slept.

The pace is that of somebody who is used to a phone but in no hurry. A key takes as long as the average of 37,000 people
on phones (36 words a minute: Palin and others, 2019); Chinese is typed by its pinyin, with one key to choose each two
characters. Looking for the next input and tapping it are the mental step and the pointing of the keystroke-level model
(Card, Moran and Newell, 1980). What has to be agreed to is read word by word, at 500 characters a minute.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pypinyin import lazy_pinyin

from tests.journeys.applicant import Applicant, address_of, portrait, send, somebody
from tests.journeys.test_first_walk import HERS
from tests.serving import ROOT, Account, Desk, School, Server

KEY = 60 / (36 * 5)  # seconds
NEXT = 1.35 + 0.4  # to look for the next input, and to tap it
CHOOSE = 2.5  # in a list that has opened: find it and tap it
DAY = 5.0  # to turn the wheels of a day or a month
PICTURE = 12.0  # to find one's portrait among the pictures
READ = 60 / 500  # a character

SIX_MINUTES = 360
NEW_COLLEAGUES = 86
UNION_OPERATOR = "校工会操作员 GH"

COLLEAGUES = f"""
from portal.app import create_app
from portal.config import load
from portal.core.db import db
from portal.joining.models import ApplicationState
from portal.org.models import OrgUnit
from sqlalchemy import select
from tests import factories
with create_app(load()).app_context():
    units = db.session.scalars(select(OrgUnit).where(OrgUnit.accepts_members).order_by(OrgUnit.code)).all()
    for number in range({NEW_COLLEAGUES}):
        item = factories.make_application(units[number % len(units)], ApplicationState.BRANCH_OK)
        print(item.name)
"""


class Hand:
    """A person at the phone: does what she does, and counts the seconds."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seconds = 0.0
        self.keys = 0
        self.taps = 0

    def reads(self, text: Locator) -> None:
        """Read a paragraph, or several."""
        for part in text.all_inner_texts():
            self.seconds += READ * len(re.sub(r"\s", "", part))

    def tap(self, one: Locator) -> None:
        """Find something and tap it."""
        one.tap()
        self.taps += 1
        self.seconds += NEXT

    def answer(self, name: str, value: object) -> None:
        """Give the input `name` its value, as its kind is given one on a phone."""
        one = self.page.locator(f'main [name="{name}"]')
        if isinstance(value, list):
            for choice in value:
                self.tap(self.page.locator(f'main [name="{name}"][value="{choice}"]'))
        elif value is True:
            self.tap(one)
        elif isinstance(value, Path):
            one.set_input_files(value)  # the phone's own gallery opens
            self.seconds += NEXT + PICTURE
        elif one.evaluate("one => one.tagName") == "SELECT":
            self.seconds += NEXT
            if one.input_value() != value:
                one.select_option(str(value))  # the phone's own list opens
                self.seconds += CHOOSE
        elif one.get_attribute("type") in ("date", "month"):
            one.fill(str(value))  # the phone's own wheels
            self.seconds += NEXT + DAY
        else:
            self.tap(one)
            self.page.keyboard.insert_text(str(value))
            keys = keys_for(str(value))
            self.keys += keys
            self.seconds += KEY * keys


def keys_for(text: str) -> int:
    """Return how many keys it takes to type `text`: characters as they are, Chinese by its pinyin."""
    chinese = re.findall("[一-鿿]", text)
    return len(text) - len(chinese) + sum(map(len, lazy_pinyin(chinese))) + -(-len(chinese) // 2)


def test_keys_are_counted_as_they_are_pressed() -> None:
    assert keys_for("13903350001") == 11
    assert keys_for("欧阳雨桐") == len("ouyangyutong") + 2
    assert keys_for("河北大街西段 438 号") == len("hebeidajiexiduan") + len(" 438 ") + len("hao") + 4


def test_a_full_form_is_filled_in_on_a_phone_in_less_than_six_minutes(
    desk: Desk, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    she: Applicant = somebody(**{**HERS, "name": "慕容雨桐"})
    phone = desk.window(375)
    phone.goto(address_of(desk.school))
    hand = Hand(phone)

    hand.reads(phone.locator("main .cover, main .consent, main .pledge"))
    for name, value in {**she.inputs, "photo": portrait(tmp_path), "consent": True}.items():
        hand.answer(name, value)
    hand.taps += 1
    hand.seconds += NEXT
    receipt = send(phone)

    record_property("seconds", round(hand.seconds))
    print(f"{hand.seconds:.0f} s: {len(she.inputs)} answers, {hand.keys} keys, {hand.taps} taps")
    assert re.fullmatch(r"[a-z2-9]{5}-[a-z2-9]{5}", receipt)
    assert hand.keys > 200  # it was really typed
    assert hand.seconds < SIX_MINUTES


@pytest.fixture
def september(chromium: Browser, seeded: Path, tmp_path: Path) -> Iterator[tuple[Desk, list[str]]]:
    """A school of its own in which 86 new colleagues wait for the union, and their names."""
    instance = tmp_path / "instance"
    shutil.copytree(seeded, instance)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    made = subprocess.run(
        [sys.executable, "-c", COLLEAGUES], env=environment | {"PORTAL_INSTANCE": str(instance)}, cwd=ROOT,
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    lines = (instance / "demo-accounts.txt").read_text("utf-8").splitlines()
    accounts = [Account(*line.split("\t")) for line in lines]
    with Server(instance) as server:
        desk = Desk(chromium, School(server, {f"{one.role} {one.unit}": one for one in accounts}))
        yield desk, made.stdout.split()
        desk.close()


class Clicks:
    """Counts the clicks that the person makes in a window, wherever they lead."""

    def __init__(self, page: Page) -> None:
        self.number = 0
        page.context.expose_binding("clicked", lambda _: self._count())
        page.context.add_init_script("addEventListener('click', one => one.isTrusted && clicked(), true)")

    def _count(self) -> None:
        self.number += 1


def test_all_of_september_is_approved_and_printed_in_three_clicks_each(
    september: tuple[Desk, list[str]], record_property: pytest.RecordProperty
) -> None:
    desk, names = september
    page = desk.sign_in(UNION_OPERATOR)
    clicks = Clicks(page)
    page.goto("/")

    page.get_by_role("link", name=re.compile(r"^入会申请\s*\d+$")).click()
    approve = page.get_by_role("button", name=re.compile(r"^批准全部 \d+ 份$"))
    number = int(re.sub(r"\D", "", approve.inner_text()))
    approve.click()
    page.get_by_role("button", name=f"确认批准入会 {number} 份").click()
    expect(page.get_by_role("main")).to_contain_text(f"已批准入会 {number} 份")
    to_approve = clicks.number

    page.goto("/")
    clicks.number = 0
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="打印与归档").click()
    title = page.get_by_role("heading", name=re.compile(r"^\d{4} 年新会员 \d+ 人$")).inner_text()
    page.get_by_role("button", name="全部打印：登记表", exact=True).click()
    ready = page.get_by_role("link", name="下载 PDF")
    expect(ready).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        ready.click()
    to_print = clicks.number

    record_property("clicks", (to_approve, to_print))
    assert number >= NEW_COLLEAGUES
    assert (to_approve, to_print) == (3, 3)
    reader = pypdf.PdfReader(io.BytesIO(Path(download.value.path()).read_bytes()), strict=True)
    printed = [str(item.title).split()[0] for item in reader.outline if not isinstance(item, list)]
    assert len(printed) == int(re.findall(r"\d+", title)[1])
    assert set(names) - set(printed) == set()
