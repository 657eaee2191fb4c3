"""Workbooks in the binary format of Excel 97 ([MS-XLS] in [MS-CFB]), made by hand: no library that we use writes it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

SECTOR = 512
DAY_FORMAT = 14
FREE, CHAIN_END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def xls(
    *sheets: tuple[str, Sequence[Sequence[object]]],
    hidden: Sequence[str] = (),
    merges: Sequence[tuple[int, int, int, int]] = (),
    password: bool = False,
    stream: str = "Workbook",
) -> bytes:
    """Return an xls with these sheets of texts, numbers and None; a tuple (number,) is a day.

    `merges` are (first row, last row, first column, last column) of the first sheet, from 0.
    """
    bodies = [_sheet(rows, merges if number == 0 else ()) for number, (_, rows) in enumerate(sheets)]
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    if password:
        start += _record(0x002F, struct.pack("<HHH", 1, 1, 1) + bytes(48))
    start += _record(0x0042, struct.pack("<H", 1200))
    for form in (0, DAY_FORMAT):
        start += _record(0x00E0, struct.pack("<HH", 0, form) + bytes(16))
    names = [_bound(name, name in hidden) for name, _ in sheets]
    end = _record(0x000A, b"")
    place = len(start) + sum(len(name) for name in names) + len(end)
    out = start
    for name, body in zip(names, bodies, strict=True):
        out += name[:4] + struct.pack("<I", place) + name[8:]
        place += len(body)
    return container(stream, out + end + b"".join(bodies))


def container(name: str, content: bytes) -> bytes:
    """Return a compound file that holds one stream."""
    content += bytes(max(4096 - len(content), 0) + -max(len(content), 4096) % SECTOR)
    sectors = len(content) // SECTOR
    tables = 1
    while tables * 128 < sectors + 1 + tables:
        tables += 1
    if tables > 109:
        raise ValueError("too large for the table in the header")
    # the tables of sectors first, then the directory, then the stream
    entries = [FAT_SECTOR] * tables + [CHAIN_END]
    entries += [*range(tables + 2, tables + 1 + sectors), CHAIN_END]
    entries += [FREE] * (tables * 128 - len(entries))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, tables, tables, 0, 4096, CHAIN_END, 0, CHAIN_END, 0)
    header += struct.pack("<109I", *range(tables), *[FREE] * (109 - tables))
    directory = _entry("Root Entry", 5, 1, CHAIN_END, 0) + _entry(name, 2, FREE, tables + 1, len(content))
    directory += bytes(256)
    return header + struct.pack(f"<{len(entries)}I", *entries) + directory + content


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    letters = name.encode("utf-16-le") + b"\0\0"
    head = letters.ljust(64, b"\0") + struct.pack("<HBBIII", len(letters), kind, 1, FREE, FREE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _bound(name: str, hidden: bool) -> bytes:
    letters = name.encode("utf-16-le")
    return _record(0x0085, struct.pack("<IBBBB", 0, int(hidden), 0, len(name), 1) + letters)


def _sheet(rows: Sequence[Sequence[object]], merges: Sequence[tuple[int, int, int, int]]) -> bytes:
    out = [_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))]
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str):
                letters = value.encode("utf-16-le")
                head = struct.pack("<HHHHB", number, column, 0, len(letters) // 2, 1)
                out.append(_record(0x0204, head + letters))
            elif isinstance(value, tuple):
                out.append(_record(0x0203, struct.pack("<HHHd", number, column, 1, value[0])))
            elif isinstance(value, int | float):
                out.append(_record(0x0203, struct.pack("<HHHd", number, column, 0, value)))
    if merges:
        out.append(_record(0x00E5, struct.pack("<H", len(merges)) + b"".join(struct.pack("<HHHH", *m) for m in merges)))
    return b"".join([*out, _record(0x000A, b"")])
