"""The register of letters, the reminder of receipts, and the letter on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from portal.core import audit, kinds, notices, pdf, settings
from portal.core import db as database
from portal.core.actors import CLOCK
from portal.core.calendar import now, show_date, show_time
from portal.core.db import db
from portal.core.todo import Todo
from portal.members import printing
from portal.members.catalogue import FIELD
from portal.members.models import Member
from portal.members.paper import MissingGlyphs
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P
from portal.standing.models import StandingChange

from .models import Letter, LetterState, overdue_before
from .workflow import LETTERS, the_union

audit.name_acts({"letters.print": "打印介绍信", "letters.remind": "提醒回执"})

PER_PAGE = 50
ALL, OVERDUE = "all", "overdue"
NAME_LONGEST = 50


@dataclass(frozen=True)
class Filters:
    """What the register is cut to: `state` a state's value, OVERDUE or ALL; `year` four digits."""

    state: str = ALL
    year: str = ""
    name: str = ""


def find(actor: User, letter_id: int) -> Letter:
    """Return a letter in the actor's scope, locked if the request writes. Raises Absent."""
    item: Letter = LETTERS.fetch(actor, letter_id)
    return item


def letters(actor: User, filters: Filters, page: int) -> tuple[list[Letter], int]:
    """Return the page (from 1) of the register, the latest number first, and how many there are."""
    query = _found(actor, filters)
    order = query.order_by(Letter.year.desc(), Letter.serial.desc(), Letter.id.desc())
    return list(db.session.scalars(order.offset((page - 1) * PER_PAGE).limit(PER_PAGE))), _count(query)


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _found(actor: User, filters: Filters) -> Select[Any]:
    query: Select[Any] = access.scoped(Letter, actor, P.STANDING_READ)
    if filters.state == OVERDUE:
        query = query.where(Letter.state == LetterState.ISSUED, Letter.issued_on < overdue_before())
    elif filters.state in list(LetterState):
        query = query.where(Letter.state == filters.state)
    if filters.year.isascii() and filters.year.isdigit() and len(filters.year) == 4:
        query = query.where(Letter.year == int(filters.year))
    if name := filters.name[: NAME_LONGEST + 1]:
        named = select(StandingChange.id).join(StandingChange.member).where(Member.name.contains(name, autoescape=True))
        query = query.where(Letter.change_id.in_(named))
    return query


def state_choices(actor: User) -> dict[str, str]:
    """Return the choices of the state filter, each with its number."""
    labels = {ALL: "全部", OVERDUE: "逾期未收回执", **dict(LetterState.choices())}
    return {state: f"{label}（{_count(_found(actor, Filters(state)))}）" for state, label in labels.items()}


def of_change(change: StandingChange) -> list[Letter]:
    """Return the letters of a change, void ones too."""
    return list(db.session.scalars(select(Letter).where(Letter.change_id == change.id).order_by(Letter.id)))


def todo(actor: User) -> list[Todo]:
    """Return how many receipts are overdue, for whoever may enter them."""
    if not actor.holds(P.STANDING_DECIDE):
        return []
    number = _count(_found(actor, Filters(OVERDUE)))
    return [Todo("逾期未收回执的介绍信", number, "letters.index", {"state": OVERDUE})] if number else []


# --- on paper ---------------------------------------------------------------------------------------------------------


def print_letter(actor: User, letter_id: int, *, with_boxes: bool = False) -> bytes:
    """Return the letter as a PDF, and leave the trace; it is made with no transaction open.

    The document's number stands whole only for whoever may print it so. Raises Absent, PdfError, and MissingGlyphs
    where a character has no font and `with_boxes` does not say that a box will do.
    """
    item = find(actor, letter_id)
    said = dict(item.data)
    if not actor.may(P.MEMBER_PRINT_FULL, item.unit):
        said["id_number"] = kinds.mask(FIELD["id_number"], said["id_number"])
    year, _, month = said["paid_until"].partition("-")
    html = printing.render(
        "standing/letters/paper.html", said=said, number=item.number, is_void=item.state is LetterState.VOID,
        issued_on=show_date(item.issued_on), days=settings.value("standing_letter_days"),
        paid_until=f"{year}年{int(month)}月" if month else "　　　年　　月",
        received_on=show_date(item.received_on) or "　　　年　　月　　日", blank_day=printing.BLANK_DAY,
        printed_at=show_time(now()), operator=actor.label,
    )  # fmt: skip
    database.release()
    made = pdf.render(html)
    if made.missing and not with_boxes:
        raise MissingGlyphs(made.missing)
    database.writes()
    audit.record(actor, "letters.print", find(actor, letter_id))
    return made.pdf


# --- the clock --------------------------------------------------------------------------------------------------------


def remind() -> int:
    """Tell the union and the branch once of each receipt that is overdue; return of how many."""
    query = select(Letter).where(
        Letter.state == LetterState.ISSUED, Letter.issued_on < overdue_before(), Letter.reminded_at.is_(None)
    )
    items = db.session.scalars(query.order_by(Letter.id).with_for_update(of=Letter)).all()
    for item in items:
        item.reminded_at = now()
        told = {
            *access.people_with(P.STANDING_DECIDE, the_union(item)),
            *access.people_with(P.STANDING_ASK, item.unit, at_unit_only=True),
        } - {item.change.member.user_id}
        title = f"{item.change.member.name}的介绍信（{item.number}）已开具 {item.waiting_days} 天，还没有收到回执"
        notices.tell(told, title, "请联系对方工会；已收到的请登记回执", f"/standing/letters/{item.id}")
        audit.record(CLOCK, "letters.remind", item)
    return len(items)
