"""The pages of letters: the register, one letter, its receipt, and the paper."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import SelectField, StringField

from portal.core import audit
from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.fields import Field
from portal.core.forms import AddressForm, form_class
from portal.core.kinds import Kind
from portal.core.web import numbered_page, renders
from portal.members.paper import MissingGlyphs
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.standing.forms import Part

from . import service
from .models import LetterState
from .workflow import LETTERS

bp = Blueprint("letters", __name__, url_prefix="/standing/letters")

ReceiptForm = form_class(
    "ReceiptForm", [Field("received_on", "回执日期", Kind.DATE, Part.CHANGE, hint="回执上写的接收登记日期")],
    required=("received_on",),
)  # fmt: skip


class FilterForm(AddressForm):
    """The filters above the register, which stand in the address."""

    state = SelectField("情况", validate_choice=False)
    year = StringField("年份", render_kw={"inputmode": "numeric", "maxlength": 4, "autocomplete": "off"})
    q = StringField("姓名", render_kw={"autocomplete": "off"})


@bp.get("/")
@needs(Permission.STANDING_READ)
def index() -> ResponseReturnValue:
    """List the letters in scope, void ones too."""
    given = request.args
    filters = service.Filters(given.get("state") or service.ALL, given.get("year", ""), given.get("q", "").strip())
    number = max(1, given.get("page", 1, type=int))
    rows, total = service.letters(current_user, filters, number)
    here = {name: given[name] for name in ("state", "year", "q") if given.get(name)}
    form = FilterForm(formdata=None, data=asdict(filters) | {"q": filters.name})
    form.state.choices = service.state_choices(current_user)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, **here)
    return render_template("standing/letters/index.html", rows=rows, form=form, page=page, is_cut=bool(here))


@bp.get("/<int:id>")
@needs(Permission.STANDING_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one letter with the buttons."""
    item = service.find(current_user, id)
    return render_template(
        "standing/letters/detail.html",
        item=item,
        steps=LETTERS.open_steps(item, current_user),
        events=audit.events_of(item),
        is_full=current_user.may(Permission.MEMBER_PRINT_FULL, item.unit),
        VOID=LetterState.VOID,
    )


@bp.post("/<int:id>/print")
@renders
@needs(Permission.STANDING_READ)
def paper(id: int) -> ResponseReturnValue:
    """Print the letter in its three parts."""
    try:
        content = service.print_letter(
            current_user._get_current_object(), id, with_boxes="with_boxes" in request.form
        )  # fmt: skip
    except MissingGlyphs as error:
        return render_template("standing/letters/missing.html", item=service.find(current_user, id), error=error), 422
    headers = {"Content-Disposition": 'inline; filename="letter.pdf"'}
    return Response(content, mimetype="application/pdf", headers=headers)


@bp.route("/<int:id>/receive", methods=["GET", "POST"])
@needs(Permission.STANDING_DECIDE)
def receive(id: int) -> ResponseReturnValue:
    """Enter the day of the receipt."""
    item = service.find(current_user, id)
    step = LETTERS.step("receive")
    if request.method == "GET" and step not in LETTERS.open_steps(item, current_user):
        flash("这份介绍信现在不能登记回执，请看办理记录", "warning")
        return redirect(url_for(".detail", id=id))
    form = ReceiptForm(data={"received_on": today()})
    if request.method == "POST":
        try:
            LETTERS.fire(item, "receive", current_user, received_on=form.values()["received_on"])
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已登记回执", "success")
            return redirect(url_for(".detail", id=id))
    return render_template("standing/letters/receive.html", item=item, form=form), form.status
