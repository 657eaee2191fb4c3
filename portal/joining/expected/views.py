"""The pages of the lists, and the one behind an invited person's link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.config import is_reachable
from portal.core import crypto
from portal.core.errors import DomainError
from portal.core.web import numbered_page, renders, takes_files
from portal.joining import applying, codes, links
from portal.joining.forms import APPLY
from portal.joining.views import RECEIPT, sent, shown, ticked
from portal.org.guards import needs, public
from portal.org.permissions import Permission

from . import inviting, service, standing
from .forms import ChooseForm, InviteForm, ListForm, PeopleForm
from .models import ExpectedList, Standing

bp = Blueprint("expected", __name__, url_prefix="/joining/expected")

REFUSED, GONE_ON = 422, 409
STANDINGS = [("", "全部"), (standing.APPLIED, "已申请"), *Standing.choices()]

Values = dict[str, object]


@bp.get("")
@needs(Permission.JOINING_READ)
def index() -> ResponseReturnValue:
    """Show every list with its numbers."""
    return render_template(
        "joining/expected.html",
        lists=standing.lists(current_user),
        may_make=current_user.holds(Permission.JOINING_APPROVE),
        Standing=Standing,
    )


@bp.route("/new", methods=["GET", "POST"])
@renders
@needs(Permission.JOINING_APPROVE)
def new() -> ResponseReturnValue:
    """Bring a new list: see what it would become, then write it."""
    form = ListForm()
    form.unit.choices = [(unit.code, unit.name) for unit in service.places(current_user)]
    return _bring(form, None)


@bp.route("/<int:id>/add", methods=["GET", "POST"])
@renders
@needs(Permission.JOINING_APPROVE)
def add(id: int) -> ResponseReturnValue:
    """Bring more people for a list."""
    return _bring(PeopleForm(), service.own(current_user, id))


def _bring(form: Any, roll: ExpectedList | None) -> ResponseReturnValue:
    """Show what the pasted or uploaded people would become, or write what has been seen so."""
    found = None
    list_id, title = (roll.id, roll.name) if roll is not None else (None, "")
    user = current_user._get_current_object()
    if form.validate_on_submit():
        code = roll.unit.code if roll is not None else form.unit.data or ""
        try:
            if form.file.data:
                form.people.data = service.text_from(form.file.data.stream, user, code)
            found = service.preview(service.unit_of(user, code), form.people.data or "")
            if request.form.get("act") == "write" and not form.file.data:
                made = service.write(
                    user,
                    code,
                    form.people.data or "",
                    seal=form.seal.data or "",
                    name="" if roll is not None else form.name.data or "",
                    list_id=list_id,
                    skip_errors=bool(form.skip_errors.data),
                )
                flash("名单已保存", "success")
                return redirect(url_for(".detail", id=made.id))
        except DomainError as error:
            if error.status not in (REFUSED, GONE_ON):
                raise
            form.refuse(error)
    if found is not None:
        form.seal.data = found.seal
    page = render_template(
        "joining/expected_bring.html",
        form=form,
        list_id=list_id,
        list_name=title,
        found=found,
        Verdict=service.Verdict,
    )
    return page, form.status


@bp.get("/<int:id>")
@needs(Permission.JOINING_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show a list: its numbers, those of each branch, and the people behind one of them."""
    return _detail(standing.find(current_user, id), InviteForm(formdata=None))


