"""The pages of the join codes: which unit has one, its picture and poster, and how far people come by it."""

from __future__ import annotations

import functools
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.config import is_reachable
from portal.core import audit, qr, settings
from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.web import PDF, download, is_within, numbered_page, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import codes, posters
from .code_forms import BundleForm, EndForm, PosterForm, SearchForm
from .models import JoinCode

bp = Blueprint("codes", __name__, url_prefix="/joining/codes")

# the session's names for what this browser has been counted for
OPENED = "opened"  # the day, then the codes
BEGUN = "begun"  # the beginnings of the latest forms' keys
COUNTED = "120 per hour"  # openings, and beginnings, of one code from one address; more are not counted

ONLY_HERE = (
    "现在二维码里的网址只有服务器本机能打开，印成海报也没有人能扫开。"
    "请系统管理员把 PORTAL_BASE_URL 设为大家访问的网址，"
    "例如 https://gonghui.example.edu.cn，重新启动后再下载海报"
)


# --- the pages ------------------------------------------------------------------------------------------------------


@bp.get("")
@needs(Permission.JOINING_CODES)
def index() -> ResponseReturnValue:
    """List the units with their codes, and how far people come by each."""
    return _list(BundleForm(formdata=None, data={"note": usual_note()}))


@bp.get("/<int:id>")
@needs(Permission.JOINING_CODES)
def detail(id: int) -> ResponseReturnValue:
    """Show one code: picture, address, numbers, poster, and its end."""
    return _detail(codes.find_code(current_user, id))


@bp.post("/issue/<int:id>")
@needs(Permission.JOINING_CODES)
def issue(id: int) -> ResponseReturnValue:
    """Make the code of a unit that has none."""
    unit = codes.find_unit(current_user, id)
    codes.issue_code(current_user, unit)
    flash(f"已生成{unit.name}的入会码", "success")
    return redirect(url_for(".index"))


@bp.post("/<int:id>/revoke")
@needs(Permission.JOINING_CODES)
def revoke(id: int) -> ResponseReturnValue:
    """Let a code open nothing from now on."""
    code = codes.find_code(current_user, id)
    form = EndForm()
    if form.validate_on_submit():
        codes.revoke(current_user, code, reason=form.reason.data or "")
        flash(f"{code.unit.name}的入会码已停用", "success")
        return redirect(url_for(".detail", id=code.id))
    return _detail(code, ending=form)


@bp.post("/<int:id>/renew")
@needs(Permission.JOINING_CODES)
def renew(id: int) -> ResponseReturnValue:
    """Give a unit a new code instead of this one."""
    code = codes.find_code(current_user, id)
    form = EndForm()
    if form.validate_on_submit():
        new = codes.renew(current_user, code, reason=form.reason.data or "")
        flash(f"已更换{code.unit.name}的入会码，请换下旧海报", "success")
        return redirect(url_for(".detail", id=new.id))
    return _detail(code, ending=form)


@bp.get("/<int:id>.svg")
@needs(Permission.JOINING_CODES)
def svg(id: int) -> ResponseReturnValue:
    """Draw a code for the page."""
    return Response(qr.svg(address_of(codes.find_live(current_user, id).token)), mimetype="image/svg+xml")


@bp.get("/<int:id>.png")
@needs(Permission.JOINING_CODES)
def png(id: int) -> ResponseReturnValue:
    """Send a code as a picture of its own."""
    code = codes.find_live(current_user, id)
    return download(qr.png(address_of(code.token)), "image/png", f"{code.unit.code}.png")


@bp.post("/<int:id>/poster")
@renders
@needs(Permission.JOINING_CODES)
def poster(id: int) -> ResponseReturnValue:
    """Print the poster of a code."""
    code = codes.find_code(current_user, id)
    refuse_where_nobody_comes()
    form = PosterForm()
    if form.validate_on_submit():
        try:
            made, printed = posters.poster(current_user, id, note=form.note.data or "", address=address_of)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return download(printed, PDF, f"{made.file_name} 入会海报.pdf")
    return _detail(code, poster=form)


