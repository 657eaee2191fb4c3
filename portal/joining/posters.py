"""Posters: a unit's join code on a sheet of A4, one or a whole subtree's in a zip."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pypdf import PdfReader, PdfWriter

from portal.core import audit, pdf, qr, settings
from portal.core.calendar import local, now, show_date, today
from portal.core.db import apart, release, writes
from portal.core.errors import DomainError
from portal.core.kinds import Kind
from portal.core.pdf import Paper
from portal.core.settings import Setting
from portal.org import access
from portal.org.models import JoinForm, OrgUnit, User
from portal.org.permissions import Permission

from . import codes
from .models import JoinCode

UNITS_MOST = 200  # in one zip
NOTE_MOST = 24  # characters: one line of the poster

audit.name_acts({"joining.poster": "下载入会海报"})

settings.declare(
    *(
        Setting(
            f"joining_poster_note_{profile}", "入会海报上的提示", Kind.TEXT, usual, "入会", longest=NOTE_MOST,
            hint="二维码上方的一行字，制作海报时还可以另写", profile=profile,
        )
        for profile, usual in (("school", "请先连接校园网"), ("city", "请使用手机微信扫码"))
    )
)  # fmt: skip

PAPERS_AT_ONCE = 20  # enough that the fonts cost little, few enough for the limits of one print
NAME_SIZES = ((14, 1), (22, 2), (58, 3))  # a name of so many characters is set in that size, else in the fourth
NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]')  # what a file on some system may not be called

Address = Callable[[str], str]  # from a code's token to what its picture says

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parents[2] / "templates"),
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip


@dataclass(frozen=True)
class Poster:
    """What one poster shows: `note` one line above the steps, may be empty; `address` what the picture says."""

    unit_code: str
    unit_name: str
    union_name: str
    phone: str
    address: str
    note: str
    is_quick: bool
    needs_opinion: bool
    made_on: date

    @property
    def name_size(self) -> int:
        """Which of the four sizes lets the unit's name fit its place, 1 the largest."""
        return next((size for most, size in NAME_SIZES if len(self.unit_name) <= most), 4)

    @property
    def host(self) -> str:
        """The name of the machine that the address leads to, which a person can compare."""
        return urlsplit(self.address).netloc

    @property
    def file_name(self) -> str:
        """What its files are called, without the ending."""
        return NOT_IN_NAMES.sub("_", f"{self.unit_code} {self.unit_name}")


# --- whether, and for whom ------------------------------------------------------------------------------------------


def subtrees(actor: User) -> list[tuple[OrgUnit, int]]:
    """Return the units whose posters can come in one zip, in the order of their codes, and of how many units each."""
    units = access.units(actor, Permission.JOINING_CODES)
    below = Counter(above for unit in units if codes.has_code(unit) for above in unit.path.split("/") if above)
    counted = [(unit, below[str(unit.id)]) for unit in sorted(units, key=lambda unit: unit.code)]
    return [pair for pair in counted if pair[1] > 1] or [pair for pair in counted if pair[1]]


# --- making them ----------------------------------------------------------------------------------------------------


def poster(actor: User, code_id: int, *, note: str, address: Address) -> tuple[Poster, bytes]:
    """Return the poster of a live code and its PDF, and leave the trace; it is printed with no transaction open.

    `note` is one line of at most 24 characters. Raises Absent, DomainError if the code opens nothing, PdfError.
    """
    made = _poster_of(codes.find_live(actor, code_id), note, address)
    release()
    [printed] = _printed([made])
    writes()
    code = codes.find_live(actor, code_id)  # one that was revoked meanwhile is not handed out
    audit.record(actor, "joining.poster", code, details={"note": note} if note else {})
    return made, printed


def bundle(actor: User, unit: OrgUnit, *, note: str, address: Address) -> bytes:
    """Return a zip with poster (PDF) and picture (PNG) of every unit at and below `unit` that takes members.

    Units without a code get one first. Leaves one trace; everything is printed with no transaction open. Raises
    DomainError where nobody is below or more than 200 are, PdfError.
    """
    top, name = unit.id, unit.name
    places = [one.id for one in _below(actor, unit)]
    if not places:
        raise DomainError(f"{name}及其下级没有接收会员的单位，请改选其他单位", field="unit")
    if len(places) > UNITS_MOST:
        sentence = f"一次最多打包 {UNITS_MOST} 个单位，{name}及其下级有 {len(places)} 个，请改选下级单位分批下载"
        raise DomainError(sentence, field="unit")
    release()
    with apart():
        for place in places:
            codes.issue_code(actor, codes.find_unit(actor, place))
    made = [_poster_of(code, note, address) for code in codes.live_codes(actor) if code.unit_id in set(places)]
    release()
    packed = _zip(made)
    writes()
    details = {"units": len(made), "note": note} if note else {"units": len(made)}
    audit.record(actor, "joining.poster", codes.find_unit(actor, top), details=details)
    return packed


def _below(actor: User, unit: OrgUnit) -> list[OrgUnit]:
    return [one for one in access.units(actor, Permission.JOINING_CODES) if unit.covers(one) and codes.has_code(one)]


def _poster_of(code: JoinCode, note: str, address: Address) -> Poster:
    unit = code.unit
    return Poster(
        unit_code=unit.code,
        unit_name=unit.name,
        union_name=access.approving_unit(unit).name,
        phone=next((above.contact_phone for above in access.upward(unit) if above.contact_phone), ""),
        address=address(code.token),
        note=note,
        is_quick=codes.form_of(unit) is JoinForm.QUICK,
        needs_opinion=access.opinion_needed(unit),
        made_on=today(),
    )


def _printed(posters: Sequence[Poster]) -> list[bytes]:
    """Return the PDF of each. Raises DomainError for a character that no font has, PdfError."""
    template = _TEMPLATES.get_template("joining/poster.html")
    papers = [
        Paper(template.render(poster=one, made_on=show_date(one.made_on)), {"code": qr.png(one.address)})
        for one in posters
    ]
    rendered = pdf.render_all(papers)
    if rendered.missing:
        raise DomainError(f"海报上有打印不出的字：{'、'.join(rendered.missing)}，请修改提示语后再试", field="note")
    if len(posters) == 1:
        return [rendered.pdf]
    pages = iter(PdfReader(io.BytesIO(rendered.pdf)).pages)
    printed = []
    for number in rendered.pages:
        writer = PdfWriter()
        for _ in range(number):
            writer.add_page(next(pages))
        out = io.BytesIO()
        writer.write(out)
        printed.append(out.getvalue())
    return printed


def _zip(posters: Sequence[Poster]) -> bytes:
    out = io.BytesIO()
    at = local(now()).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for first in range(0, len(posters), PAPERS_AT_ONCE):
            some = posters[first : first + PAPERS_AT_ONCE]
            for one, printed in zip(some, _printed(some), strict=True):
                for ending, content in ((".pdf", printed), (".png", qr.png(one.address))):
                    packed.writestr(zipfile.ZipInfo(one.file_name + ending, at), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
