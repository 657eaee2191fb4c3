"""The pages of the tree: a level, a search, one unit; and the forms that found, set up, rename, move and close."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import audit
from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.org import access
from portal.org.guards import needs
from portal.org.models import OrgUnit
from portal.org.permissions import Permission

from . import departments, kinds, listing, names, population, service
from .forms import FoundForm, MoveForm, RenameForm, SearchForm, SettingsForm
from .models import BEGINNING

bp = Blueprint("units", __name__, url_prefix="/units")

REFUSED = 422
SHOWN_LINES = 20  # departments on a unit's page


# --- looking ----------------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.UNIT_READ)
def index() -> ResponseReturnValue:
    """Show one level of the tree, or what a search finds."""
    given = request.args
    number = given.get("unit", type=int)
    tops = access.tops(current_user, Permission.UNIT_READ)
    unit = service.find(current_user, number) if number else tops[0] if len(tops) == 1 else None
    word = given.get("q", "").strip()
    place: dict[str, Any] = {"after": given.get("after", ""), "before": given.get("before", "")}
    place["per_page"] = given.get("per_page", listing.PER_PAGE, type=int)
    if word:
        page = listing.search(current_user, word, unit if number else None, **place)
    else:
        page = listing.level(current_user, unit, **place)
    return render_template(
        "units/index.html",
        unit=unit,
        crumbs=listing.crumbs(current_user, unit) if unit else [],
        page=page,
        shown=_pager(page, {"unit": number or None, "q": word or None}),
        word=word,
        form=SearchForm(formdata=None, data={"q": word}),
        members=population.living_below(unit) if unit and not word else None,
        may_import=current_user.holds(Permission.UNIT_MANAGE),
        may_found=unit is not None and _may_found(unit),
    )


def _may_found(unit: OrgUnit) -> bool:
    may = bool(current_user.may(Permission.UNIT_MANAGE, unit))
    return may and unit.is_enabled and bool(kinds.below(unit.kind))


def _pager(page: listing.Page, filters: dict[str, Any]) -> dict[str, Any]:
    number = max(1, request.args.get("page", 1, type=int))
    per_page = request.args.get("per_page", listing.PER_PAGE, type=int)
    kept = {**filters, "per_page": per_page if per_page != listing.PER_PAGE else None}
    lines = page.lines
    before = lines and page.has_before and url_for(".index", **kept, before=lines[0].code, page=max(1, number - 1))
    after = lines and page.has_after and url_for(".index", **kept, after=lines[-1].code, page=number + 1)
    return {
        "total": page.total, "number": number, "first_url": url_for(".index", **kept),
        "prev_url": before or None, "next_url": after or None,
    }  # fmt: skip


@bp.get("/<int:id>")
@needs(Permission.UNIT_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one unit: its settings, names, departments, what is below, what was done with it."""
    unit = service.find(current_user, id)
    may = current_user.may(Permission.UNIT_MANAGE, unit)
    lines, more = departments.lines_of(unit)
    return render_template(
        "units/detail.html",
        unit=unit,
        crumbs=listing.crumbs(current_user, unit),
        page=listing.level(current_user, unit),
        members=population.living_below(unit),
        approving=access.approving_unit(unit),
        asks_opinion=access.opinion_needed(unit),
        form=next((one.join_form for one in access.upward(unit) if one.join_form is not None), None),
        names=names.names_of(unit),
        beginning=BEGINNING,
        lines=lines[:SHOWN_LINES],
        has_more_lines=more or len(lines) > SHOWN_LINES,
        span=departments.span,
        events=list(reversed(audit.events_of(unit)))[:20],
        may_manage=may,
        may_departments=current_user.may(Permission.DEPARTMENT_MANAGE, unit),
        may_place=may and service.is_strictly_below(current_user, unit),
        may_found=_may_found(unit),
    )


# --- changing ---------------------------------------------------------------------------------------------------------


@bp.route("/<int:id>/new", methods=["GET", "POST"])
@needs(Permission.UNIT_MANAGE)
def new(id: int) -> ResponseReturnValue:
    """Found a unit below this one."""
    parent = service.managed(current_user, id)
    fitting = kinds.below(parent.kind)
    form = FoundForm().offer(fitting)
    if form.validate_on_submit():
        try:
            if form.kind.data is None:
                raise DomainError("请选择类型", field="kind")
            unit = service.found(
                current_user, parent, name=form.text("name"), code=form.text("code"), **_settings(form)
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"已新增{unit.name}，代码 {unit.code}", "success")
            return redirect(url_for(".detail", id=unit.id))
    return _form(form, parent, "新增下级", "新增", f"新单位设在{parent.name}下面。")


