"""Photos come in as phones take them and are kept as the form prints them, sealed on disk."""

from __future__ import annotations

import io
import random
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from portal.core import photo_child, uploads, workers
from portal.core.actors import SHELL
from portal.core.errors import Absent, Busy, DomainError

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


def a_phones_photo(*, progressive: bool = False) -> bytes:
    """Return a photo of 48 million pixels and 13 to 15 MB, taken sideways, with the place where it was taken."""
    grain = Image.frombytes("RGB", (1000, 750), random.Random(1).randbytes(1000 * 750 * 3))
    image = grain.resize((8000, 6000), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[GPS] = {1: "N", 2: (39.0, 56.0, 0.0)}
    exif[0x927C] = b"canary of a phone"
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, progressive=progressive, exif=exif, comment="canary of a phone")
    return out.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
def test_a_large_photo_from_a_phone_is_taken_and_tells_nothing_more(progressive):
    raw = a_phones_photo(progressive=progressive)

    made = uploads.photo(io.BytesIO(raw))

    assert 13_000_000 < len(raw) < uploads.LARGEST
    assert b"canary of a phone" in raw
    assert b"canary of a phone" not in made
    assert b"Exif" not in made
    assert Image.open(io.BytesIO(made)).size == (590, 826)
    assert len(made) < 500_000


def test_the_first_picture_of_a_multi_picture_jpeg_is_taken():
    red, blue = Image.new("RGB", (500, 700), "red"), Image.new("RGB", (500, 700), "blue")
    out = io.BytesIO()
    red.save(out, "MPO", save_all=True, append_images=[blue])
    assert Image.open(io.BytesIO(out.getvalue())).format == "MPO"

    made = Image.open(io.BytesIO(uploads.photo(io.BytesIO(out.getvalue()))))

    assert made.getpixel((100, 100))[0] > 200


def truncated() -> bytes:
    """Return the first half of a picture."""
    whole = picture((800, 900)).getvalue()
    return whole[: len(whole) // 2]


def bomb() -> bytes:
    """Return a small file that is a very large picture."""
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(width: int, height: int, *more: bytes) -> bytes:
    """Return a PNG that says it is `width` by `height`, whose data are one row of nothing."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((1, 0, 0, 0, 0))
    data = zlib.compress(bytes(width // 8 + 2))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """Return a small picture whose text inflates to 300 MB."""
    inflating = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    text = b"".join(inflating.compress(zeros) for _ in range(300)) + inflating.flush()
    return png(400, 560, chunk(b"zTXt", b"Comment\0\0" + text))


def scans_bomb() -> bytes:
    """Return a JPEG whose last scan comes three thousand times, so that decoding it takes minutes."""
    out = io.BytesIO()
    Image.new("RGB", (5000, 5000), "gray").save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * 3000 + whole[-2:]


def moving(form: str) -> bytes:
    """Return a film of two pictures."""
    out = io.BytesIO()
    first, second = Image.new("RGB", (400, 560), "red"), Image.new("RGB", (400, 560), "blue")
    first.save(out, form, save_all=True, append_images=[second], duration=100)
    return out.getvalue()


def of_format(form: str) -> bytes:
    """Return a whole picture in a format that no photo has."""
    out = io.BytesIO()
    Image.new("RGB", (400, 560), "red").save(out, form)
    return out.getvalue()


BAD = {
    "empty": lambda: b"",
    "html": lambda: b"<!doctype html><html><script>alert(1)</script></html>",
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gif": lambda: of_format("GIF"),
    "bmp": lambda: of_format("BMP"),
    "tiff": lambda: of_format("TIFF"),
    "too large": lambda: b"\xff\xd8" + bytes(15 * 1024 * 1024),
    "truncated": truncated,
    "truncated head": lambda: picture((800, 900)).getvalue()[:300],
    "many pixels": bomb,
    "60,000 by 60,000": lambda: png(60_000, 60_000),
    "short of data": lambda: png(400, 560),
    "text bomb": text_bomb,
    "scans bomb": scans_bomb,
    "moving png": lambda: moving("PNG"),
    "moving webp": lambda: moving("WEBP"),
}


@pytest.mark.parametrize("kind", BAD)
def test_anything_else_is_refused_within_a_second(kind):
    raw = BAD[kind]()
    uploads.photo(picture((300, 420)))  # the reader is warm, as after its first photo

    took = []
    for _ in range(3):  # the machine may be busy for once
        begun = time.monotonic()
        with pytest.raises(DomainError) as refused:
            uploads.photo(io.BytesIO(raw))
        took.append(time.monotonic() - begun)

    assert (refused.value.message, refused.value.field) == ("请上传照片（jpg/png，15MB 以内）", "photo")
    assert min(took) < 1


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_heic_photo_is_told_how_to_become_a_jpeg(brand):
    with pytest.raises(DomainError, match=r"HEIC.*另存为 JPG") as refused:
        uploads.photo(io.BytesIO(b"\0\0\0\x18ftyp" + brand + bytes(2000)))

    assert (refused.value.status, refused.value.field) == (422, "photo")


def test_too_many_photos_at_once_are_asked_to_come_again_and_the_others_are_read():
    slow = a_phones_photo(progressive=True)

    def send(_: int) -> str:
        try:
            return Image.open(io.BytesIO(uploads.photo(io.BytesIO(slow)))).format or ""
        except Busy as error:
            return error.message

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(12)))

    assert set(answers) == {"JPEG", uploads.QUEUE}


def test_a_reader_that_is_killed_in_its_work_is_replaced(monkeypatch):
    reader = workers.Worker(photo_child.__file__, seconds=0.005, memory=768 << 20)
    monkeypatch.setattr(uploads, "_READER", reader)
    with pytest.raises(DomainError, match="请上传照片"):
        uploads.photo(io.BytesIO(a_phones_photo(progressive=True)))

    reader.seconds = 20

    assert Image.open(io.BytesIO(uploads.photo(picture((300, 420))))).size == (300, 420)
    reader.close()


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
