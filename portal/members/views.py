"""The list, the sheet, one's own page; edit, reveal, print."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.forms import PortalForm
from portal.core.web import renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import amending, beside, cases, correcting, paper, search, seeking, service, sight
from .catalogue import FIELD, REQUIRED_FULL, Section
from .enums import MembershipStatus, Sex
from .forms import FilterForm, PhotoForm, ReasonForm, edit_form
from .models import Member
from .printing import Papers
from .search import ANY_STATUS, Filters, Sort
from .timeline import service as timeline

bp = Blueprint("members", __name__, url_prefix="/members")

SEE_OTHER = 303


# --- the list ---------------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """List the members in scope, by the filters in the address."""
    arguments = _arguments()
    word = arguments["q"]
    text = "" if search.is_secret(word) and not word.startswith("~") else search.text_of(current_user, word)
    sort = Sort(arguments["sort"]) if arguments["sort"] in list(Sort) else Sort.NAME  # type: ignore[call-arg]  # by its value alone
    filters = Filters(unit=arguments["unit"], status=arguments["status"], sex=arguments["sex"], q=text or "")
    number = max(1, request.args.get("page", 1, type=int))
    is_lost = bool(word) and not text  # a number typed into the address, or a kept one that is gone: nobody, not all
    page = search.Page([], 0, has_before=False, has_after=False)
    if not is_lost:
        page = search.list_page(
            current_user,
            filters,
            sort=sort,
            after=request.args.get("after", type=int),
            before=request.args.get("before", type=int),
            number=number,
            per_page=_per_page(),
        )
    units, is_cut = search.units_to_choose(current_user, filters.unit)
    shown = {"unit": filters.unit, "membership_status": filters.status, "sex": filters.sex, "sort": sort.value}
    form = FilterForm(formdata=None, data=shown)
    form.unit.choices = {"": "全部"} | dict(units)
    form.unit.description = "单位较多，请逐级选择：选中上级查询后，可再选它的下级" if is_cut else ""
    (form.kept if word.startswith("~") else form.q).data = "" if is_lost else word
    return render_template(
        "members/index.html",
        form=form,
        rows=page.rows,
        page=_pager(page, arguments, number),
        chips=_chips(arguments, dict(units), text or ""),
        is_lost=is_lost,
        figures=beside.figures_for(current_user, filters.unit),
        found=arguments if current_user.holds(Permission.MEMBER_PRINT) else None,
    )


@bp.post("/search")
@needs(Permission.MEMBER_READ)
def find() -> ResponseReturnValue:
    """Turn the search box into an address; a number is kept here, and the address gets a word for it."""
    form = FilterForm()
    typed = (form.q.data or "").strip()[:60]
    word = typed.lstrip("~") or form.kept.data
    if search.is_secret(typed):
        seeking.take(current_user, typed)
        word = search.keep_text(current_user, typed)
    arguments = {"q": word, "unit": form.unit.data, "sex": form.sex.data, "sort": form.sort.data}
    arguments = {name: value for name, value in arguments.items() if value and (name, value) != ("sort", Sort.NAME)}
    status = form.membership_status.data
    if status and status != MembershipStatus.ACTIVE:
        arguments["status"] = status
    return redirect(url_for(".index", **arguments), SEE_OTHER)


def _arguments() -> dict[str, str]:
    given = {name: request.args.get(name, "").strip() for name in ("q", "unit", "sex", "sort")}
    return given | {"status": request.args.get("status") or MembershipStatus.ACTIVE.value}


def _per_page() -> int:
    return request.args.get("per_page", search.PER_PAGE, type=int)


def _url(arguments: dict[str, str], **changed: Any) -> str:
    kept = {name: value for name, value in (arguments | changed).items() if value not in ("", None)}
    if _per_page() != search.PER_PAGE:
        kept["per_page"] = _per_page()
    return url_for(".index", **kept)


def _pager(page: search.Page, arguments: dict[str, str], number: int) -> SimpleNamespace:
    """Return what the pager shows; 下一页 goes on from the last row, 上一页 back from the first."""
    rows = page.rows
    return SimpleNamespace(
        total=page.total,
        number=number,
        first_url=_url(arguments),
        prev_url=_url(arguments, before=rows[0].id, page=max(1, number - 1)) if rows and page.has_before else None,
        next_url=_url(arguments, after=rows[-1].id, page=number + 1) if rows and page.has_after else None,
    )


def _chips(arguments: dict[str, str], units: dict[str, str], text: str) -> list[tuple[str, str]]:
    """Return (words, address without it) of every filter in force, so that none is hidden and each can be taken off."""
    chips = []
    if arguments["status"] != ANY_STATUS:
        label = dict(MembershipStatus.choices()).get(arguments["status"], arguments["status"])
        chips.append((f"会籍状态：{label}", _url(arguments, status=ANY_STATUS)))
    if arguments["unit"]:
        name = units.get(arguments["unit"], arguments["unit"]).strip()
        chips.append((f"所属分工会：{name}（含下级）", _url(arguments, unit="")))
    if arguments["sex"]:
        label = dict(Sex.choices()).get(arguments["sex"], arguments["sex"])
        chips.append((f"性别：{label}", _url(arguments, sex="")))
    if text:
        shown = f"号码（尾号 {text[-4:]}）" if arguments["q"].startswith("~") else text
        chips.append((f"查找：{shown}", _url(arguments, q="")))
    return chips


# --- the sheet --------------------------------------------------------------------------------------------------------


@bp.get("/<int:id>")
@needs(Permission.SIGNED_IN)
def detail(id: int) -> ResponseReturnValue:
    """Show one member: 44 fields, and the newest of her time-line; her own page to herself."""
    member = service.find(current_user, id)
    if not current_user.may(Permission.MEMBER_READ, member.unit):
        return redirect(url_for(".me"))
    return _sheet(
        member,
        "members/detail.html",
        doors=cases.doors_for(current_user, member),
        may_correct=bool(correcting.correctable(current_user, member)),
    )


@bp.get("/me")
@needs(Permission.SIGNED_IN)
def me() -> ResponseReturnValue:
    """Show one's own record, and what happened to it; who is no member is told so."""
    member = service.own(current_user)
    if member is None:
        return render_template("members/no_record.html")
    return _sheet(member, "members/me.html")


