"""Freezing: whom a task was started for becomes a list, with the branch and the chosen columns of its day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core import audit
from portal.core.db import db, new_uuid
from portal.core.errors import DomainError
from portal.core.fields import Field, Seen
from portal.core.kinds import Kind
from portal.members.models import SEALED, Member, MemberVersion
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .. import asking, keeping, listing, showing
from ..asking import Asked
from ..conditions import QueryError, leaves, no_field
from ..fields import BY_NAME, askable, may_ask
from ..models import Selection
from .models import Roster, RosterKind, RosterPart, RosterRow

audit.name_acts({"roster.freeze": "存为名单"})

MOST = 20_000  # people on one list
MOST_COLUMNS = 12
QUERY_PAGE = "/query/"  # the address of the list that a selection is made on
AT_ONCE = 500
LONG = frozenset({Kind.ROWS, Kind.COMPOSITE, Kind.POSTS, Kind.CHANGES, Kind.PHOTO})
ALWAYS = frozenset({"name", "staff_no", "branch"})  # stand on every list
NAME, STAFF_NO = BY_NAME["name"], BY_NAME["staff_no"]


@dataclass(frozen=True)
class Wish:
    """What a list is called and for, and what each person gets: `share` hundredths of `measure` of `item`."""

    title: str
    kind: RosterKind
    item: str
    share: int
    measure: str
    columns: tuple[str, ...]


def offered(actor: User) -> list[Field]:
    """Return the fields that a list may hold: such as the actor reads in the open, and of the family."""
    return [
        one
        for one in askable(actor)
        if one.seen in (Seen.OPEN, Seen.FAMILY)
        and one.kind not in LONG
        and one.column_name not in SEALED
        and one.name not in ALWAYS
    ]


def chosen(actor: User, names: Sequence[str]) -> list[Field]:
    """Return the columns with these names. Raises DomainError on `columns` for one that is not offered, or too many."""
    known = {one.name: one for one in offered(actor)}
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in BY_NAME or not may_ask(actor, BY_NAME[name]):
            raise DomainError(no_field(name), field="columns")
        if name not in known:
            raise DomainError(f"“{BY_NAME[name].label}”不能保存到名单中，请重新勾选", field="columns")
    if len(wanted) > MOST_COLUMNS:
        raise DomainError(f"最多保存 {MOST_COLUMNS} 列，现在是 {len(wanted)} 列，请减少", field="columns")
    return [known[name] for name in wanted]


def freeze(actor: User, selection: Selection, wish: Wish) -> tuple[Roster, int]:
    """Freeze the members of `selection` as of its day; return the list, and how many are out of scope by now.

    Raises DomainError for nobody, too many, people of several units without a common one, and on `columns`.
    """
    columns = chosen(actor, wish.columns)
    if selection.number > MOST:
        raise DomainError(f"一份名单最多 {MOST} 人，现在是 {selection.number} 人，请按分工会分别存")
    found = list(on_day(actor, selection.member_ids, selection.day))
    if not found:
        raise DomainError("选定的会员都已不在您的管理范围内，请返回查询结果重新选择")
    roster = Roster(
        unit=_place(actor, found), owner_id=actor.id, title=wish.title, kind=wish.kind, item=wish.item,
        share=wish.share, measure=wish.measure, day=selection.day, columns=[one.name for one in columns],
    )  # fmt: skip
    db.session.add(roster)
    db.session.flush()  # the rows name it
    parts = parts_for(roster, {row.unit_id for row in found})
    db.session.add_all(
        frozen(actor, roster, parts[row.unit_id], row, columns, place) for place, row in enumerate(found, 1)
    )
    details = {"count": len(found), "kind": wish.kind.label, "day": str(roster.day)}
    audit.record(actor, "roster.freeze", roster, reason=question_of(actor, selection), details=details)
    return roster, selection.number - len(found)


def question_of(actor: User, selection: Selection) -> str:
    """Return in words what the list asked that the selection was made on; "" where nobody can say, or may.

    A question with a number of a document or a mobile is not repeated.
    """
    place = urlsplit(selection.back)
    if place.path != QUERY_PAGE:
        return ""
    word = parse_qs(place.query).get("q", [""])[0]
    try:
        node = keeping.node_of(actor, word) if word else showing.DEFAULT
        if any(map(keeping.is_number, leaves(node))):
            return ""
        return showing.reading(node, asking.check(actor, node))
    except QueryError:
        return ""


def on_day(
    actor: User, ids: Sequence[int], day: date, permission: P = P.ROSTER_KEEP
) -> Iterator[Member | MemberVersion]:
    """Yield what held of these members on `day`, in their order; who is out of scope of `permission` is left out."""
    asked = Asked(day=day)
    rows = asking.rows_of(actor, asked)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        query = asking.selected(actor, asked, rows.table, rows=rows, permission=permission)
        query = query.where(rows.member_id.in_(some))
        if asked.is_past:
            query = query.options(joinedload(MemberVersion.member))
        by_number = {number_of(row): row for row in db.session.scalars(query)}
        yield from (by_number[one] for one in some if one in by_number)


def number_of(row: Member | MemberVersion) -> int:
    """Return the number of the member."""
    return row.member_id if isinstance(row, MemberVersion) else row.id


def parts_for(roster: Roster, units: set[int]) -> dict[int, RosterPart]:
    """Return the parts of the list by unit, with a new one for each of `units` that has none, in the tree's order."""
    found = {part.unit_id: part for part in roster.parts}
    query = select(OrgUnit).where(OrgUnit.id.in_(units - found.keys())).order_by(OrgUnit.path)
    for unit in db.session.scalars(query):
        found[unit.id] = RosterPart(unit=unit, roster=roster)
        db.session.add(found[unit.id])
    db.session.flush()  # the rows name them
    return found


def frozen(
    actor: User, roster: Roster, part: RosterPart, row: Member | MemberVersion, columns: Sequence[Field], place: int
) -> RosterRow:
    """Return the row of a list that holds what the actor reads of a member on the list's day."""
    made = RosterRow(
        uuid=new_uuid(), roster_id=roster.id, part_id=part.id, unit_id=part.unit_id, member_id=number_of(row),
        place=place, name=listing.cell(actor, row, NAME, roster.day),
        staff_no=listing.cell(actor, row, STAFF_NO, roster.day),
    )  # fmt: skip
    made.values = {one.name: listing.cell(actor, row, one, roster.day) for one in columns}
    return made


def _place(actor: User, found: Sequence[Member | MemberVersion]) -> OrgUnit:
    """Return the unit that the list is kept at: that of a right of the actor's which covers everybody on it."""
    units = {row.unit_id: row.unit for row in found}.values()
    for top in access.tops(actor, P.ROSTER_KEEP):
        if all(top.covers(one) for one in units):
            return top
    raise DomainError("选定的会员分属您管理的几个单位，请按单位分别存为名单")
