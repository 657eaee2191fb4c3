"""The first page, the notices, plain steps, and the sign of life."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import notices as messages
from portal.core.errors import Absent, DomainError
from portal.core.workflow import workflows
from portal.org.guards import needs, public
from portal.org.permissions import Permission
from portal.query.definitions import service as definitions
from portal.system import checks
from portal.system.premises import House

from . import service

bp = Blueprint("home", __name__)
bp.add_app_template_global(service.union_name, "union_name")

NOTICES_ON_FIRST_PAGE = 5
NOTICES_PER_PAGE = 20
COMMENT_MOST = 500  # characters: what the columns of answers hold


@bp.get("/")
@needs(Permission.SIGNED_IN)
def index() -> ResponseReturnValue:
    """Show what waits for this person, some figures, and the latest notices."""
    return render_template(
        "home/index.html",
        first_steps=service.first_steps(current_user._get_current_object()),
        todos=[todo for of_room in current_app.extensions["todos"] for todo in of_room(current_user)],
        figures=[figure for of_room in current_app.extensions["figures"] for figure in of_room(current_user)],
        common=definitions.common(current_user),
        has_overview=current_user.holds(Permission.MEMBER_READ),
        notices=messages.of(current_user.id, limit=NOTICES_ON_FIRST_PAGE),
    )


@bp.get("/notices")
@needs(Permission.SIGNED_IN)
def notices() -> ResponseReturnValue:
    """List one's own notices, newest first; `before` in the address is the number of the last one seen."""
    before = request.args.get("before", type=int)
    rows = messages.of(current_user.id, limit=NOTICES_PER_PAGE + 1, before=before)
    shown = rows[:NOTICES_PER_PAGE]
    older_url = url_for(".notices", before=shown[-1].id) if len(rows) > len(shown) else None
    return render_template("home/notices.html", notices=shown, earlier=before is not None, older_url=older_url)


@bp.post("/notices/<int:id>/read")
@needs(Permission.SIGNED_IN)
def read(id: int) -> ResponseReturnValue:
    """Mark one's own notice as read and go to what it is about."""
    notice = messages.mark_read(current_user.id, id)
    return redirect(notice.link or url_for(".notices"))


@bp.post("/act/<workflow>/<int:item_id>/<action>")
@needs(Permission.SIGNED_IN)
def act(workflow: str, item_id: int, action: str) -> ResponseReturnValue:
    """Take a plain step of any workflow; a step that asks for more leads to its own form."""
    if workflow not in workflows:
        raise Absent
    table = workflows[workflow]
    step = table.step(action)
    item = table.fetch(current_user, item_id)
    if step.form:
        return redirect(url_for(step.form, id=item.id))
    comment = request.form.get("comment", "").replace("\r\n", "\n")
    if len(comment) > COMMENT_MOST:
        raise DomainError(f"意见最多 {COMMENT_MOST} 个字，请缩短")
    table.fire(item, action, current_user, comment=comment)
    flash(f"已{step.label}", "success")
    return redirect(url_for(f"{table.name}.detail", id=item.id))


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Say in a word whether requests can be served, and what stands in the way; who it is learns nothing more."""
    config = current_app.config
    failing = checks.failing(House(config["SETTINGS"], current_app.extensions["queues"]))
    return f"{failing or 'ok'}\n", 503 if failing else 200, {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Say that the process is alive, and nothing else."""
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}
