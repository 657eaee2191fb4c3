"""Work that may hurt runs in a warm child process with limits of time and memory: prints, and pictures of strangers.

A job goes in by a socket and its answer comes back by it: what stands in it reaches no file, no argument and no log.
Call it with no transaction open.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, cast

from . import child

LOGGER = logging.getLogger(__name__)
OVERRAN, DIED, QUEUE = "overran", "died", "queue"
MEMORY = child.MEMORY


class WorkFailed(Exception):
    """No answer. `word` is OVERRAN, MEMORY, DIED or QUEUE, the script's own word, or an error's name and place."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Worker:
    """One warm child process that does every job in a fork of its own, `at_once` of them at a time.

    `script` is the file with its `prepare` and `work` (see `child`); `seconds` limits a job, and waiting for one's
    turn; `memory` is the address space in bytes that a job may take beyond what is prepared. At most `queue` jobs wait,
    the next one is turned away at once.
    """

    def __init__(self, script: str, *, seconds: float, memory: int, at_once: int = 1, queue: int = 100) -> None:
        self.script = script
        self.seconds = seconds
        self.memory = memory
        self.at_once = at_once
        self.queue = queue
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket
        self._begin()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._forget)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(self.at_once)
        self._places = threading.BoundedSemaphore(self.queue + self.at_once)

    def ask(self, *parts: bytes, more_seconds: float = 0) -> list[bytes]:
        """Return the parts of the answer to the job of `parts`, which may take `more_seconds`. Raises WorkFailed."""
        places, turns = self._places, self._turns
        if not places.acquire(blocking=False):
            raise WorkFailed(QUEUE)
        try:
            if not turns.acquire(timeout=self.seconds):
                raise WorkFailed(QUEUE)
            try:
                return self._exchange(parts, self.seconds + more_seconds)
            finally:
                turns.release()
        finally:
            places.release()

    def close(self) -> None:
        """End the child process; the next job starts another."""
        with self._lock:
            process, self._process = self._process, None
            if process is not None:
                self._control.close()
                process.kill()
                process.wait()

    def _exchange(self, parts: tuple[bytes, ...], seconds: float) -> list[bytes]:
        """Hand the child one end of a new socket, send the job through the other, and take the answer."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._hand_over(theirs)
            ours.settimeout(seconds + 5)  # the job's own clock ends it; this is for a machine that stands still
            began = time.monotonic()
            try:
                with ours.makefile("rwb") as both_ways:
                    stream = cast(IO[bytes], both_ways)
                    child.send(stream, str(seconds).encode(), str(self.memory).encode(), *parts)
                    first, *answer = child.receive(stream)
                    word = first.decode()
            except (OSError, EOFError):
                word, answer = OVERRAN if time.monotonic() - began >= seconds else DIED, []
        if word:
            LOGGER.error("%s: %s", Path(self.script).stem, word)
            raise WorkFailed(word)
        return answer

    def _hand_over(self, theirs: socket.socket) -> None:
        with self._lock:
            for _ in range(2):  # one that died while idle is replaced
                if self._process is None or self._process.poll() is not None:
                    self._start()
                try:
                    socket.send_fds(self._control, [b"!"], [theirs.fileno()])
                except OSError:
                    continue
                return
        raise WorkFailed(DIED)

    def _start(self) -> None:
        if self._process is not None:
            self._control.close()
        self._control, control = socket.socketpair()
        # keys may stand in PORTAL_ variables; a session of its own, so that Ctrl-C lets a job finish
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        with control:
            self._process = subprocess.Popen(  # noqa: S603  # our own scripts, nothing from outside
                [sys.executable, "-I", str(Path(child.__file__)), self.script], stdin=control.fileno(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
            )  # fmt: skip

    def _forget(self) -> None:
        """After a fork the child stays the parent's, who ends it: begin with none."""
        self._begin()
        process, self._process = self._process, None
        if process is not None:
            process.returncode = 0  # not ours to wait for
            self._control.close()
