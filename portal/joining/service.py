"""What the operators work with: the list, its counts, one application, and what the clock closes by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from portal.core import kinds, settings, uploads
from portal.core.actors import CLOCK
from portal.core.calendar import local, midnight, now, show_time, today
from portal.core.db import db
from portal.core.errors import Absent, Problems
from portal.core.paging import Page, keyed
from portal.core.todo import Todo
from portal.core.workflow import Step
from portal.members import hanging, sight
from portal.members import service as members
from portal.members.catalogue import FIELD, Section
from portal.members.models import Member
from portal.org import access
from portal.org.models import LEVELS, OrgUnit, User
from portal.org.permissions import Permission as P

from . import proof
from .expected import matching
from .models import LIVE, Application, Reason, overdue_before
from .models import ApplicationState as S
from .questions import ASKED
from .workflow import JOINING, values_of

NAME_LONGEST = 50
PER_PAGE = 20
UNITS_AT_ONCE, LEVELS_AT_ONCE = 200, 1000  # a list of more to choose from would be longer than the page, and slower
INSTANT = timedelta(microseconds=1)
TODO, ALL = "todo", "all"  # what the actor can act on now; everything
OVERDUE = "overdue"  # what a branch has not given its opinion on in time
RETURNED, REJECTED = "returned", "rejected"  # the two kinds of reasons in an address: returned, or returned-photo
FORWARD = (JOINING.step("agree"), JOINING.step("approve"))  # the steps that an application waits for
# an operator is never shown what is still being filled in
LISTED = tuple(state for state in S if state != S.DRAFT)


@dataclass(frozen=True)
class Place:
    """A unit as a step looks at it, where there is no application yet."""

    unit: OrgUnit


# --- the list -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What the list is cut to.

    `state` is a state's value, TODO, OVERDUE or ALL; `unit` the code of a unit, for all below it; `year` that of the
    first sending; `reason` is `returned` or `rejected`, alone or with a dash and the value of a Reason; `code` the
    number of the join code that they came by.
    """

    state: str = TODO
    unit: str = ""
    name: str = ""
    year: str = ""
    reason: str = ""
    code: int | None = None


def listing(
    actor: User, filters: Filters, *, after: int | None = None, before: int | None = None, per_page: int = PER_PAGE
) -> Page[Application]:
    """Return the page behind the row `after`, or in front of the row `before`; else the first.

    What waits comes oldest first, everything else newest first.
    """
    query = _found(actor, filters)
    forward = before is None
    key = after if forward else before
    return keyed(
        query,
        [Application.id],
        None if key is None else (key,),
        total=_count(query),
        forward=forward,
        per_page=per_page,
        descending=filters.state != TODO,
    )


def counts(actor: User, filters: Filters) -> dict[str, int]:
    """Return how many applications each choice of the state filter shows, under the other filters."""
    everything = _found(actor, replace(filters, state=ALL)).subquery()
    grouped = db.session.execute(select(everything.c.state, func.count()).group_by(everything.c.state))
    by_state = {str(state): number for state, number in grouped}
    return {
        **{state: _count(_found(actor, replace(filters, state=state))) for state in (TODO, OVERDUE)},
        **{state.value: by_state.get(state, 0) for state in LISTED},
        ALL: sum(by_state.values()),
    }


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _found(actor: User, filters: Filters) -> Select[Any]:
    query: Select[Any] = access.scoped(Application, actor, P.JOINING_READ)
    query = query.where(Application.state.in_(LISTED))
    if filters.state == TODO:
        query = _waiting_for(actor, query)
    elif filters.state == OVERDUE:
        query = query.where(Application.state == S.SUBMITTED, Application.asked_at < overdue_before())
    elif filters.state != ALL:
        query = query.where(Application.state == filters.state)
    if filters.unit:
        top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == filters.unit)).one_or_none()
        below = false() if top is None else top.subtree
        query = query.where(Application.unit_id.in_(select(OrgUnit.id).where(below)))
    if filters.code is not None:
        query = query.where(Application.code_id == filters.code)
    if len(filters.name) > NAME_LONGEST:  # nobody's; SQLite refuses to look for very long words
        query = query.where(false())
    elif filters.name:
        query = query.where(Application.name.contains(filters.name, autoescape=True))
    if filters.year:
        query = query.where(sent_in(filters.year))
    if filters.reason:
        query = query.where(_because(filters.reason))
    return query


