"""PDF from HTML, made by WeasyPrint in a child process with limits of time and memory.

Call it with no transaction open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

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


class PdfError(Busy):
    """No PDF: the child process ran out of time or memory, died, or met an address it must not open."""


@dataclass(frozen=True)
class Rendered:
    """A finished PDF; `missing` are the characters that no font has, each once, in the order they appear."""

    pdf: bytes
    missing: tuple[str, ...]


class Press(workers.Worker):
    """A warm child that prints one document at a time; see `Worker` for its limits."""

    def __init__(self, *, seconds: float = 30.0, memory: int = 1 << 30, jobs: int = 200) -> None:
        super().__init__(pdf_child.__file__, seconds=seconds, memory=memory, jobs=jobs)

    def render(self, html: str, *, images: Mapping[str, bytes] | None = None) -> Rendered:
        """Make a PDF of `html`, a whole document whose links may name only `style:print.css` and `image:NAME`.

        `images` maps each NAME to the bytes of a picture. Raises PdfError.
        """
        pictures = images or {}
        try:
            pdf, missing = self.ask(json.dumps(list(pictures)).encode(), html.encode(), *pictures.values())
        except workers.WorkFailed as error:
            raise PdfError(SENTENCES.get(error.word, DIED)) from error
        return Rendered(pdf, tuple(dict.fromkeys(json.loads(missing))))


_PRESS = Press()


def render(html: str, *, images: Mapping[str, bytes] | None = None) -> Rendered:
    """Make a PDF of `html` with the house's limits (30 seconds, 1 GiB); see `Press.render`."""
    return _PRESS.render(html, images=images)
