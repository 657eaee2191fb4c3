"""The trace as its readers search it: whoever may read it at a unit sees what happened there and below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, true

from portal.core import audit
from portal.core.audit import AuditEvent, AuditHead
from portal.core.calendar import midnight
from portal.core.db import db
from portal.core.settings import label_of as label_of_setting
from portal.members.catalogue import FIELD
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

PER_PAGE = 50
COUNTED_MOST = 10_000  # more are not counted, so that the page is as quick on the largest trace
NAMESAKES = 50  # accounts of one name

CHANNELS = {"web": "网页", "cli": "命令行", "clock": "定时任务"}
THINGS = {
    "applications": "入会申请", "audit_events": "日志", "expected_lists": "应入会名单", "expected_people": "应入会人员",
    "grants": "权限", "join_codes": "入会码", "members": "会员", "org_units": "组织", "print_jobs": "打印任务",
    "transfers": "校内转会", "plans": "撤并方案",
    "incomings": "校外转入",
    "rosters": "名单", "roster_parts": "名单核对", "roster_jobs": "名单签领表",
    "settings": "系统设置", "unit_names": "组织名称", "uploads": "文件", "users": "账号",
}  # fmt: skip
WORDS = {
    "state": "状态", "unit": "单位", "reason": "原因", "count": "数量", "user": "用户名", "field": "字段",
    "note": "提示语", "place": "位置", "units": "单位数", "rows": "行数", "kind": "种类", "code": "入会码编号",
    "missing": "打印不出的字", "skipped": "未办理", "members": "会员数", "people": "人数", "told": "已通知",
    "days": "天数", "on": "生效日期", "endpoint": "页面", "method": "方式", "evidence": "附签字申请表",
    "person": "人员", "files": "文件数", "day": "截至日期", "correction": "错误更正",
    "replaced": "替换原件", "scan": "附扫描件", "file": "文件", "size": "大小（字节）",
}  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What a reader looks for; None and "" look for nothing in particular.

    `actor` is a user name, a name, or the word of one without an account; `act` an act's English name; `subject` a
    part of what it was done to; `item` one row, such as "members:12"; `unit` a unit's code, its subtree included.
    """

    start: date | None = None
    end: date | None = None
    actor: str = ""
    act: str = ""
    subject: str = ""
    item: str = ""
    unit: str = ""
    batch: str = ""


@dataclass(frozen=True)
class Page:
    """Events, latest first; `total` says how many there are, in words."""

    rows: list[AuditEvent]
    total: str
    has_older: bool


def page(actor: User, filters: Filters, *, before: int | None = None) -> Page:
    """Return up to 50 events numbered below `before` of those that the actor may read and `filters` let through."""
    wanted = _conditions(filters)
    query = access.scoped(AuditEvent, actor, P.AUDIT_READ).where(*wanted)
    older = query.where(AuditEvent.id < before) if before else query
    rows = list(db.session.scalars(older.order_by(AuditEvent.id.desc()).limit(PER_PAGE + 1)))
    has_older = len(rows) > PER_PAGE
    is_all = not before and len(rows) <= min(PER_PAGE, COUNTED_MOST)  # then the trace is not gone through again
    total = str(len(rows)) if is_all else _total(query, everything=not wanted and _reads_all(actor))
    return Page(rows[:PER_PAGE], total, has_older)


def _reads_all(actor: User) -> bool:
    return access.in_scope(AuditEvent, actor, P.AUDIT_READ).compare(true())


def _total(query: Select[Any], *, everything: bool) -> str:
    if everything:
        return str(db.session.scalar(select(AuditHead.seq)) or 0)
    some = query.with_only_columns(AuditEvent.id).limit(COUNTED_MOST + 1).subquery()
    number = db.session.scalar(select(func.count()).select_from(some)) or 0
    return str(number) if number <= COUNTED_MOST else f"{COUNTED_MOST} 多"


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.start:
        found.append(AuditEvent.at >= midnight(filters.start))
    if filters.end:
        found.append(AuditEvent.at < midnight(filters.end + timedelta(days=1)))
    if filters.actor:
        found.append(_by(filters.actor))
    if filters.act:
        found.append(AuditEvent.action == filters.act)
    if filters.subject:
        found.append(AuditEvent.subject_label.contains(filters.subject, autoescape=True))
    if filters.item:
        kind, _, number = filters.item.partition(":")
        found += [AuditEvent.subject_type == kind, AuditEvent.subject_id == number]
    if filters.unit:
        found.append(_at(filters.unit))
    if filters.batch:
        found.append(AuditEvent.batch_id == filters.batch)
    return found


def _by(text: str) -> ColumnElement[bool]:
    """Events of the accounts of that name; where there are none, of those without an account who are called so."""
    named = select(User.id).where(or_(User.username == text, User.name == text)).limit(NAMESAKES)
    ids = list(db.session.scalars(named))
    return AuditEvent.actor_id.in_(ids) if ids else AuditEvent.actor_label == text


def _at(code: str) -> ColumnElement[bool]:
    unit = db.session.scalars(select(OrgUnit).where(or_(OrgUnit.code == code.upper(), OrgUnit.name == code))).first()
    if unit is None:
        return AuditEvent.id < 0
    below = select(OrgUnit.id).where(unit.subtree)
    return AuditEvent.unit_id.in_(below)


def find(actor: User, event_id: int) -> AuditEvent:
    """Return an event that the actor may read. Raises Absent."""
    event: AuditEvent = access.fetch(AuditEvent, event_id, actor, P.AUDIT_READ)
    return event


@dataclass(frozen=True)
class Told:
    """An event in words: pairs of label and text, and its changes as label, old and new."""

    facts: list[tuple[str, str]]
    changes: list[tuple[str, str, str]]
    holds: bool


def told(event: AuditEvent) -> Told:
    """Return what the page of one event says; `holds` is whether the event fits its seal and the one before."""
    unit = db.session.get(OrgUnit, event.unit_id) if event.unit_id else None
    thing = THINGS.get(event.subject_type, "")
    facts = [
        ("办理人", event.actor_label),
        ("途径", CHANNELS.get(event.channel, event.channel)),
        ("网络地址", event.address),
        ("对象", f"{thing}：{event.subject_label}" if thing and event.subject_label else event.subject_label or thing),
        ("单位", unit.name if unit else ""),
        ("理由", event.reason),
        ("批次", event.batch_id or ""),
        *((_label(event, name), _text(one)) for name, one in event.details.items()),
    ]
    changes = [(_label(event, name), _text(old), _text(new)) for name, (old, new) in event.changes.items()]
    return Told([fact for fact in facts if fact[1]], changes, audit.holds(event))


def _label(event: AuditEvent, name: str) -> str:
    if name in FIELD and event.subject_type == "members":
        return FIELD[name].label
    return WORDS.get(name) or label_of_setting(name) or (FIELD[name].label if name in FIELD else name)


def _text(one: object) -> str:
    if isinstance(one, bool):
        return "是" if one else "否"
    if isinstance(one, list):
        return "、".join(map(_text, one))
    if isinstance(one, dict):
        return "，".join(f"{WORDS.get(name, name)} {_text(inner)}" for name, inner in one.items())
    return "" if one is None else str(one)
