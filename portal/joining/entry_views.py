"""The pages of entry by an operator, and the one behind the person's own link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.config import is_reachable
from portal.core.errors import DomainError
from portal.core.web import limiter, renders, scan_shown
from portal.org.guards import needs, public
from portal.org.models import JoinForm, OrgUnit
from portal.org.permissions import Permission

from . import applying, entry, links, questions, service
from .entry_forms import ConfirmForm, EntryForm, EvidenceForm

bp = Blueprint("entry", __name__, url_prefix="/joining/entry")

GUESSES = "20 per minute; 100 per hour"
RECEIPT = "receipt"  # the session's name for the receipt code, as on the applicant's own pages

Values = dict[str, object]


@bp.route("/new", methods=["GET", "POST"])
@renders
@needs(Permission.JOINING_ENTER)
def new() -> ResponseReturnValue:
    """Choose the unit, then type in the form of someone who asks for it on paper or will confirm."""
    units = entry.places(current_user)
    unit = _chosen(units, request.args.get("unit", ""))
    if unit is None:
        return render_template("joining/entry_unit.html", units=units)
    form, known = EntryForm(), None
    if request.method == "POST":
        try:
            item = _enter(unit, form)
        except entry.AlreadyHere as error:
            form.refuse(error)
            known = error
        except DomainError as error:
            form.refuse(error)
        else:
            flash("申请已录入", "success")
            return redirect(url_for("joining.detail", id=item.id))
    page = render_template(
        "joining/entry.html", form=form, unit=unit, texts=questions, known=known, is_one=len(units) == 1
    )
    return page, form.status


def _chosen(units: list[OrgUnit], code: str) -> OrgUnit | None:
    return units[0] if len(units) == 1 else next((unit for unit in units if unit.code == code), None)


def _enter(unit: OrgUnit, form: Any) -> Any:
    """Keep the files so that a refusal does not lose them, then send what was typed in. Raises DomainError."""
    unit_id = unit.id
    problems: list[DomainError] = []
    for file, kept, keep in (
        (form.photo.data, form.photo_kept, entry.keep_photo),
        (form.evidence.data, form.evidence_kept, entry.keep_scan),
    ):
        try:
            if file:
                kept.data = keep(current_user._get_current_object(), file.stream)
        except DomainError as error:
            problems.append(error)
    agreed = {"consented": bool(form.consent.data), "sensitive_consented": bool(form.consent_sensitive.data)}

    def check(values: Values) -> object:
        return applying.check(values, JoinForm.FULL, **agreed)

    try:
        values = form.answers(check)
    except DomainError as error:
        for problem in problems:
            form.refuse(problem)
        raise error
    if problems:
        for problem in problems[1:]:
            form.refuse(problem)
        raise problems[0]
    return entry.enter(
        current_user._get_current_object(),
        unit_id,
        values,
        awaits_person=bool(form.awaits_person.data),
        evidence=form.evidence_kept.data or "",
        photo=form.photo_kept.data or "",
        **agreed,
    )


@bp.post("/<int:id>/scan")
@needs(Permission.JOINING_READ)
def scan(id: int) -> ResponseReturnValue:
    """Show the signed form, a picture in the page, a PDF as a file; who looks leaves a trace."""
    return scan_shown(*entry.scan(current_user, id), f"application-{id}")


@bp.post("/<int:id>/evidence")
@renders
@needs(Permission.JOINING_ENTER)
def evidence(id: int) -> ResponseReturnValue:
    """Put the signed form to an application that was typed in."""
    entry.fetch(current_user, id)
    form = EvidenceForm()
    try:
        if not form.validate_on_submit() or not form.evidence.data:
            raise DomainError(entry.scans.PROBLEM)
        kept = entry.keep_scan(current_user._get_current_object(), form.evidence.data.stream)
        entry.add_evidence(current_user._get_current_object(), id, kept)
    except DomainError as error:
        form.refuse_or_raise(error)
        item = service.find(current_user, id)
        return render_template("joining/evidence.html", item=item, form=form), form.status
    flash("签字申请表已保存", "success")
    return redirect(url_for("joining.detail", id=id))


@bp.post("/<int:id>/link")
@needs(Permission.JOINING_ENTER)
def link(id: int) -> ResponseReturnValue:
    """Make the person's link and show it this once."""
    if not is_reachable(current_app.config["BASE_URL"]):
        entry.fetch(current_user, id)
        raise DomainError(links.NO_ADDRESS)
    made, token = entry.make_link(current_user, id)
    address = str(current_app.config["BASE_URL"]) + url_for(".confirm", token=token)
    return render_template("joining/entry_link.html", entry=made, item=made.application, address=address)


@bp.route("/confirm/<token>", methods=["GET", "POST"])
@renders
@limiter.limit(GUESSES, methods=["POST"])
@public
def confirm(token: str) -> ResponseReturnValue:
    """Show what was typed in for the person, and take her word that she asks for it."""
    made = entry.opened(token)
    if made is None:
        return render_template("joining/link_closed.html"), 404
    form = ConfirmForm()
    lines = entry.lines(made)
    unit_name, name = made.application.unit.name, made.application.name
    consent = questions.consent_of(made.application.unit)
    if form.validate_on_submit():
        try:
            session[RECEIPT] = entry.confirm(
                token,
                form.tail.data or "",
                consented=bool(form.consent.data),
                browser_of=current_user._get_current_object() if current_user.is_authenticated else None,
            )
        except DomainError as error:
            form.refuse(error)
        else:
            flash("已确认", "success")
            return redirect(url_for("joining.receipt"))
    page = render_template(
        "joining/entry_confirm.html",
        form=form,
        lines=lines,
        unit_name=unit_name,
        name=name,
        texts=questions,
        consent=consent,
    )
    return page, form.status