@bp.post("/posters")
@renders
@needs(Permission.JOINING_CODES)
def bundle() -> ResponseReturnValue:
    """Print the posters of a subtree, and send them with their pictures in one file."""
    form = BundleForm()
    unit = codes.find_unit(current_user, form.unit.data or 0)
    refuse_where_nobody_comes()
    if form.validate_on_submit():
        name = f"{unit.code} 入会海报.zip"
        try:
            packed = posters.bundle(current_user, unit, note=form.note.data or "", address=address_of)
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            return download(packed, "application/zip", name)
    return _list(form)


def _list(form: BundleForm) -> ResponseReturnValue:
    name = request.args.get("q", "").strip()
    board = codes.board(current_user, name=name, page=request.args.get("page", 1, type=int))
    here: dict[str, Any] = {"q": name or None}
    page = numbered_page(".index", total=board.total, number=board.page, per_page=codes.LINES_PER_PAGE, **here)
    shown = render_template(
        "joining/codes.html",
        board=board,
        page=page,
        name=name,
        search=SearchForm(formdata=None, data={"q": name}),
        form=form.offer(posters.subtrees(current_user)),
        only_here=only_here(),
    )
    return shown, form.status


def _detail(code: JoinCode, *, ending: EndForm | None = None, poster: PosterForm | None = None) -> ResponseReturnValue:
    ending = ending or EndForm(formdata=None)
    poster = poster or PosterForm(formdata=None, data={"note": usual_note()})
    shown = render_template(
        "joining/codes_detail.html",
        code=code,
        address=address_of(code.token),
        funnel=codes.funnel_of(current_user, code),
        days=codes.days_of(code),
        events=audit.events_of(code),
        ending=ending,
        poster=poster,
        only_here=only_here(),
    )
    return shown, max(ending.status, poster.status)


def address_of(token: str) -> str:
    """Return what a QR code says: the address of the form, as it is reached from outside."""
    return str(current_app.config["BASE_URL"]) + url_for("joining.apply", token=token)


def only_here() -> str:
    """Return why no poster can be made, nothing where it can."""
    return "" if is_reachable(str(current_app.config["BASE_URL"])) else ONLY_HERE


def refuse_where_nobody_comes() -> None:
    """Raise DomainError where the address on a poster would lead nobody here."""
    if only_here():
        raise DomainError(ONLY_HERE)


def usual_note() -> str:
    """Return what a poster says unless another line is typed."""
    return str(settings.value(f"joining_poster_note_{current_app.config['PROFILE']}"))


# --- the public form, as it is counted ------------------------------------------------------------------------------


def follow(code: JoinCode, form_key: str) -> None:
    """Count the request for the form behind `code`, apart from its own transaction.

    A browser's session opens a code once a day; the form with the random `form_key` begins when it is first sent,
    also if it is refused. A browser that keeps no session is taken for a new one, so an address counts for no more
    than COUNTED; everybody is served.
    """
    is_counted = functools.partial(is_within, COUNTED, str(code.id))
    if request.method == "GET" and not _has_opened(code.id) and is_counted("opened"):
        _opens(code.id)
    if request.method == "POST" and form_key and not _has_begun(form_key) and is_counted("begun"):
        _begins(code.id, form_key)


def arrived(code_id: int, form_key: str) -> None:
    """Count what led to an application that has just been sent, where its address had been counted too often."""
    if not _has_opened(code_id):
        _opens(code_id)
    if not _has_begun(form_key):
        _begins(code_id, form_key)


def _has_opened(code_id: int) -> bool:
    day, *seen = session.get(OPENED, [""])
    return bool(day == today().isoformat() and code_id in seen)


def _opens(code_id: int) -> None:
    day, *seen = session.get(OPENED, [""])
    seen = seen if day == today().isoformat() else []
    session[OPENED] = [today().isoformat(), *seen[-9:], code_id]
    codes.count_opening(code_id)


def _has_begun(form_key: str) -> bool:
    return form_key[:8] in session.get(BEGUN, [])


def _begins(code_id: int, form_key: str) -> None:
    session[BEGUN] = [*session.get(BEGUN, [])[-4:], form_key[:8]]
    codes.count_beginning(code_id)
