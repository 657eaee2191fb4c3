"""Verbs of the list: begin the retirement of many at once, hand the list out, remind of it each month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from portal.core import audit, notices, workbooks
from portal.core.actors import CLOCK
from portal.core.calendar import midnight, show_date, today
from portal.core.db import db, release, writes
from portal.core.errors import DomainError, Problems
from portal.core.purpose import stated
from portal.core.todo import Todo
from portal.members import sight
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .. import rules
from .. import service as standing
from ..models import ChangeKind
from ..service import Outcome, Wanted
from . import coming
from .coming import Order, Row

audit.name_acts({"retiring.export": "导出拟退休清单", "retiring.remind": "提醒拟退休人员"})

DOCUMENT_MOST = 60  # characters
HEADINGS = ("姓名", "工号", "分工会", "性别", "出生日期", "依据", "拟退休日期", "情况", "未到期的工会职务")
WIDTHS = (12.0, 14.0, 24.0, 6.0, 16.0, 18.0, 16.0, 10.0, 36.0)
LINK = "/standing/retiring"


def day_field(member_id: int) -> str:
    """Return the name under which a refusal speaks of the day of one of many."""
    return f"on{member_id}"


def chosen(actor: User, ids: list[int]) -> list[Row]:
    """Return those of `ids` for whom the actor may ask, in the order of their days, at most `standing.MOST`."""
    query = access.scoped(Member, actor, P.STANDING_ASK, Member.id).where(Member.id.in_(ids[: standing.MOST]))
    rows = coming.rows_of(actor, list(db.session.scalars(query)))
    return sorted((row for row in rows if row.may_ask), key=lambda row: (row.when.on, row.member.id))


def submit(actor: User, days: Mapping[int, date], *, document_no: str) -> Outcome:
    """Ask for the retirement of each member on her day, all with one document's number and one batch.

    Raises DomainError for none of them or too long a number; Problems under `day_field` of whoever cannot retire on
    her day: then nobody's is begun.
    """
    number = " ".join(document_no.split())
    if len(number) > DOCUMENT_MOST:
        raise DomainError(f"文号最多 {DOCUMENT_MOST} 个字，请缩短", field="document_no")
    others = Member.user_id.is_distinct_from(actor.id)
    query = access.scoped(Member, actor, P.STANDING_ASK).where(Member.id.in_(days), others)
    members = list(db.session.scalars(query.order_by(Member.id)))
    if not members:
        raise DomainError(standing.NOBODY)
    errors: dict[str, list[str]] = {}
    for member in members:
        try:
            rules.check(member, ChangeKind.RETIRE, days[member.id])
        except DomainError as error:
            errors[day_field(member.id)] = [error.message]
    if errors:
        raise Problems(errors)
    facts = {"note": f"文号：{number}"} if number else {}
    wanted = [Wanted(member, ChangeKind.RETIRE, days[member.id], facts) for member in members]
    outcome = standing.ask_many(actor, wanted)
    if not outcome.done:
        raise DomainError("；".join(one.why for one in outcome.skipped))
    return outcome


# --- handing it out ---------------------------------------------------------------------------------------------------


def export(actor: User, *, months: int, unit: str, order: Order, purpose: str) -> tuple[str, bytes]:
    """Return name and content of an xlsx file with the whole list, without what the family tells; leaves a trace.

    Raises DomainError on `purpose` without one, or where nobody is on the list.
    """
    purpose = stated(purpose, example="与人事处核对")
    rows, total = coming.people(actor, months=months, unit=unit, order=order, page=None)
    if not rows:
        raise DomainError("清单上没有人，不需要导出", field="purpose")
    cells = [_cells(actor, row) for row in rows]
    title = f"拟退休清单（{show_date(today())}，至 {_month(coming.last_month(months))}）"
    actor_id, place = actor.id, access.tops(actor, P.STANDING_READ)[0].id
    release()
    tab = workbooks.Tab(
        "拟退休清单", [(title,), HEADINGS, *cells], heading_row=2, widths=dict(enumerate(WIDTHS)),
        styles={1: workbooks.Style.TITLE, 2: workbooks.Style.HEADING},
    )  # fmt: skip
    content = workbooks.write([tab])

    writes()
    actor = db.session.get_one(User, actor_id)
    audit.record(
        actor, "retiring.export", db.session.get_one(OrgUnit, place), reason=purpose,
        details={"rows": total, "until": coming.last_month(months).isoformat()},
    )  # fmt: skip
    return f"拟退休清单-{today():%Y%m%d}.xlsx", content


def _cells(actor: User, row: Row) -> tuple[str, ...]:
    shown = {
        name: sight.value(actor, row.member, name, place="list") for name in ("name", "staff_no", "sex", "birth_date")
    }
    return (
        shown["name"], shown["staff_no"], row.member.unit.name, shown["sex"], shown["birth_date"], row.when.basis,
        show_date(row.when.on), "已到期" if row.is_overdue else "", "；".join(row.posts),
    )  # fmt: skip


def _month(month: date) -> str:
    return f"{month.year}年{month.month}月"


# --- reminding --------------------------------------------------------------------------------------------------------


def todo(actor: User) -> list[Todo]:
    """Return how many are to retire within a month, or should have, for whoever may begin it."""
    if not actor.holds(P.STANDING_ASK):
        return []
    number = coming.count(actor, coming.SOON)
    return [Todo("拟退休待办", number, "retiring.index", {"months": str(coming.SOON)})] if number else []


def remind() -> int:
    """Tell the operators of branches and unions once a month who retires within three; return how many people.

    It runs every day, so that a machine that was off on the first is not forgotten; nothing is begun by itself.
    """
    if audit.addresses("retiring.remind", since=midnight(today().replace(day=1))):
        return 0
    units = Counter(db.session.scalars(select(Member.unit_id).where(coming.is_due(coming.MONTHS))))
    together: dict[int, int] = defaultdict(int)
    for unit in db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(units)).order_by(OrgUnit.id)):
        together[access.approving_unit(unit).id] += units[unit.id]
        if not unit.approves_members:
            _tell(unit, units[unit.id])
    for union in db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(together)).order_by(OrgUnit.id)):
        _tell(union, together[union.id])
    audit.record(CLOCK, "retiring.remind", details={"people": sum(units.values())})
    return sum(units.values())


def _tell(unit: OrgUnit, number: int) -> None:
    people = access.people_with(P.STANDING_ASK, unit, at_unit_only=True)
    body = "请核对日期和手续，在“拟退休清单”里办理；系统不会自动改动会籍。"
    notices.tell(people, f"{unit.name}有 {number} 人拟在三个月内退休", body, LINK)
