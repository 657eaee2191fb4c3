"""A real server over a real school, and a real Chromium: for the tests that use the portal as people do.

The school is made once in a test run; each process that needs it copies it and serves it at a port of its own.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest

from tests import starting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Response

ROOT = Path(__file__).resolve().parents[1]
BORN = re.compile(r"http://127\.0\.0\.1:(\d+)/")
MEMBERS, UNITS = 160, 9  # few, but with applications in every state
PASSWORD = "海上明月共潮生 2026"
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# a page that is wider than its window says so itself, on every page it comes to
TELLS_OVERFLOW = """addEventListener("load", () => {
  const [inner, needed] = [document.documentElement.clientWidth, document.documentElement.scrollWidth];
  if (needed > inner) console.error(`overflow: the page needs ${needed} px of ${inner}`);
});"""


# --- the server -----------------------------------------------------------------------------------------------------


def free_port() -> int:
    """Return a port at which nobody listened a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def settings_of(instance: Path, uri: str = "", base_url: str = "") -> dict[str, str]:
    """Return the environment of a portal command over `instance`."""
    return starting.own_settings(INSTANCE=str(instance), DATABASE_URI=uri, BASE_URL=base_url)


def command(instance: Path, *words: str, uri: str = "") -> subprocess.CompletedProcess[str]:
    """Run a portal command over `instance` to its end."""
    return starting.run(*words, environment=settings_of(instance, uri))


class Server:
    """`python -m portal run` as a process of its own, from its first answer to its end."""

    def __init__(self, instance: Path, uri: str = "", base_url: str = "") -> None:
        self.instance = instance
        self._uri = uri
        self._base_url = base_url  # what the codes say, where it is not the address it listens at

    def __enter__(self) -> Server:
        while True:
            port = free_port()
            self.address = f"http://127.0.0.1:{port}"
            words = ("run", "--port", str(port), "--no-demo")
            environment = settings_of(self.instance, self._uri, self._base_url or self.address)
            self.log = self.instance / "server.log"
            with self.log.open("wb") as log, open(os.devnull, "wb") as nowhere:
                self.process = starting.start(words, environment, nowhere, log)
            if self._answers():
                return self
            self.stop()  # somebody took the port in the meantime

    def _answers(self) -> bool:
        """Wait until it says where it listens; False where that is another port than it was told."""
        for _ in range(1200):
            said = self.log.read_text("utf-8")
            assert self.process.poll() is None, said
            if found := BORN.search(said):
                return self.address.endswith(f":{found[1]}")
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise TimeoutError(self.log.read_text("utf-8"))

    def get(self, path: str) -> str:
        """Return what the server answers to anybody."""
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:  # noqa: S310 -- our own server
            return str(answer.read().decode())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(30)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        said = self.log.read_text("utf-8")
        assert "Traceback" not in said, said


# --- the school and who works there ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """Somebody of the school: role in Chinese, user name, one-time password, code of the unit."""

    role: str
    username: str
    password: str
    unit: str


@dataclass
class School:
    """A served school; `who` holds its accounts by role and unit such as 「校工会主席 GH」."""

    server: Server
    who: dict[str, Account]
    cookies: dict[str, Any] = field(default_factory=dict)  # of whoever has signed in before

    @property
    def address(self) -> str:
        """Where it is served."""
        return self.server.address


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance with a small school, made once for all processes of the run; copy it before use."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "school"
    with (place.parent / "school.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            making = place.with_name("school-in-making")
            words = ("seed", "--members", str(MEMBERS), "--units", str(UNITS), "--seed", "7")
            told = command(making, *words)
            assert told.returncode == 0, told.stderr
            making.rename(place)
    return place


@pytest.fixture(scope="session")
def school(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """The school, served to this process."""
    instance = tmp_path_factory.mktemp("school") / "instance"
    shutil.copytree(seeded, instance)
    lines = (instance / "demo-accounts.txt").read_text("utf-8").splitlines()
    accounts = [Account(*line.split("\t")) for line in lines]
    with Server(instance) as server:
        yield School(server, {f"{one.role} {one.unit}": one for one in accounts})


# --- the browser ----------------------------------------------------------------------------------------------------


@functools.cache
def playwright() -> Playwright:
    """Return the one Playwright of this process: a second one refuses to start beside the first."""
    from playwright.sync_api import sync_playwright  # only where a browser is needed

    started = sync_playwright().start()
    atexit.register(started.stop)
    return started


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    browser = playwright().chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM))
    yield browser
    browser.close()


@dataclass
class Desk:
    """Opens windows as somebody, and watches what happens in them."""

    browser: Browser
    school: School
    problems: list[str] = field(default_factory=list)
    windows: list[BrowserContext] = field(default_factory=list)
    password: str = PASSWORD  # of everybody who has signed in by `sign_in`
    refused: set[int] = field(default_factory=set)  # answers of 400 or more that the test has asked for

    def window(self, width: int = 1280, **options: Any) -> Page:
        """Open an empty window; 375 px stand for a phone with fingers and twice the dots."""
        phone = {"device_scale_factor": 2, "is_mobile": True, "has_touch": True} if width < 600 else {}
        context = self.browser.new_context(
            viewport={"width": width, "height": 760 if width < 600 else 800},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            base_url=self.school.address,
            **{**phone, **options},
        )
        context.set_default_timeout(15_000)
        context.add_init_script(TELLS_OVERFLOW)
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        context.on("request", lambda request: self._asked(request.url))
        context.on("response", self._answered)
        self.windows.append(context)
        return context.new_page()

    def sign_in(self, who: str, width: int = 1280, **options: Any) -> Page:
        """Open a window in which `who` is signed in, with a password of their own if it is the first time."""
        if who in self.school.cookies:
            page = self.window(width, storage_state=self.school.cookies[who], **options)
            page.goto("/")
            return page
        account = self.school.who[who]
        page = self.window(width, **options)
        type_in(page, account.username, account.password)
        change_password(page, account.password, PASSWORD)
        self.school.cookies[who] = page.context.storage_state()
        return page

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(f"status of {status} " in text for status in self.refused):
            self.problems.append(f"console: {text}")

    def _asked(self, url: str) -> None:
        # chrome: is the browser's own viewer of PDFs
        if not url.startswith((f"{self.school.address}/", "data:", "blob:", "about:", "chrome:", "chrome-extension:")):
            self.problems.append(f"foreign: {url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refused:
            self.problems.append(f"{response.status} {response.request.method} {response.url}")

    def close(self) -> None:
        """Close all windows; fails where one of them has told of a problem."""
        for context in self.windows:
            context.close()
        assert self.problems == []


@pytest.fixture
def desk(chromium: Browser, school: School) -> Iterator[Desk]:
    """Where the windows of one test stand."""
    desk = Desk(chromium, school)
    yield desk
    desk.close()


def type_in(page: Page, username: str, password: str) -> None:
    """Sign in by the page."""
    page.goto("/login")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def change_password(page: Page, current: str, new: str) -> None:
    """Replace a one-time password, as the portal asks at the first sign-in."""
    page.wait_for_url("**/password")
    page.get_by_label("当前密码").fill(current)
    page.get_by_label("新密码", exact=True).fill(new)
    page.get_by_label("再输一遍新密码").fill(new)
    page.get_by_role("button", name="保存新密码").click()
    page.wait_for_url(lambda url: url.endswith("/"))
