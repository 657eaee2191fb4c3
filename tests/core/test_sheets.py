"""Sheets that people bring: read as they are, refused where they were made to hurt."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from portal.core import sheets, workbooks
from portal.core.errors import DomainError
from portal.core.sheets import Cell, Was
from tests import doors
from tests.core.old_excel import xls

SHEET = "xl/worksheets/sheet1.xml"
SPACE = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
ROWS = [["工号", "姓名"], ["0020260001", "周雨桐"], ["20260002", "欧阳·买买提"]]


def refusal(raw: bytes) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(DomainError) as caught:
        sheets.rows_of_file(io.BytesIO(raw))
    assert caught.value.field == "file"
    return caught.value.message


def test_a_workbook_is_read_as_people_see_it() -> None:
    raw = doors.workbook(("0020260001", "周雨桐"), (20260002, "欧阳·买买提"), heading=("工号", "姓名"))

    assert sheets.rows_of_file(io.BytesIO(raw)) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("sign", [",", "\t", ";", "，", "、"])
def test_a_csv_file_is_read_in_every_usual_writing(encoding: str, sign: str) -> None:
    text = "\r\n".join(sign.join(row) for row in ROWS)

    assert sheets.rows_of_file(io.BytesIO(text.encode(encoding))) == ROWS


def test_text_from_a_chat_is_kept_apart_by_spaces() -> None:
    assert sheets.rows_of_text("工号 姓名\n0020260001  周雨桐\n20260002　欧阳·买买提") == ROWS


def test_quoted_cells_keep_their_commas() -> None:
    assert sheets.rows_of_text('工号,姓名,部门\n20260001,周雨桐,"教务处, 考务科"')[1] == [
        "20260001",
        "周雨桐",
        "教务处, 考务科",
    ]


def test_a_lone_quotation_mark_swallows_nothing() -> None:
    assert sheets.rows_of_text('2026"0001,周雨桐\n20260002,吴迪') == [['2026"0001', "周雨桐"], ["20260002", "吴迪"]]


def test_zeros_that_only_the_format_shows_are_kept() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append([7])
    book.active["A1"].number_format = "00000000"
    out = io.BytesIO()
    book.save(out)

    assert sheets.rows_of_file(io.BytesIO(out.getvalue())) == [["00000007"]]


def test_a_formula_stays_one_and_is_not_worked_out() -> None:
    raw = doors.workbook(("=1+1", '=HYPERLINK("http://x.example","周雨桐")'))

    assert sheets.rows_of_file(io.BytesIO(raw))[1] == ["=1+1", '=HYPERLINK("http://x.example","周雨桐")']


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "空的"),
        (b"PK\x03\x04not really", "无法读取"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "无法读取"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "不是表格文件"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4, "不是表格文件"),
        (b"%PDF-1.7\x00\x01\x02", "不是表格文件"),
        (b"a" * (5 << 20) + b"b", "超过 5MB"),
    ],
)
def test_what_is_no_sheet_is_refused(raw: bytes, words: str) -> None:
    assert words in refusal(raw)


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")

    assert "无法读取" in refusal(out.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = doors.changed(doors.workbook(("1", "周雨桐")), SHEET, b" " * (70 << 20))
    assert len(bomb) < 1 << 20

    assert "过大" in refusal(bomb)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(encoding: str) -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'

    assert "无法读取" in refusal(doors.changed(doors.workbook(("1", "周雨桐")), SHEET, laughs.encode(encoding)))


def test_a_row_at_the_end_of_the_world_takes_no_time() -> None:
    far = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
        b"</sheetData></worksheet>"
    )

    assert sheets.rows_of_file(io.BytesIO(doors.changed(doors.workbook(("1", "x")), SHEET, far)))[0] == ["1"]


def test_more_than_five_thousand_rows_are_refused() -> None:
    assert "5000 行" in refusal(doors.workbook(*((str(number), "周雨桐") for number in range(5_100))))
    with pytest.raises(DomainError, match="5000 行"):
        sheets.rows_of_text("周雨桐\n" * 5_021)


# --- what stood in the cells ------------------------------------------------------------------------------------------


def book(raw: bytes, **limits: int) -> sheets.Book:
    """Read a file."""
    return sheets.book_of(io.BytesIO(raw), **limits)


def saved(made: openpyxl.Workbook) -> bytes:
    """Return the file of a workbook."""
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def sheet_of(raw: bytes) -> sheets.Sheet:
    """Return the first sheet of a file."""
    return book(raw).sheets[0]


def blank() -> tuple[openpyxl.Workbook, Worksheet]:
    """Return a new workbook and its sheet."""
    made = openpyxl.Workbook()
    assert isinstance(made.active, Worksheet)
    return made, made.active


def crafted(rows: bytes, after: bytes = b"") -> bytes:
    """Return a workbook whose sheet has this XML for rows, and for what stands after them."""
    xml = b"%s<sheetData>%s</sheetData>%s</worksheet>" % (SPACE, rows, after)
    return doors.changed(doors.workbook(("1", "周雨桐")), SHEET, xml)


@pytest.mark.parametrize(
    ("value", "form", "cell"),
    [
        ("0071", "General", Cell("0071")),
        (71, "General", Cell("71", Was.NUMBER)),
        (71, "000000", Cell("000071", Was.NUMBER)),
        (1990.1, "General", Cell("1990.1", Was.NUMBER)),
        (1990.1, "0.00", Cell("1990.10", Was.NUMBER)),
        (5200, "0.00_ ", Cell("5200.00", Was.NUMBER)),
        (440000199001010000, "0", Cell("440000199001010000", Was.NUMBER)),
        (True, "General", Cell("是", Was.BOOL)),
        (date(1990, 1, 5), "yyyy-mm-dd", Cell("1990-01-05", Was.DATE)),
        (datetime(1990, 1, 5, 8, 30), "yyyy-mm-dd hh:mm", Cell("1990-01-05", Was.DATE)),
        (32878, 'yyyy"年"m"月"d"日"', Cell("1990-01-05", Was.DATE)),
        (time(8, 30), "hh:mm", Cell("08:30:00")),
        ("#N/A", "General", Cell("#错误", Was.ERROR)),
    ],
)
def test_a_cell_keeps_its_text_and_what_it_was(value: object, form: str, cell: Cell) -> None:
    made, sheet = blank()
    sheet["A1"] = value
    sheet["A1"].number_format = form

    assert sheet_of(saved(made)).rows[0][0] == cell


def test_days_by_the_numbers_that_chinese_programs_use_are_days() -> None:
    made, sheet = blank()
    sheet["A1"] = 32878
    sheet["A1"].number_format = "mm-dd-yy"  # 14, to be 31: 1990年1月5日 in Chinese, unknown elsewhere
    raw = saved(made)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        styles = archive.read("xl/styles.xml")
    assert b'numFmtId="14"' in styles

    told = sheet_of(doors.changed(raw, "xl/styles.xml", styles.replace(b'numFmtId="14"', b'numFmtId="31"')))

    assert told.rows[0][0] == Cell("1990-01-05", Was.DATE)


def test_days_of_a_book_that_counts_from_1904_are_the_same_days() -> None:
    made, sheet = blank()
    made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet["A1"] = date(1990, 1, 5)

    assert sheet_of(saved(made)).rows[0][0] == Cell("1990-01-05", Was.DATE)


def test_a_formula_gives_its_value_and_says_so_and_one_without_a_value_is_told() -> None:
    raw = crafted(
        b'<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>""</f><v></v></c>'
        b'<c r="C2"><f t="shared" si="0"/><v>7</v></c><c r="D2"><f>A1&amp;"x"</f></c></row>'
        b'<row r="9"><c r="F9"><f>A1</f></c></row>'
    )

    first, last = sheet_of(raw).rows

    assert list(first) == [
        Cell("2", Was.NUMBER, formula=True),
        Cell("", formula=True),
        Cell("7", Was.NUMBER, formula=True),
        Cell('=A1&"x"', unsolved=True),
    ]
    assert (last.number, last[5], last[0]) == (9, Cell("=A1", unsolved=True), Cell())


def test_merged_cells_say_what_their_block_says() -> None:
    made, sheet = blank()
    for row in (["部门", "姓名"], ["教务处", "周雨桐"], [None, "吴迪"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")

    told = sheet_of(saved(made))

    assert told.merges == [(2, 0, 3, 0)]
    assert [row[0] for row in told.rows[1:]] == [Cell("教务处"), Cell("教务处", merged=True)]
    assert [row.texts for row in told.rows[1:]] == [["教务处", "周雨桐"], ["", "吴迪"]]


def test_sheets_have_names_and_hidden_ones_are_not_read() -> None:
    made, sheet = blank()
    sheet.title = "名单"
    sheet.append(["周雨桐"])
    sheet.append(["吴迪"])
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["A"].width = 22
    for name, state in (("代码", "hidden"), ("更深", "veryHidden"), ("空", "visible")):
        made.create_sheet(name).sheet_state = state
        made[name]["A1"] = None if name == "空" else "不读"

    told = book(saved(made)).sheets

    assert [(one.name, one.hidden, len(one.rows)) for one in told] == [
        ("名单", False, 2), ("代码", True, 0), ("更深", True, 0), ("空", False, 0),
    ]  # fmt: skip
    assert (told[0].hidden_rows, told[0].widths) == (1, {0: 22.0})


def test_numbers_of_rows_are_those_of_excel() -> None:
    made, sheet = blank()
    sheet["C4"], sheet["D9"] = "周雨桐", "吴迪"

    rows = sheet_of(saved(made)).rows

    assert [(row.number, row.texts) for row in rows] == [(4, ["", "", "周雨桐"]), (9, ["", "", "", "吴迪"])]
    assert rows[0][200] == Cell()
    with pytest.raises(IndexError):
        rows[0][256]


@pytest.mark.parametrize("prefix", [b"x:", b"main:"])
def test_a_sheet_whose_elements_have_a_prefix_is_read(prefix: bytes) -> None:
    xml = (
        (
            b'<P:worksheet xmlns:P="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><P:sheetData>'
            b'<P:row r="1"><P:c r="A1" t="inlineStr"><P:is><P:t>\xe5\x90\xb4</P:t></P:is></P:c></P:row>'
            b"</P:sheetData></P:worksheet>"
        )
        .replace(b"P:", prefix)
        .replace(b":P=", b":" + prefix[:-1] + b"=")
    )

    assert sheet_of(doors.changed(doors.workbook(("1", "x")), SHEET, xml)).rows[0].texts == ["吴"]


def test_characters_that_nobody_sees_are_taken_out() -> None:
    raw = crafted(b'<row r="1"><c r="A1" t="inlineStr"><is><t> \x00a\x1f\x1e\x0bb\n\tc\xc2\xa0</t></is></c></row>')

    assert [row.texts for row in sheet_of(raw).rows] == [["ab\n\tc"]]


def test_an_old_workbook_is_read_as_a_new_one() -> None:
    raw = xls(
        ("名单", [["姓名", "工号", "来校"], ["周雨桐", "0007", (32878,)], ["吴迪", 7, None], [None, 4.4e17]]),
        ("代码", [["不读"]]),
        hidden=["代码"],
        merges=[(1, 2, 2, 2)],
    )

    told = book(raw).sheets

    assert [(one.name, one.hidden, len(one.rows)) for one in told] == [("名单", False, 4), ("代码", True, 0)]
    assert list(told[0].rows[1]) == [Cell("周雨桐"), Cell("0007"), Cell("1990-01-05", Was.DATE)]
    assert list(told[0].rows[2]) == [Cell("吴迪"), Cell("7", Was.NUMBER), Cell("1990-01-05", Was.DATE, merged=True)]
    assert told[0].rows[3][1] == Cell("440000000000000000", Was.NUMBER)


def test_rows_may_be_more_where_a_caller_says_so() -> None:
    raw = doors.workbook(*((str(number), "周雨桐") for number in range(5_100)))

    assert len(sheets.rows_of_file(io.BytesIO(raw), most_rows=6_000)) == 5_101


# --- files that are refused in one sentence ---------------------------------------------------------------------------

CUT = "".join(f"周雨桐{number},{number}\n" for number in range(50)).encode()[:-3]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (xls(("名单", [["姓名"]]), password=True), "加了密码"),
        (xls(("名单", [["姓名"]]), stream="EncryptedPackage"), "加了密码"),
        (xls(("名单", [["姓名"]]), stream="WordDocument"), "无法读取"),
        (xls(("名单", [["姓名"]] * 300))[:6_000], "无法读取"),
        (xls(("名单", [["1"]] * 10_051)), "超过 10000 行"),
        (xls(("名单", [["1"]] + [[]] * 65_533 + [[None] * 255 + ["x"]])), "过大"),
        (doors.workbook(("1", "周雨桐"))[:2_000], "无法读取"),
        (doors.workbook(("1", "周雨桐"))[:-40], "无法读取"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>', "改了扩展名的网页"),
        ("\ufeff\n <TABLE><tr><td>姓名</td></tr></TABLE>".encode(), "改了扩展名的网页"),
        ("姓名,工号\n周\x00雨桐,1\n".encode("gbk"), "不能识别的字符"),
        ("姓名,工号\n".encode("utf-16-le"), "不能识别的字符"),
        (CUT + b"\xe5\x90", "不完整，或编码混乱"),
        (CUT + "吴迪,1\n".encode("gbk"), "不完整，或编码混乱"),
        (b"a," * 300, "超过 256 列"),
        (b"1,2\n" * 10_051, "超过 10000 行"),
        (b"\n" * 3_000_000, "超过 10000 行"),
        (b" \n \n", "没有可读的内容"),
        (crafted(b""), "没有可读的内容"),
        (crafted(b'<row r="1"><c r="IW1"><v>1</v></c></row>'), "超过 256 列"),
        (crafted(b'<row r="1"><c r="&#88;FD1"><v>1</v></c></row>'), "无法读取"),
        (crafted(b"<row>" + b"<c><v>1</v></c>" * 300 + b"</row>"), "超过 256 列"),
        (crafted(b"<row>" + b"<c><v>1</v></c>" * 700_000 + b"</row>"), "过大"),
        (crafted(b"<row><c><v>1" + b"<a>" * 200_000), "无法读取"),
    ],
)  # fmt: skip
def test_every_other_file_is_refused_in_one_sentence(raw: bytes, words: str) -> None:
    with pytest.raises(DomainError) as caught:
        book(raw)

    assert words in caught.value.message
    assert (caught.value.field, caught.value.message.count("；") < 2) == ("file", True)


def test_other_formats_are_named() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")

    with pytest.raises(DomainError, match="ods"):
        book(out.getvalue())


def test_links_to_other_files_are_not_followed() -> None:
    made, sheet = blank()
    sheet["A1"] = "周雨桐"
    raw = saved(made)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        links = archive.read("xl/_rels/workbook.xml.rels")
    outside = b'<Relationship Id="rId99" Type="x/externalLink" Target="file:///etc/passwd" TargetMode="External"/>'
    linked = doors.changed(
        raw, "xl/_rels/workbook.xml.rels", links.replace(b"</Relationships>", outside + b"</Relationships>")
    )

    assert [row.texts for row in sheet_of(linked).rows] == [["周雨桐"]]


def test_a_size_that_lies_is_found_out() -> None:
    raw = crafted(b"<row/>" * 1_000_000)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        size = archive.getinfo(SHEET).file_size

    with pytest.raises(DomainError, match="无法读取"):
        book(raw.replace(struct.pack("<I", size), struct.pack("<I", 300)))


def test_what_another_sheet_holds_too_much_of_does_not_hide_the_list() -> None:
    made, sheet = blank()
    sheet.append(["周雨桐"])
    other = made.create_sheet("流水")
    for number in range(10_060):
        other.append([number])

    told = book(saved(made)).sheets

    assert [(len(one.rows), one.problem) for one in told] == [(1, ""), (0, "文件超过 10000 行，请分成几个文件上传")]


# --- files that were made to hurt: what the child takes for them ------------------------------------------------------


@contextlib.contextmanager
def watched() -> Iterator[list[float]]:
    """Note the most memory, in MB, that the child of a reader has held in the meantime."""
    peak, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.003):
            process = sheets._READER._process
            if process is not None:
                with contextlib.suppress(OSError):
                    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                    peak[0] = max([peak[0], *(_most_mb(pid) for pid in pids)])

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _most_mb(pid: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def coloured() -> bytes:
    """A sheet that is formatted to its end."""
    rows = b"".join(b'<row r="%d" s="1" customFormat="1"/>' % number for number in range(2, 1_048_577))
    return crafted(b'<row r="1"><c r="A1"><v>1</v></c></row>' + rows)


def coloured_cells() -> bytes:
    """A sheet whose every cell to its end is coloured."""
    rows = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (number, number) for number in range(2, 1_048_577))
    return crafted(b'<row r="1"><c r="A1"><v>1</v></c></row>' + rows)


def filled() -> bytes:
    """A sheet that is filled to its end."""
    return crafted(b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 1_048_577)))


def merged() -> bytes:
    """A million merged cells."""
    blocks = b"".join(b'<mergeCell ref="A%d:B%d"/>' % (number, number) for number in range(1, 1_000_001))
    return crafted(b'<row r="1"><c r="A1"><v>1</v></c></row>', b"<mergeCells>%s</mergeCells>" % blocks)


def merged_over_all() -> bytes:
    """Thousands of merged blocks, each over the whole sheet."""
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (number, number) for number in range(1, 9_001))
    blocks = b"".join(b'<mergeCell ref="A1:XFD%d"/>' % (1_048_576 - number) for number in range(15_000))
    return crafted(rows, b"<mergeCells>%s</mergeCells>" % blocks)


def repeated() -> bytes:
    """One text of the greatest length in a quarter of a million cells."""
    raw = crafted(
        b"".join(
            b'<row r="%d">%s</row>' % (n, b"".join(b'<c r="%c%d" t="s"><v>0</v></c>' % (65 + c, n) for c in range(26)))
            for n in range(1, 10_001)
        )
    )
    strings = b"<sst><si><t>%s</t></si></sst>" % (b"A" * 32_767)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
        new.writestr("xl/sharedStrings.xml", strings)
    return out.getvalue()


def styled() -> bytes:
    """Styles by the hundred thousand."""
    styles = b"<styleSheet><cellXfs>%s</cellXfs></styleSheet>" % (b'<xf numFmtId="2"/>' * 800_000)
    return doors.changed(doors.workbook(("1", "周雨桐")), "xl/styles.xml", styles)


def scattered() -> bytes:
    """Rows as wide as a sheet, without saying where their cells are."""
    return crafted(b"<row>" + b"<c><v>1</v></c>" * 300_000 + b"</row>" + b"<row><c><v>1</v></c></row>" * 9_000)


def in_quotes() -> bytes:
    """A csv of millions of cells in one pair of quotation marks."""
    return b'"' + b"a," * 4_000_000 + b'"'


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (coloured, ""), (coloured_cells, ""), (filled, "超过 10000 行"), (merged, "合并的单元格太多"),
        (merged_over_all, "合并的单元格太多"), (repeated, "过大"), (styled, "过大"), (scattered, "过大"),
        (in_quotes, "超过 256 列"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)  # fmt: skip
def test_the_child_stays_within_its_memory(made: Any, words: str) -> None:
    raw = made()

    with watched() as peak:
        if words:
            with pytest.raises(DomainError, match=words):
                book(raw)
        else:
            assert [row.texts for row in book(raw).sheets[0].rows] == [["1"]]

    assert 5 < peak[0] < 200


def test_a_sheet_of_ten_thousand_takes_the_child_no_more_than_others() -> None:
    columns = [f"{column}栏" for column in range(24)]
    rows = [[f"周{number}", f"1101011990030{number:05}", *columns] for number in range(10_000)]
    raw = workbooks.write([workbooks.Tab("名单", rows)])

    with watched() as peak:
        assert len(book(raw).sheets[0].rows) == 10_000

    assert 5 < peak[0] < 200


def test_the_clock_of_the_child_ends_before_ten_seconds() -> None:
    assert (sheets._READER.seconds, sheets._READER.memory >> 20) == (9, 160)
