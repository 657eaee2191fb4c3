"""Photos come in as phones take them and are kept as the form prints them, sealed on disk."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from portal.core import uploads
from portal.core.actors import SHELL
from portal.core.errors import Absent, DomainError

ORIENTATION, GPS = 0x0112, 0x8825


def picture(size: tuple[int, int], *, form: str = "JPEG", mode: str = "RGB", orientation: int = 1) -> io.BytesIO:
    """Return a picture whose upper half is red and lower half blue, with an EXIF block."""
    image = Image.new(mode, size, "blue")
    image.paste("red", (0, 0, size[0], size[1] // 2))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[GPS] = {1: "N", 2: (39.0, 56.0, 0.0)}
    out = io.BytesIO()
    image.save(out, form, exif=exif)
    out.seek(0)
    return out


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (600, 840), (100, 120), (1, 900)])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_any_picture_becomes_a_five_by_seven_jpeg_without_exif(size, form):
    made = Image.open(io.BytesIO(uploads.photo(picture(size, form=form))))

    assert (made.format, made.mode) == ("JPEG", "RGB")
    assert made.width >= 295
    assert made.height >= 413
    assert abs(made.width / made.height - 5 / 7) < 0.005
    assert dict(made.getexif()) == {}


def test_a_picture_taken_sideways_stands_upright():
    made = Image.open(io.BytesIO(uploads.photo(picture((1600, 1200), orientation=6))))

    # orientation 6: the camera was turned, what is stored above belongs to the right
    red, _, blue = made.getpixel((made.width - 20, made.height // 2))
    assert red > 200 > 60 > blue
    red, _, blue = made.getpixel((20, made.height // 2))
    assert blue > 200 > 60 > red


def test_what_is_transparent_becomes_white():
    out = io.BytesIO()
    Image.new("RGBA", (500, 700), (0, 0, 0, 0)).save(out, "PNG")
    out.seek(0)

    made = Image.open(io.BytesIO(uploads.photo(out)))

    assert made.getpixel((100, 100)) == (255, 255, 255)


def truncated() -> io.BytesIO:
    """Return the first half of a picture."""
    whole = picture((800, 900)).getvalue()
    return io.BytesIO(whole[: len(whole) // 2])


def bomb() -> io.BytesIO:
    """Return a small file that is a very large picture."""
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    out.seek(0)
    return out


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(b""),
        io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        io.BytesIO(b"GIF89a" + b"\0" * 100),
        io.BytesIO(b"\xff\xd8" + b"\0" * 15 * 1024 * 1024),
        truncated(),
        bomb(),
    ],
    ids=["empty", "svg", "gif", "large", "truncated", "bomb"],
)
def test_what_is_no_picture_or_too_large_is_refused_with_the_sentence(stream):
    with pytest.raises(DomainError) as refused:
        uploads.photo(stream)

    assert (refused.value.message, refused.value.field) == ("请上传照片（jpg/png，15MB 以内）", "photo")


def test_a_kept_file_is_sealed_and_read_back(app):
    folder = Path(app.config["INSTANCE"]) / "uploads"

    row = uploads.keep(SHELL, b"canary of a photo", kind="photo")

    [file] = folder.iterdir()
    assert (file.name, file.stat().st_size, file.stat().st_mode & 0o777) == (row.path, row.size, 0o600)
    assert b"canary" not in file.read_bytes()
    assert uploads.content_of(row.id) == b"canary of a photo"


def test_a_file_or_row_that_is_gone_is_absent(app):
    row = uploads.keep(SHELL, b"x", kind="photo")
    (Path(app.config["INSTANCE"]) / "uploads" / row.path).unlink()

    for number in (row.id, 9999):
        with pytest.raises(Absent):
            uploads.content_of(number)
