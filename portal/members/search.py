"""Finding members: the list page, its filters and its search box.

Columns are read, not entities; pages go by the key of the last row, not by counting from the top.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, false, func, or_, select, tuple_

from portal.core import audit, crypto
from portal.core import db as database
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.core.todo import Figure
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from . import documents, names, sight
from .catalogue import FIELD
from .enums import MembershipStatus
from .models import Member, SearchText

PER_PAGE, MOST_PER_PAGE = 50, 100
FEW = 3000  # more are not gathered first: the order's index is walked until the page is full
UNITS_AT_ONCE = 200  # a list of more to choose from would be longer than the page, and slower
SECRET_DIGITS = 6  # a text with as many digits may be a document or a mobile, and never stands in an address
LONGEST_TEXT = 200  # characters of a search text or a filter: nothing is longer, and SQLite refuses a huge pattern
KEPT_FOR = timedelta(days=1)
ANY_STATUS = "all"
EARLIEST = date(1, 1, 1)


class Sort(LabelEnum):
    """The orders of the list; names and numbers count up."""

    NAME = "name", "姓名（拼音）"
    STAFF_NO = "staff_no", "工号"
    JOINED = "join_date", "入会日期（早的在前）"
    JOINED_LAST = "-join_date", "入会日期（近的在前）"


_KEYS: dict[Sort, ColumnElement[Any]] = {
    Sort.NAME: Member.name_pinyin.expression,
    Sort.STAFF_NO: func.coalesce(Member.staff_no, ""),
    Sort.JOINED: func.coalesce(Member.join_date, EARLIEST),
    Sort.JOINED_LAST: func.coalesce(Member.join_date, EARLIEST),
}


@dataclass(frozen=True)
class Filters:
    """What the list is cut to: `unit` is a unit's code (it and what is below), `status` and `sex` codes, `q` a text."""

    unit: str = ""
    status: str = MembershipStatus.ACTIVE.value
    sex: str = ""
    q: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the list, as the actor may see it."""

    id: int
    name: str
    namesake: str  # the tail of the number where another in scope has the same name, else empty
    member_no: str
    staff_no: str
    branch: str
    sex: str
    born: str  # year and month
    prof_title: str
    mobile: str
    status: MembershipStatus


@dataclass(frozen=True)
class Page:
    """A page of the list; `has_before` and `has_after` tell whether there are others."""

    rows: list[Row]
    total: int
    has_before: bool
    has_after: bool


# --- the search box ---------------------------------------------------------------------------------------------------


def is_secret(text: str) -> bool:
    """Whether `text` may be a number that must not stand in an address."""
    return sum(character.isdigit() for character in text) >= SECRET_DIGITS


def keep_text(actor: User, text: str) -> str:
    """Keep a search text for a day and return the word that stands for it in the address, "~" and a random name."""
    db.session.execute(
        delete(SearchText).where(SearchText.user_id == actor.id, SearchText.created_at < now() - KEPT_FOR)
    )
    row = SearchText(token=crypto.random_token(), user_id=actor.id)
    row.text = text
    db.session.add(row)
    return f"~{row.token}"


def text_of(actor: User, word: str) -> str | None:
    """Return the text behind the `q` of an address; None for a kept one that is not (any more) the actor's."""
    if not word.startswith("~"):
        return word
    row = db.session.scalars(
        select(SearchText).where(SearchText.token == word[1:], SearchText.user_id == actor.id)
    ).one_or_none()
    return row.text if row else None


def matches(text: str) -> ColumnElement[bool]:
    """Return the condition that a search text means.

    Letters: part of the full pinyin, or the beginning of the initials. Four digits, or three and X: the tail of the
    document's number or of the mobile. A whole document number or mobile: exactly that. Anything with a digit: the
    beginning of the 工号, or the 会员证号. All else: part of the name, dots and spaces aside.
    """
    key, number = names.search_key(text), documents.normalise(text)
    if not key or len(key) > LONGEST_TEXT:
        return false()
    found: list[ColumnElement[bool]] = []
    if re.search(r"[0-9]", number):
        found += [
            Member.staff_no.istartswith(number, autoescape=True),
            Member.member_no == number,
            Member.id_index == crypto.index("id_number", number),
            Member.mobile_index == crypto.index("mobile", re.sub(r"^(\+?86|0086)(?=1[0-9]{10}$)", "", number)),
        ]
        if re.fullmatch(r"[0-9]{3}[0-9X]", number):
            found += [
                Member.id_tail_index == crypto.index("id_tail", number),
                Member.mobile_tail_index == crypto.index("mobile_tail", number),
            ]
    else:
        found.append(Member.name_plain.contains(key, autoescape=True))
        if re.fullmatch(r"[a-z]+", key):
            found += [
                Member.name_pinyin.contains(key, autoescape=True),
                Member.name_initials.startswith(key, autoescape=True),
            ]
            if re.fullmatch(r"[A-Z]{4,20}", number):
                found.append(Member.staff_no.istartswith(number, autoescape=True))
    return or_(*found)