def _detail(roll: ExpectedList, invite_form: InviteForm) -> ResponseReturnValue:
    given = request.args
    chosen, unit = given.get("standing", ""), given.get("unit", "")
    page = max(given.get("page", 1, type=int), 1)
    if chosen not in dict(STANDINGS):
        chosen = ""
    rows, total = standing.people(current_user, roll, standing=chosen, unit=unit, page=page)
    branches = standing.by_unit(current_user, roll)
    form = ChooseForm(formdata=None, data={"standing": chosen, "unit": unit})
    form.standing.choices = STANDINGS
    form.unit.choices = [("", "全部"), *((branch.code, branch.name) for branch, _ in branches)]
    here: dict[str, Any] = {"id": roll.id, "standing": chosen or None, "unit": unit or None}
    body = render_template(
        "joining/expected_list.html",
        roll=roll,
        numbers=standing.sum_of([part for _, part in branches]),
        branches=branches,
        rows=rows,
        form=form,
        invite_form=invite_form,
        page=numbered_page(".detail", total=total, number=page, per_page=standing.PER_PAGE, **here),
        may_change=roll.closed_at is None and current_user.may(Permission.JOINING_APPROVE, roll.unit),
        may_invite=roll.closed_at is None and inviting.in_reach(current_user, roll),
        is_reachable=is_reachable(current_app.config["BASE_URL"]),
        no_address=links.NO_ADDRESS,
        Standing=Standing,
    )
    return body, invite_form.status


@bp.post("/<int:id>/invite")
@needs(Permission.JOINING_ENTER)
def invite(id: int) -> ResponseReturnValue:
    """Make links for everyone who has not applied, and show them this once."""
    roll = standing.find(current_user, id, Permission.JOINING_ENTER)
    form = InviteForm()
    try:
        if not is_reachable(current_app.config["BASE_URL"]):
            raise DomainError(links.NO_ADDRESS)
        if not form.validate_on_submit():
            raise DomainError("请填写链接的有效天数", field="days")
        made = inviting.invite(current_user, roll, days=form.days.data or 0)
    except DomainError as error:
        form.refuse_or_raise(error)
        return _detail(roll, form)
    return render_template("joining/expected_links.html", roll=roll, made=made, address=_address)


def _address(token: str) -> str:
    return str(current_app.config["BASE_URL"]) + url_for(".invited", token=token)


@bp.post("/<int:id>/close")
@needs(Permission.JOINING_APPROVE)
def close(id: int) -> ResponseReturnValue:
    """Let the list mark nobody any more."""
    service.close(current_user, id)
    flash("名单已停用", "success")
    return redirect(url_for(".detail", id=id))


@bp.post("/people/<int:id>/remove")
@needs(Permission.JOINING_APPROVE)
def remove(id: int) -> ResponseReturnValue:
    """Take someone off a list."""
    person = service.remove(current_user, id, reason=request.form.get("comment", ""))
    flash(f"{person.name}已移出名单", "success")
    return redirect(url_for(".detail", id=person.list_id))


@bp.route("/invited/<token>", methods=["GET", "POST"])
@renders
@takes_files
@public
def invited(token: str) -> ResponseReturnValue:
    """Show the form behind a personal link, with what the list knows filled in, and take it."""
    again = inviting.sent_before(request.form.get("form_key", "")) if request.method == "POST" else None
    if again is not None:
        session[RECEIPT] = again
        return redirect(url_for("joining.receipt"))
    person = inviting.opened(token)
    if person is None:
        return render_template("joining/link_closed.html"), 404
    chosen = request.args.get("unit", "")
    unit = inviting.branch_of(person, chosen)
    if unit is None:
        return render_template("joining/invited_unit.html", units=inviting.branches(person), token=token)
    kind = codes.form_of(unit)
    form = APPLY[kind](data=inviting.filled(person, kind))
    agreed = {"consented": bool(form.consent.data), "sensitive_consented": ticked(form, "consent_sensitive")}

    def check(values: Values) -> object:
        return applying.check(values, kind, **agreed)

    def send(values: Values, photo: str) -> None:
        key = form.form_key.data or ""
        session[RECEIPT] = inviting.accept(token, chosen, key, values, photo=photo, **agreed)

    if request.method == "GET":
        form.form_key.data = crypto.random_token()
    elif sent(form, check, send):
        return redirect(url_for("joining.receipt"))
    return shown(form, "joining/apply.html", unit=unit, is_invited=True)
