"""What people do with exports: ask for one, watch it, take the file, give up; and what becomes of old ones."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import ColumnElement, Select, func, or_, select

from portal.core import audit, clock, crypto, notices
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db, new_uuid
from portal.core.errors import Absent, DomainError
from portal.core.fields import Field
from portal.core.purpose import stated
from portal.core.todo import Todo
from portal.core.workbooks import Sink
from portal.org import access
from portal.org.models import User

from .. import asking, handing, keeping, listing, selections, showing
from ..asking import Asked, Sort
from ..conditions import Node, QueryError
from ..fields import BY_NAME, askable
from ..models import Selection
from . import files, making, ready, rules
from .making import Order
from .models import CONFIRMED_WITHIN, EXAMPLE, LIVE, Export, ExportFormat, ExportState, Secrets
from .ready import Template
from .store import FILES
from .workflow import EXPORT, fetch

AT_ONCE_MOST = 2000  # members whose file is made while one waits
MOST = selections.MOST
WAITING_MOST = 5  # exports of one person that are not ended
SHOWN = 50
NO_COLUMNS = "请至少勾选一列"
NOT_CONFIRMED = "密码不正确，没有导出；请重新输入您的登录密码"
NOBODY_ELSE = "本单位及上级没有其他可以确认的人：请输入您的登录密码再次确认，导出后立即通知主席"


@dataclass(frozen=True)
class Chosen:
    """Whom an export is of, frozen in the order of a list: `reading` is the question in words, `order` the order's.

    `shown` are the names of the list's columns, `back` is its address. `asks_family` says that the question tells of
    the family, whatever the columns do.
    """

    ids: Sequence[int]
    day: date
    reading: str
    order: str
    shown: tuple[str, ...]
    back: str = ""
    asks_family: bool = False


@dataclass(frozen=True)
class Wish:
    """What the operator wants: `columns` by name in their order, or one of the ready exports."""

    columns: tuple[str, ...] = ()
    kind: ExportFormat = ExportFormat.XLSX
    secrets: Secrets = Secrets.MASKED
    purpose: str = ""
    password: str = ""
    template: str = ""


# --- whom -------------------------------------------------------------------------------------------------------------


def of_selection(actor: User, token: str) -> Chosen:
    """Return whom the actor has selected for a task. Raises Absent."""
    selection = selections.find(actor, token)
    return _of(actor, selection)


def _of(actor: User, selection: Selection) -> Chosen:
    words = {name: values[-1] for name, values in parse_qs(urlsplit(selection.back).query).items()}
    columns = [name for name in words.get("columns", "").split(",") if name]
    asks_family = True  # of a question that is not kept any more it cannot be told
    try:
        node = keeping.node_of(actor, words["q"]) if "q" in words else showing.DEFAULT
        reading = showing.reading(node, asking.check(actor, node))
        asks_family = asking.asks_family(node)
    except QueryError:
        reading = "（查询条件含号码，已不保留）"
    shown = tuple(name for name in columns if name in BY_NAME) or listing.DEFAULT
    order = order_in_words(Sort.read(words.get("sort", "")))
    return Chosen(selection.member_ids, selection.day, reading, order, shown, selection.back, asks_family)


def of_question(actor: User, asked: Asked, *, sort: Sort, shown: Sequence[str], back: str = "") -> Chosen:
    """Return whom the question finds now, in this order. Raises QueryError, DomainError for nobody or too many."""
    found = asking.ids(actor, asked, sort=sort)
    if not found:
        raise DomainError("没有符合条件的会员，不需要导出")
    if len(found) > MOST:
        raise DomainError(f"一次最多导出 {MOST} 人，现在是 {len(found)} 人，请加上分工会等条件分批导出")
    reading = showing.reading(asked.where, asking.check(actor, asked.where))
    known = tuple(name for name in shown if name in BY_NAME)
    return Chosen(found, asked.day, reading, order_in_words(sort), known, back, asking.asks_family(asked.where))


def order_in_words(sort: Sort) -> str:
    """Return an order as a person says it."""
    return f"{BY_NAME[sort.name].label}{'（从后到前）' if sort.descends else ''}"


def node_of(actor: User, word: str) -> Node:
    """Return the question behind the `q` of an address; without one what the page begins with. Raises QueryError."""
    return keeping.node_of(actor, word) if word else showing.DEFAULT


def columns_for(actor: User, chosen: Chosen) -> tuple[list[Field], list[Field]]:
    """Return the columns that the list shows, and all others that the actor may read."""
    may = askable(actor)
    shown = [BY_NAME[name] for name in chosen.shown if BY_NAME[name] in may]
    return shown, [one for one in may if one not in shown]


def completeness(actor: User, chosen: Chosen) -> list[tuple[Template, int]]:
    """Return the ready exports, each with how many of the chosen members have all that it asks for."""
    templates = list(ready.TEMPLATES.values())
    return list(zip(templates, ready.complete(actor, templates, chosen.ids, chosen.day), strict=True))


# --- asking for one ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """What has become of a wish: the row, and the file where it could be made at once."""

    item: Export
    content: bytes | None = None


def ask(actor: User, chosen: Chosen, wish: Wish) -> Made:
    """Make an export of the chosen members, at once for at most AT_ONCE_MOST of them, or else by the clock.

    What takes a second person waits for her, whatever its size. Call it reading: it ends the transaction and begins
    a writing one, in which it leaves the trace. Raises QueryError for a column that the actor may not have, and
    DomainError on `columns`, `secrets`, `purpose` or `password`.
    """
    out = io.BytesIO()
    item, order = _prepared(actor, chosen, wish)
    if item.state is ExportState.QUEUED and item.total <= AT_ONCE_MOST:
        outcome = making.write(out, order)
        item.state, item.finished_at = ExportState.GIVEN, now()
        item.done, item.skipped, item.size = outcome.rows, outcome.skipped, out.tell()
    return Made(_kept(actor, item), out.getvalue() or None)


def write_now(actor: User, chosen: Chosen, wish: Wish, out: Sink) -> Export:
    """Make an export as `ask` does, of any size, into `out`; what takes a second person waits: nothing is written."""
    item, order = _prepared(actor, chosen, wish)
    if item.state is ExportState.QUEUED:
        outcome = making.write(out, order)
        item.state, item.finished_at = ExportState.GIVEN, now()
        item.done, item.skipped = outcome.rows, outcome.skipped
    return _kept(actor, item)


def _prepared(actor: User, chosen: Chosen, wish: Wish) -> tuple[Export, Order]:
    """Return the row of an export, which is not in the session yet, and what its file is made from."""
    purpose = stated(wish.purpose, example=EXAMPLE)
    if wish.template and wish.template not in ready.TEMPLATES:
        raise DomainError("没有这种固定格式，请从列表中选择", field="template")
    fields = making.fields_of(actor, wish.template, wish.columns)
    if not fields:
        raise DomainError(NO_COLUMNS, field="columns")
    needs = rules.needs(actor, fields, wish.secrets, chosen.ids, chosen.day, asks_family=chosen.asks_family)
    unit = rules.home_of(actor)
    is_alone = bool(needs) and not rules.confirmers(unit, but=actor)
    at = now()
    item = Export(
        uuid=new_uuid(), owner_id=actor.id, unit_id=unit.id, template=wish.template, format=wish.kind,
        secrets=wish.secrets, columns=[] if wish.template else [one.name for one in fields],
        member_ids=list(chosen.ids), day=chosen.day, reading=chosen.reading, sorted_by=chosen.order, back=chosen.back,
        purpose=purpose, needs=needs, alone=is_alone, created_at=at, done=0, skipped=0, size=0,
        state=ExportState.PENDING if needs and not is_alone else ExportState.QUEUED,
    )  # fmt: skip
    confirmed = files.BY_NOBODY if is_alone else ""
    order = Order(
        item.number, actor.id, actor.label, unit.name, item.template, item.format, item.secrets, tuple(item.columns),
        item.member_ids, item.day, item.reading, item.sorted_by, purpose, confirmed, at,
    )  # fmt: skip
    if is_alone:
        _check_password(actor, wish.password)
    return item, order


def _check_password(actor: User, password: str) -> None:
    if not password:
        raise DomainError(NOBODY_ELSE, field="password")
    stored = actor.password_hash
    database.release()
    if not crypto.check_password(stored, password):
        raise DomainError(NOT_CONFIRMED, field="password")


def _kept(actor: User, item: Export) -> Export:
    """Write the row with its trace, and tell whom it concerns."""
    actor_id = actor.id
    database.release()
    database.writes()
    actor = db.session.get_one(User, actor_id)
    if item.state is not ExportState.GIVEN and _waiting(actor) >= WAITING_MOST:
        raise DomainError(f"您还有 {WAITING_MOST} 个导出没有完成，请等它们完成或撤回后再导出")
    db.session.add(item)
    db.session.flush()  # the page that follows is named by its number
    act = "exports.ask" if item.state is ExportState.PENDING else "exports.make"
    audit.record(
        actor, act, item, reason=item.purpose, batch_id=item.uuid,
        details={
            "number": item.number, "count": item.total, "columns": item.columns or item.template,
            "secrets": item.secrets.value, "needs": item.needs, "as": item.format.value, "alone": item.alone,
        },
    )  # fmt: skip
    link = f"/query/exports/{item.id}"
    if item.state is ExportState.PENDING:
        told = f"{actor.label}申请导出 {item.total} 人的{'、'.join(item.needs)}，请在 24 小时内确认或退回。"
        notices.tell(rules.confirmers(item.unit, but=actor), "有导出待您确认", told, link)
    elif item.alone:
        told = f"{actor.label}导出了 {item.total} 人的{'、'.join(item.needs)}，编号 {item.number}，没有其他人可以确认。"
        notices.tell(rules.watchers(item.unit, but=actor), "敏感信息已导出", told)
    if item.state is ExportState.QUEUED:
        database.later(clock.wake)
    return item


def _waiting(actor: User) -> int:
    query = select(func.count(Export.id)).where(Export.owner_id == actor.id, _is_open())
    return db.session.scalar(query) or 0


def _is_open() -> ColumnElement[bool]:
    pending = (Export.state == ExportState.PENDING) & (Export.created_at > now() - CONFIRMED_WITHIN)
    return or_(Export.state.in_(LIVE), pending)


# --- afterwards -------------------------------------------------------------------------------------------------------


def find(actor: User, export_id: int) -> Export:
    """Return one of the actor's own exports, or one that she may confirm, or did. Raises Absent."""
    own = select(Export).where(Export.id == export_id, Export.owner_id == actor.id)
    item = db.session.scalars(own).one_or_none()
    return item if item is not None else fetch(actor, export_id)


