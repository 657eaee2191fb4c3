"""The rows of a result: the chosen columns of a page of members, as of the day, as the actor may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.core import kinds
from portal.core.calendar import local, show_date
from portal.core.db import db
from portal.core.fields import Field
from portal.core.kinds import Kind
from portal.core.patience import within
from portal.members import retirement, sight
from portal.members.catalogue import completeness
from portal.members.enums import ChangeType, PostKind
from portal.members.models import Member, MemberVersion
from portal.members.sight import Sight
from portal.org.models import User

from . import asking
from .asking import Asked, Sort
from .fields import BY_NAME, RETIREMENT

DEFAULT = ("name", "member_no", "staff_no", "branch", "sex", "age", "prof_title", "membership_status")
MOST_COLUMNS = 30
# columns of numbers and days, which no line is broken in
UNBROKEN = frozenset(
    {"member_no", "staff_no", "sex", "age", "birth_date", "birthday", "join_date", "mobile", "id_number"}
)
SECONDS = 2.0
ADVICE = (
    "这个查询用时超过 2 秒，已停止。请加上所属分工会等条件缩小范围，或把“包含”改为“开头是”“等于”，再执行查询；"
    "也可以在后台运行"
)


@dataclass(frozen=True)
class Row:
    """One member of a list: the number of her page, her name, and the text of each column."""

    id: int
    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A page of a result; `total` is how many the question finds."""

    rows: list[Row]
    total: int
    has_more: bool


def page(
    actor: User,
    asked: Asked,
    columns: Sequence[Field],
    *,
    sort: Sort,
    after: int | None = None,
    before: int | None = None,
    number: int = 1,
    per_page: int = asking.PER_PAGE,
) -> Page:
    """Return a page of whom the question finds, with the text of `columns`. Raises QueryError, TooSlow."""
    with within(SECONDS, ADVICE):
        found = asking.rows_of(actor, asked)
        total = asking.count(actor, asked, rows=found)
        ids, has_more = asking.page_ids(
            actor, asked, sort=sort, after=after, before=before, number=number, per_page=per_page, rows=found
        )
        if before is not None and not has_more:  # the top, which has a whole page again
            ids, has_more = asking.page_ids(actor, asked, sort=sort, per_page=per_page, rows=found)
    return Page(rows(actor, asked, columns, ids), total, has_more)


def number(actor: User, asked: Asked) -> int:
    """Return how many the question finds, or refuse what takes too long. Raises QueryError, TooSlow."""
    with within(SECONDS, ADVICE):
        return asking.count(actor, asked)


def rows(actor: User, asked: Asked, columns: Sequence[Field], ids: Sequence[int]) -> list[Row]:
    """Return the rows of `ids`, whom the question has found, in their order."""
    found = _read(asked, ids)
    name = BY_NAME["name"]
    return [
        Row(
            one,
            cell(actor, found[one], name, asked.day),
            tuple(cell(actor, found[one], field, asked.day) for field in columns),
        )
        for one in ids
        if one in found
    ]


def _read(asked: Asked, ids: Sequence[int]) -> dict[int, Member | MemberVersion]:
    if not asked.is_past:
        return {one.id: one for one in db.session.scalars(select(Member).where(Member.id.in_(ids)))}
    versions = select(MemberVersion).where(
        MemberVersion.member_id.in_(ids),
        MemberVersion.valid_from <= asked.day,
        MemberVersion.valid_to > asked.day,
        MemberVersion.superseded_at.is_(None),
    )
    return {one.member_id: one for one in db.session.scalars(versions)}


def cell(actor: User, row: Member | MemberVersion, field: Field, day: date) -> str:
    """Return the text of one field of `row` in a list as of `day`, as the actor may see it; nothing where hidden."""
    seen = sight.can_see(actor, field, row, place="list")
    if seen is Sight.HIDDEN:
        return ""
    return _on_day(field, row, day, seen)


def _on_day(field: Field, row: Member | MemberVersion, day: date, seen: Sight) -> str:
    """Return the text of what follows from the day, and of every other field as any list shows it."""
    member = row.member if isinstance(row, MemberVersion) else row
    if field.name == RETIREMENT:
        return retires(row)
    match field.kind:
        case Kind.POSTS:
            posts = [post for post in member.posts if post.holds_on(day)]
            return "；".join(post_text(post.unit.name, post.title, post.kind) for post in posts)
        case Kind.CHANGES:
            changes = [change for change in member.changes if change.on_date <= day]
            return "；".join(change_text(change.on_date, change.kind) for change in changes)
        case Kind.COMPLETENESS:
            held = [post for post in member.posts if post.holds_on(day)] or None
            number = completeness(lambda one: held if one == "union_post" else sight.raw_value(row, one))
            return text(field, number, day, seen)
    raw = sight.raw_value(row, field.name) if field.name in sight.FIELD else getattr(row, field.column_name)
    return text(field, raw, day, seen)


def text(field: Field, raw: Any, day: date, seen: Sight) -> str:
    """Return `raw`, a value of `field`, as a list as of `day` shows it to who sees so much of it."""
    if isinstance(raw, datetime):
        raw = local(raw).date()
    if field.kind in (Kind.AGE, Kind.YEARS):
        unit = "岁" if field.kind is Kind.AGE else "年"
        return f"{kinds.years_between(raw, day)} {unit}" if raw else ""
    return sight.shown(field, raw, seen)


def post_text(unit: str, title: str, kind: PostKind) -> str:
    """Return a post in words."""
    return f"{unit} {title or kind.label}"


def change_text(on_date: date, kind: ChangeType) -> str:
    """Return a change of membership in words."""
    return f"{show_date(on_date)} {kind.label}"


def retires(row: Any) -> str:
    """Return the month of retirement of any row with its columns; nothing where it is not known."""
    month = _retires(row)
    return f"{month.year}年{month.month}月" if month else ""


def _retires(row: Any) -> date | None:
    if row.retire_date_hr:
        return row.retire_date_hr
    track = retirement.track_of(
        track=row.retire_track,
        sex=row.sex,
        title_level=row.title_level,
        admin_rank=row.admin_rank,
        post_category=row.post_category,
    )
    return retirement.month_of(row.birth_date, track) if row.birth_date and track else None


def chosen(actor: User, names: Iterable[str]) -> list[Field]:
    """Return the columns with these names, each once; the usual ones where none are named. Raises QueryError."""
    wanted = list(dict.fromkeys(name for name in names if name)) or list(DEFAULT)
    return asking.fields_of(wanted[:MOST_COLUMNS], actor)
