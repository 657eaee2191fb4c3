"""The pages of joining: the applicant's on her phone, and the operators'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from portal.core import audit, crypto
from portal.core.calendar import today
from portal.core.errors import DomainError, TooOften
from portal.core.forms import PortalForm
from portal.core.web import keyed_page, limiter, may_go_on, renders, takes_files
from portal.members import service as members
from portal.members.enums import IdType
from portal.org.guards import needs, public
from portal.org.permissions import Permission

from . import applying, code_views, codes, drafts, proof, questions, receipts, service
from .expected import matching
from .forms import (
    APPLY,
    ApproveForm,
    FilterForm,
    FirstPasswordForm,
    ReceiptForm,
    RedirectForm,
    RejectForm,
    ReturnForm,
    WithoutOpinionForm,
    revise_form,
)
from .models import Application, Receipt, overdue_days
from .workflow import JOINING, places_for, values_of

bp = Blueprint("joining", __name__, url_prefix="/joining")
bp.add_app_template_global(overdue_days, "overdue_days")

# an office shares one address, and a poster is scanned by many at once: fast at first, then one after the other
AT_ONCE, THEN = "120 per 10 minutes", "1 per 2 seconds"
RETRY_AFTER = {"Retry-After": "2"}  # seconds
SLOWED = "当前网络提交的人较多，请过几秒再按一次提交；您填写的内容都在下面，照片请重新选择"
GUESSES = "20 per minute; 100 per hour"

RECEIPT = "receipt"  # the session's name for the receipt code: it never stands in an address

Values = dict[str, object]


# --- the applicant --------------------------------------------------------------------------------------------------


@bp.route("/apply/<token>", methods=["GET", "POST"])
@renders
@takes_files
@public
def apply(token: str) -> ResponseReturnValue:
    """Show the form behind a scanned code, and take it."""
    code = codes.open_code(token)
    if code is None:
        return render_template("joining/closed.html"), 404
    code_views.follow(code, request.form.get("form_key", ""))
    code_id, kind = code.id, codes.form_of(code.unit)
    form = APPLY[kind]()
    agreed = {"consented": bool(form.consent.data), "sensitive_consented": ticked(form, "consent_sensitive")}

    def check(values: Values) -> object:
        return applying.check(values, kind, **agreed)

    def send(values: Values, photo: str) -> None:
        session[RECEIPT] = applying.submit(token, form.form_key.data or "", values, photo=photo, **agreed)

    def keep(typed: drafts.Typed, photo: str) -> None:
        session[RECEIPT] = drafts.keep(token, form.form_key.data or "", typed, photo=photo, **agreed)

    if request.method == "GET":
        form.form_key.data = crypto.random_token()
        if "id_type" in form:
            form["id_type"].data = IdType.IDENTITY_CARD.value  # what most people have
    elif sent(form, check, send, keep):
        if "keep" not in request.form:
            code_views.arrived(code_id, form.form_key.data or "")
        return redirect(url_for(".receipt"))
    return shown(form, "joining/apply.html", unit=code.unit, can_keep=True)


@bp.route("/receipt", methods=["GET", "POST"])
@limiter.limit(GUESSES, methods=["POST"])
@public
def receipt() -> ResponseReturnValue:
    """Show how far the application is; on another device, ask for the receipt code first."""
    form = ReceiptForm()
    if form.validate_on_submit():
        try:
            receipts.find(form.code.data or "")
        except DomainError as error:
            form.refuse(error)
        else:
            session[RECEIPT] = receipts.plain(form.code.data or "")
            return redirect(url_for(".receipt"))
    held = _held()
    if held is None or form.status != 200:
        return render_template("joining/receipt_code.html", form=form), form.status
    return _progress(held, FirstPasswordForm())


@bp.post("/receipt/withdraw")
@public
def withdraw() -> ResponseReturnValue:
    """End one's own application."""
    receipts.withdraw(session.get(RECEIPT, ""))
    flash("申请已撤回", "success")
    return redirect(url_for(".receipt"))


@bp.post("/receipt/leave")
@public
def leave() -> ResponseReturnValue:
    """Forget the receipt on this device."""
    session.pop(RECEIPT, None)
    return redirect(url_for(".receipt"))


