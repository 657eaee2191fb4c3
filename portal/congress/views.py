"""The pages of a congress: the congresses, one with its composition and sessions, one's own seat."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import rules, seats, service
from .forms import CongressForm, DelegationsForm, offered
from .importing import service as importing
from .models import Congress
from .offices import service as offices

bp = Blueprint("congress", __name__, url_prefix="/congress")

SEE_OTHER, REFUSED = 303, 422


def _user() -> Any:
    """Return the account itself, not the stand-in that follows the request."""
    return current_user._get_current_object()


@bp.get("")
@needs(Permission.CONGRESS_READ)
def index() -> ResponseReturnValue:
    """List the congresses."""
    may_manage = current_user.holds(Permission.CONGRESS_MANAGE)
    return render_template("congress/index.html", congresses=service.congresses(_user()), may_manage=may_manage)


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.CONGRESS_MANAGE)
def new() -> ResponseReturnValue:
    """Ask which congress begins."""
    unions = {str(unit.id): unit.name for unit in service.unions(_user())}
    form = offered(CongressForm(), unit=unions)
    if form.is_submitted():
        try:
            said = form.values()
            unit = form.text("unit") if form.text("unit") in unions else next(iter(unions))
            item = service.begin(_user(), int(unit), number=said["number"], starts=said["starts"], ends=said["ends"])
        except DomainError as error:
            if error.status != REFUSED:
                raise
            form.refuse(error)
        else:
            flash(f"{item.title}已建立，请导入代表名单", "success")
            return redirect(url_for(".detail", id=item.id), SEE_OTHER)
    return render_template("congress/new.html", form=form, has_unions=len(unions) > 1), form.status


@bp.get("/<int:id>")
@needs(Permission.CONGRESS_READ)
def detail(id: int) -> ResponseReturnValue:
    """Show a congress: composition, sessions, delegations, rules."""
    item = service.find(_user(), id)
    sitting = seats.of(item)
    return render_template(
        "congress/detail.html",
        item=item,
        shares=seats.composition(item),
        sitting=sitting,
        vacancies=seats.of(item, cut=seats.Cut.VACANT),
        heads={one.delegation_id: one for one in sitting if one.delegation_post == "head"},
        rules=rules.shown(item.rules),
        committee=offices.committee(item),
        imports=importing.of(item) if _may_manage(item) else [],
        may_manage=_may_manage(item),
    )


def _may_manage(item: Congress) -> bool:
    return bool(current_user.may(Permission.CONGRESS_MANAGE, item.unit))


@bp.route("/<int:id>/delegations", methods=["GET", "POST"])
@needs(Permission.CONGRESS_MANAGE)
def delegations(id: int) -> ResponseReturnValue:
    """Name the delegations."""
    item = service.find(_user(), id, Permission.CONGRESS_MANAGE)
    form = DelegationsForm(data={"names": "\n".join(one.name for one in item.delegations)})
    if form.validate_on_submit():
        try:
            service.name_delegations(_user(), id, form.text("names").splitlines())
        except DomainError as error:
            if error.status != REFUSED:
                raise
            form.refuse(error)
        else:
            flash("代表团已保存", "success")
            return redirect(url_for(".detail", id=id), SEE_OTHER)
    return render_template("congress/delegations.html", form=form, item=item), form.status


# --- one's own --------------------------------------------------------------------------------------------------------


@bp.get("/mine")
@needs(Permission.SIGNED_IN)
def mine() -> ResponseReturnValue:
    """Show one's own seats, and what the congress is about to do."""
    found = seats.own(_user())
    return render_template("congress/mine.html", seats=found, Collecting=service.Collecting)
