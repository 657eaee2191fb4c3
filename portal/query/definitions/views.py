"""The pages of 口径: the list, one opened, two days compared, saving and withdrawing."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.patience import within
from portal.members.catalogue import FIELD
from portal.org.guards import needs
from portal.org.permissions import Permission

from .. import answers as shown
from .. import asking, conditions, keeping, listing, sentence
from . import counting, dates, offers, questions, service
from .blanks import default_of
from .forms import PREFIX, SaveForm, blanks_form
from .models import Definition, Reach
from .offers import Draft
from .questions import Opened, Question

bp = Blueprint("definitions", __name__, url_prefix="/query/definitions")

PAGE = "query.index"
CHARTS = "figures.counted"
LIST = "list"  # the button that only lists what may become a blank
REFUSED = (403, 422)


@bp.get("/")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """List the definitions that this person may open: the house's own, and those that people have saved."""
    saved = [(one, questions.broken(service.question_of(one))) for one in service.saved(current_user)]
    noted = [(one, _note(one)) for one in service.presets(current_user)]
    return render_template("query/definitions/index.html", presets=noted, saved=saved, Reach=Reach)


def _note(question: Question) -> str:
    return questions.opened(current_user, question, {}).caption


def _given() -> dict[str, str]:
    """Return the answers in the address: of the blanks by name, and the days."""
    found = {name.removeprefix(PREFIX): text for name, text in request.args.items() if name.startswith(PREFIX)}
    return found | {name: request.args[name] for name in ("as_of", "since") if name in request.args}


def _chosen(id: int, preset: str) -> tuple[Question, Definition | None]:
    if preset:
        return service.preset(preset), None
    definition = service.find(current_user, id)
    return service.question_of(definition), definition


@bp.get("/<int:id>")
@bp.get("/presets/<preset>")
@needs(Permission.MEMBER_READ)
def detail(id: int = 0, preset: str = "") -> ResponseReturnValue:
    """Open a definition: ask for its blanks, and show number, words and the first rows."""
    question, definition = _chosen(id, preset)
    found, refusal = None, ""
    result: dict[str, Any] = {}
    try:
        found = questions.opened(current_user, question, _given())
        with within(listing.SECONDS, listing.ADVICE):
            result = _result(found)
    except DomainError as error:
        found, refusal = None, error.message
    page = render_template(
        "query/definitions/detail.html",
        question=question,
        definition=definition,
        form=blanks_form(question.blanks, _shown(question, found)),
        refusal=refusal,
        may_change=definition is not None and service.may_change(current_user, definition),
        compare_url=url_for(".compare", **question.place, **_words(found)),
        copy_url=url_for(".new", **({"preset": preset} if preset else {"copy": id}), **_words(found)),
        **result,
    )
    return page, 422 if refusal else 200


def _shown(question: Question, found: Opened | None) -> dict[str, str]:
    """Return what the inputs hold: what was asked, or what was typed where it was refused."""
    if found is not None:
        return {**found.answers, "as_of": found.asked.day.isoformat()}
    given = _given()
    day = today()
    typed = {blank.name: given.get(blank.name) or default_of(blank.default, day) for blank in question.blanks}
    return typed | {"as_of": given.get("as_of", "")}


def _words(found: Opened | None) -> dict[str, Any]:
    """Return what of the answers stands in an address."""
    if found is None:
        return {}
    return {f"{PREFIX}{name}": text for name, text in found.answers.items()} | {"as_of": found.asked.day.isoformat()}


def _result(found: Opened) -> dict[str, Any]:
    return {
        "found": found,
        "count": asking.count(current_user, found.asked),
        "table_of": counting.table(current_user, found),
        "beside": counting.beside(current_user, found),
        "unknown": counting.unknown_then(current_user, found.asked),
        "rows": [(questions.number_of(row), row) for row in questions.first(current_user, found)],
        "columns": [(name, FIELD[name].label) for name in shown.COLUMNS],
        "page_url": _page_url(found),
        "chart_url": _chart_url(found),
    }


def _chart_url(found: Opened) -> str | None:
    """Return the address of the summary with its charts, by what the question is counted by, else by branch."""
    if CHARTS not in current_app.view_functions:
        return None
    words = json.dumps(found.data, ensure_ascii=False, separators=(",", ":"))
    by = list(found.question.by) or ["branch"]
    return url_for(CHARTS, q=words, as_of=found.asked.day.isoformat(), by=by)


def _page_url(found: Opened) -> str | None:
    """Return the address of the whole list on the page of questions."""
    if PAGE not in current_app.view_functions:
        return None
    words = json.dumps(found.data, ensure_ascii=False, separators=(",", ":"))
    question, day = found.question, found.asked.day.isoformat()
    return url_for(PAGE, q=words, as_of=day, columns=",".join(question.columns) or None, sort=question.sort or None)


@bp.get("/<int:id>/compare")
@bp.get("/presets/<preset>/compare")
@needs(Permission.MEMBER_READ)
def compare(id: int = 0, preset: str = "") -> ResponseReturnValue:
    """Show who has come and gone between two days, and why."""
    question, _ = _chosen(id, preset)
    difference, refusal = None, ""
    try:
        since, _ = dates.two_days(question, _given())
        difference = dates.compared(current_user, question, _given(), since)
    except DomainError as error:
        refusal = error.message
    typed = _shown(question, difference.after if difference else None)
    typed["since"] = difference.before.asked.day.isoformat() if difference else request.args.get("since", "")
    page = render_template(
        "query/definitions/compare.html",
        question=question,
        form=blanks_form(question.blanks, typed, since=True),
        difference=difference,
        refusal=refusal,
    )
    return page, 422 if refusal else 200


