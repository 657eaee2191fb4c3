"""Flask-Login with our sessions: the cookie's user id is a session token."""

from __future__ import annotations

from flask import Flask
from flask_login import LoginManager, current_user

from . import sessions
from .models import User

login_manager = LoginManager()


def install(app: Flask) -> None:
    """Hang the sign-in on the app."""
    # a processor would read the user for an error page too, when the database may be what has failed
    login_manager.init_app(app, add_context_processor=False)
    app.jinja_env.globals["current_user"] = current_user
    login_manager.login_view = "org.login"
    login_manager.login_message = "请先登录"
    login_manager.session_protection = None  # the token alone counts; an office's address may change within a day


@login_manager.user_loader
def _user_of(token: str) -> User | None:
    row = sessions.find(token)
    if row is None:
        return None
    row.user.session_token = token
    return row.user
