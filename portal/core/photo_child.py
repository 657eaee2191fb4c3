"""What the child process of `portal.core.uploads` does: reads a stranger's picture. Run by `portal.core.child`."""

from __future__ import annotations

import io
import re
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
A_JPEG = ("JPEG", "MPO")  # a phone's MPO is a JPEG with more pictures behind the first
MOST_PIXELS = 60_000_000  # of the largest phone cameras; a JPEG is read small at once
MOST_PIXELS_WHOLE = 25_000_000  # of what has to be unpacked whole
MOST_SCANNED = 12 * 60_000_000  # pixels times scans of a progressive JPEG: a camera makes ten, an attacker thousands
PHOTO_SIZE = (590, 826)  # 5:7, twice the 295x413 of a one-inch photo at 300 dpi, so that print stays sharp
PHOTO_LEAST = (295, 413)

BAD = (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError, EOFError)

_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")  # of a JPEG; within a scan FF is followed by 00 or a restart
_SCAN, _END = 0xDA, 0xD9
_WITH_LENGTH = 2


def prepare() -> None:
    """Load Pillow's readers of the allowed formats, once."""
    Image.init()


def work(raw: bytes) -> list[bytes]:
    """Return the picture as the house keeps photos, or nothing where `raw` is no picture that it takes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return [_photo(raw)]
    except BAD:
        return []


def _photo(raw: bytes) -> bytes:
    """Return `raw` upright, cropped to 5:7, at least 295x413, as a JPEG without EXIF. Raises one of BAD."""
    with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
        pixels = picture.width * picture.height
        is_jpeg = picture.format in A_JPEG
        if pixels > (MOST_PIXELS if is_jpeg else MOST_PIXELS_WHOLE):
            raise ValueError
        if is_jpeg:
            if pixels * _scans(raw) > MOST_SCANNED:
                raise ValueError
            picture.draft("RGB", (PHOTO_SIZE[0] * 2, PHOTO_SIZE[1] * 2))
        elif getattr(picture, "n_frames", 1) > 1:
            raise ValueError  # it moves
        picture.load()
        upright = _on_white(ImageOps.exif_transpose(picture))
    width = min(PHOTO_SIZE[0], max(PHOTO_LEAST[0], min(upright.width, upright.height * 5 // 7)))
    size = (width, max(PHOTO_LEAST[1], round(width * 7 / 5)))
    # heads are in the upper part of a portrait, so the crop takes less from the top
    fitted = ImageOps.fit(upright, size, Image.Resampling.LANCZOS, centering=(0.5, 0.35))
    fitted.info.clear()  # a comment would be written again
    out = io.BytesIO()
    fitted.save(out, "JPEG", quality=88, optimize=True)
    return out.getvalue()


def _scans(raw: bytes) -> int:
    """Return how many times the decoder of a JPEG goes over the whole picture (ISO/IEC 10918-1 B.1.1)."""
    place, scans = 2, 0
    while (found := _MARKER.search(raw, place)) is not None:
        marker = found.group(1)[0]
        if marker == _END:
            break
        scans += marker == _SCAN
        begin = found.end()
        place = begin + max(_WITH_LENGTH, int.from_bytes(raw[begin : begin + _WITH_LENGTH], "big"))
    return scans


def _on_white(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB, what is transparent in white."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return picture.convert("RGB")