# --- saving -----------------------------------------------------------------------------------------------------------


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MEMBER_READ)
def new() -> ResponseReturnValue:
    """Save the question of the address (`q`), or a copy of a definition (`preset`, `copy`) with its answers."""
    source = _source()
    return _saving(source, _draft(source), None)


def _source() -> Question | None:
    if request.args.get("preset"):
        return service.preset(request.args["preset"])
    number = request.args.get("copy", type=int)
    return service.question_of(service.find(current_user, number)) if number else None


@bp.route("/<int:id>/edit", methods=["GET", "POST"])
@needs(Permission.MEMBER_READ)
def edit(id: int) -> ResponseReturnValue:
    """Write a new version; `q` in the address brings another question from the page of questions."""
    definition = service.find(current_user, id)
    question = service.question_of(definition)
    service.check_change(current_user, definition)
    return _saving(question, _draft(question), definition)


def _draft(source: Question | None) -> Draft:
    """Return what is to be saved: as the address has it, else as the source opens."""
    args = request.args
    base = Draft(data={"all": []})
    if source is not None and not questions.broken(source):
        found = questions.opened(current_user, source, _given())
        base = offers.of_question(source, found.answers)
    elif source is not None:
        base = Draft(data=None, columns=source.columns, sort=source.sort)
    if args.get("q"):
        base = Draft(
            conditions.plain(keeping.node_of(current_user, args["q"])),
            tuple(name for name in args.get("columns", "").split(",") if name),
            args.get("sort", ""),
            base.kept,
        )
    return base


def _saving(source: Question | None, draft: Draft, definition: Definition | None) -> ResponseReturnValue:
    form = SaveForm(data=_filled(source, draft, definition))
    form.unit.choices = [(unit.code, unit.name) for unit in service.places(current_user)]
    if not service.is_keeper(current_user):
        form.reach.choices = [one for one in Reach.choices() if one[0] != Reach.OFFICIAL.value]
    is_read = True
    if form.is_submitted():
        try:
            draft = offers.of_text(form.text("sentence"), draft)
        except DomainError as error:
            is_read = False
            form.validate()
            form.refuse(DomainError(error.message, field="sentence"))
    form.ticked.choices = [(one.name, one.label) for one in draft.offers] if is_read and draft.data else []
    is_asked = is_read and form.is_submitted() and request.form.get("act") != LIST
    if is_asked and form.validate() and not _changed(form):
        try:
            wanted = _wanted(form, draft)
            if definition is None:
                definition = service.save(current_user, wanted)
            else:
                service.revise(current_user, definition, wanted)
        except DomainError as error:
            if error.status not in REFUSED:
                raise
            form.refuse(error)
        else:
            flash(f"已保存口径“{definition.name}”")
            return redirect(url_for(".detail", id=definition.id))
    form.seen.data = form.text("sentence")
    page = render_template("query/definitions/save.html", form=form, definition=definition, source=source)
    return page, form.status


def _changed(form: SaveForm) -> bool:
    """Whether values are ticked of another sentence than this: then those of this one are offered anew."""
    if form.text("sentence").split() == form.text("seen").split() or not form.ticked.data:
        return False
    form.refuse(DomainError("条件有修改，下面的填空项已按新的条件列出，请核对后再保存", field="ticked"))
    return True


def _filled(source: Question | None, draft: Draft, definition: Definition | None) -> dict[str, Any]:
    words = ""
    if draft.data is not None and (source is not None or request.args.get("q")):
        node = conditions.parse(draft.data)
        units = asking.check(current_user, node)
        words = sentence.reading(node, lambda code: units[code].name)
    return {
        "name": definition.name if definition else f"{source.name}（我的）" if source else "",
        "note": source.note if source else "",
        "reach": (definition.reach if definition else Reach.PRIVATE).value,
        "unit": definition.unit.code if definition else None,
        "sentence": words,
        "ticked": [one.name for one in draft.offers if one.is_taken] if draft.data else [],
        "seen": words,
    }


def _wanted(form: SaveForm, draft: Draft) -> service.Wanted:
    units = {unit.code: unit for unit in service.places(current_user)}
    reach = Reach(form.text("reach")) if form.text("reach") in {one.value for one in Reach} else Reach.PRIVATE  # type: ignore[call-arg]  # by its value alone
    return service.Wanted(
        form.text("name"),
        form.text("note"),
        reach,
        units.get(form.text("unit")) if reach is Reach.SHARED else None,
        draft,
        frozenset(form.ticked.data or ()),
    )


@bp.post("/<int:id>/withdraw")
@needs(Permission.MEMBER_READ)
def withdraw(id: int) -> ResponseReturnValue:
    """Take a definition out of the lists."""
    definition = service.find(current_user, id)
    service.withdraw(current_user, definition)
    flash(f"已停用口径“{definition.name}”")
    return redirect(url_for(".index"))
