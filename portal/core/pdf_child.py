"""What the child process of `portal.core.pdf` does: turns HTML into a PDF. Run by `portal.core.child`.

It opens no address, and reads no file but fonts and the print style sheet.
"""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any

STYLE_SHEET = "style:print.css"
ADDRESS = "address"

_fonts: Any = None


class Refused(Exception):
    """The document names an address that must not be opened."""

    word = ADDRESS


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
    if findings.unusable:
        raise ValueError
    return bytes(pdf)


def prepare() -> None:
    """Load WeasyPrint and the fonts, once."""
    global _fonts
    # WeasyPrint makes a folder for a web font before it asks for it, and Python tries a temporary place out by writing;
    # later no file may be written, and the refusal would be about that
    tempfile.gettempdir()
    from weasyprint.text.fonts import FontConfiguration

    _fonts = FontConfiguration()


def work(names: bytes, html: bytes, *pictures: bytes) -> list[bytes]:
    """Return the PDF of `html`, and JSON with the characters no font has; `names` is JSON with those of `pictures`."""
    findings = _Findings()
    logging.getLogger("weasyprint").handlers = [findings]
    images = dict(zip(json.loads(names), pictures, strict=True))
    try:
        pdf = _write_pdf(html.decode(), images, _fonts, findings)
    except BaseException as error:  # WeasyPrint's fatal errors are not Exceptions
        if findings.refused:
            raise Refused from error
        raise
    if findings.refused:
        raise Refused
    return [pdf, json.dumps(findings.missing).encode()]