@bp.route("/<int:id>/edit", methods=["GET", "POST"])
@needs(Permission.UNIT_MANAGE)
def edit(id: int) -> ResponseReturnValue:
    """Change what a unit is and does."""
    unit = service.managed(current_user, id)
    fitting = [unit.kind]
    if unit.parent is not None and service.is_strictly_below(current_user, unit):
        fitting = kinds.below(unit.parent.kind)
    form = SettingsForm(data={one: _shown(getattr(unit, one)) for one in service.SETTINGS}).offer(fitting)
    if form.validate_on_submit():
        try:
            service.set_up(current_user, unit, **{**_settings(form), "kind": form.kind.data or unit.kind})
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash(f"{unit.name}的设置已保存", "success")
            return redirect(url_for(".detail", id=unit.id))
    return _form(form, unit, "修改设置", "保存")


def _shown(value: Any) -> Any:
    """Return a setting as its select box has it."""
    return "" if value is None else str(int(value)) if isinstance(value, bool) else value


def _settings(form: Any) -> dict[str, Any]:
    return {one: form[one].data for one in service.SETTINGS} | {
        name: form.text(name) for name in ("contact_phone", "sms_signature")
    }


@bp.route("/<int:id>/rename", methods=["GET", "POST"])
@needs(Permission.UNIT_MANAGE)
def rename(id: int) -> ResponseReturnValue:
    """Call a unit something else from a day on."""
    unit = service.managed(current_user, id)
    form = RenameForm(data={"name": unit.name, "on": today()})
    if form.validate_on_submit():
        try:
            day = form.on.data or today()
            service.rename(current_user, unit, form.text("name"), on=day)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("更名已登记，到那天自动生效" if day > today() else f"更名已登记，现在的名称是{unit.name}", "success")
            return redirect(url_for(".detail", id=unit.id))
    return _form(form, unit, "更名", "确认更名", f"现在的名称：{unit.name}。原来的名称仍然可以查到，也可以用来查找。")


@bp.post("/names/<int:id>/cancel")
@needs(Permission.UNIT_MANAGE)
def cancel_name(id: int) -> ResponseReturnValue:
    """Take back a name of the future."""
    unit = names.cancel(current_user, id)
    flash("已撤销还没有生效的更名", "success")
    return redirect(url_for(".detail", id=unit.id))


@bp.route("/<int:id>/move", methods=["GET", "POST"])
@needs(Permission.UNIT_MANAGE)
def move(id: int) -> ResponseReturnValue:
    """Find a new parent for a unit and all that is below it, and put it there."""
    unit = service.managed(current_user, id)
    form = MoveForm()
    word = request.args.get("q", "").strip()
    found, has_more = listing.parents_for(current_user, unit, word)
    if form.validate_on_submit():
        try:
            if not form.parent.data:
                raise DomainError("请选择新的上级", field="parent")
            parent = service.managed(current_user, form.parent.data)
            service.move(current_user, unit, parent)
        except DomainError as error:
            form.refuse_or_raise(error if found or error.status != REFUSED else DomainError(error.message))
        else:
            flash(f"已把{unit.name}移到{parent.name}下面", "success")
            return redirect(url_for(".detail", id=unit.id))
    page = render_template(
        "units/move.html",
        form=form,
        search=SearchForm(formdata=None, data={"q": word}),
        unit=unit,
        found=found,
        has_more=has_more,
        below=listing.below(unit),
        members=population.living_below(unit),
    )
    return page, form.status


@bp.route("/<int:id>/disable", methods=["GET", "POST"])
@needs(Permission.UNIT_MANAGE)
def disable(id: int) -> ResponseReturnValue:
    """Say what closing a unit means, and close it."""
    unit = service.managed(current_user, id)
    if request.method == "POST":
        count = service.disable(current_user, unit)
        flash(f"已停用{unit.name}{f'及下级共 {count} 个单位' if count > 1 else ''}", "success")
        return redirect(url_for(".detail", id=unit.id))
    return render_template(
        "units/disable.html",
        unit=unit,
        obstacle=service.why_not_disabled(unit),
        returned=population.returned(unit),
        below=listing.below(unit),
    )


@bp.post("/<int:id>/enable")
@needs(Permission.UNIT_MANAGE)
def enable(id: int) -> ResponseReturnValue:
    """Open a unit again."""
    unit = service.managed(current_user, id)
    count = service.enable(current_user, unit, below=bool(request.form.get("below")))
    flash(f"已启用{unit.name}{f'及下级共 {count} 个单位' if count > 1 else ''}", "success")
    return redirect(url_for(".detail", id=unit.id))


def _form(form: Any, unit: OrgUnit, title: str, button: str, note: str = "") -> ResponseReturnValue:
    """Show a form about `unit`."""
    page = render_template(
        "units/form.html",
        form=form,
        unit=unit,
        title=title,
        button=button,
        note=note,
    )
    return page, form.status