def sent_in(year: str) -> ColumnElement[bool]:
    """Return the condition that an application was first sent in `year`, four digits; else none was."""
    if not (year.isascii() and year.isdigit() and 1900 <= int(year) <= 9000):
        return false()
    first = date(int(year), 1, 1)
    return Application.submitted_at.between(midnight(first), midnight(first.replace(year=first.year + 1)) - INSTANT)


def _because(reason: str) -> ColumnElement[bool]:
    kind, _, value = reason.partition("-")
    columns = {RETURNED: Application.return_reason, REJECTED: Application.reject_reason}
    if kind not in columns or (value and value not in list(Reason)):
        return false()
    return columns[kind] == value if value else columns[kind].is_not(None)


def ready(actor: User, filters: Filters, step: Step) -> Select[Any]:
    """Return the query of what `filters` show on which the actor can take `step`, one of FORWARD, oldest first."""
    return _waiting_for(actor, _found(actor, filters), (step,)).order_by(Application.id)


def ready_steps(actor: User, filters: Filters) -> list[tuple[Step, int]]:
    """Return the steps that the actor can take on many of what `filters` show, each with their number."""
    numbers = [(step, _count(ready(actor, filters, step))) for step in FORWARD if actor.holds(str(step.permission))]
    return [(step, number) for step, number in numbers if number]


def movable(actor: User, rows: list[Application]) -> set[int]:
    """Return the numbers of those in `rows` that the actor can take forward."""
    query = _waiting_for(actor, access.scoped(Application, actor, P.JOINING_READ, Application.id))
    return set(db.session.scalars(query.where(Application.id.in_([item.id for item in rows]))))


def _waiting_for(actor: User, query: Select[Any], steps: tuple[Step, ...] = FORWARD) -> Select[Any]:
    """Cut to what the actor can take a step forward; on his own application nobody decides."""
    cases = []
    for step in steps:
        permission = P(str(step.permission))
        # a step is asked for at a unit of its own, so covering the applicant's unit is not enough
        covered = access.units(actor, permission)
        places = [unit.id for unit in covered if step.at and actor.may(permission, step.at(Place(unit)))]
        cases.append(and_(Application.state.in_(step.sources), Application.unit_id.in_(places)))
    query = query.where(or_(*cases))
    me = members.own(actor)
    if me is not None and me.id_index is not None:
        query = query.where(or_(Application.id_type != me.id_type, Application.id_index != me.id_index))
    return query


def state_choices(actor: User, filters: Filters) -> list[tuple[str, str]]:
    """Return the choices of the state filter, each with its number."""
    number = counts(actor, filters)
    # what a school never comes to stands there only where a city has it
    states = [state for state in LISTED if state != S.WAIT_PROVINCE or number[state.value]]
    labels = {TODO: "待我办理", OVERDUE: "逾期未给意见", **{state.value: state.label for state in states}, ALL: "全部"}
    return [(value, f"{label}（{number[value]}）") for value, label in labels.items()]


def unit_choices(actor: User) -> list[tuple[str, str]]:
    """Return code and name of the units that the list may be cut to, by code; of very many those above the unions."""
    query = access.scoped(OrgUnit, actor, P.JOINING_READ, OrgUnit.code, OrgUnit.name).order_by(OrgUnit.code)
    found = list(db.session.execute(query.limit(UNITS_AT_ONCE + 1)))
    if len(found) > UNITS_AT_ONCE:
        found = list(db.session.execute(query.where(OrgUnit.kind.in_(LEVELS)).limit(LEVELS_AT_ONCE)))
    return [(row.code, row.name) for row in found]


def year_choices(actor: User) -> list[tuple[str, str]]:
    """Return the years in which applications in the actor's scope were sent, this one first."""
    oldest = db.session.scalar(access.scoped(Application, actor, P.JOINING_READ, func.min(Application.submitted_at)))
    first = local(oldest).year if oldest else today().year
    return [(str(year), f"{year} 年") for year in range(today().year, first - 1, -1)]


def reason_choices() -> list[tuple[str, str]]:
    """Return the choices of the filter by reason."""
    kinds_of = ((RETURNED, "退回"), (REJECTED, "不予批准"))
    return [
        choice
        for kind, label in kinds_of
        for choice in [
            (kind, f"{label}（不论原因）"),
            *((f"{kind}-{reason.value}", f"{label}：{reason.label}") for reason in Reason),
        ]
    ]


