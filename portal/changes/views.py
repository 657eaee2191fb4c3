"""The pages of change requests: the list, one of them, asking for one, agreeing to one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import numbered_page, numbers_in, scan_shown
from portal.members import service as members
from portal.members import sight
from portal.members.catalogue import FIELD
from portal.members.models import Member
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import many as several
from . import service
from .forms import DecideForm, FilterForm, ManyForm, ask_form
from .models import ChangeRequest
from .objections import service as objections
from .workflow import CHANGES, has_moved

bp = Blueprint("changes", __name__, url_prefix="/changes")

SEE_OTHER = 303


# --- lists ------------------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.CHANGE_AGREE)
def index() -> ResponseReturnValue:
    """List the requests in scope; what waits for the actor, unless another state is chosen."""
    state = request.args.get("state", service.TODO)
    number = max(1, request.args.get("page", 1, type=int))
    rows, total = service.requests(current_user, state=state, page=number)
    here = {"state": state} if state != service.TODO else {}
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE, **here)
    form = FilterForm(formdata=None, data={"state": state})
    movable = {item.id for item in rows if item.is_open and several.next_step(item, current_user)}
    return render_template(
        "changes/index.html",
        rows=rows,
        page=page,
        form=form,
        is_todo=not here,
        movable=movable,
        ticked="ticked" in request.args,
        state_chosen=state,
        objected=objections.waiting_count(current_user),
    )


@bp.get("/mine")
@needs(Permission.SIGNED_IN)
def mine() -> ResponseReturnValue:
    """List what one has asked for oneself."""
    return render_template(
        "changes/mine.html",
        rows=service.own_requests(current_user),
        member=members.own(current_user),
        edits=objections.objectionable(current_user),
        objections=objections.own_objections(current_user),
        days=objections.DAYS,
    )


@bp.route("/many", methods=["GET", "POST"])
@needs(Permission.CHANGE_AGREE)
def many() -> ResponseReturnValue:
    """Ask for one day and document, and agree to all that were ticked."""
    texts = request.form.get("ids", "").split(",") if request.method == "POST" else request.args.getlist("id")
    ids = numbers_in(texts)
    form: Any = ManyForm(data={"on": today()})
    if form.validate_on_submit():
        try:
            done, left = several.take(current_user, ids, comment=form.text("comment"), **form.values())
        except DomainError as error:
            form.refuse(error)
        else:
            return render_template("changes/many_done.html", done=done, left=left)
    items = several.chosen(current_user, ids)
    if request.method == "GET" and not items:
        flash(several.NOBODY, "warning")
        return redirect(url_for(".index"))
    return render_template("changes/many.html", items=items, form=form), form.status


# --- asking -----------------------------------------------------------------------------------------------------------


@bp.route("/new/<int:member_id>", methods=["GET", "POST"])
@needs(Permission.SIGNED_IN)
def new(member_id: int) -> ResponseReturnValue:
    """Choose fields, say what they are to be, and send it to whoever decides."""
    member = service.find_member(current_user, member_id)
    offered = service.askable(current_user, member)
    names = tuple(field.name for field in offered if field.name in request.args.getlist("f"))
    if not names:
        return render_template("changes/choose.html", member=member, offered=offered, is_own=_is_hers(member))
    filled = {name: getattr(member, FIELD[name].column_name) for name in names if not sight.is_secret(FIELD[name])}
    form: Any = ask_form(names)(data=filled)
    if form.is_submitted():
        try:
            _keep_evidence(form)
            values = form.values([FIELD[name] for name in names])
            member = service.find_member(current_user, member_id)
            filed = service.ask(
                current_user._get_current_object(),
                member,
                values,
                why=form.text("why"),
                evidence=form.text("evidence_kept"),
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已提交 {len(filed)} 项申请", "success")
            if _is_hers(member):
                return redirect(url_for(".mine"), SEE_OTHER)
            return redirect(url_for("members.detail", id=member_id), SEE_OTHER)
    page = render_template(
        "changes/ask.html",
        member=service.find_member(current_user, member_id),
        form=form,
        names=names,
        needs_proof=service.needs_proof(names),
        is_own=_is_hers(member),
    )
    return page, form.status


def _is_hers(member: Member) -> bool:
    return bool(member.user_id == current_user.id)


def _keep_evidence(form: Any) -> None:
    """Keep the file at once, so that a refusal does not lose it. Raises DomainError."""
    if form.evidence.data:
        form.evidence_kept.data = service.keep_scan(current_user._get_current_object(), form.evidence.data.stream)


# --- one of them ------------------------------------------------------------------------------------------------------


@bp.get("/<int:id>")
@needs(Permission.SIGNED_IN)
def detail(id: int) -> ResponseReturnValue:
    """Show one request: what was, what is asked, what is now; to who may decide, and to herself."""
    item = service.find(current_user, id)
    is_own = service.is_own(current_user, item)
    return render_template(
        "changes/detail.html",
        item=item,
        lines=_lines(item),
        moved=item.is_open and has_moved(item, item.member),
        is_own=is_own,
        steps=[] if is_own else CHANGES.open_steps(item, current_user),
        events=audit.events_of(item),
    )


def _lines(item: ChangeRequest) -> list[tuple[str, str, str, str]]:
    """Return (label, before, asked, now) of every field, as much of each as the actor may read."""
    old, asked, found = item.old, item.asked, []
    for name, value in asked.items():
        field = FIELD[name]
        seen = sight.can_see(current_user._get_current_object(), field, item.member)
        raw = sight.raw_value(item.member, name)
        before, wanted, now = (sight.shown(field, one, seen) for one in (old[name], value, raw))
        found.append((field.label, before, wanted, now))
    return found


@bp.post("/<int:id>/evidence")
@needs(Permission.SIGNED_IN)
def evidence(id: int) -> ResponseReturnValue:
    """Give the paper that proves it, a picture in the page, a PDF as a file; who looks leaves a trace."""
    return scan_shown(*service.evidence_of(current_user, id), f"change-{id}")


@bp.post("/<int:id>/cancel")
@needs(Permission.SIGNED_IN)
def cancel(id: int) -> ResponseReturnValue:
    """Take back what one has asked for."""
    service.cancel(current_user, id)
    flash("已撤回", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


# --- deciding ---------------------------------------------------------------------------------------------------------


@bp.route("/<int:id>/agree", methods=["GET", "POST"])
@needs(Permission.CHANGE_AGREE)
def agree(id: int) -> ResponseReturnValue:
    """Ask from which day it holds, and change the record by the branch's word."""
    return _decide(id, "agree")


