"""The pages of printing: the start, a job, the file, the archive, and the public check of a print."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import DomainError
from portal.core.web import limiter, numbers_in, renders
from portal.members import filing, printing, search
from portal.members.printing import Papers, RegistrationForm
from portal.members.search import Filters, Sort
from portal.org.guards import needs, public
from portal.org.permissions import Permission
from portal.query import selections

from . import archive, service
from .forms import ArchiveFilterForm, FileForm, ProofForm
from .models import LIVE, JobState, PrintKind

bp = Blueprint("prints", __name__, url_prefix="/prints")

SEE_OTHER = 303
GUESSES = "30 per minute; 300 per hour"
TONES = {JobState.DONE: "success", JobState.FAILED: "danger", JobState.RUNNING: "info", JobState.QUEUED: "info"}
ATTACHED = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}


@bp.get("/")
@needs(Permission.MEMBER_PRINT)
def index() -> ResponseReturnValue:
    """Show what can be printed, and the person's jobs."""
    return render_template(
        "prints/index.html",
        new=len(service.new_this_year(current_user)),
        jobs=service.jobs_of(current_user),
        kinds=PrintKind,
        tones=TONES,
        counts=archive.listing(current_user, archive.Filters()).counts,
        states=filing.FileState,
    )


@bp.post("/start")
@needs(Permission.MEMBER_PRINT)
def start() -> ResponseReturnValue:
    """Queue a print: of the ticked rows, of all that the list finds, of a query's, or of this year's new members."""
    word = request.form.get("kind", "")
    how = {
        "kind": PrintKind(word) if word in list(PrintKind) else PrintKind.REGISTRATION,  # type: ignore[call-arg]  # by its value alone
        "at_joining": request.form.get("version") == "joined",
        "check_url": f"{current_app.config['BASE_URL']}{url_for('.check')}",
    }
    scope = request.form.get("scope")
    if scope == "new":
        job = service.start_new(current_user, **how)
    elif scope == "found":
        order = request.form.get("sort", "")
        filters = Filters(
            unit=request.form.get("unit", ""),
            status=request.form.get("status", ""),
            sex=request.form.get("sex", ""),
            q=search.text_of(current_user, request.form.get("q", "")) or "",
        )
        if request.form.get("q") and not filters.q:
            raise DomainError("查询条件已过期，请返回重新查询后再打印")
        sort = Sort(order) if order in list(Sort) else Sort.NAME  # type: ignore[call-arg]  # by its value alone
        job = service.start_found(current_user, filters, sort, **how)
    elif scope == "selection":
        chosen = selections.find(current_user, request.form.get("selection", ""))
        job = service.start_selected(current_user, chosen.member_ids, **how)
    else:
        job = service.start_selected(current_user, _ids(), **how)
    return redirect(url_for(".job", id=job.id), SEE_OTHER)


@bp.get("/selection")
@needs(Permission.MEMBER_PRINT)
def of_selection() -> ResponseReturnValue:
    """Ask what is printed of the members that a query has selected."""
    chosen = selections.find(current_user, request.args.get("selection", ""))
    return render_template("prints/selection.html", selection=chosen, kinds=PrintKind)


def _ids() -> list[int]:
    words = request.form.getlist("ids")
    return numbers_in(words)


@bp.get("/jobs/<int:id>")
@needs(Permission.MEMBER_PRINT)
def job(id: int) -> ResponseReturnValue:
    """Show how far a job is; the page asks again by itself while it is under way."""
    item = service.find(current_user, id)
    is_live = item.state in LIVE
    page = render_template(
        "prints/job.html",
        job=item,
        is_live=is_live,
        before=service.before(item) if item.state is JobState.QUEUED else 0,
        beside=None if is_live else service.beside(current_user, item),
        tones=TONES,
        kept_for=service.KEPT_FOR.days,
    )
    return page, 200, {"Refresh": "3"} if is_live else {}


@bp.get("/jobs/<int:id>/pdf")
@needs(Permission.MEMBER_PRINT)
def download(id: int) -> ResponseReturnValue:
    """Hand out the finished PDF, opened piece by piece."""
    item, pieces = service.content_of(current_user, id)
    headers = {"Content-Disposition": f'attachment; filename="print-{item.id}.pdf"', "Content-Length": str(item.size)}
    return Response(pieces, mimetype="application/pdf", headers=ATTACHED | headers)


@bp.post("/jobs/<int:id>/cancel")
@needs(Permission.MEMBER_PRINT)
def cancel(id: int) -> ResponseReturnValue:
    """Give up a job."""
    service.cancel(current_user, id)
    flash("已取消打印", "success")
    return redirect(url_for(".index"), SEE_OTHER)


