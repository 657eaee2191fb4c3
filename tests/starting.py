"""Commands of the portal as processes of their own, forked from one that has loaded it: a start takes no second.

Everything else is as it is when a person types the command: its own process, environment, output and exit code.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[1]
MODULE = "tests.starting"
STATUS = struct.Struct("!i")


def own_settings(**settings: str) -> dict[str, str]:
    """Return the environment without settings of the portal, but those given, such as INSTANCE, that say something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return kept | {f"PORTAL_{name}": value for name, value in settings.items() if value}


class Started:
    """A command that runs; to be asked and told as a `subprocess.Popen`."""

    def __init__(self, pid: int, told: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = told

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self._read()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("portal", timeout or 0)
            self._read()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, how: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, how)

    def _read(self) -> None:
        (status,) = STATUS.unpack(self._told.recv(STATUS.size))
        self._told.close()
        self.returncode = os.waitstatus_to_exitcode(status)


def start(words: tuple[str, ...], environment: Mapping[str, str], out: BinaryIO | int, err: BinaryIO | int) -> Started:
    """Start the command `words`; what it says goes to the files `out` and `err`."""
    here, there = socket.socketpair()
    files = [one if isinstance(one, int) else one.fileno() for one in (out, err)]
    asked = json.dumps({"words": words, "environment": dict(environment)}).encode()
    parent = _parent()
    with there:
        socket.send_fds(parent, [struct.pack("!I", len(asked))], [*files, there.fileno()])
        parent.sendall(asked)
    return Started(*STATUS.unpack(here.recv(STATUS.size)), here)


def run(*words: str, environment: Mapping[str, str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command `words` to its end and return what it said, as `subprocess.run` does."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = start(words, environment, out, err)
        try:
            code = started.wait(timeout)
        except subprocess.TimeoutExpired:
            started.send_signal(signal.SIGKILL)
            raise
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(list(words), code, *said)


@functools.cache
def _parent() -> socket.socket:
    """Return the line to the process that has loaded the portal; there is one to each process of the tests."""
    here, there = socket.socketpair()
    environment = own_settings() | {"PYTHONUTF8": "1"}
    words = [sys.executable, "-m", MODULE, str(there.fileno())]
    process = subprocess.Popen(words, cwd=ROOT, env=environment, pass_fds=[there.fileno()])
    there.close()

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here


# --- in the process that has loaded the portal ------------------------------------------------------------------------


def _serve(line: socket.socket) -> int:
    """Fork the commands that the line asks for; return the exit code of one, in its own process."""
    from portal import cli

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who watches over a command is waited for by nobody
    while True:
        size, files, _, _ = socket.recv_fds(line, 4, 3)
        if not size:
            return 0
        left = struct.unpack("!I", size)[0]
        asked = b""
        while len(asked) < left:
            asked += line.recv(left - len(asked))
        if os.fork() == 0:
            line.close()
            return _watch(json.loads(asked), files, cli.main)
        for file in files:
            os.close(file)


def _watch(asked: Mapping[str, Any], files: list[int], main: Callable[[list[str]], int]) -> int:
    """Fork the command, tell its number, and when it has ended its status; return its exit code in its own process."""
    out, err, told = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        os.write(told, STATUS.pack(pid))
        os.write(told, STATUS.pack(os.waitpid(pid, 0)[1]))
        os._exit(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, max(files) + 1)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["portal", *asked["words"]]
    return main(asked["words"])


if __name__ == "__main__":
    sys.exit(_serve(socket.socket(fileno=int(sys.argv[1]))))