# --- the list ---------------------------------------------------------------------------------------------------------


def list_page(
    actor: User,
    filters: Filters,
    *,
    sort: Sort = Sort.NAME,
    after: int | None = None,
    before: int | None = None,
    number: int = 1,
    per_page: int = PER_PAGE,
) -> Page:
    """Return a page of the members that the actor may read and `filters` admit.

    `after` or `before` is the id of the row that the page follows or precedes; without them `number` counts pages from
    the top. An unknown unit, status or sex finds nobody.
    """
    per_page = max(1, min(per_page, MOST_PER_PAGE))
    conditions = _conditions(filters)
    total = _total(actor, filters, conditions)
    key, descends = _KEYS[sort], sort is Sort.JOINED_LAST
    if total <= FEW:
        key = func.coalesce(key, key)  # no index has it so: the few are gathered and put in order
    backwards = before is not None
    query = access.scoped(Member, actor, Permission.MEMBER_READ, Member.id).where(*conditions)
    mark = after if after is not None else before
    if mark is not None:
        place = db.session.execute(
            access.scoped(Member, actor, Permission.MEMBER_READ, key, Member.id).where(Member.id == mark)
        ).one_or_none()
        if place is not None:
            here, there = tuple_(key, Member.id), tuple_(*place)
            query = query.where(here < there if descends is not backwards else here > there)
    elif number > 1:
        query = query.offset((number - 1) * per_page)
    if descends is not backwards:
        query = query.order_by(key.desc(), Member.id.desc())
    else:
        query = query.order_by(key, Member.id)
    ids = list(db.session.scalars(query.limit(per_page + 1)))
    more, ids = len(ids) > per_page, ids[:per_page]
    if backwards:
        ids.reverse()
    return Page(
        rows=_rows(actor, ids),
        total=total,
        has_before=more if backwards else mark is not None or number > 1,
        has_after=True if backwards else more,
    )


def ids(
    actor: User, filters: Filters, *, sort: Sort = Sort.NAME, permission: Permission = Permission.MEMBER_READ
) -> list[int]:
    """Return the numbers of all members that `filters` admit, in the order of the list, in scope of `permission`."""
    key = _KEYS[sort]
    order = (key.desc(), Member.id.desc()) if sort is Sort.JOINED_LAST else (key, Member.id)
    query = access.scoped(Member, actor, permission, Member.id).where(*_conditions(filters)).order_by(*order)
    return list(db.session.scalars(query))


_totals: dict[tuple[object, ...], int] = {}  # by the end of the trace, who asks, the day, and the filters
TOTALS_KEPT = 5000


def _total(actor: User, filters: Filters, conditions: list[ColumnElement[bool]]) -> int:
    """Count whom the list admits: the dearest part of a page, so a number is kept until the trace grows.

    Whatever changes leaves a trace. The end of the trace is read first: a number may be newer than it, never older.
    """
    is_short = max(map(len, (filters.unit, filters.status, filters.sex))) <= LONGEST_TEXT
    keeps = is_short and not filters.q and not database.is_writing()
    key = (audit.head(), actor.id, today(), filters) if keeps else ()
    if key in _totals:
        return _totals[key]
    counted = access.scoped(Member, actor, Permission.MEMBER_READ, func.count(Member.id)).where(*conditions)
    total = db.session.scalar(counted) or 0
    if keeps:
        if len(_totals) >= TOTALS_KEPT:
            _totals.clear()
        _totals[key] = total
    return total


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.unit:
        conditions.append(Member.unit_id.in_(_subtree(filters.unit)))
    if filters.status != ANY_STATUS:
        conditions.append(Member.membership_status == filters.status)
    if filters.sex:
        conditions.append(Member.sex == filters.sex)
    if filters.q:
        conditions.append(matches(filters.q))
    return conditions


def _subtree(code: str) -> Select[Any]:
    top = db.session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one_or_none()
    below = false() if top is None else top.subtree
    return select(OrgUnit.id).where(below)


