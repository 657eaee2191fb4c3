"""The pages of the manual, and the way to the right place in it."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import Absent
from portal.org.guards import needs, public
from portal.org.permissions import Permission

from . import manual

bp = Blueprint("help", __name__, url_prefix="/help")


def _profile() -> str:
    return str(current_app.config["PROFILE"])


def _roles() -> list[str]:
    """Return the roles that this person holds now, as the addresses of the manual name them."""
    if not current_user.is_authenticated:
        return []
    known = manual.parts(_profile())
    held = (grant.role.value for grant in current_user.live_grants)
    return [role for role in dict.fromkeys(held) if role in known]


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    """List the parts of the manual; who has not signed in reads that of the members."""
    profile, mine = _profile(), [*_roles(), manual.MEMBER]
    titles = manual.parts(profile)
    shown = sorted(titles, key=lambda part: part not in mine) if current_user.is_authenticated else [manual.MEMBER]
    chapters = [(part, titles[part], part in mine, manual.tasks_of(part, profile)) for part in shown]
    return render_template("help/index.html", chapters=chapters)


@bp.get("/member")
@public
def member() -> ResponseReturnValue:
    """Show the part of the members, which applicants need before they can sign in."""
    return _part(manual.MEMBER)


@bp.get("/<role>")
@needs(Permission.SIGNED_IN)
def role(role: str) -> ResponseReturnValue:
    """Show the part of one role: every task in numbered steps."""
    return _part(role)


def _part(part: str) -> ResponseReturnValue:
    profile = _profile()
    title = manual.parts(profile).get(part)
    if title is None:
        raise Absent
    tasks = manual.tasks_of(part, profile)
    return render_template("help/part.html", part=part, title=title, tasks=tasks, is_city=profile == "city")


def _link(*, signed_in: bool = True) -> str:
    """Return the address of the section that fits this page; before signing in nothing asks who it is."""
    endpoint = request.endpoint or ""
    if endpoint.partition(".")[0] == bp.name:
        return ""
    part, task = manual.place_of(endpoint, _roles() if signed_in else [], _profile())
    where = url_for("help.member") if part == manual.MEMBER else url_for("help.role", role=part)
    return f"{where}#{task}" if task else where


bp.add_app_template_global(_link, "help_link")
