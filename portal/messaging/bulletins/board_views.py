"""The pages of those who read: what was published for them, one of it, its attachments, and how they want messages."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import Absent
from portal.core.web import attachment, numbered_page
from portal.messaging import choices
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service

bp = Blueprint("board", __name__, url_prefix="/bulletins")

SEE_OTHER = 303
ATTACHED = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}


@bp.get("/")
@needs(Permission.SIGNED_IN)
def index() -> ResponseReturnValue:
    """List what was published for this person."""
    show, number = request.args.get("show", ""), max(1, request.args.get("page", 1, type=int))
    rows, total = service.mine(current_user, show=show, page=number)
    here = {"show": show} if show else {}
    return render_template(
        "messaging/bulletins/board.html",
        rows=rows,
        show=show,
        own=choices.own(current_user),
        page=numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, **here),
    )


@bp.get("/<int:id>")
@needs(Permission.SIGNED_IN)
def detail(id: int) -> ResponseReturnValue:
    """Show a bulletin."""
    row = service.for_me(current_user, id)
    return render_template("messaging/bulletins/read.html", row=row, item=row.bulletin)


@bp.post("/<int:id>/read")
@needs(Permission.SIGNED_IN)
def read(id: int) -> ResponseReturnValue:
    """Keep that this person has read it, and show it."""
    service.mark_read(current_user, service.for_me(current_user, id))
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.get("/files/<int:id>")
@needs(Permission.SIGNED_IN)
def file(id: int) -> ResponseReturnValue:
    """Hand out an attachment, to be kept and not shown."""
    row, content = service.file_of(current_user, id)
    headers = {"Content-Disposition": attachment(row.name), **ATTACHED}
    return Response(content, mimetype="application/octet-stream", headers=headers)


@bp.post("/choice")
@needs(Permission.SIGNED_IN)
def choose() -> ResponseReturnValue:
    """Keep how this person wants messages."""
    own = choices.own(current_user)
    if own is None:
        raise Absent
    choices.choose(current_user, own[0], is_inside=request.form.get("sms") == "inside")
    flash("已保存短信接收方式", "success")
    return redirect(url_for(".index"), SEE_OTHER)
