"""What the child process of `portal.core.scans` does: reads a stranger's scan. Run by `portal.core.child`."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError
from pypdf import PdfReader

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 60_000_000  # a phone's photo of a sheet of paper
MOST_SIDE = 2400  # pixels of the longer side: A4 at 200 dpi
MOST_PAGES = 20
BAD_PICTURE = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    Warning,
    Image.DecompressionBombError,
    EOFError,
)
JPEG, PDF = b"jpg", b"pdf"


def prepare() -> None:
    """Load Pillow's readers of the allowed formats, once."""
    Image.init()


def work(raw: bytes) -> list[bytes]:
    """Return the kind of scan and what is kept of it, or nothing where `raw` is none that we take."""
    if raw.startswith(b"%PDF-"):
        return [PDF, raw] if _is_sound(raw) else []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return [JPEG, _picture(raw)]
    except BAD_PICTURE:
        return []


def _is_sound(raw: bytes) -> bool:
    """Whether a PDF opens without a password and has a few pages; nothing in it is run here."""
    try:
        reader = PdfReader(io.BytesIO(raw))
        return not reader.is_encrypted and 1 <= len(reader.pages) <= MOST_PAGES
    except Exception:  # a crafted file makes the library raise nearly anything; the file is what is wrong
        return False


def _picture(raw: bytes) -> bytes:
    """Return the picture upright and not larger than needed, as a JPEG without EXIF. Raises one of BAD_PICTURE."""
    with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS or getattr(picture, "n_frames", 1) > 1:
            raise ValueError
        picture.draft("RGB", (MOST_SIDE, MOST_SIDE))
        picture.load()
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((MOST_SIDE, MOST_SIDE))
    upright.info.clear()  # a comment would be written again
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()
