"""The pages of wordings: the list, one of them, and the form that writes one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.errors import DomainError
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import blanks, service
from .forms import CutForm, WordingForm
from .models import Wording, WordingState
from .shipped import SHIPPED
from .workflow import WORDINGS

bp = Blueprint("wordings", __name__, url_prefix="/messaging/wordings")

SEE_OTHER = 303
TONES = {WordingState.APPROVED: "success", WordingState.ASKED: "info", WordingState.RETURNED: "danger"}


@bp.get("/")
@needs(Permission.MESSAGE_SEND)
def index() -> ResponseReturnValue:
    """List the wordings of the house and of this person's units."""
    state = request.args.get("state", "")
    return render_template(
        "messaging/wordings/index.html",
        shipped=SHIPPED.values(),
        wordings=service.kept(current_user, state),
        form=CutForm(formdata=None, data={"state": state}),
        is_cut=bool(state),
        tones=TONES,
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MESSAGE_SEND)
def new() -> ResponseReturnValue:
    """Write a wording, or a copy of one of the house's."""
    source = SHIPPED.get(request.args.get("of", ""))
    data = {"name": source.name, "words": source.text, "typed": "、".join(source.typed_names)} if source else {}
    return _form(WordingForm(data=data), None)


@bp.route("/<int:id>/edit", methods=["GET", "POST"])
@needs(Permission.MESSAGE_SEND)
def edit(id: int) -> ResponseReturnValue:
    """Rewrite a wording."""
    item = service.find(current_user, id)
    data = {
        "name": item.name, "words": item.text, "typed": "、".join(item.typed_names), "template_no": item.template_no,
        "unit": item.unit.code,
    }  # fmt: skip
    return _form(WordingForm(data=data), item)


def _form(form: WordingForm, item: Wording | None) -> ResponseReturnValue:
    units = {unit.code: unit for unit in ([item.unit] if item else service.places(current_user))}
    form.unit.choices = [(code, unit.name) for code, unit in units.items()]
    if form.validate_on_submit():
        wanted = service.Wanted(
            form.text("name"), form.text("words"), form.text("typed"), form.text("template_no"),
            units.get(form.text("unit")),
        )  # fmt: skip
        try:
            if item is None:
                item = service.write(current_user, wanted)
            else:
                service.rewrite(current_user, item, wanted)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已保存模板“{item.name}”", "success")
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    page = render_template("messaging/wordings/form.html", form=form, item=item, fields=list(blanks.fields()))
    return page, form.status


@bp.get("/<int:id>")
@needs(Permission.MESSAGE_SEND)
def detail(id: int) -> ResponseReturnValue:
    """Show a wording with what may be done with it."""
    item = service.find(current_user, id)
    return render_template(
        "messaging/wordings/detail.html",
        item=item,
        steps=WORDINGS.open_steps(item, current_user),
        may_edit=service.may_edit(current_user, item),
        events=audit.events_of(item),
        tones=TONES,
    )
