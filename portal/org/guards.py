"""Every route says `@needs(permission)` or `@public`; both wrap the view in the request's one commit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.db import apart, db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden, TooOften
from portal.core.web import View, transacted

from .models import User
from .permissions import Permission

# Where someone with a one-time password may still go.
BEFORE_OWN_PASSWORD = frozenset({"org.password", "org.logout"})


PUBLIC = "public"


def say_permission(view: Any, permission: str) -> None:
    """Write on a view what it asks for; for Flask's own static files too, which have no decorator of ours."""
    view._permission = str(permission)


def permission_of(view: Any) -> str:
    """Return what a view asks for: a permission, `signed-in` or `public`."""
    return str(view._permission)


def needs(permission: Permission) -> Callable[[View], View]:
    """Guard a route: signed in, with an own password, and with a live grant of `permission` somewhere.

    Which rows the person may see is the query's business (`scoped`, `fetch`).
    """

    def decorate(view: View) -> View:
        inner = transacted(view, _trace_refusal)

        @functools.wraps(view)
        def guarded(**arguments: Any) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                db.session.rollback()  # the look for a session has ended
                return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]  # set by Flask-Login
            if current_user.must_change_password and request.endpoint not in BEFORE_OWN_PASSWORD:
                db.session.rollback()
                return redirect(url_for("org.password"))
            if not current_user.holds(permission):
                db.session.rollback()
                error = Forbidden("您的账号没有这项权限，如需办理请联系校工会")
                _trace_refusal(error)
                raise error
            audit.speak_as(current_user, current_user.label_for(permission))
            return inner(**arguments)

        say_permission(guarded, permission)
        return guarded

    return decorate


def public(view: View) -> View:
    """Open a route to everyone."""
    wrapped = transacted(view, _trace_refusal)
    say_permission(wrapped, PUBLIC)
    return wrapped


def _trace_refusal(error: DomainError) -> None:
    """Leave a trace of a signed-in person's refused attempt; only route and row numbers, never what was typed."""
    if not isinstance(error, (Absent, Forbidden, Conflict, TooOften)):
        return
    is_somebody = current_user.is_authenticated
    db.session.rollback()  # on a public page nobody has asked before who it is
    if not is_somebody:
        return
    numbers = {name: number for name, number in (request.view_args or {}).items() if isinstance(number, int)}
    with apart():
        user = db.session.get_one(User, int(current_user.id))
        audit.record(
            user,
            "access.refuse",
            user,
            reason=error.message,
            details={"endpoint": request.endpoint, "method": request.method, **numbers},
        )
