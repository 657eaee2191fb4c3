"""In a city: the way of an applicant whom the province's platform does not know yet to its registration, and back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, session, url_for
from flask.typing import ResponseReturnValue

from portal.core import settings
from portal.core.errors import Absent
from portal.org.guards import public

from . import receipts
from .views import RECEIPT

bp = Blueprint("province", __name__, url_prefix="/joining")


@bp.get("/province")
@public
def register() -> ResponseReturnValue:
    """Lead to the page on which the province registers; where that is, the union says in its settings."""
    link = str(settings.value("joining_province_link"))
    if not link:
        raise Absent
    return redirect(link)


@bp.post("/receipt/registered")
@public
def come_back() -> ResponseReturnValue:
    """Go on with one's own application after registering there."""
    receipts.come_back(session.get(RECEIPT, ""))
    flash("已重新提交，请等待审核", "success")
    return redirect(url_for("joining.receipt"))
