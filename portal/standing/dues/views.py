"""The pages of dues: who has paid, the sheets of the finance office, one member's months."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import kinds
from portal.core.errors import Conflict, DomainError
from portal.core.web import numbered_page, renders
from portal.members import search
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import owing, reading, service, showing
from .forms import AmountsForm, CutForm, RecordForm, UploadForm
from .models import DuesSheet, SheetState, Verdict

bp = Blueprint("dues", __name__, url_prefix="/standing/dues")

REFUSED, GONE_ON = 422, 409
SEE_OTHER = 303


# --- who has paid -----------------------------------------------------------------------------------------------------


@bp.get("")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """List who has paid until when."""
    user, given = current_user._get_current_object(), request.args
    books = {book.union.code: book for book in owing.books(user)}
    book = books.get(given.get("union", "")) or next(iter(books.values()), None)
    unit = given.get("unit", "")
    months = max(0, given.get("months", 0, type=int))
    number = max(1, given.get("page", 1, type=int))
    rows, total = showing.people(user, book, unit=unit, months=months, page=number) if book else ([], 0)
    here: dict[str, Any] = {"union": given.get("union"), "unit": unit or None, "months": months or None}
    form = CutForm(formdata=None, data={"union": book.union.code if book else "", "unit": unit, "months": str(months)})
    form.union.choices = {code: one.union.name for code, one in books.items()}
    units, is_cut = search.units_to_choose(user, unit)
    form.unit.choices = {"": "全部"} | dict(units)
    form.unit.description = "单位较多，请逐级选择：选中上级查询后，可再选它的下级" if is_cut else ""
    return render_template(
        "standing/dues/index.html",
        rows=rows,
        book=book,
        form=form,
        has_unions=len(books) > 1,
        page=numbered_page(".index", total=total, number=number, per_page=showing.PER_PAGE, **here),
        month_words=showing.month_words,
        word=showing.word,
        may_keep=user.holds(Permission.DUES_KEEP),
    )


# --- sheets -----------------------------------------------------------------------------------------------------------


@bp.route("/sheets", methods=["GET", "POST"])
@renders
@needs(Permission.DUES_KEEP)
def sheets() -> ResponseReturnValue:
    """List the sheets, and take one."""
    form = UploadForm()
    user = current_user._get_current_object()
    places = {str(unit.id): unit.name for unit in service.places(user)}
    form.unit.choices = places
    if form.validate_on_submit():
        try:
            item = _upload(form, next(iter(places)))
        except DomainError as error:
            if error.status not in (REFUSED, GONE_ON):
                raise
            form.refuse(error)
        else:
            return redirect(url_for(".sheet", id=item.id), SEE_OTHER)
    number = max(1, request.args.get("page", 1, type=int))
    items, total = service.dues_sheets(current_user._get_current_object(), page=number)
    page = numbered_page(".sheets", total=total, number=number, per_page=service.PER_PAGE)
    body = render_template(
        "standing/dues/sheets.html",
        form=form,
        items=items,
        page=page,
        has_places=len(places) > 1,
        months=_months,
        SheetState=SheetState,
    )
    return body, form.status


def _upload(form: UploadForm, only_place: str) -> DuesSheet:
    file = form.file.data
    if not file:
        raise DomainError("请选择财务的会费表", field="file")
    unit, text = form.text("unit") or only_place, form.text("month").strip()
    month = kinds.parse(reading.MONTH_FIELD, text) if text else None
    return service.upload(
        current_user._get_current_object(),
        file.read(),
        file.filename or "",
        unit_id=int(unit) if unit.isascii() and unit.isdigit() and len(unit) < 10 else 0,
        month=month if isinstance(month, date) else None,
    )


def _months(item: DuesSheet) -> str:
    first, last = showing.month_words(item.first_month), showing.month_words(item.last_month)
    return first if first == last else f"{first}至{last}"


@bp.get("/sheets/<int:id>")
@needs(Permission.DUES_KEEP)
def sheet(id: int) -> ResponseReturnValue:
    """Show what a sheet would record, or has recorded."""
    return _sheet(service.find(current_user, id), RecordForm(formdata=None))


def _sheet(item: DuesSheet, form: RecordForm) -> ResponseReturnValue:
    only = request.args.get("only", "")
    number = max(1, request.args.get("page", 1, type=int))
    lines, total = service.lines(item, only=only, page=number)
    form.seen.data = str(item.counts.get(Verdict.PAID.value, 0))
    address: dict[str, Any] = {"id": item.id, "only": only or None}
    body = render_template(
        "standing/dues/sheet.html",
        item=item,
        form=form,
        lines=lines,
        only=only,
        filters=[(one.value, one.label, item.counts.get(one.value, 0)) for one in Verdict],
        page=numbered_page(".sheet", total=total, number=number, per_page=service.PER_PAGE, **address),
        months=_months(item),
        month_words=showing.month_words,
        number=item.counts.get(Verdict.PAID.value, 0),
        is_preview=item.state is SheetState.PREVIEW,
        may_undo=service.may_undo(item),
    )
    return body, form.status


@bp.post("/sheets/<int:id>/record")
@needs(Permission.DUES_KEEP)
def record(id: int) -> ResponseReturnValue:
    """Record what was looked at."""
    form = RecordForm()
    seen = form.text("seen")
    try:
        service.record(
            current_user._get_current_object(),
            id,
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1,
        )
    except DomainError as error:
        if error.status not in (REFUSED, Conflict.status):
            raise
        form.refuse(error)
        return _sheet(service.find(current_user, id), form)
    flash("会费已登记，24 小时内可以撤销", "success")
    return redirect(url_for(".sheet", id=id), SEE_OTHER)


@bp.post("/sheets/<int:id>/undo")
@needs(Permission.DUES_KEEP)
def undo(id: int) -> ResponseReturnValue:
    """Take a sheet back."""
    service.undo(current_user._get_current_object(), id)
    flash("已撤销，这张表登记的月份都已取消", "success")
    return redirect(url_for(".sheet", id=id), SEE_OTHER)


@bp.post("/sheets/<int:id>/discard")
@needs(Permission.DUES_KEEP)
def discard(id: int) -> ResponseReturnValue:
    """Give up a preview."""
    service.discard(current_user._get_current_object(), id)
    flash("已放弃，没有登记会费", "success")
    return redirect(url_for(".sheets"), SEE_OTHER)


# --- one member -------------------------------------------------------------------------------------------------------


@bp.route("/members/<int:id>", methods=["GET", "POST"])
@needs(Permission.MEMBER_SALARY)
def member(id: int) -> ResponseReturnValue:
    """Show the months that a member has paid; amounts only after a reason, once."""
    user = current_user._get_current_object()
    person = service.member_for(user, id)
    form, amounts = AmountsForm(), None
    if form.validate_on_submit():
        try:
            amounts = showing.amounts(user, id, reason=form.text("reason"))
        except DomainError as error:
            form.refuse_or_raise(error)
    account = owing.account_of(person)
    page = render_template(
        "standing/dues/member.html",
        member=person,
        form=form,
        amounts=amounts,
        paid=service.paid_by(person),
        account=account,
        word=showing.word,
        month_words=showing.month_words,
    )
    return page, form.status, {"Cache-Control": "no-store"}
