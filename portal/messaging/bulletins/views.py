"""The pages of those who publish: the list, the form, and one bulletin with who has not read it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.errors import DomainError
from portal.core.web import numbered_page
from portal.messaging.groups import resolving
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import files, service
from .forms import BulletinForm
from .models import Bulletin, BulletinState
from .workflow import BULLETINS

bp = Blueprint("bulletins", __name__, url_prefix="/messaging/bulletins")

SEE_OTHER = 303
TONES = {BulletinState.PUBLISHED: "success", BulletinState.WITHDRAWN: "danger"}


def _page() -> int:
    return max(1, request.args.get("page", 1, type=int))


@bp.get("/")
@needs(Permission.MESSAGE_SEND)
def index() -> ResponseReturnValue:
    """List the bulletins of this person's units."""
    found, total = service.page_of(current_user, _page())
    return render_template(
        "messaging/bulletins/index.html",
        bulletins=found,
        counts=service.counts(found),
        page=numbered_page(".index", total=total, number=_page(), per_page=service.PER_PAGE),
        tones=TONES,
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MESSAGE_SEND)
def new() -> ResponseReturnValue:
    """Write a bulletin."""
    return _form(BulletinForm(), None)


@bp.route("/<int:id>/edit", methods=["GET", "POST"])
@needs(Permission.MESSAGE_SEND)
def edit(id: int) -> ResponseReturnValue:
    """Rewrite a draft."""
    item = service.find(current_user, id)
    return _form(BulletinForm(data={"title": item.title, "body": item.body, "groups": item.groups}), item)


def _form(form: BulletinForm, item: Bulletin | None) -> ResponseReturnValue:
    units = {unit.code: unit for unit in ([item.unit] if item else service.places(current_user))}
    form.unit.choices = [(code, unit.name) for code, unit in units.items()]
    form.groups.choices = [(one.ref, f"{one.name}（{one.note}）") for one in resolving.offers(current_user)]
    form.dropped.choices = [(one.id, one.name) for one in item.files] if item else []
    if form.validate_on_submit():
        try:
            wanted = service.Wanted(
                form.text("title"), form.text("body"), form.groups.data or (), units.get(form.text("unit")),
                [files.read(one.stream, one.filename) for one in request.files.getlist("files") if one.filename],
                form.dropped.data or (),
            )  # fmt: skip
            if item is None:
                item = service.write(current_user, wanted)
            else:
                service.rewrite(current_user, item, wanted)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已保存“{item.title}”，核对后点“发布”", "success")
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    return render_template("messaging/bulletins/form.html", form=form, item=item), form.status


@bp.get("/<int:id>")
@needs(Permission.MESSAGE_SEND)
def detail(id: int) -> ResponseReturnValue:
    """Show a bulletin with who has not read it."""
    item = service.find(current_user, id)
    silent, total = service.unread(current_user, item, _page())
    return render_template(
        "messaging/bulletins/detail.html",
        item=item,
        counts=service.counts([item])[item.id],
        silent=silent,
        page=numbered_page(".detail", total=total, number=_page(), per_page=service.PER_PAGE, id=id),
        steps=BULLETINS.open_steps(item, current_user),
        is_draft=item.state is BulletinState.DRAFT,
        is_published=item.state is BulletinState.PUBLISHED,
        events=audit.events_of(item),
        tones=TONES,
    )


@bp.post("/<int:id>/remind")
@needs(Permission.MESSAGE_SEND)
def remind(id: int) -> ResponseReturnValue:
    """Tell who has not read it once more."""
    count = service.remind(current_user, service.find(current_user, id))
    flash(f"已用站内信提醒 {count} 人", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)
