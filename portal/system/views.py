"""The pages of the administrator."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit, clock, runs
from portal.core import settings as lines
from portal.core.errors import Absent, DomainError
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import checks, running, service
from . import trace as events
from .forms import TraceFilterForm, settings_form
from .premises import House

bp = Blueprint("system", __name__, url_prefix="/system")

SEE_OTHER = 303


@bp.get("/trace")
@needs(Permission.AUDIT_READ)
def trace() -> ResponseReturnValue:
    """Search the trace; what is looked for stands in the address."""
    form = TraceFilterForm(formdata=request.args)
    form.act.choices = [("", "全部"), *audit.acts(current_app.config["PROFILE"])]
    words: dict[str, Any] = {
        name: form.text(name).strip() for name in ("actor", "act", "subject", "unit", "item", "batch")
    }
    page = events.Page([], "0", has_older=False)
    try:
        days: dict[str, Any] = form.values()
        page = events.page(current_user, events.Filters(**days, **words), before=request.args.get("before", type=int))
    except DomainError as error:
        form.refuse(error)
    given: dict[str, Any] = {
        name: word for name, word in request.args.items() if word and name not in ("before", "page")
    }
    number = max(1, request.args.get("page", 1, type=int))
    body = render_template(
        "system/trace.html",
        form=form,
        rows=page.rows,
        given=given,
        page={
            "total": page.total,
            "number": number,
            "first_url": url_for(".trace", **given),
            "prev_url": url_for(".trace", **given) if request.args.get("before") else None,
            "next_url": url_for(".trace", **given, before=page.rows[-1].id, page=number + 1)
            if page.has_older
            else None,
        },
    )
    return body, form.status


@bp.get("/trace/<int:id>")
@needs(Permission.AUDIT_READ)
def event(id: int) -> ResponseReturnValue:
    """Show one event whole."""
    found = events.find(current_user, id)
    return render_template("system/event.html", event=found, told=events.told(found))


@bp.get("/health")
@needs(Permission.SYSTEM)
def health() -> ResponseReturnValue:
    """Show what the checks of the doctor find, but for the slow ones."""
    return render_template("system/health.html", findings=checks.findings(_house()))


@bp.get("/jobs")
@needs(Permission.SYSTEM)
def jobs() -> ResponseReturnValue:
    """Show what works in the background, and what failed."""
    return render_template("system/jobs.html", running=running.seen(_house()), tones=running.TONES)


@bp.post("/jobs/<name>/retry")
@needs(Permission.SYSTEM)
def retry(name: str) -> ResponseReturnValue:
    """Ask the clock to do again a timed job that failed."""
    if name not in (job.name for job in _house().jobs):
        raise Absent
    run = runs.ask(current_user, name)
    clock.wake()
    flash(f"已安排重新运行“{run.label}”，几秒后刷新看结果", "success")
    return redirect(url_for(".jobs"), SEE_OTHER)


def _house() -> House:
    extensions = current_app.extensions
    return House(current_app.config["SETTINGS"], extensions["queues"], extensions["jobs"])


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
