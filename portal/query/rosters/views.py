"""The pages of lists: made from a result, found again, looked at, changed with a reason, given out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import web
from portal.core.errors import DomainError
from portal.core.web import download, numbered_page
from portal.org.guards import needs
from portal.org.permissions import Permission

from .. import selections
from . import freezing, jobs, papers, service, tables
from .forms import AddForm, CutForm, FreezeForm, SeekForm
from .models import LIVE, PartState, Roster, RosterJobState, RosterKind, RosterRow, RosterState
from .service import Counts
from .workflow import ROSTERS

bp = Blueprint("rosters", __name__, url_prefix="/query/rosters")

SEE_OTHER = 303
TONES = {RosterState.CHECKING: "info", RosterState.CLOSED: "success", RosterState.VOID: "danger"}
PART_TONES = {PartState.CONFIRMED: "success", PartState.OBJECTED: "danger", PartState.ANSWERED: "warning"}
JOB_TONES = {RosterJobState.DONE: "success", RosterJobState.FAILED: "danger"}
ZIP = "application/zip"
ATTACHED = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}


def page_number() -> int:
    """Return the page that the address asks for, from 1."""
    return max(1, request.args.get("page", 1, type=int))


@bp.get("/")
@needs(Permission.ROSTER_KEEP)
def index() -> ResponseReturnValue:
    """List what this person keeps, and what she was asked to check."""
    given = {name: request.args.get(name, "").strip()[:30] for name in ("q", "kind", "state")}
    found, total = service.kept(current_user, **given, page=page_number())
    here: dict[str, Any] = {name: text for name, text in given.items() if text}
    show = request.args.get("show", "")
    return render_template(
        "query/rosters/index.html",
        rosters=found,
        people=service.totals(found),
        page=numbered_page(".index", total=total, number=page_number(), per_page=service.PER_PAGE, **here),
        form=CutForm(formdata=None, data=given),
        is_cut=bool(here),
        show=show,
        parts=service.to_check(current_user, waiting=show == "waiting"),
        objected=service.objected(current_user),
        tones=TONES,
        part_tones=PART_TONES,
        amount=service.amount,
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.ROSTER_KEEP)
def new() -> ResponseReturnValue:
    """Freeze whom a query has selected."""
    chosen = selections.find(current_user, request.args.get("selection", ""))
    form = FreezeForm()
    form.columns.choices = {one.name: one.label for one in freezing.offered(current_user)}
    if form.validate_on_submit():
        try:
            roster, skipped = freezing.freeze(current_user, chosen, _wish(form))
        except DomainError as error:
            form.refuse(error)
        else:
            left = f"，{skipped} 人已不在您的管理范围内，没有存入" if skipped else ""
            flash(f"已存为名单“{roster.title}”，共 {chosen.number - skipped} 人{left}", "success")
            return redirect(url_for(".detail", id=roster.id), SEE_OTHER)
    return render_template("query/rosters/new.html", form=form, selection=chosen), form.status


def _wish(form: FreezeForm) -> freezing.Wish:
    title = " ".join(form.text("title").split())
    if not title:
        raise DomainError("请填写名单名称，例如“2027年春节慰问品”", field="title")
    kind = RosterKind(form.kind.data)  # type: ignore[call-arg]  # by its value alone
    return freezing.Wish(
        title, kind, form.text("item").strip(), form.hundredths(), form.text("measure").strip(),
        tuple(form.columns.data or ()),
    )  # fmt: skip


@bp.get("/<int:id>")
@needs(Permission.ROSTER_KEEP)
def detail(id: int) -> ResponseReturnValue:
    """Show a list: its branches with their totals, and its people."""
    roster = service.find(current_user, id)
    numbers = papers.numbers_of(roster)
    q, part_id = request.args.get("q", "").strip()[:10], request.args.get("part", "")
    part = next((one for one, _ in numbers if str(one.id) == part_id), None)
    rows, total = service.rows(roster, part=part, q=q, page=page_number())
    here: dict[str, Any] = {name: text for name, text in (("q", q), ("part", part_id if part else "")) if text}
    seek, called = SeekForm(formdata=None, data=here), service.unit_names(roster)
    seek.part.choices = {"": "全部"} | {str(one.id): called[one.unit_id] for one, _ in numbers}
    return render_template(
        "query/rosters/detail.html",
        roster=roster,
        numbers=numbers,
        whole=sum((one for _, one in numbers), Counts()),
        amount=service.amount,
        each=service.each(roster),
        columns=service.columns(current_user, roster, roster.unit),
        rows=rows,
        seek=seek,
        page=numbered_page(".detail", total=total, number=page_number(), per_page=service.PER_PAGE, id=id, **here),
        steps=ROSTERS.open_steps(roster, current_user),
        events=service.history(roster),
        called=called,
        jobs=jobs.of_roster(current_user, roster),
        is_void=roster.state is RosterState.VOID,
        tones=TONES,
        part_tones=PART_TONES,
        job_tones=JOB_TONES,
    )


# --- adding and taking off --------------------------------------------------------------------------------------------


@bp.route("/<int:id>/add", methods=["GET", "POST"])
@needs(Permission.ROSTER_KEEP)
def add(id: int) -> ResponseReturnValue:
    """Look for a member, then put her on the list with a reason."""
    roster = service.find(current_user, id)
    form = AddForm()
    found = None
    if form.validate_on_submit():
        try:
            if member := request.form.get("member", "", type=str):
                row = service.add(current_user, roster, _number(member), reason=form.text("reason"))
                flash(f"已增补{row.name}", "success")
                return redirect(url_for(".detail", id=id), SEE_OTHER)
            found = service.candidates(current_user, roster, form.text("q"))
        except DomainError as error:
            if error.status not in (404, 422):
                raise
            form.refuse(error)
    if found is None and form.text("q").strip():
        found = service.candidates(current_user, roster, form.text("q"))
    page = render_template("query/rosters/add.html", roster=roster, form=form, found=found, most=service.CANDIDATES)
    return page, form.status


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0


@bp.post("/rows/<int:id>/remove")
@needs(Permission.ROSTER_KEEP)
def remove(id: int) -> ResponseReturnValue:
    """Take a person off a list."""
    row = service.find_row(current_user, id)
    service.remove(current_user, row, reason=request.form.get("reason", ""))
    flash(f"已核减{row.name}", "success")
    return redirect(_back(row), SEE_OTHER)


@bp.post("/rows/<int:id>/restore")
@needs(Permission.ROSTER_KEEP)
def restore(id: int) -> ResponseReturnValue:
    """Put a person back on a list."""
    row = service.find_row(current_user, id)
    service.restore(current_user, row, reason=request.form.get("reason", ""))
    flash(f"已恢复{row.name}", "success")
    return redirect(_back(row), SEE_OTHER)


def _back(row: RosterRow) -> str:
    """Return the address of where on the list one was."""
    here: dict[str, Any] = {name: word for name in ("q", "part", "page") if (word := request.form.get(name, "")[:10])}
    if request.form.get("of_part"):
        return url_for("roster_parts.detail", id=row.part_id, **here)
    return url_for(".detail", id=row.roster_id, **here)


# --- giving out -------------------------------------------------------------------------------------------------------


@bp.post("/<int:id>/export")
@needs(Permission.ROSTER_KEEP)
def export(id: int) -> ResponseReturnValue:
    """Give the whole list out as a workbook."""
    roster = service.find(current_user, id)
    content = tables.export(current_user, roster)
    return download(content, web.XLSX, f"{_plain(roster)}-名单总表.xlsx")


@bp.post("/<int:id>/sheets")
@needs(Permission.ROSTER_KEEP)
def sheets(id: int) -> ResponseReturnValue:
    """Queue the making of a 签领表 for every branch."""
    job = jobs.start(current_user, service.find(current_user, id))
    return redirect(url_for(".job", id=job.id), SEE_OTHER)


@bp.get("/jobs/<int:id>")
@needs(Permission.ROSTER_KEEP)
def job(id: int) -> ResponseReturnValue:
    """Show how far a job is; the page asks again by itself while it is under way."""
    item = jobs.find(current_user, id)
    is_live = item.state in LIVE
    page = render_template(
        "query/rosters/job.html", job=item, is_live=is_live, tones=JOB_TONES, kept_for=jobs.KEPT_FOR.days
    )
    return page, 200, {"Refresh": "2"} if is_live else {}


@bp.post("/jobs/<int:id>/file")
@needs(Permission.ROSTER_KEEP)
def file(id: int) -> ResponseReturnValue:
    """Hand out a finished archive."""
    item, pieces = jobs.content_of(current_user, id)
    headers = {
        "Content-Disposition": web.attachment(f"{item.title}{'-签领表' if item.roster_id else ''}.zip"),
        "Content-Length": str(item.size),
    }
    return Response(pieces, mimetype=ZIP, headers=ATTACHED | headers)


def _plain(roster: Roster) -> str:
    return "".join("_" if letter in '\\/:*?"<>|' else letter for letter in roster.title)
