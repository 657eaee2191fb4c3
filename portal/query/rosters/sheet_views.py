"""The page that makes a 花名册, 签到表 or 签领表 of the members that a query has selected."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import web
from portal.core.errors import DomainError
from portal.core.web import download, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from .. import selections
from . import direct
from .forms import XLSX, SheetForm
from .models import RosterJob
from .papers import SheetKind

bp = Blueprint("roster_sheets", __name__, url_prefix="/query/sheets")

SEE_OTHER = 303
USUAL = ("sex", "birth_date", "department", "prof_title", "join_date")


@bp.route("/new", methods=["GET", "POST"])
@renders
@needs(Permission.MEMBER_PRINT)
def new() -> ResponseReturnValue:
    """Ask what is printed of the selected members, and give it out."""
    user = current_user._get_current_object()
    chosen = selections.find(user, request.args.get("selection", ""))
    form = SheetForm()
    offered = {one.name: one.label for one in direct.offered(user)}
    form.columns.choices = offered
    if request.method == "GET":
        form.columns.data = [name for name in USUAL if name in offered]
    if form.validate_on_submit():
        kind = SheetKind(form.kind.data)  # type: ignore[call-arg]  # by its value alone
        columns = tuple(form.columns.data or ()) if kind is SheetKind.PEOPLE else ()
        order = direct.Order(kind, form.text("title"), form.text("item"), columns, form.text("purpose"))
        try:
            if form.out.data == XLSX:
                name, content = direct.exported(user, chosen, order)
                return download(content, web.XLSX, name)
            made = direct.printed(user, chosen, order)
            if isinstance(made, RosterJob):
                return redirect(url_for("rosters.job", id=made.id), SEE_OTHER)
            return download(made[1], web.PDF, made[0])
        except DomainError as error:
            form.refuse_or_raise(error)
            chosen = selections.find(user, request.args.get("selection", ""))
    page = render_template("query/rosters/sheet.html", form=form, selection=chosen, in_one=direct.IN_ONE)
    return page, form.status
