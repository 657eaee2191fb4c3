"""The pages of the administrator."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import settings as lines
from portal.core.errors import DomainError
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import checks, service
from .checks import House
from .forms import settings_form

bp = Blueprint("system", __name__, url_prefix="/system")

SEE_OTHER = 303


@bp.get("/health")
@needs(Permission.SYSTEM)
def health() -> ResponseReturnValue:
    """Show what the checks of the doctor find, but for the slow ones."""
    house = House(current_app.config["SETTINGS"], current_app.extensions["waiting"])
    return render_template("system/health.html", findings=checks.findings(house))


@bp.route("/settings", methods=["GET", "POST"])
@needs(Permission.SYSTEM)
def settings() -> ResponseReturnValue:
    """Show what the union may change by itself, and what stands in the environment; change the former."""
    config = current_app.config
    declared = lines.declared(str(config["PROFILE"]))
    names = [line.name for line in declared]
    form = settings_form(declared)(data={name: lines.value(name) for name in names} | {"seen": lines.mark(names)})
    if form.is_submitted():
        try:
            form.validate()
            typed: dict[str, object] = {name: form.text(name) for name in names}
            changed = lines.change(current_user, typed, seen=form.seen.data or "")
        except DomainError as error:
            form.refuse(error)
        else:
            flash(f"已保存：{'、'.join(changed)}" if changed else "没有改动", "success" if changed else "info")
            return redirect(url_for(".settings"), SEE_OTHER)
    page = render_template(
        "system/settings.html",
        form=form,
        headings=sorted({line.heading for line in declared}, key=lines.HEADINGS.index),
        lines=declared,
        changes=lines.changes(),
        shown=lines.shown,
        facts=service.installation(config["SETTINGS"]),
    )
    return page, form.status
