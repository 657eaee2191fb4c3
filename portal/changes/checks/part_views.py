"""The page of a branch's part: its members, what is missing of each, and the signature."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .workflow import CHECK_PARTS, is_for_branch

bp = Blueprint("check_parts", __name__, url_prefix="/changes/checks/parts")


@bp.get("/<int:id>")
@needs(Permission.CHANGE_AGREE)
def detail(id: int) -> ResponseReturnValue:
    """Show the branch's list."""
    part = service.find_part(current_user, id)
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.lines(part, page=number)
    return render_template(
        "changes/check_part.html",
        item=part,
        rows=rows,
        page=numbered_page(".detail", total=total, number=number, per_page=service.PER_PAGE, id=part.id),
        steps=CHECK_PARTS.open_steps(part, current_user),
        has_moved=service.has_moved(part),
        by_union=is_for_branch(part),
        may_edit=current_user.may(Permission.MEMBER_EDIT, part.unit),
    )
