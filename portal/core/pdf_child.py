"""What the child process of `portal.core.pdf` does: turns HTML into a PDF. Run by `portal.core.child`.

It opens no address, and reads no file but fonts and the print style sheet.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ADDRESS = "address"
SUBSET_MOST = 1 << 22  # bytes; what is larger is a whole font, never the part of it that goes into a PDF
PAPERS_PER_SWEEP = 8
WARM_UP = "<p>会<b>员</b>\U00020bb7㛃"  # a character of each font, so that the forks find them loaded

_fonts: Any = None
_style: Any = None
_has_threads = False


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
        message = str(record.msg)
        if record.levelno >= logging.ERROR or message.startswith("Unable to subset"):
            self.unusable = True
        elif message.startswith(".notdef") and isinstance(record.args, tuple):
            self.missing.append(str(record.args[0]))


def _laid_out(html: str, images: dict[str, bytes], findings: _Findings) -> Any:
    """Lay `html` out; only `images` (as image:NAME) can be fetched."""
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Locked(URLFetcher):
        def fetch(self, url: str, headers: object = None) -> Any:
            scheme, _, name = url.partition(":")
            if scheme == "image" and name in images:
                return URLFetcherResponse(url, images[name])
            findings.refused = True  # said here, because WeasyPrint swallows the error inside an SVG
            raise FatalURLFetchingError

    shown: dict[str, Any] = {}
    document = HTML(string=html, url_fetcher=Locked()).render(font_config=_fonts, stylesheets=[_style], cache=shown)
    for name, content in images.items():
        picture = shown.get(f"image:{name}")
        if picture is not None:
            # WeasyPrint knows a picture by its address, and every paper of a job may call its own by the same name
            picture.id = hashlib.sha256(content).hexdigest()
    return document


def _copy_no_whole_fonts() -> None:
    """Keep WeasyPrint from copying every used font whole into memory, 25 MB each, before it takes the part it needs.

    It never uses the copy where the part can be taken, and where it can not, the job fails.
    """
    from weasyprint.pdf import fonts

    whole: Callable[..., Any] = fonts.get_hb_object_data

    @functools.wraps(whole)
    def part(face: Any, *kind: Any, **named: Any) -> Any:
        if not kind and not named:
            blob = fonts.harfbuzz.hb_face_reference_blob(face)
            length = fonts.harfbuzz.hb_blob_get_length(blob)
            fonts.harfbuzz.hb_blob_destroy(blob)
            if length > SUBSET_MOST:
                return b""
        return whole(face, *kind, **named)

    fonts.get_hb_object_data = part


def prepare() -> None:
    """Load WeasyPrint, the style sheet and the fonts, once."""
    global _fonts, _style, _has_threads
    # WeasyPrint makes a folder for a web font before it asks for it, and Python tries a temporary place out by writing;
    # later no file may be written, and the refusal would be about that
    tempfile.gettempdir()
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    _copy_no_whole_fonts()
    _fonts = FontConfiguration()
    sheet = Path(__file__).resolve().parents[2] / "static" / "print.css"
    _style = CSS(string=sheet.read_text("utf-8"), font_config=_fonts)
    _laid_out(WARM_UP, {}, _Findings()).write_pdf()
    _has_threads = len(os.listdir("/proc/self/task")) > 1


def work(plan: bytes, *parts: bytes) -> list[bytes]:
    """Return one PDF of all papers, and JSON: the characters no font has, and how many pages each paper got.

    `plan` is JSON with the names of the images of each paper, and whether it ends a sheet: then a blank page follows
    where the sheet's back is still empty. `parts` are each paper's HTML and images.
    """
    global _fonts
    if _has_threads:
        # newer versions of Pango ask for fonts in a thread, which a fork does not have
        from weasyprint.text.fonts import FontConfiguration

        _fonts = FontConfiguration()
    findings = _Findings()
    logging.getLogger("weasyprint").handlers = [findings]
    taken: Iterator[bytes] = iter(parts)
    pages: list[Any] = []
    counts: list[int] = []
    document, of_sheet = None, 0
    try:
        for names, ends_sheet in json.loads(plan):
            html = next(taken).decode()
            document = _laid_out(html, {name: next(taken) for name in names}, findings)
            of_paper = list(document.pages)
            of_sheet += len(of_paper)
            if ends_sheet:
                of_paper += _laid_out("", {}, findings).pages if of_sheet % 2 else []
                of_sheet = 0
            pages += of_paper
            counts.append(len(of_paper))
            if len(counts) % PAPERS_PER_SWEEP == 0:
                # what a layout leaves behind goes in cycles, and would pile up; what is kept is not looked at again
                gc.collect()
                gc.freeze()
        pdf = bytes(document.copy(pages).write_pdf()) if document is not None else b""
    except BaseException as error:  # WeasyPrint's fatal errors are not Exceptions
        if findings.refused:
            raise Refused from error
        raise
    if findings.refused:
        raise Refused
    if findings.unusable:
        raise ValueError
    return [pdf, json.dumps([findings.missing, counts]).encode()]
