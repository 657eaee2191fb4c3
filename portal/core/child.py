"""The inside of a warm child process, started by `portal.core.workers` as a script of its own.

It is isolated from this package: it holds no key, no database and no setting, opens no file for writing, and ends when
its parent does. What it does stands in the script whose path it is given: `prepare()` once, then `work(*parts)` for
each job, which returns the parts of the answer or raises what is wrong. Every job runs in a fork, which shares what is
prepared, keeps to its limits, and takes every word of the job with it when it ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import runpy
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

MEMORY = "memory"


def send(stream: IO[bytes], *parts: bytes) -> None:
    """Write one message to `stream`: how many parts, then each as its length and itself; numbers in 8 bytes."""
    stream.write(len(parts).to_bytes(8, "big"))
    for part in parts:
        stream.write(len(part).to_bytes(8, "big"))
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes]) -> list[bytes]:
    """Return the parts of the next message of `stream`; raises EOFError if the other side has gone."""
    return [_exactly(stream, _number(stream)) for _ in range(_number(stream))]


def _number(stream: IO[bytes]) -> int:
    return int.from_bytes(_exactly(stream, 8), "big")


def _exactly(stream: IO[bytes], length: int) -> bytes:
    part = stream.read(length)
    if len(part) < length:
        raise EOFError
    return part


def _failure(error: BaseException) -> str:
    """What went wrong, without any word of the job: the kind of error and its place in the code."""
    if isinstance(error, MemoryError):
        return MEMORY
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code.co_filename if place is not None else ""
    return f"{type(error).__name__} {Path(code).name}:{place.tb_lineno if place is not None else 0}"


def _answer(stream: IO[bytes], work: Callable[..., list[bytes]]) -> None:
    """Do the one job that comes by `stream`: its seconds, the bytes it may take, then its parts.

    An answer's first part is empty, or the word for what went wrong: the error's own `word`, if it has one.
    """
    seconds, memory, *parts = receive(stream)
    signal.setitimer(signal.ITIMER_REAL, float(seconds))  # by the kernel: nothing in a job can put it off
    prepared = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (prepared + int(memory), resource.RLIM_INFINITY))
    try:
        answer = [b"", *work(*parts)]
    except BaseException as error:  # the fatal errors of some libraries are not Exceptions
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))  # to say what was it
        answer = [(getattr(error, "word", "") or _failure(error)).encode()]
    send(stream, *answer)


def _reap(*_: object) -> None:
    """Let the forks that have ended go; the time they took is counted as this process's children's."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(script: str) -> None:
    """Prepare, then fork for every socket that comes by standard input, until that ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    worker = runpy.run_path(script)
    worker["prepare"]()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGCHLD, _reap)
    gc.collect()
    gc.freeze()  # a collection would write to what the forks share
    gc.disable()  # a fork lives for one job; looking for what it could give back takes a third of its time
    with socket.socket(fileno=0) as control:
        while True:
            message, handles, _, _ = socket.recv_fds(control, 1, 1)
            if not message:
                return
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                break
            os.close(handles[0])
    with socket.socket(fileno=handles[0]) as connection, connection.makefile("rwb") as stream:
        _answer(cast(IO[bytes], stream), worker["work"])
    os._exit(0)  # nothing is to be tidied up in a copy


if __name__ == "__main__":
    main(sys.argv[1])