_COLUMNS = (
    Member.id,
    Member.uuid,
    Member.unit_id,
    Member.user_id,
    Member.name,
    Member.name_pinyin,
    Member.member_no,
    Member.staff_no,
    Member.sex,
    Member.birth_date,
    Member.prof_title,
    Member.membership_status,
    Member.mobile_sealed,
    Member.id_number_sealed,
)


def _rows(actor: User, ids: list[int]) -> list[Row]:
    """Read the columns of `ids`, which are in scope, in their order."""
    if not ids:
        return []
    found = {row.id: row for row in db.session.execute(select(*_COLUMNS).where(Member.id.in_(ids)))}
    places = {row.unit_id for row in found.values()}
    named = db.session.execute(select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_(places)))
    units = {unit.id: unit.name for unit in named}
    twice = _namesakes(actor, list(found.values()))
    return [_row(found[number], units, twice) for number in ids if number in found]


def _namesakes(actor: User, rows: list[Any]) -> set[str]:
    """Return the names that more than one member in scope has.

    The scope stands in the aggregate, so that the database goes by the names, and not through every unit of a county.
    """
    within = access.in_scope(Member, actor, Permission.MEMBER_READ)
    query = (
        select(Member.name)
        .where(Member.name_pinyin.in_({row.name_pinyin for row in rows}), Member.name.in_({row.name for row in rows}))
        .group_by(Member.name)
        .having(func.count(Member.id).filter(within) > 1)
    )
    return set(db.session.scalars(query))


def _row(row: Any, units: dict[int, str], twice: set[str]) -> Row:
    opened = {
        name: None if ciphertext is None else sight.opened(row.uuid, name, ciphertext)
        for name, ciphertext in (
            ("mobile", row.mobile_sealed),
            ("id_number", row.id_number_sealed if row.name in twice else None),
        )
    }
    masked = {name: sight.shown(FIELD[name], text, sight.in_list(FIELD[name])) for name, text in opened.items()}
    shown = {
        name: sight.shown(FIELD[name], getattr(row, name), sight.in_list(FIELD[name]))
        for name in ("name", "member_no", "staff_no", "sex", "prof_title")
    }
    return Row(
        id=row.id,
        namesake=masked["id_number"][-4:],
        branch=units[row.unit_id],
        born=f"{row.birth_date.year}年{row.birth_date.month}月" if row.birth_date else "",
        mobile=masked["mobile"],
        status=MembershipStatus(row.membership_status),  # type: ignore[call-arg]  # by its value alone
        **shown,
    )


def units_to_choose(actor: User, chosen: str) -> tuple[list[tuple[str, str]], bool]:
    """Return (code, name) of the units that the actor reads, in the order of the tree, indented by depth.

    Where there are more than UNITS_AT_ONCE, only those on the way down to the unit `chosen` (a code), their sisters
    and what is right below, and True: one chooses level by level.
    """
    query = access.scoped(OrgUnit, actor, Permission.MEMBER_READ, OrgUnit.code, OrgUnit.name, OrgUnit.path)
    units = db.session.execute(query.order_by(OrgUnit.path).limit(UNITS_AT_ONCE + 1)).all()
    is_cut = len(units) > UNITS_AT_ONCE
    if is_cut:
        here = db.session.execute(query.where(OrgUnit.code == chosen)).one_or_none() or units[0]
        way = [int(number) for number in here.path.split("/") if number]
        tops = [grant.unit_id for grant in actor.live_grants]
        near = OrgUnit.parent_id.in_(way) | OrgUnit.id.in_(way + tops)
        units = db.session.execute(query.where(near).order_by(OrgUnit.path)).all()
    units = sorted(units, key=lambda unit: [int(number) for number in unit.path.strip("/").split("/")])
    top = min((unit.path.count("/") for unit in units), default=0)
    return [(unit.code, "　" * (unit.path.count("/") - top) + unit.name) for unit in units], is_cut


def figures(actor: User) -> list[Figure]:
    """Return what the first page tells of the members in the actor's scope; nothing for who reads none."""
    if not actor.holds(Permission.MEMBER_READ):
        return []
    counted = access.scoped(
        Member, actor, Permission.MEMBER_READ, Member.membership_status, func.count(Member.id)
    ).group_by(Member.membership_status)
    counts = {str(status): int(count) for status, count in db.session.execute(counted)}
    return [
        Figure(
            label=f"会籍{status.label}" if status is MembershipStatus.ACTIVE else status.label,
            number=str(counts.get(status.value, 0)),
            note="含不在本单位统计的" if status is MembershipStatus.ACTIVE else "人",
            endpoint="members.index",
            params={"status": status.value},
        )
        for status in (MembershipStatus.ACTIVE, MembershipStatus.RETAINED)
    ]
