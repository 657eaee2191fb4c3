"""QR codes (ISO/IEC 18004) as pictures: a drawing for the page, and pixels for a poster."""

from __future__ import annotations

import io

import qrcode
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathFillImage

QUIET_ZONE = 4  # modules of white around, the standard's least
PIXELS_PER_MODULE = 24  # about 9 cm at 300 dpi for an address of usual length


def _code(text: str, pixels: int) -> qrcode.QRCode:
    """Return the symbol of `text`; a quarter of it may be hidden by a stain or a fold (level Q)."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, box_size=pixels, border=QUIET_ZONE)
    code.add_data(text)
    code.make(fit=True)
    return code


def svg(text: str) -> bytes:
    """Return an SVG document, black on white, that shows `text`."""
    out = io.BytesIO()
    _code(text, 10).make_image(image_factory=SvgPathFillImage).save(out)
    return out.getvalue()


def png(text: str) -> bytes:
    """Return a PNG large enough to be printed on a poster, that shows `text`."""
    out = io.BytesIO()
    _code(text, PIXELS_PER_MODULE).make_image(image_factory=PilImage).save(out, "PNG")
    return out.getvalue()


def small_png(text: str) -> bytes:
    """Return a small PNG for the corner of a printed form, made quickly: one mask is as valid as another."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=4, border=QUIET_ZONE, mask_pattern=2)
    code.add_data(text)
    code.make(fit=True)
    out = io.BytesIO()
    code.make_image(image_factory=PilImage).save(out, "PNG")
    return out.getvalue()