@bp.get("/blank")
@needs(Permission.MEMBER_PRINT)
def blank() -> ResponseReturnValue:
    """Print empty forms, to be filled in by hand; `papers` in the address says which, else both."""
    which = request.args.get("papers", "")
    papers = Papers(which) if which in list(Papers) else Papers.BOTH  # type: ignore[call-arg]  # by its value alone
    form = RegistrationForm(pledge=filing.JOIN_PLEDGE)
    service.release()
    rendered = printing.registration_form(form, papers)
    headers = {"Content-Disposition": 'inline; filename="blank-form.pdf"'}
    return Response(rendered.pdf, mimetype="application/pdf", headers=headers)


# --- the proof --------------------------------------------------------------------------------------------------------


@bp.get("/check/")
@bp.get("/check/<token>")
@limiter.limit(GUESSES)
@public
def check(token: str = "") -> ResponseReturnValue:
    """Say whether a print is genuine, and nothing about whom it is of."""
    asked = token or request.args.get("code", "").strip()[:40]
    print_ = filing.genuine(asked) if asked else None
    form = ProofForm(formdata=None, data={"code": asked})
    page = render_template("prints/check.html", form=form, asked=asked, print=print_)
    return page, 200 if print_ or not asked else 404


# --- the archive ------------------------------------------------------------------------------------------------------


@bp.get("/archive")
@needs(Permission.MEMBER_PRINT)
def papers() -> ResponseReturnValue:
    """List whose papers are printed, signed and put away."""
    given = {name: request.args.get(name, "").strip() for name in ("state", "unit", "year", "name")}
    year = given["year"] if given["year"].isascii() and given["year"].isdigit() and len(given["year"]) == 4 else ""
    state = given["state"] if given["state"] in list(filing.FileState) else archive.ANY
    filters = archive.Filters(state=state, unit=given["unit"], year=year, name=given["name"][:50])
    number = max(1, request.args.get("page", 1, type=int))
    found = archive.listing(current_user, filters, number=number)
    units, _ = search.units_to_choose(current_user, filters.unit)
    form = ArchiveFilterForm(formdata=None, data=given | {"state": state})
    form.unit.choices = {"": "全部"} | dict(units)
    names = {archive.ANY: "全部"} | dict(filing.FileState.choices())
    form.state.choices = {value: f"{label}（{found.counts[value]}）" for value, label in names.items()}

    def url(to: int) -> str:
        words: dict[str, Any] = {name: word for name, word in given.items() if word}
        return url_for(".papers", **words, page=to)

    pager = SimpleNamespace(
        total=found.total,
        number=number,
        first_url=url(1),
        prev_url=url(number - 1) if number > 1 else None,
        next_url=url(number + 1) if number * archive.PER_PAGE < found.total else None,
    )
    return render_template("prints/archive.html", form=form, rows=found.rows, page=pager)


@bp.post("/archive")
@needs(Permission.MEMBER_PRINT)
def file_many() -> ResponseReturnValue:
    """Mark the ticked members' papers as signed and put away."""
    filed, left = archive.file_many(current_user, _ids(), place=request.form.get("place", ""))
    flash(f"已标记 {filed} 人为已签字归档" + (f"，{left} 人不在您的管理范围内，已跳过" if left else ""), "success")
    return redirect(url_for(".papers"), SEE_OTHER)


@bp.route("/archive/<int:id>", methods=["GET", "POST"])
@renders
@needs(Permission.MEMBER_PRINT)
def paper(id: int) -> ResponseReturnValue:
    """Show the paper file of one member, and put a signed paper away."""
    form = FileForm()
    if form.validate_on_submit():
        try:
            file = request.files.get("scan")
            archive.file_one(
                current_user, id, place=form.place.data or "", stream=file.stream if file and file.filename else None
            )
        except DomainError as error:
            form.refuse_or_raise(error)
        else:
            flash("已归档", "success")
            return redirect(url_for(".paper", id=id), SEE_OTHER)
    member, file_row, prints = archive.find(current_user, id)
    if request.method == "GET" and file_row is not None:
        form.place.data = file_row.place
    page = render_template(
        "prints/paper.html",
        form=form,
        member=member,
        file=file_row,
        prints=prints,
        states=filing.FileState,
        papers=Papers,
        may_read_scan=archive.may_read_scan(current_user, member, file_row),
    )
    return page, form.status


@bp.post("/archive/<int:id>/scan")
@needs(Permission.MEMBER_PRINT)
def scan(id: int) -> ResponseReturnValue:
    """Hand out the scan of the signed paper, after its trace."""
    content, mimetype = archive.read_scan(current_user, id)
    ending = "pdf" if mimetype == "application/pdf" else "jpg"
    headers = {"Content-Disposition": f'attachment; filename="scan-{id}.{ending}"'}
    return Response(content, mimetype=mimetype, headers=ATTACHED | headers)
