"""The card as a phone's screen shows it, scanned by another library."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page
from pyzbar import pyzbar
from werkzeug.serving import make_server

from portal.core import uploads
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history
from portal.members.models import Member
from tests import factories
from tests.client import DistrustfulClient
from tests.house.everything import photo
from tests.serving import chromium

__all__ = ["chromium"]


@pytest.fixture
def address(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real server of the app; its codes lead back to it."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    place = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setitem(app.config, "BASE_URL", place)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield place
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def member(tree) -> Member:
    one = factories.make_member(tree["a"], name="殷晓澜", join_date=date(2020, 9, 1))
    upload = uploads.keep(SHELL, uploads.photo(photo()), kind="photo")
    history.write(one, {"photo": upload.id}, SHELL, reason="测试")
    db.session.commit()
    return one


def phone(chromium: Browser, address: str, client: DistrustfulClient, *, script: bool = True) -> Page:
    """Return a page of a phone that is signed in as `client` is."""
    cookie = client.get_cookie("portal")
    assert cookie is not None
    context = chromium.new_context(
        viewport={"width": 375, "height": 812}, device_scale_factor=2, java_script_enabled=script
    )
    context.add_cookies([{"name": "portal", "value": cookie.value, "url": address}])
    return context.new_page()


def scan(page: Page) -> str:
    """Return what the one code on the screen says."""
    [found] = pyzbar.decode(Image.open(io.BytesIO(page.screenshot())))
    return found.data.decode()


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_screenshot_is_good_for_a_minute_at_most(app, chromium, address, member, client_of, script):
    page = phone(chromium, address, client_of(member.user), script=script)
    begin = (int(time.time()) // 30 + 1) * 30
    with time_machine.travel(begin, tick=True) as clock:
        page.goto(f"{address}/card", wait_until="networkidle")
        scanned = scan(page)
        says = []
        for second in (0, 31, 61):
            clock.move_to(begin + second)
            page.goto(scanned)
            says.append(page.locator("h1").inner_text())
    page.context.close()

    assert scanned.startswith(f"{address}/verify/")
    assert says == ["有效", "有效", "无效"]


def test_the_screen_shows_all_of_the_card_at_once_and_says_nothing_on_the_console(
    app, chromium, address, member, client_of
):
    page = phone(chromium, address, client_of(member.user))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/card", wait_until="networkidle")

    code = page.locator(".e-card-code img").bounding_box()
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.context.close()

    assert code is not None
    assert code["y"] + code["height"] <= 812
    assert (wide, said) == (375, [])


def test_the_script_changes_the_code_without_leaving_the_page(app, chromium, address, member, client_of):
    page = phone(chromium, address, client_of(member.user))
    begin = (int(time.time()) // 30 + 1) * 30
    page.clock.install(time=begin)
    with time_machine.travel(begin, tick=True) as clock:
        page.goto(f"{address}/card", wait_until="networkidle")
        page.evaluate("window.stayed = true")
        before = scan(page)
        clock.move_to(begin + 31)
        with page.expect_response("**/card/code.svg*"):
            page.clock.run_for(16_000)
        page.locator(".e-card-code img[src*='?']").wait_for()
        after = scan(page)
        stayed = page.evaluate("window.stayed")
    page.context.close()

    assert stayed is True
    assert before != after


def test_a_phone_without_network_shows_no_old_code(app, chromium, address, member, client_of):
    page = phone(chromium, address, client_of(member.user))
    page.clock.install()
    page.goto(f"{address}/card", wait_until="networkidle")
    scan(page)

    page.context.set_offline(True)
    page.clock.run_for(46_000)
    page.locator(".e-card-code img").wait_for(state="detached")
    hint = page.locator(".e-card-hint").inner_text()
    page.context.close()

    assert hint == "二维码没有更新，请检查网络后刷新页面"
