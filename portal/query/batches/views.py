"""The pages of batch edits: say what is changed, look, write, take back."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import Conflict, DomainError
from portal.core.fields import Field
from portal.core.web import numbered_page
from portal.members.catalogue import Section
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import selections, values
from portal.query.conditions import no_field
from portal.query.models import Selection

from . import service, showing
from .forms import CLEAR, WriteForm, change_form
from .models import BatchEdit, BatchState, Outcome
from .offering import can_be_emptied, offered

bp = Blueprint("batches", __name__, url_prefix="/query/batches")

REFUSED = 422
NO_FIELDS = "请至少选择一个要修改的字段"
SEE_OTHER = 303


@bp.get("/")
@needs(Permission.MEMBER_EDIT)
def index() -> ResponseReturnValue:
    """List the person's batch edits."""
    number = max(1, request.args.get("page", 1, type=int))
    items, total = service.edits(current_user, page=number)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE)
    return render_template("query/batches/index.html", items=items, page=page, wishes=showing.wishes)


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MEMBER_EDIT)
def new() -> ResponseReturnValue:
    """Ask which fields are changed for the members that a query has selected, and to what."""
    selection = selections.find(current_user, request.values.get("selection", ""))
    fields = offered(current_user._get_current_object())
    wanted = {name for name in request.values.getlist("fields") if name}
    chosen = tuple(field for field in fields if field.name in wanted)
    if unknown := sorted(wanted - {field.name for field in chosen}):
        return _choosing(selection, fields, no_field(unknown[0])), REFUSED
    if not chosen:
        is_sent = request.method == "POST" or "fields" in request.args
        return _choosing(selection, fields, NO_FIELDS if is_sent else ""), REFUSED if is_sent else 200
    emptied = frozenset(field.name for field in chosen if can_be_emptied(field))
    form = change_form(tuple(field.name for field in chosen), emptied)(data={"day": today().isoformat()})
    if form.is_submitted():
        try:
            item = service.preview(
                current_user._get_current_object(),
                selection.token,
                form.changes(chosen),
                day=_day(form.text("day")),
                document_no=form.text("document_no"),
                reason=form.text("reason"),
            )
        except DomainError as error:
            if error.status not in (REFUSED, 200):
                raise
            form.refuse(error)
        else:
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    page = render_template("query/batches/new.html", form=form, selection=selection, chosen=chosen, clear=CLEAR)
    return page, form.status


def _day(text: str) -> date:
    """Return the day that was typed, today where none was. Raises DomainError."""
    try:
        return values.day(text) if text.strip() else today()
    except DomainError as error:
        raise DomainError("请填写生效日期，例如 2026-09-01", field="day") from error


def _choosing(selection: Selection, fields: tuple[Field, ...], refusal: str) -> str:
    """Show the fields to choose from, under the catalogue's headings."""
    sections = [(section.label, [one for one in fields if one.section == section]) for section in Section]
    return render_template(
        "query/batches/choose.html",
        selection=selection,
        sections=[(label, of_section) for label, of_section in sections if of_section],
        refusal=refusal,
    )


@bp.get("/<int:id>")
@needs(Permission.MEMBER_EDIT)
def detail(id: int) -> ResponseReturnValue:
    """Show what the edit would do to each member, or has done."""
    return _detail(service.find(current_user, id), WriteForm(formdata=None))


def _detail(item: BatchEdit, form: WriteForm) -> ResponseReturnValue:
    user = current_user._get_current_object()
    only = request.args.get("only", "")
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = showing.rows(user, item, only=only, page=number)
    address: dict[str, Any] = {"id": item.id, "only": only or None}
    form.seen.data = str(item.counts.get(Outcome.CHANGE.value, 0))
    body = render_template(
        "query/batches/detail.html",
        item=item,
        form=form,
        wishes=showing.wishes(item),
        filters=showing.filters(item),
        only=only,
        rows=rows,
        page=numbered_page(".detail", total=total, number=number, per_page=service.PER_PAGE, **address),
        number=item.counts.get(Outcome.CHANGE.value, 0),
        is_preview=item.state is BatchState.PREVIEW,
        may_undo=service.may_undo(item),
    )
    return body, form.status


@bp.post("/<int:id>/write")
@needs(Permission.MEMBER_EDIT)
def write(id: int) -> ResponseReturnValue:
    """Write what was looked at."""
    form = WriteForm()
    seen = form.text("seen")
    try:
        service.write(
            current_user._get_current_object(),
            id,
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None,
        )
    except DomainError as error:
        if error.status not in (REFUSED, Conflict.status):
            raise
        form.refuse(error)
        return _detail(service.find(current_user, id), form)
    flash("已批量修改，24 小时内可以撤销", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/again")
@needs(Permission.MEMBER_EDIT)
def again(id: int) -> ResponseReturnValue:
    """Look once more, after somebody has changed one of the members."""
    service.again(current_user._get_current_object(), id)
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/undo")
@needs(Permission.MEMBER_EDIT)
def undo(id: int) -> ResponseReturnValue:
    """Take the edit back."""
    item = service.undo(current_user._get_current_object(), id)
    kept = showing.kept_count(item)
    if kept:
        flash(f"已撤销；有 {kept} 人在批量修改后又有变化，没有撤销，列在下面", "warning")
    else:
        flash("已全部撤销", "success")
    return redirect(url_for(".detail", id=id, only=showing.KEPT if kept else None), SEE_OTHER)


@bp.post("/<int:id>/discard")
@needs(Permission.MEMBER_EDIT)
def discard(id: int) -> ResponseReturnValue:
    """Give up a preview."""
    service.discard(current_user._get_current_object(), id)
    flash("已放弃，没有修改任何会员", "success")
    return redirect(url_for(".index"), SEE_OTHER)
