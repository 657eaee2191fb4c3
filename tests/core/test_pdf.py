"""PDF in a limited child process: what it may reach, how long it may take, and that papers never get mixed up."""

from __future__ import annotations

import io
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pdfplumber
import pytest
from PIL import Image

from portal.core import child, pdf, pdf_child
from portal.core.pdf import Paper, PdfError, Press

ENDLESS = "<table><tr><td colspan=1000000>x</table>"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    press = Press()
    yield press
    press.close()


def text_of(document: bytes) -> str:
    with pdfplumber.open(io.BytesIO(document)) as reader:
        return "".join(page.extract_text() for page in reader.pages)


def children() -> set[int]:
    """Process ids of everything this process has started and that still exists."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found.update(int(pid) for pid in (task / "children").read_text().split())
    return found


def ends(pid: int, *, within: float) -> bool:
    """Wait until the process `pid`, which need not be our child, has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within)[0])
    finally:
        os.close(handle)


def ends_children(pid: int, *, within: float) -> bool:
    """Wait until every process that `pid` has forked has ended."""
    forks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return all(ends(int(fork), within=within) for fork in forks)


def script(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_house_press_prints_chinese() -> None:
    rendered = pdf.render("<p>工会会员登记表")

    assert text_of(rendered.pdf) == "工会会员登记表"
    assert rendered.missing == ()


def test_characters_without_a_glyph_are_named_once_in_order(press: Press) -> None:
    rendered = press.render("<p>张\U00031350三\U000f8123\U00031350𠮷")

    assert rendered.missing == ("\U00031350", "\U000f8123")


def test_pictures_come_by_name(press: Press) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (50, 70), (200, 30, 30)).save(picture, "PNG")

    rendered = press.render("<img src='image:photo'>", images={"photo": picture.getvalue()})

    with pdfplumber.open(io.BytesIO(rendered.pdf)) as reader:
        assert [image["srcsize"] for image in reader.pages[0].images] == [(50, 70)]


def test_broken_picture_is_an_error_not_a_gap(press: Press) -> None:
    with pytest.raises(PdfError, match=pdf.DIED):
        press.render("<img src='image:photo'>", images={"photo": b"no picture"})


