"""The pages of an import: bring a file, say what its columns are, look, write, take back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.core.web import XLSX, download, numbered_page, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import committing, facts, service, undoing, uploading
from .forms import CommitForm, UploadForm, columns_form, mapping_of
from .models import Import, ImportState, Verdict

bp = Blueprint("importing", __name__, url_prefix="/members/import")

REFUSED, GONE_ON = 422, 409
SEE_OTHER = 303


@bp.route("", methods=["GET", "POST"])
@renders
@needs(Permission.MEMBER_IMPORT)
def index() -> ResponseReturnValue:
    """List the imports, and take a file."""
    form = UploadForm()
    user = current_user._get_current_object()
    places = {str(unit.id): unit.name for unit in uploading.places(user)}
    form.unit.choices = places
    if form.validate_on_submit():
        try:
            item = _upload(form, next(iter(places)))
        except DomainError as error:
            if error.status not in (REFUSED, GONE_ON):
                raise
            form.refuse(error)
        else:
            target = ".columns" if item.state is ImportState.MAPPING else ".detail"
            return redirect(url_for(target, id=item.id), SEE_OTHER)
    number = max(1, request.args.get("page", 1, type=int))
    items, total = service.imports(user, page=number)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE)
    body = render_template(
        "members/imports.html",
        form=form,
        items=items,
        page=page,
        has_places=len(places) > 1,
        may_bring_history=service.may_bring_history(user),
        order=facts.ORDER,
        ImportState=ImportState,
    )
    return body, form.status


def _upload(form: UploadForm, only_place: str) -> Import:
    file = form.file.data
    if not file:
        raise DomainError("请选择要导入的文件", field="file")
    unit = form.text("unit") or only_place
    wish = uploading.Wish(
        int(unit) if unit.isascii() and unit.isdigit() and len(unit) < 10 else 0,
        is_historic=bool(form.is_historic.data),
        has_consent=bool(form.has_consent.data),
    )
    return uploading.upload(current_user._get_current_object(), file.read(), file.filename or "", wish)


@bp.route("/<int:id>/columns", methods=["GET", "POST"])
@renders
@needs(Permission.MEMBER_IMPORT)
def columns(id: int) -> ResponseReturnValue:
    """Ask once what the columns are that nobody knows by their headings."""
    item = service.find_open(current_user, id)
    said = item.said
    form = columns_form(said["columns"])()
    if form.validate_on_submit():
        try:
            mapping = mapping_of(form, said["columns"])
            uploading.map_columns(current_user._get_current_object(), id, mapping)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return redirect(url_for(".detail", id=id), SEE_OTHER)
    unknown = [number for number, one in enumerate(said["columns"]) if not one["field"] and not one["is_known"]]
    return render_template("members/import_columns.html", form=form, item=item, said=said, unknown=unknown), form.status


@bp.get("/<int:id>")
@needs(Permission.MEMBER_IMPORT)
def detail(id: int) -> ResponseReturnValue:
    """Show what the rows would become, or have become."""
    item = service.find(current_user, id)
    if item.state is ImportState.MAPPING:
        return redirect(url_for(".columns", id=id))
    return _detail(item, CommitForm(formdata=None))


def _detail(item: Import, form: CommitForm) -> ResponseReturnValue:
    user = current_user._get_current_object()
    only = request.args.get("only", "")
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.rows(user, item, only=only, page=number)
    address: dict[str, Any] = {"id": item.id, "only": only or None}
    page = numbered_page(".detail", total=total, number=number, per_page=service.PER_PAGE, **address)
    form.seen.data = str(service.to_write(item))
    body = render_template(
        "members/import.html",
        item=item,
        said=item.said or {"columns": [], "skipped": [], "notes": []},
        form=form,
        filters=service.filters(item),
        only=only,
        rows=rows,
        page=page,
        number=service.to_write(item),
        same_file=service.same_file(item),
        may_undo=service.may_undo(user, item),
        may_place=user.may(Permission.UNIT_MANAGE, item.unit),
        is_own=item.uploaded_by == user.id,
        order=facts.ORDER,
        ImportState=ImportState,
        Verdict=Verdict,
    )
    return body, form.status


@bp.post("/<int:id>/commit")
@renders
@needs(Permission.MEMBER_IMPORT)
def commit(id: int) -> ResponseReturnValue:
    """Write what was looked at."""
    form = CommitForm()
    user = current_user._get_current_object()
    seen = form.text("seen")
    try:
        committing.take_in(
            user,
            id,
            only_right=bool(form.only_right.data),
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None,
        )
    except DomainError as error:
        if error.status not in (REFUSED, GONE_ON):
            raise
        form.refuse(error)
        return _detail(service.find(user, id), form)
    flash("导入完成", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/undo")
@renders
@needs(Permission.MEMBER_IMPORT)
def undo(id: int) -> ResponseReturnValue:
    """Take the import back."""
    item = undoing.undo(current_user._get_current_object(), id)
    kept = undoing.kept_count(item)
    if kept:
        flash(f"已撤销；有 {kept} 行在导入后又有变化，没有撤销，列在下面", "warning")
    else:
        flash("已全部撤销", "success")
    return redirect(url_for(".detail", id=id, only=service.KEPT if kept else None), SEE_OTHER)


@bp.post("/<int:id>/discard")
@needs(Permission.MEMBER_IMPORT)
def discard(id: int) -> ResponseReturnValue:
    """Forget a preview."""
    uploading.discard(current_user._get_current_object(), id)
    flash("已放弃，上传的名单已删除", "success")
    return redirect(url_for(".index"), SEE_OTHER)


@bp.get("/template")
@needs(Permission.MEMBER_IMPORT)
def blank() -> ResponseReturnValue:
    """Hand out the workbook to fill in."""
    return _workbook("会员导入模板.xlsx", service.blank(current_user._get_current_object()))


@bp.post("/<int:id>/file")
@renders
@needs(Permission.MEMBER_IMPORT)
def file(id: int) -> ResponseReturnValue:
    """Hand one's own file back with a column that says what became of each row, and why."""
    return _workbook(*service.file_back(current_user._get_current_object(), id))


def _workbook(name: str, content: bytes) -> Response:
    return download(content, XLSX, name)
