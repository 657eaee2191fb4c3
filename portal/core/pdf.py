"""PDF from HTML, made by WeasyPrint in a child process with limits of time and memory.

The HTML goes in by a pipe and the PDF comes back by one: what stands in a form reaches no file, no argument and no log.
Call it with no transaction open.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from portal.core import pdf_child
from portal.core.errors import Busy

LOGGER = logging.getLogger(__name__)
QUEUE = "正在打印的人较多，请稍候再试"
OVERRAN = "生成 PDF 超过了时间限制，请减少内容后再试"
TOO_BIG = "生成 PDF 超过了内存限制，请减少内容后再试"
ADDRESS = "版式引用了外部内容，已拒绝生成 PDF，请联系系统管理员"
DIED = "生成 PDF 失败，请再试一次；仍不成功时请联系系统管理员"


class PdfError(Busy):
    """No PDF: the child process ran out of time or memory, died, or met an address it must not open."""


@dataclass(frozen=True)
class Rendered:
    """A finished PDF; `missing` are the characters that no font has, each once, in the order they appear."""

    pdf: bytes
    missing: tuple[str, ...]


class Press:
    """One warm child process that prints one document at a time.

    `seconds` limits a job, waiting for one's turn, and the child's start; `memory` is the child's address space in
    bytes; after `jobs` documents, and after any failure, the next job gets a new child.
    """

    def __init__(self, *, seconds: float = 30.0, memory: int = 1 << 30, jobs: int = 200) -> None:
        self.seconds = seconds
        self.memory = memory
        self.jobs = jobs
        self._done = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._forget)

    def render(self, html: str, *, images: Mapping[str, bytes] | None = None) -> Rendered:
        """Make a PDF of `html`, a whole document whose links may name only `style:print.css` and `image:NAME`.

        `images` maps each NAME to the bytes of a picture. Raises PdfError.
        """
        if not self._lock.acquire(timeout=self.seconds):
            raise PdfError(QUEUE)
        try:
            return self._exchange(self._ready(), html, dict(images or {}))
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the child process; the next job starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None or self._done >= self.jobs:
            self.close()
            self._done = 0
            command = [sys.executable, "-I", str(Path(pdf_child.__file__)), str(self.seconds), str(self.memory)]
            # keys may stand in PORTAL_ variables; a session of its own, so that Ctrl-C lets a print finish
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
            self._child = subprocess.Popen(  # noqa: S603  # our own script with two numbers, nothing from outside
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
                start_new_session=True,
            )
        return self._child

    def _exchange(self, child: subprocess.Popen[bytes], html: str, images: dict[str, bytes]) -> Rendered:
        """Send one job and take its answer; whatever goes wrong ends the child, so that no answer is left over."""
        jobs, answers = cast(IO[bytes], child.stdin), cast(IO[bytes], child.stdout)  # both are pipes
        overran = threading.Event()

        def stop() -> None:
            overran.set()
            child.kill()

        watch = threading.Timer(self.seconds, stop)
        watch.start()
        done = False
        try:
            names = json.dumps({"images": list(images)}).encode()
            pdf_child.send(jobs, names, html.encode(), *images.values())
            answer, pdf = json.loads(pdf_child.receive(answers)), pdf_child.receive(answers)
            done = not answer["failure"]
        except (OSError, EOFError):
            answer = {"failure": "overran" if overran.is_set() else "died"}
        finally:
            watch.cancel()
            watch.join()
            if overran.is_set() or not done:
                self.close()
        if not done:
            LOGGER.error("no PDF: %s, child's exit code %s", answer["failure"], child.returncode)
            sentences = {"overran": OVERRAN, pdf_child.MEMORY: TOO_BIG, pdf_child.ADDRESS: ADDRESS}
            raise PdfError(sentences.get(answer["failure"], DIED))
        self._done += 1
        return Rendered(pdf, tuple(dict.fromkeys(answer["missing"])))

    def _forget(self) -> None:
        """After a fork the child stays the parent's: two who talk to it would get each other's papers."""
        self._lock = threading.Lock()
        child, self._child = self._child, None
        if child is not None and child.stdin is not None and child.stdout is not None:
            child.returncode = 0  # not ours to wait for
            child.stdin.close()
            child.stdout.close()


_PRESS = Press()


def render(html: str, *, images: Mapping[str, bytes] | None = None) -> Rendered:
    """Make a PDF of `html` with the house's limits (30 seconds, 1 GiB); see `Press.render`."""
    return _PRESS.render(html, images=images)