@bp.route("/<int:id>/approve", methods=["GET", "POST"])
@needs(Permission.CHANGE_DECIDE)
def approve(id: int) -> ResponseReturnValue:
    """Ask from which day it holds, and change the record by the union's word."""
    return _decide(id, "approve")


@bp.route("/<int:id>/confirm", methods=["GET", "POST"])
@needs(Permission.CHANGE_DECIDE)
def confirm(id: int) -> ResponseReturnValue:
    """Let a second person of the union agree too, and change the record."""
    return _decide(id, "confirm")


def _decide(item_id: int, action: str) -> ResponseReturnValue:
    item = CHANGES.fetch(current_user, item_id)
    step = CHANGES.step(action)
    if request.method == "GET" and step not in CHANGES.open_steps(item, current_user):
        flash(f"这份申请现在不能{step.label}，请看办理记录", "warning")
        return redirect(url_for(".detail", id=item.id))
    form: Any = DecideForm(data={"on": today()})
    if form.validate_on_submit():
        seen = form.text("seen_version")
        try:
            CHANGES.fire(
                item,
                action,
                current_user,
                comment=form.text("comment"),
                has_seen=bool(form.has_seen.data),
                seen_version=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else 0,
                **form.values(),
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已{step.label}，会员信息已修改", "success")
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    form.seen_version.data = str(members.mark_of(item.member))
    page = render_template(
        "changes/decide.html",
        item=item,
        step=step,
        form=form,
        lines=_lines(item),
        moved=has_moved(item, item.member),
    )
    return page, form.status