def _sheet(member: Member, template: str, **more: Any) -> ResponseReturnValue:
    open_cases = cases.cases_for(current_user, member)
    return render_template(
        template,
        member=member,
        sections=sight.sheet(current_user, member),
        latest=timeline.latest(current_user, member),
        reveals={name for name, field in FIELD.items() if service.may_reveal(current_user, member, field)},
        status=MembershipStatus(member.membership_status),  # type: ignore[call-arg]  # by its value alone
        may_edit=bool(service.editable(current_user, member)),
        may_print=service.may_print(current_user, member),
        asked=service.asked_for(current_user, member),
        beside=beside.lines_for(current_user._get_current_object(), member),
        form=ReasonForm(formdata=None),
        open_cases=open_cases,
        waiting={name: case for case in open_cases for name in case.fields},
        **more,
    )


@bp.get("/<int:id>/photo")
@needs(Permission.SIGNED_IN)
def photo(id: int) -> ResponseReturnValue:
    """Give the photo to whoever may read the member."""
    content = service.photo_of(service.find(current_user, id))
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="photo.jpg"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, mimetype="image/jpeg", headers=headers)


@bp.post("/<int:id>/reveal")
@needs(Permission.SIGNED_IN)
def reveal(id: int) -> ResponseReturnValue:
    """Show one secret in full, once, after its trace; the reason is asked for."""
    member = service.find(current_user, id)
    form = ReasonForm()
    name = request.form.get("field", "")
    shown = None
    if form.validate_on_submit():
        try:
            shown = service.reveal(current_user, member, name, reason=form.reason.data or "")
        except (Absent, Forbidden):
            raise
        except DomainError as error:
            form.refuse(error)
    field = FIELD.get(name)
    if field is None or not sight.is_secret(field):
        raise Absent
    page = render_template(
        "members/reveal.html", member=member, secret=field, shown=shown, form=form, back=_back(member)
    )
    return page, form.status, {"Cache-Control": "no-store"}


@bp.post("/<int:id>/registration-form")
@renders
@needs(Permission.SIGNED_IN)
def registration_form(id: int) -> ResponseReturnValue:
    """Print 《工会会员登记表》 of one member."""
    try:
        rendered = paper.print_form(
            current_user,
            id,
            check_url=f"{current_app.config['BASE_URL']}/prints/check/",
            papers=_papers(request.form.get("papers", "")),
            at_joining=request.form.get("version") == "joined",
            with_boxes=request.form.get("with_boxes") == "1",
        )
    except paper.MissingGlyphs as error:
        member = service.find(current_user, id)
        kept = {name: request.form.get(name, "") for name in ("papers", "version")}
        page = render_template("members/print_missing.html", member=member, error=error, back=_back(member), kept=kept)
        return page, error.status
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'inline; filename="registration-form.pdf"',
    }
    return Response(rendered.pdf, mimetype="application/pdf", headers=headers)


