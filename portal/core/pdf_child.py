"""The child process that turns HTML into a PDF: started by `portal.core.pdf`, which speaks to it in frames.

Runs as a script of its own, isolated from this package: it holds no key, no database and no setting, opens no
address, writes no file, and ends when its parent does.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
from pathlib import Path
from typing import IO, Any

STYLE_SHEET = "style:print.css"
MEMORY = "memory"
ADDRESS = "address"


def send(stream: IO[bytes], *parts: bytes) -> None:
    """Write each of `parts` to `stream` as one frame: its length in 8 bytes, big end first, then itself."""
    for part in parts:
        stream.write(len(part).to_bytes(8, "big"))
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Return the next frame of `stream`; raises EOFError if the other side has gone."""
    size = stream.read(8)
    if len(size) < 8:
        raise EOFError
    length = int.from_bytes(size, "big")
    part = stream.read(length)
    if len(part) < length:
        raise EOFError
    return part


class _Findings(logging.Handler):
    """What comes up during a job: characters without a glyph, things that WeasyPrint could not use, refused links."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.missing: list[str] = []
        self.unusable = False
        self.refused = False

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.unusable = True
        elif str(record.msg).startswith(".notdef") and isinstance(record.args, tuple):
            self.missing.append(str(record.args[0]))


def _write_pdf(html: str, images: dict[str, bytes], fonts: Any, findings: _Findings) -> bytes:
    """Lay `html` out; only the print style sheet and `images` (as image:NAME) can be fetched."""
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Locked(URLFetcher):
        def fetch(self, url: str, headers: object = None) -> Any:
            if url == STYLE_SHEET:
                sheet = Path(__file__).resolve().parents[2] / "static" / "print.css"
                return URLFetcherResponse(url, sheet.read_bytes(), {"Content-Type": "text/css; charset=utf-8"})
            scheme, _, name = url.partition(":")
            if scheme == "image" and name in images:
                return URLFetcherResponse(url, images[name])
            findings.refused = True  # said here, because WeasyPrint swallows the error inside an SVG
            raise FatalURLFetchingError

    pdf = HTML(string=html, url_fetcher=Locked()).write_pdf(font_config=fonts)
    if findings.unusable or findings.refused:
        raise ValueError
    return bytes(pdf)


def _failure(error: BaseException, findings: _Findings) -> str:
    """What went wrong, without any word of the document: the kind of error and its place in the code."""
    if findings.refused:
        return ADDRESS
    if isinstance(error, MemoryError):
        return MEMORY
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code.co_filename if place is not None else ""
    return f"{type(error).__name__} {Path(code).name}:{place.tb_lineno if place is not None else 0}"


def main(seconds: float, memory: int) -> None:
    """Answer jobs from standard input until it ends or a job fails.

    `seconds` bounds one job, `memory` is the address space in bytes. A job is one frame of JSON with the names of
    the images, one of HTML, and one for each image; an answer is one frame of JSON (`missing`, `failure`) and the PDF.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    while True:
        try:
            names = json.loads(receive(sys.stdin.buffer))["images"]
            # the parent kills a job that overruns; this ends it where there is no parent any more
            signal.setitimer(signal.ITIMER_REAL, seconds + 1)
            html = receive(sys.stdin.buffer).decode()
            images = {name: receive(sys.stdin.buffer) for name in names}
        except EOFError:
            return
        findings = _Findings()
        logging.getLogger("weasyprint").handlers = [findings]
        try:
            pdf = _write_pdf(html, images, fonts, findings)
        except BaseException as error:  # WeasyPrint's fatal errors are not Exceptions; all end the child
            send(answers, json.dumps({"failure": _failure(error, findings)}).encode(), b"")
            return
        send(answers, json.dumps({"failure": "", "missing": findings.missing}).encode(), pdf)
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
