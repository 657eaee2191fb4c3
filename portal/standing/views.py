"""The pages of changes: the list, one with its steps, asking for one from the member's page, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.forms import PortalForm
from portal.core.web import numbered_page, numbers_in, renders, scan_shown
from portal.members import cases
from portal.members.models import Member
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import listing, rules, service
from .forms import FileNumberForm, FilterForm, TalkForm, ask_form, facts_of
from .letters import service as letters
from .models import ChangeKind, StandingChange
from .workflow import STANDING

bp = Blueprint("standing", __name__, url_prefix="/standing")

RETIRING = (ChangeKind.RETIRE, ChangeKind.RETIRE_VETERAN, ChangeKind.RESIGN)
LEAVING = (ChangeKind.LEAVE, ChangeKind.LEAVE_JOBLESS)


# --- the list ---------------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.STANDING_READ)
def index() -> ResponseReturnValue:
    """List changes: at first those that wait for this person."""
    given = request.args
    filters = listing.Filters(
        given.get("state") or listing.TODO, given.get("kind", ""), given.get("unit", ""), given.get("q", "").strip()
    )
    number = max(1, given.get("page", 1, type=int))
    rows, total = listing.listing(current_user, filters, number)
    here = {name: given[name] for name in ("state", "kind", "unit", "q") if given.get(name)}
    form = FilterForm(formdata=None, data=asdict(filters) | {"q": filters.name})
    form.state.choices = dict(listing.state_choices(current_user, filters))
    form.unit.choices = {"": "全部"} | dict(listing.unit_choices(current_user))
    return render_template(
        "standing/index.html",
        form=form,
        rows=rows,
        page=numbered_page(".index", total=total, number=number, per_page=listing.PER_PAGE, **here),
        agreeable=listing.agreeable(current_user, rows),
        is_cut=bool(set(here) - {"state"}) or filters.state != listing.TODO,
    )


@bp.get("/<int:id>")
@needs(Permission.STANDING_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one change with the buttons."""
    item = service.find(current_user, id)
    return render_template(
        "standing/detail.html",
        item=item,
        facts=[(rules.FACTS[name], item.data[name]) for name in rules.FACTS if item.data.get(name)],
        steps=STANDING.open_steps(item, current_user),
        others=[case for case in cases.cases_for(current_user, item.member) if case.id != item.id],
        posts=service.held_posts(item.member) if item.is_open else [],
        letters=letters.of_change(item),
        events=audit.events_of(item),
        K=ChangeKind,
    )


@bp.post("/papers/<int:id>")
@needs(Permission.STANDING_READ)
def paper(id: int) -> ResponseReturnValue:
    """Open a scan that came with a change: a picture in the page, a PDF as a file."""
    content, mimetype, row = service.paper_of(current_user, id)
    return scan_shown(content, mimetype, f"paper-{row.id}")


# --- asking -----------------------------------------------------------------------------------------------------------


@bp.route("/retire/<int:member_id>", methods=["GET", "POST"])
@renders
@needs(Permission.STANDING_ASK)
def retire(member_id: int) -> ResponseReturnValue:
    """Ask for a retirement."""
    return _ask(member_id, "办理退休", RETIRING)


@bp.route("/leave/<int:member_id>", methods=["GET", "POST"])
@renders
@needs(Permission.STANDING_ASK)
def leave(member_id: int) -> ResponseReturnValue:
    """Ask for a leaving: with a letter to another union, or without work."""
    return _ask(member_id, "办理离职/调离", LEAVING)


@bp.route("/other/<int:member_id>", methods=["GET", "POST"])
@renders
@needs(Permission.STANDING_ASK)
def other(member_id: int) -> ResponseReturnValue:
    """Choose what else is to happen to the membership, then ask for it."""
    member = service.member_for(current_user, member_id)
    kinds = service.kinds_for(current_user, member)
    chosen = next((kind for kind in kinds if kind == request.args.get("kind")), None)
    if chosen is None:
        return render_template("standing/choose.html", member=member, kinds=kinds, rules=rules.RULES)
    return _ask(member_id, f"办理{chosen.label}", (chosen,))


