"""`form` and `forms`: registration forms on paper, beside WeasyPrint making the same HTML into a PDF by itself."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pypdf import PdfReader
from sqlalchemy import select

from portal.config import ROOT
from portal.core import pdf
from portal.core.db import db
from portal.core.pdf import Paper
from portal.core.pdf_join import Joiner
from portal.members import paper, printing
from portal.members.models import Member
from portal.members.printing import Papers, RegistrationForm
from portal.org.models import User

from .measuring import Case
from .place import UNION, Place

AT_A_TIME = 10  # forms in one call, so that what a process has used when it was last looked at is near enough
BATCH = 100
BREAK = '<div style="break-before: page">{}</div>'


def form_cases(place: Place) -> list[Case]:
    """Return the one case: a form at a time, everything warm."""
    forms = _forms(place, AT_A_TIME)
    papers = [_paper(form) for form in forms]
    return [
        Case(
            "一份登记表",
            floor=lambda: [write_pdf(one.html, one.images) for one in papers],
            ours=lambda _: [printing.registration_form(form).pdf for form in forms],
            same=_same_texts,
            per=AT_A_TIME,
            has_children=True,
        )
    ]


def forms_cases(place: Place) -> list[Case]:
    """Return the one case: a batch of a hundred."""
    forms = _forms(place, BATCH)
    together, pictures = one_document([_paper(form) for form in forms])
    return [
        Case(
            f"{BATCH} 份登记表，每份",
            floor=lambda: [write_pdf(together, pictures)],
            ours=lambda _: [print_batch(forms)],
            same=_same_texts,
            per=BATCH,
            has_children=True,
        )
    ]


def print_batch(forms: Sequence[RegistrationForm]) -> bytes:
    """Print as a print job does: piece by piece, as many pieces at once as it takes, joined as they come."""
    size, out = printing.FORMS_PER_CHUNK, io.BytesIO()
    pieces = [forms[first : first + size] for first in range(0, len(forms), size)]
    joiner = Joiner(out)
    with ThreadPoolExecutor(pdf.JOBS_AT_ONCE) as pool:
        for rendered in pool.map(lambda piece: pdf.render_all([_paper(form) for form in piece]), pieces):
            joiner.add(rendered.pdf, [])
    joiner.finish("工会会员登记表")
    return out.getvalue()


def _forms(place: Place, count: int) -> list[RegistrationForm]:
    with place.reading():
        actor = db.session.scalars(select(User).where(User.username == UNION)).one()
        members = db.session.scalars(select(Member).order_by(Member.id).limit(count)).all()
        return paper.printables(actor, members)


def _paper(form: RegistrationForm) -> Paper:
    return printing.papers(form, Papers.REGISTRATION)[0]


def one_document(papers: Sequence[Paper]) -> tuple[str, dict[str, bytes]]:
    """Return one HTML document of all papers, each on a page of its own, and all pictures under names of their own."""
    bodies, pictures = [], {}
    for number, one in enumerate(papers):
        body = one.html.partition("<body>")[2].partition("</body>")[0]
        for name, picture in one.images.items():
            body = body.replace(f'"image:{name}"', f'"image:{name}-{number}"')
            pictures[f"{name}-{number}"] = picture
        bodies.append(BREAK.format(body) if number else body)
    return papers[0].html.partition("<body>")[0] + "<body>" + "\n".join(bodies) + "</body></html>", pictures


def write_pdf(html: str, pictures: Mapping[str, bytes]) -> bytes:
    """Make a PDF of `html` by WeasyPrint alone; `pictures` are by the NAME in image:NAME."""
    fonts, style = _fonts_and_style()
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Pictures(URLFetcher):
        def fetch(self, url: str, headers: object = None) -> Any:
            return URLFetcherResponse(url, pictures[url.removeprefix("image:")])

    document = HTML(string=html, url_fetcher=Pictures())
    return bytes(document.write_pdf(font_config=fonts, stylesheets=[style]))


@functools.cache
def _fonts_and_style() -> tuple[Any, Any]:
    """Return fonts and style sheet, read once; only the floor needs them, so memory is measured without."""
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    return fonts, CSS(string=(ROOT / "static" / "print.css").read_text("utf-8"), font_config=fonts)


def _same_texts(expected: Iterable[bytes], found: Iterable[bytes]) -> bool:
    return texts(expected) == texts(found)


def texts(pdfs: Iterable[bytes]) -> list[str]:
    """Return the text of every page of all `pdfs`, without the numbers of pages, which run on in one document."""
    pages = (page.extract_text() for pdf in pdfs for page in PdfReader(io.BytesIO(pdf)).pages)
    return [re.sub(r"第\s*[0-9]+/[0-9]+\s*页", "", text) for text in pages]
