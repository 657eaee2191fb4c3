"""PDF from HTML, made by WeasyPrint in a child process with limits of time and memory.

Call it with no transaction open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portal.core import pdf_child, workers
from portal.core.errors import Busy

QUEUE = "正在打印的人较多，请稍候再试"
OVERRAN = "生成 PDF 超过了时间限制，请减少内容后再试"
TOO_BIG = "生成 PDF 超过了内存限制，请减少内容后再试"
ADDRESS = "版式引用了外部内容，已拒绝生成 PDF，请联系系统管理员"
DIED = "生成 PDF 失败，请再试一次；仍不成功时请联系系统管理员"
SENTENCES = {
    workers.QUEUE: QUEUE,
    workers.OVERRAN: OVERRAN,
    workers.MEMORY: TOO_BIG,
    pdf_child.ADDRESS: ADDRESS,
}
JOBS_AT_ONCE = 2
SECONDS_PER_PAPER = 3.0  # what every further paper of a job adds to its time, on a machine that is busy


class PdfError(Busy):
    """No PDF: the child process ran out of time or memory, died, or met an address it must not open."""


@dataclass(frozen=True)
class Paper:
    """One document: `html` whole, whose links may name only `image:NAME`, and the picture behind each NAME.

    `static/print.css` applies to it. `ends_sheet`: after it a new sheet of paper begins, also where both sides are
    printed, so a blank page follows where the papers since the last such end have an odd number of pages.
    """

    html: str
    images: Mapping[str, bytes] = field(default_factory=dict)
    ends_sheet: bool = False


@dataclass(frozen=True)
class Rendered:
    """A finished PDF; `missing` are the characters that no font has, each once; `pages` counts those of each paper."""

    pdf: bytes
    missing: tuple[str, ...]
    pages: tuple[int, ...] = (1,)


class Press(workers.Worker):
    """A warm child that prints two jobs at a time; see `Worker` for its limits."""

    def __init__(self, *, seconds: float = 30.0, memory: int = 3 << 28) -> None:
        super().__init__(pdf_child.__file__, seconds=seconds, memory=memory, at_once=JOBS_AT_ONCE)

    def render(self, html: str, *, images: Mapping[str, bytes] | None = None) -> Rendered:
        """Make a PDF of one document; see `Paper`. Raises PdfError."""
        return self.render_all([Paper(html, images or {})])

    def render_all(self, papers: Sequence[Paper]) -> Rendered:
        """Make one PDF of `papers`, one after the other, with every font embedded once. Raises PdfError."""
        plan = [[list(paper.images), paper.ends_sheet] for paper in papers]
        parts = [part for paper in papers for part in (paper.html.encode(), *paper.images.values())]
        more = SECONDS_PER_PAPER * (len(papers) - 1)
        try:
            pdf, findings = self.ask(json.dumps(plan).encode(), *parts, more_seconds=more)
        except workers.WorkFailed as error:
            raise PdfError(SENTENCES.get(error.word, DIED)) from error
        missing, pages = json.loads(findings)
        return Rendered(pdf, tuple(dict.fromkeys(missing)), tuple(pages))


_PRESS = Press()


def render(html: str, *, images: Mapping[str, bytes] | None = None) -> Rendered:
    """Make a PDF of one document with the house's limits (30 seconds, 768 MiB); see `Press.render`."""
    return _PRESS.render(html, images=images)


def render_all(papers: Sequence[Paper]) -> Rendered:
    """Make one PDF of several documents; see `Press.render_all`. Two jobs run at a time."""
    return _PRESS.render_all(papers)
