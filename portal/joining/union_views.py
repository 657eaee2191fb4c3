"""The pages of a city's unions: 工会管理 → 基层工会管理 → 下载基层工会二维码."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import qr
from portal.core.errors import Absent
from portal.core.web import PDF, download, keyed_page, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import code_views, posters, unions
from .code_forms import UnionsForm

bp = Blueprint("unions", __name__, url_prefix="/joining/unions")


def _in_a_city() -> None:
    """A school has one union, and a code for each branch. Raises Absent there."""
    if current_app.config["PROFILE"] != "city":
        raise Absent


@bp.get("")
@needs(Permission.JOINING_CODES)
def index() -> ResponseReturnValue:
    """List the unions with their administrators and codes."""
    _in_a_city()
    given = request.args
    q, lack = given.get("q", "").strip(), given.get("lack", "")
    found = unions.page(
        current_user,
        q=q,
        lack=lack,
        after=given.get("after", type=int),
        before=given.get("before", type=int),
        per_page=given.get("per_page", unions.PER_PAGE, type=int),
    )
    number = max(given.get("page", 1, type=int), 1)
    here: dict[str, Any] = {"q": q or None, "lack": lack or None}
    return render_template(
        "joining/unions.html",
        rows=found.rows,
        form=UnionsForm(formdata=None, data={"q": q, "lack": lack}),
        is_cut=bool(q or lack),
        page=keyed_page(".index", found, number=number, **here),
        only_here=code_views.only_here(),
        may_open=current_user.holds(Permission.ACCOUNT_READ),
    )


@bp.post("/<int:id>/code")
@renders
@needs(Permission.JOINING_CODES)
def code(id: int) -> ResponseReturnValue:
    """Send the code of a union as a picture or as a poster; it is made first where there is none."""
    _in_a_city()
    found = unions.code_of(current_user, id)
    kind, name = request.form.get("kind", "png"), f"{found.unit.code} {found.unit.name} 入会二维码"
    if kind == "poster":
        code_views.refuse_where_nobody_comes()
        _, printed = posters.poster(current_user, found.id, note=code_views.usual_note(), address=code_views.address_of)
        return download(printed, PDF, f"{name}海报.pdf")
    address = code_views.address_of(found.token)
    if kind == "svg":
        return download(qr.svg(address), "image/svg+xml", f"{name}.svg")
    return download(qr.png(address), "image/png", f"{name}.png")
