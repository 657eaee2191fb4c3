"""The pages of a sheet of units: brought, looked at, imported."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.core.web import renders
from portal.org import access
from portal.org.guards import needs
from portal.org.models import UnitKind
from portal.org.permissions import Permission

from . import bringing, kinds
from .forms import SheetForm

bp = Blueprint("unit_sheets", __name__, url_prefix="/units/import")


@bp.route("", methods=["GET", "POST"])
@renders
@needs(Permission.UNIT_MANAGE)
def bring() -> ResponseReturnValue:
    """Take a file and show what it would become."""
    form = SheetForm()
    own = access.tops(current_user, Permission.UNIT_MANAGE)
    form.unit.choices = [(unit.code, f"{unit.name}（{unit.code}）") for unit in own]
    is_one = len(own) == 1
    if form.validate_on_submit():
        try:
            if not form.file.data:
                raise DomainError("请选择要上传的文件", field="file")
            sheet = bringing.bring(
                current_user._get_current_object(),
                form.file.data.stream,
                file=form.file.data.filename or "",
                code=form.unit.data or "",
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return redirect(url_for(".detail", id=sheet.id))
    fitting = {kind for unit in own for kind in kinds.within(unit.kind)}
    labels = [kind.label for kind in UnitKind if kind in fitting]
    return render_template("units/import.html", form=form, kinds=labels, is_one=is_one), form.status


@bp.get("/<int:id>")
@needs(Permission.UNIT_MANAGE)
def detail(id: int) -> ResponseReturnValue:
    """Show what a sheet would become, or that it has been imported."""
    sheet = bringing.find(current_user, id)
    found = bringing.preview(current_user, sheet) if sheet.imported_at is None else None
    return render_template("units/import_preview.html", sheet=sheet, found=found, most=bringing.SHOWN)


@bp.post("/<int:id>")
@needs(Permission.UNIT_MANAGE)
def write(id: int) -> ResponseReturnValue:
    """Import all of a sheet, or nothing."""
    sheet = bringing.find(current_user, id)
    count = bringing.write(current_user, sheet)
    flash(f"已导入 {count} 个单位", "success")
    return redirect(url_for("units.index"))
