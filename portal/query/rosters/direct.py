"""Sheets straight from a result, without a list that is kept: 花名册, 签到表, 签领表, as of the day shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.core import audit, clock, pdf, workbooks
from portal.core import db as database
from portal.core.calendar import now, show_date, show_time
from portal.core.db import db, release, writes
from portal.core.errors import DomainError
from portal.core.fields import Field, Seen
from portal.core.purpose import stated
from portal.core.workbooks import Style, Tab
from portal.members.models import Member, MemberVersion
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .. import listing
from ..fields import BY_NAME
from ..models import Selection
from . import freezing, jobs, papers
from .models import RosterJob
from .papers import Sheet, SheetKind

audit.name_acts({"sheet.print": "打印名册、签到表、签领表", "sheet.export": "导出名册、签到表、签领表"})

EXAMPLE = "春节慰问品发放"
IN_ONE = 1_000  # people of one PDF made while somebody waits; of more every branch gets its own
NAME, STAFF_NO, BRANCH = (BY_NAME[name] for name in ("name", "staff_no", "branch"))
SIGN_IN = (("序号", 12), ("姓名", 28), ("工号", 26), ("所属分工会", 44), ("签名", 36), ("备注", 0))
FOOT = "制表人：　　　　　　　分工会主席（签字）：　　　　　　　　　　年　　月　　日"


@dataclass(frozen=True)
class Order:
    """What a sheet is called, what is handed out, which columns a 花名册 has, and what it is for."""

    kind: SheetKind
    title: str
    item: str
    columns: tuple[str, ...]
    purpose: str


@dataclass(frozen=True)
class Known:
    """Whom a sheet is about, read once: their rows, the fields that are shown, and the unit above them all."""

    people: Sequence[Member | MemberVersion]
    fields: Sequence[Field]
    unit: OrgUnit
    day: date


def offered(actor: User) -> list[Field]:
    """Return the columns that a 花名册 may have besides name, number and branch."""
    return [one for one in freezing.offered(actor) if one.seen is Seen.OPEN]


def known(actor: User, ids: Sequence[int], day: date, columns: Sequence[str]) -> Known:
    """Return whom the actor may print of `ids` on `day`. Raises DomainError for nobody, and on `columns`."""
    fields = freezing.chosen(actor, columns)
    if any(one.seen is not Seen.OPEN for one in fields):
        raise DomainError("婚育、家庭信息不印在花名册上，请去掉这些列", field="columns")
    found = list(freezing.on_day(actor, ids, day, P.MEMBER_PRINT))
    if not found:
        raise DomainError("选定的会员都已不在您的管理范围内，请返回查询结果重新选择")
    return Known(found, fields, _above(actor, found), day)


def _above(actor: User, found: Sequence[Member | MemberVersion]) -> OrgUnit:
    units = list({row.unit_id: row.unit for row in found}.values())
    if len(units) == 1:
        return access.approving_unit(units[0])
    tops = [top for top in access.tops(actor, P.MEMBER_PRINT) if all(top.covers(one) for one in units)]
    return tops[0] if tops else access.approving_unit(units[0])


def printed(actor: User, selection: Selection, order: Order) -> tuple[str, bytes] | RosterJob:
    """Return name and content of the PDF, or the job that makes one for every branch where there are many people.

    Raises DomainError on `purpose`, `columns`, and for nobody. Call it in a view that renders.
    """
    order = _checked(order, selection)
    about, actor_id = known(actor, selection.member_ids, selection.day, order.columns), actor.id
    count = len(about.people)
    if count > IN_ONE:
        ids, day = [freezing.number_of(row) for row in about.people], selection.day
        writes_anew()
        return _queued(db.session.get_one(User, actor_id), ids, day, order)
    paper = papers.paper(sheet(actor, about, order), actor.label)
    release()
    content = pdf.render_all([paper]).pdf
    writes()
    _trace(db.session.get_one(User, actor_id), "sheet.print", order, count)
    return f"{order.title}.pdf", content


def writes_anew() -> None:
    """End what was read, and let the next transaction write."""
    release()
    writes()


def exported(actor: User, selection: Selection, order: Order) -> tuple[str, bytes]:
    """Return name and content of the workbook; raises as `printed` does."""
    order = _checked(order, selection)
    about, actor_id = known(actor, selection.member_ids, selection.day, order.columns), actor.id
    made, label = sheet(actor, about, order), actor.label
    headings = [heading for heading, _ in made.columns]
    widths = {0: 7.0} | dict.fromkeys(range(1, len(headings)), 16.0)
    lines = [
        ("标题", made.title), ("范围", made.unit), ("截至日期", show_date(about.day)), ("人数", str(len(made.rows))),
        ("用途", order.purpose), ("导出", f"{label}，{show_time(now())}"),
    ]  # fmt: skip
    content = workbooks.write(
        [
            Tab(
                order.kind.label, [(made.title,), headings, *made.rows], heading_row=2, widths=widths,
                styles={1: Style.TITLE, 2: Style.HEADING},
            ),
            Tab("说明", lines, widths={0: 14.0, 1: 60.0}),
        ]
    )  # fmt: skip
    writes_anew()
    _trace(db.session.get_one(User, actor_id), "sheet.export", order, len(made.rows))
    return f"{order.title}.xlsx", content


def _checked(order: Order, selection: Selection) -> Order:
    if selection.number > freezing.MOST:
        raise DomainError(f"一次最多 {freezing.MOST} 人，现在是 {selection.number} 人，请按分工会分别打印或导出")
    title = " ".join(order.title.split())
    if not title:
        raise DomainError("请填写标题，例如“2027年春节慰问品签领表”", field="title")
    purpose = stated(order.purpose, example=EXAMPLE)
    plain = "".join("_" if letter in '\\/:*?"<>|' else letter for letter in title)
    return Order(order.kind, plain, order.item.strip(), order.columns, purpose)


def _trace(actor: User, act: str, order: Order, count: int) -> None:
    audit.record(actor, act, reason=order.purpose, details={"count": count, "kind": order.kind.label})


# --- one sheet --------------------------------------------------------------------------------------------------------


def sheet(actor: User, about: Known, order: Order) -> Sheet:
    """Return the sheet of these people; one of a single branch says which."""
    lines, across = _lines(actor, about, order), False
    columns: tuple[tuple[str, int], ...] = ()
    match order.kind:
        case SheetKind.SIGN_FOR:
            columns = papers.SIGN_FOR
        case SheetKind.SIGN_IN:
            columns = SIGN_IN
        case SheetKind.PEOPLE:
            headings = ["序号", "姓名", "工号", "所属分工会", *(one.label for one in about.fields)]
            across = sum(papers.wanted(headings, lines)) > papers.UPRIGHT
            columns = papers.fitted(headings, lines, room=papers.ACROSS if across else papers.UPRIGHT)
    branches = {row.unit_id: row.unit.name for row in about.people}
    where = f"分工会：{next(iter(branches.values()))}　　" if len(branches) == 1 else ""
    return Sheet(
        unit=about.unit.name, title=order.title, columns=columns, rows=lines, foot=FOOT, across=across,
        about=f"{where}共 {len(lines)} 人　　截至：{show_date(about.day)}", tall=order.kind is not SheetKind.PEOPLE,
    )  # fmt: skip


def _lines(actor: User, about: Known, order: Order) -> list[tuple[str, ...]]:
    fields = {
        SheetKind.SIGN_FOR: (NAME, STAFF_NO),
        SheetKind.SIGN_IN: (NAME, STAFF_NO, BRANCH),
        SheetKind.PEOPLE: (NAME, STAFF_NO, BRANCH, *about.fields),
    }[order.kind]
    after = {SheetKind.SIGN_FOR: (order.item, "", "", ""), SheetKind.SIGN_IN: ("", ""), SheetKind.PEOPLE: ()}
    return [
        (str(number), *(listing.cell(actor, row, one, about.day) for one in fields), *after[order.kind])
        for number, row in enumerate(about.people, 1)
    ]


# --- many people ------------------------------------------------------------------------------------------------------


def _queued(actor: User, ids: list[int], day: date, order: Order) -> RosterJob:
    jobs.check_waiting(actor)
    wish = {
        "kind": order.kind.value, "item": order.item, "columns": list(order.columns), "purpose": order.purpose,
        "day": day.isoformat(), "ids": ids,
    }  # fmt: skip
    job = RosterJob(owner_id=actor.id, title=order.title, wish=wish)
    db.session.add(job)
    db.session.flush()  # the page that follows is named by its number
    _trace(actor, "sheet.print", order, len(ids))
    database.later(clock.wake)
    return job


def by_branch(actor: User, title: str, wish: dict[str, Any]) -> list[tuple[OrgUnit, Sheet]]:
    """Return one sheet for every branch of those whom `wish` names, as the actor may print them now.

    Raises DomainError as `known` does.
    """
    kind = SheetKind(wish["kind"])  # type: ignore[call-arg]  # by its value alone
    order = Order(kind, title, wish["item"], tuple(wish["columns"]), wish["purpose"])
    whole = known(actor, wish["ids"], date.fromisoformat(wish["day"]), order.columns)
    units = sorted({row.unit_id: row.unit for row in whole.people}.values(), key=lambda unit: unit.code)
    return [
        (unit, sheet(actor, Known([one for one in whole.people if one.unit_id == unit.id], whole.fields, whole.unit,
                                  whole.day), order))
        for unit in units
    ]  # fmt: skip
