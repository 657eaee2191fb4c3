"""The page of the time-line."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.permissions import Permission

from .. import correcting
from .. import service as members
from . import service
from .forms import FilterForm
from .happenings import About

bp = Blueprint("timeline", __name__, url_prefix="/members")


@bp.get("/<int:id>/timeline")
@needs(Permission.SIGNED_IN)
def index(id: int) -> ResponseReturnValue:
    """Show what happened to a member, to who may read her, and to herself."""
    member = members.find(current_user, id)
    is_own = member.user_id == current_user.id
    about = request.args.get("about", "")
    about = about if about in list(About) else ""
    number = max(1, request.args.get("page", 1, type=int))
    found = service.page(current_user, member, about=about, number=number)
    form = FilterForm(formdata=None, data={"about": about})
    form.about.choices = [
        ("", f"全部（{found.everything}）"),
        *((one.value, f"{one.label}（{count}）") for one, count in found.counts.items()),
    ]
    return render_template(
        "members/timeline.html",
        member=member,
        form=form,
        rows=found.rows,
        page=numbered_page(
            ".index", total=found.total, number=number, per_page=service.PER_PAGE, id=member.id,
            **{"about": about} if about else {},
        ),
        is_own=is_own,
        back=url_for("members.me") if is_own else url_for("members.detail", id=member.id),
        may_correct=bool(correcting.correctable(current_user, member)),
    )  # fmt: skip