@bp.route("/receipt/revise", methods=["GET", "POST"])
@renders
@takes_files
@public
def revise() -> ResponseReturnValue:
    """Open the wrong fields of a returned application again, and take them."""
    held = _held()
    if held is None or not receipts.progress(held).may_revise:
        return redirect(url_for(".receipt"))
    item = held.application
    opened = questions.unlocked(item.wrong_fields, item.form)
    form = revise_form(item.form, opened, values_of(item))
    locked = applying.locked_lines(item, opened)
    agreed = ticked(form, "consent_sensitive")

    def check(values: Values) -> object:
        return applying.check_revision(item, values, sensitive_consented=agreed)

    def send(values: Values, photo: str) -> None:
        applying.resubmit(session[RECEIPT], values, photo=photo, sensitive_consented=agreed)

    if request.method == "POST" and sent(form, check, send):
        flash("已重新提交", "success")
        return redirect(url_for(".receipt"))
    return shown(form, "joining/revise.html", item=item, locked=locked)


@bp.post("/receipt/password")
@renders
@limiter.limit(GUESSES)
@public
def password() -> ResponseReturnValue:
    """Set the first password of the account that came of the application."""
    form = FirstPasswordForm()
    held = _held()
    if held is None:
        return redirect(url_for(".receipt"))
    if form.validate_on_submit():
        try:
            receipts.set_password(session[RECEIPT], form.tail.data or "", form.new.data or "", form.again.data or "")
        except DomainError as error:
            form.refuse(error)
        else:
            flash("密码已设置，请登录", "success")
            return redirect(url_for(".receipt"))
    return _progress(held, form)


def _held() -> Receipt | None:
    """Return the receipt of this device's session."""
    try:
        return receipts.find(session.get(RECEIPT, ""))
    except DomainError:
        return None


def _progress(held: Receipt, form: PortalForm) -> ResponseReturnValue:
    progress = receipts.progress(held)
    page = render_template(
        "joining/receipt.html",
        item=held.application,
        progress=progress,
        kept_until=held.application.saved_at and held.application.saved_at + drafts.KEPT_FOR,
        code=receipts.grouped(session[RECEIPT]),
        form=form,
        withdraw=JOINING.step("withdraw"),
    )
    return page, form.status


def sent(
    form: Any,
    check: Callable[[Values], object],
    send: Callable[[Values, str], None],
    keep: Callable[[drafts.Typed, str], None] | None = None,
) -> bool:
    """Send what was filled in, or `keep` it where 保存草稿 was pressed; else the form says why not.

    The photo is kept first, so that a refusal does not lose it. An address that sends very many has to wait.
    """
    if not may_go_on("joining.forms", AT_ONCE, THEN):
        form.refuse(TooOften(SLOWED))
        return False
    problems: list[DomainError] = []
    file = form.photo.data if "photo" in form else None
    try:
        if file:
            form.photo_kept.data = applying.keep_photo(file.stream)
    except DomainError as error:
        problems.append(error)
    photo = form.photo_kept.data or ""
    try:
        if keep is not None and "keep" in request.form:
            if not problems:
                keep({name: request.form.getlist(name) for name in request.form}, photo)
        else:
            values = form.answers(check)
            if not problems:
                send(values, photo)
    except DomainError as error:
        problems.append(error)
    for problem in problems:
        form.refuse(problem)
    return not problems


def shown(form: PortalForm, template: str, **words: Any) -> ResponseReturnValue:
    """Return the page of an applicant's form."""
    page = render_template(template, form=form, texts=questions, **words)
    return page, form.status, RETRY_AFTER if form.status == TooOften.status else {}


def ticked(form: PortalForm, name: str) -> bool:
    """Whether the form has a box `name` and it is ticked."""
    return name in form and bool(form[name].data)


# --- the operators --------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.JOINING_READ)
def index() -> ResponseReturnValue:
    """List applications: at first those that wait for this person."""
    given = request.args
    filters = filters_of(given)
    after, before = given.get("after", type=int), given.get("before", type=int)
    number = max(given.get("page", 1, type=int), 1)
    per_page = given.get("per_page", service.PER_PAGE, type=int)
    found = service.listing(current_user, filters, after=after, before=before, per_page=per_page)
    form = FilterForm(formdata=None, data=asdict(filters) | {"q": filters.name})
    states = service.state_choices(current_user, filters)
    form.state.choices = states
    form.unit.choices = [("", "全部"), *service.unit_choices(current_user)]
    if current_app.config["PROFILE"] == "city":
        form.unit.label.text = "单位"
        form.state.choices = [(value, label.replace("校工会", "")) for value, label in states]
    form.year.choices = [("", "全部"), *service.year_choices(current_user)]
    form.reason.choices = [("", "全部"), *service.reason_choices()]
    here = {name: text or None for name, text in (asdict(filters) | {"q": filters.name, "name": None}).items()}
    page = keyed_page(".index", found, number=number, **here)
    return render_template(
        "joining/index.html",
        rows=found.rows,
        outside=matching.outside(found.rows),
        near=proof.near(found.rows),
        may_enter=current_user.holds(Permission.JOINING_ENTER),
        form=form,
        page=page,
        filters=filters,
        here=here,
        tail=service.tail,
        movable=service.movable(current_user, found.rows),
        steps=service.ready_steps(current_user, filters),
        ticked=given.get("ticked") == "1",
    )


