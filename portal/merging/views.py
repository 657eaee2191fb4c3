"""The pages of merges: likely doubles, the other record of one, two side by side, and what was merged."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.errors import Absent, DomainError, Forbidden
from portal.core.web import numbered_page
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service
from .forms import TAKE, MergeForm, OtherForm
from .models import MergeState

bp = Blueprint("merging", __name__, url_prefix="/merging")

SEE_OTHER = 303


@bp.get("/")
@needs(Permission.CHANGE_DECIDE)
def index() -> ResponseReturnValue:
    """List what was merged, and what waits for a second person."""
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.listing(current_user, page=number)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE)
    may_merge = current_user.holds(Permission.MEMBER_MERGE)
    return render_template("merging/index.html", rows=rows, page=page, may_merge=may_merge)


@bp.get("/doubles")
@needs(Permission.MEMBER_MERGE)
def doubles() -> ResponseReturnValue:
    """List groups of records that are likely one person's."""
    number = max(1, request.args.get("page", 1, type=int))
    groups, total = service.likely(current_user, page=number)
    page = numbered_page(".doubles", total=total, number=number, per_page=service.PER_PAGE)
    return render_template("merging/doubles.html", groups=groups, page=page)


@bp.route("/of/<int:member_id>", methods=["GET", "POST"])
@needs(Permission.MEMBER_MERGE)
def of(member_id: int) -> ResponseReturnValue:
    """Find the other record of a member: what is likely, or who is named."""
    member = service.record(current_user, member_id)
    form, named = OtherForm(), None
    if form.validate_on_submit():
        try:
            named = service.named(current_user, member, form.text("q"))
        except DomainError as error:
            form.refuse(error)
    likely = service.like(current_user, member)
    signs = {other.id: sign for other, sign in likely}
    page = render_template("merging/of.html", member=member, likely=likely, signs=signs, named=named, form=form)
    return page, form.status


@bp.route("/<int:kept_id>/<int:gone_id>", methods=["GET", "POST"])
@needs(Permission.MEMBER_MERGE)
def pair(kept_id: int, gone_id: int) -> ResponseReturnValue:
    """Show two records side by side, what is to hold of each field, and merge them."""
    kept, gone = service.record(current_user, kept_id), service.record(current_user, gone_id)
    form = MergeForm()
    taken = [name for name in FIELD if request.form.get(f"{TAKE}{name}") == "gone"] if form.is_submitted() else None
    if form.validate_on_submit():
        try:
            item, warnings = service.merge(
                current_user._get_current_object(), kept_id, gone_id, reason=form.text("reason"), taken=taken,
                seen=(_number(form.text("seen_kept")), _number(form.text("seen_gone"))),
            )  # fmt: skip
        except (Absent, Forbidden):
            raise
        except DomainError as error:
            form.refuse(error)
        else:
            is_done = item.state is MergeState.DONE
            flash("已合并" if is_done else "已提出，等待另一个人复核", "success")
            for warning in warnings:
                flash(warning, "warning")
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    form.seen_kept.data, form.seen_gone.data = str(members.mark_of(kept)), str(members.mark_of(gone))
    compared = service.compare(current_user, kept, gone, taken)
    page = render_template("merging/pair.html", kept=kept, gone=gone, compared=compared, form=form, take=TAKE)
    return page, form.status


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@bp.get("/<int:id>")
@needs(Permission.CHANGE_DECIDE)
def detail(id: int) -> ResponseReturnValue:
    """Show one merge with its steps; while it waits, the two records side by side."""
    item = service.find(current_user, id)
    waits = item.state is MergeState.WAITING
    return render_template(
        "merging/detail.html",
        item=item,
        labels=[FIELD[name].label for name in item.taken],
        compared=service.compare(current_user, item.kept, item.gone, item.taken) if waits else None,
        moved=service.told(item),
        steps=service.steps_for(current_user, item),
        events=audit.events_of(item),
    )


@bp.get("/into/<int:id>")
@needs(Permission.MEMBER_READ)
def led(id: int) -> ResponseReturnValue:
    """Lead from a record that was merged to the one that was kept."""
    return redirect(url_for("members.detail", id=service.into(current_user, id).id))
