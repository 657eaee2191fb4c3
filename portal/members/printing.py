"""《工会会员登记表》 on paper: the layout of the union's form, filled from plain texts.

Sizes are in mm and pt. The caller has already decided who may read what: a text that comes here is printed as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal.core import pdf
from portal.core.pdf import Rendered

MM_PER_PT = 25.4 / 72
SIZES = (12, 11, 10, 9)
LINE_HEIGHT = 1.15
PADDING = 1.5  # mm of a cell's width and height that text may not use: padding and rules, both sides
FAMILY_ROWS = 4
RESUME_ROWS = 6


@dataclass(frozen=True, kw_only=True)
class FamilyRow:
    """One line of 家庭主要成员: 称谓, 姓名, 工作单位, 联系电话."""

    relation: str = ""
    name: str = ""
    workplace: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class ResumeRow:
    """One line of 个人工作简历: 起止年月, 在何地何部门学习或工作, 任何职."""

    period: str = ""
    place: str = ""
    post: str = ""


@dataclass(frozen=True, kw_only=True)
class RegistrationForm:
    """What one form shows, as texts in their final Chinese form; an empty text prints a blank cell.

    `serial` is the NO of the form; `photo` a JPEG or PNG of 5:7, None prints 贴照片处; `resume` goes from the oldest
    to the newest; `opinion` and `opinion_date` (研究日期) fill the union's block; `printed_at` and `operator` stand in
    the foot of every page.
    """

    member_no: str = ""
    serial: str = ""
    name: str = ""
    sex: str = ""
    birth_date: str = ""
    ethnicity: str = ""
    education: str = ""
    native_place: str = ""
    political_status: str = ""
    dues_base: str = ""
    work_start_date: str = ""
    department: str = ""
    admin_duty: str = ""
    id_number: str = ""
    prof_title: str = ""
    mobile: str = ""
    branch: str = ""
    photo: bytes | None = None
    family: Sequence[FamilyRow] = ()
    resume: Sequence[ResumeRow] = ()
    opinion: str = ""
    opinion_date: str = ""
    remark: str = ""
    printed_at: str = ""
    operator: str = ""


def _ems(text: str) -> float:
    """Width of `text` in em, rather too wide than too narrow: Noto Serif CJK has no half-width Latin letters."""
    width = 0.0
    for character in text:
        if unicodedata.east_asian_width(character) in "WFA":
            width += 1
        elif character.isdigit() or character.islower():
            width += 0.6
        elif character.isupper():
            width += 0.8
        elif not unicodedata.combining(character):
            width += 0.5
    return width


def size(text: str, width: float, height: float = 0.0) -> int:
    """Return the size in pt, 12 down to 9, at which `text` fits a cell of `width` mm.

    It has to fit in one line, or where `height` in mm is given, in as many lines as that holds. What does not fit at
    9 pt is printed at 9 pt, wraps, and its row grows (domain/2-printed-forms.md: never smaller than 9 pt).
    """
    for points in SIZES:
        em = points * MM_PER_PT
        lines = max(1, int((height - PADDING) / (em * LINE_HEIGHT)))
        per_line = max(1.0, (width - PADDING) / em)
        # a paragraph breaks a character early where punctuation must not begin a line
        needed = sum(max(1, -(-_ems(part) // (per_line - (lines > 1)))) for part in text.split("\n"))
        if needed <= lines:
            return points
    return SIZES[-1]


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parents[2] / "templates"),
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
)


def registration_form(form: RegistrationForm) -> Rendered:
    """Print one 《工会会员登记表》 on A4 after domain/2-printed-forms.md 2.2.

    What is more than four family or six résumé rows goes on a 续页. Returns the PDF and the characters that no font
    has; raises PdfError. Call it with no transaction open.
    """
    family = [*form.family[:FAMILY_ROWS], *[FamilyRow()] * (FAMILY_ROWS - len(form.family))]
    resume = [*form.resume[:RESUME_ROWS], *[ResumeRow()] * (RESUME_ROWS - len(form.resume))]
    html = _TEMPLATES.get_template("members/registration_form.html").render(
        form=form, size=size, family=family, resume=resume,
        more_family=form.family[FAMILY_ROWS:], more_resume=form.resume[RESUME_ROWS:],
        first_more_family=FAMILY_ROWS, first_more_resume=RESUME_ROWS,
    )
    return pdf.render(html, images={} if form.photo is None else {"photo": form.photo})