def _papers(word: str) -> Papers:
    return Papers(word) if word in list(Papers) else Papers.REGISTRATION  # type: ignore[call-arg]  # by its value alone


def _back(member: Member) -> str:
    """Return the address of the page that shows the member to this person."""
    return url_for(".me") if member.user_id == current_user.id else url_for(".detail", id=member.id)


# --- editing ----------------------------------------------------------------------------------------------------------


@bp.route("/<int:id>/edit", methods=["GET", "POST"])
@needs(Permission.MEMBER_EDIT)
def edit(id: int) -> ResponseReturnValue:
    """Change what an operator may change at once."""
    return _edit(service.find(current_user, id, Permission.MEMBER_EDIT))


@bp.route("/me/edit", methods=["GET", "POST"])
@needs(Permission.SIGNED_IN)
def edit_me() -> ResponseReturnValue:
    """Change what a member may change of herself at once."""
    member = service.own(current_user, to_write=request.method == "POST")
    if member is None:
        raise Absent
    return _edit(member)


def _edit(member: Member) -> ResponseReturnValue:
    fields = service.editable(current_user, member, sent=request.form)
    if not fields:
        raise Forbidden("该会员的信息您不能直接修改，如需修改请联系校工会")
    seen = service.version_seen(member, _number(request.form.get("seen_version")))
    filled = {field.name: getattr(seen, field.column_name) for field in fields if not sight.is_secret(field)}
    required = tuple(name for name in (*REQUIRED_FULL, "join_date") if filled.get(name) is not None)
    form = edit_form(tuple(field.name for field in fields), required)(data=filled)
    form.offer()
    if form.is_submitted():
        try:
            warnings = service.edit(
                current_user,
                member,
                form.values(fields),
                seen_version=_number(form["seen_version"].data),
                known_version=_number(form["known_version"].data),
            )
        except Forbidden:
            raise
        except DomainError as error:
            if isinstance(error, Conflict):
                form["known_version"].data = str(service.mark_of(member))
            form.refuse(error)
        else:
            flash("已保存", "success")
            for warning in warnings:
                flash(warning, "warning")
            return redirect(_back(member), SEE_OTHER)
    else:
        form["seen_version"].data = str(service.mark_of(member))
    return (
        render_template(
            "members/edit.html",
            member=member,
            form=form,
            sections=_by_section(form),
            asked=service.asked_for(current_user, member),
            secrets={field.name for field in fields if sight.is_secret(field)},
            back=_back(member),
            is_own=member.user_id == current_user.id,
        ),
        form.status,
    )


def _by_section(form: PortalForm) -> list[tuple[Section, list[Any]]]:
    """Return the inputs under the catalogue's headings."""
    inputs = [one for one in form if one.short_name in FIELD]
    sections = [(section, [one for one in inputs if FIELD[one.short_name].section == section]) for section in Section]
    return [(section, of_section) for section, of_section in sections if of_section]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


@bp.post("/me/confirm")
@needs(Permission.SIGNED_IN)
def confirm() -> ResponseReturnValue:
    """Take one's word that one's own record is right as it is."""
    amending.confirm(current_user)
    flash("谢谢，已记下您核对无误的日期", "success")
    return redirect(url_for(".me"), SEE_OTHER)


@bp.route("/me/photo", methods=["GET", "POST"])
@renders
@needs(Permission.SIGNED_IN)
def my_photo() -> ResponseReturnValue:
    """Replace one's own photo."""
    form = PhotoForm()
    if form.validate_on_submit():
        try:
            service.change_photo(current_user, request.files["photo"].stream if "photo" in request.files else None)
        except (Absent, Forbidden):
            raise
        except DomainError as error:
            form.refuse(error)
        else:
            flash("照片已更换", "success")
            return redirect(url_for(".me"), SEE_OTHER)
    member = service.own(current_user)
    if member is None:
        raise Absent
    return render_template("members/photo.html", member=member, form=form), form.status
