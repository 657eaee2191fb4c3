"""《工会会员登记表》 and 《入会申请书》 on paper: the layout of the union's forms, filled from plain texts.

Sizes are in mm and pt. The caller has already decided who may read what: a text that comes here is printed as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal.core import pdf, qr
from portal.core.enums import LabelEnum
from portal.core.pdf import Paper, Rendered

MM_PER_PT = 25.4 / 72
SIZES = (12, 11, 10, 9)
LINE_HEIGHT = 1.15
PADDING = 1.5  # mm of a cell's width and height that text may not use: padding and rules, both sides
FAMILY_ROWS = 4
RESUME_ROWS = 6
FORMS_PER_CHUNK = 25  # enough that the fonts cost little, few enough that the memory does
BLANK_DAY = "　　　年　　月　　日"


class Papers(LabelEnum):
    """Which papers of a member are printed; both: 《申请书》 on the front of a sheet, 《登记表》 on its back."""

    REGISTRATION = "registration", "登记表"
    APPLICATION = "application", "入会申请书"
    BOTH = "both", "申请书＋登记表"


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
    """What the forms of one person show, as texts in their final Chinese form; an empty text prints a blank cell.

    `serial` is the NO of the form; `photo` a JPEG or PNG of 5:7, None prints 贴照片处; `resume` goes from the oldest
    to the newest; `opinion` and `opinion_date` (研究日期) fill the union's block; `printed_at` and `operator` stand in
    the foot of every page. `pledge` to `study_date` stand on the 《申请书》 alone: the promise as it read, the day it
    was made, the branch's opinion with its day, and the day of the committee's decision. `proof` is the code that
    proves the print genuine, `proof_url` the address where it is checked, which the QR code holds.
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
    birth_month: str = ""
    household_place: str = ""
    pledge: str = ""
    applied_on: date | None = None
    branch_opinion: str = ""
    branch_opinion_date: str = ""
    study_date: date | None = None
    proof: str = ""
    proof_url: str = ""


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
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **words: object) -> str:
    """Return the HTML of a printed page from `templates/`, filled with plain `words`, outside any request."""
    return _TEMPLATES.get_template(template).render(**words)


def _paper(template: str, form: RegistrationForm, *, ends_sheet: bool, **rows: object) -> Paper:
    html = render(template, form=form, size=size, blank_day=BLANK_DAY, **rows)
    images = {} if form.photo is None else {"photo": form.photo}
    if form.proof_url:
        images["proof"] = qr.small_png(form.proof_url)
    return Paper(html, images, ends_sheet)


def _registration(form: RegistrationForm, *, ends_sheet: bool) -> Paper:
    return _paper(
        "members/registration_form.html", form, ends_sheet=ends_sheet,
        family=[*form.family[:FAMILY_ROWS], *[FamilyRow()] * (FAMILY_ROWS - len(form.family))],
        resume=[*form.resume[:RESUME_ROWS], *[ResumeRow()] * (RESUME_ROWS - len(form.resume))],
        more_family=form.family[FAMILY_ROWS:], more_resume=form.resume[RESUME_ROWS:],
        first_more_family=FAMILY_ROWS, first_more_resume=RESUME_ROWS,
    )  # fmt: skip


def papers(form: RegistrationForm, which: Papers, *, double_sided: bool = False) -> list[Paper]:
    """Return the `which` papers of one person, for `pdf.render_all`.

    《登记表》 on A4 is domain/2-printed-forms.md 2.2: what is more than four family or six résumé rows goes on a 续页.
    《申请书》 is 2.1. `double_sided`: the next person begins on a new sheet.
    """
    made = []
    if which is not Papers.REGISTRATION:
        is_last = which is Papers.APPLICATION
        made.append(_paper("members/application_form.html", form, ends_sheet=double_sided and is_last))
    if which is not Papers.APPLICATION:
        made.append(_registration(form, ends_sheet=double_sided))
    return made


def registration_form(form: RegistrationForm, which: Papers = Papers.REGISTRATION) -> Rendered:
    """Print the papers of one person.

    Returns the PDF and the characters that no font has; raises PdfError. Call it with no transaction open.
    """
    return pdf.render_all(papers(form, which))
