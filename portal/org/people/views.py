"""The pages of accounts and of delegations."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import Absent, DomainError
from portal.core.web import keyed_page, renders
from portal.org.guards import needs
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import LISTED_ALONE, ROLES, Permission, Role

from . import delegating, listing, reach, service
from .forms import AccountForm, AtOnce, EndForm, FilterForm, GrantForm, LendForm, OfficeForm

bp = Blueprint("people", __name__, url_prefix="/people")


# --- the list ---------------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.ACCOUNT_READ)
def index() -> ResponseReturnValue:
    """List the accounts within one's scope."""
    return _list(None)


@bp.get("/unit-admins")
@needs(Permission.ACCOUNT_READ)
def unit_admins() -> ResponseReturnValue:
    """List the administrators of unions, in a city."""
    return _list(LISTED_ALONE["unit_admins"])


@bp.get("/org-admins")
@needs(Permission.ACCOUNT_READ)
def org_admins() -> ResponseReturnValue:
    """List the administrators of counties, systems and towns, in a city."""
    return _list(LISTED_ALONE["org_admins"])


def _roles() -> tuple[Role, ...]:
    return ROLES[str(current_app.config["PROFILE"])]


def _list(only: Role | None) -> ResponseReturnValue:
    """Show the accounts with the role `only`, or with any."""
    if only is not None and only not in _roles():
        raise Absent
    given = request.args
    filters = listing.Filters(
        q=given.get("q", "").strip(),
        role=only.value if only else given.get("role", ""),
        unit=given.get("unit", "").strip().upper(),
        state=given.get("state", ""),
    )
    sort = listing.Sort.NEWEST if given.get("sort") == listing.Sort.NEWEST else listing.Sort.USERNAME
    after, before = given.get("after", type=int), given.get("before", type=int)
    number = max(given.get("page", 1, type=int), 1)
    found = listing.page(
        current_user,
        filters,
        sort=sort,
        after=after,
        before=before,
        per_page=given.get("per_page", listing.PER_PAGE, type=int),
    )
    form = FilterForm(formdata=None, data=asdict(filters) | {"sort": sort.value})
    form.role.choices = [("", "全部"), *((role.value, role.label) for role in _roles())]
    here: dict[str, Any] = {name: text or None for name, text in asdict(filters).items()}
    here |= {"sort": sort.value if sort is listing.Sort.NEWEST else None, "role": None if only else here["role"]}
    return render_template(
        "people/index.html",
        rows=found.rows,
        only=only,
        title=only.label if only else "账号与权限",
        form=form,
        filters=filters,
        page=keyed_page(request.endpoint or "", found, number=number, **here),
        other=None if found.total or only else listing.without_office(current_user, filters.q),
        may_open=bool(reach.roles_of(current_user, [only] if only else _roles())),
    )


# --- one account ------------------------------------------------------------------------------------------------------


