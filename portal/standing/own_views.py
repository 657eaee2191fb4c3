"""The page on which a member asks for a change of her own membership."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import renders
from portal.members import service as members
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import herself, rules, service
from .forms import own_facts, own_form
from .views import given_in, scan_in
from .workflow import STANDING

bp = Blueprint("my_standing", __name__, url_prefix="/standing/mine")


@bp.route("/", methods=["GET", "POST"])
@renders
@needs(Permission.SIGNED_IN)
def index() -> ResponseReturnValue:
    """Show a member what she has asked for and what she may ask for; with `kind`, its form."""
    kind = next((one for one in rules.BY_HERSELF if one == request.values.get("kind")), None)
    form = own_form(kind, data={"on": today()}) if kind is not None else None
    if form is not None and kind is not None and request.method == "POST" and members.own(current_user) is not None:
        try:
            given = given_in(form)
            herself.submit(
                current_user._get_current_object(), kind, given.pop("on", None), given, scan=scan_in(form),
                scan_name=form.text("paper_name"),
            )  # fmt: skip
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已提交，结果会用站内信告诉您", "success")
            return redirect(url_for(".index"))
    member = members.own(current_user)
    if member is None:
        return render_template("members/no_record.html")
    page = render_template(
        "standing/mine.html",
        member=member,
        wishes=herself.wishes(member),
        take_back=STANDING.step("take_back"),
        is_open=service.open_of(member) is not None,
        ways=herself.ways_of(member),
        kind=kind,
        form=form,
        facts=own_facts(kind) if kind is not None else (),
        posts=service.held_posts(member),
    )
    return page, form.status if form is not None else 200


@bp.post("/take-back")
@needs(Permission.SIGNED_IN)
def take_back() -> ResponseReturnValue:
    """Take back what one has asked for oneself."""
    herself.take_back(current_user)
    flash("已撤回", "success")
    return redirect(url_for(".index"))
