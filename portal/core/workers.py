"""Work that may hurt runs in a warm child process with limits of time and memory: prints, and pictures of strangers.

A job goes in by a pipe and its answer comes back by one: what stands in it reaches no file, no argument and no log.
Call it with no transaction open.
"""

from __future__ import annotations

import atexit
import logging
import os
import subprocess
import sys
import threading
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
    """One warm child process that does one job at a time.

    `script` is the file with its `prepare` and `work` (see `child`); `seconds` limits a job, waiting for one's turn,
    and the child's start; `memory` is the child's address space in bytes; after `jobs` jobs, and after any failure,
    the next job gets a new child. At most `queue` jobs wait, the next one is turned away at once.
    """

    def __init__(self, script: str, *, seconds: float, memory: int, jobs: int = 200, queue: int = 100) -> None:
        self.script = script
        self.seconds = seconds
        self.memory = memory
        self.jobs = jobs
        self.queue = queue
        self._done = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._begin()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._forget)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self.queue + 1)

    def ask(self, *parts: bytes) -> list[bytes]:
        """Return the parts of the answer to the job of `parts`. Raises WorkFailed."""
        places, lock = self._places, self._lock
        if not places.acquire(blocking=False):
            raise WorkFailed(QUEUE)
        try:
            if not lock.acquire(timeout=self.seconds):
                raise WorkFailed(QUEUE)
            try:
                return self._exchange(self._ready(), parts)
            finally:
                lock.release()
        finally:
            places.release()

    def close(self) -> None:
        """End the child process; the next job starts another."""
        child_process, self._child = self._child, None
        if child_process is not None:
            child_process.kill()
            child_process.communicate()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None or self._done >= self.jobs:
            self.close()
            self._done = 0
            limits = (str(self.seconds), str(self.memory))
            command = [sys.executable, "-I", str(Path(child.__file__)), self.script, *limits]
            # keys may stand in PORTAL_ variables; a session of its own, so that Ctrl-C lets a job finish
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
            self._child = subprocess.Popen(  # noqa: S603  # our own scripts with two numbers, nothing from outside
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
                start_new_session=True,
            )  # fmt: skip
        return self._child

    def _exchange(self, process: subprocess.Popen[bytes], parts: tuple[bytes, ...]) -> list[bytes]:
        """Send one job and take its answer; whatever goes wrong ends the child, so that no answer is left over."""
        jobs, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)  # both are pipes
        overran = threading.Event()

        def stop() -> None:
            overran.set()
            process.kill()

        watch = threading.Timer(self.seconds, stop)
        watch.start()
        word = DIED
        answer: list[bytes] = []
        try:
            child.send(jobs, *parts)
            first, *answer = child.receive(answers)
            word = first.decode()
        except (OSError, EOFError):
            word = OVERRAN if overran.is_set() else DIED
        finally:
            watch.cancel()
            watch.join()
            if overran.is_set() or word:
                self.close()
        if word:
            LOGGER.error("%s: %s, child's exit code %s", Path(self.script).stem, word, process.returncode)
            raise WorkFailed(word)
        self._done += 1
        return answer

    def _forget(self) -> None:
        """After a fork the child stays the parent's: two who talk to it would get each other's answers."""
        self._begin()
        process, self._child = self._child, None
        if process is not None and process.stdin is not None and process.stdout is not None:
            process.returncode = 0  # not ours to wait for
            process.stdin.close()
            process.stdout.close()
