"""The pages of posts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import numbered_page, renders
from portal.members.enums import PostKind
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import service, succession, term
from .forms import EndForm, FilterForm, PostForm, TermForm

bp = Blueprint("posts", __name__, url_prefix="/posts")

REFUSED = (409, 422)


@bp.get("/")
@needs(Permission.POST_MANAGE)
def index() -> ResponseReturnValue:
    """List the posts within one's scope; the filters stand in the address."""
    form = FilterForm(request.args)
    form.term.choices = [("", "全部"), *((name, name) for name in service.terms(current_user))]
    wanted = {name: form.text(name) for name in ("kind", "term", "standing")}
    if "standing" not in request.args:
        form.standing.data = wanted["standing"] = service.Standing.PRESENT.value
    unit = None
    if form.text("unit").strip():
        try:
            unit = service.find_unit(current_user, form.text("unit"))
        except DomainError as error:
            form.refuse(error)
    number = max(request.args.get("page", 1, type=int), 1)
    rows, total = service.page_of(service.chosen(current_user, unit=unit, **wanted), number)
    here: dict[str, Any] = {**wanted, "unit": form.text("unit")}
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, **here)
    return render_template("handover/posts/index.html", form=form, rows=rows, page=page, today=today()), form.status


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.POST_MANAGE)
def new() -> ResponseReturnValue:
    """Give a member a post."""
    form = PostForm(data={"starts": today(), "with_office": True})
    if form.validate_on_submit():
        try:
            days, kind = form.values(), form.text("kind")
            if kind not in dict(PostKind.choices()):
                raise DomainError("请选择职务", field="kind")
            wanted = service.Wanted(
                service.find_member(current_user, form.text("member")),
                PostKind(kind),  # type: ignore[call-arg]  # by its value alone
                service.find_unit(current_user, form.text("unit")),
                form.text("title").strip(),
                form.text("term").strip(),
                days["starts"],
                days["ends"],
            )
            _, why = service.give(current_user, wanted, with_office=bool(form.with_office.data))
        except DomainError as error:
            if error.status not in REFUSED:
                raise
            form.refuse(error)
        else:
            flash(f"已登记{wanted.member.name}的职务" + (f"；{why}" if why else ""), "success")
            return redirect(url_for(".index", standing=""))
    return render_template("handover/posts/new.html", form=form), form.status


@bp.route("/<int:id>/end", methods=["GET", "POST"])
@needs(Permission.POST_MANAGE)
def end(id: int) -> ResponseReturnValue:
    """End a post, and the office that came with it."""
    post = service.fetch(current_user, id)
    form: Any = EndForm(data={"on": today()})
    if form.validate_on_submit():
        try:
            service.end(current_user, post, form.values()["on"])
        except DomainError as error:
            if error.status not in REFUSED:
                raise
            form.refuse(error)
        else:
            flash(f"已结束{post.member.name}的职务", "success")
            return redirect(url_for(".index"))
    page = render_template("handover/posts/end.html", form=form, post=post, came_with=service.grant_of(post))
    return page, form.status


@bp.route("/term", methods=["GET", "POST"])
@renders
@needs(Permission.POST_MANAGE)
def of_term() -> ResponseReturnValue:
    """Bring a whole term's officers: see what each line becomes and who hands over to whom, then write them all."""
    form = TermForm(data={"starts": today(), "ends_others": True, "hands_over": True})
    if not succession.may(current_user):
        del form.hands_over
    hands_over = bool(form.hands_over and form.hands_over.data)
    rows: list[term.Row] = []
    planned: list[succession.Succession] = []
    if form.validate_on_submit():
        days, lines = form.values(), form.text("lines")
        wanted = term.Term(form.text("term"), days["starts"], days["ends"], bool(form.ends_others.data))
        try:
            if request.form.get("act") == "write":
                return _written(wanted, term.write(current_user, lines, wanted, hands_over=hands_over))
            rows = term.preview(current_user, lines, wanted)
        except DomainError as error:
            if error.status not in REFUSED:
                raise
            form.refuse(error)
            if error.field == "lines" and lines.strip():
                rows = term.preview(current_user, lines, wanted) if len(lines.splitlines()) <= term.MOST else []
        if hands_over:
            planned = term.successions(current_user, rows, wanted)
    page = render_template(
        "handover/posts/term.html",
        form=form,
        rows=rows,
        may_write=bool(rows) and not any(row.sentence for row in rows),
        planned=planned,
        passing=[one for one in planned if not one.why],
    )
    return page, form.status


def _written(wanted: term.Term, written: term.Written) -> ResponseReturnValue:
    """Say what was written, and show what is printed once."""
    told = f"已登记{wanted.name}的 {written.posts} 项职务" + "".join(f"；{one}" for one in written.not_given)
    if not written.handed:
        flash(told, "success")
        return redirect(url_for(".index", standing="", term=wanted.name.strip()))
    told += f"；已安排 {written.handed} 人的交接"
    if written.slips:
        return render_template("handover/posts/slips.html", told=told, slips=written.slips, batch_id=written.batch_id)
    flash(told, "success")
    return redirect(url_for("handover.index", batch=written.batch_id))