@pytest.mark.parametrize(
    "html",
    [
        "<img src='{}'>",
        "<link rel=stylesheet href='{}'>",
        "<link rel=attachment href='{}'>",
        "<style>@import url({});</style>",
        "<style>@font-face {{ font-family: x; src: url({}) }}</style><p style='font-family: x'>x",
        "<p style='background: url({})'>x",
        "<object data='{}'></object>",
        "<embed src='{}'>",
        "<svg><image href='{}' width='9' height='9'/></svg>",
    ],
)
def test_no_connection_is_opened(press: Press, html: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with pytest.raises(PdfError, match=pdf.ADDRESS):
            press.render(html.format(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("address", ["file:///etc/passwd", "data:text/plain,x", "image:other", "style:portal.css"])
def test_no_other_source_is_read(press: Press, address: str) -> None:
    with pytest.raises(PdfError, match=pdf.ADDRESS):
        press.render(f"<link rel=attachment href='{address}'>", images={"photo": b"x"})


def test_time_limit_ends_a_job_and_the_next_one_prints() -> None:
    press = Press(seconds=3)

    with pytest.raises(PdfError, match=pdf.OVERRAN) as refusal:
        press.render(ENDLESS)

    assert refusal.value.status == 503
    press.seconds = 30
    assert text_of(press.render("<p>next").pdf) == "next"
    press.close()


def test_memory_limit_ends_a_job_and_the_next_one_prints() -> None:
    press = Press(memory=96 << 20)

    with pytest.raises(PdfError, match=pdf.TOO_BIG):
        press.render("<p>x" * 100_000)

    assert text_of(press.render("<p>next").pdf) == "next"
    press.close()


def test_waiting_for_a_long_print_has_an_end() -> None:
    press = Press(seconds=3)
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(press.render, ENDLESS) for _ in range(5)]
        sentences = {str(job.exception()) for job in jobs}

    assert sentences == {pdf.OVERRAN, pdf.QUEUE}
    press.close()


def test_press_stays_warm_and_nothing_of_a_job_stays_with_it() -> None:
    before = children()
    press = Press()
    press.render("<p>x")
    (pid,) = children() - before

    press.render("<p>x")

    assert children() - before == {pid}
    assert ends_children(pid, within=10)
    press.close()
    assert children() == before


def test_press_that_died_idle_is_replaced() -> None:
    press = Press()
    before = children()
    press.render("<p>x")
    (pid,) = children() - before
    os.kill(pid, signal.SIGKILL)
    assert ends(pid, within=10)

    assert text_of(press.render("<p>again").pdf) == "again"
    press.close()


def test_papers_of_a_job_follow_each_other_and_sheets_do_not_shift() -> None:
    two_pages = "<p>b<div style='break-before: page'>c</div>"
    papers = [Paper("<p>a", ends_sheet=True), Paper(two_pages, ends_sheet=True), Paper("<p>d"), Paper(two_pages)]

    rendered = pdf.render_all(papers)

    assert rendered.pages == (2, 2, 1, 2)
    with pdfplumber.open(io.BytesIO(rendered.pdf)) as reader:
        assert [page.extract_text() for page in reader.pages] == ["a", "", "b", "c", "d", "b", "c"]


def test_every_paper_keeps_its_own_picture_under_the_same_name() -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    papers = []
    for colour in colours:
        stream = io.BytesIO()
        Image.new("RGB", (70, 98), colour).save(stream, "PNG")
        papers.append(Paper('<img src="image:photo">', {"photo": stream.getvalue()}))

    printed = pdf.render_all(papers)

    with pdfplumber.open(io.BytesIO(printed.pdf)) as reader:
        places = [(page.images[0], page.to_image(resolution=72).original) for page in reader.pages]
        shown = [drawn.getpixel((round(place["x0"] + 9), round(place["top"] + 9))) for place, drawn in places]
    assert shown == colours


def test_child_knows_no_setting_and_can_write_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_KEYS", "canary")
    press = Press()
    before = children()
    press.render("<p>320102199005010021")
    (pid,) = children() - before

    assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert b"320102199005010021" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in Path(f"/proc/{pid}/limits").read_text().splitlines()}
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    press.close()


def test_threads_get_their_own_papers(press: Press) -> None:
    names = [f"会员{number}号" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        printed = list(pool.map(lambda name: text_of(press.render(f"<p>{name}").pdf), names))

    assert printed == names


def test_idle_child_ends_with_its_parent() -> None:
    parent = script(
        "import pathlib, os, sys\n"
        "from portal.core import pdf\n"
        "pdf.render('<p>x')\n"
        "print(pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text(), flush=True)\n"
        "sys.stdin.read()\n"
        "import signal; signal.pause()\n"
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not ends(pid, within=0)
        parent.kill()

    assert ends(pid, within=10)


def test_busy_job_ends_without_a_parent() -> None:
    ours, theirs = socket.socketpair()
    job, jobs_end = socket.socketpair()
    command = [sys.executable, "-I", child.__file__, pdf_child.__file__]
    with ours, theirs, job, jobs_end, subprocess.Popen(command, stdin=theirs) as press:
        socket.send_fds(ours, [b"!"], [jobs_end.fileno()])
        with job.makefile("wb") as stream:
            child.send(stream, b"1", str(1 << 30).encode(), b"[[[], false]]", ENDLESS.encode())
        jobs_end.close()
        job.settimeout(30)
        assert job.recv(1) == b""  # the job has ended without an answer
        ours.close()
        theirs.close()

        assert press.wait(timeout=30) == 0


def test_forked_process_starts_its_own_child() -> None:
    parent = script(
        "import os\n"
        "from portal.core import pdf\n"
        "pdf.render('<p>x')\n"
        "pid = os.fork()\n"
        "for number in range(5):\n"
        "    assert pdf.render(f'<p>{number}').pdf\n"
        "if pid:\n"
        "    print(os.waitpid(pid, 0)[1])\n"
    )
    with parent:
        answer = parent.communicate()[0]

    assert (answer, parent.returncode) == ("0\n", 0)