def own(actor: User, export_id: int) -> Export:
    """Return one of the actor's own exports, locked if the request writes. Raises Absent."""
    item: Export = access.own(Export, export_id, actor)
    return item


def exports_of(actor: User) -> list[Export]:
    """Return the actor's latest exports, newest first."""
    query = select(Export).where(Export.owner_id == actor.id).order_by(Export.id.desc()).limit(SHOWN)
    return list(db.session.scalars(query))


def to_confirm(actor: User) -> list[Export]:
    """Return the exports of others that wait for the actor, the oldest first."""
    return list(db.session.scalars(_to_confirm(actor, Export).order_by(Export.id)))


def _to_confirm(actor: User, *columns: Any) -> Select[Any]:
    return access.scoped(Export, actor, rules.CONFIRMS, *columns).where(
        Export.state == ExportState.PENDING,
        Export.owner_id != actor.id,
        Export.created_at > now() - CONFIRMED_WITHIN,
    )


def todo(actor: User) -> list[Todo]:
    """Return how many exports wait for the actor to confirm, if she is one who does."""
    if not actor.holds(rules.CONFIRMS):
        return []
    count = db.session.scalar(_to_confirm(actor, func.count(Export.id))) or 0
    return [Todo("导出待确认", count, "exports.index")] if count else []


