"""Drawn portraits of nobody, so that cards and forms of the demo have a photo."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw

from portal.core.photo_child import PHOTO_SIZE

_GROUNDS = ("#4a86c5", "#c8453b", "#f2f2f2")
_COATS = ("#2f3640", "#6b4f7a", "#2d6a5a")
_SKIN, _HAIR = "#f0c9a4", "#2b2320"
VARIANTS = len(_GROUNDS) * len(_COATS) * 2


@cache
def portrait(variant: int) -> bytes:
    """Return a JPEG of 5:7 as photos are kept; `variant` from 0 to VARIANTS - 1, the odd ones with long hair."""
    ground = _GROUNDS[variant // 2 % len(_GROUNDS)]
    coat = _COATS[variant // (2 * len(_GROUNDS)) % len(_COATS)]
    width, height = PHOTO_SIZE
    middle = width // 2
    picture = Image.new("RGB", PHOTO_SIZE, ground)
    draw = ImageDraw.Draw(picture)
    if variant % 2:
        draw.rounded_rectangle((middle - 165, 170, middle + 165, 590), 150, fill=_HAIR)
    draw.ellipse((middle - 260, 560, middle + 260, height + 240), fill=coat)
    draw.rectangle((middle - 55, 480, middle + 55, 600), fill=_SKIN)
    draw.polygon([(middle - 90, 575), (middle + 90, 575), (middle, 690)], fill="#ffffff")
    draw.polygon([(middle - 55, 570), (middle + 55, 570), (middle, 640)], fill=_SKIN)
    draw.ellipse((middle - 135, 200, middle + 135, 540), fill=_SKIN)
    draw.chord((middle - 145, 165, middle + 145, 470), 180, 360, fill=_HAIR)
    for side in (-1, 1):
        draw.ellipse((middle + side * 58 - 11, 350, middle + side * 58 + 11, 372), fill=_HAIR)
    draw.arc((middle - 45, 400, middle + 45, 470), 20, 160, fill="#a0523d", width=7)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()
