"""The pages of a draft: go on with it on any device, or remove it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.core.errors import DomainError
from portal.core.web import renders, takes_files
from portal.org.guards import public

from . import applying, drafts
from .forms import APPLY
from .views import RECEIPT, Values, sent, shown, ticked

bp = Blueprint("drafts", __name__, url_prefix="/joining/receipt/draft")


@bp.route("", methods=["GET", "POST"])
@renders
@takes_files
@public
def resume() -> ResponseReturnValue:
    """Open the draft with what was typed so far, and send or keep it."""
    code = session.get(RECEIPT, "")
    try:
        item = drafts.find(code)
    except DomainError:
        return redirect(url_for("joining.receipt"))
    kind, unit, has_photo = item.form, item.unit, drafts.has_photo(item)
    form = APPLY[kind]() if request.method == "POST" else APPLY[kind](formdata=MultiDict(drafts.typed_in(item)))
    agreed = {"consented": bool(form.consent.data), "sensitive_consented": ticked(form, "consent_sensitive")}

    def check(values: Values) -> object:
        return applying.check(values, kind, **agreed)

    def send(values: Values, photo: str) -> None:
        drafts.send(code, values, photo=photo, **agreed)

    def keep(typed: drafts.Typed, photo: str) -> None:
        drafts.keep_again(code, typed, photo=photo, **agreed)

    if request.method == "POST" and sent(form, check, send, keep):
        flash("草稿已保存" if "keep" in request.form else "申请已提交", "success")
        return redirect(url_for("joining.receipt"))
    return shown(form, "joining/apply.html", unit=unit, has_photo=has_photo, can_keep=True)


@bp.post("/drop")
@public
def drop() -> ResponseReturnValue:
    """Remove one's own draft."""
    drafts.drop(session.get(RECEIPT, ""))
    session.pop(RECEIPT, None)
    flash("草稿已删除", "success")
    return redirect(url_for("joining.receipt"))
