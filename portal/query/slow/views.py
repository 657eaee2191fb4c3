"""The pages of slow questions: send one to the clock, watch it, go on with whom it has found."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import Conflict, DomainError
from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import asking, keeping, listing, showing, tasks
from portal.query.addresses import Here
from portal.query.asking import Asked
from portal.query.conditions import QueryError

from . import service
from .models import SlowState

bp = Blueprint("slow", __name__, url_prefix="/query/slow")

SEE_OTHER = 303
TONES = {SlowState.DONE: "success", SlowState.FAILED: "danger", SlowState.RUNNING: "info", SlowState.QUEUED: "info"}


@bp.get("/")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """List the person's slow questions."""
    return render_template("query/slow/index.html", items=service.own(current_user), tones=TONES)


@bp.post("/")
@needs(Permission.MEMBER_READ)
def start() -> ResponseReturnValue:
    """Let the clock ask the question of a page that was too slow for it."""
    here = Here.read(request.form)
    node = keeping.node_of(current_user, here.q) if here.q else showing.DEFAULT
    item = service.ask(current_user, node, Asked(node, here.day()), sort=here.order(current_user), columns=here.shown)
    return redirect(url_for(".detail", id=item.id), SEE_OTHER)


@bp.get("/<int:id>")
@needs(Permission.MEMBER_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show how far a question is, and whom it has found; the page asks again by itself while it is under way."""
    item = service.find(current_user, id)
    number = max(1, min(request.args.get("page", 1, type=int), 100_000))
    answer, refusal, status = None, "", 200
    try:
        answer = service.answer(current_user, item, page=number)
    except QueryError as error:
        refusal, status = error.message, error.status
    total = answer.total if answer else 0
    page = render_template(
        "query/slow/detail.html",
        item=item,
        reading=service.reading(current_user, item),
        answer=answer,
        refusal=refusal,
        page=numbered_page(".detail", total=total, number=number, per_page=asking.PER_PAGE, id=id),
        tasks=tasks.open_to(current_user),
        tones=TONES,
        states=SlowState,
        unbroken=listing.UNBROKEN,
    )
    return page, status, {"Refresh": "3"} if item.is_live else {}


@bp.post("/<int:id>/task")
@needs(Permission.MEMBER_READ)
def task(id: int) -> ResponseReturnValue:
    """Go to the page of a task with all whom the question has found."""
    answer = service.answer(current_user, service.find(current_user, id))
    if answer is None:
        raise Conflict("这个后台查询没有结果可以办理，请刷新后查看")
    wanted = next((one for one in tasks.open_to(current_user) if one.endpoint == request.form.get("task")), None)
    if wanted is None:
        raise DomainError("请先选择要办理的事项，再点“办理”")
    return redirect(url_for(wanted.endpoint, selection=answer.token), SEE_OTHER)


@bp.post("/<int:id>/cancel")
@needs(Permission.MEMBER_READ)
def cancel(id: int) -> ResponseReturnValue:
    """Give up a question."""
    service.cancel(current_user, id)
    flash("已取消后台查询", "success")
    return redirect(url_for(".index"), SEE_OTHER)
