"""《工会会员登记表》 read back by another library: texts whole and in their cells, rules where the sketch has them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pdfplumber
import pypdf
import pytest
from PIL import Image

from portal.members.printing import FamilyRow, RegistrationForm, ResumeRow, registration_form, size

COLUMNS = [20, 38, 64, 78, 100, 120, 156, 190]  # mm from the left edge of the paper
ROWS = [11] * 6 + [8] * 5 + [8] * 7 + [32, 18]
# field: left and right rule of its cell in mm, and which cell it is from the top of the frame in that column
CELLS = {
    "name": (38, 64, 0),
    "sex": (78, 100, 0),
    "birth_date": (120, 156, 0),
    "ethnicity": (38, 64, 1),
    "education": (78, 100, 1),
    "native_place": (120, 156, 1),
    "political_status": (38, 64, 2),
    "dues_base": (78, 100, 2),
    "work_start_date": (120, 156, 2),
    "department": (38, 100, 3),
    "admin_duty": (120, 156, 3),
    "id_number": (38, 100, 4),
    "prof_title": (120, 190, 4),
    "mobile": (38, 100, 5),
    "branch": (120, 190, 5),
    "remark": (38, 190, 19),
}
FAMILY = {"relation": (38, 64, 7), "name": (64, 100, 7), "workplace": (100, 156, 7), "phone": (156, 190, 4)}
RESUME = {"period": (38, 64, 12), "place": (64, 156, 12), "post": (156, 190, 9)}
MORE_FAMILY = {"relation": (38, 64, 1), "name": (64, 100, 1), "workplace": (100, 156, 1), "phone": (156, 190, 1)}
MORE_RESUME = {"period": (38, 64, 2), "place": (64, 156, 2), "post": (156, 190, 2)}  # below the further family rows


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (295, 413), (90, 140, 200)).save(stream, "JPEG")
    return stream.getvalue()


def family(count: int) -> list[FamilyRow]:
    return [
        FamilyRow(relation="兄弟", name=f"欧阳第{n}", workplace=f"第{n}中学", phone=f"1390000{n:04}")
        for n in range(count)
    ]


def resume(count: int) -> list[ResumeRow]:
    return [
        ResumeRow(period=f"{1990 + n}.09—{1991 + n}.08", place=f"第{n}研究所", post="助理研究员") for n in range(count)
    ]


ORDINARY = RegistrationForm(
    member_no="GH01-2026-00012",
    serial="2026-000123",
    name="欧阳明月",
    sex="女",
    birth_date="1990年5月1日",
    ethnicity="汉族",
    education="研究生",
    native_place="江苏省南京市",
    political_status="中共党员",
    dues_base="8650.00",
    work_start_date="2014年7月1日",
    department="计算机科学与技术学院软件工程系",
    admin_duty="系副主任",
    id_number="320102199005010021",
    prof_title="副教授",
    mobile="13800000000",
    branch="计算机学院分工会",
    photo=picture(),
    family=family(2),
    resume=resume(3),
    opinion="经研究，同意入会",
    opinion_date="2026年3月1日",
    remark="2026年9月1日退休，办理保留会籍",
    printed_at="2026-03-02 09:15",
    operator="王主席",
)
LONG_NAME = "买买提·阿不都热依木·吐尔逊·艾合买提·库尔班·玉苏甫江·卡"
LONG_UNIT = (
    "信息与通信工程学院未来网络体系结构与智能信息处理国家重点实验室"
    "空天地一体化网络与先进移动通信技术及应用研究中心第三研究组"
)
FORMS = {
    "ordinary": ORDINARY,
    "empty": RegistrationForm(),
    "long name": replace(ORDINARY, name=LONG_NAME),
    "long unit": replace(ORDINARY, department=LONG_UNIT),
    "both": replace(ORDINARY, name=LONG_NAME.replace("·", "尔"), department=LONG_UNIT),
    "latin": replace(ORDINARY, name="WILLIAM MWAMBA-OKONKWO", id_number="GBR-PASSPORT-MWM-123456789", photo=None),
    "no photo": replace(ORDINARY, photo=None),
    "rare 1": replace(ORDINARY, name="\U00020bb7野㛃"),
    "rare 2": replace(ORDINARY, name="䶮\U0002cc56"),
    "rare 3": replace(ORDINARY, name="王\U0002b5af\U0002a6a5"),
    "full": replace(ORDINARY, family=family(4), resume=resume(6)),
    "more": replace(ORDINARY, family=family(8), resume=resume(15)),
    "more, long name": replace(ORDINARY, name=LONG_NAME.replace("·", "尔"), resume=resume(9)),
    "long everywhere": replace(
        ORDINARY,
        name=LONG_NAME,
        native_place=LONG_UNIT[:30],
        admin_duty=LONG_UNIT[:24],
        branch=LONG_UNIT,
        prof_title=LONG_UNIT[:30],
        political_status="中国国民党革命委员会会员",
    ),
}


@dataclass
class Sheet:
    """One page: its characters, and its rules as (position, from, to, thickness) in mm and pt."""

    page: Any
    verticals: list[tuple[float, float, float, float]] = field(default_factory=list)
    horizontals: list[tuple[float, float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for line in self.page.lines:
            x0, x1, top, bottom = (mm(line[edge]) for edge in ("x0", "x1", "top", "bottom"))
            if line["x0"] == line["x1"]:
                self.verticals.append((x0, top, bottom, line["linewidth"]))
            else:
                self.horizontals.append((top, x0, x1, line["linewidth"]))
        # what is underlined above and below the frame is no rule of it
        self.top = min(top for _, top, _, _ in self.verticals)
        self.bottom = max(bottom for _, _, bottom, _ in self.verticals)
        self.horizontals = [rule for rule in self.horizontals if self.top - 0.1 <= rule[0] <= self.bottom + 0.1]

    def levels(self, x: float) -> list[float]:
        """The heights of the rules that a plumb line at `x` mm crosses, from the top."""
        found: list[float] = []
        for y, x0, x1, _ in sorted(self.horizontals):
            if x0 - 0.1 < x < x1 + 0.1 and (not found or y - found[-1] > 0.3):
                found.append(y)
        return found

    def cell(self, left: float, right: float, number: int) -> tuple[float, float, float, float]:
        """The rules around a cell, left, top, right, bottom; fails where its sides are not ruled."""
        levels = self.levels((left + right) / 2)
        top, bottom = levels[number], levels[number + 1]
        for side in (left, right):
            reach = top + 0.3
            for x, y0, y1, _ in sorted(self.verticals):
                if abs(x - side) < 0.1 and y0 <= reach:
                    reach = max(reach, y1)
            assert reach > bottom - 0.3, (side, top, bottom)
        return left, top, right, bottom

    def text(self, rectangle: tuple[float, float, float, float]) -> str:
        """The text whose characters have their middle in `rectangle`; each of them has to lie in it whole."""
        left, top, right, bottom = rectangle
        found = []
        for char in self.page.chars:
            x0, x1, y0, y1 = (mm(char[edge]) for edge in ("x0", "x1", "top", "bottom"))
            if left < (x0 + x1) / 2 < right and top < (y0 + y1) / 2 < bottom:
                assert left <= x0, char
                assert x1 <= right, char
                assert top <= y0, char
                assert y1 <= bottom, char
                found.append(char["text"])
        return "".join(found)


def mm(points: float) -> float:
    return points * 25.4 / 72


@pytest.fixture(scope="module")
def printed() -> Iterator[dict[str, list[Sheet]]]:
    """Every form above, printed once and opened again."""
    readers = {}
    for name, form in FORMS.items():
        rendered = registration_form(form)
        assert rendered.missing == ()
        readers[name] = pdfplumber.open(io.BytesIO(rendered.pdf))
    yield {name: [Sheet(page) for page in reader.pages] for name, reader in readers.items()}
    for reader in readers.values():
        reader.close()


@pytest.mark.parametrize("which", FORMS)
def test_every_field_reads_back_from_its_cell(printed: dict[str, list[Sheet]], which: str) -> None:
    form, sheet = FORMS[which], printed[which][0]

    for name, place in CELLS.items():
        assert (name, sheet.text(sheet.cell(*place))) == (name, getattr(form, name))
    for rows, places, count in ((form.family, FAMILY, 4), (form.resume, RESUME, 6)):
        for number in range(count):
            for name, (left, right, first) in places.items():
                expected = getattr(rows[number], name) if number < len(rows) else ""
                assert sheet.text(sheet.cell(left, right, first + number)) == expected
    day = form.opinion_date or "　　　年　　月　　日"
    assert sheet.text(sheet.cell(38, 190, 18)).replace(" ", "　") == f"{form.opinion}（公章）{day}"


def test_further_rows_stand_on_the_second_page_in_order(printed: dict[str, list[Sheet]]) -> None:
    form, (_, sheet) = FORMS["more"], printed["more"]

    for number, member in enumerate(form.family[4:]):
        for name, (left, right, first) in MORE_FAMILY.items():
            assert sheet.text(sheet.cell(left, right, first + number)) == getattr(member, name)
    for number, station in enumerate(form.resume[6:]):
        for name, (left, right, first) in MORE_RESUME.items():
            assert sheet.text(sheet.cell(left, right, first + 4 + number)) == getattr(station, name)


@pytest.mark.parametrize("which", FORMS)
def test_all_but_the_further_rows_fits_one_page(printed: dict[str, list[Sheet]], which: str) -> None:
    assert len(printed[which]) == (2 if which.startswith("more") else 1)


@pytest.mark.parametrize("which", FORMS)
def test_upright_rules_stand_where_the_sketch_has_them(printed: dict[str, list[Sheet]], which: str) -> None:
    for sheet in printed[which]:
        for x, _, _, _ in sheet.verticals:
            assert min(abs(x - column) for column in COLUMNS) < 0.1, x
    assert {round(x) for x, _, _, _ in printed[which][0].verticals} == set(COLUMNS)


@pytest.mark.parametrize("which", ["ordinary", "empty", "no photo", "rare 1", "full", "more"])
def test_rows_are_as_high_as_the_sketch_has_them(printed: dict[str, list[Sheet]], which: str) -> None:
    levels = printed[which][0].levels(51)

    heights = [lower - upper for upper, lower in pairwise(levels)]
    assert len(heights) == len(ROWS)
    assert max(abs(height - wanted) for height, wanted in zip(heights, ROWS, strict=True)) < 0.1
    photo = printed[which][0].levels(173)
    assert abs(photo[1] - photo[0] - 44) < 0.1


def test_frame_is_thick_and_inner_rules_are_thin(printed: dict[str, list[Sheet]]) -> None:
    (sheet,) = printed["ordinary"]

    for x, _, _, width in sheet.verticals:
        assert round(width, 2) == (1.0 if round(x) in (20, 190) else 0.5), x
    for y, _, _, width in sheet.horizontals:
        assert round(width, 2) == (1.0 if min(y - sheet.top, sheet.bottom - y) < 0.3 else 0.5), y


@pytest.mark.parametrize("which", FORMS)
def test_nothing_is_smaller_than_nine_points(printed: dict[str, list[Sheet]], which: str) -> None:
    sizes = {round(char["size"], 1) for sheet in printed[which] for char in sheet.page.chars}

    assert sizes <= {20, 14, 12, 11, 10.5, 10, 9}


@pytest.mark.parametrize("which", ["ordinary", "rare 1", "rare 3", "more"])
def test_every_font_is_embedded(which: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(registration_form(FORMS[which]).pdf))

    fonts = {}
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]  # pypdf types these as plain objects
            composite = font.get_object()
            for part in composite["/DescendantFonts"]:
                fonts[composite["/BaseFont"]] = part.get_object()["/FontDescriptor"].get_object()
    assert len(fonts) >= 2
    for name, descriptor in fonts.items():
        files = [descriptor[key] for key in ("/FontFile", "/FontFile2", "/FontFile3") if key in descriptor]
        assert len(files[0].get_object().get_data()) > 500, name


def test_photo_is_25_by_35_mm_in_its_cell(printed: dict[str, list[Sheet]]) -> None:
    (sheet,) = printed["ordinary"]

    (image,) = sheet.page.images
    left, top, right, bottom = sheet.cell(156, 190, 0)
    assert (round(mm(image["width"]), 1), round(mm(image["height"]), 1)) == (25, 35)
    assert abs((mm(image["x0"]) + mm(image["x1"])) - (left + right)) < 0.5
    assert abs((mm(image["top"]) + mm(image["bottom"])) - (top + bottom)) < 0.5


def test_missing_photo_prints_its_place(printed: dict[str, list[Sheet]]) -> None:
    (sheet,) = printed["no photo"]

    assert sheet.page.images == []
    assert sheet.text(sheet.cell(156, 190, 0)) == "贴照片处"


@pytest.mark.parametrize("which", ["ordinary", "more", "more, long name"])
def test_head_and_foot_stand_outside_the_frame(printed: dict[str, list[Sheet]], which: str) -> None:
    sheets = printed[which]

    for number, sheet in enumerate(sheets, start=1):
        above = "".join(c["text"] for c in sheet.page.chars if mm(c["bottom"]) < sheet.top + 0.3)
        title, right = (
            ("工会会员登记表", "NO：2026-000123")
            if number == 1
            else ("工会会员登记表（续页）", f"姓名：{FORMS[which].name}")
        )
        assert above == f"{title}会员证号码：GH01-2026-00012{right}"
        foot = [char for char in sheet.page.chars if mm(char["top"]) > 277]
        words = "".join(char["text"] for char in foot).replace(" ", "").replace("　", "")
        assert words == f"打印时间：2026-03-0209:15操作员：王主席编号：2026-000123第{number}/{len(sheets)}页"
        assert {(round(char["size"], 1), char["non_stroking_color"]) for char in foot} == {(9, (0.4, 0.4, 0.4))}
        assert sheet.bottom < 277
    below = "".join(c["text"] for c in sheets[0].page.chars if sheets[0].bottom < mm(c["top"]) < 277)
    words = below.replace(" ", "").replace("　", "")
    assert words == "申请人签名：年月日注：入会时填写申请书并保存于所属工会基层组织。"


def test_characters_that_no_font_has_are_reported() -> None:
    rendered = registration_form(replace(ORDINARY, name="张\U00031350"))

    assert rendered.missing == ("\U00031350",)


def test_markup_in_a_value_stays_text() -> None:
    rendered = registration_form(replace(ORDINARY, name="<b>&amp;"))

    with pdfplumber.open(io.BytesIO(rendered.pdf)) as reader:
        sheet = Sheet(reader.pages[0])
        assert sheet.text(sheet.cell(*CELLS["name"])) == "<b>&amp;"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 26, 12),
        ("欧阳明月", 26, 12),
        ("欧阳明月华", 26, 12),
        ("欧阳明月华清", 26, 11),
        ("欧阳明月华清秋", 26, 9),
        (LONG_NAME, 26, 9),
        ("1990年5月1日", 36, 12),
    ],
)
def test_size_falls_by_steps_and_never_below_nine(text: str, width: float, expected: int) -> None:
    assert size(text, width) == expected


def test_block_takes_several_lines_before_it_shrinks() -> None:
    assert [size("会" * length, 152, 18) for length in (10, 90, 140, 300)] == [12, 12, 10, 9]
