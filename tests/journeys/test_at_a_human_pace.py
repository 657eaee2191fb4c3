"""How long it takes a person, and how many clicks: what has to be done in minutes is done in minutes (see `pace`)."""

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
from playwright.sync_api import Browser, Page, expect

from tests.journeys.applicant import Applicant, address_of, portrait, send, somebody
from tests.journeys.pace import Hand, keys_for
from tests.journeys.test_first_walk import HERS
from tests.serving import ROOT, Account, Desk, School, Server

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
    hand.seconds += hand.next
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
