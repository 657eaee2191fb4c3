"""The pages of groups: the list, a new one, one of them with its people and why they are in it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.errors import Absent, DomainError
from portal.core.web import numbered_page
from portal.org.guards import needs
from portal.org.permissions import Permission
from portal.query import selections
from portal.query.models import Selection

from . import resolving, service
from .forms import GroupForm, SeekForm

bp = Blueprint("groups", __name__, url_prefix="/messaging/groups")

SEE_OTHER = 303


def _page() -> int:
    return max(1, request.args.get("page", 1, type=int))


@bp.get("/")
@needs(Permission.MESSAGE_SEND)
def index() -> ResponseReturnValue:
    """List the groups that this person may send to."""
    return render_template(
        "messaging/groups/index.html",
        built_ins=resolving.BUILT_INS.values(),
        groups=[(one, resolving.question_in_words(current_user, one)) for one in resolving.usable(current_user)],
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MESSAGE_SEND)
def new() -> ResponseReturnValue:
    """Make a group: of a definition, of nobody yet, or of whom a query has selected."""
    selection = _selection()
    form = GroupForm()
    units = {unit.code: unit for unit in service.places(current_user)}
    form.unit.choices = [(code, unit.name) for code, unit in units.items()]
    people = f"固定名单：选定的 {selection.number} 人" if selection else "固定名单：建好后一个一个添加"
    form.source.choices = [(service.PEOPLE, people)]
    if selection and service.question_behind(current_user, selection) is not None:
        form.source.choices.insert(0, (service.CONDITIONS, "按这次查询的条件，每次发送时重新查询"))
    if not selection:
        form.source.choices += service.sources(current_user)
    if form.validate_on_submit():
        wanted = service.Wanted(
            form.text("name"), units.get(form.text("unit")), bool(form.is_shared.data), form.text("source")
        )
        try:
            group = service.make(current_user, wanted, selection)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已建立分组“{group.name}”", "success")
            return redirect(url_for(".detail", id=group.id), SEE_OTHER)
    return render_template("messaging/groups/new.html", form=form, selection=selection), form.status


def _selection() -> Selection | None:
    token = request.args.get("selection", "")
    return selections.find(current_user, token) if token else None


@bp.get("/<int:id>")
@needs(Permission.MESSAGE_SEND)
def detail(id: int) -> ResponseReturnValue:
    """Show who is in a group now, and why."""
    group = service.find(current_user, id)
    found = resolving.of_group(current_user, group)
    q = request.args.get("q", "").strip()[:10]
    return render_template(
        "messaging/groups/detail.html",
        name=group.name,
        note=resolving.question_in_words(current_user, group) or "固定名单",
        group=group,
        found=found,
        ref=resolving.ref_of(group),
        rows=service.rows(current_user, group, found, _page()),
        out=service.taken_out(current_user, group),
        may_change=service.may_change(current_user, group),
        seek=SeekForm(formdata=None, data={"q": q}),
        candidates=service.candidates(current_user, q),
        q=q,
        page=numbered_page(".detail", total=len(found.people), number=_page(), per_page=service.PER_PAGE, id=id),
        events=audit.events_of(group),
    )


@bp.get("/built-in/<name>")
@needs(Permission.MESSAGE_SEND)
def built_in(name: str) -> ResponseReturnValue:
    """Show who is in a group that every union has."""
    if name not in resolving.BUILT_INS:
        raise Absent
    group = resolving.BUILT_INS[name]
    found = resolving.of_built_in(current_user, group)
    return render_template(
        "messaging/groups/detail.html",
        name=group.name,
        note=group.note,
        group=None,
        found=found,
        ref=group.ref,
        rows=service.rows(current_user, None, found, _page()),
        out=[],
        may_change=False,
        candidates=[],
        q="",
        page=numbered_page(".built_in", total=len(found.people), number=_page(), per_page=service.PER_PAGE, name=name),
        events=[],
    )


@bp.post("/<int:id>/put")
@needs(Permission.MESSAGE_SEND)
def put(id: int) -> ResponseReturnValue:
    """Add somebody by hand, or take her out."""
    group = service.kept(current_user, id)
    service.put(
        current_user, group, request.form.get("member", 0, type=int), is_out=request.form.get("act") == "out"
    )  # fmt: skip
    flash("已调整分组的人员", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/drop")
@needs(Permission.MESSAGE_SEND)
def drop(id: int) -> ResponseReturnValue:
    """Undo what was done by hand about somebody."""
    service.drop(current_user, service.kept(current_user, id), request.form.get("person", 0, type=int))
    flash("已撤销手工调整", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/withdraw")
@needs(Permission.MESSAGE_SEND)
def withdraw(id: int) -> ResponseReturnValue:
    """Take a group out of the lists."""
    group = service.kept(current_user, id)
    service.withdraw(current_user, group)
    flash(f"已停用分组“{group.name}”", "success")
    return redirect(url_for(".index"), SEE_OTHER)