def filters_of(given: MultiDict[str, str]) -> service.Filters:
    """Return the filters that stand in an address."""
    return service.Filters(
        state=given.get("state") or service.TODO,
        unit=given.get("unit", ""),
        name=given.get("q", "").strip(),
        year=given.get("year", ""),
        reason=given.get("reason", ""),
        code=given.get("code", type=int),
    )


@bp.get("/<int:id>")
@needs(Permission.JOINING_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one application with what may be done about it."""
    item = service.find(current_user, id)
    return render_template(
        "joining/detail.html",
        item=item,
        sections=service.sheet(current_user, item),
        hints=service.hints(current_user, item),
        steps=JOINING.open_steps(item, current_user),
        events=audit.events_of(item),
        has_photo="photo" in item.data,
        may_print=item.member is not None and members.may_print(current_user, item.member),
        entry=proof.entry_of(item),
        may_enter=current_user.may(Permission.JOINING_ENTER, item.unit),
    )


@bp.get("/<int:id>/photo")
@needs(Permission.JOINING_READ)
def photo(id: int) -> ResponseReturnValue:
    """Show the applicant's photo."""
    return Response(service.photo(service.find(current_user, id)), mimetype="image/jpeg")


@bp.route("/<int:id>/approve", methods=["GET", "POST"])
@needs(Permission.JOINING_APPROVE)
def approve(id: int) -> ResponseReturnValue:
    """Ask for the day of the committee's decision, and approve."""
    item = service.find(current_user, id)
    return _decide(item, "approve", ApproveForm(data={"study_date": today()}))


@bp.route("/<int:id>/approve-without-opinion", methods=["GET", "POST"])
@needs(Permission.JOINING_APPROVE)
def approve_without_opinion(id: int) -> ResponseReturnValue:
    """Ask why the union goes on without a branch that is late, and approve."""
    item = service.find(current_user, id)
    return _decide(item, "approve_without_opinion", WithoutOpinionForm(data={"study_date": today()}))


@bp.route("/<int:id>/redirect", methods=["GET", "POST"], endpoint="redirect")
@needs(Permission.JOINING_RETURN)
def send_on(id: int) -> ResponseReturnValue:
    """Ask which branch the application belongs to, and send it on."""
    item = service.find(current_user, id)
    form = RedirectForm(data={"seen_unit": item.unit_id}).offer(places_for(item))
    return _decide(item, "redirect", form, leads_to=".index")


@bp.route("/<int:id>/return", methods=["GET", "POST"], endpoint="send_back")
@needs(Permission.JOINING_RETURN)
def send_back(id: int) -> ResponseReturnValue:
    """Ask what is wrong and where, and return the application."""
    item = service.find(current_user, id)
    return _decide(item, "return", ReturnForm().offer(item.form))


@bp.route("/<int:id>/reject", methods=["GET", "POST"])
@needs(Permission.JOINING_APPROVE)
def reject(id: int) -> ResponseReturnValue:
    """Ask for the reason, and close the application."""
    item = service.find(current_user, id)
    return _decide(item, "reject", RejectForm())


def _decide(item: Application, action: str, form: PortalForm, *, leads_to: str = "") -> ResponseReturnValue:
    """Show the page of a step with inputs, or take the step and go back to the application, or to `leads_to`."""
    step = JOINING.step(action)
    if request.method == "GET" and step not in JOINING.open_steps(item, current_user):
        flash(f"这份申请现在不能{step.label}，请看办理记录", "warning")
        return redirect(url_for(".detail", id=item.id))
    if form.validate_on_submit():
        inputs = {name: value for name, value in form.data.items() if name != "csrf_token"} | form.values()
        try:
            JOINING.fire(item, action, current_user, **inputs)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已{step.label}", "success")
            return redirect(url_for(leads_to) if leads_to else url_for(".detail", id=item.id))
    return render_template("joining/decide.html", item=item, step=step, form=form), form.status
