"""The page of the universal query: conditions, rows, columns, and the tasks for whom it finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core.calendar import today
from portal.core.errors import DomainError
from portal.core.fields import Field
from portal.core.patience import TooSlow
from portal.core.web import numbers_in, renders
from portal.org.guards import needs
from portal.org.permissions import Permission

from . import asking, keeping, listing, pasted, selections, showing, tasks
from .addresses import Here
from .asking import Asked, Sort
from .building import Draft
from .conditions import Node, QueryError, leaves
from .fields import askable, can_sort
from .offering import Offer
from .pasted import Verdict

bp = Blueprint("query", __name__, url_prefix="/query")

SEE_OTHER, REFUSED = 303, 422


@bp.get("/")
@needs(Permission.MEMBER_READ)
def index() -> ResponseReturnValue:
    """Show whom the question in the address finds, and the conditions it is made of."""
    here = Here.read()
    try:
        node = _base(here)
        asking.check(current_user, node)
    except QueryError as error:
        return _page(replace(here, q=""), refusal=error.message), error.status
    try:
        answer = _answer(here, node)
    except DomainError as error:
        page = _page(here, draft=Draft.of(node), refusal=error.message, is_slow=isinstance(error, TooSlow))
        return page, error.status
    return _page(here, answer)


# --- the conditions ---------------------------------------------------------------------------------------------------


@bp.post("/run")
@needs(Permission.MEMBER_READ)
def run() -> ResponseReturnValue:
    """Turn the form of conditions into an address; a question with a number is kept here, the address gets a word."""
    here, draft = Here.read(request.form), Draft.read(request.form)
    try:
        here.day()
        node = draft.node(_base(here))
        asking.check(current_user, node)
    except DomainError as error:
        return _page(here, draft=draft, refusal=error.message), error.status
    keeping.pace(current_user, node)
    return redirect(here.url(q=keeping.word_of(current_user, node)), SEE_OTHER)


@bp.post("/build")
@renders
@needs(Permission.MEMBER_READ)
def build() -> ResponseReturnValue:
    """Show the form of conditions again with a row more or less, or with the rules of the field that was chosen."""
    here, draft = Here.read(request.form), Draft.read(request.form)
    draft.change(request.form.get("act", ""))
    return _page(here, draft=draft)


@bp.post("/count")
@renders
@needs(Permission.MEMBER_READ)
def count() -> ResponseReturnValue:
    """Say how many the form of conditions would find, or what is wrong with it, for the script that asks meanwhile."""
    here, draft = Here.read(request.form), Draft.read(request.form)
    try:
        node = draft.node(_base(here))
        if any(map(keeping.is_number, leaves(node))):
            return jsonify(said="含号码的条件，点“执行查询”后显示人数")
        number = listing.number(current_user, Asked(node, here.day()))
    except DomainError as error:
        return jsonify(said=error.message)
    return jsonify(count=number, said=f"现在的条件可查到 {number} 人")


def _base(here: Here) -> Node:
    """Return the question that the form began with."""
    return keeping.node_of(current_user, here.q) if here.q else showing.DEFAULT


@dataclass(frozen=True)
class Answer:
    """What the page shows of a question that could be asked."""

    node: Node
    asked: Asked
    sort: Sort
    columns: list[Field]
    page: listing.Page
    chips: list[tuple[str, str]]
    reading: str


def _answer(here: Here, node: Node) -> Answer:
    asked = Asked(node, here.day())
    units = asking.check(current_user, node)
    columns = listing.chosen(current_user, here.shown)
    sort = here.order(current_user)
    page = listing.page(
        current_user,
        asked,
        columns,
        sort=sort,
        after=request.values.get("after", type=int),
        before=request.values.get("before", type=int),
        number=max(1, request.values.get("page", 1, type=int)),
        per_page=here.per_page,
    )
    chips = [
        (words, here.url(q=keeping.without(here.q, node, place)))
        for place, words in enumerate(showing.chips(node, units))
    ]
    return Answer(node, asked, sort, columns, page, chips, showing.reading(node, units))


def _page(
    here: Here, answer: Answer | None = None, *, draft: Draft | None = None, refusal: str = "", is_slow: bool = False
) -> str:
    """Return the page with the rows of `answer`, or with the form of conditions as it was sent."""
    base, units = None, {}
    if draft is None:
        draft = Draft.of(answer.node) if answer else Draft.empty()
    try:
        base = answer.node if answer else _base(here)
        units = asking.check(current_user, base)
    except QueryError:
        pass  # what the address holds is refused already
    return render_template(
        "query/index.html",
        here=here,
        answer=answer,
        refusal=refusal,
        is_slow=is_slow,
        draft=draft,
        offer=Offer(current_user, draft, base, units),
        question=here.q or keeping.written(showing.DEFAULT),
        headings=_headings(here, answer) if answer else [],
        is_choosing=answer is not None and "choosing" in request.args,
        shown_columns=_shown_columns(here, answer.columns) if answer else [],
        more_columns=[one for one in askable(current_user) if one.name not in here.shown],
        unbroken=listing.UNBROKEN,
        pager_of=_pager(here, answer) if answer else None,
        day_note=_day_note(answer.asked) if answer else "",
        tasks=tasks.open_to(current_user),
        ticked=_ids(),
        has_batches=current_user.holds(Permission.MEMBER_EDIT),
        recent=[(showing.readable(current_user, node), here.url(q=q)) for q, node in keeping.recent(current_user)],
    )


def _headings(here: Here, answer: Answer) -> list[SimpleNamespace]:
    """Return the column headings; one that can be sorted by leads to that order, or turns it round."""
    found = []
    for field in answer.columns:
        is_here = answer.sort.name == field.name
        turned = Sort(field.name, is_here and not answer.sort.descends)
        found.append(
            SimpleNamespace(
                label=field.label,
                url=here.url(sort=str(turned)) if can_sort(field) else "",
                order=("descending" if answer.sort.descends else "ascending") if is_here else "",
            )
        )
    return found


def _shown_columns(here: Here, columns: list[Field]) -> list[tuple[Field, list[tuple[str, str, str]]]]:
    """Return the columns in their order, each with the ways to move it: words, sign and address."""
    names = [one.name for one in columns]
    found = []
    for place, one in enumerate(columns):
        rest = names[:place] + names[place + 1 :]
        up = [*rest[: place - 1], one.name, *rest[place - 1 :]] if place else []
        down = [*rest[: place + 1], one.name, *rest[place + 1 :]] if place < len(rest) else []
        ways = (("上移", "↑", up), ("下移", "↓", down), ("移除", "×", rest))
        found.append(
            (one, [(word, sign, here.url(columns=tuple(to), choosing="1") if to else "") for word, sign, to in ways])
        )
    return found


def _pager(here: Here, answer: Answer) -> SimpleNamespace:
    """Return what the pager shows; 下一页 goes on from the last row."""
    number, rows = max(1, request.values.get("page", 1, type=int)), answer.page.rows
    has_more = answer.page.has_more and rows
    return SimpleNamespace(
        total=answer.page.total,
        number=number,
        first_url=here.url(),
        prev_url=here.url(before=rows[0].id, page=number - 1) if number > 1 and rows else None,
        next_url=here.url(after=rows[-1].id, page=number + 1) if has_more else None,
    )


def _day_note(asked: Asked) -> str:
    if asked.is_past:
        return f"按 {asked.day:%Y-%m-%d} 的历史记录统计"
    if asked.day > today():
        return f"截至日期在将来：读取的是今天的数据，年龄、会龄等按 {asked.day:%Y-%m-%d} 计算"
    return ""


# --- tasks ------------------------------------------------------------------------------------------------------------


@bp.post("/select")
@needs(Permission.MEMBER_READ)
def select() -> ResponseReturnValue:
    """Freeze the ticked rows, or all that the question finds, and go to the page of the task.

    What is missing is said above the same rows, ticked as they were.
    """
    here = Here.read(request.form)
    try:
        return redirect(_start(here), SEE_OTHER)
    except DomainError as error:
        if error.status != REFUSED or isinstance(error, TooSlow):
            raise
        return _page(here, _answer(here, _base(here)), refusal=error.message), error.status


def _start(here: Here) -> str:
    """Return the address of the task for whom the form selects. Raises DomainError without a task, and for nobody."""
    task = next((one for one in tasks.open_to(current_user) if one.endpoint == request.form.get("task")), None)
    if task is None:
        raise DomainError("请先在列表上方选择要办理的事项，再点“办理”")
    node = _base(here)
    ids = None if request.form.get("scope") == "all" else _ids()
    back = here.url(**{name: word for name in ("page", "after", "before") if (word := request.form.get(name))})
    selection = selections.freeze(current_user, Asked(node, here.day()), ids, back, here.order(current_user))
    return url_for(task.endpoint, selection=selection.token)


def _ids() -> list[int]:
    words = request.form.getlist("ids")
    return numbers_in(words)


# --- a pasted column --------------------------------------------------------------------------------------------------


@bp.route("/names", methods=["GET", "POST"])
@renders
@needs(Permission.MEMBER_READ)
def names() -> ResponseReturnValue:
    """Take a pasted column of names or numbers, and show whom each line means."""
    text, refusal, status = request.form.get("pasted", ""), "", 200
    groups: list[tuple[Verdict, list[pasted.Line]]] = []
    if request.method == "POST":
        try:
            lines = pasted.match(current_user, text)
            groups = [(verdict, [line for line in lines if line.verdict is verdict]) for verdict in Verdict]
        except DomainError as error:
            refusal, status = error.message, error.status
    page = render_template("query/names.html", groups=groups, refusal=refusal, pasted=text, most=pasted.MOST)
    return page, status


@bp.post("/names/take")
@needs(Permission.MEMBER_READ)
def take() -> ResponseReturnValue:
    """Make a question of the people who were ticked."""
    node = pasted.question(current_user, _ids())
    return redirect(url_for(".index", q=keeping.word_of(current_user, node)), SEE_OTHER)