def is_late(item: Export) -> bool:
    """Whether the time to confirm it is over."""
    return now() > item.confirm_until


def headings(item: Export) -> list[str]:
    """Return the headings of its columns."""
    if item.template in ready.TEMPLATES:
        return [heading for heading, _ in ready.TEMPLATES[item.template].headings]
    return [BY_NAME[name].label for name in item.columns if name in BY_NAME]


def before(item: Export) -> int:
    """Return how many exports stand before this one in the queue."""
    return db.session.scalar(select(func.count(Export.id)).where(Export.state.in_(LIVE), Export.id < item.id)) or 0


def waiting_since() -> datetime | None:
    """Return since when the oldest export waits that nobody works on; None where none does or one is under way."""
    if db.session.scalar(select(Export.id).where(Export.state == ExportState.RUNNING).limit(1)) is not None:
        return None
    since = func.coalesce(Export.decided_at, Export.created_at)
    return db.session.scalar(select(func.min(since)).where(Export.state == ExportState.QUEUED))


def withdraw(actor: User, export_id: int) -> None:
    """Take back what is not made yet. Raises Absent, Conflict."""
    EXPORT.fire(own(actor, export_id), "withdraw", actor, own=True)


def take(actor: User, export_id: int) -> tuple[Export, Iterator[bytes]]:
    """Leave the trace, then return a finished export of the actor's own and its file, piece by piece.

    Raises Absent; Forbidden, and QueryError, where she could not have it made any more.
    """
    item = own(actor, export_id)
    if item.state is not ExportState.DONE or not FILES.has(item.uuid):
        raise Absent
    making.fields_of(actor, item.template, item.columns)
    made_at = item.finished_at or item.created_at
    handing.check_still(actor, item.member_ids, item.day, made_at=made_at, skipped=item.skipped)
    audit.record(actor, "exports.download", item, batch_id=item.uuid)
    return item, FILES.read(item.uuid)
