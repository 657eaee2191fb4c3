"""The page on which a member sets her password by herself, and the slip that the branch prints for her."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.core.web import limiter, renders
from portal.members.models import Member
from portal.org.guards import needs, public
from portal.org.permissions import Permission

from . import service
from .forms import ActivateForm

bp = Blueprint("activation", __name__)

GUESSES = "20 per minute; 200 per hour"  # an office shares one address


@bp.app_template_global()
def may_slip(member: Member) -> bool:
    """Whether the sheet shows the button."""
    return service.may_slip(current_user, member)


@bp.route("/activate", methods=["GET", "POST"])
@renders
@limiter.limit(GUESSES, methods=["POST"])
@public
def activate() -> ResponseReturnValue:
    """Set the password of someone who proves who she is."""
    form = ActivateForm()
    if form.validate_on_submit():
        claim = service.Claim(form.text("who"), form.text("id_number"), form.text("mobile"))
        try:
            username = service.activate(claim, form.text("new"), form.text("again"))
        except DomainError as error:
            form.refuse(error)
        else:
            flash(f"密码已设置，请用用户名 {username} 登录", "success")
            return redirect(url_for("org.login"))
    return render_template("activation/activate.html", form=form), form.status


@bp.post("/members/<int:id>/slip")
@renders
@needs(Permission.MEMBER_EDIT)
def slip(id: int) -> ResponseReturnValue:
    """Make a one-time password and show it once, to be printed."""
    return render_template("activation/slip.html", slip=service.slip(current_user, id), member_id=id)
