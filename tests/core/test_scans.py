"""Scans of signed paper: a picture is made harmless, a PDF is kept as it is, anything else is refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from portal.core import scans
from portal.core.errors import DomainError
from tests import doors


def pdf(pages: int = 1, password: str = "") -> bytes:
    """A PDF with empty pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def huge_png() -> bytes:
    """A PNG of 60,000 × 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def test_a_photo_is_turned_upright_and_loses_its_place() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    exif[0x010E] = "where it was taken"
    out = io.BytesIO()
    Image.new("RGB", (4000, 3000), "white").save(out, "JPEG", exif=exif)

    kind, kept = scans.read(io.BytesIO(out.getvalue()))

    picture = Image.open(io.BytesIO(kept))
    assert (kind, picture.format, dict(picture.getexif())) == ("scan_jpg", "JPEG", {})
    assert picture.height > picture.width
    assert max(picture.size) <= 2400


def test_a_pdf_is_kept_as_it_is() -> None:
    kind, kept = scans.read(io.BytesIO(pdf(2)))

    assert (kind, len(PdfReader(io.BytesIO(kept)).pages)) == ("scan_pdf", 2)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7 and nothing more",
        pdf(21),
        pdf(1, password="secret"),
        huge_png(),
        doors.workbook(("1", "周雨桐")),
        b"\xff\xd8\xff" + b"0" * (10 << 20),
    ],
    ids=["nothing", "html", "half a pdf", "a book", "a locked pdf", "a huge png", "a sheet", "too large"],
)
def test_what_is_no_scan_is_refused(raw: bytes) -> None:
    with pytest.raises(DomainError) as caught:
        scans.read(io.BytesIO(raw))

    assert (caught.value.message, caught.value.field) == (scans.PROBLEM, "evidence")
