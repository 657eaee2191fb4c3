"""The pages of comparisons: bring a list, work through what was found, hand a list back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.core.forms import PortalForm
from portal.core.web import XLSX, download, numbered_page, numbers_in, renders
from portal.members.importing.forms import columns_form, mapping_of
from portal.org import access
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import bringing, comparing, exporting, matching, rechecking, service, taking
from .forms import CutForm, ExportForm, IgnoreForm, TakeForm, UploadForm
from .models import Comparison, Finding, Kind, Outcome
from .service import Cut, Line
from .settling import Settled
from .taking import Act

bp = Blueprint("comparison", __name__, url_prefix="/comparison")

SEE_OTHER = 303
SHOWN, TOLD = 100, 8  # lines of what is about to be done; sentences about what was not


@bp.route("/", methods=["GET", "POST"])
@renders
@needs(Permission.COMPARE)
def index() -> ResponseReturnValue:
    """List the comparisons, and take a new list."""
    form = UploadForm()
    user = current_user._get_current_object()
    form.unit.choices = [(str(unit.id), unit.name) for unit in comparing.places(user)]
    if form.validate_on_submit():
        try:
            item = _bring(form)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    number = max(1, request.args.get("page", 1, type=int))
    items, total = service.comparisons(current_user, page=number)
    page = numbered_page(".index", total=total, number=number, per_page=service.PER_PAGE)
    body = render_template(
        "comparison/index.html",
        form=form,
        items=items,
        page=page,
        Kind=Kind,
        order=matching.ORDER,
        may_edit=current_user.holds(Permission.MEMBER_EDIT),
    )
    return body, form.status


def _bring(form: UploadForm) -> Comparison:
    file = form.file.data
    if not file:
        raise DomainError("请选择人事名单文件", field="file")
    unit = form.text("unit")
    number = int(unit) if unit.isascii() and unit.isdigit() and len(unit) < 10 else 0
    return bringing.bring(current_user._get_current_object(), file.read(), file.filename or "", number)


@bp.route("/<int:id>/columns", methods=["GET", "POST"])
@renders
@needs(Permission.COMPARE)
def columns(id: int) -> ResponseReturnValue:
    """Ask once what the columns are that nobody knows by their headings."""
    user = current_user._get_current_object()
    if request.method == "GET" and not service.find(user, id).waits:
        return redirect(url_for(".detail", id=id))
    item = bringing.waiting(user, id)
    asked, notes = item.said["asked"], item.said["notes"]
    form = columns_form(asked)()
    if form.validate_on_submit():
        try:
            bringing.map_columns(user, id, mapping_of(form, asked))
        except DomainError as error:
            form.refuse_or_raise(error)
            item = bringing.waiting(user, id)
        else:
            return redirect(url_for(".detail", id=id), SEE_OTHER)
    unknown = [number for number, one in enumerate(asked) if not one["field"] and not one["is_known"]]
    said = {"columns": asked, "notes": notes}
    body = render_template(
        "members/import_columns.html", form=form, item=item, said=said, unknown=unknown, room="人事名单比对",
        go="确认并比对",
    )  # fmt: skip
    return body, form.status


@bp.get("/<int:id>")
@needs(Permission.COMPARE)
def detail(id: int) -> ResponseReturnValue:
    """Show the lists of a comparison, and one of them."""
    item = service.find(current_user, id)
    if item.waits:
        return redirect(url_for(".columns", id=id))
    return _detail(item, ExportForm(formdata=None))


def _detail(item: Comparison, export_form: ExportForm) -> ResponseReturnValue:
    user = current_user._get_current_object()
    counts = service.counts(user, item)
    cut = _cut(counts)
    number = max(1, request.args.get("page", 1, type=int))
    lines, total = service.lines(user, item, cut, page=number)
    units = service.units(user, item, cut.kind)
    form = CutForm(formdata=None, data={"show": cut.show, "unit": cut.unit})
    form.show.choices = service.SHOWS
    form.unit.choices = [("", "全部"), *((unit.code, unit.name) for unit in units)]
    here = {"id": item.id, **_address(cut)}
    body = render_template(
        "comparison/detail.html",
        item=item,
        counts=counts,
        cut=cut,
        lines=lines,
        units=units,
        here=_address(cut),
        page=numbered_page(".detail", total=total, number=number, per_page=service.PER_PAGE, **here),
        form=form,
        export_form=export_form,
        acts=_acts(user, item, cut, lines),
        ticked="ticked" in request.args,
        may_discard=service.may_discard(item),
        said=item.said,
        Kind=Kind,
        order=matching.ORDER,
        union=access.approving_unit(item.unit),
        may_see_departments=user.holds(Permission.UNIT_READ),
        may_edit=user.holds(Permission.MEMBER_EDIT),
    )
    return body, export_form.status


def _cut(counts: service.Counts) -> Cut:
    """Return the list that the address names, else the first one with something to do."""
    given = request.args
    waiting = next((kind for kind in Kind if counts[kind].open), Kind.ONLY_THERE)
    kind = next((kind for kind in Kind if kind == given.get("list")), waiting)
    show = given.get("show", service.OPEN)
    return Cut(kind, show if show in dict(service.SHOWS) else service.OPEN, given.get("unit", "")[:20])


def _address(cut: Cut) -> dict[str, Any]:
    """Return what stands in the address of a list."""
    here = {"list": cut.kind.value, "show": cut.show, "unit": cut.unit}
    return {name: text for name, text in here.items() if text and (name, text) != ("show", service.OPEN)}


def _acts(user: Any, item: Comparison, cut: Cut, lines: list[Line]) -> list[Act]:
    """Return what may be done about what a list shows."""
    if cut.show != service.OPEN:
        return [Act.REOPEN] if any(line.finding.outcome is Outcome.IGNORED for line in lines) else []
    if not lines:
        return []
    acts = taking.ACTS[cut.kind]
    if cut.kind is Kind.DIFFERENT and not service.has_status(user, item):
        acts = tuple(act for act in acts if act not in (Act.LEAVE, Act.RETIRE))
    return list(acts)


@bp.route("/<int:id>/settle", methods=["GET", "POST"])
@needs(Permission.COMPARE)
def settle(id: int) -> ResponseReturnValue:
    """Show what is about to be done to those that were chosen, or do it and go back to their list."""
    item, act = service.find(current_user, id), taking.act_of(request.args.get("action", ""))
    cut = _cut(service.counts(current_user, item))
    form = IgnoreForm() if act is Act.IGNORE else TakeForm()
    if request.method == "GET":
        given = request.args
        if "all" in given:
            findings = service.all_of(current_user, item, cut)
        else:
            findings = _of_list(service.chosen(current_user, item, _numbers(given.getlist("id"))), cut)
        if not findings:
            flash(taking.NOBODY, "warning")
            return redirect(url_for(".detail", id=id, **_address(cut)))
        form.ids.data = ",".join(str(one.id) for one in findings)
    else:
        findings = _of_list(service.chosen(current_user, item, _numbers(form.text("ids").split(","))), cut)
        if form.validate():
            try:
                told = taking.take(
                    current_user, id, act, [one.id for one in findings],
                    reason=_reason(form), note=form.text("note"),
                )  # fmt: skip
            except DomainError as error:
                form.refuse_or_raise(error)
            else:
                _tell(act, told)
                return redirect(url_for(".detail", id=id, **_address(cut)), SEE_OTHER)
    more = max(0, request.args.get("all", 0, type=int) - len(findings))
    body = render_template(
        "comparison/settle.html",
        item=item,
        act=act,
        form=form,
        number=len(findings),
        more=more,
        lines=[service.line(current_user, one) for one in findings[:SHOWN]],
        cut=cut,
        here=_address(cut),
    )
    return body, form.status


def _of_list(findings: list[Finding], cut: Cut) -> list[Finding]:
    return [one for one in findings if one.kind is cut.kind]


def _reason(form: PortalForm) -> taking.Reason | None:
    given = form.text("reason") if "reason" in form else ""
    return next((reason for reason in taking.Reason if reason == given), None)


def _numbers(texts: Iterable[str]) -> list[int]:
    """Return the numbers among `texts` that a row can have."""
    return numbers_in(texts)


def _tell(act: Act, told: Settled) -> None:
    if told.roll and told.done:
        flash(f"已把 {told.done} 人加入应入会名单“{told.roll}”，请到“应入会名单”生成邀请链接", "success")
    elif told.done:
        flash(f"{act.label}：已处理 {told.done} 项", "success")
    if told.skipped:
        whom = [f"{service.line(current_user, one).name}：{why}" for one, why in told.skipped[:TOLD]]
        rest = f"；另有 {len(told.skipped) - TOLD} 项" if len(told.skipped) > TOLD else ""
        flash(f"{len(told.skipped)} 项没有处理。{'；'.join(whom)}{rest}", "warning")


@bp.post("/<int:id>/recheck")
@needs(Permission.COMPARE)
def recheck(id: int) -> ResponseReturnValue:
    """Settle what has come right by another way."""
    number = rechecking.recheck(current_user, id)
    flash(f"{number} 项已与名单相符，记为已处理" if number else "没有变化：列出的各项与现在的系统仍不一致", "success")
    return redirect(url_for(".detail", id=id), SEE_OTHER)


@bp.post("/<int:id>/export")
@renders
@needs(Permission.COMPARE)
def export(id: int) -> ResponseReturnValue:
    """Hand a list out as a workbook."""
    form = ExportForm()
    user = current_user._get_current_object()
    item = service.find(user, id)
    cut = _cut(service.counts(user, item))
    if form.validate():
        try:
            name, content = exporting.export(user, id, cut, purpose=form.text("purpose"))
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return download(content, XLSX, name)
    return _detail(service.find(user, id), form)


@bp.post("/<int:id>/discard")
@needs(Permission.COMPARE)
def discard(id: int) -> ResponseReturnValue:
    """Remove a comparison of which nothing was settled."""
    service.discard(current_user, id)
    flash("已删除这次比对", "success")
    return redirect(url_for(".index"), SEE_OTHER)