def _ask(member_id: int, title: str, kinds: Sequence[ChangeKind]) -> ResponseReturnValue:
    member = service.member_for(current_user, member_id)
    form = ask_form(kinds, data={"on": today(), "kind": kinds[0].value})
    if request.method == "POST":
        kind = ChangeKind(form.text("kind")) if "kind" in form and form.text("kind") in kinds else kinds[0]  # type: ignore[call-arg]  # by its value alone
        try:
            given = given_in(form)
            item = service.submit(
                current_user._get_current_object(),
                member_id,
                kind,
                given.pop("on", None),
                given,
                scan=scan_in(form),
                scan_name=form.text("paper_name"),
                at_once="agree" in request.form,
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已提交并同意" if "agree" in request.form else "已提交，等待校工会审批", "success")
            return redirect(url_for(".detail", id=item.id))
    member = service.member_for(current_user, member_id)
    may_agree = kinds[0] not in rules.BY_UNION and current_user.may(Permission.STANDING_DECIDE, member.unit)
    return _asking(form, member, title, kinds, may_agree=may_agree), form.status


def given_in(form: PortalForm) -> dict[str, Any]:
    """Return what was typed, days as days and facts as text. Raises Problems."""
    values = form.values()
    return {
        name: value.isoformat() if name != "on" and hasattr(value, "isoformat") else value
        for name, value in values.items()
    }


def scan_in(form: PortalForm) -> Any:
    """Return the stream of the scan that came with the form; None where there is none."""
    file = form["paper"].data
    return file.stream if file else None


def _asking(
    form: PortalForm,
    member: Member,
    title: str,
    kinds: Sequence[ChangeKind],
    *,
    may_agree: bool = False,
    item: StandingChange | None = None,
) -> str:
    return render_template(
        "standing/ask.html",
        form=form,
        member=member,
        title=title,
        facts=facts_of(kinds),
        others=[case for case in cases.cases_for(current_user, member) if item is None or case.id != item.id],
        posts=service.held_posts(member),
        line=rules.last_line(member) if {ChangeKind.CORRECT, ChangeKind.REDATE} & set(kinds) else None,
        may_agree=may_agree,
        item=item,
    )


@bp.route("/<int:id>/resubmit", methods=["GET", "POST"])
@renders
@needs(Permission.STANDING_ASK)
def resubmit(id: int) -> ResponseReturnValue:
    """Mend what was returned, and send it again."""
    item = service.find(current_user, id)
    step = STANDING.step("resubmit")
    if request.method == "GET" and step not in STANDING.open_steps(item, current_user):
        flash("这件会籍变动现在不能修改，请看办理记录", "warning")
        return redirect(url_for(".detail", id=item.id))
    form = ask_form((item.kind,), data={"on": item.effective_on} | rules.typed(item.data))
    if request.method == "POST":
        try:
            given = given_in(form)
            service.resubmit(
                current_user._get_current_object(),
                id,
                given.pop("on", None),
                given,
                scan=scan_in(form),
                scan_name=form.text("paper_name"),
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已重新提交", "success")
            return redirect(url_for(".detail", id=id))
    item = service.find(current_user, id)
    return _asking(form, item.member, f"修改后重新提交：{item.kind.label}", (item.kind,), item=item), form.status


@bp.route("/<int:id>/file-number", methods=["GET", "POST"])
@needs(Permission.STANDING_DECIDE)
def file_number(id: int) -> ResponseReturnValue:
    """Enter the number under which the upper union has filed an expulsion."""
    item = service.find(current_user, id)
    form = FileNumberForm(data={"filing_no": item.filing_no})
    if request.method == "POST":
        try:
            filing_no = str(form.values()["filing_no"])
            STANDING.fire(item, "file_number", current_user, filing_no=filing_no)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已登记上级备案号", "success")
            return redirect(url_for(".detail", id=id))
    return render_template("standing/file_number.html", item=item, form=form), form.status


@bp.route("/<int:id>/talk", methods=["GET", "POST"])
@needs(Permission.STANDING_ASK)
def talk(id: int) -> ResponseReturnValue:
    """Write down that the branch has talked to somebody who would give up her membership."""
    item = service.find(current_user, id)
    step = STANDING.step("talk")
    if request.method == "GET" and step not in STANDING.open_steps(item, current_user):
        flash("这件会籍变动现在不需要登记谈话，请看办理记录", "warning")
        return redirect(url_for(".detail", id=item.id))
    form = TalkForm(data={"talked_on": today()})
    if request.method == "POST":
        try:
            given = given_in(form)
            STANDING.fire(item, "talk", current_user, talked_on=given["talked_on"], note=given.get("note") or "")
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已登记谈话，等待校工会审批", "success")
            return redirect(url_for(".detail", id=id))
    return render_template("standing/talk.html", item=item, form=form), form.status


# --- many at once -----------------------------------------------------------------------------------------------------


@bp.route("/agree", methods=["GET", "POST"])
@needs(Permission.STANDING_DECIDE)
def agree() -> ResponseReturnValue:
    """Show whom one is about to agree to, or agree and tell what became of each."""
    texts = request.args.getlist("id") if request.method == "GET" else request.form.get("ids", "").split(",")
    ids = numbers_in(texts)
    form = PortalForm()
    if request.method == "POST" and form.validate():
        try:
            outcome = service.agree_many(current_user, ids, comment=request.form.get("comment", "")[:500])
        except DomainError as error:
            form.refuse(error)
        else:
            return render_template("standing/agreed.html", outcome=outcome)
    items = service.chosen(current_user, ids)
    if not items and request.method == "GET":
        flash(service.NOBODY, "warning")
        return redirect(url_for(".index"))
    return render_template("standing/agree.html", items=items, form=form), form.status
