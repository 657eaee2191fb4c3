"""Sheets that people bring, as rows of cells in words: a workbook, a csv file, or pasted text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from typing import IO

from . import sheet_child, workers
from .errors import Busy, DomainError

LARGEST = 5 << 20  # bytes of a file
ROWS_MOST = 5_000

KINDS = "请上传 xlsx 或 csv 文件（5MB 以内）"
SENTENCES = {
    sheet_child.BAD: f"文件无法读取，可能已损坏或不是真正的 Excel 文件；{KINDS}",
    sheet_child.LARGE: "文件展开后过大，请只保留需要的工作表和列，另存后重新上传",
    sheet_child.ROWS: f"文件超过 {ROWS_MOST} 行，请分成几个文件上传",
}
QUEUE = "上传表格的人较多，请稍候再试"

_READER = workers.Worker(sheet_child.__file__, seconds=20, memory=768 << 20, queue=3)
_SEPARATORS = ("\t", ",", "，", "；", ";", "、", "|")

Rows = list[list[str]]


def rows_of_file(stream: IO[bytes]) -> Rows:
    """Return the rows of a workbook's first sheet, or of a csv file in UTF-8, UTF-16 or GB 18030; empty ones too.

    A workbook is read in a child process; call it with no transaction open. Raises DomainError on `file` for any other
    file, one above 5 MB or 5,000 rows, and one that was made to hurt; Busy where too many wait.
    """
    raw = stream.read(LARGEST + 1)
    if not raw:
        raise _refused("文件是空的，请检查后重新选择")
    if len(raw) > LARGEST:
        raise _refused(f"文件超过 5MB；{KINDS}")
    if raw.startswith(b"PK"):
        return _workbook(raw)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused("这是旧版 Excel（xls）或加了密码的文件，请另存为不加密的 xlsx 后上传")
    return rows_of_text(_decoded(raw))


def rows_of_text(text: str) -> Rows:
    """Return the rows of pasted text, whose cells are kept apart by tabs, commas, or where there are none by spaces.

    Raises DomainError on `file` for more than 5,000 rows.
    """
    lines = text.lstrip("\ufeff").splitlines()
    if sum(bool(line.strip()) for line in lines) > ROWS_MOST + 20:
        raise _refused(f"超过 {ROWS_MOST} 行，请分几次办理")
    found = Counter(sign for line in lines for sign in _SEPARATORS if sign in line)
    filled = sum(bool(line.strip()) for line in lines)
    sign = next((sign for sign in _SEPARATORS if found[sign] * 2 >= filled > 0), None)
    if sign is None:
        return [line.split() for line in lines]
    if '"' in text and text.count('"') % 2 == 0 and sign in ("\t", ","):
        try:
            return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=sign)]
        except csv.Error:
            pass  # quotation marks that mean nothing
    return [[cell.strip().strip('"') for cell in line.split(sign)] if line.strip() else [] for line in lines]


def _decoded(raw: bytes) -> str:
    is_wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_wide else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text) and not re.match(r"\s*<(!doctype|html|\?xml)", text, re.I):
            return text
    raise _refused(f"这不是表格文件；{KINDS}")


def _workbook(raw: bytes) -> Rows:
    try:
        text, *word = _READER.ask(raw)
    except workers.WorkFailed as error:
        if error.word == workers.QUEUE:
            raise Busy(QUEUE) from error
        raise _refused(SENTENCES[sheet_child.BAD]) from error
    if word:
        raise _refused(SENTENCES[word[0]])
    rows: Rows = json.loads(text)
    return rows


def _refused(sentence: str) -> DomainError:
    return DomainError(sentence, field="file")
