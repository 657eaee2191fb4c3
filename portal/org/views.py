"""Sign in, sign out, change the password, see one's devices."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from portal.core.errors import DomainError
from portal.core.web import limiter, renders

from . import service, sessions
from .forms import LoginForm, PasswordForm
from .guards import needs, public
from .permissions import Permission

bp = Blueprint("org", __name__)


def _inside(target: str) -> str:
    """Return the path to go on to after signing in: only inside this portal.

    Browsers read a backslash as a slash and drop tabs and line breaks, so "/\\t/elsewhere" would lead outside.
    """
    is_plain = target.isprintable() and "\\" not in target
    return target if is_plain and target.startswith("/") and not target.startswith("//") else url_for("home.index")


@bp.route("/login", methods=["GET", "POST"])
@renders
@limiter.limit("30 per minute", methods=["POST"])
@public
def login() -> ResponseReturnValue:
    """Ask for user name and password; open a session."""
    form = LoginForm()
    if form.validate_on_submit():
        try:
            user = service.sign_in(
                form.text("username").strip(),
                form.text("password"),
                address=request.remote_addr or "",
                device=request.user_agent.string,
            )
        except DomainError as error:
            form.refuse(error)
        else:
            session.clear()  # nothing from before the sign-in is carried over
            login_user(user)
            return redirect(_inside(request.args.get("next", "")))
    return render_template("org/login.html", form=form), form.status


@bp.post("/logout")
@needs(Permission.SIGNED_IN)
def logout() -> ResponseReturnValue:
    """End this session."""
    service.sign_out(current_user)
    logout_user()
    session.clear()
    flash("您已安全退出", "success")
    return redirect(url_for(".login"))


@bp.route("/password", methods=["GET", "POST"])
@renders
@needs(Permission.SIGNED_IN)
def password() -> ResponseReturnValue:
    """Change one's own password; forced after a one-time password."""
    form = PasswordForm()
    forced = current_user.must_change_password
    if form.validate_on_submit():
        try:
            service.change_password(current_user, form.text("current"), form.text("new"), form.text("again"))
        except DomainError as error:
            form.refuse(error)
        else:
            flash("密码已修改，其他设备已退出登录", "success")
            return redirect(url_for("home.index"))
    return render_template("org/password.html", form=form, forced=forced), form.status


@bp.get("/devices")
@needs(Permission.SIGNED_IN)
def devices() -> ResponseReturnValue:
    """Show where one is signed in."""
    rows = sessions.of(current_user)
    here = sessions.find(current_user.session_token)
    return render_template("org/devices.html", sessions=rows, here=here)


@bp.post("/devices/sign-out")
@needs(Permission.SIGNED_IN)
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of one's own, this one too."""
    service.sign_out_everywhere(current_user)
    logout_user()
    session.clear()
    flash("已在全部设备上退出登录", "success")
    return redirect(url_for(".login"))
