"""The page of a branch's part: looked through, confirmed or objected to, printed."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit, web
from portal.core.web import download, numbered_page, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import papers, service
from .forms import SeekForm
from .service import Counts
from .views import PART_TONES, TONES, page_number
from .workflow import PARTS

bp = Blueprint("roster_parts", __name__, url_prefix="/query/rosters/parts")


@bp.get("/<int:id>")
@needs(Permission.ROSTER_KEEP)
def detail(id: int) -> ResponseReturnValue:
    """Show what of a list belongs to one branch."""
    part = service.find_part(current_user, id)
    roster = part.roster
    q = request.args.get("q", "").strip()[:10]
    rows, total = service.rows(roster, part=part, q=q, page=page_number())
    here = {"q": q} if q else {}
    seek = SeekForm(formdata=None, data={"q": q})
    return render_template(
        "query/rosters/part.html",
        part=part,
        roster=roster,
        is_kept=current_user.may(Permission.ROSTER_KEEP, roster.unit),
        counts=service.counts(roster, part).get(part.id, Counts()),
        amount=service.amount,
        each=service.each(roster),
        columns=service.columns(current_user, roster, part.unit),
        rows=rows,
        seek=seek,
        page=numbered_page(".detail", total=total, number=page_number(), per_page=service.PER_PAGE, id=id, **here),
        steps=PARTS.open_steps(part, current_user),
        called=service.unit_names(roster),
        events=audit.events_of(part),
        tones=TONES,
        part_tones=PART_TONES,
    )


@bp.post("/<int:id>/sheet")
@renders
@needs(Permission.ROSTER_KEEP)
def sheet(id: int) -> ResponseReturnValue:
    """Give the 签领表 of the branch out."""
    user = current_user._get_current_object()
    name, content = papers.of_part(user, service.find_part(user, id))
    return download(content, web.PDF, name)
