"""The inside of a warm child process, started by `portal.core.workers` as a script of its own.

It is isolated from this package: it holds no key, no database and no setting, opens no file for writing, and ends when
its parent does. What it does stands in the script whose path it is given: `prepare()` once, then `work(*parts)` for
each job, which returns the parts of the answer or raises what is wrong.
"""

from __future__ import annotations

import os
import resource
import runpy
import signal
import sys
from pathlib import Path
from typing import IO

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


def main(script: str, seconds: float, memory: int) -> None:
    """Answer jobs from standard input until it ends or a job fails.

    `seconds` bounds one job, `memory` is the address space in bytes. An answer's first part is empty, or the word for
    what went wrong: the error's own `word`, if it has one.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the messages
    worker = runpy.run_path(script)
    worker["prepare"]()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    while True:
        try:
            parts = receive(sys.stdin.buffer)
        except EOFError:
            return
        # the parent kills a job that overruns; this ends it where there is no parent any more
        signal.setitimer(signal.ITIMER_REAL, seconds + 1)
        try:
            answer = worker["work"](*parts)
        except BaseException as error:  # the fatal errors of some libraries are not Exceptions; all end the child
            send(answers, (getattr(error, "word", "") or _failure(error)).encode())
            return
        send(answers, b"", *answer)
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