@bp.route("/new", methods=["GET", "POST"])
@renders
@needs(Permission.ACCOUNT_MANAGE)
def new() -> ResponseReturnValue:
    """Open an account with its first office, and show its one-time password once."""
    form = AccountForm(data={"starts": today(), "role": request.args.get("role")})
    wanted = _wanted_role(form)
    if form.validate_on_submit():
        try:
            unit = _unit(form)
            starts, ends = form.term
            slip = service.open_with_slip(
                current_user, form.text("username"), form.text("name"), form.office, unit, starts, ends
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return render_template("people/slip.html", slip=slip, is_new=True, role=form.office)
    return render_template("people/new.html", form=form, only=wanted), form.status


def _wanted_role(form: OfficeForm) -> Role | None:
    """Fill the choices of the form; return the role that the address asks for, if the actor may give it."""
    roles = reach.roles_of(current_user, _roles())
    wanted = next((role for role in roles if role.value == request.args.get("role")), None)
    offered = [wanted] if wanted else roles
    place = listing.usual_place(current_user, offered[0]) if len(offered) == 1 else None
    form.offer(offered, place if request.method == "GET" else None)
    return wanted


def _unit(form: OfficeForm) -> OrgUnit:
    """Return the unit that was typed or chosen. Raises DomainError, and offers several where the text fits them."""
    text = form.wanted()
    only = None if text else listing.usual_place(current_user, form.office)
    if not text and only is None:
        raise DomainError("请填写单位代码，或名称的一部分", field="unit")
    found = [only] if only else listing.places(current_user, form.office, text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise DomainError("您的管理范围内没有这样的单位，请核对代码或名称", field="unit")
    if len(found) > listing.FEW:
        raise DomainError(f"符合的单位超过 {listing.FEW} 个，请写得更完整，或改填单位代码", field="unit")
    form.ask(found)
    raise DomainError(f"有 {len(found)} 个单位符合，请在下面选择一个", field="unit")


@bp.get("/<int:id>")
@needs(Permission.ACCOUNT_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show one account: its offices, when it last signed in, and what may be done about it."""
    return _detail(reach.find(current_user, id))


def _detail(user: User, ending: int = 0, form: Any = None) -> ResponseReturnValue:
    """Show the page; `ending` is the number of the grant whose end was refused, `form` what was typed for it."""
    grants = listing.shown_grants(current_user, user)
    body = render_template(
        "people/detail.html",
        user=user,
        grants=grants,
        elsewhere=len(user.grants) - len(grants),
        givers=service.givers(grants),
        seen=service.last_seen([user.id]).get(user.id),
        sessions=service.count_sessions(user),
        is_locked=bool(service.locked([user.id])),
        may_manage=reach.may_look_after(current_user, user),
        may_give=reach.may_be_given(current_user, user) and bool(reach.roles_of(current_user, _roles())),
        may_end=lambda grant: service.may_end(current_user, grant),
        words_of=delegating.words_of,
        events=service.history(user, grants),
        ending=ending,
        form=form or EndForm(formdata=None, data={"on": today()}),
        today=today(),
    )
    return body, form.status if form is not None else 200


@bp.post("/<int:id>/slip")
@renders
@needs(Permission.ACCOUNT_MANAGE)
def slip(id: int) -> ResponseReturnValue:
    """Reset the password, and show the one-time one once."""
    return render_template("people/slip.html", slip=service.print_slip(current_user, id), is_new=False, user_id=id)


@bp.post("/<int:id>/unlock")
@needs(Permission.ACCOUNT_MANAGE)
def unlock(id: int) -> ResponseReturnValue:
    """Open an account that wrong passwords have shut."""
    service.unlock(current_user, reach.find(current_user, id))
    flash("已解除锁定", "success")
    return redirect(url_for(".detail", id=id))


@bp.post("/<int:id>/disable")
@needs(Permission.ACCOUNT_MANAGE)
def disable(id: int) -> ResponseReturnValue:
    """Let an account sign in no more."""
    service.disable(current_user, reach.find(current_user, id))
    flash("账号已停用，已从所有设备退出", "success")
    return redirect(url_for(".detail", id=id))


@bp.post("/<int:id>/enable")
@needs(Permission.ACCOUNT_MANAGE)
def enable(id: int) -> ResponseReturnValue:
    """Let it sign in again."""
    service.enable(current_user, reach.find(current_user, id))
    flash("账号已启用", "success")
    return redirect(url_for(".detail", id=id))


@bp.route("/<int:id>/grant", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_MANAGE)
def give(id: int) -> ResponseReturnValue:
    """Give another office to an account."""
    user = reach.find(current_user, id)
    reach.check_given(current_user, user)
    form = GrantForm(data={"starts": today()})
    _wanted_role(form)
    if form.validate_on_submit():
        try:
            starts, ends = form.term
            service.give(current_user, user, service.Office(form.office, _unit(form), starts, ends))
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已加授职责", "success")
            return redirect(url_for(".detail", id=id))
    return render_template("people/grant.html", form=form, user=user), form.status


@bp.post("/grants/<int:id>/end")
@needs(Permission.ACCOUNT_MANAGE)
def end(id: int) -> ResponseReturnValue:
    """End an office with a day, or at once."""
    grant: Grant = reach.find_grant(current_user, id)
    user_id, form = grant.user_id, EndForm()
    try:
        day = None if AtOnce().at_once.data else _day(form)
        service.end_grant(current_user, grant, day)
    except DomainError as error:
        form.refuse_or_raise(error)
        return _detail(reach.find(current_user, user_id), ending=id, form=form)
    flash("已结束这项职责" if day is None else "已设定结束日期", "success")
    return redirect(url_for(".detail", id=user_id))


def _day(form: Any) -> Any:
    """Return the last day that was typed. Raises DomainError."""
    day = form.values().get("on")
    if day is None:
        raise DomainError("请填写最后一天，或勾选“立即结束”", field="on")
    return day


# --- delegations ------------------------------------------------------------------------------------------------------


@bp.get("/delegations")
@needs(Permission.DELEGATE)
def delegations() -> ResponseReturnValue:
    """Show what one has lent, now and before."""
    return render_template(
        "people/delegations.html", grants=delegating.own(current_user), words_of=delegating.words_of, today=today()
    )


@bp.route("/delegations/new", methods=["GET", "POST"])
@needs(Permission.DELEGATE)
def lend() -> ResponseReturnValue:
    """Lend decisions to somebody, from a day to a day."""
    form: Any = LendForm(data={"starts": today()})
    form.unit.choices = [(unit.id, unit.name) for unit in delegating.units(current_user)]
    if form.validate_on_submit():
        try:
            days = form.values()
            delegating.lend(
                current_user,
                form.unit.data or 0,
                form.text("username"),
                form.decisions.data or [],
                starts=days["starts"],
                ends=days["ends"],
                reason=form.text("reason"),
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已委托，受托人会收到站内信", "success")
            return redirect(url_for(".delegations"))
    return render_template("people/lend.html", form=form), form.status


@bp.post("/delegations/<int:id>/end")
@needs(Permission.DELEGATE)
def take_back(id: int) -> ResponseReturnValue:
    """End a delegation now."""
    delegating.take_back(current_user, delegating.find(current_user, id))
    flash("已收回委托", "success")
    return redirect(url_for(".delegations"))