def todo(actor: User) -> list[Todo]:
    """Return what waits for the actor, counted by the list's own query; nothing for someone without a step.

    Whoever approves is told too of what a branch leaves lying.
    """
    if not any(actor.holds(str(step.permission)) for step in FORWARD):
        return []
    found = [Todo("入会申请", _count(_found(actor, Filters())), "joining.index", {"state": TODO})]
    late = _count(_found(actor, Filters(OVERDUE))) if actor.holds(P.JOINING_APPROVE) else 0
    return [*found, Todo("逾期未给意见的入会申请", late, "joining.index", {"state": OVERDUE})] if late else found


# --- one application ------------------------------------------------------------------------------------------------


class Filled:
    """An application as a row of values, as `members.sight` reads a member."""

    def __init__(self, item: Application) -> None:
        self.unit, self.unit_id, self.uuid = item.unit, item.unit_id, item.uuid
        self._values = values_of(item)

    def __getattr__(self, name: str) -> Any:
        if name in FIELD:
            return self._values.get(name)
        raise AttributeError(name)


def find(actor: User, item_id: int) -> Application:
    """Return an application in the actor's scope, locked if the request writes. Raises Absent."""
    item: Application = JOINING.fetch(actor, item_id)
    return item


def sheet(actor: User, item: Application) -> list[tuple[Section, list[sight.Line]]]:
    """Return what was filled in by section, as the actor may see it."""
    row = Filled(item)
    lines: dict[Section, list[sight.Line]] = {section: [] for section in Section}
    names = {*ASKED[item.form], *item.data} - {"photo"}
    for name, field in FIELD.items():
        if name in names:
            lines[Section(field.section)].append(sight.line(actor, row, field))  # type: ignore[call-arg]  # by its value alone
    return [(section, of_section) for section, of_section in lines.items() if of_section]


def tail(item: Application) -> str:
    """Return the ID number as a list shows it."""
    return kinds.mask(FIELD["id_number"], item.data["id_number"])


def photo(item: Application) -> bytes:
    """Return the applicant's photo, a JPEG. Raises Absent."""
    upload_id = item.data.get("photo")
    if upload_id is None:
        raise Absent
    return uploads.content_of(upload_id)


def hints(actor: User, item: Application) -> list[str]:
    """Return what whoever decides should look at, until it is decided; nothing of it refuses."""
    if item.state not in (*LIVE, S.ALREADY_HERE):
        return []
    values = values_of(item)
    try:
        _, found = members.check(values, today=today())
    except Problems as problems:
        found = [*problems.warnings, *(told for sentences in problems.errors.values() for told in sentences)]
    if item.state == S.WAIT_PROVINCE:
        asked = f"，已于 {show_time(item.rescan_asked_at)} 通知本人重新扫码" if item.rescan_asked_at else ""
        found.insert(0, f"该用户未注册，请先注册{asked}。本人重新扫码提交后，申请回到待审核")
    if item.state == S.ALREADY_HERE:
        found.append(_where_already(actor, item, str(values["id_number"])))
    namesakes = access.scoped(Member, actor, P.MEMBER_READ, Member.id).where(Member.name == item.name)
    if count := len(set(db.session.scalars(namesakes)) - {item.member_id}):
        found.append(f"您的管理范围内已有 {count} 位同名会员，请核对是否同一人")
    if values.get("staff_no") == kinds.PENDING_STAFF_NO:
        found.append("工号待发，发放后请由校工会补录")
    return found + proof.hints(item) + matching.hints(item)


def _where_already(actor: User, item: Application, number: str) -> str:
    """Say where the document is known, as far as the actor may read it."""
    member = members.find_by_document(item.id_type, number)
    if member is None:
        return "该证件号码另有一份入会申请在办理，请核对后只办理一份"
    if not actor.may(P.MEMBER_READ, member.unit):
        return "该证件号码已有会籍，请由校工会核实"
    status = FIELD["membership_status"]
    return (
        f"该证件号码已有会籍：{member.trace_label}，{member.unit.name}，"
        f"{kinds.show(status, member.membership_status)}，请按校内转会或恢复会籍办理"
    )


# --- the clock ------------------------------------------------------------------------------------------------------


def expire_returned() -> int:
    """Close what was returned long ago (a setting, 30 days) and not mended since; return how many."""
    kept_for = timedelta(days=settings.value("joining_returned_days"))
    query = select(Application).where(Application.state == S.RETURNED, Application.returned_at < now() - kept_for)
    items = db.session.scalars(query.with_for_update(of=Application)).all()
    for item in items:
        with db.session.begin_nested():
            JOINING.fire(item, "expire", CLOCK, own=True)
    return len(items)


hanging.stays("入会申请", Application)
